/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tasks of the same code (twins) begin in the order of their numbers.
 *
 * Renaming twins turns an execution into one whose outcome is the same but for names, and of those that it can
 * be turned into one has their first steps in order.  So a search need not see the others: a task
 * cannot take its first step before its twin of the next lower number has taken its own.  That is no
 * race but a condition, as that a thread begins after it was created: happens-before (race.c), which nobody reverses.
 *
 * M. Kokologiannakis, I. Marmanis, V. Vafeiadis, "SPORE: Combining Symmetry and Partial Order Reduction",
 * PLDI 2024, prune more: there of each orbit one execution is left.  Here twins whose first steps are independent
 * are told apart by what they do later, so that what is left is one at least.
 */
#ifndef MMUT_SCHED_SYMMETRY_H
#define MMUT_SCHED_SYMMETRY_H

#include "sched.h"
#include "search.h"

void symmetry_twin(struct sched *s, u32 task, u32 twin);	/* set-up: `task` does not begin before `twin` */

/* `agent` takes a step: its twin may begin. */
static inline void symmetry_step(struct sched *s, u32 agent)
{
	if (unlikely(s->behind) && !is_buffer(s, agent))
		s->behind &= ~s->search->released_by[agent];
}

/* The first transition of the twin without which `lane` cannot begin, among those linked; -1: there is none. */
s32 symmetry_required(const struct search *x, u32 lane);

#endif
