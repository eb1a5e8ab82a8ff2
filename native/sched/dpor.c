// SPDX-License-Identifier: GPL-2.0-only
/*
 * Optimal dynamic partial order reduction with wakeup trees (Abdulla, Aronis, Jonsson, Sagonas,
 * J. ACM 2017): one execution for each class of executions that differ only in the order of
 * independent transitions.
 *
 * Deviations: picks are branches of the tree and are all explored; transitions that wait are reversed as
 * race.c says.
 */
#include "sched.h"
#include "bound.h"
#include "lkmm.h"
#include "symmetry.h"

static void dpor_begin(struct sched *s)
{
	struct search *x = s->search;

	if (s->bound_kind != BOUND_NONE) {
		bounded_begin(s);
		return;
	}
	search_start(s);
	x->length = 0;
	x->linked = 0;
	x->run = -1;
}

/* Whoever slept before the last transition and does not depend on it sleeps on. */
u64 search_fall_asleep(struct search *x, struct node *node)
{
	const struct node *last;
	u64 asleep = 0;
	u32 i;

	node->inherited = 0;
	if (x->run < 0 || (x->ablate & ABLATE_SLEEP))
		return 0;
	last = &x->node[x->run];
	for (i = 0; i < last->sleep_count; i++) {
		const struct sleeper *q = &x->sleeper[last->sleep_first + i];

		if (q->agent == last->agent || depend(&q->acc, &last->acc))
			continue;
		asleep |= BIT_ULL(q->agent);
		x->sleeper[x->nr_sleepers++] = *q;
		node->sleep_count++;
	}
	node->inherited = node->sleep_count;
	return asleep;
}

/* The leftmost branch of what is known, if it can be taken. */
static bool follow_tree(struct search *x, struct node *node, u64 enabled, u32 *agent)
{
	struct branch *b = &x->wakeup.branch[x->tree];

	node->tree = x->tree;
	x->tree = 0;
	if (!node->tree)
		return false;
	*agent = b->agent;
	if (b->is_pick || !(enabled & BIT_ULL(b->agent))) {
		x->mismatches++;
		wakeup_free(&x->wakeup, node->tree);
		node->tree = 0;
		return false;
	}
	node->subtree = b->children;
	wakeup_release(&x->wakeup, wakeup_take(&x->wakeup, &node->tree));
	return true;
}

static u32 new_node(struct sched *s, u64 enabled, u32 fallback)
{
	struct search *x = s->search;
	u32 at = x->length, agent;
	struct node *node = search_next(s, NODE_RUN);
	u64 awake, asleep;

	if (node && x->nr_sleepers + SEARCH_LANES > SEARCH_SLEEPERS) {
		x->too_many++;
		node = NULL;
	}
	if (!node)
		search_cut(s);
	asleep = search_fall_asleep(x, node);
	awake = enabled & ~asleep;
	if (unlikely(x->unsure)) {
		x->unsure = 0;
		x->asleep = asleep;
		if (asleep) {
			x->length--;
			search_cut(s);
		}
	}
	if (unlikely(x->left)) {
		part_add_sleepers(s, node, x->left & ~asleep, enabled);
		awake &= ~x->left;
		x->left = 0;
	}
	if (!follow_tree(x, node, enabled, &agent)) {
		if (!awake) {
			x->length--;
			x->cut++;
			search_cut(s);
		}
		agent = awake & BIT_ULL(fallback) ? fallback : (u32)__builtin_ctzll(awake);
	}
	search_record(s, node, agent);
	x->tree = node->subtree;
	node->subtree = 0;
	x->run = (s32)at;
	return agent;
}

static u32 next_agent(struct sched *s, u64 enabled, u32 me, u32 fallback)
{
	struct search *x = s->search;
	struct node *node = &x->node[x->length];

	if (unlikely(s->bound_kind != BOUND_NONE))
		return bounded_choose(s, enabled, me, fallback);
	if (unlikely(s->buffered))
		enabled &= ~waits_for_drain(s);
	if (x->length >= x->replay)
		return new_node(s, enabled, fallback);
	if (unlikely(node->kind != NODE_RUN || !(enabled & BIT_ULL(node->agent)))) {
		x->diverged++;
		search_cut(s);
	}
	if (unlikely(x->restoring))
		part_restore(s, node, enabled);
	x->run = (s32)x->length++;
	if (x->length == x->replay) {
		search_record(s, node, node->agent);
		x->restoring = 0;
		x->tree = node->subtree;
		node->subtree = 0;
	}
	return node->agent;
}

static u32 dpor_choose(struct sched *s, u64 enabled, u32 me, u32 fallback)
{
	u32 agent;

	if (likely(!s->behind))
		return next_agent(s, enabled, me, fallback);
	enabled &= ~s->behind;
	if (!enabled) {			/* who begins before all of these has no first step: it is no twin */
		s->search->diverged++;
		search_cut(s);
	}
	agent = next_agent(s, enabled, me, fallback);
	symmetry_step(s, agent);
	return agent;
}

