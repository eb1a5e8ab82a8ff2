/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A set of tasks: who can run, who waits, who has yielded.  Of agents (sched/strategy.h) as well.
 *
 * A set is a value, and | & ~ do to it what they do to a word.  It is two words long, and the
 * second one is nearly always empty.  What runs at every schedule point is there twice: once for sets
 * that are `narrow`, of which the compiler knows that they have no task beyond 63.
 */
#ifndef MMUT_CORE_TASK_SET_H
#define MMUT_CORE_TASK_SET_H

#include "types.h"

#define TASK_SET_SIZE	128		/* tasks have numbers below */
#define NARROW_TASKS	64		/* and in a narrow machine below this */
#define ALL_TASKS	(~(task_set)0)

__extension__ typedef unsigned __int128 task_set;

/* The same set, and the compiler knows what there is not. */
static __always_inline task_set task_narrow(task_set set, bool narrow)
{
	return narrow ? (u64)set : set;
}

static __always_inline bool task_is_narrow(task_set set)
{
	return !(u64)(set >> 64);
}

static __always_inline task_set task_bit(u32 task)
{
	return (task_set)1 << task;
}

static __always_inline bool task_in(task_set set, u32 task)
{
	return (task < 64 ? (u64)set : (u64)(set >> 64)) >> task % 64 & 1;
}

/* Words in memory, the first is the low one: no shift over both. */
static __always_inline void task_add(task_set *set, u32 task)
{
	((u64 *)set)[task / 64] |= BIT_ULL(task % 64);
}

static __always_inline void task_remove(task_set *set, u32 task)
{
	((u64 *)set)[task / 64] &= ~BIT_ULL(task % 64);
}

static __always_inline task_set task_without(task_set set, u32 task)
{
	u64 low = (u64)set, high = (u64)(set >> 64), others = ~BIT_ULL(task % 64);

	return task < 64 ? (task_set)high << 64 | (low & others) : (task_set)(high & others) << 64 | low;
}

static __always_inline void task_move(task_set *from, task_set *to, u32 task, bool narrow)
{
	u32 word = narrow ? 0 : task / 64;
	u64 bit = BIT_ULL(task % 64);

	((u64 *)from)[word] &= ~bit;
	((u64 *)to)[word] |= bit;
}

/* The same as task_in(), of a set in memory. */
static __always_inline bool task_listed(const task_set *set, u32 task)
{
	return ((const u64 *)set)[task / 64] >> task % 64 & 1;
}

/* Where tasks that run free may do so at once. */
static __always_inline void task_add_atomic(task_set *set, u32 task)
{
	__atomic_fetch_or(&((u64 *)set)[task / 64], BIT_ULL(task % 64), __ATOMIC_RELAXED);
}

static __always_inline u32 task_count(task_set set)
{
	return (u32)(__builtin_popcountll((u64)set) + __builtin_popcountll((u64)(set >> 64)));
}

/* The lowest number; the set is not empty. */
static __always_inline u32 task_first(task_set set)
{
	return likely((u64)set) ? (u32)__builtin_ctzll((u64)set) : 64 + (u32)__builtin_ctzll((u64)(set >> 64));
}

/* All but the first. */
static __always_inline task_set task_rest(task_set set)
{
	u64 low = (u64)set, high = (u64)(set >> 64);

	return (task_set)(high & (high - !low)) << 64 | (low & (low - 1));
}

/* Cyclically: task `from` is number 0, the one after it 1, and so on. */
static __always_inline task_set task_rotate(task_set set, u32 from)
{
	return set >> from | set << (-from & (TASK_SET_SIZE - 1));
}

/* The first at `from` or after it, cyclically; the set is not empty. */
static __always_inline u32 task_next(task_set set, u32 from, bool narrow)
{
	u64 low = (u64)set;

	if (narrow || (task_is_narrow(set) && from <= 64))
		return (from + (u32)__builtin_ctzll(low >> from % 64 | low << (-from & 63))) % 64;
	return (from + task_first(task_rotate(set, from % TASK_SET_SIZE))) % TASK_SET_SIZE;
}

/* A walk over a set: what is left of the word at hand, the other word, and the number that the first has. */
struct task_walk { u64 rest, more; u32 base; };

static __always_inline struct task_walk task_walk(task_set set)
{
	return (struct task_walk){ .rest = (u64)set, .more = (u64)(set >> 64) };
}

static __always_inline bool task_walk_on(struct task_walk *walk, u32 *task)
{
	if (!walk->rest) {
		if (likely(!walk->more))
			return false;
		*walk = (struct task_walk){ .rest = walk->more, .base = 64 };
	}
	*task = walk->base + (u32)__builtin_ctzll(walk->rest);
	walk->rest &= walk->rest - 1;
	return true;
}

#define for_each_task(n, set)	for (struct task_walk walk_##n = task_walk(set); task_walk_on(&walk_##n, &(n)); )

#endif
