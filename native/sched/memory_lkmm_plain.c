// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plain accesses in the kernel's memory model: those that the compiler may do as it likes.
 *
 * They take no part in hb, prop and pb.  What they have are bounds: marked accesses that come
 * before or after them by a fence or an address dependency.  Of a plain access and a conflicting
 * one of another task these say whether the one is visible to the other (vis), or over before it
 * (xb).  An order of the two that contradicts this is refused (plain-coherence); a pair that is
 * not ordered is a data race, and the execution is flagged.  Names are those of tools/memory-model.
 */
#include "lkmm.h"

/* Relations over a whole graph, as sets of predecessors; worked out when they are asked for. */
struct whole {
	const struct lkmm_graph *g;
	struct lkmm_rcu_order rcu;
	event_set rcu_fence[LKMM_EVENTS];	/* x: x rcu-fence this, plain ones too */
	event_set xb[LKMM_EVENTS];	/* x: x (hb | pb | rb)* this */
	event_set vis[LKMM_EVENTS];	/* x: x vis this */
};

static inline bool is_in(event_set set, u32 n)
{
	return (set & event_bit(n)) != 0;
}

/* rcu-fence: po ; rcu-order ; po? */
static void find_rcu_fences(struct whole *w)
{
	u32 a, b, n;

	for (n = 0; n < w->g->nr_events; n++) {
		w->rcu_fence[n] = 0;
		for (a = 0; a < w->rcu.n; a++)
			for (b = 0; b < w->rcu.n; b++)
				if (w->rcu.order[a] & 1u << b && is_in(w->rcu.leave[b], n))
					w->rcu_fence[n] |= w->rcu.enter[a];
	}
}

/* rb: prop ; rcu-fence */
static event_set behind_grace_periods(const struct whole *w, u32 n)
{
	event_set all = 0, rest;
	u32 x;

	for_each_event(x, w->rcu_fence[n], rest)
		all |= w->g->events[x].prop;
	return all;
}

static void find_xb(struct whole *w)
{
	const struct lkmm_graph *g = w->g;
	bool changed = true;
	event_set rest;
	u32 n, x;

	for (n = 0; n < g->nr_events; n++)
		w->xb[n] = is_in(g->plain, n) ? 0 :
			   event_bit(n) | g->events[n].before | behind_grace_periods(w, n);
	while (changed) {
		changed = false;
		for (n = 0; n < g->nr_events; n++) {
			event_set all = w->xb[n];

			for_each_event(x, w->xb[n], rest)
				all |= w->xb[x];
			changed |= all != w->xb[n];
			w->xb[n] = all;
		}
	}
}

/* cumul-fence* ; rfe? ; [Marked] */
static event_set cumulated_to(const struct lkmm_graph *g, u32 n)
{
	const struct lkmm_event *e = &g->events[n];
	event_set all = e->cumul;

	if (!e->store && e->from != LKMM_NONE && g->events[e->from].task != e->task)
		all |= g->events[e->from].cumul;
	return all & ~g->plain;
}

static void find_vis(struct whole *w)
{
	const struct lkmm_graph *g = w->g;
	event_set by_fence[LKMM_EVENTS], rest, more;
	u32 n, z, f;

	for (n = 0; n < g->nr_events; n++) {
		by_fence[n] = 0;
		for_each_event(f, (g->events[n].strong | w->rcu_fence[n]) & ~g->plain, rest)
			by_fence[n] |= cumulated_to(g, f);
	}
	for (n = 0; n < g->nr_events; n++) {
		w->vis[n] = 0;
		for_each_event(z, w->xb[n], more) {
			w->vis[n] |= by_fence[z];
			if (g->events[z].task == g->events[n].task)
				w->vis[n] |= cumulated_to(g, z);
		}
	}
}

static void look_at(struct whole *w, const struct lkmm *m, const struct lkmm_graph *g)
{
	w->g = g;
	lkmm_rcu_orders(m, g, &w->rcu);
	find_rcu_fences(w);
	find_xb(w);
	find_vis(w);
}

/* ---------------------------------------------------------------- bounds */

/* Marked events that follow: w-post-bounded for stores as such, r-post-bounded otherwise. */
static event_set post_bounds(const struct whole *w, u32 n, bool as_store)
{
	const struct lkmm_graph *g = w->g;
	event_set all = is_in(g->plain, n) ? 0 : event_bit(n);
	u32 q;

	for (q = 0; q < g->nr_events; q++) {
		const struct lkmm_bounds *b = &g->bounds[q];
		event_set before = b->strong | b->ordered | (as_store ? b->wmb | w->rcu_fence[q] : b->rmb);

		if (!is_in(g->plain, q) && is_in(before, n))
			all |= event_bit(q);
		/* rmw-sequence */
		if (as_store && g->events[q].pair != LKMM_NONE) {
			u32 source = g->events[g->events[q].pair].from;

			if (source != LKMM_NONE && is_in(all, source))
				all |= event_bit(q);
		}
	}
	return all;
}

