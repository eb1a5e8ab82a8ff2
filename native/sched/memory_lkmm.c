// SPDX-License-Identifier: GPL-2.0-only
/*
 * LKMM: the kernel's memory model, by execution.  What may happen is decided in lkmm.h's graph;
 * here accesses are described to it, its alternatives are put to the strategy, and memory is
 * kept: a word always holds the last store in coherence order.
 *
 * A program says what each access depends on (struct dependencies).  Compiled code cannot, so
 * what it might depend on is taken for granted: a store comes after all earlier loads of its
 * task, and a load after those that found the address of what it reads (a pointer into the same
 * 4K, or a page-table entry with the frame's number).  Its stores take their places in the order
 * in which they are made and its read-modify-writes find the newest value, so that oracles may
 * look at memory; loads alone are late.
 *
 * A graph for each of millions of events would cost too much.  An execution of compiled code has
 * windows instead, drawn anew for each, and in between it is sequentially consistent.
 */
#include <string.h>

#include "../core/frame.h"
#include "../core/rcu.h"
#include "annotation.h"
#include "lkmm.h"

#define ROOM		3	/* events that one access needs at most */
#define PFN_BITS	0x000ffffffffff000ULL
#define GAP_BITS	11	/* steps between windows: below 2^11, small ones as likely as large ones */

static u64 next_gap(struct lkmm *m)
{
	return prng_below(&m->rng, 1u << prng_below(&m->rng, GAP_BITS + 1));
}

static void clear(struct lkmm *m)
{
	lkmm_graph_clear(m->now, arena_of()->nr_tasks);
	memset(m->bucket, LKMM_NONE, sizeof(m->bucket));
	memset(m->started, 0, sizeof(m->started));
	memset(m->ended, 0, sizeof(m->ended));
	m->nr_sections = m->ticks = 0;
}

void lkmm_new_window(struct lkmm *m)
{
	u32 i;

	m->windows = mix64(m->windows ^ lkmm_graph_class(m->now)) | 1;
	clear(m);
	m->exact = m->graph[0].bounded = m->graph[1].bounded = 0;
	for (i = 0; i < arena_of()->nr_tasks; i++)
		m->grace[i].ended = 0;
}

void lkmm_begin(struct lkmm *m, bool exhaustive)
{
	const struct arena *arena = arena_of();
	bool program = !arena->kvm, whole = program || exhaustive;

	m->now = &m->graph[0];
	clear(m);
	m->windows = 0;
	memset(m->grace, 0, sizeof(m->grace));
	memset(m->reading, 0, sizeof(m->reading));
	prng_init(&m->rng, arena->seed, arena->iteration, STREAM_MEMORY);
	m->whole = whole;
	m->exact = m->graph[0].bounded = m->graph[1].bounded = program;
	m->active = whole || prng_below(&m->rng, 2);
	m->next_window = m->active ? 0 : next_gap(m);
}

/* Is the graph to take events now?  There is room for one more access if so. */
static bool recording(struct lkmm *m)
{
	u64 step = arena_of()->step;

	if (!m->active) {
		if (step < m->next_window)
			return false;
		m->active = 1;
	}
	if (m->now->nr_events + ROOM <= LKMM_EVENTS)
		return true;
	lkmm_new_window(m);
	if (m->whole)
		return true;
	m->active = 0;
	m->next_window = step + next_gap(m);
	return false;
}

/* ---------------------------------------------------------------- locations */

static u64 word(const void *addr, u32 size)
{
	switch (size) {
	case 8:
		return *(const volatile u64 *)addr;
	case 4:
		return *(const volatile u32 *)addr;
	default:
		return *(const volatile u8 *)addr;
	}
}

static inline u64 truncated(u64 value, u32 size)
{
	return value & ~0ULL >> (64 - 8 * size);
}

static u64 value_of(const struct lkmm_graph *g, u32 location, u32 store)
{
	return store == LKMM_NONE ? g->locations[location].base : g->events[store].value;
}

static u8 *find_bucket(struct lkmm *m, const void *addr)
{
	const struct lkmm_graph *g = m->now;
	u32 at = (u32)(mix64((u64)addr - (u64)arena_of()) % LKMM_BUCKETS);

	while (m->bucket[at] != LKMM_NONE && g->locations[m->bucket[at]].addr != addr)
		at = (at + 1) % LKMM_BUCKETS;
	return &m->bucket[at];
}

