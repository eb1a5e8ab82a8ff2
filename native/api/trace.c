// SPDX-License-Identifier: GPL-2.0-only
/* The events of a traced execution, with names in place of addresses and sites. */
#include <string.h>

#include "check/check.h"
#include "sched/anchor.h"
#include "sched/sched.h"
#include "text.h"

int mmut_trace_event(uint64_t index, struct mmut_trace_event *out)
{
	const struct sched_log *log = sched_of()->log;
	const struct trace_record *r;
	const struct site *site;
	const char *name;

	if (index != TRACE_OTHER && (index >= log->nr_traced || index + TRACE_MAX < log->nr_traced))
		return -1;
	r = &log->trace[index == TRACE_OTHER ? TRACE_MAX : index % TRACE_MAX];
	site = site_by_id(r->event.site);
	memset(out, 0, sizeof(*out));
	out->step = r->step;
	out->addr = r->event.addr ? (u64)r->event.addr - (u64)arena_of() : 0;
	out->old_value = r->event.old;
	out->new_value = r->event.new;
	out->operand = r->event.operand;
	out->task = r->event.task;
	out->op = r->event.op;
	out->order = r->event.order;
	out->line = site->line;
	COPY(out->file, source_name(site->file));
	COPY(out->func, site->func);
	COPY(out->what, site->what);
	out->anchor = r->object;
	out->occurrence = r->occurrence;
	out->stack = r->stack;
	/* As it was called when the event happened; what has no such name is looked up now. */
	name = r->object ? anchor_object_name(sched_of(), r->object) : NULL;
	if (name)
		COPY(out->object, name);
	else
		check_object_name(r->event.addr, out->object, sizeof(out->object));
	if (out->object[0] == '+' && r->event.site >= NR_STATIC_SITES)
		out->object[0] = 0;	/* a program in C has names for expressions only: `what` */
	return 0;
}

void mmut_want_stacks(uint64_t first, uint64_t last)
{
	stack_want(&sched_of()->log->stacks, first, last);
}

uint32_t mmut_stack(uint32_t number, uint32_t *functions, uint32_t capacity)
{
	const struct stack_log *log = &sched_of()->log->stacks;

	if (!number || number > log->nr_stacks)
		return 0;
	memcpy(functions, log->stack[number].frame, sizeof(u32) * min(log->stack[number].depth, capacity));
	return min(log->stack[number].depth, capacity);
}

int mmut_differs(struct mmut_differs *out)
{
	const struct sched_log *log = sched_of()->log;

	*out = (struct mmut_differs){
		.iteration = log->differs.iteration, .first = log->differs.first, .second = log->differs.second,
		.other_event = TRACE_OTHER,
	};
	return log->differs.set ? 0 : -1;
}
