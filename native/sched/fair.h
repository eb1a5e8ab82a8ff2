/* SPDX-License-Identifier: GPL-2.0-only */
/* Fairness for those who yield, whatever the strategy: see fair.c. */
#ifndef MMUT_SCHED_FAIR_H
#define MMUT_SCHED_FAIR_H

#include "../core/types.h"

struct fair {
	u32 watched;		/* tasks that have yielded: the others have no constraints */
	u32 last;		/* who executed the last step */
	u64 enabled;		/* who could have */
	/* sets of agents, of task u since its last yield */
	u64 before[32];		/* P: u must not run while one of these can */
	u64 always[32];		/* E: could run all the time */
	u64 disabled[32];	/* D: stopped being able to by a step of u */
	u64 scheduled[32];	/* S: ran */
};

/* A decision: `last` has run, and `me` now yields if `yielded`.  Those of `enabled` that may run. */
u64 fair_step(struct fair *f, u64 enabled, u32 me, bool yielded);

static inline void fair_chosen(struct fair *f, u32 choice)
{
	f->last = choice;
}

#endif
