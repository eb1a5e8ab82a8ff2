/* SPDX-License-Identifier: GPL-2.0-only */
/* What the processes of primitives.c do, and what they share; see workers.c. */
#ifndef MMUT_TESTS_WORKERS_H
#define MMUT_TESTS_WORKERS_H

#include "../core/lock.h"
#include "../core/rcu.h"
#include "../program/program.h"

#define WORDS		6
#define OBJECTS		4

struct object {
	struct rcu_head head;
	volatile u64 magic;
	volatile u32 free;
};

struct common {
	rwlock_t rw;
	spinlock_t spin;
	volatile u64 words[WORDS];	/* all equal whenever a reader may look */
	u64 operations;			/* of each task */
	u64 wrong;			/* atomic: what tasks saw that must not be */
	u32 one_dies;			/* and those who wait for it look from time to time */
	u64 writes, reads;		/* atomic */
	shared_u64 flag, stage;
	SHARED(struct object *) published;
	struct object object[OBJECTS];
	struct { u32 word; } ball[2] __cacheline_aligned;
};

struct common *common(void);
double seconds(void);			/* by the monotonic clock */
u32 worker_program(const char *name);
void workers_start(u64 operations, u32 one_dies);	/* boss, once the world exists and before it forks */

#endif
