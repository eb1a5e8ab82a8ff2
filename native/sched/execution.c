// SPDX-License-Identifier: GPL-2.0-only
/*
 * Executions: reset, start, run, settle, account; again.  The same loop drives fibers and
 * processes, which differ in `transfer` alone.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "../api.h"
#include "../core/flight.h"
#include "../core/frame.h"
#include "anchor.h"
#include "annotation.h"
#include "crash.h"
#include "fiber.h"
#include "lkmm.h"
#include "sched.h"
#include "search.h"

#define PROFILE_EXECUTIONS	8		/* at least, */
#define PROFILE_EXECUTIONS_MAX	256		/* and so many, */
#define PROFILE_STEPS		20000		/* until they have had so many steps */
#define PILOT_EXECUTIONS	6		/* the same of each member of a portfolio */
#define PILOT_EXECUTIONS_MAX	64
#define PILOT_STEPS		3000
#define LEARNING_STEPS_MAX	STEPS_MAX	/* nor ever more, if some executions are so long, or never end */
#define PROFILE_SEED		0x70726f66696c65ULL	/* a stream of its own: "profile" */
#define STEPS_MAX		2000000
#define STEPS_PER_LOOK		2000	/* at the clock: some 50 us; a look costs as much as a schedule point */

void (*execution_prologue)(void);
void (*execution_settle)(void);

static void *boss_env[5];

/* Bulk: what an execution starts from is set by lkmm_begin(), and the annotations survive it. */
static int init_memory_model(struct sched *s, u32 memory)
{
	const struct arena *arena = arena_of();

	s->memory_tso = memory == MMUT_MEMORY_TSO;
	s->task_agents = s->memory_tso ? task_bit(AGENT_BUFFER) - 1 : ALL_TASKS;
	if (memory == MMUT_MEMORY_SC)
		return 0;
	s->annotations = arena_alloc_bulk(sizeof(*s->annotations));
	if (memory == MMUT_MEMORY_TSO) {
		s->buffer = arena_alloc(arena->nr_tasks * sizeof(*s->buffer));
		return s->annotations && s->buffer ? 0 : -ENOMEM;
	}
	s->lkmm = arena_alloc_bulk(sizeof(*s->lkmm));
	return s->annotations && s->lkmm ? 0 : -ENOMEM;
}

int sched_init(u32 memory)
{
	struct arena *arena = arena_of();
	struct sched *s = arena_alloc(sizeof(*s));

	if (!s)
		return -ENOMEM;
	arena->sched = s;
	s->steps_max = STEPS_MAX;
	if (init_memory_model(s, memory))
		return -ENOMEM;
	s->log = arena_alloc_bulk(sizeof(*s->log));
	s->stacks = arena_alloc_bulk((u64)(arena->nr_tasks + 1) * FIBER_STACK);
	s->search = search_alloc();
	s->dfs = arena_alloc_bulk(sizeof(*s->dfs));
	s->fair.of = arena_alloc_bulk(MAX_TASKS * sizeof(*s->fair.of));
	s->heat = frame_region_alloc(TABLE_WORDS, 0, arena->frames->nr_tables);
	if (anchor_init(s))
		return -ENOMEM;
	s->tables = (u64)arena->frames->tables;
	s->tables_size = (u64)arena->frames->nr_tables * TABLE_WORDS * 8;
	if (!s->log || !s->search || !s->dfs || !s->stacks || !s->heat || !s->fair.of)
		return -ENOMEM;
	mix_reset(&s->log->mix);
	return 0;
}

void sched_stop(void)
{
	if (current->id == TASK_BOSS)
		__builtin_longjmp(boss_env, 1);
	transfer->leave(current);
	__builtin_unreachable();
}

