// SPDX-License-Identifier: GPL-2.0-only
/* An execution, by whatever strategy and under a weaker memory model, is replayed from its plan and from its anchors. */
#include <stdlib.h>
#include <string.h>

#include "../sched/sched.h"
#include "tap.h"
#include "worlds.h"

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

	world_open(&config);
	for (i = 0; i < REPLAYS; i++)
		record(&runs[i], i);
	if (arena_of()->failure.set)
		wrong = complain("the storm is not clean: %s", arena_of()->failure.message);
	mmut_world_detach();
	config.strategy = strategy_named(how);
	world_open(&config);
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

#define CASE(fn)	{ #fn, fn }

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		CASE(replay_of_random), CASE(replay_of_random_under_tso), CASE(replay_of_pct),
		CASE(replay_of_pos_under_tso), CASE(replay_of_urw_under_tso), CASE(replay_of_surw_under_tso),
		CASE(replay_of_rff_under_tso), CASE(replay_of_sticky), CASE(replay_of_mix_under_tso),
	};

	return tap_main(argc, argv, cases, ARRAY_SIZE(cases));
}
