// SPDX-License-Identifier: GPL-2.0-only
/* Lock statistics: see lockstat.h.  Each task writes its own table only. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

#include "arena.h"
#include "contract.h"
#include "lockstat.h"

u64 lockstat_clock(void)
{
	return proc.arena->controlled ? proc.arena->step : __rdtsc();
}

double lockstat_ns_per_tick(void)
{
	const struct arena *arena = proc.arena;
	struct timespec now;
	u64 ns, ticks;

	if (arena->controlled)
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = (u64)now.tv_sec * 1000000000ULL + (u64)now.tv_nsec - arena->ns_start;
	ticks = __rdtsc() - arena->tsc_start;
	return ticks ? (double)ns / (double)ticks : 1;
}

int lockstat_init(u32 nr_tasks)
{
	struct arena *arena = arena_of();

	arena->lockstat = arena_alloc_bulk(nr_tasks * sizeof(struct lockstat_task));
	return arena->lockstat ? 0 : -ENOMEM;
}

static void account(struct lockstat_time *t, u64 value)
{
	if (!t->count || value < t->min)
		t->min = value;
	if (value > t->max)
		t->max = value;
	t->total += value;
	t->count++;
}

/* Few sites: a linear probe from the site's own place finds it at once. */
struct lockstat_site *lockstat_find_site(u32 site, u32 class, u32 mode)
{
	struct lockstat_task *stat = &arena_of()->lockstat[current->id];
	u32 i;

	for (i = 0; i < LOCKSTAT_SITES; i++) {
		struct lockstat_site *s = &stat->sites[(site + i) % LOCKSTAT_SITES];

		if (likely(s->site == site + 1))
			return s;
		if (!s->site) {
			s->site = (u16)(site + 1);
			s->class = (u16)class;
			s->mode = mode;
			return s;
		}
	}
	return NULL;
}

void lockstat_waited(const struct held_lock *held, u64 since, bool bounced)
{
	struct lockstat_mode *m = &arena_of()->lockstat[current->id].modes[held->class][held->mode];
	struct lockstat_site *site = lockstat_find_site(held->site, held->class, held->mode);
	u64 ticks = lockstat_clock() - since;

	m->contentions++;
	m->bounces += bounced;
	account(&m->wait, ticks);
	if (site) {
		site->contentions++;
		site->wait_total += ticks;
	}
}

void lockstat_held(const struct held_lock *held)
{
	struct lockstat_mode *m = &arena_of()->lockstat[current->id].modes[held->class][held->mode];

	account(&m->hold, lockstat_clock() - held->since);
}

void lockstat_blocked_by(u32 holder, const void *lock)
{
	const struct held_lock *h;
	struct lockstat_site *site;

	if (!holder || !arena_of()->lockstat)
		return;
	/* The holder's stack is its own; a torn read costs one wrong count, never a wrong address. */
	h = held_find(task_by_id(holder), lock);
	if (!h)
		return;
	site = lockstat_find_site(h->site, h->class, h->mode);
	if (site)
		site->held_while_waited++;
}
