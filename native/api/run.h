/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs: exploring with fibers, lockstep with a baton, free running; and how to stop them. */
#ifndef MMUT_API_RUN_H
#define MMUT_API_RUN_H

#include <stdint.h>

/* cffi: begin */

/*
 * Explore with fibers: executions [first, first + count) of the seed, until `seconds` are over
 * (0: no limit) or a violation.  Returns how many were finished; a violating one counts.
 */
uint64_t mmut_explore(uint64_t first, uint64_t count, double seconds);
/*
 * Execution `iteration` again, traced.  Returns the number of its events; the last million of them
 * are read with mmut_trace_event(), which returns -1 for those before.
 */
uint64_t mmut_explore_traced(uint64_t iteration);
/*
 * Execution `iteration` twice more, traced: index of the first event that differs, of the first
 * million, ~0: none.  The event of the second run is at index mmut_differs.other_event.
 */
uint64_t mmut_explore_compared(uint64_t iteration);

/* Lockstep: the boss hands out executions; each worker process runs one task.  As mmut_explore(). */
uint64_t mmut_lockstep_boss(uint64_t first, uint64_t count, double seconds);
int mmut_lockstep_worker(uint32_t task);

/* Free running: every worker runs its task until stopped. */
int mmut_free_worker(uint32_t task);
void mmut_free_go(void);		/* release the workers, all at once */
int mmut_free_finish(void);		/* after the workers ended: drain, quiescence checks; 1: violation */

void mmut_stop(uint32_t reason);	/* enum stop_reason of the core: 1 finished, 3 interrupted, 4 worker died */
uint32_t mmut_stopped(void);

/* cffi: end */

#endif
