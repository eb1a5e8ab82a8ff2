/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program: a small concurrent algorithm on the core's primitives, without a VM, explored by
 * the same scheduler.  It measures the explorer itself and has known answers.
 */
#ifndef MMUT_PROGRAM_H
#define MMUT_PROGRAM_H

#include "../api.h"
#include "../core/arena.h"
#include "../core/task.h"

/* What an execution came to: a row of the outcome table. */
struct program_outcome {
	s64 values[MMUT_REGISTERS];
	u32 nr_values;
	u32 rule;		/* the first outcome rule that holds; ~0: none */
	bool discard;		/* the program does not want it counted */
};

struct program {
	const char *name;
	const char *text;
	u32 nr_tasks;				/* 0: as many as the configuration has */
	int (*load)(const struct mmut_config *config);	/* what is the user's, into the arena; may be NULL */
	int (*attach)(void);			/* another process: what it needs beside the arena; may be NULL */
	int (*setup)(void);			/* boss: allocate and initialise; 0 or -ENOMEM */
	void (*body)(struct task *task);	/* task->index counts from 0 */
	void (*check)(void);			/* boss, afterwards: violation() where one is due; may be NULL */
	void (*finish)(struct program_outcome *out);	/* boss, before check(): may be NULL */
	u64 (*own_state)(const struct task *task);	/* hash of what it keeps beside words and stack; may be NULL */
	bool races;				/* plain accesses that nothing orders are violations */
	bool no_callbacks;			/* never calls call_rcu(): there is no RCU task */
};

/* By number, from 1 (0 is "no program"); NULL past the last. */
const struct program *program_by_id(u32 id);

extern const struct program program_pt3, program_flat, program_native;

#endif
