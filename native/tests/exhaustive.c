// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exhaustive search against known answers and against plain enumeration.
 *
 * The families of known answers are those of other checkers' test suites (see docs/exhaustive.md).
 * `exhaustive fuzz PROGRAMS SEED [ABLATION [MEMORY]]` compares the classes that the search finds in random
 * scripts with those that enumerate.c finds; an ablation must make it fail.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../api.h"
#include "../sched/sched.h"
#include "../sched/search.h"
#include "exhaustive.h"
#include "programs.h"
#include "tap.h"
#include "worlds.h"

static void open_configured(struct mmut_config config, const char *strategy)
{
	config.strategy = strategy_named(strategy);
	config.program = program_id("script");
	all_tasks_run_the_program(&config);
	world_open(&config);
}

/* The search as if it had not begun, for the next script in the same world. */
void open_world(const char *strategy, u32 nr_tasks, u32 memory)
{
	open_configured((struct mmut_config){
		.seed = 1, .controlled = 1, .decisions_max = 1, .nr_tasks = nr_tasks, .memory = memory,
	}, strategy);
}

void open_bounded_world(const char *strategy, u32 nr_tasks, u32 preemptions)
{
	open_configured((struct mmut_config){
		.seed = 1, .controlled = 1, .decisions_max = 1, .nr_tasks = nr_tasks,
		.bound_kind = BOUND_PREEMPTIONS, .bound = preemptions,
	}, strategy);
}

void forget(u32 ablate)
{
	search_forget(sched_of());
	sched_of()->search->ablate = ablate;
}

const char *verdict(const struct search *x)
{
	if (!sched_of()->log->exhausted || x->too_deep || x->too_many || x->diverged)
		return complain("not exhausted: %llu too deep, %llu too many, %llu diverged",
				(unsigned long long)x->too_deep, (unsigned long long)x->too_many,
				(unsigned long long)x->diverged);
	if (x->mismatches || x->cut)
		return complain("%llu continuations were none, %llu executions in vain",
				(unsigned long long)x->mismatches, (unsigned long long)x->cut);
	return NULL;
}

/* ------------------------------------------------------------------ known answers */

void add_step(u32 task, u32 *at, u8 op, u8 object, u8 a, u8 b)
{
	script.at[task][(*at)++] = (struct script_step){ op, object, a, b };
}

static const char *expect_classes(u32 nr_tasks, u64 classes)
{
	const struct search *x;
	const char *wrong;

	script.nr_tasks = nr_tasks;
	open_world("dpor", nr_tasks, MMUT_MEMORY_SC);
	x = sched_of()->search;
	mmut_explore(0, 10 * classes + 1000, 0);
	wrong = verdict(x);
	if (!wrong && x->classes != classes)
		wrong = complain("%llu classes, and not %llu", (unsigned long long)x->classes,
				 (unsigned long long)classes);
	mmut_world_detach();
	return wrong;
}

static u64 factorial(u32 n)
{
	return n < 2 ? 1 : n * factorial(n - 1);
}

/* One family: `build` makes the script of size n, `count` says how many classes it has. */
static const char *family(u32 first, u32 last, u32 (*build)(u32 n), u64 (*count)(u32 n))
{
	const char *wrong = NULL;
	u32 n;

	for (n = first; n <= last && !wrong; n++) {
		memset(&script, 0, sizeof(script));
		wrong = expect_classes(build(n), count(n));
		if (wrong) {
			static char text[300];

			snprintf(text, sizeof(text), "of size %u: %s", n, wrong);
			wrong = text;
		}
	}
	return wrong;
}

static u32 build_ainc(u32 n)
{
	u32 t, at;

	for (t = 0; t < n; t++)
		add_step(t, (at = 0, &at), S_ADD, 0, 1, 0);
	return n;
}

static u32 build_lockinc(u32 n)
{
	u32 t, at;

	for (t = 0; t < n; t++) {
		at = 0;
		add_step(t, &at, S_SPIN, 0, 0, 0);
		add_step(t, &at, S_READ, 0, 0, 0);
		add_step(t, &at, S_WRITE_NEXT, 0, 0, 0);
		add_step(t, &at, S_UNSPIN, 0, 0, 0);
	}
	return n;
}

static u32 build_rwlockinc(u32 n)
{
	u32 t;

	build_lockinc(n);
	for (t = 0; t < n; t++) {
		script.at[t][0].op = S_WLOCK;
		script.at[t][3].op = S_WUNLOCK;
	}
	return n;
}

static u32 build_writers(u32 n)
{
	u32 t, at;

	for (t = 0; t < n; t++)
		add_step(t, (at = 0, &at), S_WRITE, 0, (u8)t, 0);
	return n;
}

