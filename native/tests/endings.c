// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ends an execution that cannot go on, that goes on for ever, or that leaves something undone; and what does not.
 * The small programs are in programs.c.
 */
#include <stdio.h>
#include <string.h>

#include "../sched/sched.h"
#include "programs.h"
#include "tap.h"
#include "worlds.h"

static const char *failure_text(const struct mmut_failure *f)
{
	static char text[600];

	snprintf(text, sizeof(text), "%s: %s", f->set ? mmut_oracle_name(f->oracle) : "nothing", f->message);
	return text;
}

/* Explore until a violation; NULL where it is the wanted one. */
static const char *expect(const struct mmut_config *config, u64 count, enum oracle oracle, const char *message)
{
	struct mmut_failure f;
	const char *wrong = NULL;

	world_open(config);
	mmut_explore(0, count, 0);
	mmut_failure_get(&f);
	if (!f.set || f.oracle != oracle || !strstr(f.message, message))
		wrong = complain("%s said \"%s\", wanted %s: \"%s\"", mmut_strategy_name(config->strategy),
				 failure_text(&f), oracle_names[oracle], message);
	mmut_world_detach();
	return wrong;
}

static const char *expect_silence(const struct mmut_config *config, u64 count, struct mmut_totals *totals)
{
	struct mmut_failure f;
	const char *wrong = NULL;
	u64 done;

	world_open(config);
	done = mmut_explore(0, count, 0);
	mmut_failure_get(&f);
	mmut_totals_get(totals);
	if (f.set || done != count)
		wrong = complain("%llu of %llu executions, then %s", (unsigned long long)done,
				 (unsigned long long)count, failure_text(&f));
	mmut_world_detach();
	return wrong;
}

static const char *a_deadlock_is_reported_as_a_cycle(void)
{
	struct mmut_config config = program_config("opposite_locks", "random");

	config.oracles &= ~BIT_ULL(ORACLE_LOCKDEP);
	return expect(&config, 1000, ORACLE_DEADLOCK, "nobody can run: cycle: task");
}

static const char *opposite_orders_are_reported_without_a_deadlock(void)
{
	struct mmut_config config = program_config("opposite_locks", "replay");

	/* No forced switch: one task after the other, so nobody ever waits. */
	return expect(&config, 1, ORACLE_LOCKDEP, "and elsewhere the other way round");
}

static const char *one_order_is_quiet(void)
{
	struct mmut_config config = program_config("same_order", "random");
	struct mmut_totals totals;

	return expect_silence(&config, 2000, &totals);
}

static const char *no_progress_is_reported_after_a_fair_tail(void)
{
	struct mmut_config config = program_config("wait_for_nobody", "pct");
	const char *wrong;

	config.steps_max = 1000;
	config.decisions_max = 100;
	world_open(&config);
	mmut_explore(0, 1, 0);
	wrong = arena_of()->step <= 2000 ? complain("reported at step %llu, within the fair tail",
						    (unsigned long long)arena_of()->step) :
		sched_of()->log->unfair_cutoffs != 1 ? complain("no fair tail was counted") : NULL;
	mmut_world_detach();
	return wrong ? wrong : expect(&config, 1, ORACLE_NO_PROGRESS, "the last half of them fairly scheduled: livelock");
}

static struct mmut_config short_of_steps(const char *program, const char *strategy)
{
	struct mmut_config config = program_config(program, strategy);

	config.steps_max = 1000;
	config.decisions_max = 100;
	return config;
}

/* Whoever yields lets the other one get on with it: no strategy needs the fair tail. */
static const char *a_polite_spin_ends_under_every_strategy(void)
{
	static const char *const names[] = { "random", "sticky", "pct", "pos", "urw", "surw", "rff", "mix" };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct mmut_config config = program_config("polite_spin", names[i]);
		struct mmut_totals totals;
		const char *wrong;

		config.steps_max = 2000;
		wrong = expect_silence(&config, 2000, &totals);
		if (wrong || totals.unfair_cutoffs)
			return wrong ? wrong : complain("%s needed the fair tail %llu times", names[i],
							(unsigned long long)totals.unfair_cutoffs);
	}
	return NULL;
}

