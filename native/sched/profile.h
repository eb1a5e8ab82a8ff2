/* SPDX-License-Identifier: GPL-2.0-only */
/* What a few random executions tell about all: lengths, and who uses which object how often. */
#ifndef MMUT_SCHED_PROFILE_H
#define MMUT_SCHED_PROFILE_H

#include "../core/task.h"

#define PROFILE_OBJECTS	1024
#define PROFILE_ACCESSES 4096
#define PROFILE_SLOTS	(4 * PROFILE_ACCESSES)

enum target_kind { TARGET_SPTE, TARGET_LOCK, TARGET_WORD, NR_TARGET_KINDS };

struct profile_object {
	u64 addr;
	u32 kind;		/* enum target_kind */
	u32 written;
	task_set users;		/* tasks that use it */
	u32 accesses;		/* sum of `most`, once profiling is over */
	u16 most[MAX_TASKS];		/* of task t: decisions about it, the most in one execution */
	u16 now[MAX_TASKS];		/* in this execution */
};

/* What one task does to one object at one place of the code. */
struct profile_access {
	u64 addr;
	u16 site;
	u8 task;
	u8 writes;
	u16 most, now;		/* how often in one execution, at most; in this one */
};

struct profile {
	u32 nr_objects, nr_accesses;
	u32 has_tables;		/* it is a VM's */
	u32 most[MAX_TASKS];		/* decisions of task t, the most in one execution */
	u32 now[MAX_TASKS];
	u64 hash;		/* over all counts: two runs with the same profile sample alike */
	u32 accesses[NR_TARGET_KINDS];	/* of all that may be a target */
	u16 object_slot[PROFILE_SLOTS];	/* number + 1, by hash of the address */
	u16 access_slot[PROFILE_SLOTS];	/* the same, by hash of address, task and place */
	struct profile_object object[PROFILE_OBJECTS];
	struct profile_access access[PROFILE_ACCESSES];
};

struct sched;

void profile_begin(struct profile *p);		/* forget everything */
void profile_execution_over(struct profile *p);
void profile_end(struct profile *p);		/* sums */
/* An object to be the target of SURW, drawn by its accesses; NULL: there is none. */
const struct profile_object *profile_draw_target(struct sched *s);

#endif
