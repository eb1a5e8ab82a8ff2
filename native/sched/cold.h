/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cold scans: a task that goes over a whole table touches hundreds of words that nobody else has
 * touched or announced in this execution, and asks after each whether it should yield.  A switch
 * right before such a word changes nothing that the others could have seen so far, so it is
 * considered only at one in 32 (by a counter-based draw, so that a replay has the same
 * decisions); any interleaving keeps a positive probability.
 */
#ifndef MMUT_SCHED_COLD_H
#define MMUT_SCHED_COLD_H

#include "../core/frame.h"
#include "sched.h"

#define COLD_ONE_IN	32
#define HEAT_SEVERAL	0xff

/* Has anybody else touched, or announced, this table word?  Leaves the mark of `ev->task`. */
static inline bool heat_up(struct sched *s, const struct event *ev)
{
	u64 at = ((u64)ev->addr - s->tables) / 8;
	u8 *heat = &s->heat[at], mine = (u8)(ev->task + 1);

	if (*heat == mine)
		return false;
	frame_touch((u32)(at / TABLE_WORDS));
	if (!*heat) {
		*heat = mine;
		return false;
	}
	*heat = HEAT_SEVERAL;
	return true;
}

/* One cold event in COLD_ONE_IN is a decision all the same; the same ones in a replay. */
static inline bool drawn_anyway(const struct sched *s)
{
	return mix64(s->cold_key + arena_of()->step) % COLD_ONE_IN == 0;
}

static noinline bool is_cold_scan(struct sched *s, const struct event *ev, bool in_table)
{
	u64 me = BIT_ULL(ev->task % 64);	/* nobody but the model walks tables */
	bool cold;

	if (in_table) {
		cold = !heat_up(s, ev) && (ev->flags & SITE_SCAN) && !drawn_anyway(s);
	} else {
		/* The walk asks at every entry; between cold entries nothing hangs on the answer. */
		cold = (s->after_cold & me) && !drawn_anyway(s);
		s->quiet_test = cold;
	}
	if (cold)
		s->after_cold |= me;
	else
		s->after_cold &= ~me;
	return cold;
}

/* `access`: known when this is compiled, it is one to a word. */
static __always_inline bool is_cold(struct sched *s, const struct event *ev, bool access)
{
	bool in_table = (u64)ev->addr - s->tables < s->tables_size;

	if (in_table || (!access && ev->op == OP_NEEDBREAK))
		return is_cold_scan(s, ev, in_table);
	if (unlikely(s->after_cold))
		s->after_cold &= ~BIT_ULL(ev->task % 64);
	return false;
}

#endif
