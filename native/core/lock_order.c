// SPDX-License-Identifier: GPL-2.0-only
/* Which lock is taken under which, over all executions: see lock_order.h. */
#include <errno.h>
#include <string.h>

#include "lock_order.h"

int lock_order_init(void)
{
	struct arena *arena = arena_of();

	arena->lock_order = arena_alloc_bulk(sizeof(*arena->lock_order));
	return arena->lock_order ? 0 : -ENOMEM;
}

void lock_order_forget(void)
{
	memset(arena_of()->lock_order, 0, sizeof(*arena_of()->lock_order));
}

/* LOCK_NODES: there is no room.  Free running tasks may look for a place at once: it goes to one. */
static u32 program_node(struct lock_order *order, u64 lock)
{
	u32 i, room = LOCK_NODES - CLASS_PROGRAM_LOCK;
	u64 at = lock * 0x9e3779b97f4a7c15ULL >> 32;

	for (i = 0; i < room; i++) {
		u32 node = CLASS_PROGRAM_LOCK + (u32)((at + i) % room);
		u64 none = 0;

		if (order->lock[node] == lock)
			return node;
		if (!order->lock[node] && (__atomic_compare_exchange_n(&order->lock[node], &none, lock, false,
								       __ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
					   none == lock))
			return node;
	}
	order->full = 1;
	return LOCK_NODES;
}

static inline u32 node_of(struct lock_order *order, const void *lock, u32 class)
{
	return likely(class < CLASS_PROGRAM_LOCK) ? class : program_node(order, (u64)lock);
}

static noinline void note_edge(struct lock_order *order, struct lock_edge_seen *seen, struct lock_edge edge, u64 open)
{
	u32 none = 0, n;

	__atomic_fetch_or(&seen->open, open, __ATOMIC_RELAXED);
	task_add_atomic(&seen->tasks, current->id);
	if (!__atomic_compare_exchange_n(&seen->edge, &none, ~0u, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return;
	n = __atomic_fetch_add(&order->nr_edges, 1, __ATOMIC_RELAXED);
	if (n >= LOCK_EDGES) {
		order->nr_edges = LOCK_EDGES;
		order->full = 1;
		return;
	}
	edge.task = current->id;
	edge.step = (u32)arena_of()->step;
	edge.iteration = arena_of()->iteration;
	order->edge[n] = edge;
	seen->edge = n + 1;
}

static void note_edges(struct lock_order *order, u32 to, enum lock_mode mode, const struct site *site)
{
	const struct task *task = current;
	u32 i, node[MAX_HELD];
	u64 held = 0;

	for (i = 0; i < task->nr_held; i++) {
		node[i] = node_of(order, task->held[i].lock, task->held[i].class);
		if (node[i] < LOCK_NODES && task->held[i].mode == LOCK_WRITE)
			held |= BIT_ULL(node[i]);
	}
	for (i = 0; i < task->nr_held; i++) {
		struct lock_edge_seen *seen;

		if (node[i] == LOCK_NODES || node[i] == to)
			continue;
		seen = &order->seen[node[i]][to][task->held[i].mode][mode];
		if (unlikely(!task_listed(&seen->tasks, task->id) || ~(seen->open | held)))
			note_edge(order, seen, (struct lock_edge){
				.from = (u8)node[i], .to = (u8)to, .held = (u8)task->held[i].mode, .wanted = (u8)mode,
				.held_site = task->held[i].site, .wanted_site = (u16)site_id(site),
			}, ~held);
	}
}

void lock_order_note(const void *lock, u32 class, enum lock_mode mode, const struct site *site)
{
	struct lock_order *order = arena_of()->lock_order;
	u32 node, me = current->id;

	/* The boss sets up and tears down, while nobody else runs. */
	if (me == TASK_BOSS)
		return;
	node = node_of(order, lock, class);
	if (unlikely(node == LOCK_NODES))
		return;
	if (mode == LOCK_WRITE && unlikely(!task_listed(&order->writers[node], me)))
		task_add_atomic(&order->writers[node], me);
	if (current->nr_held)
		note_edges(order, node, mode, site);
}
