// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sticky walk: stay on the running task with probability 15/16 at each decision, else anybody.
 *
 * Tasks advance in stretches, as between PCT's change points, but any number of them.
 */
#include "sched.h"

#define STAY	16

static __always_inline u32 sticky_next(struct sched *s, task_set enabled, u32 me, u32 fallback)
{
	if (prng_below(&s->rng, STAY) && task_in(enabled, fallback))
		return fallback;
	return strategy_choose(&strategy_random, s, enabled, me, fallback);
}

CHOOSE(sticky)

const struct strategy strategy_sticky = {
	.name = "sticky",
	.text = "the random walk, staying where it is with probability 15/16",
	.begin = random_begin,
	.choose = sticky_choose,
	.choose_wide = sticky_choose_wide,
	.pick = random_pick,
	.fair_yields = true,
};
