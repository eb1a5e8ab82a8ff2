// SPDX-License-Identifier: GPL-2.0-only
/*
 * The relations of the kernel's memory model, kept up to date while the graph grows.
 *
 * A new event stands last in its task's program order.  If it reads the newest store, or is the
 * newest store, nothing comes after it in any relation: only its own sets of predecessors are
 * worked out.  If not, it comes before the stores that it did not see, and what is propagated
 * from there; extend() brings those up to date and finds the cycles, all of which go through it.
 *
 * Relations have the names of the paper and of tools/memory-model.  Departures: every access is
 * a marked one; locks are read-modify-writes on a location of their own, in the order in which
 * they were taken.
 */
#include <string.h>

#include "lkmm.h"

void lkmm_graph_clear(struct lkmm_graph *g, u32 nr_tasks)
{
	u32 i;

	g->nr_events = g->nr_locations = 0;
	g->nr_tasks = nr_tasks;
	g->stores = g->noreturn = g->plain = 0;
	for (i = 0; i < nr_tasks; i++) {
		struct lkmm_task *t = &g->tasks[i];

		memset(t, 0, sizeof(*t));
		t->rmw = t->lock = t->unlock = LKMM_NONE;
		memset(t->load, LKMM_NONE, sizeof(t->load));
	}
}

void lkmm_graph_copy(struct lkmm_graph *to, const struct lkmm_graph *from)
{
	memcpy(to, from, offsetof(struct lkmm_graph, tasks));
	memcpy(to->tasks, from->tasks, from->nr_tasks * sizeof(*to->tasks));
	memcpy(to->locations, from->locations, from->nr_locations * sizeof(*to->locations));
	memcpy(to->events, from->events, from->nr_events * sizeof(*to->events));
	if (from->bounded)
		memcpy(to->bounds, from->bounds, from->nr_events * sizeof(*to->bounds));
}

/* The events of a set, and all that come before them by hb and pb. */
static event_set closed(const struct lkmm_graph *g, event_set set)
{
	event_set all = 0;

	while (set) {
		u32 n = event_last(set);

		all |= event_bit(n) | g->events[n].before;
		set &= ~all;
	}
	return all;
}

event_set lkmm_bound(const struct lkmm_graph *g, event_set set)
{
	event_set all = 0, rest;
	u32 n;

	for_each_event(n, set, rest)
		all |= g->events[n].bound;
	return all;
}

static event_set cumulated(const struct lkmm_graph *g, event_set set)
{
	event_set all = 0, rest;
	u32 n;

	for_each_event(n, set, rest)
		all |= g->events[n].cumul;
	return all;
}

static inline bool external(const struct lkmm_graph *g, u32 store, u32 task)
{
	return store != LKMM_NONE && g->events[store].task != task;
}

/* A-cumulativity: with the stores of others that these loads read from. */
static event_set with_sources(const struct lkmm_graph *g, event_set set)
{
	event_set all = set & ~g->plain, rest;
	u32 n;

	for_each_event(n, set & ~g->stores & ~g->plain, rest)
		if (external(g, g->events[n].from, g->events[n].task))
			all |= event_bit(g->events[n].from);
	return all & ~g->plain;
}

static event_set earlier_than(const struct lkmm_graph *g, u32 event)
{
	return g->tasks[g->events[event].task].po & (event_bit(event) - 1);
}

static event_set up_to(const struct lkmm_graph *g, u32 event)
{
	return event == LKMM_NONE ? 0 : earlier_than(g, event) | event_bit(event);
}

void lkmm_strong_fence(struct lkmm_graph *g, u32 task, event_set from)
{
	struct lkmm_task *t = &g->tasks[task];

	t->plain_strong |= from & g->plain;
	from &= ~g->plain;
	t->strong |= from;
	t->strong_cumul |= cumulated(g, with_sources(g, from));
	t->strong_bound |= lkmm_bound(g, from);
}

static event_set addresses_of(const struct lkmm_graph *g, event_set stores)
{
	event_set all = 0, rest;
	u32 n;

	for_each_event(n, stores, rest)
		all |= g->bounds[n].address;
	return all & ~g->plain;
}

