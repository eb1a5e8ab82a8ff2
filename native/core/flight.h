/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The flight recorder: what each task did last, coarsely, in a ring of its own.
 *
 * What has a length is recorded when it ends, whole: a ring that overflows never separates an end
 * from its beginning.  What has not ended yet stands on the task's stack of open records, so that
 * of a task that died, or that a violation stopped, one sees what it was at.  Rings are written
 * by their own task only, but for the marks, and are of fixed size.
 *
 * A ring forgets in milliseconds.  So a task whose wait for a lock is one of its longest so far
 * copies, once it is out of the way of the others, what all tasks did around it.
 *
 * Of the holds of locks those are recorded that somebody waited for (who begins to wait marks those
 * who hold the lock), those that were waited for themselves, and of the others, running free, the
 * ones that lockstat.h times anyway.  Waits are recorded without exception.
 *
 * custom: all of it.  The model never sees it: it is no event, draws nothing, and lies behind
 *         everything else in the arena, so that an execution is the same with it and without.
 *         Off, it is a test of one word of the process at each place.
 */
#ifndef MMUT_CORE_FLIGHT_H
#define MMUT_CORE_FLIGHT_H

#include "lock.h"

#define FLIGHT_RECORDS	8192	/* of each task; a power of two */
#define FLIGHT_OPEN	16	/* that have not ended, one within the other */
#define FLIGHT_KEPT	4	/* longest waits of each task, with their surroundings */
#define FLIGHT_AROUND	128	/* records of each task that are kept with such a wait */
#define FLIGHT_NO_SITE	0xffff
#define FLIGHT_NO_GFN	(~0ULL)
#define FLIGHT_STILL_OPEN (~0ULL)	/* an end that has not come */

enum flight_kind {
	FLIGHT_NONE,
	/* with a length; arg; value */
	FLIGHT_OPERATION,	/* of the workload: gfn; which */
	FLIGHT_FAULT,		/* gfn; how it ended */
	FLIGHT_INVALIDATE,	/* of the MMU notifier, from start to end: first host page; pages */
	FLIGHT_ZAP,		/* leaves: first gfn; pages */
	FLIGHT_ZAP_ROOT,	/* everything below a root: its pfn */
	FLIGHT_WAIT,		/* the lock */
	FLIGHT_HOLD,		/* the lock; readers in, where it was held for read */
	FLIGHT_FLUSH,		/* request to all vCPUs: those that had to be waited for, a bit each; request */
	FLIGHT_FLUSH_WAIT,	/* the same */
	FLIGHT_GRACE_PERIOD,	/* value: enum rcu_domain */
	FLIGHT_CALLBACKS,	/* how many were run */
	/* without */
	FLIGHT_YIELD,		/* a yield test said so: the lock */
	FLIGHT_ROOT_INVALID,	/* pfn of the root */
	FLIGHT_BACKLOG,		/* callbacks that are pending */
	FLIGHT_VIOLATION,	/* address; value: enum oracle */
	NR_FLIGHT_KINDS
};
extern const char *const flight_kind_names[NR_FLIGHT_KINDS];

enum { FLIGHT_EARLIER = 1 };	/* it began before `begin`, when nobody looked */

struct flight_record {
	u64 begin, end;		/* lockstat clock */
	u64 arg;
	u32 value;
	u16 site;		/* where */
	u16 other_site;		/* a wait: where `other` took the lock */
	u8 kind;		/* enum flight_kind */
	u8 mode;		/* of a lock: enum lock_mode */
	u8 other;		/* a wait: who had the lock; a hold: who waited for it; 0: nobody */
	u8 flags;
	union {
		u16 class;	/* of a lock: enum lock_class */
		u16 more;	/* a fault that came to nothing: so many more of the gfn followed, in a row */
	};
	u16 task;		/* filled in when it is handed out */
};
static_assert(sizeof(struct flight_record) == 40, "records are saved as they are, and read by Python");

/* Somebody waits for a lock that the owner of the ring holds; written by who waits. */
struct flight_mark {
	u64 acquisition;	/* which one of the class: it may be over by now */
	u64 since;
	u32 waiter;
	u32 exact;		/* `since` is when it was taken: the owner had waited itself */
};

struct flight_ring {
	u64 head;		/* records made */
	u32 depth;		/* that are open */
	u32 wants_keeping;	/* a wait that is over was among the longest */
	struct flight_record open[FLIGHT_OPEN];
	struct flight_record at[FLIGHT_RECORDS];
	u64 acquisitions[NR_LOCK_CLASSES] __cacheline_aligned;	/* while recording; polled by who waits */
	struct flight_mark mark[NR_LOCK_CLASSES];
} __cacheline_aligned;

/* One task's last records as they were at some moment. */
struct flight_copy {
	u64 first;		/* number of the first record */
	u32 count, nr_open;
	struct flight_record at[FLIGHT_AROUND], open[FLIGHT_OPEN];
};

struct flight {
	u64 origin;		/* free running: when the workers were let go */
	u32 nr_tasks;
	u64 longest[MAX_TASKS][FLIGHT_KEPT];	/* length of the waits kept, in any order; 0: none */
	u8 copied[MAX_TASKS][FLIGHT_KEPT];	/* with what was around them */
	struct flight_copy *copies;	/* [task][kept][task] */
	struct flight_ring ring[];	/* one for each task */
};

#define flight_on()	unlikely(proc.flight)

static inline struct flight_copy *flight_copy_of(const struct flight *flight, u32 task, u32 kept, u32 of)
{
	return &flight->copies[(task * FLIGHT_KEPT + kept) * flight->nr_tasks + of];
}

int flight_init(u32 nr_tasks);	/* after everything else: 0 or -ENOMEM */
void flight_forget(void);	/* an execution begins */

/* What flight_on() guards. */
void flight_record_begin(enum flight_kind kind, u64 arg, u32 value);
void flight_record_end(u32 value);
void flight_record_end_of_try(u32 value);
void flight_record_instant(enum flight_kind kind, u64 arg, u32 value, const struct site *site);
void flight_record_about(u64 arg);
void flight_record_wait(const void *lock, u32 class, u32 mode, u32 holder, const struct site *site);
void flight_record_acquired(const struct held_lock *held);
void flight_record_released(const struct held_lock *held);

static inline void flight_begin(enum flight_kind kind, u64 arg, u32 value)
{
	if (flight_on())
		flight_record_begin(kind, arg, value);
}

/* Of what was begun last; with the value that is known now. */
static inline void flight_end(u32 value)
{
	if (flight_on())
		flight_record_end(value);
}

/*
 * The same of what came to nothing and is tried again at once: running free, tries in a row are one
 * record.  A task that retries for milliseconds would fill its ring with nothing else.
 */
static inline void flight_end_of_try(u32 value)
{
	if (flight_on())
		flight_record_end_of_try(value);
}

/* What was begun last turns out to be about this. */
static inline void flight_about(u64 arg)
{
	if (flight_on())
		flight_record_about(arg);
}

static inline void flight_instant(enum flight_kind kind, u64 arg, u32 value, const struct site *site)
{
	if (flight_on())
		flight_record_instant(kind, arg, value, site);
}

/* The lock is taken, and `holder` had it last, as far as is known. */
static inline void flight_wait(const void *lock, u32 class, u32 mode, u32 holder, const struct site *site)
{
	if (flight_on())
		flight_record_wait(lock, class, mode, holder, site);
}

#endif
