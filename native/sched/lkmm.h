/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's memory model as an execution graph that grows with the execution (J. Alglave,
 * L. Maranget, P. McKenney, A. Parri, A. Stern, "Frightening Small Children and Disconcerting
 * Grown-ups", ASPLOS 2018).
 *
 * Each access becomes an event with the store it reads from, or its place in coherence order.
 * Of the values that a load could return, and of the places where a store could go, those are
 * offered with which the graph still satisfies the axioms.  The axioms hold of a graph if they
 * hold of it with one event more, so that nothing which the model allows is lost, but for what
 * no execution in order shows: a load that reads from a store of the future.
 *
 * The graph holds a window of LKMM_EVENTS events.  When it is full a new one begins, as if every
 * task executed smp_mb() at that moment: less is shown, never more.
 */
#ifndef MMUT_SCHED_LKMM_H
#define MMUT_SCHED_LKMM_H

#include "../core/task.h"

#define LKMM_EVENTS	128
#define LKMM_BUCKETS	256
#define LKMM_SECTIONS	32
#define LKMM_NONE	0xff	/* no event: the value from before the window */

enum { LKMM_EXCLUSIVE = 1, LKMM_SHARED };

__extension__ typedef unsigned __int128 event_set;	/* bit n: event n */

struct lkmm_event {
	u8 task;
	u8 location;
	u8 from;		/* a load: the store that it reads from */
	u8 next;		/* a store: the one behind it in coherence order */
	u8 rank;		/* a store: its place in that order, from 1 */
	u8 pair;		/* the store of a read-modify-write: its load */
	u8 store;		/* it is one */
	u8 unlock;		/* it releases a lock: LKMM_EXCLUSIVE, or LKMM_SHARED with other readers */
	u8 shared;		/* it is a reader's, of a lock */
	u64 value;
	event_set depends;	/* a store: loads that its address or value comes from */
	event_set strong;	/* x: x strong-fence this */
	event_set cumul;	/* x: x cumul-fence* this */
	event_set overwritten;	/* a store; x: x (co | fr) this, and x is another task's */
	event_set prop;		/* x: x prop this */
	event_set before;	/* x: x (hb | pb)+ this */
	event_set bound;	/* x: x (hb | pb)* ; prop this */
};

/*
 * What bounds an access, by fences (and address dependencies), smp_wmb() and smp_rmb().  Of a marked
 * one: plain accesses that come before it.  Of a plain one: marked accesses that do.
 */
struct lkmm_bounds {
	event_set strong, ordered, wmb, rmb;	/* ordered: by release, acquire or address */
	event_set carried;	/* a load of a store of its own task's: what its value was computed from */
	event_set data, address;	/* a store: loads that its value, its address comes from */
};

struct lkmm_location {
	u64 *addr;
	u64 base;		/* its value when the window began */
	u8 first, last;		/* stores in coherence order */
	u8 lock;		/* of a lock: its word is not for comparing */
	u8 floor[MAX_MODEL_TASKS];	/* the oldest store that a task may still read */
	event_set accesses;
};

/* What a task did so far, and what its next event inherits from that. */
struct lkmm_task {
	event_set po;		/* its events */
	event_set acquire;	/* acquire loads */
	event_set rmb, wmb;	/* loads before the last smp_rmb(), stores before the last smp_wmb() */
	event_set strong;	/* whatever comes next is behind a strong fence from these */
	event_set strong_cumul;	/* x: x cumul-fence* what comes next, by way of `strong` */
	event_set strong_bound;
	event_set unlock_lock;	/* x: x po-unlock-lock-po what comes next */
	event_set plain_strong, plain_rmb, plain_wmb;	/* plain accesses before fences */
	event_set address_wmb;		/* loads that addresses of plain stores before smp_wmb() come from */
	event_set srcu_unlocked;	/* before its last srcu_read_unlock() */
	event_set before_atomic;	/* smp_mb__before_atomic() waits for the next read-modify-write */
	u8 rmw, lock, unlock;	/* stores: of its last read-modify-write, lock, unlock; or LKMM_NONE */
	u8 load[64];		/* its loads by number, as struct dependencies counts them */
};

struct lkmm_graph {
	u32 nr_events, nr_locations, nr_tasks, bounded;	/* bounded: plain accesses are told from others */
	event_set stores, noreturn, plain;	/* the stores; loads that are none for smp_rmb() */
	struct lkmm_task tasks[MAX_MODEL_TASKS];
	struct lkmm_location locations[LKMM_EVENTS];
	struct lkmm_event events[LKMM_EVENTS];
	struct lkmm_bounds bounds[LKMM_EVENTS];
};

/* An access to be: what the task, its annotations and its dependencies say about it. */
struct lkmm_access {
	u32 task, location;
	enum order order;
	bool noreturn;			/* no load for smp_rmb() */
	bool computes;			/* a read-modify-write whose store depends on its load: fetch_add() */
	bool plain;			/* the compiler may do as it likes: see memory_lkmm_plain.c */
	bool atomic;			/* a read-modify-write to smp_mb__after_atomic(), though it should fail */
	event_set address, data, control;	/* loads it depends on */
	event_set assumed;		/* earlier loads that count as before it: compiled code says nothing */
	u64 value;
};

