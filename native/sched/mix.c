// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mix: no strategy dominates, so take turns.
 *
 * Every eighth execution is the random walk, whatever happens: the sample from which the
 * statistics at the end are made.  The others are driven by a member of the portfolio, drawn
 * from the execution's own stream by weight.  A weight is what docs/strategies.md measured over the
 * catalogue, times the credit: trace classes found per step, a quarter being for nothing.
 *
 * The credit is earned in a pilot, a fixed number of executions of each member when the world is
 * made, and in nothing else.  So weights are a function of build and scenario, an execution one
 * of seed and iteration, and neither --jobs nor what was found before changes anything.
 */
#include "sched.h"

#define SAMPLE_ONE_IN	8

static const struct {
	const char *name;
	const struct strategy *strategy;
	u32 depth;		/* PCT's */
	u32 weight;
} members[MIX_MEMBERS] = {
	{ "random", &strategy_random, 0, 2 },
	{ "sticky", &strategy_sticky, 0, 5 },
	{ "pct2", &strategy_pct, 2, 1 },
	{ "pct3", &strategy_pct, 3, 1 },
	{ "pct5", &strategy_pct, 5, 2 },
	{ "pct12", &strategy_pct, 12, 5 },
	{ "pos", &strategy_pos, 0, 5 },
	{ "urw", &strategy_urw, 0, 1 },
	{ "surw", &strategy_surw, 0, 14 },
	{ "rff", &strategy_rff, 0, 4 },
};

const char *mix_member_name(u32 member)
{
	return member < MIX_MEMBERS ? members[member].name : NULL;
}

void mix_reset(struct mix_log *log)
{
	u32 m;

	*log = (struct mix_log){ 0 };
	for (m = 0; m < MIX_MEMBERS; m++)
		log->weight[m] = members[m].weight;
}

void mix_pilot_over(struct mix_log *log, u32 member, u64 class, u64 steps)
{
	u32 i, n = log->nr_classes[member];

	log->steps[member] += (u32)min(steps, (u64)1 << 20);
	for (i = 0; i < n; i++)
		if (log->class[i] == class)
			return;
	if (n < PILOT_CLASSES)
		log->class[log->nr_classes[member]++] = class;
}

void mix_learn(struct mix_log *log)
{
	u64 credit[MIX_MEMBERS], best = 1;
	u32 m;

	for (m = 0; m < MIX_MEMBERS; m++) {
		credit[m] = ((u64)log->nr_classes[m] << 32) / max(log->steps[m], 1u);
		best = max(best, credit[m]);
	}
	for (m = 0; m < MIX_MEMBERS; m++)
		log->weight[m] = (u32)(members[m].weight * (256 + 768 * credit[m] / best));
}

static u32 draw_member(struct sched *s)
{
	const struct mix_log *log = &s->log->mix;
	u32 m, at, sum = 0;

	for (m = 0; m < MIX_MEMBERS; m++)
		sum += log->weight[m];
	at = prng_below(&s->rng, sum);
	for (m = 0; m < MIX_MEMBERS - 1 && at >= log->weight[m]; m++)
		at -= log->weight[m];
	return m;
}

static u32 member_of(struct sched *s)
{
	if (s->pilot)
		return s->pilot - 1;
	s->is_sample = arena_of()->iteration % SAMPLE_ONE_IN == 0;
	return s->is_sample ? 0 : draw_member(s);
}

/* From here on the member is the driver. */
static void mix_begin(struct sched *s)
{
	const struct strategy *strategy;

	s->portfolio = member_of(s);
	strategy = members[s->portfolio].strategy;
	s->driver = strategy_id(strategy);
	s->fair_yields = strategy->fair_yields;
	if (strategy == &strategy_pct)
		pct_begin_depth(s, members[s->portfolio].depth);
	else
		strategy->begin(s);
}

/* Never asked: a member drives. */
static __always_inline u32 mix_next(struct sched *s, task_set enabled, u32 me, u32 fallback)
{
	return strategy_choose(&strategy_random, s, enabled, me, fallback);
}

CHOOSE(mix)

static bool mix_end(struct sched *s)
{
	s->log->mix.executions[s->portfolio]++;
	return true;
}

const struct strategy strategy_mix = {
	.name = "mix",
	.text = "takes turns: the walks, pct of several depths, pos, urw, surw, rff, by what they find",
	.begin = mix_begin,
	.choose = mix_choose,
	.choose_wide = mix_choose_wide,
	.pick = random_pick,
	.end = mix_end,
};
