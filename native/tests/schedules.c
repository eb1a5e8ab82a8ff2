// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler against known answers: random numbers, record and replay, the probabilities that
 * strategies promise, and what ends an execution that cannot go on.
 *
 * The small programs are in programs.c.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../api.h"
#include "../sched/sched.h"
#include "programs.h"
#include "tap.h"

#define RUNS		20000	/* of a closed form */

/* ------------------------------------------------------------------ worlds */

static u32 strategy_named(const char *name)
{
	u32 i;

	for (i = 0; mmut_strategy_name(i); i++)
		if (!strcmp(mmut_strategy_name(i), name))
			return i;
	abort();
}

static void open_world(const struct mmut_config *config)
{
	int fd = memfd_create("mmutorture-test", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	if (fd < 0 || mmut_world_create(fd, 0, config)) {
		fprintf(stderr, "no world: %s\n", fd < 0 ? "memfd_create failed" : mmut_error());
		exit(2);
	}
	close(fd);
}

static struct mmut_config program_config(const char *name, const char *strategy)
{
	struct mmut_config config = {
		.seed = 0x5eed, .oracles = ~0ULL, .checks = 1, .controlled = 1, .pct_depth = 2,
		.strategy = strategy_named(strategy), .program = program_id(name),
	};
	u32 i;

	config.nr_tasks = program_by_id(config.program)->nr_tasks;
	for (i = 0; i < config.nr_tasks; i++) {
		config.tasks[i].kind = MMUT_TASK_PROGRAM;
		snprintf(config.tasks[i].name, MMUT_NAME, "task%u", i);
	}
	return config;
}

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

	open_world(config);
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

	open_world(config);
	done = mmut_explore(0, count, 0);
	mmut_failure_get(&f);
	mmut_totals_get(totals);
	if (f.set || done != count)
		wrong = complain("%llu of %llu executions, then %s", (unsigned long long)done,
				 (unsigned long long)count, failure_text(&f));
	mmut_world_detach();
	return wrong;
}

/* ------------------------------------------------------------------ random numbers */

/* With key 0 the stream is SplitMix64 from state 0, whose first values are published. */
static const char *prng_known_answers(void)
{
	static const u64 known[] = { 0xe220a8397b1dcdafULL, 0x6e789e6aa1b965f4ULL, 0x06c45d188009454fULL };
	struct prng p = { 0 };
	u32 i;

	prng_seek(&p, 0);
	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (prng_next(&p) != known[i])
			return complain("draw %u is not SplitMix64's", i);
	return NULL;
}

static const char *prng_draws_depend_on_key_and_index_alone(void)
{
	struct prng whole, jumped, other;
	u64 draws[64];
	u32 i, same = 0;

	prng_init(&whole, 7, 9, STREAM_SCHEDULE);
	for (i = 0; i < ARRAY_SIZE(draws); i++)
		draws[i] = prng_next(&whole);
	for (i = 0; i < ARRAY_SIZE(draws); i++) {
		prng_init(&jumped, 7, 9, STREAM_SCHEDULE);
		prng_seek(&jumped, i);
		if (prng_next(&jumped) != draws[i])
			return complain("draw %u depends on the draws before it", i);
	}
	prng_init(&other, 7, 9, STREAM_MEMORY);
	for (i = 0; i < ARRAY_SIZE(draws); i++)
		same += prng_next(&other) == draws[i];
	prng_init(&other, 7, 10, STREAM_SCHEDULE);
	for (i = 0; i < ARRAY_SIZE(draws); i++)
		same += prng_next(&other) == draws[i];
	prng_init(&other, 8, 9, STREAM_SCHEDULE);
	for (i = 0; i < ARRAY_SIZE(draws); i++)
		same += prng_next(&other) == draws[i];
	return same ? complain("%u draws of different streams are equal", same) : NULL;
}

/* |hits - n p| <= 5 sqrt(n p (1 - p)), squared. */
static bool binomial(u64 hits, u64 n, double p)
{
	double off = (double)hits - (double)n * p;

	return off * off <= 25.0 * (double)n * p * (1 - p);
}

static const char *prng_below_is_uniform(void)
{
	u64 count[7] = { 0 };
	struct prng p;
	u32 i, at;

	prng_init(&p, 1, 2, STREAM_DATA);
	for (i = 0; i < 70000; i++) {
		at = prng_below(&p, 7);
		if (at >= 7)
			return complain("%u is not below 7", at);
		count[at]++;
	}
	for (i = 0; i < 7; i++)
		if (!binomial(count[i], 70000, 1.0 / 7))
			return complain("%u came %llu times in 70000 draws below 7", i, (unsigned long long)count[i]);
	return NULL;
}

/* ------------------------------------------------------------------ record and replay */

#define REPLAYS	150

struct recorded { u64 digest, step; u32 *plan; u64 words; struct mmut_anchor *anchors; u64 switches; };

static struct mmut_config storm(const char *strategy, u32 memory)
{
	struct mmut_config c = {
		.seed = 0xc0ffee, .oracles = ~0ULL, .checks = 1, .controlled = 1, .pct_depth = 3,
		.contention_percent = 20, .strategy = strategy_named(strategy), .memory = memory,
		.tdp_mmu = 1, .root_level = 4, .max_level = 1, .ad_bits = 1, .warm_percent = 50,
		.nr_slots = 1, .slots[0].npages = 8, .nr_tasks = 4,
	};
	u32 i;

