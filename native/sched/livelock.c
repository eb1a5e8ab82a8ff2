// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fair tail, and whether an execution that does not end goes round in a circle.
 *
 * A strategy may starve whoever would end a loop: that an execution is long under it means nothing.
 * From `steps_max` on the random walk decides, under which everybody runs again and again; what is
 * not over after as many steps is reported as `no-progress`, never earlier.  The report tells two
 * cases apart (M. Musuvathi, S. Qadeer, PLDI 2008: a fair cycle of states):
 *
 *   livelock:  the same state came back, several times, and whoever could run all the while did
 *   otherwise: no state came back: slower than the limit, or a livelock that counts something
 *
 * A state is the sum of what every shared word holds (kept up to date by each store, from an
 * arbitrary zero at the start of the tail), who holds which lock, and what each task is: at its
 * last yield its registers and the live part of its stack, and since then what it did and saw.
 * R. P. Brent's scheme (BIT 1980) finds a cycle by one remembered state: it is replaced after twice as
 * long a wait each time.
 *
 * Not seen: what a task keeps in private memory outside its stack (but for the registers of flat
 * programs, task_own_state()), hence the verdict is only a wording.  Under a memory model nothing
 * comes back, since what buffers hold is no part of a state.
 */
#include <stdio.h>
#include <string.h>

#include "conflict.h"
#include "fiber.h"
#include "livelock.h"

#define FIRST_WINDOW	64	/* yields */
#define LOCKS	(BIT_ULL(OP_SPIN_LOCK) | BIT_ULL(OP_READ_LOCK) | BIT_ULL(OP_WRITE_LOCK) | BIT_ULL(OP_MUTEX_LOCK))
#define UNLOCKS	(BIT_ULL(OP_SPIN_UNLOCK) | BIT_ULL(OP_READ_UNLOCK) | BIT_ULL(OP_WRITE_UNLOCK) | \
		 BIT_ULL(OP_MUTEX_UNLOCK))
#define CIRCLES		3	/* times that a state has to come back */

struct livelock {
	u64 shared;
	u64 local[MAX_TASKS];
	u64 remembered;
	u64 since, window;		/* yields */
	u64 circles, began, ended;	/* steps of the first and the last time it was there */
	task_set scheduled, always;		/* since it was there last: who ran, who could have all the time */
};
static_assert(sizeof(struct livelock) <= sizeof(((struct sched *)0)->strategy_state), "strategy state");

u64 (*task_own_state)(const struct task *task);

static inline struct livelock *livelock_of(const struct sched *s)
{
	return (struct livelock *)s->strategy_state;
}

void livelock_begin(struct sched *s)
{
	struct livelock *l = livelock_of(s);

	memset(l, 0, sizeof(*l));
	l->window = FIRST_WINDOW;
	l->always = ALL_TASKS;
}

static const u64 *stack_end(const struct task *task)
{
	if (transfer == &fiber_transfer)
		return (const u64 *)(sched_of()->stacks + (u64)(task->id + 1) * FIBER_STACK);
	return baton_stack_end;
}

/* From where the task called for the yield: its registers, its return address, its frames. */
static u64 stack_of(const struct task *task)
{
	const u64 *word;
	u64 hash = task_own_state ? task_own_state(task) : 0;

	for (word = proc.yield_frame; word < stack_end(task); word++)
		hash = (hash ^ *word) * 0x9e3779b97f4a7c15ULL, hash ^= hash >> 29;
	return hash;
}

static inline u64 holds(const void *addr, u64 value)
{
	return mix64((u64)addr * 0x9e3779b97f4a7c15ULL ^ mix64(value + 1));
}

static void account(struct livelock *l, const struct event *ev)
{
	if (ev->size && !op_is_local(ev->op) && !op_reads_only(ev->op))
		l->shared += holds(ev->addr, ev->new) - holds(ev->addr, ev->old);
	else if (BIT_ULL(ev->op) & LOCKS)
		l->shared += holds(ev->addr, ev->task);
	else if (BIT_ULL(ev->op) & UNLOCKS)
		l->shared -= holds(ev->addr, ev->task);
	else if (!op_is_local(ev->op) && !op_reads_only(ev->op))
		l->shared = mix64(l->shared + arena_of()->step);	/* a frame, a callback: never as before */
	l->local[ev->task] = mix64(l->local[ev->task] ^ (u64)ev->addr ^ (u64)ev->site << 48) + ev->old;
}

static void look(struct livelock *l)
{
	u64 state = l->shared, step = arena_of()->step;
	u32 t;

	for (t = 0; t < arena_of()->nr_tasks; t++)
		state += mix64(l->local[t] ^ (u64)t << 56);
	if (state == l->remembered && !(l->always & ~l->scheduled)) {
		l->circles++;
		l->ended = step;
	} else if (state != l->remembered && ++l->since > l->window) {
		l->remembered = state;
		l->window *= 2;
		l->began = step;
		l->circles = 0;
	} else {
		return;
	}
	l->since = 0;
	l->scheduled = 0;
	l->always = ALL_TASKS;
}

static void tail_observe(struct sched *s, const struct event *ev)
{
	struct livelock *l = livelock_of(s);

	if (ev->task == TASK_BOSS)
		return;
	account(l, ev);
	if (ev->op != OP_YIELD || proc.access)
		return;
	l->local[ev->task] = stack_of(task_by_id(ev->task));
	look(l);
}

static __always_inline u32 tail_next(struct sched *s, task_set enabled, u32 me, u32 fallback)
{
	u32 choice = strategy_choose(&strategy_random, s, enabled, me, fallback);

	livelock_of(s)->always &= tasks_of(s, enabled);
	if (!is_buffer(s, choice))
		task_add(&livelock_of(s)->scheduled, choice);
	return choice;
}

CHOOSE(tail)

void livelock_describe(const struct sched *s, char *buf, size_t n)
{
	const struct livelock *l = livelock_of(s);

	if (l->circles >= CIRCLES)
		snprintf(buf, n, "livelock, the state of step %llu came back %llu times, last at step %llu",
			 (unsigned long long)l->began, (unsigned long long)l->circles,
			 (unsigned long long)l->ended);
	else
		snprintf(buf, n, "no state came back");
}

/* Not for users: takes over where another strategy has gone on for too long. */
const struct strategy strategy_tail = {
	.name = "tail",
	.text = "the random walk, looking for circles",
	.begin = random_begin,
	.choose = tail_choose,
	.choose_wide = tail_choose_wide,
	.pick = random_pick,
	.observe = tail_observe,
};
