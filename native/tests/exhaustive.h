/* SPDX-License-Identifier: GPL-2.0-only */
/* What exhaustive.c and fuzz.c share. */
#ifndef MMUT_TESTS_EXHAUSTIVE_H
#define MMUT_TESTS_EXHAUSTIVE_H

#include "../api.h"
#include "../sched/sched.h"
#include "../sched/search.h"
#include "scripts.h"
#include "tap.h"

/* A world for scripts of so many tasks; no oracle is enabled: deadlocks are executions, too. */
void open_world(const char *strategy, u32 nr_tasks, u32 memory);
void open_bounded_world(const char *strategy, u32 nr_tasks, u32 preemptions);
/* The search as if it had not begun, for the next script in the same world. */
void forget(u32 ablate);
/* NULL: exhausted, and nothing was done in vain. */
const char *verdict(const struct search *x);
void add_step(u32 task, u32 *at, u8 op, u8 object, u8 a, u8 b);

/* Random scripts: dfs within a bound against the orders with so many preemptions; how many were wrong. */
u64 fuzz_bounds(u64 programs, u64 seed, u64 *schedules);
/* Likewise dpor against their classes. */
u64 fuzz_bounded_classes(u64 programs, u64 seed, u64 *classes, u64 *executions);
/* Random scripts, the search against enumeration; how many were wrong. */
u64 fuzz(u64 programs, u64 seed, u32 ablate, u32 memory);

#endif
