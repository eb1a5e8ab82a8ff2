/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a transition touches, and when two transitions depend on each other.
 *
 * A transition is an announced event and the code behind it up to the next announcement.  Two
 * transitions of different agents depend on each other if they touch the same object and at
 * least one of them writes it (A. Mazurkiewicz, "Trace theory", 1987).  That the announced event
 * tells *all* that a transition may touch is argued in docs/exhaustive.md.
 */
#ifndef MMUT_SCHED_DEPEND_H
#define MMUT_SCHED_DEPEND_H

#include "../core/hook.h"
#include "../core/task_set.h"

struct sched;

/*
 * An object's address, twice, plus 1 for a write; 0: none.  The first is the word announced, the
 * last the machine as a whole, which atomic blocks write and, where there are any, all others read.
 */
#define NR_ACCESSES	3
struct accesses { u64 of[NR_ACCESSES]; };

#define ACCESS_WRITE	1ULL
#define access_addr(a)	((void *)((a) >> 1))

static inline bool access_conflict(u64 a, u64 b)
{
	return (a ^ b) <= 1 && ((a | b) & ACCESS_WRITE) && a && b;
}

static inline bool depend(const struct accesses *a, const struct accesses *b)
{
	if (access_conflict(a->of[0], b->of[0]))
		return true;
	if (likely(!(a->of[1] | b->of[1] | a->of[2] | b->of[2])))
		return false;
	return access_conflict(a->of[0], b->of[1]) || access_conflict(a->of[1], b->of[0]) ||
	       access_conflict(a->of[1], b->of[1]) || access_conflict(a->of[2], b->of[2]);
}

/* What `agent` will touch by the event it has announced (a store buffer: by its oldest store). */
struct accesses pending_accesses(const struct sched *s, u32 agent);

/* Tasks that have to wait until their store buffer is empty (TSO). */
task_set waits_for_drain(const struct sched *s);

#endif
