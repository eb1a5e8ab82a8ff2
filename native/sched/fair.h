/* SPDX-License-Identifier: GPL-2.0-only */
/* Fairness for those who yield, whatever the strategy: see fair.c. */
#ifndef MMUT_SCHED_FAIR_H
#define MMUT_SCHED_FAIR_H

#include "../core/task.h"

/* Sets of agents, of one task since its last yield.  Bulk: a task's first yield sets them up. */
struct fair_sets {
	u64 before;		/* P: it must not run while one of these can */
	u64 always;		/* E: could run all the time */
	u64 disabled;		/* D: stopped being able to by a step of it */
	u64 scheduled;		/* S: ran */
};

struct fair {
	struct fair_sets *of;	/* constant: of each task */
	u64 watched;		/* tasks that have yielded: the others have no constraints */
	u64 enabled;		/* who could have executed the last step */
	u32 last;		/* who did */
};

/* A decision: `last` has run, and `me` now yields if `yielded`.  Those of `enabled` that may run. */
u64 fair_step(struct fair *f, u64 enabled, u32 me, bool yielded);

static inline void fair_chosen(struct fair *f, u32 choice)
{
	f->last = choice;
}

#endif