/* Its history so far; a new one where somebody has changed the word without an event. */
static u32 location_of(struct lkmm *m, void *addr, u32 size)
{
	struct lkmm_graph *g = m->now;
	u8 *bucket = find_bucket(m, addr);
	u64 now = size ? word(addr, size) : 0;
	struct lkmm_location *l;

	if (*bucket != LKMM_NONE) {
		l = &g->locations[*bucket];
		if (l->lock || value_of(g, *bucket, l->last) == now)
			return *bucket;
	}
	*bucket = (u8)g->nr_locations;
	l = &g->locations[g->nr_locations++];
	l->addr = addr;
	l->base = now;
	l->first = l->last = LKMM_NONE;
	l->lock = !size;
	l->accesses = 0;
	memset(l->floor, LKMM_NONE, arena_of()->nr_tasks);
	return *bucket;
}

/* Of a lock, by its first word, which spin_is_locked() looks at. */
static u32 lock_location(struct lkmm *m, void *lock)
{
	u8 bucket = *find_bucket(m, lock);

	if (bucket == LKMM_NONE)
		return location_of(m, lock, 0);
	m->now->locations[bucket].lock = 1;
	return bucket;
}

/* A frame changes its owner: its words have no past. */
static void forget_frame(struct lkmm *m, u32 frame)
{
	struct lkmm_graph *g = m->now;
	u32 i;

	for (i = 0; i < LKMM_BUCKETS; i++)
		if (m->bucket[i] != LKMM_NONE && frame_of_addr(g->locations[m->bucket[i]].addr) == frame)
			g->locations[m->bucket[i]].addr = NULL;
}

/* ---------------------------------------------------------------- dependencies */

static event_set loads_told(const struct lkmm_graph *g, const struct lkmm_task *t, u64 told)
{
	event_set all = 0;

	if (told >> 63)		/* all from number 63 on */
		all = t->po & ~g->stores;
	for (; told; told &= told - 1) {
		u32 n = t->load[__builtin_ctzll(told)];

		if (n != LKMM_NONE)
			all |= event_bit(n) | (g->bounded ? g->bounds[n].carried : 0);
	}
	return all;
}

/* Could this value have led to that address? */
static inline bool leads_to(u64 value, const void *addr, u64 frame)
{
	return (u64)addr - value < 4096 || (frame && (value & PFN_BITS) >> PAGE_SHIFT == frame);
}

static event_set loads_assumed(const struct lkmm_graph *g, const struct event *ev)
{
	event_set loads = g->tasks[ev->task].po & ~g->stores, all = 0, rest;
	u64 frame;
	u32 n;

	if (ev->op != OP_LOAD && ev->op != OP_AWAIT)
		return loads;
	frame = frame_of_addr(ev->addr);
	for_each_event(n, loads, rest)
		if (leads_to(g->events[n].value, ev->addr, frame))
			all |= event_bit(n);
	return all;
}

static struct lkmm_access describe(struct lkmm *m, const struct event *ev)
{
	const struct dependencies *d = &current->depends;
	const struct lkmm_graph *g = m->now;
	const struct lkmm_task *t = &g->tasks[ev->task];
	struct lkmm_access a = {
		.task = ev->task, .order = order_of(ev), .location = location_of(m, ev->addr, ev->size),
		.atomic = ev->op == OP_CMPXCHG, .computes = ev->op >= OP_ADD && ev->op <= OP_XOR,
	};

	if (!d->known) {
		a.assumed = loads_assumed(g, ev);
		return a;
	}
	a.plain = g->bounded && a.order == ORDER_PLAIN;
	a.noreturn = d->noreturn;
	a.address = loads_told(g, t, d->address);
	a.data = loads_told(g, t, d->data);
	a.control = loads_told(g, t, d->control);
	return a;
}

/* ---------------------------------------------------------------- alternatives */

/* What an access would do: read from `store`, or be stored behind it, or both. */
struct candidate { u8 store; bool reads, writes; u64 old, new; };

static bool apply(struct lkmm_graph *g, const struct lkmm_access *a, const struct candidate *c)
{
	struct lkmm_access part = *a;
	bool rmw = c->reads && c->writes, full = rmw && a->order == ORDER_FULL;
	u32 pair = LKMM_NONE;

	if (rmw || a->atomic)
		lkmm_strong_fence(g, a->task, g->tasks[a->task].before_atomic);
	if (full)
		lkmm_fence(g, a->task, FENCE_MB);
	if (c->reads) {
		part.value = c->old;
		pair = g->nr_events;
		if (!lkmm_add_load(g, &part, c->store))
			return false;
		if (a->atomic)
			g->tasks[a->task].rmw = (u8)pair;	/* a failed one, unless a store follows */
	}
	if (c->writes) {
		part.value = c->new;
		if (a->computes)
			part.data |= event_bit(pair);
		if (!lkmm_add_store(g, &part, c->store, pair))
			return false;
	}
	if (full)
		lkmm_fence(g, a->task, FENCE_MB);
	return true;
}

