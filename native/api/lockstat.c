// SPDX-License-Identifier: GPL-2.0-only
/* Lock statistics: the tables of all tasks, added up. */
#include <string.h>

#include "core/arena.h"
#include "core/delay.h"
#include "core/lockstat.h"
#include "run_log.h"
#include "text.h"

static_assert(MMUT_BUCKETS == HISTOGRAM_BUCKETS && MMUT_AGENTS == MAX_TASKS + 1, "as core has them");

double mmut_tick_ns(void)
{
	return lockstat_ns_per_tick();
}

void mmut_measured_forget(void)
{
	lockstat_forget();
}

int mmut_lock_place_get(uint32_t n, struct mmut_lock_place *row)
{
	const struct site *site = __start_mmut_sites;

	for (; site < __stop_mmut_sites; site++)
		if (op_takes_lock(site->op) && !n--)
			break;
	if (site == __stop_mmut_sites)
		return -1;
	memset(row, 0, sizeof(*row));
	row->line = site->line;
	row->op = site->op;
	COPY(row->func, site->func);
	COPY(row->file, source_name(site->file));
	COPY(row->what, site->what);
	return 0;
}

int mmut_task_counts_get(uint32_t task, struct mmut_task_counts *row)
{
	const struct arena *arena = arena_of();

	if (!arena->lockstat || task >= arena->nr_tasks)
		return -1;
	row->operations = arena->lockstat[task].operations;
	row->faults = arena->lockstat[task].faults;
	if (!arena->controlled) {
		row->operations = task_by_id(task)->operations;
		row->faults = run_task_faults(task_by_id(task));
	}
	return 0;
}

static u32 nr_site_ids(void)
{
	return NR_STATIC_SITES + arena_of()->nr_sites;
}

/*
 * Entries are numbered: sites by themselves, then those that have no place.  Where a task counts the
 * one with number `id`; LOCKSTAT_ENTRIES: it does not.
 */
static u32 entry_of(const struct lockstat_task *stat, u32 id)
{
	u32 i, at;

	if (id >= nr_site_ids())
		return LOCKSTAT_SITES + id - nr_site_ids();
	for (i = 0; i < LOCKSTAT_SITES; i++) {
		at = (id + i) % LOCKSTAT_SITES;
		if (stat->sites[at].site == id + 1)
			return at;
		if (!stat->sites[at].site)
			break;
	}
	return LOCKSTAT_ENTRIES;
}

static u32 id_of(const struct lockstat_task *stat, u32 entry)
{
	return entry < LOCKSTAT_SITES ? stat->sites[entry].site - 1u : nr_site_ids() + entry - LOCKSTAT_SITES;
}

static u32 kind_of_op(u32 op)
{
	if (op == OP_READ_LOCK || op == OP_WRITE_LOCK)
		return MMUT_LOCK_RWLOCK;
	return op == OP_MUTEX_LOCK ? MMUT_LOCK_MUTEX : MMUT_LOCK_SPINLOCK;
}

/* Of a class that one kind of lock has to itself, or nearly. */
static u32 kind_of_class(u32 class)
{
	if (class == CLASS_MMU_LOCK)
		return MMUT_LOCK_RWLOCK;
	return class <= CLASS_SLOTS_ARCH_LOCK || class == CLASS_PROGRAM_MUTEX ? MMUT_LOCK_MUTEX : MMUT_LOCK_SPINLOCK;
}

static void name_site(struct mmut_lock_site *row, u32 id, const struct lockstat_site *s)
{
	const struct site *site;

	row->id = id;
	row->mode = s->mode;
	row->kind = kind_of_class(s->class);
	COPY(row->lock, lock_class_names[s->class]);
	if (id >= nr_site_ids())
		return;
	site = site_by_id(id);
	row->kind = kind_of_op(site->op);
	row->line = site->line;
	COPY(row->func, site->func);
	COPY(row->file, source_name(site->file));
}

/* Running free, what the task that took the lock had found. */
static u64 delay_of(u32 id, const struct lockstat_site *s)
{
	if (!arena_of()->controlled)
		return (u64)((double)s->delay * lockstat_ns_per_tick() + 0.5);
	return s->site ? delay_length(id, s->class) : 0;
}

static bool sum_site(u32 id, struct mmut_lock_site *row)
{
	u32 i;

	memset(row, 0, sizeof(*row));
	for (i = 1; i < arena_of()->nr_tasks; i++) {
		const struct lockstat_task *stat = measured_table(i);
		u32 entry = stat ? entry_of(stat, id) : LOCKSTAT_ENTRIES;
		const struct lockstat_site *s;

		if (entry == LOCKSTAT_ENTRIES || !stat->sites[entry].acquisitions)
			continue;
		s = &stat->sites[entry];
		if (!row->acquisitions)
			name_site(row, id, s);
		row->acquisitions += s->acquisitions;
		row->bounces += s->bounces;
		row->acq_bounces += s->acq_bounces;
		row->delay = max(row->delay, delay_of(id, s));
		measured_times(&row->wait, &stat->wait[entry]);
		measured_times(&row->hold, &stat->hold[entry]);
	}
	return row->acquisitions;
}

