/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A log-linear histogram in fixed memory (G. Tene, HdrHistogram): 32 buckets in each power of two,
 * so that a bucket is at most 1/32 of its lower bound wide, and values below 64 are kept exactly.
 * Written by one task and read by whoever reports; a live reader sees late figures.
 *
 * Values of 2^40 and more (seven minutes of a 2.5 GHz cycle counter) share the last bucket; `max` and
 * `total` are exact all the same.
 */
#ifndef MMUT_CORE_HISTOGRAM_H
#define MMUT_CORE_HISTOGRAM_H

#include "types.h"

#define HISTOGRAM_SUB_BITS	5
#define HISTOGRAM_VALUE_BITS	40
#define HISTOGRAM_BUCKETS	((HISTOGRAM_VALUE_BITS - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS)

struct histogram {
	u64 count, total, min, max;
	u64 bucket[HISTOGRAM_BUCKETS];
};

static inline u32 histogram_bucket(u64 value)
{
	u32 shift;

	if (value < 2u << HISTOGRAM_SUB_BITS)
		return (u32)value;
	value = min(value, BIT_ULL(HISTOGRAM_VALUE_BITS) - 1);
	shift = 63 - (u32)__builtin_clzll(value) - HISTOGRAM_SUB_BITS;
	return (shift << HISTOGRAM_SUB_BITS) + (u32)(value >> shift);
}

/* A value that stands for `weight` of them. */
static inline void histogram_add(struct histogram *h, u64 value, u64 weight)
{
	if (!h->count || value < h->min)
		h->min = value;
	if (value > h->max)
		h->max = value;
	h->total += value * weight;
	h->count += weight;
	h->bucket[histogram_bucket(value)] += weight;
}

static inline void histogram_clear(struct histogram *h)
{
	u32 i, end;

	if (!h->count)
		return;
	for (i = histogram_bucket(h->min), end = histogram_bucket(h->max); i <= end; i++)
		h->bucket[i] = 0;
	h->count = h->total = h->min = h->max = 0;
}

#endif
