// SPDX-License-Identifier: GPL-2.0-only
/* Lock statistics: see lockstat.h.  Each task writes its own table only. */
#include <errno.h>
#include <string.h>

#include "arena.h"
#include "contract.h"
#include "delay.h"
#include "lockstat.h"

u64 lockstat_clock(void)
{
	return proc.arena->controlled ? proc.arena->step : __rdtsc();
}

double lockstat_ns_per_tick(void)
{
	const struct arena *arena = proc.arena;
	struct cycles now;

	if (arena->controlled)
		return 1;
	now = cycles_now();
	if (now.tsc == arena->start.tsc)
		return 1;
	return (double)(now.ns - arena->start.ns) / (double)(now.tsc - arena->start.tsc);
}

void lockstat_begin(void)
{
	arena_of()->lockstat_since = lockstat_clock();
}

/* Cycle counters of two processors need not agree: what seems to be before the run is its beginning. */
static u64 since_begin(u64 clock)
{
	const u64 begin = proc.arena->lockstat_since;

	return clock > begin ? clock - begin : 0;
}

void lockstat_look(struct lockstat_task *stat, u64 now)
{
	series_look(&stat->series, since_begin(now), current->operations);
}

int lockstat_init(u32 nr_tasks)
{
	struct arena *arena = arena_of();

	arena->lockstat = arena_alloc_bulk(nr_tasks * sizeof(struct lockstat_task));
	return arena->lockstat ? 0 : -ENOMEM;
}

static struct lockstat_task *own_table(void)
{
	return &arena_of()->lockstat[current->id];
}

static void forget_task(struct lockstat_task *stat)
{
	u32 i;

	if (!stat->used)
		return;
	for (i = 0; i < LOCKSTAT_ENTRIES; i++) {
		histogram_clear(&stat->wait[i]);
		histogram_clear(&stat->hold[i]);
	}
	histogram_clear(&stat->measured.flush);
	for (i = 0; i < NR_RCU_DOMAINS; i++)
		histogram_clear(&stat->measured.grace[i]);
	memset(&stat->measured, 0, offsetof(struct measured, flush));
	memset(&stat->series, 0, offsetof(struct series, cell) + stat->series.end * sizeof(struct series_cell));
	memset(stat, 0, offsetof(struct lockstat_task, series));
}

void lockstat_forget(void)
{
	u32 i;

	for (i = 0; arena_of()->lockstat && i < arena_of()->nr_tasks; i++)
		forget_task(&arena_of()->lockstat[i]);
}

void lockstat_settle(u32 task, u64 operations, u64 faults)
{
	struct lockstat_task *stat = &arena_of()->lockstat[task];

	stat->used = 1;
	series_over(&stat->series, arena_of()->step, operations);
	stat->operations += operations;
	stat->faults += faults;
}

static struct lockstat_site *begin_site(struct lockstat_task *stat, struct lockstat_site *s, u32 class, u32 mode)
{
	stat->used = 1;
	s->class = (u16)class;
	s->mode = mode;
	if (s->site && !arena_of()->controlled)
		s->delay = (u64)((double)delay_length(s->site - 1u, class) / lockstat_ns_per_tick());
	return s;
}

/* Few sites: a linear probe from the site's own place finds it at once. */
struct lockstat_site *lockstat_find_site(u32 site, u32 class, u32 mode)
{
	struct lockstat_task *stat = own_table();
	u32 i;

	for (i = 0; i < LOCKSTAT_SITES; i++) {
		struct lockstat_site *s = &stat->sites[(site + i) % LOCKSTAT_SITES];

		if (likely(s->site == site + 1))
			return s;
		if (!s->site) {
			s->site = (u16)(site + 1);
			return begin_site(stat, s, class, mode);
		}
	}
	return begin_site(stat, &stat->sites[LOCKSTAT_SITES + class * NR_LOCK_MODES + mode], class, mode);
}

static struct lockstat_blame *find_blame(struct lockstat_task *stat, u16 site, const struct blocked *blocked)
{
	u32 at = site * 31u + blocked->holder_site * 7u + blocked->holder, i;