static event_set pre_bounds(const struct whole *w, u32 n, bool as_store)
{
	const struct lkmm_bounds *b = &w->g->bounds[n];

	if (!is_in(w->g->plain, n))
		return event_bit(n);
	return b->strong | b->ordered | (as_store ? b->wmb | (w->rcu_fence[n] & ~w->g->plain) : b->rmb);
}

/* Marked events that a strong fence, or enough grace periods, put behind it. */
static event_set behind_strong_fence(const struct whole *w, u32 n)
{
	const struct lkmm_graph *g = w->g;
	event_set all = 0;
	u32 q;

	for (q = 0; q < g->nr_events; q++)
		if (!is_in(g->plain, q) && is_in(g->events[q].strong | g->bounds[q].strong | w->rcu_fence[q], n))
			all |= event_bit(q);
	return all;
}

static event_set before_any(const event_set *relation, event_set set)
{
	event_set all = 0, rest;
	u32 n;

	for_each_event(n, set, rest)
		all |= relation[n];
	return all;
}

/* ww-vis, or wr-vis */
static bool visible_to(const struct whole *w, u32 x, u32 y, bool to_store)
{
	event_set pre = pre_bounds(w, y, to_store);

	return is_in(w->rcu_fence[y], x) || behind_strong_fence(w, x) & before_any(w->xb, pre) ||
	       post_bounds(w, x, true) & before_any(w->vis, pre);
}

/* rw-xbstar */
static bool over_before(const struct whole *w, u32 x, u32 y)
{
	return is_in(w->rcu_fence[y], x) || post_bounds(w, x, false) & before_any(w->xb, pre_bounds(w, y, true));
}

/* ---------------------------------------------------------------- pairs */

static u32 place(const struct lkmm_graph *g, u32 n)
{
	const struct lkmm_event *e = &g->events[n];

	if (e->store)
		return e->rank;
	return e->from == LKMM_NONE ? 0 : g->events[e->from].rank;
}

/* Does the bounds' order of the two contradict the order that they have? */
static bool incoherent(const struct whole *w, u32 x, u32 y)
{
	const struct lkmm_graph *g = w->g;

	if (g->events[x].store && g->events[y].store)	/* x co y */
		return visible_to(w, y, x, true);
	if (g->events[x].store)				/* x rf y, or y reads from behind it */
		return g->events[y].from == x && over_before(w, y, x);
	return visible_to(w, y, x, false);		/* x fr y */
}

static bool is_race(const struct whole *w, u32 x, u32 y)
{
	const struct lkmm_graph *g = w->g;
	bool plain_x = is_in(g->plain, x), plain_y = is_in(g->plain, y);

	if (g->events[x].store && g->events[y].store)
		return !visible_to(w, x, y, true) || (plain_x && !over_before(w, x, y)) ||
		       (plain_y && !visible_to(w, x, y, false));
	if (g->events[x].store)
		return !visible_to(w, x, y, false) && !over_before(w, y, x);
	return !over_before(w, x, y);
}

/* Is there a pair like that, the first of the two before the other by coherence? */
static bool any_pair(const struct whole *w, bool (*test)(const struct whole *, u32 x, u32 y))
{
	const struct lkmm_graph *g = w->g;
	event_set rest, others;
	u32 x, y;

	for_each_event(x, g->plain, rest) {
		const struct lkmm_event *e = &g->events[x];
		event_set same = g->locations[e->location].accesses & ~g->tasks[e->task].po;

		for_each_event(y, same, others) {
			const struct lkmm_event *f = &g->events[y];
			bool first = place(g, x) < place(g, y) || (place(g, x) == place(g, y) && e->store);

			if ((e->store || f->store) && (first ? test(w, x, y) : test(w, y, x)))
				return true;
		}
	}
	return false;
}

bool lkmm_plain_allows(const struct lkmm *m, const struct lkmm_graph *g)
{
	struct whole w;

	look_at(&w, m, g);
	return !any_pair(&w, incoherent);
}

bool lkmm_plain_races(const struct lkmm *m)
{
	struct whole w;

	if (!m->exact || !m->now->plain)
		return false;
	look_at(&w, m, m->now);
	return any_pair(&w, is_race);
}
