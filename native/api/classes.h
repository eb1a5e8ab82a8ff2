/* SPDX-License-Identifier: GPL-2.0-only */
/* Trace classes: how many there were, and how many of the samples fell into each. */
#ifndef MMUT_API_CLASSES_H
#define MMUT_API_CLASSES_H

#include <stdint.h>

/* cffi: begin */

/*
 * Trace classes seen: a table of the caller's, all zero at first, that counts until it is three quarters
 * full.  Samples are executions of the untouched random stream; `once` and `twice` count their classes.
 */
enum { MMUT_CLASS_SLOTS = 1 << 20 };
struct mmut_classes {
	uint64_t distinct, samples, sampled, once, twice, full;
	uint64_t slot[MMUT_CLASS_SLOTS];	/* class; the lowest bits: samples of it, 3 for more than 2 */
};

/* Classes of the executions since the last call, 65536 at most, in order; the lowest bit: a sample. */
uint64_t mmut_classes_take(uint64_t *classes, uint64_t capacity);
void mmut_classes_add(struct mmut_classes *table, const uint64_t *classes, uint64_t count);

/* cffi: end */

#endif
