// SPDX-License-Identifier: GPL-2.0-only
/*
 * The primitives with real processes in one arena: exclusion, fairness, grace periods, wake-ups, and
 * getting away from a holder that was killed.
 *
 * Each case is a small program of workers.c whose tasks are forked processes.  A watchdog ends
 * what hangs; the kernel ends the processes when this one dies.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../api.h"
#include "tap.h"
#include "worlds.h"
#include "workers.h"

#define WATCHDOG_S	100.0	/* a hang; no measure of speed */

/* ------------------------------------------------------------------ processes */

struct run {
	const char *program;
	u32 nr_tasks;
	u64 operations;
	u32 checks;		/* hooks on, with seeded pauses */
	u32 one_dies;
};

static void open_world(const struct run *run)
{
	static struct mmut_config config;

	config = (struct mmut_config){
		.seed = 1, .oracles = ~0ULL, .checks = run->checks, .noise_permille = 20, .nr_tasks = run->nr_tasks,
	};
	config.program = worker_program(run->program);
	all_tasks_run_the_program(&config);
	world_open(&config);
	workers_start(run->operations, run->one_dies);
}

static pid_t start(u32 task)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	_exit(mmut_free_worker(task));
}

/* Waits for all of them, and stops the world where one of them is killed. */
static const char *supervise(pid_t *pids, u32 count, u32 deaths_expected)
{
	double end = seconds() + WATCHDOG_S;
	u32 i, left = count, deaths = 0, bad = 0, hung = 0;

	while (left) {
		const struct timespec nap = { .tv_nsec = 1000000 };

		for (i = 0; i < count; i++) {
			int status;

			if (!pids[i] || waitpid(pids[i], &status, WNOHANG) != pids[i])
				continue;
			pids[i] = 0;
			left--;
			if (WIFSIGNALED(status)) {
				deaths++;
				mmut_stop(4);	/* as a supervisor does */
			} else {
				bad += WEXITSTATUS(status) != 0;
			}
		}
		if (seconds() > end && !hung) {
			hung = left;
			for (i = 0; i < count; i++)
				if (pids[i])
					kill(pids[i], SIGKILL);
		}
		nanosleep(&nap, NULL);
	}
	if (hung)
		return complain("%u processes hang", hung);
	if (deaths != deaths_expected || bad)
		return complain("%u processes died, %u report a violation: %s", deaths, bad,
				arena_of()->failure.message);
	return NULL;
}

static const char *execute(const struct run *run)
{
	pid_t pids[MAX_TASKS];
	const char *trouble;
	u32 i, count;

	open_world(run);
	count = mmut_nr_tasks() - 1;
	for (i = 0; i < count; i++) {
		pids[i] = start(i + 1);
		if (pids[i] < 0) {
			pids[i] = 0;
			mmut_stop(4);
		}
	}
	mmut_free_go();
	trouble = supervise(pids, count, run->one_dies);
	if (!trouble && common()->wrong)
		trouble = complain("%llu times something was seen that must not be",
				   (unsigned long long)common()->wrong);
	return trouble;
}

/* As execute(), and the words counted every write exactly once. */
static const char *execute_counted(const struct run *run)
{
	const char *trouble = execute(run);

	if (!trouble && common()->words[0] != common()->writes)
		trouble = complain("%llu writes, %llu of them arrived", (unsigned long long)common()->writes,
				   (unsigned long long)common()->words[0]);
	mmut_world_detach();
	return trouble;
}

static const char *execute_plain(const struct run *run)
{
	const char *trouble = execute(run);

	mmut_world_detach();
	return trouble;
}

/* ------------------------------------------------------------------ cases */

static const char *rwlock_excludes_4(void)
{
	return execute_counted(&(struct run){ .program = "rw_exclusion", .nr_tasks = 4, .operations = 8000 });
}

static const char *rwlock_excludes_8(void)
{
	return execute_counted(&(struct run){ .program = "rw_exclusion", .nr_tasks = 8, .operations = 3000 });
}

static const char *rwlock_excludes_4_with_hooks(void)
{
	return execute_counted(&(struct run){ .program = "rw_exclusion", .nr_tasks = 4, .operations = 4000, .checks = 1 });
}

static const char *spinlock_excludes_4(void)
{
	return execute_counted(&(struct run){ .program = "spin_exclusion", .nr_tasks = 4, .operations = 20000 });
}

static const char *spinlock_excludes_8_with_hooks(void)
{
	return execute_counted(&(struct run){ .program = "spin_exclusion", .nr_tasks = 8, .operations = 3000,
					      .checks = 1 });
}

static const char *a_writer_gets_in_among_readers(void)
{
	return execute_plain(&(struct run){ .program = "writer_among_readers", .nr_tasks = 4, .operations = 100 });
}

static const char *no_reader_sees_what_synchronize_rcu_freed(void)
{
	return execute_plain(&(struct run){ .program = "rcu_readers_and_synchronize", .nr_tasks = 4, .operations = 400 });
}

static const char *no_reader_sees_what_call_rcu_freed(void)
{
	return execute_plain(&(struct run){ .program = "rcu_readers_and_callbacks", .nr_tasks = 4, .operations = 400 });
}

static const char *no_reader_sees_what_call_rcu_freed_with_hooks(void)
{
	return execute_plain(&(struct run){ .program = "rcu_readers_and_callbacks", .nr_tasks = 3, .operations = 200,
					    .checks = 1 });
}

static const char *a_grace_period_waits_for_its_reader(void)
{
	return execute_plain(&(struct run){ .program = "grace_period_waits", .nr_tasks = 2, .operations = 30 });
}

static const char *no_wake_up_is_lost(void)
{
	return execute_plain(&(struct run){ .program = "ping_pong", .nr_tasks = 2, .operations = 20000 });
}

static const char *a_killed_writer_hangs_nobody(void)
{
	return execute_plain(&(struct run){ .program = "dead_writer", .nr_tasks = 4, .one_dies = 1 });
}

static const char *a_killed_spinlock_holder_hangs_nobody(void)
{
	return execute_plain(&(struct run){ .program = "dead_spinner", .nr_tasks = 3, .one_dies = 1 });
}

static const char *a_killed_rcu_reader_hangs_nobody(void)
{
	return execute_plain(&(struct run){ .program = "dead_rcu_reader", .nr_tasks = 2, .one_dies = 1 });
}

#define CASE(fn)	{ #fn, fn }

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		CASE(rwlock_excludes_4), CASE(rwlock_excludes_8), CASE(rwlock_excludes_4_with_hooks),
		CASE(spinlock_excludes_4), CASE(spinlock_excludes_8_with_hooks),
		CASE(a_writer_gets_in_among_readers),
		CASE(no_reader_sees_what_synchronize_rcu_freed), CASE(no_reader_sees_what_call_rcu_freed),
		CASE(no_reader_sees_what_call_rcu_freed_with_hooks),
		CASE(a_grace_period_waits_for_its_reader), CASE(no_wake_up_is_lost),
		CASE(a_killed_writer_hangs_nobody), CASE(a_killed_spinlock_holder_hangs_nobody),
		CASE(a_killed_rcu_reader_hangs_nobody),
	};

	return tap_main(argc, argv, cases, ARRAY_SIZE(cases));
}
