/* SPDX-License-Identifier: GPL-2.0-only */
/* The portfolio of mix, and what its members earned in the pilot. */
#ifndef MMUT_SCHED_MIX_H
#define MMUT_SCHED_MIX_H

#include "../core/types.h"

#define MIX_MEMBERS	10
#define PILOT_CLASSES	256	/* executions of one member, at most */

struct mix_log {
	u32 weight[MIX_MEMBERS];	/* for draws */
	u64 executions[MIX_MEMBERS];
	u32 steps[MIX_MEMBERS];		/* of the pilot */
	u32 nr_classes[MIX_MEMBERS];	/* classes of the pilot */
	u64 class[PILOT_CLASSES];	/* of the member at hand */
};

struct sched;

const char *mix_member_name(u32 member);	/* NULL past the last */
void mix_reset(struct mix_log *log);		/* weights as measured over the catalogue */
void mix_pilot_over(struct mix_log *log, u32 member, u64 class, u64 steps);
void mix_learn(struct mix_log *log);		/* the pilot of all members is over */

#endif
