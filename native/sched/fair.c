// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fairness by yields: M. Musuvathi, S. Qadeer, "Fair Stateless Model Checking", PLDI 2008.
 *
 * A task that spins says so by yielding.  Between two yields that it made without letting a task
 * run that could have run all the time, it has only repeated itself: it falls behind that task
 * until that task has taken a step.  P (`before`) stays acyclic, since whoever has run is behind
 * nobody's back, so that somebody may always run.  The first yield only opens the account.
 *
 * A store buffer is an agent like another, but that it never yields: what a task spins for may be in
 * one.  Costs nothing before the first yield.
 */
#include "fair.h"

static void account(struct fair *f, task_set enabled)
{
	task_set ran = f->last < TASK_SET_SIZE ? task_bit(f->last) : 0;
	u32 u;

	for_each_task(u, f->watched) {
		f->of[u].always &= enabled;
		f->of[u].scheduled |= ran;
		f->of[u].before &= ~ran;
	}
	if (f->last < TASK_SET_SIZE)
		f->of[f->last].disabled |= f->enabled & ~enabled & ~ran;
	f->enabled = enabled;
}

static void yield(struct fair *f, task_set enabled, u32 me)
{
	task_set bit = task_bit(me);

	if (!(f->watched & bit))
		f->of[me].before = 0;
	else
		f->of[me].before |= (f->of[me].always | f->of[me].disabled) & ~f->of[me].scheduled & ~bit;
	f->watched |= bit;
	f->of[me].always = enabled;
	f->of[me].disabled = f->of[me].scheduled = 0;
}

task_set fair_step(struct fair *f, task_set enabled, u32 me, bool yielded)
{
	task_set allowed = enabled;
	u32 u;

	account(f, enabled);
	if (yielded)
		yield(f, enabled, me);
	for_each_task(u, f->watched & enabled)
		if (f->of[u].before & enabled)
			task_remove(&allowed, u);
	return allowed ? allowed : enabled;
}
