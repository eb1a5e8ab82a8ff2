// SPDX-License-Identifier: GPL-2.0-only
/*
 * Schedule points: from the start of an execution to the end of its last task.
 *
 * Every event is a step.  A step is also a decision (decide.h), except most cold scans (cold.h).
 *
 * Most executions are usual all the way, and their points ask for nothing but the step: where it is
 * beyond `routine_until`, which is 0 in all others, they ask for everything.
 */
#include <errno.h>

#include "../core/hook_perform.h"
#include "../core/lockdep.h"
#include "../core/rcu.h"
#include "anchor.h"
#include "cold.h"
#include "decide.h"
#include "lkmm.h"
#include "livelock.h"
#include "patience.h"
#include "sched.h"
#include "trace.h"

void (*task_main)(struct task *task);
const struct transfer *transfer;
void (*describe_deadlock)(char *buf, size_t n);
void (*describe_no_progress)(char *buf, size_t n);

void report_deadlock(void)
{
	char text[300] = "";

	if (describe_deadlock)
		describe_deadlock(text, sizeof(text));
	violation(ORACLE_DEADLOCK, __here("deadlock"), NULL, "nobody can run: %s", text);
	/* The oracle is not asked, as for litmus tests: then this is no execution. */
	sched_of()->endless = 1;
	arena_of()->stop = STOP_VIOLATION;
}

static __always_inline void start(struct task *from, struct task *next)
{
	if (likely(transfer == &fiber_transfer))
		fiber_start(from, next);
	else
		transfer->to(from, next);
}

static u64 workload_iteration(const struct sched *s)
{
	return s->pinned ? s->pinned_iteration : arena_of()->iteration;
}

/* Only an unfair strategy needs more: from steps_max on everybody gets a turn. */
static noinline void over_budget(struct sched *s, const struct event *ev)
{
	struct arena *arena = arena_of();
	char text[240] = "", circle[120] = "";

	if (s->learning) {
		arena->stop = STOP_VIOLATION;
		sched_stop();
	}
	if (!s->fair_tail) {
		s->fair_tail = 1;
		s->log->unfair_cutoffs++;
		/* The same tail whoever drove before, so that no plan has to hold it. */
		s->driver = strategy_id(&strategy_tail);
		s->exhaustive = s->fair_yields = 0;
		s->observing = 1;
		s->routine_until = 0;
		livelock_begin(s);
		prng_init(&s->rng, arena->seed, workload_iteration(s), STREAM_TAIL);
	}
	if (arena->step <= 2 * s->steps_max)
		return;
	if (describe_no_progress)
		describe_no_progress(text, sizeof(text));
	livelock_describe(s, circle, sizeof(circle));
	violation(ORACLE_NO_PROGRESS, site_by_id(ev->site), ev->addr,
		  "not finished after %llu steps, the last half of them fairly scheduled: %s; %s",
		  (unsigned long long)arena->step, circle, text);
	/* The oracle is disabled: the execution ends all the same, or nothing ever would. */
	arena->stop = STOP_VIOLATION;
	sched_stop();
}

/* What a point need not ask for again and again: from next_to_start() to over_budget() it stays. */
static bool is_usual(const struct sched *s)
{
	return transfer == &fiber_transfer && arena_of()->nr_tasks <= NARROW_TASKS && !proc.access && !s->anchored &&
	       !s->exhaustive && !s->observing && !arena_of()->whole_steps;
}

/* A task that has not begun, if there is one; or the phase of starting is over. */
static noinline struct task *next_to_start(struct sched *s)
{
	while (s->started + 1 < arena_of()->nr_tasks) {
		struct task *next = task_by_id(++s->started);

		if (!next->absent)
			return next;
	}
	s->phase = PHASE_RUN;
	s->routine_until = is_usual(s) ? s->steps_max : 0;
	return NULL;
}

static noinline u32 first_decision(struct sched *s)
{
	return decide(s, TASK_BOSS, false, false);
}

/*
 * Each task runs up to its first event before anything is decided: the first decision knows what
 * all of them are about to do.  Whoever has announced its event (or has ended without one) starts
 * the next task, and the last one decides.
 */
static __always_inline void start_next(struct sched *s, struct task *me)
{
	struct task *next = next_to_start(s);

	if (next)
		start(me, next);
	else if (s->ready | s->waiting)
		hand_over(s, me, first_decision(s), false);
	else if (me->id != TASK_BOSS)
		transfer->leave(me);
}

static noinline void announce_first(struct sched *s, const struct task *me, const struct event *ev)
{
	if (me->state == TASK_WAITING)
		begin_wait(s, me, false);
	is_cold(s, ev, false);
}

