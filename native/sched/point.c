// SPDX-License-Identifier: GPL-2.0-only
/*
 * Schedule points: who may run, who runs, and what is on record about the choice.
 *
 * Every event is a step.  A step is also a decision, except a cold scan: a task that goes
 * over a whole table touches hundreds of words that nobody else has touched or announced in
 * this execution, and asks after each whether it should yield.  A switch right before such a
 * word changes nothing that the others could have seen so far, so it is considered only at
 * one in 32 (by a counter-based draw, so that a replay has the same decisions); any
 * interleaving keeps a positive probability.
 *
 * A choice is recorded where it differs from the fallback: stay on the running task while it
 * can run and has not yielded, else go to the next one, cyclically.  The plan is the list of
 * (decisions since the last recorded one, choice).
 */
#include <errno.h>

#include "../core/frame.h"
#include "../core/lockdep.h"
#include "../core/rcu.h"
#include "sched.h"

#define COLD_ONE_IN	32
#define HEAT_SEVERAL	0xff

void (*task_main)(struct task *task);
const struct transfer *transfer;
void (*describe_deadlock)(char *buf, size_t n);
void (*describe_no_progress)(char *buf, size_t n);

u64 sched_enabled(struct sched *s)
{
	u64 enabled = s->ready | s->buffered << AGENT_BUFFER;
	u64 w;

	for (w = s->waiting; w; w &= w - 1) {
		u32 t = (u32)__builtin_ctzll(w);

		enabled |= (u64)wait_over(&task_by_id(t)->wait) << t;
	}
	return enabled;
}

/* Has anybody else touched, or announced, this table word?  Leaves the mark of `ev->task`. */
static bool heat_up(struct sched *s, const struct event *ev)
{
	u64 at = (u64)((const char *)ev->addr - (const char *)arena_of()->frames->tables) / 8;
	u8 *heat = &s->heat[at], mine = (u8)(ev->task + 1);

	if (*heat == mine)
		return false;
	frame_touch((u32)(at / TABLE_WORDS));
	if (!*heat) {
		*heat = mine;
		return false;
	}
	*heat = HEAT_SEVERAL;
	return true;
}

/* One cold event in COLD_ONE_IN is a decision all the same; the same ones in a replay. */
static inline bool drawn_anyway(const struct sched *s)
{
	return mix64(s->cold_key + arena_of()->step) % COLD_ONE_IN == 0;
}

static bool is_cold(struct sched *s, const struct event *ev)
{
	const struct frame_table *frames = arena_of()->frames;
	u64 at = (u64)((const char *)ev->addr - (const char *)frames->tables), me = BIT_ULL(ev->task);
	bool cold = false;

	if (at < (u64)frames->nr_tables * TABLE_WORDS * 8) {
		cold = !heat_up(s, ev) && (ev->flags & SITE_SCAN) && !drawn_anyway(s);
	} else if (ev->op == OP_NEEDBREAK) {
		/* The walk asks at every entry; between cold entries nothing hangs on the answer. */
		cold = (s->after_cold & me) && !drawn_anyway(s);
		s->quiet_test = cold;
	}
	if (cold)
		s->after_cold |= me;
	else
		s->after_cold &= ~me;
	return cold;
}

static inline void record(struct sched *s, u32 choice)
{
	struct sched_log *log = s->log;

	if (s->plan_length + 2 > PLAN_MAX)
		return;
	log->plan[s->plan_length++] = (u32)(s->decisions - s->last_choice);
	log->plan[s->plan_length++] = choice;
	s->last_choice = s->decisions;
}

static u32 fallback_of(u64 enabled, u32 me, bool yielded)
{
	u64 tasks = enabled & (BIT_ULL(AGENT_BUFFER) - 1), later;

	if (!yielded && (tasks & BIT_ULL(me)))
		return me;
	if (!tasks)
		return (u32)__builtin_ctzll(enabled);
	later = tasks & ~(BIT_ULL(me + 1) - 1);
	return (u32)__builtin_ctzll(later ? later : tasks);
}

static noinline void report_deadlock(void)
{
	char text[300] = "";

	if (describe_deadlock)
		describe_deadlock(text, sizeof(text));
	violation(ORACLE_DEADLOCK, __here("deadlock"), NULL, "nobody can run: %s", text);
}

/* A replay has the choices of the fair tail on record. */
static const struct strategy *active_strategy(const struct sched *s)
{
	const struct strategy *own = strategies[s->strategy];

	return unlikely(s->fair_tail) && own != &strategy_replay ? &strategy_random : own;
}

/* The next agent to run.  Drains are carried out here and are not returned. */
static u32 decide(struct sched *s, u32 me, bool yielded)
{
	const struct strategy *strategy = active_strategy(s);
	u32 choice, fallback;
	u64 enabled;

	for (;;) {
		enabled = sched_enabled(s);
		if (unlikely(!enabled)) {
			report_deadlock();
			sched_stop();
		}
		fallback = fallback_of(enabled, me, yielded);
		choice = strategy->choose(s, enabled, me, fallback);
		s->decisions++;
		s->choices++;
		if (choice != fallback)
			record(s, choice);
		if (choice < AGENT_BUFFER)
			return choice;
		tso_drain_one(choice - AGENT_BUFFER);
	}
}

