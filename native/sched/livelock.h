/* SPDX-License-Identifier: GPL-2.0-only */
/* The fair tail of an execution that does not end, and what it says about why: see livelock.c. */
#ifndef MMUT_SCHED_LIVELOCK_H
#define MMUT_SCHED_LIVELOCK_H

#include "../core/types.h"

struct sched;

void livelock_begin(struct sched *s);	/* from here on the schedule is fair */
/* At the end of the tail: in how many words it went on. */
void livelock_describe(const struct sched *s, char *buf, size_t n);

/* What a task keeps that is neither in a shared word nor on its stack; NULL: nothing.  Set by native/api/world.c. */
struct task;
extern u64 (*task_own_state)(const struct task *task);

#endif