/* The branch of `alternative` below a pick; what hangs on it goes to the transition behind. */
static void follow_alternative(struct search *x, struct node *node)
{
	struct wakeup *w = &x->wakeup;
	u32 n;

	for (n = node->tree; n && w->branch[n].alternative != node->choice; n = w->branch[n].next)
		;
	x->tree = n ? w->branch[n].children : 0;
	if (n)
		w->branch[n].children = 0;
}

/* Of a part: nobody knew that there is no such execution. */
static u32 picked(struct sched *s, const struct node *node)
{
	if (!(node->possible >> node->choice & 1)) {
		s->search->cut++;
		search_cut(s);
	}
	return node->choice;
}

static u32 dpor_pick_possible(struct sched *s, pick_set possible, u32 n)
{
	struct search *x = s->search;
	struct node *node = &x->node[x->length];

	if (unlikely(s->bound_kind != BOUND_NONE))
		return bounded_pick(s, possible, n);
	if (x->length < x->replay) {
		if (unlikely(node->kind != NODE_PICK || node->n != n)) {
			x->diverged++;
			search_cut(s);
		}
		x->length++;
		node->possible = possible;
		if (x->restoring)
			node->sleep_first = x->nr_sleepers;
		if (x->length == x->replay) {
			x->restoring = 0;
			follow_alternative(x, node);
		}
		return picked(s, node);
	}
	node = search_next(s, NODE_PICK);
	if (!node)
		search_cut(s);
	node->n = (u16)n;
	node->possible = possible;
	node->choice = pick_first(possible);
	node->tree = x->tree;
	if (x->tree && !x->wakeup.branch[x->tree].is_pick) {
		x->mismatches++;
		wakeup_free(&x->wakeup, x->tree);
		node->tree = 0;
	}
	follow_alternative(x, node);
	return node->choice;
}

static u32 dpor_pick(struct sched *s, u32 n, enum pick what)
{
	return dpor_pick_possible(s, pick_all(n), n);
}

/* What has been explored from `node` sleeps from now on; is there another branch? */
static bool next_branch(struct search *x, u32 i)
{
	struct node *node = &x->node[i];
	struct branch *b;

	if (node->kind == NODE_PICK) {
		if (pick_next(node))
			return true;
		wakeup_free(&x->wakeup, node->tree);
		x->nr_sleepers = node->sleep_first;
		return false;
	}
	x->nr_sleepers = node->sleep_first + node->sleep_count;
	if (!node->tree)
		return false;
	x->sleeper[x->nr_sleepers++] = (struct sleeper){ .acc = node->acc, .agent = node->agent };
	node->sleep_count++;
	b = &x->wakeup.branch[node->tree];
	node->agent = b->agent;
	node->subtree = b->children;
	wakeup_release(&x->wakeup, wakeup_take(&x->wakeup, &node->tree));
	return true;
}

/* Those with a transition that is no longer there, or with one that was only announced. */
static void forget_races(struct search *x)
{
	const struct race *last = x->race + x->nr_races;

	while (last > x->race && (last[-1].second < 0 || (u32)last[-1].second >= x->fresh))
		last--;
	x->nr_races = (u32)(last - x->race);
}

static bool dpor_end(struct sched *s)
{
	struct search *x = s->search;
	u32 i, length;

	if (unlikely(s->bound_kind != BOUND_NONE))
		return bounded_end(s);
	if (!x->linked)		/* given up before anybody ran */
		race_link(s);
	if (unlikely(x->asleep)) {
		x->fresh = x->length;
		return false;
	}
	for (i = 0; i < x->nr_races; i++)
		race_reverse(s, &x->race[i]);
	x->classes += !s->cut;
	if (x->tree) {			/* cut off before it was followed */
		wakeup_free(&x->wakeup, x->tree);
		x->tree = 0;
	}
	if (x->diverged) {		/* whoever takes up another part unlinks it all */
		x->fresh = x->length;
		return false;
	}
	for (length = x->length; length > x->floor; length--) {
		race_unlink(x, length - 1);
		if (next_branch(x, length - 1))
			break;
	}
	x->replay = length;
	x->over = length == x->floor;
	x->fresh = length - !x->over;
	forget_races(x);
	return !x->over && x->nr_handed < SEARCH_HANDED / 2;
}

/* Without a bound nothing is seen twice, but under lkmm: see search_class(). */
static bool dpor_seen(struct sched *s)
{
	if (s->bound_kind != BOUND_NONE)
		return bounded_seen(s);
	race_link(s);
	s->explored_class = search_class(s);
	if (!s->lkmm || s->cut)
		return false;
	if (lkmm_allows_end(s->lkmm) && search_is_new(s->search, s->explored_class))
		return false;
	s->search->cut++;
	return true;
}

const struct strategy strategy_dpor = {
	.name = "dpor",
	.text = "every class of schedules once: optimal dynamic partial order reduction",
	.begin = dpor_begin,
	.choose = dpor_choose,
	.pick = dpor_pick,
	.pick_possible = dpor_pick_possible,
	.seen = dpor_seen,
	.end = dpor_end,
	.exhaustive = true,
	.whole_steps = true,
};
