// SPDX-License-Identifier: GPL-2.0-only
/*
 * A world: an arena with a machine in it, made from a configuration or attached to.
 *
 * This is where the rooms are put together: the core knows none of the others, so their
 * functions are installed in it here, in each process.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check/check.h"
#include "check/races.h"
#include "core/contract.h"
#include "core/flight.h"
#include "core/frame.h"
#include "core/lock_order.h"
#include "core/lockdep.h"
#include "kvm/mmu.h"
#include "kvm/vm.h"
#include "kvm/warmup.h"
#include "kvm/workload.h"
#include "program/native.h"
#include "run_log.h"
#include "sched/anchor.h"
#include "sched/livelock.h"
#include "sched/lkmm.h"
#include "sched/sched.h"
#include "sched/search.h"
#include "sched/symmetry.h"

#define WORLD_BYTES	(16ULL << 30)	/* of address space: the file is sparse */

static char error[200];

const char *mmut_error(void)
{
	return error;
}

static int fail(const char *what, int err)
{
	snprintf(error, sizeof(error), "%s: %s", what, strerror(-err));
	return -1;
}

static void run_task(struct task *task)
{
	if (task->kind == TASK_KIND_RCU)
		rcu_task_main();
	else if (task->kind == TASK_KIND_PROGRAM)
		run_program()->body(task);
	else
		task_body(task);
}

/* Free running: perturb the order by seeded pauses; the model never sees the draw. */
static void noise_point(struct event *ev)
{
	struct task *me = current;
	u32 permille = run_log()->config.noise_permille, i;

	if (prng_below(&me->noise, 1000) >= permille)
		return;
	for (i = prng_below(&me->noise, 64); i; i--)
		cpu_pause();
}

/* A reschedule here gives the processor away for milliseconds: rarely, however large the table. */
static bool noise_chance(void)
{
	return !prng_below(&current->noise, 8192);
}

static void run_prologue(void)
{
	u32 percent = run_log()->config.warm_percent;

	if (percent && arena_of()->kvm)
		warmup_guest(kvm_of(), percent);
}

void run_install_hooks(void)
{
	const struct arena *arena = arena_of();

	kvm_mmu_module_init();
	task_main = run_task;
	execution_prologue = run_prologue;
	execution_settle = run_settle;
	task_own_state = arena->run->config.program ? program_by_id(arena->run->config.program)->own_state : NULL;
	describe_deadlock = check_deadlock;
	describe_no_progress = check_no_progress;
	name_object = check_object_name;
	proc.watch = !arena->hooks_wanted ? NULL : arena->check ? check_watch : arena->races ? races_watch : NULL;
	proc.controlled = arena->controlled;
	proc.sites = arena->sites;
	proc.flight = arena->flight;
	if (arena->controlled) {
		proc.scheduled = &sched_hooks;
		proc.point = sched_point;
		proc.block = sched_block;
		proc.chance = sched_chance;
		proc.trace = sched_trace;
		proc.stop = sched_stop;
		proc.access = arena->sched->lkmm ? lkmm_access : arena->sched->memory_tso ? tso_access : NULL;
	} else if (arena->hooks_wanted) {
		proc.point = run_log()->config.noise_permille ? noise_point : NULL;
		proc.chance = noise_chance;
	}
	proc.hooks = arena->controlled || arena->hooks_wanted;
}

static void init_tasks(const struct mmut_config *config)
{
	struct arena *arena = arena_of();
	u32 i, per_kind[NR_TASK_KINDS] = { 0 };

	strcpy(arena->tasks[TASK_BOSS].name, "boss");
	arena->tasks[1] = (struct task){ .name = "rcu", .id = 1, .kind = TASK_KIND_RCU, .daemon = 1 };
	for (i = 0; i < config->nr_tasks; i++) {
		struct task *t = &arena->tasks[FIRST_TASK + i];

		memcpy(t->name, config->tasks[i].name, sizeof(t->name) - 1);
		t->id = (u8)(FIRST_TASK + i);
		t->kind = (u8)config->tasks[i].kind;
		t->index = (u8)per_kind[t->kind]++;
	}
	for (i = 0; i < arena->nr_tasks; i++) {
		prng_init(&arena->tasks[i].noise, config->seed, i, STREAM_NOISE);
		prng_init(&arena->tasks[i].data, config->seed, 0, STREAM_DATA + i);
	}
}

static int build_core(const struct mmut_config *config)
{
	struct arena *arena = arena_of();
	struct vm_sizes sizes = { .nr_tables = 8, .nr_guest = 512, .guest_align = 512 };

	arena->bug_mask = config->bugs;
	arena->oracle_mask = config->oracles;
	arena->seed = config->seed;
	arena->hooks_wanted = config->checks;
	arena->controlled = config->controlled;
	arena->nr_tasks = FIRST_TASK + config->nr_tasks;
	arena->workers_left = config->nr_tasks;
	arena->tasks = arena_alloc(arena->nr_tasks * sizeof(struct task));
	arena->run = arena_alloc_bulk(sizeof(struct run_log));
	if (!arena->tasks || !arena->run)
		return -ENOMEM;
	arena->run->config = *config;
	init_tasks(config);
	outcomes_init(arena->run);
	proc.current_task = task_by_id(TASK_BOSS);
	if (!config->program)
		vm_sizes(config, &sizes);
	return lockdep_init() ?: rcu_init() ?: frame_init(sizes.nr_tables, sizes.nr_guest, sizes.guest_align) ?:
	       sched_init(config->memory);
}