static bool allowed(struct lkmm *m, const struct lkmm_access *a, const struct candidate *c)
{
	struct lkmm_graph *trial = m->now == &m->graph[0] ? &m->graph[1] : &m->graph[0];

	lkmm_graph_copy(trial, m->now);
	return apply(trial, a, c) && (!m->exact || lkmm_rcu_allows(m, trial)) &&
	       (!trial->plain || lkmm_plain_allows(m, trial));
}

/*
 * A section has seen what was before a grace period and would now have to see what came after
 * it: the model knows no such execution, so this one does not count.  How many there are depends on
 * the order of steps: to a search there are none.
 */
static void discard(void)
{
	struct sched *s = sched_of();

	s->cut = strategies[s->driver]->whole_steps;
	s->endless = 1;
	arena_of()->stop = STOP_VIOLATION;
	sched_stop();
}

/* One of those that the model allows, by the strategy; the first is what SC would do. */
static const struct candidate *choose(struct lkmm *m, const struct lkmm_access *a, struct candidate *c, u32 n,
				      enum pick what)
{
	pick_set possible = 0;
	u32 i;

	if (n == 1 && !(m->exact && m->nr_sections) && !m->now->plain && !a->plain)
		return c;
	for (i = 0; i < n; i++)
		if (allowed(m, a, &c[i]))
			possible |= (pick_set)1 << i;
	if (!possible)
		discard();
	return &c[sched_pick_possible(possible, n, what)];
}

/* The stores of the location that the task may still see, newest first; how many. */
static u32 visible(const struct lkmm_graph *g, const struct lkmm_access *a, u8 *stores)
{
	const struct lkmm_location *l = &g->locations[a->location];
	u32 n = l->floor[a->task], count = 0, i;

	stores[count++] = (u8)n;
	for (n = n == LKMM_NONE ? l->first : g->events[n].next; n != LKMM_NONE; n = g->events[n].next)
		stores[count++] = (u8)n;
	for (i = 0; i < count / 2; i++) {
		u8 other = stores[count - 1 - i];

		stores[count - 1 - i] = stores[i];
		stores[i] = other;
	}
	return count;
}

/* Has the store behind this one read it, as part of one access?  Then nothing comes in between. */
static bool taken(const struct lkmm_graph *g, u32 location, u32 store)
{
	u32 next = store == LKMM_NONE ? g->locations[location].first : g->events[store].next;

	return next != LKMM_NONE && g->events[next].pair != LKMM_NONE &&
	       g->events[g->events[next].pair].from == store;
}

static inline bool reads(u8 op)
{
	return op != OP_STORE;
}

static u64 modified(const struct event *ev, u64 old)
{
	switch (ev->op) {
	case OP_ADD:
		return truncated(old + ev->operand, ev->size);
	case OP_AND:
		return old & truncated(ev->operand, ev->size);
	case OP_OR:
		return old | truncated(ev->operand, ev->size);
	case OP_XOR:
		return old ^ truncated(ev->operand, ev->size);
	default:
		return truncated(ev->operand, ev->size);
	}
}

/* What would `ev` do if it met the value `old`?  False: then it would not have gone on. */
static bool meets(const struct event *ev, struct candidate *c)
{
	bool equal = c->old == truncated(ev->expected, ev->size);

	c->reads = reads(ev->op);
	c->writes = ev->op != OP_LOAD && ev->op != OP_AWAIT && !(ev->op == OP_CMPXCHG && !equal);
	c->new = c->writes ? modified(ev, c->old) : c->old;
	return ev->op != OP_AWAIT || equal == !!current->wait.until_equal;
}

/* Of the modelled CPU and of compiled code: may a load be late, or a compare-exchange fail for being late? */
static bool may_be_late(const struct event *ev, const struct candidate *c)
{
	return !c->writes && !(ev->flags & SITE_HW);
}

static u32 candidates(const struct lkmm *m, const struct event *ev, const struct lkmm_access *a, struct candidate *c)
{
	const struct lkmm_graph *g = m->now;
	u8 stores[LKMM_EVENTS + 1];
	u32 n = visible(g, a, stores), count = 0, i;

	for (i = 0; i < n; i++) {
		c[count] = (struct candidate){ .store = stores[i], .old = value_of(g, a->location, stores[i]) };
		if (!meets(ev, &c[count]) && i)
			continue;
		if (c[count].writes && taken(g, a->location, stores[i]))
			continue;
		if (!i || current->depends.known || may_be_late(ev, &c[count]))
			count++;
	}
	return count;
}

