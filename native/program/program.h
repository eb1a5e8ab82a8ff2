/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program: a small concurrent algorithm on the core's primitives, without a VM, explored by
 * the same scheduler.  It measures the explorer itself and has known answers.
 */
#ifndef MMUT_PROGRAM_H
#define MMUT_PROGRAM_H

#include "../core/arena.h"
#include "../core/task.h"

struct program {
	const char *name;
	const char *text;
	u32 nr_tasks;
	int (*setup)(void);			/* boss: allocate and initialise; 0 or -ENOMEM */
	void (*body)(struct task *task);	/* task->index counts from 0 */
	void (*check)(void);			/* boss, afterwards: violation() where an invariant is broken */
};

/* By number, from 1 (0 is "no program"); NULL past the last. */
const struct program *program_by_id(u32 id);

extern const struct program program_pt3;

#endif
