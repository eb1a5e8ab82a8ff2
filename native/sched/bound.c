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
#include "lkmm.h"
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

/* Who may run here, at what cost: the same whenever the path comes by. */
static struct bounded_node arrive(const struct sched *s, u32 at, u64 enabled, u32 me, u32 fallback)
{
	const struct search *x = s->search;
	u32 spent = 0, last;

	for (last = at; last && x->node[last - 1].kind == NODE_PICK; last--)
		;
	if (last)
		spent = x->bounded->node[last - 1].spent + cost(&x->bounded->node[last - 1], x->node[last - 1].agent);
	return (struct bounded_node){
		.enabled = enabled, .spent = spent,
		/* Staying is free, and so is what a buffer does; any switch is, where one has to be. */
		.free = fallback == me ? BIT_ULL(me) | (enabled & ~s->task_agents) : ~0ULL,
	};
}

u32 bounded_choose(struct sched *s, u64 enabled, u32 me, u32 fallback)
{
	struct search *x = s->search;
	u32 at = x->length;
	struct bounded_node *b = &x->bounded->node[at], here;
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
		if (unlikely(x->restoring)) {
			here = arrive(s, at, enabled, me, fallback);
			here.todo = b->todo;
			here.done = b->done;
			*b = here;
		}
		if (x->restoring || x->length == x->replay)
			search_record(s, node, node->agent);
		if (x->length == x->replay)
			x->restoring = 0;
		return node->agent;
	}
	node = search_next(s, NODE_RUN);
	if (!node)
		search_cut(s);
	*b = arrive(s, at, enabled, me, fallback);
	b->todo = b->done = BIT_ULL(fallback);
	search_record(s, node, fallback);
	return fallback;
}

u32 bounded_pick(struct sched *s, pick_set possible, u32 n)
{
	struct search *x = s->search;
	struct node *node = &x->node[x->length];

	if (x->length < x->replay) {
		if (node->kind != NODE_PICK || node->n != n) {
			x->diverged++;
			search_cut(s);
		}
		x->length++;
		node->possible = possible;
		if (x->length == x->replay)
			x->restoring = 0;
		if (!(possible >> node->choice & 1))
			search_cut(s);
		return node->choice;
	}
	node = search_next(s, NODE_PICK);
	if (!node)
		search_cut(s);
	node->n = (u16)n;
	node->possible = possible;
	node->choice = pick_first(possible);
	return node->choice;
}

bool search_is_new(struct search *x, u64 class)
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
	s->explored_class = search_class(s);
	if (!s->cut && s->lkmm && !lkmm_allows_end(s->lkmm))
		return true;
	return !s->cut && !search_is_new(s->search, s->explored_class);
}

/* Within the bound.  Nodes above this part are their owner's: he is told. */
static void ask_for(struct sched *s, u32 at, u32 agent)
{
	struct search *x = s->search;
	struct bounded_node *b = &x->bounded->node[at];
	u64 asked = b->enabled & BIT_ULL(agent) ? BIT_ULL(agent) : b->enabled;

	if (b->spent == s->bound && (asked & ~b->free)) {
		x->bounded->beyond = 1;
		asked &= b->free;
	}
	asked &= ~b->todo;
	b->todo |= asked;
	if (at < x->floor)
		part_ask(x, at, asked);
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

static void ask_for_reversals(struct sched *s)
{
	struct search *x = s->search;
	u32 i;

	for (i = 0; i < x->nr_races; i++) {
		const struct race *race = &x->race[i];
		u32 agent = race->second >= 0 ? x->node[race->second].agent : (u32)race->blocked;

		ask_for(s, (u32)race->first, agent);
		ask_for(s, stretch_before(x, (u32)race->first), agent);
	}
}

static bool next_branch(struct search *x, u32 at)
{
	struct bounded_node *b = &x->bounded->node[at];
	struct node *node = &x->node[at];
	u64 left = b->todo & ~b->done;

	if (node->kind == NODE_PICK)
		return pick_next(node);
	if (!left)
		return false;
	node->agent = (u8)__builtin_ctzll(left);
	b->done |= BIT_ULL(node->agent);
	return true;
}

bool bounded_end(struct sched *s)
{
	struct search *x = s->search;
	u32 length;

	x->bounded->executions++;
	if (x->diverged)
		return false;
	ask_for_reversals(s);
	for (length = x->length; length > x->floor; length--) {
		race_unlink(x, length - 1);
		if (next_branch(x, length - 1))
			break;
	}
	x->replay = length;
	x->over = length == x->floor;
	x->fresh = length - !x->over;
	return !x->over && x->nr_handed < SEARCH_HANDED / 2;
}

void bounded_load(struct search *x, u32 at, const struct mmut_part_node *from)
{
	x->bounded->node[at] = (struct bounded_node){ .done = from->left, .todo = from->todo | from->left };
}

void bounded_save(const struct search *x, u32 at, struct mmut_part_node *to)
{
	const struct bounded_node *b = &x->bounded->node[at];

	to->left = x->node[at].kind == NODE_RUN ? b->done : 0;
	to->todo = x->node[at].kind == NODE_RUN ? b->todo & ~b->done : 0;
}
