/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files behind api.h share: the log of a run, and the hooks of a process. */
#ifndef MMUT_RUN_H
#define MMUT_RUN_H

#include "api.h"
#include "core/task.h"
#include "program/program.h"

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

void run_forget_outcomes(struct run_log *log);
const struct program *run_program(void);	/* NULL: a VM */

#define run_log()	(arena_of()->run)

void run_install_hooks(void);		/* of this process, as the arena's configuration wants them */
int annotations_weaken(const struct mmut_config *config);	/* as it says; 0 or -ENOENT */
void run_settle(void);			/* boss, after the tasks: outcome, quiescence, teardown */
u64 run_task_faults(const struct task *task);	/* in this execution; 0: it is no vCPU */
void run_add_statistics(void);		/* the vCPUs' counters into run_log()->model */

struct histogram;
struct lockstat_task;
/* report_measured.c: what a task has measured; NULL: nothing, or it is the boss. */
const struct lockstat_task *report_table(u32 task);
void report_times(struct mmut_times *sum, const struct histogram *h);	/* add */

/* report.c: the path of a source file from native/ on, or the last part of another. */
const char *report_file(const char *path);

#endif
