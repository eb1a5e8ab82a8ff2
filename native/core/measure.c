// SPDX-License-Identifier: GPL-2.0-only
/* What the model measures of itself besides its locks.  See measure.h. */
#include <errno.h>

#include "lockstat.h"
#include "measure.h"

static struct lockstat_task *own_table(void)
{
	struct lockstat_task *stat = &proc.arena->lockstat[current->id];

	stat->used = 1;
	return stat;
}

static u32 ranges_of(const struct heat_map *map, u32 shift)
{
	u32 ranges = 0, i;

	for (i = 0; i < map->nr; i++)
		ranges += (u32)((map->at[i].gfns - 1) >> shift) + 1;
	return ranges;
}

int measure_guest_memory(const struct heat_map *wanted)
{
	struct heat_map *map;
	u32 i;

	if (!wanted->nr)
		return 0;
	map = arena_alloc_bulk(sizeof(*map));
	if (!map)
		return -ENOMEM;
	*map = *wanted;
	while (ranges_of(map, map->shift) > HEAT_RANGES)
		map->shift++;
	for (i = 0; i < map->nr; i++) {
		map->at[i].range = map->ranges;
		map->ranges += (u32)((map->at[i].gfns - 1) >> map->shift) + 1;
	}
	proc.arena->heat_map = map;
	return 0;
}

static void heat(struct lockstat_task *stat, enum heat what, u64 gfn)
{
	const struct heat_map *map = proc.arena->heat_map;
	u32 i;

	for (i = 0; map && i < map->nr; i++) {
		u64 at = gfn - map->at[i].first;

		if (at < map->at[i].gfns) {
			stat->measured.heat[what][map->at[i].range + (at >> map->shift)]++;
			return;
		}
	}
}

void __measure_retry(const struct mark *mark)
{
	u64 n = (u64)(mark - __start_mmut_marks);

	if (likely(n < MARKS_MAX))
		own_table()->measured.retries[n]++;
}

void __measure_fault(u64 gfn, bool retried)
{
	struct lockstat_task *stat = own_table();

	lockstat_look(stat, lockstat_clock());
	series_count(&stat->series, SERIES_FAULTS);
	heat(stat, HEAT_FAULTS, gfn);
	if (!retried)
		return;
	series_count(&stat->series, SERIES_RETRIES);
	heat(stat, HEAT_RETRIES, gfn);
}

void __measure_zap(u64 gfn)
{
	heat(own_table(), HEAT_ZAPS, gfn);
}

u64 __measure_begin(void)
{
	return lockstat_clock();
}

void __measure_flush(u64 since)
{
	struct lockstat_task *stat = own_table();
	u64 now = lockstat_clock();

	histogram_add(&stat->measured.flush, now - since, 1);
	lockstat_look(stat, now);
	series_count(&stat->series, SERIES_FLUSHES);
}

void __measure_grace_period(u32 domain, u64 since)
{
	struct lockstat_task *stat = own_table();
	u64 now = lockstat_clock();

	histogram_add(&stat->measured.grace[domain], now - since, 1);
	lockstat_look(stat, now);
}

void __measure_queued(u64 backlog)
{
	struct lockstat_task *stat = own_table();

	stat->measured.queued++;
	stat->measured.backlog_max = max(stat->measured.backlog_max, backlog);
	lockstat_look(stat, lockstat_clock());
	series_count(&stat->series, SERIES_QUEUED);
}

void __measure_run(void)
{
	struct lockstat_task *stat = own_table();

	stat->measured.run++;
	series_count(&stat->series, SERIES_RUN);
}
