// SPDX-License-Identifier: GPL-2.0-only
/* Runs: exploring with fibers, lockstep with a baton, free running; and how each one ends. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <setjmp.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "check/check.h"
#include "core/flight.h"
#include "core/lockdep.h"
#include "core/rcu.h"
#include "kvm/vm.h"
#include "program/program.h"
#include "run.h"
#include "sched/lkmm.h"
#include "sched/sched.h"

/* ---------------------------------------------------------------- the end of an execution */

const struct program *run_program(void)
{
	return program_by_id(run_log()->config.program);
}

void run_forget_outcomes(struct run_log *log)
{
	log->nr_outcomes = log->outcomes_full = 0;
	memset(log->outcome_slots, 0, sizeof(log->outcome_slots));
}

static bool rule_matches(const struct mmut_rule *rule, const s64 *values)
{
	u32 i;

	for (i = 0; i < rule->nr_terms; i++)
		if ((values[rule->terms[i].reg] == rule->terms[i].value) == !!rule->terms[i].not_equal)
			return false;
	return true;
}

/* The row of an outcome, a new one where it was not seen before; NULL: the table is full. */
static struct outcome *find_outcome(struct run_log *log, const struct program_outcome *seen)
{
	u64 size = seen->nr_values * sizeof(s64), at = 0;
	struct outcome *o;
	u32 i;

	for (i = 0; i < seen->nr_values; i++)
		at = mix64(at ^ (u64)seen->values[i]);
	for (at %= ARRAY_SIZE(log->outcome_slots); log->outcome_slots[at]; ) {
		o = &log->outcomes[log->outcome_slots[at] - 1];
		if (!memcmp(o->values, seen->values, size))
			return o;
		at = (at + 1) % ARRAY_SIZE(log->outcome_slots);
	}
	if (log->nr_outcomes == OUTCOMES_MAX) {
		log->outcomes_full = 1;
		return NULL;
	}
	o = &log->outcomes[log->nr_outcomes++];
	log->outcome_slots[at] = (u16)log->nr_outcomes;
	*o = (struct outcome){ .rule = seen->rule };
	memcpy(o->values, seen->values, size);
	return o;
}

/* The registers of a litmus scenario, and the first of its rules that holds. */
static void litmus_outcome(struct program_outcome *out)
{
	const struct run_log *log = run_log();
	u32 i;

	out->nr_values = log->nr_registers;
	for (i = 0; i < log->nr_registers; i++)
		out->values[i] = ((const u8 *)&task_by_id(log->registers[i].task)->result)[log->registers[i].reg];
	for (i = 0; i < log->config.nr_rules && out->rule == ~0u; i++)
		if (rule_matches(&log->config.rules[i], out->values))
			out->rule = i;
}

static void count_outcome(void)
{
	const struct program *program = run_program();
	struct run_log *log = run_log();
	struct program_outcome seen;
	struct lkmm *lkmm = sched_of()->lkmm;
	struct outcome *o;

	if (lkmm && !lkmm_allows_end(lkmm)) {
		sched_of()->log->discarded++;
		return;
	}
	seen.nr_values = 0;
	seen.rule = ~0u;
	seen.discard = false;
	if (!program)
		litmus_outcome(&seen);
	else if (program->finish)
		program->finish(&seen);
	if (seen.discard)
		return;
	sched_of()->log->racy += lkmm && lkmm_plain_races(lkmm);
	o = seen.nr_values ? find_outcome(log, &seen) : NULL;
	if (o)
		o->count++;
	if (o && sched_of())
		sched_of()->log->outcome = (u32)(o - log->outcomes);
	if (seen.rule < log->config.nr_rules && log->config.rules[seen.rule].forbidden)
		violation(ORACLE_OUTCOME, __here("outcome"), NULL,
			  "outcome rule %u, declared forbidden, holds", seen.rule + 1);
}

static void add_vm_statistics(struct mmut_totals *t, const struct kvm *kvm)
{
	u32 i;

	for (i = 0; i < kvm->online_vcpus; i++) {
		const struct kvm_vcpu *v = &kvm->vcpus[i];

		t->faults += v->stat_faults;
		t->retries += v->stat_retries;
		t->fixed += v->stat_fixed;
		t->spurious += v->stat_spurious;
		t->lost_cmpxchg += v->stat_lost_cmpxchg;
		t->accesses += v->stat_accesses;
		t->exits += v->stat_exits;
		t->emulated += v->stat_emulated;
	}
	t->flushes += (u64)READ_PRIVATE(kvm->stat_remote_tlb_flush);
}

void run_add_statistics(void)
{
	struct mmut_totals *t = &run_log()->model;
	const struct arena *arena = arena_of();
	u32 i;

	if (arena->kvm)
		add_vm_statistics(t, arena->kvm);
	for (i = 1; i < arena->nr_tasks; i++)
		t->operations += task_by_id(i)->operations;
	t->grace_periods += arena->rcu->grace_periods;
	t->callbacks += arena->rcu->callbacks_run;
}

