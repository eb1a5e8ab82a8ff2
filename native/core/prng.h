/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counter-based random numbers: draw i of a stream is a function of (key, i) alone, so that
 * execution i of a seed replays by itself and a change in one stream does not shift another.
 *
 * The mixer is SplitMix64's finaliser (Steele, Lea, Flood: "Fast Splittable Pseudorandom
 * Number Generators", OOPSLA 2014).
 */
#ifndef MMUT_CORE_PRNG_H
#define MMUT_CORE_PRNG_H

#include "types.h"

struct prng {
	u64 key;
	u64 counter;
	u64 ahead;	/* the next draw: it is ready when a decision waits for it */
};

enum prng_stream { STREAM_SCHEDULE, STREAM_MEMORY, STREAM_NOISE, STREAM_DATA /* + task id */,
		   STREAM_TAIL = 1000 };

static inline u64 mix64(u64 z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* The next draw is number `counter`, from 0. */
static inline void prng_seek(struct prng *p, u64 counter)
{
	p->counter = counter;
	p->ahead = mix64(p->key + (counter + 1) * 0x9e3779b97f4a7c15ULL);
}

static inline void prng_init(struct prng *p, u64 seed, u64 iteration, u64 stream)
{
	p->key = mix64(seed ^ mix64(iteration + mix64(stream + 0x9e3779b97f4a7c15ULL)));
	prng_seek(p, 0);
}

static inline u64 prng_next(struct prng *p)
{
	u64 draw = p->ahead;

	prng_seek(p, p->counter + 1);
	return draw;
}

/* Uniform in [0, n); n < 2^32.  Multiply-shift: bias below n/2^32. */
static inline u32 prng_below(struct prng *p, u32 n)
{
	return (u32)(((prng_next(p) >> 32) * n) >> 32);
}

#endif
