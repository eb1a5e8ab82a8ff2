/* SPDX-License-Identifier: GPL-2.0-only */
/* Random priorities of pending events: what POS, SURW and the reads-from-guided strategy share. */
#ifndef MMUT_SCHED_POS_H
#define MMUT_SCHED_POS_H

#include "conflict.h"
#include "sched.h"

struct pos {
	u32 priority[TASK_SET_SIZE];
};

static inline u32 pos_draw(struct sched *s)
{
	return (u32)(prng_next(&s->rng) >> 32);
}

void pos_init(struct sched *s, struct pos *p);

/* The one of `candidates`, not empty, whose pending event has the highest priority. */
static __always_inline u32 pos_best(const struct pos *p, task_set candidates)
{
	u32 best = task_first(candidates), i;

	for_each_task(i, task_rest(candidates))
		best = p->priority[i] > p->priority[best] ? i : best;
	return best;
}

/* `agent` executes its pending event: its next one, and those of `enabled` that race with it, draw anew. */
static __always_inline void pos_executed(struct sched *s, struct pos *p, task_set enabled, u32 agent)
{
	struct event scratch;
	const struct event *ev = pending_of(s, agent, &scratch);
	u32 i;

	p->priority[agent] = pos_draw(s);
	for_each_task(i, task_without(enabled, agent)) {
		struct event other;

		if (unlikely(events_race(ev, pending_of(s, i, &other))))
			p->priority[i] = pos_draw(s);
	}
}

#endif
