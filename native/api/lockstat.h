/* SPDX-License-Identifier: GPL-2.0-only */
/* What is measured of locks: by class, by call site, and who waited for whom. */
#ifndef MMUT_API_LOCKSTAT_H
#define MMUT_API_LOCKSTAT_H

#include "measured.h"

/* cffi: begin */

enum mmut_lock_kind { MMUT_LOCK_SPINLOCK, MMUT_LOCK_MUTEX, MMUT_LOCK_RWLOCK };

/* A lock class in one mode. */
struct mmut_lockstat {
	char class_name[32];
	uint32_t mode;			/* 0 read, 1 write */
	uint32_t is_rwlock;
	uint64_t acquisitions, contentions, bounces, acq_bounces, wait_total;
};

/* A call site that takes a lock; `func` is empty where there were more of them than room. */
struct mmut_lock_site {
	char lock[32], func[48], file[48];
	uint32_t id, mode, line, kind;	/* enum mmut_lock_kind */
	uint64_t acquisitions, bounces, acq_bounces;	/* contentions: waits */
	uint64_t delay;			/* each hold is longer by so many ns, or steps, as was asked for */
	struct mmut_times wait, hold;	/* running free some holds are timed, and stand for the others */
};

/* Waits of a task at a site, of which the holder is blamed; sites by mmut_lock_site.id. */
struct mmut_blame {
	uint32_t waiter, waiter_site, holder, holder_site;	/* holder 0: nobody */
	uint64_t count, total;
};

/*
 * By n: how often n others were in the queue when somebody joined it; n readers were in; how long those
 * who were the n-th held the lock; and, in steps only, how long n were in.
 */
struct mmut_lock_spread {
	char lock[32];
	uint64_t queue[MMUT_AGENTS], readers[MMUT_AGENTS], readers_held[MMUT_AGENTS], readers_steps[MMUT_AGENTS];
};

/* A place of the model that takes a lock; -1 past the last. */
struct mmut_lock_place { char func[48], file[48], what[64]; uint32_t line, op; };
int mmut_lock_place_get(uint32_t n, struct mmut_lock_place *row);

/* What was measured since the start or the last mmut_measured_forget().  Cursors begin at 0; -1: no more. */
int mmut_lockstat_get(uint32_t n, struct mmut_lockstat *row);
int mmut_lock_site_next(uint32_t *cursor, struct mmut_lock_site *row);
int mmut_blame_next(uint32_t *cursor, struct mmut_blame *row);
int mmut_lock_spread_get(uint32_t n, struct mmut_lock_spread *row);

/* cffi: end */

#endif
