/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The flat program: a program that is data (struct mmut_flat of api.h), run by an interpreter.
 *
 * Every shared access goes through the hook with a site of its own, so that strategies, memory
 * models, detectors and reports treat it like compiled code.  Registers and the program counter
 * are in the arena: an execution's state is all there.
 */
#ifndef MMUT_PROGRAM_FLAT_H
#define MMUT_PROGRAM_FLAT_H

#include "../core/lock.h"
#include "program.h"

#define FLAT_QUIET_MAX	200000u		/* instructions between two events: more is a loop that nothing ends */
#define FLAT_LOADS_TOLD	63u		/* loads that have a bit of their own in struct dependencies */

union flat_lock {
	spinlock_t spin;
	struct mutex mutex;
	rwlock_t rw;
};

/* One task's registers; one more set is for the final part. */
struct flat_task {
	u64 *registers;
	u64 *depends;		/* for each register: the loads it was computed from */
	u64 control;		/* loads that branches depended on so far */
	u32 pc;
	u32 quiet;		/* instructions since the last event */
	u32 loads;		/* loads so far */
	u32 inside;		/* in an atomic block */
};

struct flat {
	struct mmut_flat code;	/* its pointers lead into the arena */
	const struct site *sites;	/* one for each instruction */
	u32 nr_tasks;
	u64 *words;
	union flat_lock *locks;	/* by number of the object, and its index */
	u64 atomic;		/* what atomic blocks announce */
	struct flat_task tasks[];
};

#define flat_of()	((struct flat *)arena_of()->program_state)

/* Set-up: copy the program of the configuration into the arena; 0, -EINVAL or -ENOMEM. */
int flat_load(const struct mmut_config *config);

/* Run `t` from its program counter to its end; the final part does so on the boss, with no event. */
void flat_run(struct flat *f, struct flat_task *t, struct program_outcome *out);

#endif
