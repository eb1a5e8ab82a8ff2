/* SPDX-License-Identifier: GPL-2.0-only */
/* Partial order reduction within a preemption bound.  See bound.c. */
#ifndef MMUT_SCHED_BOUND_H
#define MMUT_SCHED_BOUND_H

#include "search.h"

#define BOUNDED_CLASSES	(1u << 22)

struct bounded_node {
	u64 enabled, todo, done;
	u64 free;		/* agents that may run here at no cost */
	u32 spent;		/* preemptions before this transition */
};

struct bounded {
	u64 executions;		/* with those of classes that had been seen */
	u64 classes;
	u32 beyond;		/* something lies beyond the bound */
	struct bounded_node node[SEARCH_NODES];
	u64 seen[BOUNDED_CLASSES];
};

void bounded_begin(struct sched *s);
u32 bounded_choose(struct sched *s, u64 enabled, u32 me, u32 fallback);
u32 bounded_pick(struct sched *s, pick_set possible, u32 n);
bool bounded_seen(struct sched *s);
bool bounded_end(struct sched *s);
void bounded_load(struct search *x, u32 at, const struct mmut_part_node *from);
void bounded_save(const struct search *x, u32 at, struct mmut_part_node *to);

#endif
