/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which events change what another sees: the racing events of POS, the reads and writes of a
 * trace class.
 *
 * Two events of different tasks race if they name the same object and one of them writes.  The
 * operations of a lock write it, those of a reader only read: readers do not see each other.
 * Fences, yields and the end of a task name no object.
 */
#ifndef MMUT_SCHED_CONFLICT_H
#define MMUT_SCHED_CONFLICT_H

#include "../core/hook.h"

#define CONFLICT_READS	(BIT_ULL(OP_LOAD) | BIT_ULL(OP_AWAIT) | BIT_ULL(OP_READ_LOCK) | \
			 BIT_ULL(OP_READ_UNLOCK) | BIT_ULL(OP_NEEDBREAK))
#define CONFLICT_NONE	(BIT_ULL(OP_NONE) | BIT_ULL(OP_FENCE) | BIT_ULL(OP_YIELD) | BIT_ULL(OP_NOTE) | \
			 BIT_ULL(OP_TASK_EXIT))

static inline bool op_reads_only(u32 op)
{
	return CONFLICT_READS >> op & 1;
}

static inline bool op_is_local(u32 op)
{
	return CONFLICT_NONE >> op & 1;
}

/* Of two announced events: a compare-exchange may succeed. */
static inline bool events_race(const struct event *a, const struct event *b)
{
	return a->addr == b->addr && !op_is_local(a->op) && !(op_reads_only(a->op) && op_reads_only(b->op));
}

#endif
