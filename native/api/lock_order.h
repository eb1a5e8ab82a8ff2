/* SPDX-License-Identifier: GPL-2.0-only */
/* The lock order graph of all executions so far. */
#ifndef MMUT_API_LOCK_ORDER_H
#define MMUT_API_LOCK_ORDER_H

#include "config.h"

/* cffi: begin */

/* `wanted` was waited for, or would have been, while `held` was held; and where that was first so. */
struct mmut_lock_edge {
	char held[48], wanted[48];		/* names */
	uint32_t held_node, wanted_node;	/* see mmut_lock_node() */
	uint32_t held_op, wanted_op;		/* index of mmut_event_op_name() */
	uint32_t held_write, wanted_write;	/* 1: for write, as any lock that has no readers */
	char held_file[48], held_func[48], wanted_file[48], wanted_func[48], task_name[MMUT_NAME];
	uint32_t held_line, wanted_line, step;
	uint64_t tasks[2];		/* who ever did, a bit each */
	uint64_t writers[2];		/* tasks that wanted `wanted` for write at any time */
	uint64_t open;			/* nodes that some of them did not hold for write meanwhile */
	uint64_t iteration;
};
/* The lock order graph of all executions so far. */
int mmut_lock_edge_get(uint32_t n, struct mmut_lock_edge *row);		/* -1 past the last */
uint64_t mmut_lock_node(uint32_t n);		/* of a program's lock: its place; 0: a class of the model */
int mmut_lock_order_full(void);		/* 1: there were more locks or edges than there is room for */

/* cffi: end */

#endif
