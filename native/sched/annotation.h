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

/* A fence: smp_rmb() for acquire, smp_wmb() for release; one that is weakened to relaxed is none. */
static inline enum fence fence_of(const struct event *ev)
{
	enum order order = order_of(ev);

	if (sched_of()->annotations->weakened[ev->site] && order < ORDER_ACQUIRE)
		return FENCE_BARRIER;
	if (ev->operand && order == ev->order)
		return (enum fence)ev->operand;
	return order == ORDER_FULL ? FENCE_MB : order == ORDER_ACQUIRE ? FENCE_RMB : FENCE_WMB;
}

#endif
