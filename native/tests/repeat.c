// SPDX-License-Identifier: GPL-2.0-only
/*
 * What must not happen in a core that repeats itself, planted: a look at the clock, an address that
 * is another one each time, a null dereference, a stack that overflows.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../api.h"
#include "programs.h"
#include "tap.h"
#include "worlds.h"

static void open_world(const char *program, u64 check_every)
{
	struct mmut_config config = {
		.seed = 0x5eed, .oracles = ~0ULL, .checks = 1, .controlled = 1, .decisions_max = 10,
		.program = program_id(program), .nr_tasks = 2, .check_every = check_every,
	};

	all_tasks_run_the_program(&config);
	world_open(&config);
}

/* The planted step is the third of task0: noticed in that execution, and named. */
static const char *notices(const char *program, u64 check_every, u64 iteration)
{
	struct mmut_differs differs;
	struct mmut_trace_event one, other;
	const char *wrong = NULL;
	u64 done, at;

	open_world(program, check_every);
	done = mmut_explore(0, 10 * check_every, 0);
	if (mmut_differs(&differs))
		wrong = complain("nothing was noticed in %llu executions", (unsigned long long)done);
	else if (differs.iteration != iteration || done != iteration + 1 || differs.first == differs.second)
		wrong = complain("noticed in execution %llu", (unsigned long long)differs.iteration);
	at = mmut_explore_compared(iteration);
	if (!wrong && (mmut_trace_event(at, &one) || mmut_trace_event(differs.other_event, &other)))
		wrong = "the step is not named";
	if (!wrong && (strcmp(one.func, program) || strcmp(other.func, program) || strcmp(one.what, "w->done") ||
		       one.new_value == other.new_value || one.step != other.step))
		wrong = complain("named %s of %s at step %llu, and %s of %s", one.what, one.func,
				 (unsigned long long)one.step, other.what, other.func);
	mmut_world_detach();
	return wrong;
}

static const char *a_look_at_the_clock(void) { return notices("looks_at_the_clock", 1, 0); }
static const char *an_address_that_changes(void) { return notices("stores_an_address", 1, 0); }
static const char *one_execution_in_a_thousand_is_enough(void) { return notices("looks_at_the_clock", 1000, 999); }

static const char *a_core_that_repeats_itself(void)
{
	struct mmut_differs differs;
	const char *wrong;
	u64 done;

	open_world("lost_update", 1);
	done = mmut_explore(0, 500, 0);
	wrong = done != 500 || !mmut_differs(&differs) ? complain("stopped after %llu", (unsigned long long)done) : NULL;
	if (!wrong && mmut_explore_compared(7) != ~0ULL)
		wrong = "an event differs";
	mmut_world_detach();
	return wrong;
}

/* Which execution crashes depends on the schedule: the one that is named, and no other before it. */
static const char *crashes(const char *program, int signal_number)
{
	struct mmut_crash crash;
	struct sigaction before, after;
	const char *wrong = NULL;
	u64 done, iteration;

	open_world(program, 0);
	sigaction(SIGSEGV, NULL, &before);
	done = mmut_explore(0, 1000, 0);
	if (mmut_crash(&crash))
		wrong = "it did not crash";
	else if (crash.signal != (u32)signal_number || crash.iteration != done || !crash.task)
		wrong = complain("signal %u in execution %llu of task %u after %llu", crash.signal,
				 (unsigned long long)crash.iteration, crash.task, (unsigned long long)done);
	mmut_world_detach();
	sigaction(SIGSEGV, NULL, &after);
	if (!wrong && before.sa_handler != after.sa_handler)
		wrong = "the handler stays";
	/* What crashed, crashes again, in a world of its own. */
	iteration = crash.iteration;
	open_world(program, 0);
	mmut_explore(iteration, 1, 0);
	if (!wrong && (mmut_crash(&crash) || crash.iteration != iteration))
		wrong = "it does not crash again";
	mmut_world_detach();
	return wrong;
}

static const char *a_null_dereference(void) { return crashes("follows_null", SIGSEGV); }
static const char *an_abort(void) { return crashes("aborts", SIGABRT); }

#define CASE(fn)	{ #fn, fn }

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		CASE(a_look_at_the_clock), CASE(an_address_that_changes), CASE(one_execution_in_a_thousand_is_enough),
		CASE(a_core_that_repeats_itself), CASE(a_null_dereference), CASE(an_abort),
	};

	return tap_main(argc, argv, cases, ARRAY_SIZE(cases));
}
