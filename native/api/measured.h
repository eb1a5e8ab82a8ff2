/* SPDX-License-Identifier: GPL-2.0-only */
/* What is measured besides locks: by task, by place, by gfn, over time. */
#ifndef MMUT_API_MEASURED_H
#define MMUT_API_MEASURED_H

#include <stdint.h>

/* cffi: begin */

enum {
	MMUT_BUCKETS = 1152,		/* of a histogram: see core/histogram.h */
	MMUT_AGENTS = 129,		/* tasks, with service tasks and the boss */
	MMUT_RCU_DOMAINS = 3,
	MMUT_HEAT_RANGES = 64,
	MMUT_SERIES_COLUMNS = 72,
	MMUT_SERIES_TICKS = 256,
};

/*
 * What is measured, in ticks: mmut_tick_ns() nanoseconds each where running free, and schedule
 * points where controlled.  Bucket n of a histogram holds the value n if n < 64, and else, with
 * shift = n / 32 - 1, those from (n % 32 + 32) << shift on, 1 << shift of them.
 */
struct mmut_times {
	uint64_t count, total, min, max;
	uint32_t first, end;		/* the others are empty */
	uint64_t buckets[MMUT_BUCKETS];
};

/* What a task did: in all executions so far, or until now where running free. */
struct mmut_task_counts { uint64_t operations, faults; };

/* A place that gives up what it was about, to try again, and why. */
struct mmut_retry { char cause[24], func[48], file[48]; uint32_t line, pad; uint64_t count; };

struct mmut_rcu_counts {
	uint64_t queued, run, backlog_max;	/* callbacks */
	struct mmut_times grace[MMUT_RCU_DOMAINS];	/* grace periods: RCU, SRCU, another SRCU of programs */
};

/* `ranges` of 1 << shift gfns, less at the end of a slot; the first gfn of each. */
struct mmut_heat {
	uint64_t shift, ranges, starts[MMUT_HEAT_RANGES];
	uint64_t faults[MMUT_HEAT_RANGES], retries[MMUT_HEAT_RANGES], zaps[MMUT_HEAT_RANGES];
};

/*
 * By tick of 1 << shift, of each execution.  Columns: faults, operations, retries, flushes, callbacks
 * queued and run; then for each lock class, read before write, acquisitions, contentions, time waited.
 */
struct mmut_series {
	uint32_t shift, ticks;
	uint64_t columns[MMUT_SERIES_COLUMNS][MMUT_SERIES_TICKS];
};

/* A place that asks whether it should yield. */
struct mmut_yield {
	char func[48], file[48];
	uint32_t line, pad;
	uint64_t asked, yielded;
};
int mmut_yield_next(uint32_t *cursor, struct mmut_yield *row);	/* a task's; a site may come several times */

double mmut_tick_ns(void);
void mmut_measured_forget(void);		/* begin anew; controlled: between executions */
int mmut_task_counts_get(uint32_t task, struct mmut_task_counts *row);
int mmut_retry_get(uint32_t n, struct mmut_retry *row);
/* -1: nothing is measured. */
int mmut_rcu_counts_get(struct mmut_rcu_counts *counts);
int mmut_flushes_get(struct mmut_times *wait);
int mmut_heat_get(struct mmut_heat *heat);	/* -1 also where there is no guest memory */
int mmut_series_get(struct mmut_series *series);

/* cffi: end */

#endif
