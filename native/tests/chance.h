/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a count is what a probability promises. */
#ifndef MMUT_TESTS_CHANCE_H
#define MMUT_TESTS_CHANCE_H

#include "../core/types.h"

/* |hits - n p| <= 5 sqrt(n p (1 - p)), squared. */
static inline bool binomial(u64 hits, u64 n, double p)
{
	double off = (double)hits - (double)n * p;

	return off * off <= 25.0 * (double)n * p * (1 - p);
}

#endif
