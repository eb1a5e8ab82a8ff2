// SPDX-License-Identifier: GPL-2.0-only
/* What Python may ask of what was measured besides locks: the tables of all tasks, added up. */
#include <stdio.h>
#include <string.h>

#include "core/arena.h"
#include "core/lockstat.h"
#include "run.h"

#define COPY(dst, src) snprintf(dst, sizeof(dst), "%s", src)

static_assert(MMUT_HEAT_RANGES == HEAT_RANGES && MMUT_SERIES_COLUMNS == SERIES_COLUMNS &&
	      MMUT_SERIES_TICKS == SERIES_TICKS && MMUT_RCU_DOMAINS == NR_RCU_DOMAINS, "as core has them");

/* The boss sets up and tears down: no part of the workload. */
const struct lockstat_task *report_table(u32 task)
{
	const struct arena *arena = arena_of();

	if (!arena->lockstat || task == TASK_BOSS || task >= arena->nr_tasks || !arena->lockstat[task].used)
		return NULL;
	return &arena->lockstat[task];
}

void report_times(struct mmut_times *sum, const struct histogram *h)
{
	u32 first, end, i;

	if (!h->count)
		return;
	first = histogram_bucket(h->min);
	end = histogram_bucket(h->max) + 1;
	if (!sum->count) {
		sum->min = h->min;
		sum->first = first;
	}
	sum->min = min(sum->min, h->min);
	sum->max = max(sum->max, h->max);
	sum->first = min(sum->first, first);
	sum->end = max(sum->end, end);
	sum->total += h->total;
	sum->count += h->count;
	for (i = first; i < end; i++)
		sum->buckets[i] += h->bucket[i];
}

/* The next task from `*task` on that has measured anything; NULL: there is none. */
static const struct measured *next_measured(u32 *task)
{
	while (*task < arena_of()->nr_tasks) {
		const struct lockstat_task *stat = report_table((*task)++);

		if (stat)
			return &stat->measured;
	}
	return NULL;
}

int mmut_retry_get(uint32_t n, struct mmut_retry *row)
{
	const struct mark *mark = __start_mmut_marks + n;
	const struct measured *m;
	u32 task = 0;

	if (mark >= __stop_mmut_marks || n >= MARKS_MAX || !arena_of()->lockstat)
		return -1;
	memset(row, 0, sizeof(*row));
	row->line = (u32)mark->line;
	COPY(row->cause, mark->cause);
	COPY(row->func, mark->func);
	COPY(row->file, report_file(mark->file));
	while ((m = next_measured(&task)))
		row->count += m->retries[n];
	return 0;
}

int mmut_rcu_counts_get(struct mmut_rcu_counts *counts)
{
	const struct measured *m;
	u32 task = 0, d;

	memset(counts, 0, sizeof(*counts));
	if (!arena_of()->lockstat)
		return -1;
	while ((m = next_measured(&task))) {
		counts->queued += m->queued;
		counts->run += m->run;
		counts->backlog_max = max(counts->backlog_max, m->backlog_max);
		for (d = 0; d < NR_RCU_DOMAINS; d++)
			report_times(&counts->grace[d], &m->grace[d]);
	}
	return 0;
}

int mmut_flushes_get(struct mmut_times *wait)
{
	const struct measured *m;
	u32 task = 0;

	memset(wait, 0, sizeof(*wait));
	if (!arena_of()->lockstat)
		return -1;
	while ((m = next_measured(&task)))
		report_times(wait, &m->flush);
	return 0;
}

int mmut_heat_get(struct mmut_heat *heat)
{
	const struct heat_map *map = arena_of()->heat_map;
	const struct measured *m;
	u32 task = 0, i;

	if (!map)
		return -1;
	memset(heat, 0, sizeof(*heat));
	heat->shift = map->shift;
	heat->ranges = map->ranges;
	for (i = 0; i < map->nr; i++) {
		u64 end = map->at[i].range + ((map->at[i].gfns - 1) >> map->shift) + 1, r;

		for (r = map->at[i].range; r < end; r++)
			heat->starts[r] = map->at[i].first + ((r - map->at[i].range) << map->shift);
	}
	while ((m = next_measured(&task)))
		for (i = 0; i < HEAT_RANGES; i++) {
			heat->faults[i] += m->heat[HEAT_FAULTS][i];
			heat->retries[i] += m->heat[HEAT_RETRIES][i];
			heat->zaps[i] += m->heat[HEAT_ZAPS][i];
		}
	return 0;
}

static void add_series(struct mmut_series *sum, const struct series *s)
{
	u32 i, c, coarser = sum->shift - s->shift;

	for (i = 0; i < s->end; i++)
		for (c = 0; c < SERIES_COLUMNS; c++)
			sum->columns[c][i >> coarser] += s->cell[i].column[c];
	sum->ticks = max(sum->ticks, ((s->end - 1) >> coarser) + 1);
}

/* As fine as the coarsest of the tasks. */
int mmut_series_get(struct mmut_series *series)
{
	u32 i;

	memset(series, 0, sizeof(*series));
	for (i = 0; i < arena_of()->nr_tasks; i++)
		if (report_table(i))
			series->shift = max(series->shift, report_table(i)->series.shift);
	for (i = 0; i < arena_of()->nr_tasks; i++)
		if (report_table(i) && report_table(i)->series.end)
			add_series(series, &report_table(i)->series);
	return series->ticks ? 0 : -1;
}
