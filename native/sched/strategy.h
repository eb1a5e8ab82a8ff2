/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A strategy decides who runs next.  It keeps its state in the arena (sched->strategy_state),
 * draws from sched->rng only, and is a pure function of those.
 *
 * Agents are tasks.  Under TSO 0..31 are, and 32..63 the store buffers of tasks 0..31: running an
 * agent of the second sort makes that task's oldest buffered store visible.
 */
#ifndef MMUT_SCHED_STRATEGY_H
#define MMUT_SCHED_STRATEGY_H

#include "../core/hook.h"
#include "../core/task_set.h"

struct sched;

__extension__ typedef unsigned __int128 pick_set;	/* bit n: alternative n */

/* What a choice that is not about who runs is about. */
enum pick {
	PICK_CONTENTION,	/* 1: there is contention, or a reschedule, right now */
	PICK_VALUE,		/* which of the values that a load may return; 0: the newest */
	PICK_PLACE,		/* where in the coherence order a store goes; 0: last */
	NR_PICKS
};

struct strategy {
	const char *name;
	const char *text;
	void (*begin)(struct sched *s);		/* an execution starts */
	/*
	 * One of `enabled` (never empty).  `me` has just executed an event and announced the
	 * next; `fallback` is what a schedule without forced switches would do.
	 */
	u32 (*choose)(struct sched *s, u64 enabled, u32 me, u32 fallback);
	/* Where there are tasks beyond 63; NULL: it knows no machine that has.  See CHOOSE(). */
	u32 (*choose_wide)(struct sched *s, task_set enabled, u32 me, u32 fallback);
	/* One of 0..n-1, n >= 2, about `what`; 0 is what an undisturbed machine would do. */
	u32 (*pick)(struct sched *s, u32 n, enum pick what);
	/* One of those of 0..n-1 that are in the set, which may have one member; NULL: pick() among those. */
	u32 (*pick_possible)(struct sched *s, pick_set possible, u32 n);
	void (*yielded)(struct sched *s, u32 me);	/* `me` asks for others to go first; may be NULL */
	void (*observe)(struct sched *s, const struct event *ev);	/* it has happened; may be NULL */
	/* The execution is over: true if it has been explored before, and counts for nothing. */
	bool (*seen)(struct sched *s);
	/* The execution is over and accounted for: false if none is left to explore.  NULL: there always is. */
	bool (*end)(struct sched *s);
	bool exhaustive;	/* every point is a decision, cold scans too */
	bool whole_steps;	/* and what a step touches is known before: see search.h */
	bool fair_yields;	/* whoever yields is subject to fair.c; `choose` sees only who may run */
};

/* Both, of one function in line, NAME_next(): of the usual one the compiler knows that half of the set is empty. */
#define CHOOSE(name)										\
static u32 name##_choose(struct sched *s, u64 enabled, u32 me, u32 fallback)			\
{												\
	return name##_next(s, enabled, me, fallback);						\
}												\
												\
static u32 name##_choose_wide(struct sched *s, task_set enabled, u32 me, u32 fallback)		\
{												\
	return name##_next(s, enabled, me, fallback);						\
}

static __always_inline u32 strategy_choose(const struct strategy *strategy, struct sched *s, task_set enabled, u32 me,
					   u32 fallback)
{
	return likely(task_is_narrow(enabled)) ? strategy->choose(s, (u64)enabled, me, fallback) :
						 strategy->choose_wide(s, enabled, me, fallback);
}

extern const struct strategy strategy_random, strategy_pct, strategy_replay, strategy_mix, strategy_anchored,
			     strategy_pos, strategy_urw, strategy_surw, strategy_dpor, strategy_dfs,
			     strategy_rff, strategy_sticky;
/* Not for users, see their files. */
extern const struct strategy strategy_profile, strategy_estimate, strategy_tail;
void random_begin(struct sched *s);
void pct_begin_depth(struct sched *s, u32 depth);
u32 random_pick(struct sched *s, u32 n, enum pick what);	/* contention by its percentage, the rest uniformly */

/* By number, as in struct mmut_config. */
#define NR_STRATEGIES	12		/* that a user may name */
extern const struct strategy *const strategies[] __hidden;
/* NULL past the last that a user may name. */
const struct strategy *strategy_by_id(u32 id);
u32 strategy_id(const struct strategy *strategy);

#endif