static u32 build_readers(u32 n)
{
	u32 t, at = 0;

	add_step(0, &at, S_WRITE, 0, 1, 0);
	for (t = 1; t <= n; t++)
		add_step(t, (at = 0, &at), S_READ, 0, 0, 0);
	return n + 1;
}

static u32 build_casrot(u32 n)
{
	u32 t, at;

	for (t = 0; t < n; t++)
		add_step(t, (at = 0, &at), S_CAS, 0, (u8)t, (u8)(t + 1));
	return n;
}

/* a[i] = a[i-1] + 1 for i = 1..n; t0 scans down from n to the first zero. */
static u32 build_lastzero(u32 n)
{
	u32 t, i, at = 0;

	for (i = n; i > 0; i--) {
		add_step(0, &at, S_READ, (u8)i, 0, 0);
		add_step(0, &at, S_SKIP, 0, 0, (u8)(2 * (i - 1) + 1));
	}
	add_step(0, &at, S_READ, 0, 0, 0);
	for (t = 1; t <= n; t++) {
		at = 0;
		add_step(t, &at, S_READ, (u8)(t - 1), 0, 0);
		add_step(t, &at, S_WRITE_NEXT, (u8)t, 0, 0);
	}
	return n + 1;
}

/* i += j and j += i, n times each; a third task reads i, then j. */
static u32 build_fib(u32 n)
{
	u32 t, i, at;

	for (t = 0; t < 2; t++)
		for (i = at = 0; i < n; i++) {
			add_step(t, &at, S_READ, (u8)t, 0, 0);
			add_step(t, &at, S_READ, (u8)!t, 0, 0);
			add_step(t, &at, S_WRITE_NEXT, (u8)t, 0, 0);
		}
	at = 0;
	add_step(2, &at, S_READ, 0, 0, 0);
	add_step(2, &at, S_READ, 1, 0, 0);
	return 3;
}

static u32 build_rmw(u32 n)
{
	u32 t, i, at;

	for (t = 0; t < n; t++)
		for (i = at = 0; i < (n == 2 ? 3 : 2); i++)
			add_step(t, &at, S_ADD, 0, 1, 0);
	return n;
}

/* Each takes its own lock and then its neighbour's. */
static u32 build_philosophers(u32 n)
{
	u32 t, at;

	for (t = 0; t < n; t++) {
		at = 0;
		add_step(t, &at, S_SPIN, (u8)t, 0, 0);
		add_step(t, &at, S_SPIN, (u8)((t + 1) % n), 0, 0);
		add_step(t, &at, S_UNSPIN, (u8)((t + 1) % n), 0, 0);
		add_step(t, &at, S_UNSPIN, (u8)t, 0, 0);
	}
	return n;
}

/*
 * Two add to a word, and one stores there if the second of its looks at another word finds 1, which a
 * fourth makes 1 and then 2: 4 classes of looks without that store, each in 2 orders, and 2 with it in 6.
 */
static void build_looks(void)
{
	u32 at;

	memset(&script, 0, sizeof(script));
	add_step(0, (at = 0, &at), S_READ, 2, 0, 0);
	add_step(0, &at, S_ADD, 0, 1, 0);
	add_step(1, (at = 0, &at), S_READ, 1, 0, 0);
	add_step(1, &at, S_READ, 1, 0, 0);
	add_step(1, &at, S_SKIP_NOT, 0, 1, 1);
	add_step(1, &at, S_WRITE, 0, 1, 0);
	add_step(2, (at = 0, &at), S_ADD, 0, 1, 0);
	add_step(3, (at = 0, &at), S_WRITE, 1, 1, 0);
	add_step(3, &at, S_CAS, 1, 1, 2);
}

static u64 two_to_the(u32 n) { return 1ULL << n; }
static u64 lastzeros(u32 n) { return n < 2 ? 2 : (u64)(n + 3) << (n - 2); }
static u64 casrots(u32 n) { static const u64 known[] = { 2, 5, 14, 43 }; return known[n - 2]; }
static u64 fibs(u32 n) { static const u64 known[] = { 11, 140, 1698 }; return known[n - 1]; }
static u64 rmws(u32 n) { return n == 2 ? 20 : 90; }
static u64 dinners(u32 n) { return n == 2 ? 3 : 7; }

static const char *ainc(void) { return family(2, 6, build_ainc, factorial); }
static const char *lockinc(void) { return family(2, 6, build_lockinc, factorial); }
static const char *rwlockinc(void) { return family(2, 5, build_rwlockinc, factorial); }
static const char *writers(void) { return family(2, 7, build_writers, factorial); }
static const char *readers(void) { return family(2, 7, build_readers, two_to_the); }
static const char *casrot(void) { return family(2, 5, build_casrot, casrots); }
static const char *lastzero(void) { return family(2, 7, build_lastzero, lastzeros); }
static const char *fib(void) { return family(1, 3, build_fib, fibs); }
static const char *rmw(void) { return family(2, 3, build_rmw, rmws); }
static const char *philosophers(void) { return family(2, 3, build_philosophers, dinners); }