static __always_inline void decided_point(struct sched *s, struct event *ev, bool access, bool usual)
{
	struct task *me = current;
	bool yielded = !access && ev->op == OP_YIELD;

	if (me->state == TASK_WAITING)
		begin_wait(s, me, usual);
	if ((usual || !s->exhaustive) && is_cold(s, ev, access))
		return;
	if (unlikely(yielded) && strategies[s->driver]->yielded)
		strategies[s->driver]->yielded(s, me->id);
	hand_over(s, me, decide(s, me->id, yielded, usual), usual);
}

/* A limit is reached, or all points of this execution are unusual. */
static noinline void unusual_point(struct sched *s, struct event *ev)
{
	if (unlikely(arena_of()->step > s->look_at))
		patience_look(s);
	if (arena_of()->step > s->steps_max)
		over_budget(s, ev);
	decided_point(s, ev, false, false);
}

/* `access`: of hook_access(), where nobody yields. */
static __always_inline void point(struct event *ev, bool access)
{
	struct sched *s = sched_of();
	struct task *me = current;

	if (likely(++arena_of()->step <= s->routine_until)) {
		decided_point(s, ev, access, true);
		return;
	}
	if (me->id == TASK_BOSS)
		return;
	if (s->anchored)
		anchor_announce(s, ev);
	if (s->phase == PHASE_START) {
		announce_first(s, me, ev);
		start_next(s, me);
	} else {
		unusual_point(s, ev);
	}
}

/* Somebody can run, or waits. */
static __always_inline void go_on(struct sched *s, struct task *me, bool usual)
{
	if (me->state == TASK_WAITING)
		begin_wait(s, me, usual);
	hand_over(s, me, decide(s, me->id, false, usual), usual);
}

void sched_block(const void *addr, u64 value, u32 size)
{
	struct sched *s = sched_of();
	struct task *me = current;

	me->wait = wait_change(addr, value, size);
	me->state = TASK_WAITING;
	if (likely(s->routine_until))
		go_on(s, me, true);
	else
		go_on(s, me, false);
}

static u32 picked(struct sched *s, u32 choice, enum pick what)
{
	s->decisions++;
	s->picks++;
	record(s, choice, choice != 0, false);
	if (unlikely(s->anchored))
		anchor_decided(s, current->id, 1 + what, choice, choice != 0);
	return choice;
}

u32 sched_pick(u32 n, enum pick what)
{
	struct sched *s = sched_of();

	if (n < 2 || current->id == TASK_BOSS)
		return 0;
	return picked(s, strategies[s->driver]->pick(s, n, what), what);
}

static u32 how_many(pick_set set)
{
	return (u32)(__builtin_popcountll((u64)set) + __builtin_popcountll((u64)(set >> 64)));
}

/*
 * Plans count what is possible.  Where there is one alternative, nothing is picked: whether the model had to be
 * asked about it may hang on what others did, and a path that is followed in another order has no such node.
 */
u32 sched_pick_possible(pick_set possible, u32 n, enum pick what)
{
	struct sched *s = sched_of();
	const struct strategy *driver = strategies[s->driver];
	u32 choice, rank, at;

	if (n < 2)
		return 0;
	if (!driver->pick_possible) {
		rank = sched_pick(how_many(possible), what);
		for (at = 0; rank || !(possible >> at & 1); at++)
			rank -= possible >> at & 1;
		return at;
	}
	choice = driver->pick_possible(s, possible, n);
	if (how_many(possible) > 1)
		picked(s, how_many(possible & (((pick_set)1 << choice) - 1)), what);
	return choice;
}

bool sched_chance(void)
{
	const struct sched *s = sched_of();

	/* A plan knows which tests count, whatever the code around them does by now. */
	return (!s->quiet_test || strategies[s->driver] == &strategy_anchored) && sched_pick(2, PICK_CONTENTION);
}

void sched_task_exit(void)
{
	struct sched *s = sched_of();
	struct task *me = current;

	lockdep_task_exit(SITE(OP_TASK_EXIT, ORDER_PLAIN, 0, 0, "task"));
	me->state = TASK_DONE;
	if (s->anchored)
		anchor_exit(s, me->id);
	task_remove(&s->ready, me->id);
	if (!me->daemon && !--s->workers_left) {
		s->choices = s->decisions - s->picks;
		rcu_close();
	}
	/* To whoever searches, the order in which the last stores come to memory is a choice, too. */
	while (arena_of()->whole_steps && !(s->ready | s->waiting) && s->buffered)
		tso_drain_one(choose(s, s->buffered << AGENT_BUFFER, me->id, false, false) - AGENT_BUFFER);
	if (s->phase == PHASE_START)
		start_next(s, me);
	else if (!(s->ready | s->waiting))
		transfer->leave(me);
	else if (likely(s->routine_until))
		go_on(s, me, true);
	else
		go_on(s, me, false);
}

