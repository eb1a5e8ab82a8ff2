/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler of controlled executions: one state, in the arena, for fibers and for processes.
 *
 * At each schedule point the running task itself decides who goes on (there is no central
 * server), hands over if it is somebody else, and performs its announced event when it is
 * chosen again.  What happens between two points of a task is invisible to the others.
 */
#ifndef MMUT_SCHED_H
#define MMUT_SCHED_H

#include "../api.h"
#include "../core/arena.h"
#include "../core/task.h"
#include "depend.h"
#include "dfs.h"
#include "fair.h"
#include "mix.h"
#include "profile.h"
#include "stack.h"
#include "strategy.h"
#include "trace_class.h"

#define AGENT_BUFFER	32		/* under TSO: agent of the store buffer of task 0 */
#define PLAN_MAX	(1u << 22)	/* words of a recorded plan: one, and two for each choice */
/* The first word of a plan. */
#define PLAN_EXHAUSTIVE	1u		/* every point was a decision */
#define PLAN_WHOLE_STEPS 2u		/* arena->whole_steps */
#define TRACE_MAX	(1u << 20)	/* events of a traced execution, the last ones */
#define TRACE_OTHER	(~0ULL)		/* index of the event that a compared execution had instead */
#define CLASSES_KEPT	(1u << 16)	/* classes of executions that wait for somebody to count them */
#define STORE_BUFFER	16
#define PCT_DEPTH_MAX	16

enum sched_phase { PHASE_START, PHASE_RUN, PHASE_DONE };

struct buffered_store { u64 *addr; u64 value; u8 size; };
struct store_buffer { struct buffered_store at[STORE_BUFFER]; u32 head, count; };

/* One execution; restored by arena_reset(). */
struct sched {
	/* constant */
	u32 strategy;			/* number of the strategy */
	u64 tables, tables_size;	/* address range of the page tables */
	u32 memory_tso;
	task_set task_agents;		/* agents that are tasks: all, or with store buffers half of them */
	u32 pct_depth;
	u32 contention_percent;
	u64 decisions_expected;		/* PCT's k */
	u32 bound_kind, bound;		/* dfs: enum bound, and how many */
	u32 plan_whole_steps;		/* the plan to follow is that of a search */
	u64 steps_max;
	u64 pinned_iteration;		/* whose workload every execution has, where `pinned` */
	u32 pinned;
	/* this execution */
	task_set ready;			/* tasks that can run */
	task_set waiting;			/* tasks whose wait condition decides */
	task_set buffered;			/* tasks with a store buffer that is not empty */
	u64 routine_until;		/* up to this step a point needs no second look; 0 outside PHASE_RUN */
	u32 driver;			/* number of the strategy that decides now */
	u32 phase;
	u32 started;			/* number of the last task that has begun */
	u32 workers_left;		/* tasks that are neither done nor daemons */
	u64 decisions, switches;
	u64 picks;			/* decisions about anything else */
	u64 choices;			/* decisions about who runs, until the last worker ends: what PCT's k counts */
	u64 last_choice;		/* decision number of the last recorded choice */
	u64 digest;
	u64 cold_key;			/* which cold scan points are decisions all the same */
	u64 after_cold;			/* the model's tasks whose last event was a cold scan: so is their yield test */
	u32 quiet_test;			/* the yield test at hand is no decision */
	u32 exhaustive, observing, fair_yields;	/* what the driver asks for: see struct strategy */
	u32 anchored;			/* anchors are counted: a trace is wanted, or a plan followed */
	u64 look_at;			/* the step at which to ask whether it is worth going on: see patience.h */
	u32 fair_tail;			/* the strategy may have starved somebody: random from here on */
	u32 portfolio;			/* mix: which member drives this execution */
	u32 learning;			/* the execution is of a profile or a pilot: it has no fair tail */
	u32 pilot;			/* mix: which member is to, from 1; 0: it is drawn */
	u32 plan_length;		/* words recorded */
	u64 behind;			/* tasks that cannot begin yet: see symmetry.h */
	struct fair fair;
	struct class_state class;
	u32 depth;			/* PCT's, of this execution; 0: it is not under PCT */
	u32 is_sample;			/* drawn from the same distribution as all samples, whatever happened before */
	struct prng rng;
	u8 strategy_state[1280] __attribute__((aligned(16)));
	struct store_buffer *buffer;	/* TSO: one for each task; else NULL */
	struct lkmm *lkmm;		/* LKMM: see lkmm.h; else NULL */
	struct annotations *annotations;	/* a model that heeds them: see annotation.h; else NULL */
	u32 cut;			/* a search gave this execution up: it counts for nothing */
	u32 endless, racy;		/* it has no end; it has a data race of the memory model's */
	u64 explored_class;		/* the search takes it for its class, whichever member it is; else 0 */

	/* bulk: pointers are constant, contents survive a reset */
	struct sched_log *log;
	struct search *search;		/* of dpor */
	struct dfs *dfs;
	struct anchor_log *anchors;
	u8 *heat;			/* per table word: 0 untouched, task + 1, 0xff several tasks */
	char *stacks;
};

/* A wait condition, so that those of all tasks stand side by side. */
struct wait_test {
	const void *addr;
	u64 value, mask;
	u64 change;		/* 1: until it differs; 0: until it equals */
};

struct trace_record { struct event event; u64 step; u32 object, occurrence, stack, pad; };

