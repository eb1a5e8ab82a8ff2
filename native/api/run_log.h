/* SPDX-License-Identifier: GPL-2.0-only */
/* What the sources of native/api share, behind the door: the log of a run, and the hooks of a process. */
#ifndef MMUT_API_RUN_LOG_H
#define MMUT_API_RUN_LOG_H

#include "api.h"
#include "core/task.h"
#include "program/program.h"

#define FIRST_TASK	2		/* 0 is the boss, 1 the RCU task */
#define OUTCOMES_MAX	4096
#define REGISTERS_MAX	MMUT_REGISTERS

struct outcome {
	s64 values[REGISTERS_MAX];
	u64 count;
	u32 rule;		/* first rule that matches, or ~0 */
	u32 pad;
};

/* In the arena, bulk: survives resets. */
struct run_log {
	struct mmut_config config;
	u32 nr_registers;
	struct { u8 task, reg; } registers[REGISTERS_MAX];
	struct mmut_totals model;	/* sums of the vCPUs' statistics over executions */
	u64 failure_digest;
	u32 outcomes_full, nr_outcomes;
	u16 outcome_slots[2 * OUTCOMES_MAX];	/* open addressing: number of the outcome, from 1 */
	struct outcome outcomes[OUTCOMES_MAX];	/* in the order in which they were first seen */
};

const struct program *run_program(void);	/* NULL: a VM */

#define run_log()	(arena_of()->run)

void run_install_hooks(void);		/* of this process, as the arena's configuration wants them */
int annotations_weaken(const struct mmut_config *config);	/* as it says; 0 or -ENOENT */
void run_settle(void);			/* boss, after the tasks: outcome, quiescence, teardown */
u64 run_task_faults(const struct task *task);	/* in this execution; 0: it is no vCPU */
void totals_add(void);			/* the vCPUs' counters into run_log()->model */
void outcomes_init(struct run_log *log);	/* the registers of a litmus scenario */
void outcomes_forget(struct run_log *log);
void outcome_count(void);		/* of the execution that has ended */
int measuring_init(const struct mmut_config *config);

struct histogram;
struct lockstat_task;
/* measured.c: what a task has measured; NULL: nothing, or it is the boss. */
const struct lockstat_task *measured_table(u32 task);
void measured_times(struct mmut_times *sum, const struct histogram *h);	/* add */

#endif
