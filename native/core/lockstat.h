/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lock statistics: per task (no shared line is written) and call site.  Summed up by the reader, who
 * knows class and mode of a site and so has the rows of classes too.  The unit of time is cycles
 * when running free and schedule points when a scheduler decides; arena->controlled says which.
 *
 * Acquisitions and waits are counted and timed without exception.  Reading the cycle counter twice
 * costs as much as an uncontended lock, so that of the holds, running free, one in LOCKSTAT_SAMPLE
 * is timed, by position and not by luck, and stands for those before it.  The first LOCKSTAT_SAMPLE
 * at a site are all timed, and so are the others where those so far were LOCKSTAT_LONG on average:
 * there the cost does not matter.  Controlled executions time all.
 *
 * How long there were k readers at once is known step by step in controlled executions.  Running free
 * it would take a clock read at each end of each read section.  But all k that are in hold the lock at
 * the same time, so that each may answer for one k-th of it: what a timed reader held, divided by the k
 * that it met at its acquisition.  Right where that number stays, else off by what came and went; in
 * sum over k, each time k, it is exactly what readers held.
 *
 * Who waits looks once, as it begins to, at who is in the way: the last task to have taken the lock,
 * as far as the lock knows, else any that holds it.  All of the wait counts against that one.  Of
 * several readers it is one.  Nobody is blamed where whoever it was has let go by then.
 */
#ifndef MMUT_CORE_LOCKSTAT_H
#define MMUT_CORE_LOCKSTAT_H

#include "arena.h"
#include "histogram.h"
#include "lock_class.h"
#include "measure.h"
#include "series.h"
#include "task.h"

#define LOCKSTAT_SITES		128	/* distinct call sites of locks, per task; a power of two */
#define LOCKSTAT_SAMPLE		32	/* free running: one hold in so many is timed, a power of two */
#define LOCKSTAT_LONG		4096	/* cycles, some microseconds */
#define LOCKSTAT_UNTIMED	(~0ULL)
#define LOCKSTAT_DELAYED	(~1ULL)	/* neither is timed, but this one is not over without more ado */
#define LOCKSTAT_BLAMES		1024	/* distinct (call site, holder, call site of that) per task */
#define LOCKSTAT_YIELDS		16	/* places with a yield test, per task */

/* Where there are more sites than room, those of a class and mode share an entry without a place. */
#define LOCKSTAT_ENTRIES	(LOCKSTAT_SITES + NR_LOCK_CLASSES * NR_LOCK_MODES)

/* The waits are counted by their histogram. */
struct lockstat_site {
	u16 site;		/* + 1; 0: free entry, or one without a place */
	u16 class;
	u32 mode;
	u64 untimed;		/* a hold is timed if the number of acquisitions has none of these bits */
	u64 acquisitions;
	u64 bounces;		/* contended, and the last holder was another task */
	u64 acq_bounces;	/* acquired, and the last holder was another task */
	u64 nobody;		/* waits that nobody is blamed for, */
	u64 nobody_total;	/* and how long they were */
	u64 delay;		/* running free: cycles that the lock is held longer than needed */
};
static_assert(sizeof(struct lockstat_site) == 64, "an acquisition writes one line of the table");

static inline bool op_takes_lock(u8 op)
{
	return op == OP_SPIN_LOCK || op == OP_SPIN_TRYLOCK || op == OP_READ_LOCK || op == OP_WRITE_LOCK ||
	       op == OP_MUTEX_LOCK;
}

struct lockstat_blame {
	u16 site;		/* + 1, of the task that waited; 0: free entry */
	u16 holder_site;
	u32 holder;
	u64 count, total;
};

struct lockstat_yield {
	u64 site;		/* + 1; 0: free entry */
	u64 asked, yielded;
};

struct lockstat_task {
	struct lockstat_site sites[LOCKSTAT_ENTRIES];
	u64 used;		/* 0: there is nothing in here */
	u64 operations, faults;	/* controlled: of finished executions */
	const void *waits_for;	/* a lock, at this moment; for who watches a free run */
	u64 behind;		/* the task that had it when the wait began; 0: nobody known */
	struct lockstat_yield yields[LOCKSTAT_YIELDS];
	u64 queue[NR_LOCK_CLASSES][MAX_TASKS + 1];	/* others in the queue, by those that joined it */
	u64 readers[NR_LOCK_CLASSES][MAX_TASKS + 1];	/* readers in, by acquisitions for read */
	u64 readers_held[NR_LOCK_CLASSES][MAX_TASKS + 1];	/* how long these held it, from then on */
	u64 readers_steps[NR_LOCK_CLASSES][MAX_TASKS + 1];	/* controlled: how long there were so many */
	struct lockstat_blame blames[LOCKSTAT_BLAMES];
	struct series series;
	struct measured measured;
	/* in the order of `sites` */
	struct histogram wait[LOCKSTAT_ENTRIES], hold[LOCKSTAT_ENTRIES];
};

/* An acquisition that has to wait: since when, and who was in the way. */
struct blocked {
	u64 since;
	u16 holder_site;
	u8 holder;		/* 0: nobody is blamed */
	bool yes;
};

/* The lockstat clock: cycles when running free, schedule points when controlled. */
u64 lockstat_clock(void);
/* The task has read it: its figures over time go on from there. */
void lockstat_look(struct lockstat_task *stat, u64 now);
void lockstat_begin(void);		/* running free: the run begins now */
/* Cycles to nanoseconds, by the time since the arena was made; controlled: 1. */
double lockstat_ns_per_tick(void);

int lockstat_init(u32 nr_tasks);
/* Controlled: an execution is over, in which the task did so much. */
void lockstat_settle(u32 task, u64 operations, u64 faults);
void lockstat_forget(void);		/* all that was counted; nobody may be counting */

/* What lock.h does not do in line: the first acquisition at a site, a wait, a hold that is timed. */
struct lockstat_site *lockstat_find_site(u32 site, u32 class, u32 mode);
void lockstat_waited(struct lockstat_site *site, const struct blocked *blocked, bool bounced);
void lockstat_held(const struct held_lock *held);
/* The current task starts to wait for `lock`, which task `hint` (0: unknown) was the last to take. */
void lockstat_blocked(struct blocked *blocked, u32 hint, const void *lock);
/* `readers` were in, itself included, when it took `held` for read. */
void lockstat_readers(struct held_lock *held, u32 readers, u64 stands_for);
/* It joins the queue of a lock of `class` behind `others`. */
void lockstat_queued(u32 class, u32 others);
/* A yield test at `site` was answered. */
void lockstat_yield(u32 site, bool yielded);

#endif
