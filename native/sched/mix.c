// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mix: no strategy dominates, so take turns.
 *
 * Each execution is driven by one member, drawn from its own schedule stream: the random walk,
 * a sticky random walk, or PCT at a depth of 2 to 5.  Which one depends on (seed, iteration)
 * alone, so that an execution replays by itself and --jobs changes nothing.
 *
 * The sticky walk stays on the running task with probability 15/16 at each decision: tasks
 * advance in stretches, as between PCT's change points, but any number of them.
 */
#include "sched.h"

enum { MEMBER_RANDOM, MEMBER_STICKY, MEMBER_PCT2, MEMBER_PCT3, MEMBER_PCT4, MEMBER_PCT5, NR_MEMBERS };

static void mix_begin(struct sched *s)
{
	s->portfolio = prng_below(&s->rng, NR_MEMBERS);
	if (s->portfolio >= MEMBER_PCT2)
		pct_begin_depth(s, 2 + s->portfolio - MEMBER_PCT2);
}

static u32 mix_choose(struct sched *s, u64 enabled, u32 me, u32 fallback)
{
	if (s->portfolio >= MEMBER_PCT2)
		return strategy_pct.choose(s, enabled, me, fallback);
	if (s->portfolio == MEMBER_STICKY && prng_below(&s->rng, 16))
		return fallback;
	return strategy_random.choose(s, enabled, me, fallback);
}

static void mix_yielded(struct sched *s, u32 me)
{
	if (s->portfolio >= MEMBER_PCT2)
		strategy_pct.yielded(s, me);
}

const struct strategy strategy_mix = {
	.name = "mix",
	.text = "takes turns: random walk, sticky random walk, PCT of depth 2 to 5",
	.begin = mix_begin,
	.choose = mix_choose,
	.pick = random_pick,
	.yielded = mix_yielded,
};
