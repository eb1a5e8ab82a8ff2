// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counting trace classes (sched/trace_class.h): how many there were, and how many of the random
 * samples fell into each, which is what the Good-Turing estimate asks for.
 *
 * The table is open addressing, of the caller's and outside any arena: several explorers report
 * to one.  Adding is commutative up to the point where it is full, and callers add in ascending
 * order of iterations: what it says does not depend on who explored what.
 */
#include <string.h>

#include "api.h"
#include "sched/sched.h"

#define AHEAD	8
#define SAMPLE	1ULL
#define COUNT	3ULL

uint64_t mmut_classes_take(uint64_t *classes, uint64_t capacity)
{
	struct sched_log *log = sched_of()->log;
	u64 count = min((u64)log->nr_classes, (u64)capacity);

	memcpy(classes, log->classes, count * sizeof(*classes));
	log->nr_classes = 0;
	return count;
}

static void count_sample(struct mmut_classes *t, u64 *slot)
{
	u64 seen = *slot & COUNT;

	t->samples++;
	t->sampled += seen == 0;
	t->once += (seen == 0) - (seen == 1);
	t->twice += (seen == 1) - (seen == 2);
	*slot += seen < 3;
}

/* Zero is "empty": a class has one of the upper bits. */
static u64 key_of(uint64_t class)
{
	return (class & ~COUNT) | BIT_ULL(63);
}

static u32 slot_of(u64 key)
{
	return (u32)(key >> 20) % MMUT_CLASS_SLOTS;
}

void mmut_classes_add(struct mmut_classes *t, const uint64_t *classes, uint64_t count)
{
	u64 i;

	for (i = 0; i < count; i++) {
		u64 key = key_of(classes[i]);
		u32 at = slot_of(key);

		if (i + AHEAD < count)
			__builtin_prefetch(&t->slot[slot_of(key_of(classes[i + AHEAD]))], 1);
		if (t->distinct >= MMUT_CLASS_SLOTS / 4 * 3) {
			t->full = 1;
			return;
		}
		while (t->slot[at] && (t->slot[at] & ~COUNT) != key)
			at = (at + 1) % MMUT_CLASS_SLOTS;
		if (!t->slot[at]) {
			t->slot[at] = key;
			t->distinct++;
		}
		if (classes[i] & SAMPLE)
			count_sample(t, &t->slot[at]);
	}
}