/* The reversal of a race in one execution is covered by what does not cover it in the next. */
static const char *races_are_looked_at_again(void)
{
	const char *wrong;

	build_looks();
	wrong = expect_classes(4, 20);
	if (wrong)
		return wrong;
	open_world("dpor", 4, MMUT_MEMORY_SC);
	forget(ABLATE_AGAIN);
	mmut_explore(0, 1000, 0);
	if (sched_of()->search->classes == 20)
		wrong = "to look at a race once is enough, it seems: then this test is none";
	mmut_world_detach();
	return wrong;
}

/* ------------------------------------------------------------------ estimates */

/* The mean of some thousand descents is within three of its errors, and those are no wider than it. */
static const char *estimate_of(u32 nr_tasks, double classes)
{
	struct mmut_search found;
	double off;

	script.nr_tasks = nr_tasks;
	open_world("dpor", nr_tasks, MMUT_MEMORY_SC);
	search_estimate();
	mmut_search_get(&found);
	mmut_world_detach();
	off = found.estimate > classes ? found.estimate - classes : classes - found.estimate;
	if (off > 1.5 * found.estimate_error + 1e-6 || found.estimate_error > classes)
		return complain("%.1f +- %.1f, and there are %.0f", found.estimate, found.estimate_error, classes);
	return NULL;
}

static const char *estimates(void)
{
	const char *wrong;

	memset(&script, 0, sizeof(script));
	wrong = estimate_of(build_ainc(5), 120);
	memset(&script, 0, sizeof(script));
	wrong = wrong ?: estimate_of(build_lastzero(5), 64);
	memset(&script, 0, sizeof(script));
	wrong = wrong ?: estimate_of(build_philosophers(3), 7);
	memset(&script, 0, sizeof(script));
	return wrong ?: estimate_of(build_fib(3), 1698);
}

/* ------------------------------------------------------------------ bounds */

static const char *bounded_counts_are_those_of_enumeration(void)
{
	u64 schedules, wrong = fuzz_bounds(60, 7, &schedules);

	return wrong || schedules < 10000 ? complain("%llu of 60 programs are wrong, in %llu schedules",
						     (unsigned long long)wrong, (unsigned long long)schedules) : NULL;
}

static const char *bounded_classes_are_those_of_enumeration(void)
{
	u64 classes, executions, wrong = fuzz_bounded_classes(100, 7, &classes, &executions);

	return wrong || classes < 3000 ? complain("%llu of 100 programs are wrong, in %llu classes",
						  (unsigned long long)wrong, (unsigned long long)classes) : NULL;
}

/* ------------------------------------------------------------------ speed */

/* Of this process: others may run. */
static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int speed(u32 n)
{
	double from;
	const struct search *x;
	u64 points;

	memset(&script, 0, sizeof(script));
	open_world("dpor", script.nr_tasks = build_fib(n), MMUT_MEMORY_SC);
	x = sched_of()->search;
	from = seconds();
	mmut_explore(0, 3000000, 0);
	from = seconds() - from;
	points = sched_of()->log->schedule_points;
	printf("%llu classes, %llu cut, %.1f points each, %.3f s: %.0f executions/s, %.1f ns a point, %s\n",
	       (unsigned long long)x->classes, (unsigned long long)x->cut, (double)points / (double)x->classes, from,
	       (double)(x->classes + x->cut) / from, 1e9 * from / (double)points,
	       sched_of()->log->exhausted ? "exhausted" : "not exhausted");
	return 0;
}

#define CASE(fn)	{ #fn, fn }

static const struct tap_case cases[] = {
	CASE(ainc), CASE(lockinc), CASE(rwlockinc), CASE(writers), CASE(readers), CASE(casrot), CASE(lastzero),
	CASE(fib), CASE(rmw), CASE(philosophers), CASE(races_are_looked_at_again), CASE(estimates),
	CASE(bounded_counts_are_those_of_enumeration), CASE(bounded_classes_are_those_of_enumeration),
};

int main(int argc, char **argv)
{
	if (argc >= 4 && !strcmp(argv[1], "fuzz"))
		return fuzz(strtoull(argv[2], NULL, 0), strtoull(argv[3], NULL, 0),
			    argc > 4 ? (u32)atoi(argv[4]) : 0, argc > 5 ? (u32)atoi(argv[5]) : 0) != 0;
	if (argc >= 3 && !strcmp(argv[1], "speed"))
		return speed((u32)atoi(argv[2]));
	return tap_main(argc, argv, cases, ARRAY_SIZE(cases));
}
