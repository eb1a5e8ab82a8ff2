// SPDX-License-Identifier: GPL-2.0-only
/*
 * POS: X. Yuan, J. Yang, R. Gu, "Partial Order Aware Concurrency Sampling", CAV 2018.
 *
 * Each pending event has an independent random priority; the highest enabled one is executed;
 * its successor draws a priority, and so does every other enabled event that races with it.
 * Without the second draw ("basic POS") an event that lost once keeps losing.
 *
 * Blocked events keep theirs.  Deviations: the end of a store's stay in a buffer is an event
 * that stores (TSO); whoever yields is subject to fair.c; contention at yield tests is drawn as
 * in the random walk.
 */
#include "pos.h"

static_assert(sizeof(struct pos) <= sizeof(((struct sched *)0)->strategy_state), "strategy state");

void pos_init(struct sched *s, struct pos *p)
{
	u32 i, n = nr_agents(s);

	for (i = 0; i < n; i++)
		p->priority[i] = pos_draw(s);
}

static void pos_begin(struct sched *s)
{
	pos_init(s, (struct pos *)s->strategy_state);
}

static __always_inline u32 pos_next(struct sched *s, task_set enabled, u32 me, u32 fallback)
{
	struct pos *p = (struct pos *)s->strategy_state;
	u32 best = pos_best(p, enabled);

	pos_executed(s, p, enabled, best);
	return best;
}

CHOOSE(pos)

const struct strategy strategy_pos = {
	.name = "pos",
	.text = "a random priority for each pending event, drawn anew after a race (Yuan et al. 2018)",
	.begin = pos_begin,
	.choose = pos_choose,
	.choose_wide = pos_choose_wide,
	.pick = random_pick,
	.fair_yields = true,
};