	for (i = 0; i < LOCKSTAT_BLAMES; i++) {
		struct lockstat_blame *b = &stat->blames[(at + i) % LOCKSTAT_BLAMES];

		if (!b->site)
			*b = (struct lockstat_blame){
				.site = site, .holder = blocked->holder, .holder_site = blocked->holder_site,
			};
		if (b->site == site && b->holder == blocked->holder && b->holder_site == blocked->holder_site)
			return b;
	}
	return NULL;
}

void lockstat_waited(struct lockstat_site *site, const struct blocked *blocked, bool bounced)
{
	struct lockstat_task *stat = own_table();
	struct lockstat_blame *blame = NULL;
	u64 now = lockstat_clock(), ticks = now - blocked->since;

	stat->waits_for = NULL;
	lockstat_look(stat, now);
	series_count(&stat->series, series_lock(site->class, site->mode, SERIES_CONTENTIONS));
	series_spread(&stat->series, series_lock(site->class, site->mode, SERIES_WAIT),
		      since_begin(blocked->since), since_begin(now));
	site->bounces += bounced;
	histogram_add(&stat->wait[site - stat->sites], ticks, 1);
	if (blocked->holder && site->site)
		blame = find_blame(stat, site->site, blocked);
	if (blame) {
		blame->count++;
		blame->total += ticks;
	} else {
		site->nobody++;
		site->nobody_total += ticks;
	}
}

void lockstat_held(const struct held_lock *held)
{
	struct lockstat_task *stat = own_table();
	struct lockstat_site *site = lockstat_find_site(held->site, held->class, held->mode);
	struct histogram *hold = &stat->hold[site - stat->sites];
	u64 ticks;

	if (unlikely(site->delay))
		delay_spin(site->delay);
	if (held->since == LOCKSTAT_DELAYED)
		return;
	ticks = lockstat_clock() - held->since;
	histogram_add(hold, ticks, site->untimed + 1);
	if (held->readers)
		stat->readers_held[held->class][held->readers] += ticks * (site->untimed + 1);
	if (!proc.controlled && !(site->acquisitions % LOCKSTAT_SAMPLE))
		site->untimed = hold->total / hold->count < LOCKSTAT_LONG ? LOCKSTAT_SAMPLE - 1 : 0;
}

/* The stack is another task's own; a torn read costs one wrong count, never a wrong address. */
static bool blame_task(struct blocked *blocked, u32 id, const void *lock)
{
	const struct held_lock *held = held_find(task_by_id(id), lock);

	if (!held)
		return false;
	blocked->holder = (u8)id;
	blocked->holder_site = held->site;
	return true;
}

void lockstat_blocked(struct blocked *blocked, u32 hint, const void *lock)
{
	const struct arena *arena = arena_of();
	u32 i;

	*blocked = (struct blocked){ .yes = true };
	if (!arena->lockstat)
		return;
	blocked->since = lockstat_clock();
	if (!hint || !blame_task(blocked, hint, lock))
		for (i = 1; i < arena->nr_tasks; i++)
			if (blame_task(blocked, i, lock))
				break;
	own_table()->behind = blocked->holder;
	own_table()->waits_for = lock;
}

void lockstat_readers(struct held_lock *held, u32 readers, u64 stands_for)
{
	held->readers = (u16)min(readers, (u32)MAX_TASKS);
	own_table()->readers[held->class][held->readers] += stands_for;
}

void lockstat_queued(u32 class, u32 others)
{
	if (!arena_of()->lockstat)
		return;
	own_table()->used = 1;
	own_table()->queue[class][min(others, (u32)MAX_TASKS)]++;
}

void lockstat_yield(u32 site, bool yielded)
{
	struct lockstat_task *stat = own_table();
	u32 i;

	for (i = 0; i < LOCKSTAT_YIELDS; i++) {
		struct lockstat_yield *y = &stat->yields[(site + i) % LOCKSTAT_YIELDS];

		if (!y->site) {
			stat->used = 1;
			y->site = site + 1;
		}
		if (y->site == site + 1) {
			y->asked++;
			y->yielded += yielded;
			return;
		}
	}
}
