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
#include "run_log.h"
#include "sched/lkmm.h"
#include "sched/sched.h"

/* ---------------------------------------------------------------- the end of an execution */

const struct program *run_program(void)
{
	return program_by_id(run_log()->config.program);
}

static void check_machine(void)
{
	const struct program *program = run_program();

	if (program) {
		if (program->check)
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
		totals_add();
		settle_lockstat();
		outcome_count();
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
		totals_add();
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
