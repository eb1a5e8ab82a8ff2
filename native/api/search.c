// SPDX-License-Identifier: GPL-2.0-only
/* How far an exhaustive search is, and its parts. */
#include <string.h>

#include "api.h"
#include "core/arena.h"
#include "sched/bound.h"
#include "sched/sched.h"

uint32_t mmut_strategy_is_search(uint32_t n)
{
	const struct strategy *strategy = strategy_by_id(n);

	return strategy && strategy->whole_steps;
}

uint32_t mmut_nothing_left(void)
{
	return sched_of() && sched_of()->log->exhausted;
}

static void get_dfs(const struct sched *s, struct mmut_search *out)
{
	const struct dfs *d = s->dfs;

	*out = (struct mmut_search){
		.classes = d->schedules, .too_deep = d->too_deep, .diverged = d->diverged,
		.bound = d->bound == ~0u ? ~0ULL : d->bound, .beyond = d->beyond,
		.exhausted = s->log->exhausted && !(d->too_deep | d->diverged),
	};
}

static bool is_dfs(const struct sched *s)
{
	return strategies[s->strategy] == &strategy_dfs;
}

int mmut_part_load(const struct mmut_part *part)
{
	struct sched *s = sched_of();

	if (is_dfs(s))
		return dfs_load(s, part);
	return strategies[s->strategy] == &strategy_dpor ? part_load(s, part) : -1;
}

int mmut_part_save(struct mmut_part *part)
{
	const struct sched *s = sched_of();

	return is_dfs(s) ? dfs_save(s, part) : part_save(s, part);
}

uint64_t mmut_counted_get(struct mmut_counted *out, uint64_t capacity)
{
	const struct sched_log *log = sched_of()->log;
	u64 count = min((u64)log->nr_classes, (u64)capacity);

	memcpy(out, log->counted, count * sizeof(*out));
	return count;
}

int mmut_search_get(struct mmut_search *out)
{
	const struct sched *s = sched_of();
	const struct search *x = s->search;

	if (!strategies[s->strategy]->whole_steps)
		return -1;
	if (is_dfs(s)) {
		get_dfs(s, out);
		return 0;
	}
	*out = (struct mmut_search){
		.classes = x->classes, .cut = x->cut, .too_deep = x->too_deep, .too_many = x->too_many,
		.diverged = x->diverged, .outgrown = x->outgrown, .bound = ~0ULL,
		.exhausted = s->log->exhausted && !(x->too_deep | x->too_many | x->diverged),
	};
	if (s->bound_kind == BOUND_NONE) {
		estimate_get(x, out);
	} else {
		out->classes = x->bounded->classes;
		out->cut = x->bounded->executions - x->bounded->classes;
		out->bound = s->bound;
		out->beyond = x->bounded->beyond;
	}
	return 0;
}