static const char *a_livelock_is_told_by_a_state_that_comes_back(void)
{
	static const char *const names[] = { "random", "pct", "pos", "surw", "mix" };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct mmut_config config = short_of_steps("after_you", names[i]);
		const char *wrong = expect(&config, 1, ORACLE_NO_PROGRESS, "livelock, the state of step ");

		if (wrong)
			return wrong;
	}
	return NULL;
}

static const char *a_loop_that_counts_is_no_circle(void)
{
	struct mmut_config config = short_of_steps("counts_for_ever", "pct");

	return expect(&config, 1, ORACLE_NO_PROGRESS, "no state came back");
}

/* What it counts is in a register only: were that not seen, this would be a circle. */
static const char *a_private_counter_is_no_circle(void)
{
	struct mmut_config config = short_of_steps("slow_but_finite", "pct");

	config.steps_max = 500;		/* 700 rounds of two events are not over after 1000 */
	return expect(&config, 1, ORACLE_NO_PROGRESS, "no state came back");
}

/* Beyond steps_max, and finished within the fair tail. */
static const char *a_slow_finite_spin_is_no_violation(void)
{
	struct mmut_config config = program_config("slow_but_finite", "pct");
	struct mmut_totals totals;
	const char *wrong;

	config.steps_max = 1000;
	config.decisions_max = 100;
	wrong = expect_silence(&config, 20, &totals);
	return wrong ? wrong : totals.unfair_cutoffs == 20 ? NULL : complain("no execution needed the fair tail");
}

static const char *the_fair_tail_ends_a_starvation(void)
{
	struct mmut_config config = program_config("rude_spin", "pct");
	struct mmut_totals totals;
	const char *wrong;

	config.steps_max = 1000;
	/* PCT's change point is nearly always too far away to help. */
	config.decisions_max = 1000000;
	wrong = expect_silence(&config, 200, &totals);
	if (!wrong && (totals.unfair_cutoffs < 50 || totals.unfair_cutoffs > 150))
		wrong = complain("PCT starved the setter in %llu of 200 executions, about half was to be expected",
				 (unsigned long long)totals.unfair_cutoffs);
	return wrong;
}

static const char *a_task_that_ends_with_a_lock_is_reported(void)
{
	struct mmut_config config = program_config("keeps_a_lock", "random");

	return expect(&config, 1, ORACLE_LOCKDEP, "task1 ends while holding lock_a");
}

static const char *a_task_that_ends_inside_rcu_is_reported(void)
{
	struct mmut_config config = program_config("stays_in_rcu", "random");

	return expect(&config, 1, ORACLE_LOCKDEP, "task1 ends inside an RCU read section");
}

static const char *readers_do_not_overtake_a_queued_writer(void)
{
	static const char *const names[] = { "random", "pct", "mix" };
	struct mmut_totals totals;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct mmut_config config = program_config("fair_queue", names[i]);
		const char *wrong;

		program_bugs = 0;
		wrong = expect_silence(&config, 2000, &totals);
		if (wrong || program_bugs)
			return wrong ? wrong : complain("%s: a reader was let in first in %llu executions", names[i],
							(unsigned long long)program_bugs);
	}
	return NULL;
}

#define CASE(fn)	{ #fn, fn }

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		CASE(a_deadlock_is_reported_as_a_cycle),
		CASE(opposite_orders_are_reported_without_a_deadlock), CASE(one_order_is_quiet),
		CASE(a_polite_spin_ends_under_every_strategy),
		CASE(a_livelock_is_told_by_a_state_that_comes_back), CASE(a_loop_that_counts_is_no_circle),
		CASE(a_private_counter_is_no_circle), CASE(no_progress_is_reported_after_a_fair_tail),
		CASE(a_slow_finite_spin_is_no_violation), CASE(the_fair_tail_ends_a_starvation),
		CASE(a_task_that_ends_with_a_lock_is_reported),
		CASE(a_task_that_ends_inside_rcu_is_reported), CASE(readers_do_not_overtake_a_queued_writer),
	};

	return tap_main(argc, argv, cases, ARRAY_SIZE(cases));
}
