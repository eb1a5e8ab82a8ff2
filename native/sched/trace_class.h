/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The trace class of an execution, at a constant cost for each event.
 *
 * Two executions are in one class (A. Mazurkiewicz, "Trace Theory", 1987) if one becomes the
 * other by exchanging neighbours that do not conflict: they differ in nothing that a task, or
 * an oracle of the final state, could tell.  So an object keeps a hash W of its history up to the last
 * write and the sum r of the reads since, which commute:
 *
 *	read:   r += h, h = mix(id ^ W)			id = (task, site, how many events of its own)
 *	write:  W  = h, h = mix(3 W + C r + 7 id); r = 0
 *
 * and the class is the sum of all h.  Equal sums, equal sets of events each with all that it
 * depends on, but for collisions of 64 bits.  What a task does by itself is the same in both
 * and makes no difference.
 *
 * A failed compare-exchange is a read, and so are a reader's operations on a lock.  Under a
 * memory model the order of events does not say what a load returned: its value is folded in.
 */
#ifndef MMUT_SCHED_TRACE_CLASS_H
#define MMUT_SCHED_TRACE_CLASS_H

#include "../core/arena.h"
#include "../core/prng.h"
#include "conflict.h"

#define CLASS_OBJECTS	(1u << 14)
#define CLASS_PROBES	64	/* beyond that many an object is one with whatever is there: classes get finer */

struct class_object { u64 key, w, r, pad; };

struct class_state {
	u64 sum;
	u32 own[MAX_TASKS];		/* events of each task */
};

/* The first event of this execution about it, or it is not where it should be. */
static noinline struct class_object *class_seek(struct class_object *objects, u32 at, u64 key)
{
	struct class_object *object = &objects[at];
	u32 probes = 0;

	while (object->key != key && object->key >> 36 == key >> 36 && probes++ < CLASS_PROBES)
		object = &objects[++at % CLASS_OBJECTS];
	if (object->key >> 36 != key >> 36)
		*object = (struct class_object){ .key = key, .w = key & (BIT_ULL(36) - 1) };
	return object;
}

/*
 * Objects of earlier executions have another key, so that nothing has to be cleared.  Words that
 * are neighbours in memory are neighbours here: walks go over whole tables.
 */
static inline struct class_object *class_find(struct class_object *objects, u64 execution, u64 place)
{
	u64 key = place | execution << 36;
	u32 at = (u32)(((place >> 9) * 0x9e3779b97f4a7c15ULL >> 50) + (place >> 3)) % CLASS_OBJECTS;

	return likely(objects[at].key == key) ? &objects[at] : class_seek(objects, at, key);
}
static_assert(CLASS_OBJECTS == 1u << (64 - 50), "the hash selects an object");
static_assert(ARENA_SLOT_SIZE == BIT_ULL(36), "a key is a place in the arena and an execution");

static inline bool class_reads(const struct event *ev)
{
	return op_reads_only(ev->op) || (ev->op == OP_CMPXCHG && ev->old != ev->expected);
}

static __always_inline void class_fold(struct class_state *c, struct class_object *objects, u64 execution,
				       const struct event *ev, bool modelled)
{
	struct class_object *object;
	u64 id, h;

	if (op_is_local(ev->op) || !ev->addr)
		return;
	object = class_find(objects, execution, (u64)ev->addr & (ARENA_SLOT_SIZE - 1));
	__builtin_memcpy(&id, &ev->op, sizeof(id));	/* operation, site and task */
	id += (u64)++c->own[ev->task] << 10;
	if (class_reads(ev)) {
		h = (id ^ object->w ^ (unlikely(modelled) ? mix64(ev->old + 1) : 0)) * 0xbf58476d1ce4e5b9ULL;
		h ^= h >> 29;
		object->r += h;
	} else {
		h = mix64(3 * object->w + object->r * 0x94d049bb133111ebULL + 7 * id);
		object->w = h;
		object->r = 0;
	}
	c->sum += h;
}

#endif