int mmut_lock_site_next(uint32_t *cursor, struct mmut_lock_site *row)
{
	while (*cursor < nr_site_ids() + LOCKSTAT_ENTRIES - LOCKSTAT_SITES)
		if (sum_site((*cursor)++, row))
			return 0;
	return -1;
}

/* Rows in the order of the classes, read before write; cheap enough for a look at a live run. */
int mmut_lockstat_get(uint32_t n, struct mmut_lockstat *row)
{
	u32 class = n / NR_LOCK_MODES, mode = n % NR_LOCK_MODES, i, j;

	if (class >= NR_LOCK_CLASSES || !arena_of()->lockstat)
		return -1;
	memset(row, 0, sizeof(*row));
	COPY(row->class_name, lock_class_names[class]);
	row->mode = mode;
	row->is_rwlock = class == CLASS_MMU_LOCK;
	for (i = 1; i < arena_of()->nr_tasks; i++) {
		const struct lockstat_task *stat = measured_table(i);

		for (j = 0; stat && j < LOCKSTAT_ENTRIES; j++) {
			const struct lockstat_site *s = &stat->sites[j];

			if (!s->acquisitions || s->class != class || s->mode != mode)
				continue;
			row->acquisitions += s->acquisitions;
			row->bounces += s->bounces;
			row->acq_bounces += s->acq_bounces;
			row->contentions += stat->wait[j].count;
			row->wait_total += stat->wait[j].total;
		}
	}
	row->wait_total = (u64)((double)row->wait_total * lockstat_ns_per_tick());
	return 0;
}

/* Of a task: waits that nobody is blamed for, by entry, and then the table of the others. */
static bool blame_row(u32 task, u32 n, struct mmut_blame *row)
{
	const struct lockstat_task *stat = measured_table(task);
	const struct lockstat_blame *b;

	if (!stat)
		return false;
	if (n < LOCKSTAT_ENTRIES) {
		*row = (struct mmut_blame){
			.waiter = task, .waiter_site = id_of(stat, n),
			.count = stat->sites[n].nobody, .total = stat->sites[n].nobody_total,
		};
		return row->count;
	}
	b = &stat->blames[n - LOCKSTAT_ENTRIES];
	*row = (struct mmut_blame){
		.waiter = task, .waiter_site = b->site - 1u, .holder = b->holder, .holder_site = b->holder_site,
		.count = b->count, .total = b->total,
	};
	return row->count;
}

int mmut_blame_next(uint32_t *cursor, struct mmut_blame *row)
{
	const u32 each = LOCKSTAT_ENTRIES + LOCKSTAT_BLAMES;

	while (*cursor < arena_of()->nr_tasks * each) {
		u32 at = (*cursor)++;

		if (blame_row(at / each, at % each, row))
			return 0;
	}
	return -1;
}

int mmut_lock_spread_get(uint32_t n, struct mmut_lock_spread *row)
{
	u32 i, k;

	if (n >= NR_LOCK_CLASSES || !arena_of()->lockstat)
		return -1;
	memset(row, 0, sizeof(*row));
	COPY(row->lock, lock_class_names[n]);
	for (i = 1; i < arena_of()->nr_tasks; i++) {
		const struct lockstat_task *stat = measured_table(i);

		for (k = 0; stat && k <= MAX_TASKS; k++) {
			row->queue[k] += stat->queue[n][k];
			row->readers[k] += stat->readers[n][k];
			row->readers_held[k] += stat->readers_held[n][k];
			row->readers_steps[k] += stat->readers_steps[n][k];
		}
	}
	return 0;
}

int mmut_yield_next(uint32_t *cursor, struct mmut_yield *row)
{
	while (*cursor < arena_of()->nr_tasks * LOCKSTAT_YIELDS) {
		const struct lockstat_task *stat = measured_table(*cursor / LOCKSTAT_YIELDS);
		const struct lockstat_yield *y = stat ? &stat->yields[*cursor % LOCKSTAT_YIELDS] : NULL;
		const struct site *site;

		++*cursor;
		if (!y || !y->site)
			continue;
		site = site_by_id((u32)y->site - 1);
		memset(row, 0, sizeof(*row));
		row->line = site->line;
		row->asked = y->asked;
		row->yielded = y->yielded;
		COPY(row->func, site->func);
		COPY(row->file, source_name(site->file));
		return 0;
	}
	return -1;
}
