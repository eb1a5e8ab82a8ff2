// SPDX-License-Identifier: GPL-2.0-only
/*
 * A race in KCSAN's words and order: the header, both accesses with the locks held at each, what
 * became of the value, and, which KCSAN cannot know, which edge is missing.  Semicolons part what are
 * lines in a failure block (harness/failure/evidence.py).
 */
#include <stdio.h>
#include <string.h>

#include "../core/arena.h"
#include "../core/lock.h"
#include "check.h"
#include "races_report.h"

static const char *const kind_names[NR_RACE_KINDS] = {
	[RACE_PLAIN_WRITE] = "write", [RACE_PLAIN_READ] = "read", [RACE_MARKED_WRITE] = "write (marked)",
	[RACE_MARKED_READ] = "read (marked)",
	[RACE_NO_WRITERS] = "assert no writes", [RACE_NO_ACCESS] = "assert no accesses",
};

static void say_held(char *buf, size_t n, u32 held)
{
	size_t used = 0;
	u32 i;

	snprintf(buf, n, "no lock");
	for (i = 0; i < 2 * 16u; i++)
		if (held & 1u << i && used < n)
			used += (size_t)snprintf(buf + used, n - used, "%s%s%s", used ? "+" : "",
						 lock_class_names[i % 16], i < 16 ? " (read)" : "");
}

static u32 held_now(const struct task *task)
{
	u32 i, held = 0;

	for (i = 0; i < task->nr_held; i++)
		held |= 1u << (task->held[i].class + (task->held[i].mode == LOCK_WRITE ? 16 : 0));
	return held;
}

static void say_value(char *buf, size_t n, const struct event *ev, enum race_kind mine, const struct race_access *a)
{
	bool writes = mine == RACE_PLAIN_WRITE || mine == RACE_MARKED_WRITE;

	if (mine == RACE_NO_WRITERS || mine == RACE_NO_ACCESS) {
		snprintf(buf, n, "value then: 0x%llx", (unsigned long long)a->value);
		return;
	}
	snprintf(buf, n, writes ? "value changed: 0x%llx -> 0x%llx" : "value read: 0x%llx, written: 0x%llx",
		 (unsigned long long)ev->old, (unsigned long long)(writes ? ev->new : a->value));
}

void race_report(const struct races *r, const struct event *ev, enum race_kind mine, u32 other,
		 const struct race_access *a, enum race_kind theirs)
{
	const struct site *here = site_by_id(ev->site), *there = site_by_id(a->site);
	u32 known = r->task[ev->task].clock[other];
	char held[2][64], object[48] = "", last[80] = "none", value[64];

	say_held(held[0], sizeof(held[0]), held_now(task_by_id(ev->task)));
	say_held(held[1], sizeof(held[1]), a->held);
	if (arena_of()->kvm)
		check_object_name(ev->addr, object, sizeof(object));
	if (known) {
		const struct site *sync = site_by_id(r->task[other].released_at[known % RACE_RELEASES]);

		snprintf(last, sizeof(last), "%s:%u", kbasename(sync->file), sync->line);
	}
	say_value(value, sizeof(value), ev, mine, a);
	violation(ORACLE_DATA_RACE, here, ev->addr,
		  "%s in %s / %s on %s%s%s; %s by %s at %s:%u, holding %s; "
		  "%s by %s at %s:%u, step %u, holding %s; %s; "
		  "missing edge: no release of %s after that reached an acquire of %s (last: %s)",
		  max(mine, theirs) >= RACE_NO_WRITERS ? "assert: race" : "data-race",
		  here->func, there->func, here->what, *object ? " = " : "", object,
		  kind_names[mine], task_by_id(ev->task)->name, kbasename(here->file), here->line, held[0],
		  kind_names[theirs], task_by_id(other)->name, kbasename(there->file), there->line,
		  a->step, held[1], value,
		  task_by_id(other)->name, task_by_id(ev->task)->name, last);
}
