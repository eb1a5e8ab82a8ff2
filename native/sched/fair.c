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
	u32 w;

	for (w = f->watched; w; w &= w - 1) {
		u32 u = (u32)__builtin_ctz(w);

		f->always[u] &= enabled;
		f->scheduled[u] |= ran;
		f->before[u] &= ~ran;
	}
	if (f->last < 32)
		f->disabled[f->last] |= f->enabled & ~enabled & ~ran;
	f->enabled = enabled;
}

static void yield(struct fair *f, u64 enabled, u32 me)
{
	u64 bit = BIT_ULL(me);

	if (f->watched & bit)
		f->before[me] |= (f->always[me] | f->disabled[me]) & ~f->scheduled[me] & ~bit;
	f->watched |= (u32)bit;
	f->always[me] = enabled;
	f->disabled[me] = f->scheduled[me] = 0;
}

u64 fair_step(struct fair *f, u64 enabled, u32 me, bool yielded)
{
	u64 allowed = enabled;
	u32 w;

	account(f, enabled);
	if (yielded)
		yield(f, enabled, me);
	for (w = f->watched & (u32)enabled; w; w &= w - 1) {
		u32 u = (u32)__builtin_ctz(w);

		if (f->before[u] & enabled)
			allowed &= ~BIT_ULL(u);
	}
	return allowed ? allowed : enabled;
}
