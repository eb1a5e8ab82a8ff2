/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lock statistics: per task (no shared line is written), per class, mode and call site.
 * Summed up by the reader.  The unit of time is nanoseconds when running free and schedule
 * points when a scheduler decides; arena->controlled says which.
 *
 * Acquisitions, contentions and waits are counted and timed without exception.  Reading the
 * cycle counter twice costs as much as an uncontended lock, so that of the holds, running
 * free, one in LOCKSTAT_SAMPLE is timed, by position and not by luck; the reader scales the
 * total up.  Controlled executions time each one.
 */
#ifndef MMUT_CORE_LOCKSTAT_H
#define MMUT_CORE_LOCKSTAT_H

#include "types.h"

#define LOCKSTAT_SITES		64	/* distinct call sites of locks, per task; a power of two */
#define LOCKSTAT_SAMPLE		32	/* free running: one hold in so many is timed, a power of two */
#define LOCKSTAT_UNTIMED	(~0ULL)

struct lockstat_time {
	u64 count, total, min, max;
};

struct lockstat_mode {
	u64 acquisitions;
	u64 contentions;	/* acquisitions that had to wait */
	u64 bounces;		/* contended, and the last holder was another task */
	u64 acq_bounces;	/* acquired, and the last holder was another task */
	struct lockstat_time wait;
	struct lockstat_time hold;
};

struct lockstat_site {
	u16 site;		/* + 1; 0: free entry */
	u16 class;
	u32 mode;
	u64 acquisitions;
	u64 contentions;
	u64 wait_total;
	u64 held_while_waited;	/* others had to wait for a lock taken here */
};

struct held_lock;

/* The lockstat clock: cycles when running free, schedule points when controlled. */
u64 lockstat_clock(void);
/* Cycles to nanoseconds, by the time since the arena was made. */
double lockstat_ns_per_tick(void);

int lockstat_init(u32 nr_tasks);
/* What lock.h does not do in line: the first acquisition at a site, a wait, a hold that is timed. */
struct lockstat_site *lockstat_find_site(u32 site, u32 class, u32 mode);
void lockstat_waited(const struct held_lock *held, u64 since, bool bounced);
void lockstat_held(const struct held_lock *held);
/* The current task starts to wait for a lock that task `holder` (0: unknown) holds. */
void lockstat_blocked_by(u32 holder, const void *lock);

#endif
