// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replay: the recorded choices of one execution of this build, by number, and the fallback
 * everywhere else.
 *
 * The record is one word, whether every point was a decision, and a list of (decisions since
 * the last recorded one, choice).  A choice that is not enabled where it is due is skipped: the
 * execution goes on without preemption, and its digest tells that it is another one.
 */
#include "sched.h"

struct replay {
	u64 due;		/* decision number of the next recorded choice */
	u32 at;			/* index of its gap in the plan */
};
static_assert(sizeof(struct replay) <= sizeof(((struct sched *)0)->strategy_state), "strategy state");

static inline struct replay *replay_of(struct sched *s)
{
	return (struct replay *)s->strategy_state;
}

static void next_due(struct sched *s)
{
	struct replay *r = replay_of(s);

	if (r->at + 1 < s->log->replay_length)
		r->due += s->log->replay[r->at];
	else
		r->due = ~0ULL;
}

static void replay_begin(struct sched *s)
{
	struct replay *r = replay_of(s);

	r->at = 1;
	r->due = 0;
	next_due(s);
}

/* The recorded choice for the decision at hand, or `otherwise`. */
static u32 take(struct sched *s, u64 number, u32 otherwise)
{
	struct replay *r = replay_of(s);
	u32 choice = otherwise;

	while (r->due <= number) {
		if (r->due == number)
			choice = s->log->replay[r->at + 1];
		r->at += 2;
		next_due(s);
	}
	return choice;
}

static __always_inline u32 replay_next(struct sched *s, task_set enabled, u32 me, u32 fallback)
{
	u32 choice = take(s, s->decisions + 1, fallback);

	return choice < TASK_SET_SIZE && task_in(enabled, choice) ? choice : fallback;
}

CHOOSE(replay)

static u32 replay_pick(struct sched *s, u32 n, enum pick what)
{
	u32 choice = take(s, s->decisions + 1, 0);

	return choice < n ? choice : 0;
}

const struct strategy strategy_replay = {
	.name = "replay",
	.text = "the decisions of one execution, by number",
	.begin = replay_begin,
	.choose = replay_choose,
	.choose_wide = replay_choose_wide,
	.pick = replay_pick,
};