void lkmm_fence(struct lkmm_graph *g, u32 task, enum fence fence)
{
	struct lkmm_task *t = &g->tasks[task];

	switch (fence) {
	case FENCE_MB:
		lkmm_strong_fence(g, task, t->po);
		break;
	case FENCE_RMB:
		t->rmb |= t->po & ~g->stores & ~g->noreturn & ~g->plain;
		t->plain_rmb |= t->po & g->plain;
		break;
	case FENCE_WMB:
		t->wmb |= t->po & g->stores & ~g->plain;
		t->plain_wmb |= t->po & g->stores & g->plain;
		t->address_wmb |= addresses_of(g, t->plain_wmb);
		break;
	case FENCE_BEFORE_ATOMIC:
		t->before_atomic |= t->po;
		break;
	case FENCE_AFTER_ATOMIC:
		lkmm_strong_fence(g, task, up_to(g, t->rmw));
		break;
	case FENCE_AFTER_SPINLOCK:
		lkmm_strong_fence(g, task, up_to(g, t->lock));
		break;
	case FENCE_AFTER_UNLOCK_LOCK:
		lkmm_strong_fence(g, task, t->unlock_lock);
		break;
	case FENCE_AFTER_SRCU_UNLOCK:
		lkmm_strong_fence(g, task, t->srcu_unlocked);
		break;
	case FENCE_BARRIER:
	case NR_FENCES:
		break;
	}
}

/* The place of an access in the coherence order of its location: 0 is before every store. */
static inline u32 place(const struct lkmm_graph *g, u32 n)
{
	const struct lkmm_event *e = &g->events[n];

	if (e->store)
		return e->rank;
	return e->from == LKMM_NONE ? 0 : g->events[e->from].rank;
}

/* Accesses of others to the location of store `n` that come before it in coherence order. */
static event_set overwritten_by(const struct lkmm_graph *g, u32 n)
{
	const struct lkmm_event *e = &g->events[n];
	event_set found = 0, rest, others;
	u32 x;

	others = g->locations[e->location].accesses & ~g->tasks[e->task].po & ~event_bit(n) & ~g->plain;
	for_each_event(x, others, rest)
		if (place(g, x) < e->rank)
			found |= event_bit(x);
	return found;
}

/* Stores of others behind `store`, or all of them behind LKMM_NONE. */
static event_set overwrites(const struct lkmm_graph *g, u32 location, u32 store, u32 task)
{
	u32 n = store == LKMM_NONE ? g->locations[location].first : g->events[store].next;
	event_set found = 0;

	for (; n != LKMM_NONE; n = g->events[n].next)
		if (g->events[n].task != task)
			found |= event_bit(n);
	return found & ~g->plain;
}

/* prop: (overwrite & ext)? ; cumul-fence* ; rfe? */
static event_set propagated(const struct lkmm_graph *g, const struct lkmm_event *e)
{
	event_set all = e->cumul, rest;
	u32 n;

	for_each_event(n, e->cumul, rest)
		all |= g->events[n].overwritten;
	if (!e->store && external(g, e->from, e->task))
		all |= g->events[e->from].prop;
	return all;
}

static void refresh_bounds(struct lkmm_graph *g)
{
	u32 i;

	for (i = 0; i <= g->nr_events; i++)
		g->events[i].bound = closed(g, g->events[i].prop);
	for (i = 0; i < g->nr_tasks; i++)
		g->tasks[i].strong_bound = lkmm_bound(g, g->tasks[i].strong);
}

/* The new event, the last one, comes before the stores in `unseen`: what follows.  False: a cycle. */
static bool extend(struct lkmm_graph *g, event_set unseen)
{
	u32 me = g->nr_events, n;
	struct lkmm_event *e = &g->events[me];
	event_set reached = 0, next = 0, mine = event_bit(me) | e->before;

	for (n = 0; n < me; n++) {
		struct lkmm_event *x = &g->events[n];
		bool here = (x->cumul & unseen) != 0;

		if (g->plain & event_bit(n))
			continue;
		if (unseen & event_bit(n))
			x->overwritten |= event_bit(me);
		if (!here && !x->store && external(g, x->from, x->task))
			here = (g->events[x->from].cumul & unseen) != 0;
		if (!here)
			continue;
		reached |= event_bit(n);
		x->prop |= event_bit(me);
	}
	for (n = 0; n < me; n++)	/* hb by prop & int; pb */
		if ((reached & event_bit(n) && g->events[n].task == e->task) || g->events[n].strong & reached)
			next |= event_bit(n);
	if (next & mine || e->strong & reached)
		return false;
	for (n = 0; n < me; n++)
		if (next & event_bit(n) || g->events[n].before & next)
			g->events[n].before |= mine;
	return true;
}

