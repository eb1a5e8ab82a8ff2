// SPDX-License-Identifier: GPL-2.0-only
/* Measuring: what is to be measured, and what was, besides locks: the tables of all tasks, added up. */
#include <string.h>

#include "core/arena.h"
#include "core/delay.h"
#include "core/flight.h"
#include "core/lockstat.h"
#include "core/measure.h"
#include "run_log.h"
#include "text.h"

static_assert(MMUT_HEAT_RANGES == HEAT_RANGES && MMUT_SERIES_COLUMNS == SERIES_COLUMNS &&
	      MMUT_SERIES_TICKS == SERIES_TICKS && MMUT_RCU_DOMAINS == NR_RCU_DOMAINS, "as core has them");

#define SLOT_MOVES	BIT_ULL(8)	/* of mmut_slot.flags */

static_assert(MMUT_MAX_DELAYS == DELAYS_MAX && sizeof(struct mmut_delay) == sizeof(struct delay), "they are copied");

static int init_delays(const struct mmut_config *config)
{
	struct delay delays[DELAYS_MAX];

	memcpy(delays, config->delays, sizeof(delays));
	return delay_init(delays, config->nr_delays);
}

/* Into its place by the first gfn; what begins inside another stretch makes that longer. */
static void add_stretch(struct heat_map *map, u64 first, u64 gfns)
{
	u32 i = 0;

	while (i < map->nr && map->at[i].first + map->at[i].gfns < first)
		i++;
	if (i < map->nr && first + gfns >= map->at[i].first) {
		u64 old = map->at[i].first, end = old + map->at[i].gfns, more = first + gfns;

		map->at[i].first = min(old, first);
		map->at[i].gfns = max(end, more) - map->at[i].first;
		return;
	}
	memmove(&map->at[i + 1], &map->at[i], (map->nr++ - i) * sizeof(map->at[0]));
	map->at[i] = (struct heat_stretch){ .first = first, .gfns = gfns };
}
static_assert(HEAT_STRETCHES >= 2 * MMUT_MAX_SLOTS, "each slot may have two places");

/* Wherever a slot may be. */
static int init_heat(const struct mmut_config *config)
{
	struct heat_map map = { 0 };
	u32 i;

	for (i = 0; i < config->nr_slots; i++) {
		const struct mmut_slot *slot = &config->slots[i];

		add_stretch(&map, slot->base_gfn, slot->npages);
		if (slot->flags & SLOT_MOVES)
			add_stretch(&map, slot->move_gfn, slot->npages);
	}
	return measure_guest_memory(&map);
}

/* Last: an execution is the same whether it is measured or not, addresses included. */
int measuring_init(const struct mmut_config *config)
{
	int err = 0;

	if (config->lock_stat)
		err = lockstat_init(arena_of()->nr_tasks) ?: init_heat(config) ?: init_delays(config);
	if (!err && config->record)
		err = flight_init(arena_of()->nr_tasks);
	return err;
}

/* The boss sets up and tears down: no part of the workload. */
const struct lockstat_task *measured_table(u32 task)
{
	const struct arena *arena = arena_of();

	if (!arena->lockstat || task == TASK_BOSS || task >= arena->nr_tasks || !arena->lockstat[task].used)
		return NULL;
	return &arena->lockstat[task];
}

void measured_times(struct mmut_times *sum, const struct histogram *h)
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
		const struct lockstat_task *stat = measured_table((*task)++);

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
	COPY(row->file, source_name(mark->file));
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
			measured_times(&counts->grace[d], &m->grace[d]);
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
		measured_times(wait, &m->flush);
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
		if (measured_table(i))
			series->shift = max(series->shift, measured_table(i)->series.shift);
	for (i = 0; i < arena_of()->nr_tasks; i++)
		if (measured_table(i) && measured_table(i)->series.end)
			add_series(series, &measured_table(i)->series);
	return series->ticks ? 0 : -1;
}
