/* SPDX-License-Identifier: GPL-2.0-only */
/* What all executions of a world come to: counts. */
#ifndef MMUT_API_TOTALS_H
#define MMUT_API_TOTALS_H

#include <stdint.h>

/* cffi: begin */

/* Running totals of a world over all its executions. */
struct mmut_totals {
	uint64_t schedules, schedule_points, decisions, switches, violations;
	uint64_t digest;		/* of all executions, independent of their order */
	uint64_t decisions_max;		/* PCT's k in use */
	uint64_t operations, faults, retries, fixed, spurious, lost_cmpxchg, accesses, exits, flushes, emulated;
	uint64_t grace_periods, callbacks;
	uint64_t unfair_cutoffs;	/* executions that needed the fair tail */
	uint64_t discarded;		/* that have no end: the axioms leave none, or all wait for ever */
	uint64_t racy;			/* lkmm: executions of a program with a data race */
	uint64_t agents;		/* who may be scheduled: tasks, and store buffers */
	uint64_t pct2, pct3, pct4, pct5;	/* executions under PCT, by depth */
	uint64_t profile;		/* hash of what the profile executions counted */
};
void mmut_totals_get(struct mmut_totals *totals);

/* cffi: end */

#endif
