// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random walk: every enabled agent is equally likely at every decision.
 *
 * The probability of a schedule is the product of 1/|enabled|: schedules in which the tasks
 * advance at the same pace are favoured, a task that waits for another's whole run is rare.
 */
#include "sched.h"

/* select8[mask][n]: number of the n-th set bit of an 8-bit mask.  No branch to mispredict. */
static u8 select8[256][8];

static __attribute__((constructor)) void select8_init(void)
{
	u32 mask, bit, n;

	for (mask = 0; mask < 256; mask++)
		for (bit = n = 0; bit < 8; bit++)
			if (mask & 1u << bit)
				select8[mask][n++] = (u8)bit;
}

void random_begin(struct sched *s)
{
}

static __always_inline u32 random_next(struct sched *s, task_set enabled, u32 me, u32 fallback)
{
	u32 n = prng_below(&s->rng, task_count(enabled));

	if (likely(enabled < 256))
		return select8[(u64)enabled][n];
	for (; n; n--)
		enabled = task_rest(enabled);
	return task_first(enabled);
}

CHOOSE(random)

u32 random_pick(struct sched *s, u32 n, enum pick what)
{
	if (what == PICK_CONTENTION)
		return prng_below(&s->rng, 100) < s->contention_percent;
	return prng_below(&s->rng, n);
}

const struct strategy strategy_random = {
	.name = "random",
	.text = "uniform among those that can run, at every decision",
	.begin = random_begin,
	.choose = random_choose,
	.choose_wide = random_choose_wide,
	.pick = random_pick,
};
