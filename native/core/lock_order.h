/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lock order graph of a run: an edge a -> b for each lock b that a task waited for, or would
 * have, while it held a.  It is kept over executions (lockdep's idea), because the two halves of an
 * inversion need not meet in one; a cycle is for whoever reads the graph to find (harness/run/lock_order.py).
 *
 * A node is a class of the model's locks, or one lock of a program.  What is known of an edge is
 * what a cycle has to be possible (K. Havelund, "Using Runtime Analysis to Guide Model Checking of
 * Java Programs", SPIN 2000): which tasks took it, and which locks they did not always hold for
 * write on the way; two edges under a common gate never wait for each other.
 *
 * A try waits for nobody and makes no edge; what it took is held like any other lock.
 *
 * custom: no violation is raised here.  An execution is a function of its schedule alone, and what
 * other executions did before is none of its business.
 */
#ifndef MMUT_CORE_LOCK_ORDER_H
#define MMUT_CORE_LOCK_ORDER_H

#include "lock.h"

#define LOCK_NODES	64	/* sets of nodes are words; the first are the model's classes */
#define LOCK_EDGES	1024

/* Where an edge was first met. */
struct lock_edge {
	u8 from, to;			/* nodes */
	u8 held, wanted;		/* enum lock_mode */
	u16 held_site, wanted_site;
	u32 task, step;
	u64 iteration;
};

/* All zero: never met. */
struct lock_edge_seen {
	task_set tasks;			/* who took it */
	u64 open;			/* nodes that some task did not hold for write when it took this edge */
	u32 edge;			/* number of the first meeting, from 1 */
};

struct lock_order {
	u64 lock[LOCK_NODES];		/* address of a program's lock, where there is one */
	task_set writers[LOCK_NODES];	/* tasks that waited for it for write, or would have */
	u32 nr_edges, full;		/* full: there were more locks or edges than there is room for */
	struct lock_edge edge[LOCK_EDGES];
	/* from, to, held how, wanted how */
	struct lock_edge_seen seen[LOCK_NODES][LOCK_NODES][NR_LOCK_MODES][NR_LOCK_MODES];
};

int lock_order_init(void);		/* 0 or -ENOMEM */
void lock_order_forget(void);
void lock_order_note(const void *lock, u32 class, enum lock_mode mode, const struct site *site);

/* Nothing new: of the model's locks it holds none, or one, and has done this before. */
static inline bool lock_order_is_known(const struct lock_order *order, const struct task *task, u32 class,
				       enum lock_mode mode)
{
	const struct held_lock *held = &task->held[0];
	const struct lock_edge_seen *seen;

	if (class >= CLASS_PROGRAM_LOCK || (mode == LOCK_WRITE && !task_listed(&order->writers[class], task->id)))
		return false;
	if (task->nr_held != 1 || held->class >= CLASS_PROGRAM_LOCK)
		return !task->nr_held;
	seen = &order->seen[held->class][class][held->mode][mode];
	return task_listed(&seen->tasks, task->id) && !~(seen->open | (u64)(held->mode == LOCK_WRITE) << held->class);
}

/* The current task is about to take a lock and may have to wait for it. */
static inline void lock_order_acquire(const void *lock, u32 class, enum lock_mode mode, const struct site *site)
{
	if (!lock_order_is_known(arena_of()->lock_order, current, class, mode))
		lock_order_note(lock, class, mode, site);
}

#endif
