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

static void account(struct fair *f, u64 enabled)
{
	u64 ran = f->last < 64 ? BIT_ULL(f->last) : 0;
	u64 w;

	for (w = f->watched; w; w &= w - 1) {
		u32 u = (u32)__builtin_ctzll(w);

		f->of[u].always &= enabled;
		f->of[u].scheduled |= ran;
		f->of[u].before &= ~ran;
	}
	if (f->last < MAX_TASKS)
		f->of[f->last].disabled |= f->enabled & ~enabled & ~ran;
	f->enabled = enabled;
}

static void yield(struct fair *f, u64 enabled, u32 me)
{
	u64 bit = BIT_ULL(me);

	if (!(f->watched & bit))
		f->of[me].before = 0;
	else
		f->of[me].before |= (f->of[me].always | f->of[me].disabled) & ~f->of[me].scheduled & ~bit;
	f->watched |= bit;
	f->of[me].always = enabled;
	f->of[me].disabled = f->of[me].scheduled = 0;
}

u64 fair_step(struct fair *f, u64 enabled, u32 me, bool yielded)
{
	u64 allowed = enabled;
	u64 w;

	account(f, enabled);
	if (yielded)
		yield(f, enabled, me);
	for (w = f->watched & enabled; w; w &= w - 1) {
		u32 u = (u32)__builtin_ctzll(w);

		if (f->of[u].before & enabled)
			allowed &= ~BIT_ULL(u);
	}
	return allowed ? allowed : enabled;
}
