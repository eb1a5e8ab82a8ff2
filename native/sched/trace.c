// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an execution was: its digest, and on request every event.
 *
 * The digest folds (task, site, operation, address, values) of each event.  Addresses and
 * values that point into the arena count from its base, so that the slot does not show.
 * Digests of executions are summed, so that the total does not depend on who explored which; an
 * execution that stands for its class has the class for a digest.
 */
#include "anchor.h"
#include "search.h"
#include "trace.h"

/* Slots are aligned to their size: the low bits of an address are its place in the arena. */
static_assert(!(ARENA_BASE % ARENA_SLOT_SIZE), "arenas must be aligned to their address space");

static bool same_event(const struct event *a, const struct event *b)
{
	return a->task == b->task && a->site == b->site && a->op == b->op && a->addr == b->addr &&
	       a->old == b->old && a->new == b->new;
}

/*
 * The boss's own events are on nobody's timeline.  Of a long execution the end is kept; to compare two,
 * the beginning.
 */
void trace_put_on_record(const struct sched *s, const struct event *ev)
{
	struct sched_log *log = s->log;
	struct trace_record *r = &log->trace[log->nr_traced % TRACE_MAX];

	if (ev->task == TASK_BOSS || (log->trace_head && log->nr_traced >= TRACE_MAX))
		return;
	log->nr_traced++;
	if (log->comparing) {
		if (log->differs_at != ~0ULL || same_event(ev, &r->event))
			return;
		log->differs_at = log->nr_traced - 1;
		r = &log->trace[TRACE_MAX];
	}
	*r = (struct trace_record){ .event = *ev, .step = arena_of()->step };
	if (ev->op != OP_DRAIN)		/* which the task has not announced */
		anchor_of(s, ev->task, &r->object, &r->occurrence);
	if (unlikely(r->step >= log->stacks.first && r->step <= log->stacks.last))
		r->stack = stack_here(&log->stacks);
}

void sched_trace(const struct event *ev)
{
	trace_event(sched_of(), ev);
}

static u64 digest_of(const struct sched *s)
{
	return mix64((s->explored_class ? s->explored_class : s->digest) ^ mix64(arena_of()->iteration));
}

/* The lowest bit says whether this execution is a sample of the untouched random stream. */
static void keep_class(struct sched *s)
{
	struct sched_log *log = s->log;
	u64 class = s->explored_class ? s->explored_class : mix64(s->class.sum);

	if (log->nr_classes == CLASSES_KEPT)
		return;
	if (unlikely(s->search->bounding || s->lkmm))
		log->counted[log->nr_classes] = (struct mmut_counted){
			.class_ = class, .digest = digest_of(s), .points = (u32)arena_of()->step,
			.decisions = (u32)s->decisions, .switches = (u32)s->switches, .outcome = log->outcome,
			.endless = s->endless, .racy = s->racy,
		};
	log->classes[log->nr_classes++] = (class & ~1ULL) | s->is_sample;
}

void sched_account(struct sched *s)
{
	struct sched_log *log = s->log;
	const struct arena *arena = arena_of();

	log->schedules++;
	log->schedule_points += arena->step;
	log->decisions += s->decisions;
	log->switches += s->switches;
	log->violations += arena->failure.set != 0;
	log->discarded += s->endless;
	log->racy += s->racy;
	log->digest += digest_of(s);
	log->pct_runs[s->depth]++;
	keep_class(s);
}
