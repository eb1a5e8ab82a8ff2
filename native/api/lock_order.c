// SPDX-License-Identifier: GPL-2.0-only
/* The lock order graph, with names. */
#include <stdio.h>
#include <string.h>

#include "api.h"
#include "check/check.h"
#include "core/lock_order.h"
#include "core/task.h"
#include "text.h"

/* A program's lock by the name that the program has for it, else by what it was called where it was taken. */
static void name_node(char *buf, size_t n, u32 node, const struct site *site)
{
	u64 lock = arena_of()->lock_order->lock[node];

	*buf = 0;
	if (!lock)
		snprintf(buf, n, "%s", lock_class_names[node]);
	else
		check_object_name((const void *)lock, buf, n);
	if (!*buf || *buf == '+')
		snprintf(buf, n, "%s", site->what);
}

int mmut_lock_edge_get(uint32_t n, struct mmut_lock_edge *row)
{
	const struct lock_order *order = arena_of()->lock_order;
	const struct lock_edge *edge = &order->edge[n];
	const struct lock_edge_seen *seen;
	const struct site *held, *wanted;

	if (n >= min(order->nr_edges, (u32)LOCK_EDGES))
		return -1;
	held = site_by_id(edge->held_site);
	wanted = site_by_id(edge->wanted_site);
	seen = &order->seen[edge->from][edge->to][edge->held][edge->wanted];
	memset(row, 0, sizeof(*row));
	name_node(row->held, sizeof(row->held), edge->from, held);
	name_node(row->wanted, sizeof(row->wanted), edge->to, wanted);
	row->held_op = held->op;
	row->wanted_op = wanted->op;
	row->held_node = edge->from;
	row->wanted_node = edge->to;
	row->held_write = edge->held == LOCK_WRITE;
	row->wanted_write = edge->wanted == LOCK_WRITE;
	COPY(row->held_file, kbasename(held->file));
	COPY(row->held_func, held->func);
	row->held_line = held->line;
	COPY(row->wanted_file, kbasename(wanted->file));
	COPY(row->wanted_func, wanted->func);
	row->wanted_line = wanted->line;
	COPY(row->task_name, task_by_id(edge->task)->name);
	row->iteration = edge->iteration;
	row->step = edge->step;
	memcpy(row->tasks, &seen->tasks, sizeof(row->tasks));
	row->open = seen->open;
	memcpy(row->writers, &order->writers[edge->to], sizeof(row->writers));
	return 0;
}

uint64_t mmut_lock_node(uint32_t n)
{
	u64 lock = n < LOCK_NODES ? arena_of()->lock_order->lock[n] : 0;

	return lock ? lock - (u64)arena_of() : 0;
}

int mmut_lock_order_full(void)
{
	return (int)arena_of()->lock_order->full;
}
