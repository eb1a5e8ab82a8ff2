// SPDX-License-Identifier: GPL-2.0-only
/*
 * SURW: H. Zhao, D. Wolff, U. Mathur, A. Roychoudhury, "Selectively Uniform Concurrency
 * Testing", ASPLOS 2025.
 *
 * Each execution has a target: one object that several tasks use, drawn by its accesses; of a VM
 * first its sort, an SPTE, a lock or another word (a root's count, say).  The order of the accesses
 * to the target is uniform: when a task is about to do one, it is settled which of those that can
 * run does the next one, in proportion to the accesses that they have left.  That one is
 * *intended*, and whoever else comes to the target is *held* until the intended one has been there.
 * All other events come in the order of random priorities.
 *
 * Of a small program, as in the paper's artifact: nobody is intended before somebody is at the
 * target, and nobody who is blocked.  In a VM it is settled at once and among all tasks: there most
 * are blocked most of the time, and planted bugs are found two to three times sooner.
 *
 * Deviations: counts are those of the profile; every step draws its task's priority anew, those at
 * the target too; an operation of a lock is an access to it; the intention is also given up when
 * the intended task is over, yields or gets nowhere for 1000 decisions; store buffers are never held.
 */
#include "pos.h"

#define STALL_MAX	1000
#define NOBODY		TASK_SET_SIZE

struct surw {
	struct pos pos;
	u64 target;
	bool early;		/* intended before anybody is at the target */
	u16 left[MAX_TASKS];		/* accesses of task t to the target */
	u32 intended;
	task_set held;
	u32 stall;		/* decisions since the last access to the target */
};
static_assert(sizeof(struct surw) <= sizeof(((struct sched *)0)->strategy_state), "strategy state");

static inline struct surw *surw_of(struct sched *s)
{
	return (struct surw *)s->strategy_state;
}

static void surw_begin(struct sched *s)
{
	const struct profile_object *object = profile_draw_target(s);
	struct surw *w = surw_of(s);
	u32 t;

	pos_init(s, &w->pos);
	w->target = object ? object->addr : 0;
	w->early = s->log->profile.has_tables;
	w->intended = NOBODY;
	w->held = w->stall = 0;
	for (t = 0; t < arena_of()->nr_tasks; t++)
		w->left[t] = object ? object->most[t] : 0;
}

static void forget(struct surw *w)
{
	w->intended = NOBODY;
	w->held = w->stall = 0;
}

/* One of `tasks`, in proportion to what it has left; nobody if none has. */
static __always_inline void intend(struct sched *s, struct surw *w, task_set tasks)
{
	u32 sum = 0, ticket, i;

	for_each_task(i, tasks)
		sum += w->left[i];
	if (!sum)
		return;
	ticket = prng_below(&s->rng, sum);
	for_each_task(i, tasks) {
		if (ticket < w->left[i]) {
			w->intended = i;
			return;
		}
		ticket -= w->left[i];
	}
}

static bool at_target(const struct sched *s, const struct surw *w, u32 agent)
{
	const struct event *ev = &task_by_id(agent)->pending;

	return !is_buffer(s, agent) && (u64)ev->addr == w->target && !op_is_local(ev->op);
}

/* Who runs next, of those that are not held; holds whoever is at the target out of turn. */
static __always_inline u32 next_unheld(struct sched *s, struct surw *w, task_set enabled)
{
	for (;;) {
		task_set candidates = enabled & ~w->held;
		u32 best;

		if (!candidates) {		/* the intended one cannot run */
			forget(w);
			if (w->early)
				intend(s, w, tasks_of(s, enabled));
			candidates = enabled;
		}
		best = pos_best(&w->pos, candidates);
		if (!at_target(s, w, best))
			return best;
		if (w->intended == NOBODY && !w->early) {
			w->left[best] = max(w->left[best], (u16)1);	/* more than the profile knew of */
			intend(s, w, tasks_of(s, enabled));
		}
		if (w->intended == NOBODY || best == w->intended) {
			w->left[best] -= w->left[best] != 0;
			forget(w);
			return best;
		}
		task_add(&w->held, best);
	}
}

static __always_inline u32 surw_next(struct sched *s, task_set enabled, u32 me, u32 fallback)
{
	struct surw *w = surw_of(s);
	u32 best;

	if (!w->target) {
		best = pos_best(&w->pos, enabled);
	} else {
		task_set live = s->ready | s->waiting;

		if (++w->stall > STALL_MAX || (w->intended != NOBODY && !task_in(live, w->intended)))
			forget(w);
		if (w->early && w->intended == NOBODY) {
			forget(w);
			intend(s, w, live);
		}
		best = next_unheld(s, w, enabled);
	}
	w->pos.priority[best] = pos_draw(s);
	return best;
}

CHOOSE(surw)

static void surw_yielded(struct sched *s, u32 me)
{
	if (surw_of(s)->intended == me)
		forget(surw_of(s));
}

const struct strategy strategy_surw = {
	.name = "surw",
	.text = "one object's accesses in uniform order, one object for each execution (Zhao et al. 2025)",
	.begin = surw_begin,
	.choose = surw_choose,
	.choose_wide = surw_choose_wide,
	.pick = random_pick,
	.yielded = surw_yielded,
	.fair_yields = true,
};
