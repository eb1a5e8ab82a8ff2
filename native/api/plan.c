// SPDX-License-Identifier: GPL-2.0-only
/* Plans and anchors of an execution: what was chosen, and what is to be followed. */
#include <string.h>

#include "api.h"
#include "sched/anchor.h"
#include "sched/patience.h"
#include "sched/sched.h"

uint64_t mmut_plan_get(uint32_t *words, uint64_t capacity)
{
	const struct sched *s = sched_of();
	u64 n = s->plan_length;

	if (words)
		memcpy(words, s->log->plan, 4 * min(n, (u64)capacity));
	return n;
}

int mmut_plan_set(const uint32_t *words, uint64_t count)
{
	struct sched_log *log = sched_of()->log;

	if (count > PLAN_MAX || count % 2 == 0)
		return -1;
	memcpy(log->replay, words, 4 * count);
	log->replay_length = (u32)count;
	return 0;
}

uint64_t mmut_anchors_get(struct mmut_anchor *anchors, uint64_t capacity)
{
	return anchor_recorded(sched_of(), anchors, capacity);
}

int mmut_anchors_set(const struct mmut_anchor *anchors, uint64_t count)
{
	return anchor_follow(sched_of(), anchors, count);
}

uint32_t mmut_anchor_fate(uint64_t index)
{
	return anchor_fate(sched_of(), index);
}

const char *mmut_object_name(uint32_t object)
{
	return anchor_object_name(sched_of(), object);
}

void mmut_patience(uint64_t steps, double seconds)
{
	patience_set(sched_of(), steps, seconds);
}
