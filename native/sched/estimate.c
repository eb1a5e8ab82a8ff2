// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many classes are there?  Before a search begins, random executions say about how many.
 *
 * D. Knuth, "Estimating the Efficiency of Backtrack Programs", Mathematics of Computation 1975: on
 * a random descent, the product of the numbers of branches is an unbiased estimate of the number
 * of leaves, here of all interleavings.  Those of one class are the linear extensions of its
 * happens-before; divided by their number, the product estimates the number of classes.
 *
 * The extensions are counted over the cuts of the execution (how much of each agent is done), as
 * many as the product of the agents' lengths: where that is too much there is no estimate.
 */
#include <emmintrin.h>

#include "../api.h"
#include "sched.h"
#include "search.h"
#include "symmetry.h"

#define DESCENTS	4000
#define DESCENTS_MIN	100
#define DESCENTS_CUTS	6000000	/* of all descents together, but not of fewer than 20 */
#define STREAM_ESTIMATE	0x6b6e757468ULL	/* "knuth" */
#define CUTS_MAX	(1u << 20)

struct estimate {
	u64 descents, cuts;
	double sum, squares;
	double weight;				/* of the descent at hand */
	/* counting extensions */
	u32 nr;					/* agents that did something */
	u32 length[SEARCH_LANES], stride[SEARCH_LANES];
	u8 lane[SEARCH_LANES];
	u16 event[SEARCH_LANES][SEARCH_NODES];	/* of each agent: its transitions */
	u16 rank[SEARCH_NODES];			/* of a transition among those of its agent, from 1 */
	double ways[CUTS_MAX];
};

static void estimate_begin(struct sched *s)
{
	struct search *x = s->search;

	search_start(s);
	x->length = 0;
	x->estimate->weight = 1;
	prng_init(&s->rng, STREAM_ESTIMATE, x->estimate->descents, STREAM_SCHEDULE);
}

static u32 estimate_choose(struct sched *s, u64 enabled, u32 me, u32 fallback)
{
	struct node *node = search_next(s, NODE_RUN);
	u32 n;

	if (!node)
		search_cut(s);
	if (s->buffered)
		enabled &= ~waits_for_drain(s);
	enabled &= ~s->behind;
	if (!enabled)
		search_cut(s);
	n = (u32)__builtin_popcountll(enabled);
	s->search->estimate->weight *= n;
	for (n = prng_below(&s->rng, n); n; n--)
		enabled &= enabled - 1;
	n = (u32)__builtin_ctzll(enabled);
	search_record(s, node, n);
	symmetry_step(s, n);
	return n;
}

static u32 estimate_pick(struct sched *s, u32 n, enum pick what)
{
	s->search->estimate->weight *= n;
	return prng_below(&s->rng, n);
}

const struct strategy strategy_estimate = {
	.name = "estimate",
	.text = "random executions that count the classes of schedules",
	.begin = estimate_begin,
	.choose = estimate_choose,
	.pick = estimate_pick,
	.exhaustive = true,
	.whole_steps = true,
};

/* Whose transitions they are, and how many cuts there are; 0: too many. */
static u32 sort_by_agent(struct search *x, struct estimate *e)
{
	u8 slot[SEARCH_LANES];
	u64 cuts = 1;
	u32 i, a;

	e->nr = 0;
	__builtin_memset(slot, 0xff, sizeof(slot));
	for (i = 0; i < x->length; i++) {
		u32 lane = x->node[i].lane;

		if (slot[lane] == 0xff) {
			slot[lane] = (u8)e->nr;
			e->lane[e->nr] = (u8)lane;
			e->length[e->nr++] = 0;
		}
		a = slot[lane];
		e->event[a][e->length[a]++] = (u16)i;
		e->rank[i] = (u16)e->length[a];
	}
	for (a = 0; a < e->nr; a++) {
		e->stride[a] = (u32)cuts;
		cuts *= e->length[a] + 1;
		if (cuts > CUTS_MAX)
			return 0;
	}
	return (u32)cuts;
}

/* Is all done in the cut that happens before the next transition of agent `a`? */
static bool is_ready(struct search *x, const struct estimate *e, const u32 *done, u32 a)
{
	const s16 *clock = clock_of(x, e->event[a][done[a]]);
	u32 b;

	for (b = 0; b < e->nr; b++) {
		s16 latest = clock[e->lane[b]];

		if (b != a && latest && e->rank[latest - 1] > done[b])
			return false;
	}
	return true;
}

static double count_extensions(struct search *x, struct estimate *e, u32 cuts)
{
	u32 done[SEARCH_LANES] = { 0 }, at, a;

	__builtin_memset(e->ways, 0, cuts * sizeof(*e->ways));
	e->ways[0] = 1;
	for (at = 0; at + 1 < cuts; at++) {
		for (a = 0; e->ways[at] > 0 && a < e->nr; a++)
			if (done[a] < e->length[a] && is_ready(x, e, done, a))
				e->ways[at + e->stride[a]] += e->ways[at];
		for (a = 0; done[a] == e->length[a]; a++)	/* the next cut: count up */
			done[a] = 0;
		done[a]++;
	}
	return e->ways[cuts - 1];
}

/* False: its executions are too long for an estimate. */
static bool descend(struct sched *s)
{
	struct search *x = s->search;
	struct estimate *e = x->estimate;
	double weight;
	u32 cuts, i;

	execution_run(0);
	e->descents++;
	cuts = s->cut ? 0 : sort_by_agent(x, e);
	if (!cuts)
		return false;
	x->fresh = 0;
	race_link(s);
	weight = e->weight / count_extensions(x, e, cuts);
	e->sum += weight;
	e->squares += weight * weight;
	e->cuts += cuts;
	for (i = x->length; i-- > 0; )
		race_unlink(x, i);
	x->length = 0;
	return true;
}

void search_estimate(void)
{
	struct arena *arena = arena_of();
	struct sched *s = arena->sched;
	struct sched *golden = (struct sched *)(arena->state_golden + ((char *)s - arena->state_begin));
	struct estimate *e = s->search->estimate;
	u32 strategy = golden->strategy;
	u64 oracles = arena->oracle_mask;
	/* Unwatched: what an oracle would say is for the search to find. */
	void (*watch)(struct event *) = proc.watch;

	proc.watch = NULL;
	arena->oracle_mask = 0;
	golden->strategy = strategy_id(&strategy_estimate);
	while (e->descents < DESCENTS && (e->descents < 20 || e->cuts < DESCENTS_CUTS))
		if (!descend(s)) {
			e->sum = e->squares = 0;
			break;
		}
	golden->strategy = strategy;
	search_forget(s);
	arena->oracle_mask = oracles;
	arena_reset();
	proc.watch = watch;
}

void estimate_get(const struct search *x, struct mmut_search *out)
{
	const struct estimate *e = x->estimate;
	double n = (double)e->descents, mean, variance;

	/* A few descents, or means below one class: nearly all the weight was missed. */
	if (e->descents < DESCENTS_MIN || e->sum < n)
		return;
	mean = e->sum / n;
	variance = e->squares / n - mean * mean;
	out->estimate = mean;
	/* Not sqrt(): the core is linked without libm. */
	out->estimate_error = 1.96 * _mm_cvtsd_f64(_mm_sqrt_pd(_mm_set1_pd(variance > 0 ? variance / n : 0)));
}

struct estimate *estimate_alloc(void)
{
	return arena_alloc_bulk(sizeof(struct estimate));
}
