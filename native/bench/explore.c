// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exploring with fibers: how many executions and schedule points a second.
 *
 *	explore WORKLOAD STRATEGY SECONDS ROUNDS [races]	a line for each round: executions/s, million points/s
 *
 * Workloads: `pt3`; `small`, three tasks of five marked accesses each, to one word and another:
 * what an execution costs by itself; `long`, three tasks of 20 000 such accesses: what a
 * schedule point costs by itself; `fib`, 26 accesses and 20 000 classes, to be searched: again
 * and again.  Processor time of one core.  The table of programs replaces that of native/program.
 */
#define _GNU_SOURCE
#include <errno.h>

#include "../program/program.h"
#include "../sched/sched.h"
#include "../sched/search.h"
#include "bench.h"

#define WARM_SECONDS	0.01
#define SEED		7

struct words { shared_u64 at[8]; };

static int words_setup(void)
{
	arena_of()->program_state = arena_alloc(sizeof(struct words));
	return arena_of()->program_state ? 0 : -ENOMEM;
}

static void accesses(const struct task *task, u32 count)
{
	struct words *w = arena_of()->program_state;
	u32 i;

	for (i = 0; i < count; i += 5) {
		WRITE_ONCE(w->at[task->index], i);
		(void)READ_ONCE(w->at[task->index + 1]);
		WRITE_ONCE(w->at[4], task->index);
		(void)READ_ONCE(w->at[4]);
		(void)xchg(&w->at[5], i);
	}
}

static void small_body(struct task *task)
{
	accesses(task, 5);
}

static void long_body(struct task *task)
{
	accesses(task, 20000);
}

/* i += j against j += i, four times each; a third task reads both: classes enough, and none is like another. */
static void fib_body(struct task *task)
{
	struct words *w = arena_of()->program_state;
	u32 i, own = task->index;

	for (i = 0; own < 2 && i < 4; i++) {
		u64 mine = READ_ONCE(w->at[own]), other = READ_ONCE(w->at[!own]);

		WRITE_ONCE(w->at[own], mine + other);
	}
	for (i = 0; own == 2 && i < 2; i++)
		(void)READ_ONCE(w->at[i]);
}

static void no_check(void)
{
}

static const struct program program_small = {
	.name = "small", .text = "", .nr_tasks = 3, .setup = words_setup, .body = small_body, .check = no_check,
	.no_callbacks = true, .races = true,
};
static const struct program program_long = {
	.name = "long", .text = "", .nr_tasks = 3, .setup = words_setup, .body = long_body, .check = no_check,
	.no_callbacks = true, .races = true,
};
static const struct program program_fib = {
	.name = "fib", .text = "", .nr_tasks = 3, .setup = words_setup, .body = fib_body, .check = no_check,
	.no_callbacks = true, .races = true,
};
static const struct program *const programs[] = { &program_pt3, &program_small, &program_long, &program_fib };

const struct program *program_by_id(u32 id)
{
	return id && id <= ARRAY_SIZE(programs) ? programs[id - 1] : NULL;
}

static u32 number_of(const char *name)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(programs); i++)
		if (!strcmp(programs[i]->name, name))
			return i + 1;
	fprintf(stderr, "no workload '%s'\n", name);
	exit(2);
}

static u32 strategy_named(const char *name)
{
	u32 i;

	for (i = 0; mmut_strategy_name(i); i++)
		if (!strcmp(mmut_strategy_name(i), name))
			return i;
	fprintf(stderr, "no strategy '%s'\n", name);
	exit(2);
}

/* A search that has seen everything begins again. */
static void explore_for(double seconds, u64 *next)
{
	u64 end = cpu_ns() + (u64)(1e9 * seconds), now;

	*next += mmut_explore(*next, ~0ULL, seconds);
	while (sched_of()->log->exhausted && (now = cpu_ns()) < end) {
		search_forget(sched_of());
		*next += mmut_explore(*next, ~0ULL, 1e-9 * (double)(end - now));
	}
}

static void round_of(double seconds, u64 *next)
{
	struct mmut_totals before, after;
	u64 began;

	explore_for(WARM_SECONDS, next);
	mmut_totals_get(&before);
	began = cpu_ns();
	explore_for(seconds, next);
	began = cpu_ns() - began;
	mmut_totals_get(&after);
	printf("%.0f %.3f\n", 1e9 * (double)(after.schedules - before.schedules) / (double)began,
	       1e3 * (double)(after.schedule_points - before.schedule_points) / (double)began);
}

int main(int argc, char **argv)
{
	static struct mmut_config config;
	u64 next = 0;
	u32 i, rounds;

	if (argc < 5) {
		fprintf(stderr, "usage: explore WORKLOAD STRATEGY SECONDS ROUNDS [races]\n");
		return 2;
	}
	config.seed = SEED;
	config.oracles = ~0ULL;
	config.controlled = 1;
	config.checks = argc > 5;	/* then the race detector watches */
	config.strategy = strategy_named(argv[2]);
	config.pct_depth = 3;
	config.no_estimate = 1;
	config.contention_percent = 5;
	config.program = number_of(argv[1]);
	config.nr_tasks = 3;
	for (i = 0; i < config.nr_tasks; i++) {
		snprintf(config.tasks[i].name, sizeof(config.tasks[i].name), "task%u", i);
		config.tasks[i].kind = MMUT_TASK_PROGRAM;
	}
	make_world(&config);
	rounds = (u32)atoi(argv[4]);
	for (i = 0; i < rounds; i++)
		round_of(atof(argv[3]), &next);
	return arena_of()->failure.set ? 1 : 0;
}
