// SPDX-License-Identifier: GPL-2.0-only
/*
 * SURW: H. Zhao, D. Wolff, U. Mathur, A. Roychoudhury, "Selectively Uniform Concurrency
 * Testing", ASPLOS 2025.
 *
 * Each execution has a target: one object, drawn by its accesses; of a VM first its sort, an
 * SPTE, a lock or another word (a root's count, say), and only what several tasks use.  The
 * order of the accesses to the target is uniform: the task that does the next one is *intended*
 * in proportion to the accesses it has left, and whoever else is about to access the target is
 * *held* until the intended one has.  All other events come in the order of random priorities.
 *
 * Deviations: counts are those of the profile; the intention is given up when the intended task
 * cannot run, yields or gets nowhere for 1000 decisions; store buffers are never held.
 */
#include "pos.h"

#define STALL_MAX	1000
#define NOBODY		TASK_SET_SIZE

struct surw {
	struct pos pos;
	u64 target;
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
	u32 sum = 0, at, i;

	for_each_task(i, tasks)
		sum += w->left[i];
	if (!sum)
		return;
	at = prng_below(&s->rng, sum);
	for_each_task(i, tasks) {
		if (at < w->left[i]) {
			w->intended = i;
			return;
		}
		at -= w->left[i];
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

		if (!candidates) {
			forget(w);
			intend(s, w, enabled);
			candidates = enabled;
		}
		best = pos_best(&w->pos, candidates);
		if (w->intended == NOBODY || best == w->intended || !at_target(s, w, best))
			return best;
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
		if (++w->stall > STALL_MAX)
			forget(w);
		if (w->intended == NOBODY || !task_in(s->ready | s->waiting, w->intended)) {
			forget(w);
			intend(s, w, s->ready | s->waiting);
		}
		best = next_unheld(s, w, enabled);
		if (at_target(s, w, best)) {
			w->left[best] -= w->left[best] != 0;
			forget(w);
		}
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