/* A section, or a grace period: how many events there were when it began and when it ended, and which came first. */
struct lkmm_section {
	u8 task, domain, grace, open, begin, end, began, ended;
	u8 holder;		/* task, or LKMM_HOLDERS + a section that is no task's own */
	u8 by;			/* the task that ends it; LKMM_NONE: nobody knows yet */
};
#define LKMM_HOLDERS	32

/* The memory model of one execution: the graph, and a second one to try things on. */
struct lkmm {
	struct lkmm_graph graph[2];
	struct lkmm_graph *now;
	u32 whole;		/* one window follows the other */
	u32 active;		/* events are put into the graph */
	u32 exact;		/* everything since the execution began is in it, dependencies too */
	u64 next_window;	/* step at which the next one may begin */
	u64 windows;		/* hash of those that were full; 0: there was none */
	u8 bucket[LKMM_BUCKETS];
	/* RCU; see memory_lkmm_rcu.c */
	u32 nr_sections, ticks;
	struct lkmm_section sections[LKMM_SECTIONS];
	event_set started[NR_RCU_DOMAINS];	/* before a grace period that has begun */
	event_set ended[NR_RCU_DOMAINS];	/* before the end of a section that has ended */
	struct { u32 active, domain; u64 readers; event_set ended; } grace[MAX_MODEL_TASKS];
	u64 reading[NR_RCU_DOMAINS];		/* holders in a section */
	struct prng rng;			/* where windows begin */
};

static inline event_set event_bit(u32 n)
{
	return (event_set)1 << n;
}

static inline u32 event_first(event_set set)
{
	return (u64)set ? (u32)__builtin_ctzll((u64)set) : 64 + (u32)__builtin_ctzll((u64)(set >> 64));
}

static inline u32 event_last(event_set set)
{
	u64 high = (u64)(set >> 64);

	return high ? 127 - (u32)__builtin_clzll(high) : 63 - (u32)__builtin_clzll((u64)set);
}

#define for_each_event(n, set, rest)						\
	for (rest = (set); rest && ((n) = event_first(rest), true); rest &= rest - 1)

/* memory_lkmm_graph.c: grow the graph by one event.  False: the axioms refuse it, and the graph is spoilt. */
bool lkmm_add_load(struct lkmm_graph *g, const struct lkmm_access *a, u32 from);
bool lkmm_add_store(struct lkmm_graph *g, const struct lkmm_access *a, u32 behind, u32 pair);
void lkmm_fence(struct lkmm_graph *g, u32 task, enum fence fence);
void lkmm_strong_fence(struct lkmm_graph *g, u32 task, event_set from);
void lkmm_lock(struct lkmm_graph *g, u32 task, u32 location, bool shared);
void lkmm_lock_failed(struct lkmm_graph *g, u32 task, u32 location);
void lkmm_unlock(struct lkmm_graph *g, u32 task, u32 location, bool shared);
void lkmm_graph_clear(struct lkmm_graph *g, u32 nr_tasks);
void lkmm_graph_copy(struct lkmm_graph *to, const struct lkmm_graph *from);
event_set lkmm_bound(const struct lkmm_graph *g, event_set set);	/* x: x (hb | pb)* ; prop one of them */

/* memory_lkmm_rcu.c */
void lkmm_rcu_lock(struct lkmm *m, const struct event *ev);
bool lkmm_rcu_unlock(struct lkmm *m, const struct event *ev);	/* false: the axiom refuses it */
void lkmm_grace_begin(struct lkmm *m, u32 task, u32 domain);
void lkmm_grace_end(struct lkmm *m, u32 task);
bool lkmm_rcu_allows(const struct lkmm *m, const struct lkmm_graph *g);

/* rcu-order between sections and grace periods, and what comes before entering and after leaving them. */
struct lkmm_rcu_order {
	u32 n;
	u32 link[LKMM_SECTIONS];	/* bit b: leaving a, rcu-link, entering b */
	u32 order[LKMM_SECTIONS];	/* bit b: entering a, rcu-order, leaving b */
	event_set enter[LKMM_SECTIONS], leave[LKMM_SECTIONS];
};
void lkmm_rcu_orders(const struct lkmm *m, const struct lkmm_graph *g, struct lkmm_rcu_order *o);

/* memory_lkmm_plain.c */
bool lkmm_plain_allows(const struct lkmm *m, const struct lkmm_graph *g);
bool lkmm_plain_races(const struct lkmm *m);	/* has the execution a data race? */

/* memory_lkmm_class.c */
u64 lkmm_graph_class(const struct lkmm_graph *g);
u64 lkmm_class(const struct lkmm *m);	/* of the execution; never 0 */

/* memory_lkmm.c */
void lkmm_begin(struct lkmm *m, bool exhaustive);
u64 lkmm_access(struct event *ev);
void lkmm_complete(const struct event *ev);	/* locks, frames and yields, when they have happened */
bool lkmm_allows_end(const struct lkmm *m);	/* locks and sections, too, may have closed a cycle */
void lkmm_new_window(struct lkmm *m);	/* what happened so far is before all that follows */

#endif
