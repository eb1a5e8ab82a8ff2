// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which accesses were ever in conflict: what an annotation, or a lock, was there for.
 *
 * Two accesses of different tasks conflict if they are of one word and one of them writes.  A place of
 * the source whose accesses never do needs no annotation, or the workload does not reach what it
 * is for; one whose conflicts are all ordered by something else could be plain.  Asked before an access
 * has acquired anything: what it acquires by itself orders what follows, not itself.
 *
 * custom: KCSAN has no such count.  It looks at an execution in CONFLICTS_EVERY, the first among them, and
 * compares with the last access of each task and sort, so that "never" may be said of a place
 * whose conflict was overtaken; not of one that was seen.
 */
#include "../core/arena.h"
#include "races.h"

#define CONFLICTS_EVERY	8	/* executions: it costs as much as the detector */

bool conflicts_asked(const struct races *r)
{
	return r->execution % CONFLICTS_EVERY == 1;
}

void conflicts_look(struct races *r, struct race_cell *cell, const struct event *ev, bool writes)
{
	u32 kinds = 1u << RACE_PLAIN_WRITE | 1u << RACE_MARKED_WRITE, i;
	const u32 *known = r->task[ev->task].clock;
	u8 seen = CONFLICT_RAN;

	if (writes)
		kinds |= 1u << RACE_PLAIN_READ | 1u << RACE_MARKED_READ;
	for (kinds &= cell ? cell->used : 0; kinds; kinds &= kinds - 1) {
		const struct race_access *last = race_last(cell, (enum race_kind)__builtin_ctz(kinds));

		for (i = 1; i < arena_of()->nr_tasks; i++) {
			u8 found = CONFLICT_SEEN | (last[i].clock > known[i] ? CONFLICT_UNORDERED : 0);

			if (i == ev->task || !last[i].clock)
				continue;
			seen |= found;
			r->seen[last[i].site] |= found;
		}
	}
	r->seen[ev->site] |= seen;
}
