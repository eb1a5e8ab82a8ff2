/* SPDX-License-Identifier: GPL-2.0-only */
/* Plain search of all schedules, in the order of what they cost.  See dfs.c. */
#ifndef MMUT_SCHED_DFS_H
#define MMUT_SCHED_DFS_H

#include "../core/types.h"

#define DFS_NODES	65536	/* decisions of one execution */

enum bound { BOUND_NONE, BOUND_PREEMPTIONS, BOUND_DELAYS };

struct dfs_node {
	u64 untried;		/* agents to let run here later, within the bound */
	u32 spent;		/* preemptions or delays before this decision */
	u16 choice, n;		/* of how many alternatives; n 0: a decision about who runs */
};

struct dfs {
	u32 length, replay;
	u32 floor;		/* nodes above this part of the search: see part.c */
	u32 started;
	u32 bound;		/* of this round: what a schedule may cost */
	u32 beyond;		/* something lies beyond it */
	u32 spent;		/* by the execution at hand */
	u64 schedules;
	u64 too_deep, diverged;
	struct dfs_node node[DFS_NODES];
};

struct sched;
struct mmut_part;
int dfs_load(struct sched *s, const struct mmut_part *part);
int dfs_save(const struct sched *s, struct mmut_part *part);

#endif
