/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures over time, in fixed memory: a task's table of SERIES_TICKS ticks.  When time goes past the
 * last one, neighbours are added up, and a tick is twice as long from then on; so any run fits, and
 * a table is at least half full.  Tables of tasks may have different ticks; the reader adds up the
 * finer ones.
 *
 * Time is that of the execution: ticks of several controlled executions are added, the first ones
 * of all to the first.
 *
 * custom: running free, what happens often reads no clock.  It counts in the tick in which its task
 *         last looked at one: in its last fault, wait, or section that was timed.  Finished
 *         operations are spread evenly between two looks.  Controlled, they count where they were
 *         noticed, in the task's next acquisition or fault: so a sum over executions does not
 *         depend on who explored which.  Waits are spread over the time that they took.
 */
#ifndef MMUT_CORE_SERIES_H
#define MMUT_CORE_SERIES_H

#include "lock_class.h"
#include "task.h"

#define SERIES_TICKS		256
#define SERIES_SHIFT_FREE	20	/* the first tick: a million cycles */
#define SERIES_SHIFT_STEPS	3

enum series_column {
	SERIES_FAULTS, SERIES_OPERATIONS, SERIES_RETRIES, SERIES_FLUSHES,
	SERIES_QUEUED, SERIES_RUN,	/* RCU callbacks */
	SERIES_LOCKS,			/* of each lock class and mode, three: */
};
enum series_lock_column { SERIES_ACQUISITIONS, SERIES_CONTENTIONS, SERIES_WAIT, NR_SERIES_LOCK };
#define SERIES_COLUMNS		(SERIES_LOCKS + NR_LOCK_CLASSES * NR_LOCK_MODES * NR_SERIES_LOCK)
#define series_lock(class, mode, what)	(SERIES_LOCKS + ((class) * NR_LOCK_MODES + (mode)) * NR_SERIES_LOCK + (what))

struct series_cell { u64 column[72]; };

struct series {
	u32 shift;		/* a tick is 1 << shift; 0: not begun */
	u32 tick;		/* the current one */
	u32 end;		/* ticks in use */
	u32 pad;
	u64 now;		/* when the task last looked */
	u64 operations;		/* of the task, by then */
	struct series_cell cell[SERIES_TICKS];
};

/* The task looked at the clock: `now` since the start, with so many operations done in this execution. */
void series_look(struct series *s, u64 now, u64 operations);
/* The controlled execution is over: the next one begins at 0. */
void series_over(struct series *s, u64 now, u64 operations);
/* Add `to - from`, times since the start, to the column of the ticks in between. */
void series_spread(struct series *s, u32 column, u64 from, u64 to);

static inline void series_count(struct series *s, u32 column)
{
	s->cell[s->tick].column[column]++;
}

#endif
