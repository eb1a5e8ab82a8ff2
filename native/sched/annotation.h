/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory-order annotations as a memory model takes them: as written, or weakened for an
 * experiment (which of them does the program need?).
 */
#ifndef MMUT_SCHED_ANNOTATION_H
#define MMUT_SCHED_ANNOTATION_H

#include "sched.h"

/* By site.  Bulk: survives a reset. */
struct annotations {
	u8 reached[1 << 16];	/* an execution came by */
	u8 weakened[1 << 16];	/* 0: as written; else the order that it has instead, + 1 */
};

static inline enum order order_of(const struct event *ev)
{
	struct annotations *a = sched_of()->annotations;

	a->reached[ev->site] = 1;
	return a->weakened[ev->site] ? (enum order)(a->weakened[ev->site] - 1) : (enum order)ev->order;
}

/* A fence is there, or it is not. */
static inline bool fence_dropped(const struct event *ev)
{
	struct annotations *a = sched_of()->annotations;

	a->reached[ev->site] = 1;
	return a->weakened[ev->site];
}

#endif
