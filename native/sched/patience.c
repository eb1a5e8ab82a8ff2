// SPDX-License-Identifier: GPL-2.0-only
/* Giving up a replay that leads nowhere: see patience.h. */
#include <time.h>

#include "patience.h"

#define STEPS_PER_LOOK	(1u << 14)	/* at the clock: some milliseconds of a replay */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void patience_set(struct sched *s, u64 steps, double seconds)
{
	s->log->patience.steps = steps ? steps : ~0ULL;
	s->log->patience.end = seconds > 0 ? now() + seconds : 0;
}

static void look_later(struct sched *s, u64 steps)
{
	s->look_at = min(steps, s->log->patience.steps);
}

void patience_begin(struct sched *s)
{
	s->look_at = ~0ULL;
	if (s->log->patience.steps)
		look_later(s, STEPS_PER_LOOK);
}

void patience_look(struct sched *s)
{
	u64 step = arena_of()->step;
	double end = s->log->patience.end;

	if (step > s->log->patience.steps || (end > 0 && now() >= end)) {
		s->cut = 1;
		sched_stop();
	}
	look_later(s, step + STEPS_PER_LOOK);
}