struct sched_log {
	u64 schedules, schedule_points, decisions, switches, violations, unfair_cutoffs;
	u64 discarded;			/* executions that have no end: see struct mmut_totals */
	u64 racy;			/* executions with a data race of the memory model's */
	u64 digest;			/* commutative sum over executions */
	u64 decisions_max;
	u64 execution;			/* number of the current one: lockstep workers compare it */
	u32 check_every;		/* one execution in so many runs twice; 0: none */
	u32 rerun;			/* this is the second time: nothing is counted */
	struct { u32 set, pad; u64 iteration, first, second; } differs;	/* and its digest was another one */
	u32 exhausted;			/* the strategy has seen all there is */
	struct { u32 word; u32 pad[15]; } baton[MAX_TASKS];	/* lockstep: see baton.c */
	struct wait_test wait[MAX_TASKS];	/* of the tasks in `waiting` */
	struct profile profile;
	struct mix_log mix;
	struct { u64 steps; double end; } patience;	/* 0: no limit */
	/* replay */
	u32 replay_length;
	u32 replay[PLAN_MAX];
	u32 plan[PLAN_MAX];
	/* traced execution */
	u32 tracing;
	u32 trace_head;			/* the first TRACE_MAX events are kept, and not the last */
	u64 nr_traced;
	u32 comparing;			/* the trace is not written but compared */
	u64 differs_at;			/* index of the first event that is another one; ~0: none */
	struct stack_log stacks;
	struct trace_record trace[TRACE_MAX + 1];	/* the last one: that other event */
	u64 pct_runs[PCT_DEPTH_MAX + 1];	/* executions under PCT, by depth; 0: under something else */
	u32 nr_classes;
	u64 classes[CLASSES_KEPT];
	struct mmut_counted counted[CLASSES_KEPT];	/* the same executions, of a search within a bound */
	u32 outcome;			/* row of the current one's, or ~0 */
	struct class_object class_objects[CLASS_OBJECTS];
};

#define sched_of()	(arena_of()->sched)

/* Tasks first, buffers after: an agent that does not exist costs no draw. */
static inline u32 nr_agents(const struct sched *s)
{
	return s->memory_tso ? 2 * AGENT_BUFFER : arena_of()->nr_tasks;
}

static inline bool is_buffer(const struct sched *s, u32 agent)
{
	return agent >= AGENT_BUFFER && s->memory_tso;
}

/* Of a search: tasks first, then store buffers. */
static inline u32 lane_of(u32 agent)
{
	return agent < AGENT_BUFFER || !sched_of()->memory_tso ? agent : arena_of()->nr_tasks + agent - AGENT_BUFFER;
}

/* Of a set of agents those that are tasks. */
static inline task_set tasks_of(const struct sched *s, task_set agents)
{
	return agents & s->task_agents;
}

/* What the agent is about to do; `store` is where a buffer's is put together. */
static inline const struct event *pending_of(const struct sched *s, u32 agent, struct event *store)
{
	const struct store_buffer *b;

	if (!is_buffer(s, agent))
		return &task_by_id(agent)->pending;
	b = &s->buffer[agent - AGENT_BUFFER];
	store->addr = b->at[b->head].addr;
	store->op = OP_STORE;
	return store;
}

int sched_init(u32 memory);	/* set-up: allocate; enum mmut_memory; 0 or -ENOMEM */

/* point.c: the hooks that a controlled process installs. */
extern const struct scheduled sched_hooks;	/* the same in one piece, with trace.c */
void sched_point(struct event *ev);
void sched_block(const void *addr, u64 value, u32 size);
bool sched_chance(void);
u32 sched_pick(u32 n, enum pick what);	/* one of 0..n-1, by the strategy; 0 on the boss */
u32 sched_pick_possible(pick_set possible, u32 n, enum pick what);	/* of which not all are possible */
void sched_task_exit(void);		/* last thing a task body does; does not return */
void sched_begin(struct sched *s);	/* after arena_reset(): everything is ready to start */
void sched_run(struct sched *s);	/* boss: from the first decision to the end */
void sched_stop(void);			/* a violation: back to the boss; does not return */

/* How this process changes from one task to another: fiber.c or baton.c.  TASK_BOSS is the boss. */
struct transfer {
	void (*to)(struct task *from, struct task *next);
	void (*leave)(struct task *from);	/* to the boss, and never come back */
};
extern const struct transfer fiber_transfer, baton_transfer;
extern const void *baton_stack_end;	/* of this process: where the frames of its task begin */
extern const struct transfer *transfer __hidden;	/* private to the process */

/* Body of a task, set by native/api.c in each process. */
extern void (*task_main)(struct task *task);

/* Says who waits for whom, for reports; set by native/api/world.c. */
extern void (*describe_deadlock)(char *buf, size_t n);
extern void (*describe_no_progress)(char *buf, size_t n);

/* trace.c */
void sched_trace(const struct event *ev);
void sched_account(struct sched *s);	/* an execution is over: add it to the log */

/* memory_tso.c */
u64 tso_access(struct event *ev);
void tso_drain_one(u32 task);
void tso_drain_all(void);

/* execution.c */
extern void (*execution_prologue)(void);	/* before the tasks, on the boss: the state to start from */
extern void (*execution_settle)(void);	/* after the tasks, on the boss: quiescence checks, teardown, outcomes */
/* Executions first, first + 1, ..: until `count`, `seconds` (0: no limit) or a violation; how many ran. */
u64 execution_loop(u64 first, u64 count, double seconds);
void execution_run(u64 iteration);	/* one, from the checkpoint */
u64 execution_traced(u64 iteration);	/* once more, every event on record; how many */
/* Twice more: the index of the first event that is not the same; ~0 if all are. */
u64 execution_compared(u64 iteration);
void execution_profile(void);		/* measure PCT's k over a few random executions */

/* baton.c */
void baton_worker(struct task *task);	/* returns when the run is over */
void baton_stop(void);			/* arena->stop was set: nobody waits any longer */

#endif
