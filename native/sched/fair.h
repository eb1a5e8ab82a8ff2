/* SPDX-License-Identifier: GPL-2.0-only */
/* Fairness for those who yield, whatever the strategy: see fair.c. */
#ifndef MMUT_SCHED_FAIR_H
#define MMUT_SCHED_FAIR_H

#include "../core/task_set.h"

/* Sets of agents, of one task since its last yield.  Bulk: a task's first yield sets them up. */
struct fair_sets {
	task_set before;		/* P: it must not run while one of these can */
	task_set always;		/* E: could run all the time */
	task_set disabled;		/* D: stopped being able to by a step of it */
	task_set scheduled;		/* S: ran */
};

struct fair {
	struct fair_sets *of;	/* constant: of each task */
	task_set watched;		/* tasks that have yielded: the others have no constraints */
	task_set enabled;		/* who could have executed the last step */
	u32 last;		/* who did */
};

/* A decision: `last` has run, and `me` now yields if `yielded`.  Those of `enabled` that may run. */
task_set fair_step(struct fair *f, task_set enabled, u32 me, bool yielded);

static inline void fair_chosen(struct fair *f, u32 choice)
{
	f->last = choice;
}

#endif
