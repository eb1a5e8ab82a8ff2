/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cycle counter and the clock at one moment: two such pairs say how long a cycle is.
 *
 * A process may lose its processor between the two readings, for longer than all that is measured.  So
 * the counter is read before and after the clock, and of several attempts the quickest counts.
 */
#ifndef MMUT_CORE_CYCLES_H
#define MMUT_CORE_CYCLES_H

#include <time.h>
#include <x86intrin.h>

#include "types.h"

#define CYCLES_ATTEMPTS	16
#define CYCLES_QUICK	1000	/* between the readings: nothing came in between */

struct cycles {
	u64 tsc, ns;
};

static inline struct cycles cycles_now(void)
{
	struct cycles best = { 0 };
	u64 least = ~0ULL;
	u32 i;

	for (i = 0; i < CYCLES_ATTEMPTS && least > CYCLES_QUICK; i++) {
		struct timespec now;
		u64 before = __rdtsc(), took;

		clock_gettime(CLOCK_MONOTONIC, &now);
		took = __rdtsc() - before;
		if (took >= least)
			continue;
		least = took;
		best = (struct cycles){
			.tsc = before + took / 2, .ns = (u64)now.tv_sec * 1000000000ULL + (u64)now.tv_nsec,
		};
	}
	return best;
}

#endif