	for (i = 0; i < c.nr_tasks; i++) {
		struct mmut_task *t = &c.tasks[i];

		t->kind = i < 2 ? MMUT_TASK_VCPU : i == 2 ? MMUT_TASK_HOST_MM : MMUT_TASK_VMM;
		snprintf(t->name, MMUT_NAME, "task%u", i);
		t->operations = i < 2 ? 4 : 2;
		t->gfn_count = 8;
		t->random_gfn = 1;
		t->nr_ops = 1;
		t->ops[0] = (struct mmut_op){
			.kind = i < 2 ? MMUT_OP_WRITE : i == 2 ? MMUT_OP_MIGRATE : MMUT_OP_FAST_ZAP,
			.weight = 1, .npages = 2, .reg = -1,
		};
	}
	return c;
}

static void record(struct recorded *r, u64 iteration)
{
	mmut_explore(iteration, 1, 0);
	r->digest = sched_of()->digest;
	r->step = arena_of()->step;
	r->words = mmut_plan_get(NULL, 0);
	r->plan = calloc(r->words + 1, sizeof(*r->plan));
	mmut_plan_get(r->plan, r->words);
	mmut_explore_traced(iteration);
	r->switches = mmut_anchors_get(NULL, 0);
	r->anchors = calloc(r->switches + 1, sizeof(*r->anchors));
	mmut_anchors_get(r->anchors, r->switches);
}

static const char *compare(const struct recorded *r, u64 iteration)
{
	mmut_plan_set(r->plan, r->words);
	mmut_anchors_set(r->anchors, r->switches);
	mmut_explore(iteration, 1, 0);
	if (r->digest == sched_of()->digest && r->step == arena_of()->step)
		return NULL;
	return complain("execution %llu, %llu steps, replays as another one of %llu steps",
			(unsigned long long)iteration, (unsigned long long)r->step,
			(unsigned long long)arena_of()->step);
}

/* What was recorded, by whatever strategy, is replayed from its plan: same digest, same length. */
static const char *replays_by(const char *how, const char *strategy, u32 memory)
{
	struct mmut_config config = storm(strategy, memory);
	static struct recorded runs[REPLAYS];
	const char *wrong = NULL;
	u64 i, switches = 0;

	open_world(&config);
	for (i = 0; i < REPLAYS; i++)
		record(&runs[i], i);
	if (arena_of()->failure.set)
		wrong = complain("the storm is not clean: %s", arena_of()->failure.message);
	mmut_world_detach();
	config.strategy = strategy_named(how);
	open_world(&config);
	for (i = 0; i < REPLAYS; i++) {
		if (!wrong)
			wrong = compare(&runs[i], i);
		switches += runs[i].words / 2;
		free(runs[i].plan);
		free(runs[i].anchors);
	}
	mmut_world_detach();
	return wrong ? wrong : switches ? NULL : complain("no plan has a forced switch");
}

static const char *replays(const char *strategy, u32 memory)
{
	const char *wrong = replays_by("replay", strategy, memory);

	return wrong ? wrong : replays_by("anchored", strategy, memory);
}

static const char *replay_of_random(void) { return replays("random", MMUT_MEMORY_SC); }
static const char *replay_of_random_under_tso(void) { return replays("random", MMUT_MEMORY_TSO); }
static const char *replay_of_pct(void) { return replays("pct", MMUT_MEMORY_SC); }
static const char *replay_of_pos_under_tso(void) { return replays("pos", MMUT_MEMORY_TSO); }
static const char *replay_of_urw_under_tso(void) { return replays("urw", MMUT_MEMORY_TSO); }
static const char *replay_of_surw_under_tso(void) { return replays("surw", MMUT_MEMORY_TSO); }
static const char *replay_of_rff_under_tso(void) { return replays("rff", MMUT_MEMORY_TSO); }
static const char *replay_of_sticky(void) { return replays("sticky", MMUT_MEMORY_SC); }
static const char *replay_of_mix_under_tso(void) { return replays("mix", MMUT_MEMORY_TSO); }

/* ------------------------------------------------------------------ closed forms */

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
	open_world(config);
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

	open_world(&config);
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

/* ------------------------------------------------------------------ what ends an execution */

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
	open_world(&config);
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
		CASE(prng_known_answers), CASE(prng_draws_depend_on_key_and_index_alone),
		CASE(prng_below_is_uniform),
		CASE(replay_of_random), CASE(replay_of_random_under_tso), CASE(replay_of_pct),
		CASE(replay_of_pos_under_tso), CASE(replay_of_urw_under_tso), CASE(replay_of_surw_under_tso),
		CASE(replay_of_rff_under_tso), CASE(replay_of_sticky), CASE(replay_of_mix_under_tso),
		CASE(random_uneven), CASE(random_lost_update), CASE(random_opposite_locks),
		CASE(pct_uneven), CASE(pct_lost_update), CASE(pct_opposite_locks),
		CASE(pos_uneven), CASE(pos_lost_update), CASE(pos_opposite_locks),
		CASE(urw_uneven), CASE(urw_lost_update), CASE(urw_opposite_locks),
		CASE(surw_uneven), CASE(surw_opposite_locks),
		CASE(pct_uneven_with_the_service_task),
		CASE(a_deadlock_is_reported_as_a_cycle),
		CASE(opposite_orders_are_reported_without_a_deadlock), CASE(one_order_is_quiet),
		CASE(a_polite_spin_ends_under_every_strategy),
		CASE(a_livelock_is_told_by_a_state_that_comes_back), CASE(a_loop_that_counts_is_no_circle),
		CASE(a_private_counter_is_no_circle),
		CASE(no_progress_is_reported_after_a_fair_tail), CASE(a_slow_finite_spin_is_no_violation),
		CASE(the_fair_tail_ends_a_starvation),
		CASE(a_task_that_ends_with_a_lock_is_reported), CASE(a_task_that_ends_inside_rcu_is_reported),
		CASE(readers_do_not_overtake_a_queued_writer),
	};

	return tap_main(argc, argv, cases, ARRAY_SIZE(cases));
}
