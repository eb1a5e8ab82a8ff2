// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probabilities that strategies promise, of programs (programs.c) whose orders can be counted by hand.
 */
#include <string.h>

#include "../sched/sched.h"
#include "chance.h"
#include "programs.h"
#include "tap.h"
#include "worlds.h"

#define RUNS		20000	/* of a closed form */

static void (*run_any_task)(struct task *task);

/* The RCU service task ends before its first event: the program's own tasks are alone. */
static void run_program_only(struct task *task)
{
	if (task->kind == TASK_KIND_PROGRAM)
		run_any_task(task);
}

/* Opens the world with PCT's k measured for exactly the tasks that will run. */
static u64 open_alone(struct mmut_config *config)
{
	struct mmut_totals totals;

	config->decisions_max = 1;	/* measured below, when the service task is out of the way */
	world_open(config);
	run_any_task = task_main;
	task_main = run_program_only;
	execution_profile();
	mmut_totals_get(&totals);
	program_bugs = 0;
	return totals.decisions_max;
}

static u64 bugs_in_runs(bool violates)
{
	u64 i;

	for (i = 0; i < (violates ? RUNS : 0); i++) {
		mmut_explore(i, 1, 0);
		program_bugs += arena_of()->failure.set != 0;
	}
	if (!violates)
		mmut_explore(0, RUNS, 0);
	return program_bugs;
}

/* `p` for the random walk; for PCT of depth 2, `share` of 1/k, k being `events`. */
static const char *closed_form(const char *program, const char *strategy, u64 events, double p, double share)
{
	struct mmut_config config = program_config(program, strategy);
	bool deadlocks = !strcmp(program, "opposite_locks");
	u64 k, hits;

	/* The inversion alone is a violation; here the deadlock itself is counted. */
	if (deadlocks)
		config.oracles &= ~BIT_ULL(ORACLE_LOCKDEP);
	k = open_alone(&config);
	hits = bugs_in_runs(deadlocks);
	mmut_world_detach();
	if (k != events)
		return complain("k is %llu, the program has %llu events", (unsigned long long)k,
				(unsigned long long)events);
	if (share > 0)
		p = share / (double)k;
	if (!binomial(hits, RUNS, p))
		return complain("%llu hits in %u runs, the closed form says %.1f (5 sigma)",
				(unsigned long long)hits, RUNS, p * RUNS);
	return NULL;
}

static const char *random_uneven(void)
{
	return closed_form("uneven", "random", STRAIGHT + 2, 1.0 / (1 << (STRAIGHT + 1)), 0);
}

static const char *random_lost_update(void)
{
	return closed_form("lost_update", "random", 7, 0.5, 0);
}

static const char *random_opposite_locks(void)
{
	return closed_form("opposite_locks", "random", 12, 0.5, 0);
}

static const char *pct_uneven(void)
{
	return closed_form("uneven", "pct", STRAIGHT + 2, 0, 0.5);
}

static const char *pct_lost_update(void)
{
	return closed_form("lost_update", "pct", 7, 0, 1);
}

static const char *pct_opposite_locks(void)
{
	return closed_form("opposite_locks", "pct", 12, 0, 1);
}

static const char *pos_uneven(void)
{
	return closed_form("uneven", "pos", STRAIGHT + 2, 1.0 / (1 << (STRAIGHT + 1)), 0);
}

static const char *pos_lost_update(void)
{
	return closed_form("lost_update", "pos", 7, 1.0 / 3, 0);
}

static const char *pos_opposite_locks(void)
{
	return closed_form("opposite_locks", "pos", 12, 1.0 / 3, 0);
}

static const char *urw_uneven(void)
{
	return closed_form("uneven", "urw", STRAIGHT + 2, 1.0 / (STRAIGHT + 2), 0);
}

/* Of the C(7, 3) orders of three events and four, those that begin with one of each. */
static const char *urw_lost_update(void)
{
	return closed_form("lost_update", "urw", 7, 4.0 / 7, 0);
}

static const char *urw_opposite_locks(void)
{
	return closed_form("opposite_locks", "urw", 12, 6.0 / 11, 0);
}

static const char *surw_uneven(void)
{
	return closed_form("uneven", "surw", STRAIGHT + 2, 1.0 / (STRAIGHT + 2), 0);
}

static const char *surw_opposite_locks(void)
{
	return closed_form("opposite_locks", "surw", 12, 1.0 / 3, 0);
}

/* As users run it: the RCU task is one more agent, which has nothing to do and is not counted. */
static const char *pct_uneven_with_the_service_task(void)
{
	struct mmut_config config = program_config("uneven", "pct");
	struct mmut_totals totals;
	u64 hits;

	world_open(&config);
	mmut_totals_get(&totals);
	program_bugs = 0;
	hits = bugs_in_runs(false);
	mmut_world_detach();
	if (totals.decisions_max != STRAIGHT + 2)
		return complain("k is %llu, and %u events are to be counted",
				(unsigned long long)totals.decisions_max, STRAIGHT + 2);
	if (!binomial(hits, RUNS, 0.5 / (STRAIGHT + 2)))
		return complain("%llu hits in %u runs, the closed form says %.1f (5 sigma)",
				(unsigned long long)hits, RUNS, 0.5 / (STRAIGHT + 2) * RUNS);
	return NULL;
}

#define CASE(fn)	{ #fn, fn }

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		CASE(random_uneven), CASE(random_lost_update), CASE(random_opposite_locks), CASE(pct_uneven),
		CASE(pct_lost_update), CASE(pct_opposite_locks), CASE(pos_uneven), CASE(pos_lost_update),
		CASE(pos_opposite_locks), CASE(urw_uneven), CASE(urw_lost_update), CASE(urw_opposite_locks),
		CASE(surw_uneven), CASE(surw_opposite_locks), CASE(pct_uneven_with_the_service_task),
	};

	return tap_main(argc, argv, cases, ARRAY_SIZE(cases));
}
