/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A set of tasks: who can run, who waits, who has yielded.  Of agents (sched/strategy.h) as well.
 *
 * A set is a value, and | & ~ do to it what they do to a word.
 */
#ifndef MMUT_CORE_TASK_SET_H
#define MMUT_CORE_TASK_SET_H

#include "types.h"

#define TASK_SET_SIZE	64		/* tasks have numbers below */
#define ALL_TASKS	(~(task_set)0)

typedef u64 task_set;

static inline task_set task_bit(u32 task)
{
	return (task_set)1 << task;
}

static inline bool task_in(task_set set, u32 task)
{
	return set >> task & 1;
}

static inline void task_add(task_set *set, u32 task)
{
	*set |= task_bit(task);
}

static inline void task_remove(task_set *set, u32 task)
{
	*set &= ~task_bit(task);
}

static inline u32 task_count(task_set set)
{
	return (u32)__builtin_popcountll(set);
}

/* The lowest number; the set is not empty. */
static inline u32 task_first(task_set set)
{
	return (u32)__builtin_ctzll(set);
}

/* All but the first. */
static inline task_set task_rest(task_set set)
{
	return set & (set - 1);
}

/* Cyclically: task `from` is number 0, the one after it 1, and so on. */
static inline task_set task_rotate(task_set set, u32 from)
{
	return set >> from | set << (-from & (TASK_SET_SIZE - 1));
}

#define for_each_task(n, set)							\
	for (task_set rest_##n = (set);						\
	     rest_##n && ((n) = task_first(rest_##n), true); rest_##n = task_rest(rest_##n))

#endif