static inline void hand_over(struct sched *s, struct task *me, u32 next)
{
	struct task *to = task_by_id(next);

	if (to->state == TASK_WAITING) {
		to->state = TASK_READY;
		s->waiting &= ~BIT_ULL(next);
		s->ready |= BIT_ULL(next);
	}
	if (to != me) {
		s->switches++;
		transfer->to(me, to);
	}
}

/* Only an unfair strategy needs more: from steps_max on everybody gets a turn. */
static noinline void over_budget(struct sched *s, const struct event *ev)
{
	struct arena *arena = arena_of();
	char text[240] = "";

	if (!s->fair_tail) {
		s->fair_tail = 1;
		s->log->unfair_cutoffs++;
	}
	if (arena->step <= 2 * s->steps_max)
		return;
	if (describe_no_progress)
		describe_no_progress(text, sizeof(text));
	violation(ORACLE_NO_PROGRESS, site_by_id(ev->site), ev->addr,
		  "not finished after %llu steps, the last half of them fairly scheduled: %s",
		  (unsigned long long)arena->step, text);
}

void sched_point(struct event *ev)
{
	struct sched *s = sched_of();
	struct task *me = current;

	arena_of()->step++;
	if (unlikely(me->id == TASK_BOSS))
		return;
	if (unlikely(me->state == TASK_WAITING)) {
		s->ready &= ~BIT_ULL(me->id);
		s->waiting |= BIT_ULL(me->id);
	}
	if (unlikely(s->phase == PHASE_START)) {
		/* Announced; the boss collects every task's first event before the first decision. */
		is_cold(s, ev);
		transfer->to(me, task_by_id(TASK_BOSS));
		return;
	}
	if (unlikely(arena_of()->step > s->steps_max))
		over_budget(s, ev);
	if (is_cold(s, ev))
		return;
	if (unlikely(ev->op == OP_YIELD)) {
		const struct strategy *strategy = active_strategy(s);

		if (strategy->yielded)
			strategy->yielded(s, me->id);
	}
	hand_over(s, me, decide(s, me->id, ev->op == OP_YIELD));
}

void sched_block(const void *addr, u64 value, u32 size)
{
	struct sched *s = sched_of();
	struct task *me = current;

	me->wait = wait_change(addr, value, size);
	me->state = TASK_WAITING;
	s->ready &= ~BIT_ULL(me->id);
	s->waiting |= BIT_ULL(me->id);
	hand_over(s, me, decide(s, me->id, false));
}

bool sched_chance(void)
{
	struct sched *s = sched_of();
	const struct strategy *strategy = active_strategy(s);
	bool yes;

	if (current->id == TASK_BOSS || s->quiet_test)
		return false;
	yes = strategy->chance(s);
	s->decisions++;
	if (yes)
		record(s, 1);
	return yes;
}

void sched_task_exit(void)
{
	struct sched *s = sched_of();
	struct task *me = current;

	lockdep_task_exit(SITE(OP_TASK_EXIT, ORDER_PLAIN, 0, 0, "task"));
	me->state = TASK_DONE;
	s->ready &= ~BIT_ULL(me->id);
	if (!me->daemon && !--s->workers_left)
		rcu_close();
	if (s->phase == PHASE_START || !(s->ready | s->waiting)) {
		transfer->leave(me);
		return;
	}
	hand_over(s, me, decide(s, me->id, false));
}

void sched_begin(struct sched *s)
{
	const struct arena *arena = arena_of();
	u32 i;

	s->phase = PHASE_START;
	s->ready = 0;
	s->workers_left = 0;
	prng_init(&task_by_id(TASK_BOSS)->data, arena->seed, arena->iteration, STREAM_DATA);
	for (i = 1; i < arena->nr_tasks; i++) {
		struct task *t = task_by_id(i);

		s->ready |= BIT_ULL(i);
		s->workers_left += !t->daemon;
		prng_init(&t->data, arena->seed, arena->iteration, STREAM_DATA + i);
	}
	prng_init(&s->rng, arena->seed, arena->iteration, STREAM_SCHEDULE);
	s->cold_key = mix64(arena->seed ^ mix64(arena->iteration ^ STREAM_MEMORY));
	strategy_by_id(s->strategy)->begin(s);
}

void sched_run(struct sched *s)
{
	struct task *boss = task_by_id(TASK_BOSS);
	u32 i;

	for (i = 1; i < arena_of()->nr_tasks && !arena_of()->stop; i++)
		transfer->to(boss, task_by_id(i));
	if (arena_of()->stop)
		return;
	s->phase = PHASE_RUN;
	if (s->ready | s->waiting)
		hand_over(s, boss, decide(s, TASK_BOSS, false));
	if (arena_of()->stop)
		return;
	s->phase = PHASE_DONE;
	tso_drain_all();
}