/* The new event's bounds, as memory_lkmm_plain.c wants them. */
static void bound_it(struct lkmm_graph *g, const struct lkmm_access *a)
{
	const struct lkmm_task *t = &g->tasks[a->task];
	u32 me = g->nr_events, from = g->events[me].from;
	struct lkmm_bounds *b = &g->bounds[me];
	bool store = g->events[me].store, ordered = a->plain ? true : !a->noreturn && !store;

	*b = (struct lkmm_bounds){ .data = a->data, .address = a->address };
	if (!store && from != LKMM_NONE && g->events[from].task == a->task)
		b->carried = g->bounds[from].data;
	if (a->plain) {
		b->strong = t->strong;
		b->ordered = (a->address | t->acquire) & ~g->plain;
		b->wmb = store ? t->wmb : 0;
	} else {
		b->strong = t->plain_strong;
		b->ordered = a->order == ORDER_RELEASE && store ? t->po & g->plain : 0;
		b->wmb = store ? t->plain_wmb : 0;
	}
	if (ordered)
		b->rmb = a->plain ? t->rmb : t->plain_rmb;
}

static bool append(struct lkmm_graph *g, const struct lkmm_access *a)
{
	if (a->plain)
		g->plain |= event_bit(g->nr_events);
	g->tasks[a->task].po |= event_bit(g->nr_events);
	g->locations[a->location].accesses |= event_bit(g->nr_events++);
	return true;
}

/* `direct`: hb predecessors that are known; the rest follows from the sets of the event. */
static bool complete(struct lkmm_graph *g, const struct lkmm_access *a, event_set direct, event_set unseen)
{
	struct lkmm_event *e = &g->events[g->nr_events];
	struct lkmm_task *t = &g->tasks[a->task];

	if (g->bounded)
		bound_it(g, a);
	if (a->plain)
		return append(g, a);
	direct &= ~g->plain;
	e->prop = propagated(g, e);
	direct |= (t->acquire | t->strong | t->unlock_lock | e->prop) & t->po;
	e->before = closed(g, direct | a->assumed) | t->strong_bound;
	if (unseen && !extend(g, unseen))
		return false;
	if (unseen)
		refresh_bounds(g);
	else
		e->bound = closed(g, e->prop);
	return append(g, a);
}

static struct lkmm_event *new_event(struct lkmm_graph *g, const struct lkmm_access *a)
{
	const struct lkmm_task *t = &g->tasks[a->task];
	struct lkmm_event *e = &g->events[g->nr_events];

	*e = (struct lkmm_event){
		.task = (u8)a->task, .location = (u8)a->location, .value = a->value, .strong = t->strong,
		.from = LKMM_NONE, .next = LKMM_NONE, .pair = LKMM_NONE,
		.cumul = event_bit(g->nr_events) | t->strong_cumul | cumulated(g, t->unlock_lock),
	};
	if (a->plain)
		e->strong = e->cumul = 0;
	return e;
}

bool lkmm_add_load(struct lkmm_graph *g, const struct lkmm_access *a, u32 from)
{
	struct lkmm_task *t = &g->tasks[a->task];
	struct lkmm_event *e = new_event(g, a);
	event_set direct = a->address;
	u32 me = g->nr_events;

	e->from = (u8)from;
	if (external(g, from, a->task))
		direct |= event_bit(from);
	else if (from != LKMM_NONE && !(g->plain & event_bit(from)))
		direct |= g->events[from].depends;
	if (!a->noreturn)
		direct |= t->rmb;
	if (!complete(g, a, direct, overwrites(g, a->location, from, a->task)))
		return false;
	if (a->noreturn)
		g->noreturn |= event_bit(me);
	if (a->order == ORDER_ACQUIRE)
		t->acquire |= event_bit(me);
	g->locations[a->location].floor[a->task] = (u8)from;
	return true;
}

static void link_behind(struct lkmm_graph *g, struct lkmm_location *l, u32 n, u32 behind)
{
	struct lkmm_event *e = &g->events[n];
	u32 rank = behind == LKMM_NONE ? 1 : g->events[behind].rank + 1u;

	e->next = behind == LKMM_NONE ? l->first : g->events[behind].next;
	if (behind == LKMM_NONE)
		l->first = (u8)n;
	else
		g->events[behind].next = (u8)n;
	if (e->next == LKMM_NONE)
		l->last = (u8)n;
	for (; n != LKMM_NONE; n = g->events[n].next)
		g->events[n].rank = (u8)rank++;
}