static u64 access(struct lkmm *m, struct event *ev)
{
	struct lkmm_access a = describe(m, ev);
	struct candidate all[LKMM_EVENTS + 1];
	u32 n = candidates(m, ev, &a, all), first;
	const struct candidate *c = choose(m, &a, all, n, ev->op == OP_STORE ? PICK_PLACE : PICK_VALUE);

	/* Memory has the last store of all; the others are in the graph alone. */
	if (c->writes && c->store == m->now->locations[a.location].last)
		hook_perform(ev);
	ev->old = c->old;
	ev->new = c->new;
	if (c->reads && !c->writes && ev->op == OP_CMPXCHG)
		a.order = ORDER_RELAXED;
	first = m->now->nr_events;
	apply(m->now, &a, c);
	if (c->reads && current->depends.known && current->depends.load < 63)
		m->now->tasks[ev->task].load[current->depends.load] = (u8)first;
	return ev->old;
}

/* ---------------------------------------------------------------- events */

/* The RCU task has taken the callbacks. */
static void begin_grace_period(struct lkmm *m, u32 task, u32 domain)
{
	if (task_by_id(task)->kind == TASK_KIND_RCU && recording(m))
		lkmm_lock(m->now, task, lock_location(m, &arena_of()->rcu->callbacks), true);
	lkmm_grace_begin(m, task, domain);
}

/* Words of the RCU implementation: the graph has sections and grace periods instead. */
static bool rcu_word(struct lkmm *m, const struct event *ev)
{
	const struct arena *arena = arena_of();
	u64 domain = ((u64)ev->addr - (u64)arena->rcu->epoch) / sizeof(arena->rcu->epoch[0]);

	if (domain < NR_RCU_DOMAINS) {
		if (ev->op == OP_ADD)
			begin_grace_period(m, ev->task, (u32)domain);
		return true;
	}
	return (u64)ev->addr - (u64)arena->tasks < arena->nr_tasks * sizeof(struct task) ||
	       rcu_section_of(arena->rcu, ev->addr);
}

u64 lkmm_access(struct event *ev)
{
	struct lkmm *m = sched_of()->lkmm;
	bool boss = ev->task == TASK_BOSS;

	switch (ev->op) {
	case OP_RCU_LOCK:
		hook_perform(ev);
		if (!boss)
			lkmm_rcu_lock(m, ev);
		return ev->old;
	case OP_RCU_UNLOCK:
		hook_perform(ev);
		if (!boss && !lkmm_rcu_unlock(m, ev))
			discard();
		return ev->old;
	case OP_FENCE:
		ev->old = ev->new = 0;
		if (m->grace[ev->task].active)
			lkmm_grace_end(m, ev->task);
		else if (m->active && !boss)
			lkmm_fence(m->now, ev->task, fence_of(ev));
		return 0;
	default:
		if (ev->op > OP_AWAIT)	/* it counts when it is complete: lkmm_complete() */
			return ev->old;
		if (!boss && !rcu_word(m, ev) && recording(m))
			return access(m, ev);
		hook_perform(ev);
		return ev->old;
	}
}

bool lkmm_allows_end(const struct lkmm *m)
{
	return !m->exact || (lkmm_rcu_allows(m, m->now) && (!m->now->plain || lkmm_plain_allows(m, m->now)));
}

/* What it has read, and what was replaced since, a task that waits does not read again. */
static void look_again(struct lkmm_graph *g, u32 task)
{
	u32 i;

	for (i = 0; i < g->nr_locations; i++)
		if (g->locations[i].accesses & g->tasks[task].po)
			g->locations[i].floor[task] = g->locations[i].last;
}

void lkmm_complete(const struct event *ev)
{
	struct lkmm *m = sched_of()->lkmm;

	if (ev->op <= OP_FENCE || ev->task == TASK_BOSS || !recording(m))
		return;
	switch (ev->op) {
	case OP_SPIN_TRYLOCK:
		if (!ev->operand) {
			lkmm_lock_failed(m->now, ev->task, lock_location(m, ev->addr));
			break;
		}
		/* fallthrough */
	case OP_SPIN_LOCK:
	case OP_MUTEX_LOCK:
	case OP_READ_LOCK:
	case OP_WRITE_LOCK:
		lkmm_lock(m->now, ev->task, lock_location(m, ev->addr), ev->op == OP_READ_LOCK);
		break;
	case OP_READ_UNLOCK:
	case OP_SPIN_UNLOCK:
	case OP_MUTEX_UNLOCK:
	case OP_WRITE_UNLOCK:
		lkmm_unlock(m->now, ev->task, lock_location(m, ev->addr), ev->op == OP_READ_UNLOCK);
		break;
	case OP_RCU_CALL:	/* what the caller did is before what the callback does */
		lkmm_unlock(m->now, ev->task, lock_location(m, &arena_of()->rcu->callbacks), true);
		break;
	case OP_FRAME_ALLOC:
	case OP_FRAME_FREE:
		forget_frame(m, (u32)((const struct frame *)ev->addr - arena_of()->frames->frames));
		break;
	case OP_YIELD:
		look_again(m->now, ev->task);
		break;
	}
}
