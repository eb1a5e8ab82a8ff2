// SPDX-License-Identifier: GPL-2.0-only
/* What the model measures of itself besides its locks.  See measure.h. */
#include "lockstat.h"
#include "measure.h"

static struct lockstat_task *own_table(void)
{
	struct lockstat_task *stat = &proc.arena->lockstat[current->id];

	stat->used = 1;
	return stat;
}

void measure_guest_memory(u64 first_gfn, u64 end_gfn)
{
	u64 last = end_gfn - first_gfn - 1, shift = 0;

	while (last >> shift >= HEAT_RANGES)
		shift++;
	proc.arena->heat_ranges.first = first_gfn;
	proc.arena->heat_ranges.shift = shift;
	proc.arena->heat_ranges.count = (last >> shift) + 1;
}

static void heat(struct lockstat_task *stat, enum heat what, u64 gfn)
{
	u64 range = (gfn - proc.arena->heat_ranges.first) >> proc.arena->heat_ranges.shift;

	if (likely(range < proc.arena->heat_ranges.count))
		stat->measured.heat[what][range]++;
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