static void init_sched(const struct mmut_config *config)
{
	struct sched *s = sched_of();
	u32 i;

	s->strategy = config->strategy;
	s->bound_kind = config->bound_kind;
	s->bound = config->bound;
	s->plan_whole_steps = config->whole_steps;
	s->pct_depth = config->pct_depth;
	s->contention_percent = config->contention_percent;
	s->pinned = config->pinned;
	s->log->check_every = (u32)config->check_every;
	s->pinned_iteration = config->pinned_iteration;
	s->decisions_expected = config->decisions_max;
	s->log->decisions_max = config->decisions_max;
	if (config->steps_max)
		s->steps_max = config->steps_max;
	for (i = 0; i < config->nr_tasks; i++)
		if (config->tasks[i].twin)
			symmetry_twin(s, FIRST_TASK + i, FIRST_TASK + config->tasks[i].twin - 1);
}

static bool asserts_exclusive_access(void)
{
	u32 i;

	for (i = 0; i < arena_of()->nr_sites; i++)
		if (arena_of()->sites[i].flags & SITE_EXCLUSIVE)
			return true;
	return false;
}

/*
 * Of programs only those that say so: in most a plain access is part of what they are about, and what
 * is watched are the assertions, where there are any.
 */
static int init_races(const struct mmut_config *config)
{
	bool wanted = !config->program || program_by_id(config->program)->races;
	bool asserted_only = !wanted && asserts_exclusive_access();

	if ((!wanted && !asserted_only) || !config->controlled || !(config->oracles & BIT_ULL(ORACLE_DATA_RACE)))
		return 0;
	return arena_of()->nr_tasks > MAX_MODEL_TASKS ? -EINVAL : races_init(asserted_only);
}

static int build_program(const struct mmut_config *config)
{
	const struct program *program = run_program();
	int err = program->load ? program->load(config) : 0;

	if (!err && program->no_callbacks) {
		/* Nobody waits for them, nor they for anybody: an execution has the program's events only. */
		task_by_id(TASK_BOSS)->absent = 1;
		task_by_id(TASK_RCU)->absent = 1;
	}
	arena_of()->run->config.flat = NULL;	/* they were the caller's */
	arena_of()->run->config.object = NULL;
	return err ?: init_races(config) ?: program->setup() ?: arena_checkpoint();
}

static int build_machine(const struct mmut_config *config)
{
	int err;

	if (config->program)
		return build_program(config);
	err = init_races(config) ?: kvm_create_vm(config);
	if (err)
		return err;
	err = workload_init(config);
	if (err)
		return err;
	warmup_caches(kvm_of());
	if (config->populate)
		workload_populate(kvm_of());
	/* A free run starts once and ends once: there is nothing to go back to. */
	return check_init() ?: (config->controlled ? arena_checkpoint() : 0);
}

/* What the profile executions did is no part of the run. */
static void profile(void)
{
	struct run_log *log = run_log();

	if (strategy_by_id(log->config.strategy)->whole_steps && (log->config.bound_kind ||
	    strategy_by_id(log->config.strategy) == &strategy_dfs))
		return;
	if (!strategy_by_id(log->config.strategy)->whole_steps)
		execution_profile();
	else if (!log->config.no_estimate && log->config.memory != MMUT_MEMORY_LKMM)	/* it counts orders */
		search_estimate();
	memset(&log->model, 0, sizeof(log->model));
	outcomes_forget(log);
	lockstat_forget();
	contract_forget();
	lock_order_forget();
}

/* Buffers, execution graphs and the model of KVM have sets of 32, searches of 64, two of them service tasks. */
static u32 tasks_max(const struct mmut_config *config)
{
	if (!config->program || config->memory != MMUT_MEMORY_SC || program_by_id(config->program)->races)
		return MMUT_MAX_TASKS - 1;
	return strategy_by_id(config->strategy)->choose_wide ? MMUT_PROGRAM_TASKS : MMUT_SEARCH_TASKS;
}

int mmut_world_create(int fd, uint32_t slot, const struct mmut_config *config)
{
	int err;

	if (!strategy_by_id(config->strategy) || (config->program && !program_by_id(config->program)) ||
	    config->nr_tasks > tasks_max(config))
		return fail("configuration", -EINVAL);
	err = arena_map(fd, slot, WORLD_BYTES, true);
	if (err)
		return fail("cannot map the arena", err);
	kvm_mmu_module_init();
	err = build_core(config);
	if (!err) {
		init_sched(config);
		err = build_machine(config) ?: annotations_weaken(config) ?: measuring_init(config);
	}
	if (err) {
		arena_unmap();
		if (err == -ENOENT)
			return fail("an annotation is to be weakened that is not there", err);
		return fail(err == -EOPNOTSUPP ? "tdp_mmu is fixed at creation and false is not supported yet"
					       : "cannot build the machine", err);
	}
	run_install_hooks();
	transfer = &fiber_transfer;
	if (config->controlled && !config->decisions_max &&
	    config->strategy != strategy_id(&strategy_replay) &&
	    config->strategy != strategy_id(&strategy_anchored))
		profile();
	return 0;
}

int mmut_world_attach(int fd, uint32_t slot)
{
	int err = arena_map(fd, slot, 0, false);

	if (err)
		return fail("cannot attach to the arena", err);
	proc.current_task = task_by_id(TASK_BOSS);
	if (run_program() && run_program()->attach)
		err = run_program()->attach();
	if (err) {
		arena_unmap();
		return fail("cannot load the program", err);
	}
	run_install_hooks();
	transfer = &fiber_transfer;
	return 0;
}

int mmut_module_open(const void *bytes, uint64_t size)
{
	if (!native_open(bytes, size))
		return 0;
	snprintf(error, sizeof(error), "%s", native_error());
	return -1;
}

const char *mmut_module_task(uint32_t n)
{
	return native_task_name(n);
}

const char *mmut_module_label(uint32_t n)
{
	return native_label(n);
}

void mmut_world_detach(void)
{
	native_close();
	arena_unmap();
}
