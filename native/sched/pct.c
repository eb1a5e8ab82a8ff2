// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCT: S. Burckhardt, P. Kothari, M. Musuvathi, S. Nagarakatte, "A Randomized Scheduler with
 * Probabilistic Guarantees of Finding Bugs", ASPLOS 2010.
 *
 * Distinct random priorities; always the highest enabled one runs; at d - 1 steps drawn
 * independently from [1, k] the agent that has just executed that step ("after" rule) falls
 * below all initial priorities.  A bug of depth d is hit with probability >= 1/(n k^(d-1)).
 *
 * Deviations: k is the longest of a few profile executions (sched->decisions_expected, part of
 * a token); whoever yields falls below everybody, which uses up no change point; contention
 * at yield tests is drawn as in the random walk; store buffers are agents with priorities of
 * their own.
 */
#include "sched.h"

struct pct {
	u32 depth;
	s32 priority[TASK_SET_SIZE];
	u64 change[PCT_DEPTH_MAX];
	u64 step, next;		/* next: the first change point that is still to come */
	s32 lowest;		/* where the next yielding agent goes */
	u32 last;		/* the agent that executed the last step */
};
static_assert(sizeof(struct pct) <= sizeof(((struct sched *)0)->strategy_state), "strategy state");

static inline struct pct *pct_of(struct sched *s)
{
	return (struct pct *)s->strategy_state;
}

static void find_next(struct pct *p, u64 from)
{
	u32 i;

	p->next = ~0ULL;
	for (i = 0; i + 1 < p->depth; i++)
		if (p->change[i] >= from)
			p->next = min(p->next, p->change[i]);
}

/* Several changes may fall on one step: the last of them stands. */
static noinline void change_priority(struct pct *p)
{
	u32 i;

	for (i = 0; i + 1 < p->depth; i++)
		if (p->change[i] == p->step)
			p->priority[p->last] = (s32)(i + 1);
	find_next(p, p->step + 1);
}

void pct_begin_depth(struct sched *s, u32 depth)
{
	struct pct *p = pct_of(s);
	u32 i, n = nr_agents(s);

	p->depth = s->depth = depth = min(depth, (u32)PCT_DEPTH_MAX);
	p->step = 0;
	p->lowest = 0;
	p->last = TASK_BOSS;
	for (i = 0; i < n; i++) {		/* inside-out Fisher-Yates */
		u32 j = prng_below(&s->rng, i + 1);

		p->priority[i] = p->priority[j];
		p->priority[j] = (s32)(depth + i);
	}
	for (i = 0; i + 1 < depth; i++)
		p->change[i] = 1 + prng_below(&s->rng, (u32)max(s->decisions_expected, 1ULL));
	find_next(p, 0);
}

static void pct_begin(struct sched *s)
{
	pct_begin_depth(s, s->pct_depth);
}

static __always_inline u32 pct_next(struct sched *s, task_set enabled, u32 me, u32 fallback)
{
	struct pct *p = pct_of(s);
	u32 i, best;

	if (unlikely(p->step == p->next))
		change_priority(p);
	p->step++;
	best = task_first(enabled);
	for_each_task(i, task_rest(enabled))
		if (p->priority[i] > p->priority[best])
			best = i;
	p->last = best;
	return best;
}

CHOOSE(pct)

static void pct_yielded(struct sched *s, u32 me)
{
	struct pct *p = pct_of(s);

	p->priority[me] = --p->lowest;
}

const struct strategy strategy_pct = {
	.name = "pct",
	.text = "random priorities with a few change points (Burckhardt et al. 2010)",
	.begin = pct_begin,
	.choose = pct_choose,
	.choose_wide = pct_choose_wide,
	.pick = random_pick,
	.yielded = pct_yielded,
};