void sched_begin(struct sched *s)
{
	struct arena *arena = arena_of();
	u32 i;

	s->phase = PHASE_START;
	s->ready = 0;
	s->started = TASK_BOSS;
	s->workers_left = 0;
	/* A search explores the schedules of one workload. */
	if (strategies[s->strategy]->whole_steps)
		arena->iteration = 0;
	prng_init(&task_by_id(TASK_BOSS)->data, arena->seed, workload_iteration(s), STREAM_DATA);
	for (i = 1; i < arena->nr_tasks; i++) {
		struct task *t = task_by_id(i);

		if (t->absent)
			continue;
		task_add(&s->ready, i);
		s->workers_left += !t->daemon;
		prng_init(&t->data, arena->seed, workload_iteration(s), STREAM_DATA + i);
	}
	prng_init(&s->rng, arena->seed, arena->iteration, STREAM_SCHEDULE);
	s->cold_key = mix64(arena->seed ^ mix64(arena->iteration ^ STREAM_MEMORY));
	patience_begin(s);
	s->driver = s->strategy;
	s->observing = strategies[s->driver]->observe != NULL;
	s->exhaustive = strategies[s->driver]->exhaustive ||
			(strategies[s->driver] == &strategy_replay && (s->log->replay[0] & PLAN_EXHAUSTIVE));
	arena->whole_steps = s->plan_whole_steps || strategies[s->driver]->whole_steps ||
			     (strategies[s->driver] == &strategy_replay && (s->log->replay[0] & PLAN_WHOLE_STEPS));
	s->anchored = s->log->tracing || strategies[s->driver] == &strategy_anchored;
	s->log->plan[0] = (s->exhaustive ? PLAN_EXHAUSTIVE : 0) | (arena->whole_steps ? PLAN_WHOLE_STEPS : 0);
	s->plan_length = 1;
	if (s->anchored)
		anchor_begin(s);
	s->fair_yields = strategies[s->driver]->fair_yields;
	s->is_sample = !strategies[s->driver]->end;
	if (s->lkmm)
		lkmm_begin(s->lkmm, s->exhaustive);
	strategies[s->driver]->begin(s);
}

void sched_run(struct sched *s)
{
	start_next(s, task_by_id(TASK_BOSS));
	if (arena_of()->stop || s->cut)
		return;
	s->phase = PHASE_DONE;
	s->routine_until = 0;
	tso_drain_all();
}

void sched_point(struct event *ev)
{
	point(ev, false);
}

/* ---------------------------------------------------------------- the whole of an event, in line */

/* It has happened.  Nothing of an execution that is usual asks for more than digest and class. */
static __always_inline void happened(struct event *ev)
{
	struct sched *s = sched_of();

	event_done(ev);
	if (likely(s->routine_until))
		trace_usual(s, ev);
	else
		trace_event(s, ev);
	if (proc.watch)
		proc.watch(ev);
}

static u64 sched_access(const struct site *site, void *addr, u64 operand, u64 expected)
{
	struct event *ev = &current->pending;

	event_describe(ev, site, addr, operand, expected);
	point(ev, true);
	if (proc.watch)
		proc.watch(ev);
	event_touch(ev);
	if (likely(sched_of()->routine_until))
		event_perform_alone(ev);
	else if (proc.access)
		ev->old = proc.access(ev);
	else
		event_perform(ev);
	happened(ev);
	return ev->old;
}

static void sched_event_begin(const struct site *site, void *addr, u64 operand)
{
	struct event *ev = &current->pending;

	event_describe(ev, site, addr, operand, 0);
	point(ev, false);
	if (proc.watch)
		proc.watch(ev);
	if (unlikely(proc.access))
		proc.access(ev);	/* a lock operation orders what was buffered */
}

static void sched_event_end(const struct site *site, void *addr, u64 operand)
{
	struct event *ev = &current->pending;

	/* Whatever the task waited for in between, it announced nothing else. */
	WARN_ON_ONCE(ev->addr != addr || ev->op != site->op);
	ev->operand = operand;
	ev->old = ev->new = operand;
	happened(ev);
}

const struct scheduled sched_hooks = {
	.access = sched_access, .begin = sched_event_begin, .end = sched_event_end,
};