static void check_machine(void)
{
	const struct program *program = run_program();

	if (program) {
		program->check();
		return;
	}
	rcu_barrier_quiescent();
	if (proc.watch)
		check_quiescent();
	kvm_destroy_vm(kvm_of());
	rcu_barrier_quiescent();
	if (proc.watch)
		check_teardown();
}

u64 run_task_faults(const struct task *task)
{
	return task->kind == TASK_KIND_VCPU && arena_of()->kvm ? kvm_of()->vcpus[task->index].stat_faults : 0;
}

static void settle_lockstat(void)
{
	const struct arena *arena = arena_of();
	u32 i;

	for (i = 1; arena->lockstat && i < arena->nr_tasks; i++)
		lockstat_settle(i, task_by_id(i)->operations, run_task_faults(task_by_id(i)));
}

void run_settle(void)
{
	if (!sched_of()->log->rerun) {
		run_add_statistics();
		settle_lockstat();
		count_outcome();
	}
	check_machine();
}

/* ---------------------------------------------------------------- controlled */

static u64 explore(u64 first, u64 count, double seconds)
{
	u64 done = execution_loop(first, count, seconds);

	if (arena_of()->failure.set)
		run_log()->failure_digest = sched_of()->digest;
	return done;
}

uint64_t mmut_explore(uint64_t first, uint64_t count, double seconds)
{
	transfer = &fiber_transfer;
	return explore(first, count, seconds);
}

uint64_t mmut_explore_traced(uint64_t iteration)
{
	u64 traced;

	transfer = &fiber_transfer;
	traced = execution_traced(iteration);
	if (arena_of()->failure.set)
		run_log()->failure_digest = sched_of()->digest;
	return traced;
}

uint64_t mmut_explore_compared(uint64_t iteration)
{
	transfer = &fiber_transfer;
	return execution_compared(iteration);
}

uint64_t mmut_lockstep_boss(uint64_t first, uint64_t count, double seconds)
{
	transfer = &baton_transfer;
	return explore(first, count, seconds);
}

int mmut_lockstep_worker(uint32_t task)
{
	if (task == TASK_BOSS || task >= arena_of()->nr_tasks)
		return -1;
	transfer = &baton_transfer;
	proc.current_task = task_by_id(task);
	baton_worker(current);
	return 0;
}

/* ---------------------------------------------------------------- free running */

static jmp_buf free_env;

static void free_stop(void)
{
	longjmp(free_env, 1);
}

static void wait_for_go(struct arena *arena)
{
	while (!__atomic_load_n(&arena->go, __ATOMIC_ACQUIRE) && !arena->stop) {
		const struct timespec patience = { .tv_nsec = 100000000 };

		syscall(SYS_futex, &arena->go, FUTEX_WAIT, 0, &patience, NULL, 0);
	}
}

int mmut_free_worker(uint32_t id)
{
	struct arena *arena = arena_of();
	struct task *task;

	if (id == TASK_BOSS || id >= arena->nr_tasks)
		return -1;
	task = task_by_id(id);
	proc.current_task = task;
	proc.stop = free_stop;
	wait_for_go(arena);
	if (!setjmp(free_env)) {
		task_main(task);
		lockdep_task_exit(__here("worker"));
		task->state = TASK_DONE;
		if (!task->daemon && !__atomic_sub_fetch(&arena->workers_left, 1, __ATOMIC_ACQ_REL))
			rcu_close();
	}
	return arena->failure.set != 0;
}

void mmut_free_go(void)
{
	struct arena *arena = arena_of();

	if (arena->flight)
		arena->flight->origin = lockstat_clock();
	lockstat_begin();
	__atomic_store_n(&arena->go, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &arena->go, FUTEX_WAKE, MAX_TASKS, NULL, NULL, 0);
}

int mmut_free_finish(void)
{
	struct arena *arena = arena_of();

	proc.current_task = task_by_id(TASK_BOSS);
	proc.stop = free_stop;
	proc.flight = NULL;	/* the run is over */
	if (arena->stop <= STOP_FINISHED && !setjmp(free_env)) {
		run_add_statistics();
		check_machine();
	}
	return arena->failure.set != 0;
}

void mmut_stop(uint32_t reason)
{
	u32 none = STOP_NONE;
	struct arena *arena = arena_of();

	if (reason > STOP_FINISHED)
		__atomic_store_n(&arena->stop, reason, __ATOMIC_SEQ_CST);
	else
		__atomic_compare_exchange_n(&arena->stop, &none, reason, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
	if (arena->controlled && reason > STOP_FINISHED)
		baton_stop();
}

uint32_t mmut_stopped(void)
{
	return __atomic_load_n(&arena_of()->stop, __ATOMIC_ACQUIRE);
}
