/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Anchors: where a decision was made, in words that survive an edit of the code.
 *
 * A number of decisions means another place as soon as one access comes or goes.  An anchor
 * names the place by what the task is about to do there: (task, operation, object, which
 * occurrence of the two in that task, which decision at that event).  The object is known by
 * a hash of its logical name, the one that reports print ("spte L1 gfn 0x40"), and never by
 * its address; what has no such name goes by the expression that accesses it, and what has
 * no address by its function.
 *
 * A plan is a set of anchors with a choice each.  Each stands for itself: one whose place
 * never comes is missed, the others still apply, and the execution stays on the running task
 * everywhere else.
 *
 * Occurrences are counted from the start of the execution.  Counting costs a name for each
 * event, so it is done in traced executions, and in those that follow a plan for the
 * (task, operation) pairs that are still to come.
 */
#ifndef MMUT_SCHED_ANCHOR_H
#define MMUT_SCHED_ANCHOR_H

#include "../api.h"
#include "strategy.h"

#define ANCHORS_MAX	(1u << 17)	/* of a plan */

/* What became of an anchor in the execution that followed it. */
enum anchor_fate {
	ANCHOR_MISSED,		/* its place did not come */
	ANCHOR_TAKEN,
	ANCHOR_IMPOSSIBLE,	/* its place came, and its choice could not be made there */
};

int anchor_init(struct sched *s);		/* set-up: allocate; 0 or -ENOMEM */
void anchor_begin(struct sched *s);		/* an execution starts */
void anchor_announce(struct sched *s, const struct event *ev);
void anchor_exit(struct sched *s, u32 task);	/* the task is over: one more place to decide at */
/*
 * Where a plan says nothing a task goes on although it yields, unless it yields again and again:
 * another yield in code that no plan is about does not change the schedule.
 */
bool anchor_impatient(struct sched *s, u32 task, bool yielded);
/* A choice of `kind` (0: who runs; else 1 + enum pick) was made at `task`'s place. */
void anchor_decided(struct sched *s, u32 task, u32 kind, u32 choice, bool forced);
/* The traced event of `task`: its object and occurrence. */
void anchor_of(const struct sched *s, u32 task, u32 *object, u32 *occurrence);
const char *anchor_object_name(const struct sched *s, u32 object);	/* NULL: it has none */

/* The plan of the last traced execution; how many. */
u64 anchor_recorded(const struct sched *s, struct mmut_anchor *anchors, u64 capacity);
/* What strategy_anchored follows from now on; 0 or -1. */
int anchor_follow(struct sched *s, const struct mmut_anchor *anchors, u64 count);
u32 anchor_fate(const struct sched *s, u64 n);

/* Names the object at an address, for people; set by native/api/world.c in each process. */
extern void (*name_object)(const void *addr, char *buf, size_t n);

#endif
