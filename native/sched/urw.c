// SPDX-License-Identifier: GPL-2.0-only
/*
 * URW: H. Zhao, D. Wolff, U. Mathur, A. Roychoudhury, "Selectively Uniform Concurrency
 * Testing", ASPLOS 2025 (its uniform random walk).
 *
 * Whoever has more left to do is more likely to run: with exact counts, and where nobody blocks,
 * all interleavings are equally likely.  The counts are those of the profile; a task that lives
 * longer keeps a weight of one.
 *
 * Deviation: a store buffer weighs what it holds.
 */
#include "sched.h"

struct urw {
	u32 left[MAX_TASKS];
};
static_assert(sizeof(struct urw) <= sizeof(((struct sched *)0)->strategy_state), "strategy state");

static void urw_begin(struct sched *s)
{
	struct urw *u = (struct urw *)s->strategy_state;
	u32 t;

	for (t = 0; t < arena_of()->nr_tasks; t++)
		u->left[t] = s->log->profile.most[t];
}

static u32 weight(const struct sched *s, const struct urw *u, u32 agent)
{
	return is_buffer(s, agent) ? s->buffer[agent - AGENT_BUFFER].count : max(u->left[agent], 1u);
}

static __always_inline u32 urw_next(struct sched *s, task_set enabled, u32 me, u32 fallback)
{
	struct urw *u = (struct urw *)s->strategy_state;
	u32 sum = 0, at, agent = 0;

	for_each_task(agent, enabled)
		sum += weight(s, u, agent);
	at = prng_below(&s->rng, sum);
	for_each_task(agent, enabled) {
		u32 w = weight(s, u, agent);

		if (at < w)
			break;
		at -= w;
	}
	if (!is_buffer(s, agent) && u->left[agent])
		u->left[agent]--;
	return agent;
}

CHOOSE(urw)

const struct strategy strategy_urw = {
	.name = "urw",
	.text = "each task by what it has left to do: uniform over interleavings (Zhao et al. 2025)",
	.begin = urw_begin,
	.choose = urw_choose,
	.choose_wide = urw_choose_wide,
	.pick = random_pick,
	.fair_yields = true,
};