bool lkmm_add_store(struct lkmm_graph *g, const struct lkmm_access *a, u32 behind, u32 pair)
{
	struct lkmm_task *t = &g->tasks[a->task];
	struct lkmm_location *l = &g->locations[a->location];
	struct lkmm_event *e = new_event(g, a);
	event_set direct = a->address | a->data | a->control | t->wmb | t->address_wmb | (l->accesses & t->po);
	u32 me = g->nr_events, source = pair == LKMM_NONE ? LKMM_NONE : g->events[pair].from;

	e->store = 1;
	e->pair = (u8)pair;
	e->depends = a->address | a->data;
	if (!a->plain)
		e->cumul |= cumulated(g, t->wmb);
	if (a->order == ORDER_RELEASE) {
		direct |= t->po;
		e->cumul |= cumulated(g, with_sources(g, t->po));
	}
	if (a->plain)
		e->cumul = 0;
	if (source != LKMM_NONE)	/* rmw-sequence */
		e->cumul |= g->events[source].cumul & ~event_bit(source);
	link_behind(g, l, me, behind);
	e->overwritten = overwritten_by(g, me);
	if (!complete(g, a, direct, overwrites(g, a->location, me, a->task)))
		return false;
	g->stores |= event_bit(me);
	l->floor[a->task] = (u8)me;
	if (pair != LKMM_NONE)
		t->rmw = (u8)me;
	return true;
}

/*
 * What stood before the unlocks of this location that a lock has to wait for, by anybody, and before
 * those of this task, anywhere.  All of them and not the last alone: between a writer's unlock and
 * the next writer's lock, readers may have come and gone.
 */
static event_set before_unlocks(const struct lkmm_graph *g, const struct lkmm_task *t, u32 location, bool shared)
{
	event_set all = t->unlock == LKMM_NONE ? 0 : earlier_than(g, t->unlock);
	u32 n;

	for (n = g->locations[location].first; n != LKMM_NONE; n = g->events[n].next)
		if (g->events[n].unlock == LKMM_EXCLUSIVE || (g->events[n].unlock == LKMM_SHARED && !shared))
			all |= earlier_than(g, n);
	return all;
}

void lkmm_lock(struct lkmm_graph *g, u32 task, u32 location, bool shared)
{
	struct lkmm_task *t = &g->tasks[task];
	struct lkmm_access a = { .task = task, .location = location, .order = ORDER_ACQUIRE, .value = 1 };
	u32 last = g->locations[location].last;

	lkmm_add_load(g, &a, last);
	g->events[g->nr_events - 1].shared = shared;
	t->unlock_lock |= before_unlocks(g, t, location, shared);
	a.order = ORDER_RELAXED;
	lkmm_add_store(g, &a, last, g->nr_events - 1);
	g->events[g->nr_events - 1].shared = shared;
	t->lock = (u8)(g->nr_events - 1);
}

/* It has seen that the lock is held, and branches depend on that. */
void lkmm_lock_failed(struct lkmm_graph *g, u32 task, u32 location)
{
	struct lkmm_access a = { .task = task, .location = location, .order = ORDER_RELAXED, .value = 1 };

	if (current->depends.known && current->depends.load < 63)
		g->tasks[task].load[current->depends.load] = (u8)g->nr_events;
	lkmm_add_load(g, &a, g->locations[location].last);
}

void lkmm_unlock(struct lkmm_graph *g, u32 task, u32 location, bool shared)
{
	struct lkmm_task *t = &g->tasks[task];
	struct lkmm_access a = { .task = task, .location = location, .order = ORDER_RELAXED };
	u32 last = g->locations[location].last, pair = LKMM_NONE;

	if (shared) {	/* readers take themselves off the count */
		lkmm_add_load(g, &a, last);
		pair = g->nr_events - 1;
		g->events[pair].shared = 1;
	}
	a.order = ORDER_RELEASE;
	lkmm_add_store(g, &a, last, pair);
	g->events[g->nr_events - 1].shared = shared;
	g->events[g->nr_events - 1].unlock = shared ? LKMM_SHARED : LKMM_EXCLUSIVE;
	if (!shared)
		t->unlock = (u8)(g->nr_events - 1);
}
