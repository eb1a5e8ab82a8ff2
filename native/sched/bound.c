// SPDX-License-Identifier: GPL-2.0-only
/*
 * dpor --bound N: all classes that have a schedule with at most N preemptions.
 *
 * Bounded partial order reduction (K. Coons, M. Musuvathi, K. McKinley, OOPSLA 2013).  The schedule
 * that reverses a race right before its first transition may cost a preemption too many, where
 * another of the same class, which switches at the beginning of that task's stretch, does not.  So
 * each race asks for its second agent in both places: where it is, and at the last beginning of
 * a stretch before (conservative backtracking).
 *
 * Nobody sleeps: whoever sleeps stands for schedules that may lie beyond the bound.  So a class
 * may be met several times; what has been seen counts for nothing.
 */
#include "bound.h"
#include "sched.h"

void bounded_begin(struct sched *s)
{
	search_start(s);
	s->search->length = 0;
}

static u32 cost(const struct bounded_node *b, u32 agent)
{
	return !(b->free & BIT_ULL(agent));
}

u32 bounded_choose(struct sched *s, u64 enabled, u32 me, u32 fallback)
{
	struct search *x = s->search;
	u32 at = x->length, spent = 0, last;
	struct bounded_node *b = &x->bounded->node[at];
	struct node *node = &x->node[at];

	if (unlikely(s->buffered)) {
		enabled &= ~waits_for_drain(s);
		if (!(enabled & BIT_ULL(fallback)))
			fallback = (u32)__builtin_ctzll(enabled);
	}
	if (at < x->replay) {
		if (node->kind != NODE_RUN || !(enabled & BIT_ULL(node->agent))) {
			x->diverged++;
			search_cut(s);
		}
		x->length++;
		if (x->length == x->replay)
			search_record(s, node, node->agent);
		return node->agent;
	}
	node = search_next(s, NODE_RUN);
	if (!node)
		search_cut(s);
	for (last = at; last && x->node[last - 1].kind == NODE_PICK; last--)
		;
	if (last)
		spent = x->bounded->node[last - 1].spent + cost(&x->bounded->node[last - 1], x->node[last - 1].agent);
	*b = (struct bounded_node){
		.enabled = enabled, .todo = BIT_ULL(fallback), .done = BIT_ULL(fallback), .spent = spent,
		/* Staying is free, and so is what a buffer does; any switch is, where one has to be. */
		.free = fallback == me ? BIT_ULL(me) | (enabled & ~s->task_agents) : ~0ULL,
	};
	search_record(s, node, fallback);
	return fallback;
}

u32 bounded_pick(struct sched *s, u32 n)
{
	struct search *x = s->search;
	struct node *node = &x->node[x->length];

	if (x->length < x->replay) {
		if (node->kind != NODE_PICK || node->n != n) {
			x->diverged++;
			search_cut(s);
		}
		x->length++;
		return node->choice;
	}
	node = search_next(s, NODE_PICK);
	if (!node)
		search_cut(s);
	node->n = (u16)n;
	node->choice = 0;
	return 0;
}

static bool is_new(struct search *x, u64 class)
{
	struct bounded *b = x->bounded;
	u64 at = class % BOUNDED_CLASSES;

	while (b->seen[at] && b->seen[at] != class)
		at = (at + 1) % BOUNDED_CLASSES;
	if (b->seen[at])
		return false;
	if (b->classes >= BOUNDED_CLASSES / 4 * 3) {
		x->too_many++;
		return true;
	}
	b->seen[at] = class;
	b->classes++;
	return true;
}

bool bounded_seen(struct sched *s)
{
	race_link(s);
	return !s->cut && !is_new(s->search, race_class(s->search));
}

static void ask_for(struct search *x, u32 at, u32 agent)
{
	struct bounded_node *b = &x->bounded->node[at];

	b->todo |= b->enabled & BIT_ULL(agent) ? BIT_ULL(agent) : b->enabled;
}

/* The last transition before `at` with which a stretch begins. */
static u32 stretch_before(const struct search *x, u32 at)
{
	u32 i = at;

	while (i > 0 && x->node[i - 1].kind != NODE_RUN)
		i--;
	if (!i)
		return at;
	at = i - 1;
	while (i-- > 0) {
		if (x->node[i].kind != NODE_RUN)
			continue;
		if (x->node[i].agent != x->node[at].agent)
			break;
		at = i;
	}
	return at;
}

static void ask_for_reversals(struct search *x)
{
	u32 i;

	for (i = 0; i < x->nr_races; i++) {
		const struct race *race = &x->race[i];
		u32 agent = race->second >= 0 ? x->node[race->second].agent : (u32)race->blocked;

		ask_for(x, (u32)race->first, agent);
		ask_for(x, stretch_before(x, (u32)race->first), agent);
	}
}

static bool next_branch(struct sched *s, u32 at)
{
	struct search *x = s->search;
	struct bounded_node *b = &x->bounded->node[at];
	struct node *node = &x->node[at];
	u64 left;

	if (node->kind == NODE_PICK)
		return ++node->choice < node->n;
	for (left = b->todo & ~b->done; left; left &= left - 1) {
		u32 agent = (u32)__builtin_ctzll(left);

		b->done |= BIT_ULL(agent);
		if (b->spent + cost(b, agent) > s->bound) {
			x->bounded->beyond = 1;
			continue;
		}
		node->agent = (u8)agent;
		return true;
	}
	return false;
}

bool bounded_end(struct sched *s)
{
	struct search *x = s->search;
	u32 length;

	x->bounded->executions++;
	if (x->diverged)
		return false;
	ask_for_reversals(x);
	for (length = x->length; length; length--) {
		race_unlink(x, length - 1);
		if (next_branch(s, length - 1))
			break;
	}
	x->replay = length;
	x->fresh = length ? length - 1 : 0;
	return length != 0;
}
