/* SPDX-License-Identifier: GPL-2.0-only */
/* The first violation of a world, a crash of the core, and what each task was about. */
#ifndef MMUT_API_FAILURE_H
#define MMUT_API_FAILURE_H

#include "config.h"

/* cffi: begin */

/* The first violation of a world. */
struct mmut_failure {
	uint32_t set, oracle, task, line;
	uint64_t step, addr, iteration, digest;
	char task_name[MMUT_NAME];
	char member[MMUT_NAME];		/* strategy mix: which of its strategies drove; else empty */
	char file[64], func[64], what[96];
	char message[MMUT_MESSAGE];
};
void mmut_failure_get(struct mmut_failure *failure);

/* A crash of the core ended the execution, and the world with it: 0; else -1. */
struct mmut_crash { uint32_t signal, task; uint64_t addr, iteration, step; };
int mmut_crash(struct mmut_crash *crash);

struct mmut_task_state {
	char name[MMUT_NAME];
	uint32_t kind, index, state;
	uint32_t nr_held;
	uint64_t operations, faults;
	char held[160];			/* "mmu_lock (write) at func:line, ..." */
	char pending[128];		/* what it is about to do */
	char waits[96];			/* free running, with lock statistics: "mmu_lock, which vmm0 had" */
};
uint32_t mmut_nr_tasks(void);		/* including service tasks; task 0 is the boss */
int mmut_task_state(uint32_t task, struct mmut_task_state *state);

/* cffi: end */

#endif
