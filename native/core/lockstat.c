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
static struct lockstat_site *find_site(struct lockstat_task *stat, u32 site, u32 class, u32 mode)
{
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

static noinline void waited(struct lockstat_mode *m, struct lockstat_site *site, u64 since, bool bounced)
{
	u64 ticks = lockstat_clock() - since;

	m->contentions++;
	m->bounces += bounced;
	account(&m->wait, ticks);
	if (site) {
		site->contentions++;
		site->wait_total += ticks;
	}
}

void lockstat_acquired(struct held_lock *held, u64 waited_since, bool contended, bool bounced)
{
	const struct arena *arena = arena_of();
	struct lockstat_task *stat = &arena->lockstat[current->id];
	struct lockstat_mode *m = &stat->modes[held->class][held->mode];
	struct lockstat_site *site = find_site(stat, held->site, held->class, held->mode);

	m->acq_bounces += bounced;
	if (likely(site))
		site->acquisitions++;
	if (unlikely(contended))
		waited(m, site, waited_since, bounced);
	held->since = m->acquisitions++ % LOCKSTAT_SAMPLE && !arena->controlled ? LOCKSTAT_UNTIMED
										 : lockstat_clock();
}

void lockstat_released(const struct held_lock *held)
{
	struct lockstat_task *stat = &arena_of()->lockstat[current->id];

	if (held->since != LOCKSTAT_UNTIMED)
		account(&stat->modes[held->class][held->mode].hold, lockstat_clock() - held->since);
}

void lockstat_blocked_by(u32 holder, const void *lock)
{
	const struct held_lock *h;
	struct lockstat_site *site;

	if (!holder)
		return;
	/* The holder's stack is its own; a torn read costs one wrong count, never a wrong address. */
	h = held_find(task_by_id(holder), lock);
	if (!h)
		return;
	site = find_site(&arena_of()->lockstat[current->id], h->site, h->class, h->mode);
	if (site)
		site->held_while_waited++;
}