void execution_run(u64 iteration)
{
	struct arena *arena = arena_of();
	struct sched *s = arena->sched;

	arena_reset();
	arena->iteration = iteration;
	if (flight_on())
		flight_forget();
	s->log->execution++;
	s->log->outcome = ~0u;
	proc.current_task = task_by_id(TASK_BOSS);
	sched_begin(s);
	if (!__builtin_setjmp(boss_env)) {
		if (execution_prologue)
			execution_prologue();
		sched_run(s);
		proc.current_task = task_by_id(TASK_BOSS);
		if (strategies[s->driver]->seen && strategies[s->driver]->seen(s))
			s->cut = 1;
		if (!arena->stop && !s->cut && execution_settle)
			execution_settle();
	}
	proc.current_task = task_by_id(TASK_BOSS);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Asked of the strategy itself, whoever drove the execution to its end. */
static bool more_to_explore(struct sched *s)
{
	const struct strategy *strategy = strategies[s->strategy];

	if (strategy->end && !strategy->end(s))
		s->log->exhausted = 1;
	return !s->log->exhausted;
}

static void back_from_crash(void)
{
	__builtin_longjmp(boss_env, 1);
}

/* A search does not run an execution twice: it has gone on. */
static bool is_checked(const struct sched *s, u64 iteration)
{
	u32 every = s->log->check_every;

	return every && iteration % every == every - 1 && !strategies[s->strategy]->exhaustive && !s->cut;
}

/* Whether the execution does the same when it runs again; what differs is noted. */
static bool same_again(u64 iteration)
{
	struct arena *arena = arena_of();
	struct sched *s = arena->sched;
	struct lockstat_task *lockstat = arena->lockstat;
	u64 digest = s->digest, steps = arena->step;

	arena->lockstat = NULL;
	s->log->rerun = 1;
	execution_run(iteration);
	s->log->rerun = 0;
	arena->lockstat = lockstat;
	if (arena->stop > STOP_VIOLATION || (s->digest == digest && arena->step == steps && !arena->failure.set))
		return true;
	s->log->differs.set = 1;
	s->log->differs.iteration = iteration;
	s->log->differs.first = digest;
	s->log->differs.second = s->digest;
	memset(&arena->failure, 0, sizeof(arena->failure));
	return false;
}

static u64 run_executions(u64 first, u64 count, double seconds)
{
	struct arena *arena = arena_of();
	double end = seconds > 0 ? now() + seconds : 0;
	u64 done = 0, steps = 0;

	while (done < count && arena->stop != STOP_INTERRUPTED && !arena->sched->log->exhausted) {
		execution_run(first + done);
		if (arena->stop > STOP_VIOLATION)	/* cut off from outside: not a whole execution */
			break;
		if (!arena->sched->cut)
			sched_account(arena->sched);
		done++;
		if (!more_to_explore(arena->sched) || arena->failure.set)
			break;
		steps += arena->step;
		if (is_checked(arena->sched, first + done - 1) && !same_again(first + done - 1))
			break;
		if (seconds > 0 && steps >= STEPS_PER_LOOK) {
			steps = 0;
			if (now() >= end)
				break;
		}
	}
	return done;
}

u64 execution_loop(u64 first, u64 count, double seconds)
{
	u64 done;

	crash_catch(back_from_crash);
	done = run_executions(first, count, seconds);
	crash_release();
	return done;
}

u64 execution_traced(u64 iteration)
{
	struct sched_log *log = sched_of()->log;

	crash_catch(back_from_crash);
	log->nr_traced = 0;
	log->tracing = 1;
	execution_run(iteration);
	log->tracing = 0;
	crash_release();
	return log->nr_traced;
}

/* What is no function of the schedule may well be twice the same: an address, a bit of a clock. */
#define COMPARISONS_MAX 64

u64 execution_compared(u64 iteration)
{
	struct sched_log *log = sched_of()->log;
	u64 events;
	u32 n;

	log->trace_head = 1;
	events = execution_traced(iteration);
	log->differs_at = ~0ULL;
	log->comparing = 1;
	for (n = 0; n < COMPARISONS_MAX && log->differs_at == ~0ULL; n++) {
		execution_traced(iteration);
		if (log->differs_at == ~0ULL && log->nr_traced != events)
			log->differs_at = min(log->nr_traced, events);
	}
	log->comparing = log->trace_head = 0;
	log->nr_traced = events;
	return log->differs_at;
}

/* Whether there is another execution after `done` of them, which took `steps`. */
static bool more_to_learn(u64 done, u64 steps, u64 at_least, u64 at_most, u64 enough)
{
	return done < at_least ? steps < LEARNING_STEPS_MAX : done < at_most && steps < enough;
}

/* Executions of each member of the portfolio: what they find per step is their credit. */
static void pilot(struct sched *golden)
{
	struct mix_log *mix = &golden->log->mix;
	u32 m;

	mix_reset(mix);
	for (m = 0; mix_member_name(m); m++) {
		u64 steps = 0, i;

		golden->pilot = m + 1;
		for (i = 0; more_to_learn(i, steps, PILOT_EXECUTIONS, PILOT_EXECUTIONS_MAX, PILOT_STEPS); i++) {
			const struct sched *s = sched_of();

			execution_run(i);
			steps += arena_of()->step;
			mix_pilot_over(mix, m, s->class.sum, arena_of()->step);
		}
	}
	golden->pilot = 0;
	mix_learn(mix);
}

void execution_profile(void)
{
	struct arena *arena = arena_of();
	struct sched *golden = (struct sched *)(arena->state_golden + ((char *)arena->sched - arena->state_begin));
	u64 seed = arena->seed, longest = 1, steps = 0, i;
	u32 strategy = golden->strategy;

	/* By the random walk, unwatched: the length of an execution is no verdict. */
	void (*watch)(struct event *) = proc.watch;

	proc.watch = NULL;
	crash_catch(back_from_crash);
	golden->learning = 1;
	golden->strategy = strategy_id(&strategy_profile);
	arena->seed = PROFILE_SEED;
	profile_begin(&arena->sched->log->profile);
	for (i = 0; more_to_learn(i, steps, PROFILE_EXECUTIONS, PROFILE_EXECUTIONS_MAX, PROFILE_STEPS); i++) {
		execution_run(i);
		steps += arena->step;
		longest = max(longest, arena->sched->choices);
		profile_execution_over(&arena->sched->log->profile);
	}
	profile_end(&arena->sched->log->profile);
	golden->strategy = strategy;
	golden->decisions_expected = longest;
	if (strategies[strategy] == &strategy_mix)
		pilot(golden);
	golden->learning = 0;
	arena->seed = seed;
	arena->sched->log->decisions_max = longest;
	crash_release();
	/* What crashes here will crash there as well, and then has a number. */
	memset(&arena->crash, 0, sizeof(arena->crash));
	if (arena->stop == STOP_CRASHED)
		arena->stop = STOP_NONE;
	arena_reset();
	proc.watch = watch;
}
