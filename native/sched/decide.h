/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A decision, in line: who can run, who runs, and what is on record about the choice.
 *
 * A choice is recorded where it differs from the fallback: stay on the running task while it can run
 * and has not yielded, else go to the next one, cyclically.  What is recorded is (decisions since the
 * last recorded one, choice): exact, and worth nothing in another build; anchor.c has the plans that
 * are kept.
 *
 * `usual` is known when this is compiled: fibers, a narrow machine, sequentially consistent, no search, and
 * no plan with anchors is followed or made.  Then nobody but tasks can run, and few questions are left to ask.
 */
#ifndef MMUT_SCHED_DECIDE_H
#define MMUT_SCHED_DECIDE_H

#include "anchor.h"
#include "fiber.h"
#include "sched.h"

void report_deadlock(void);	/* nobody can run */

/* Of 64 tasks those whose wait is over. */
static __always_inline u64 waits_over(const struct wait_test *wait, u64 waiting)
{
	u64 over = 0, w;

	for (w = waiting; w; w &= w - 1) {
		u32 t = (u32)__builtin_ctzll(w);
		const struct wait_test *test = wait + t;
		u64 now;

		__builtin_memcpy(&now, test->addr, sizeof(now));
		over |= (!((now ^ test->value) & test->mask) ^ test->change) << t;
	}
	return over;
}

static __always_inline task_set enabled_agents(const struct sched *s, bool usual)
{
	const struct wait_test *wait = s->log->wait;
	task_set over = waits_over(wait, (u64)s->waiting);

	if (usual)
		return (u64)s->ready | over;
	over |= (task_set)waits_over(wait + 64, (u64)(s->waiting >> 64)) << 64;
	return s->ready | over | s->buffered << AGENT_BUFFER;
}

/* From now on `me` runs only when what it waits for has come. */
static __always_inline void begin_wait(struct sched *s, const struct task *me, bool usual)
{
	const struct wait *wait = &me->wait;

	s->log->wait[me->id] = (struct wait_test){
		.addr = wait->addr, .value = wait->value, .mask = wait->mask, .change = !wait->until_equal,
	};
	task_move(&s->ready, &s->waiting, me->id, usual);
}

/* Written in any case and kept if `forced`: a branch here would be a toss-up for the processor. */
static __always_inline void record(struct sched *s, u32 choice, bool forced, bool usual)
{
	u32 *plan = &s->log->plan[s->plan_length];
	u64 gap = s->decisions - s->last_choice;

	if (unlikely(s->plan_length + 2 > PLAN_MAX))
		return;
	plan[0] = (u32)gap;
	plan[1] = choice;
	if (!usual)
		forced &= !s->fair_tail;	/* which is a function of the iteration */
	s->plan_length += 2 * (u32)forced;
	s->last_choice += gap & -(u64)forced;
}

/* The first task that can run, cyclically from `me` or the one after it; a buffer if none can. */
static __always_inline u32 fallback_of(const struct sched *s, task_set enabled, u32 me, bool yielded, bool usual)
{
	task_set tasks = usual ? enabled : tasks_of(s, enabled);

	tasks = tasks ? tasks : enabled;
	return task_next(tasks, me + yielded, usual);
}

/* One of `enabled`, on record. */
static __always_inline u32 choose(struct sched *s, task_set enabled, u32 me, bool yielded, bool usual)
{
	const struct strategy *strategy = strategies[s->driver];
	u32 fallback = fallback_of(s, enabled, me, yielded, usual), planned = fallback, choice;
	task_set allowed = enabled;

	if (unlikely(task_narrow(s->fair.watched, usual) | yielded) && s->fair_yields)
		allowed = task_narrow(fair_step(&s->fair, enabled, me, yielded), usual);
	if (!usual && s->anchored)
		planned = fallback_of(s, enabled, me, anchor_impatient(s, me, yielded), false);
	choice = strategy_choose(strategy, s, allowed, me,
				 !usual && strategy == &strategy_anchored ? planned : fallback);
	if (unlikely(task_narrow(s->fair.watched, usual)))
		fair_chosen(&s->fair, choice);
	s->decisions++;
	record(s, choice, choice != fallback, usual);
	if (!usual && s->anchored)
		anchor_decided(s, me, 0, choice, choice != planned);
	return choice;
}

/* The next agent to run.  Drains are carried out here and are not returned. */
static __always_inline u32 decide(struct sched *s, u32 me, bool yielded, bool usual)
{
	for (;;) {
		task_set enabled = enabled_agents(s, usual);
		u32 choice;

		if (unlikely(!enabled)) {
			report_deadlock();
			sched_stop();
		}
		choice = choose(s, enabled, me, yielded, usual);
		if (usual || !is_buffer(s, choice))
			return choice;
		tso_drain_one(choice - AGENT_BUFFER);
	}
}

/* transfer->to(), with the common case in line. */
static __always_inline void switch_to(struct task *from, struct task *next, bool usual)
{
	if (usual || transfer == &fiber_transfer)
		fiber_to(from, next);
	else
		transfer->to(from, next);
}

static __always_inline void hand_over(struct sched *s, struct task *me, u32 next, bool usual)
{
	struct task *to = task_by_id(next);

	if (unlikely(usual ? (u64)s->waiting >> next & 1 : task_listed(&s->waiting, next))) {
		to->state = TASK_READY;
		task_move(&s->waiting, &s->ready, next, usual);
	}
	if (to != me) {
		s->switches++;
		switch_to(me, to, usual);
	}
}

#endif
