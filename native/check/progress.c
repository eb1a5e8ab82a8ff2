// SPDX-License-Identifier: GPL-2.0-only
/*
 * Progress of a walk that drops mmu_lock: between two yields it gets to another gfn (spec 4g).
 *
 * Independent: what is compared are the positions at which the walk gave the lock away, not what
 * the iterator remembers of them.
 *
 * Two range walkers that may yield anywhere hand the lock to each other and each goes back to
 * the root: how often they do so is up to the scheduler, so that waiting for one of them to
 * finish proves nothing.  A second yield at one position is the first step of it.
 *
 * Running free: a task's walk is its own.
 */
#include "shadow.h"

void progress_note(const struct event *ev)
{
	struct task_shadow *t = shadow_of(ev);
	gfn_t gfn = ev->expected;

	if (ev->operand == NOTE_WALK_BEGIN) {
		t->walk = ev->addr;
		t->walk_yielded = INVALID_GPA;
		return;
	}
	if (t->walk != ev->addr)
		return;
	if (t->walk_yielded == gfn)
		violation(ORACLE_NO_PROGRESS, site_of(ev), NULL,
			  "a walk drops mmu_lock twice at gfn 0x%llx: it has got no further in between",
			  (unsigned long long)gfn);
	t->walk_yielded = gfn;
}
