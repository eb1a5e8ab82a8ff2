/* SPDX-License-Identifier: GPL-2.0-only */
/* What has happened goes into the digest and the trace class, and on record where that is wanted; in line. */
#ifndef MMUT_SCHED_TRACE_H
#define MMUT_SCHED_TRACE_H

#include "lkmm.h"
#include "sched.h"
#include "trace_class.h"

void trace_put_on_record(const struct sched *s, const struct event *ev);

static inline u64 relative(u64 value)
{
	u64 at = value ^ (u64)arena_of();

	return at < ARENA_SLOT_SIZE ? at : value;
}

static inline void fold(struct sched *s, const struct event *ev)
{
	u64 where = (u64)ev->addr & (ARENA_SLOT_SIZE - 1), what, d;

	__builtin_memcpy(&what, &ev->op, sizeof(what));		/* operation, site and task */
	d = (s->digest ^ (where * 0x94d049bb133111ebULL + what)) * 0x9e3779b97f4a7c15ULL;
	s->digest = (d ^ d >> 32) + (relative(ev->old) * 0xbf58476d1ce4e5b9ULL ^ relative(ev->new));
}

static __always_inline void trace_usual(struct sched *s, const struct event *ev)
{
	fold(s, ev);
	class_fold(&s->class, s->log->class_objects, s->log->execution, ev, false);
}

static noinline void trace_event(struct sched *s, const struct event *ev)
{
	if (unlikely(s->lkmm))
		lkmm_complete(ev);
	fold(s, ev);
	if (likely(s->phase != PHASE_DONE))
		class_fold(&s->class, s->log->class_objects, s->log->execution, ev, proc.access != NULL);
	if (unlikely(s->observing))
		strategies[s->driver]->observe(s, ev);
	if (unlikely(s->log->tracing))
		trace_put_on_record(s, ev);
}

#endif
