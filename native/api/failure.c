// SPDX-License-Identifier: GPL-2.0-only
/* What ended a world, and what each of its tasks was about. */
#include <stdio.h>
#include <string.h>

#include "check/check.h"
#include "core/lock.h"
#include "run_log.h"
#include "sched/sched.h"
#include "text.h"

void mmut_failure_get(struct mmut_failure *out)
{
	const struct arena *arena = arena_of();
	const struct failure *f = &arena->failure;
	const struct site *site = site_by_id(f->site);

	memset(out, 0, sizeof(*out));
	out->set = f->set == 2;
	if (!out->set)
		return;
	out->oracle = f->oracle;
	out->task = f->task;
	out->line = site->line;
	out->step = f->step;
	out->addr = f->addr ? f->addr - (u64)arena : 0;
	out->iteration = arena->iteration;
	out->digest = run_log()->failure_digest;
	COPY(out->task_name, task_by_id(f->task)->name);
	COPY(out->file, source_name(site->file));
	COPY(out->func, site->func);
	COPY(out->what, site->what);
	COPY(out->message, f->message);
	if (strategies[sched_of()->strategy] == &strategy_mix)
		COPY(out->member, mix_member_name(sched_of()->portfolio));
}

int mmut_crash(struct mmut_crash *out)
{
	const struct arena *arena = arena_of();

	*out = (struct mmut_crash){
		.signal = arena->crash.signal, .task = arena->crash.task, .addr = arena->crash.addr,
		.iteration = arena->iteration, .step = arena->step,
	};
	return arena->crash.signal ? 0 : -1;
}

uint32_t mmut_nr_tasks(void)
{
	return arena_of()->nr_tasks;
}

int mmut_task_state(uint32_t id, struct mmut_task_state *out)
{
	const void *waits_for;
	const struct task *t;
	const struct site *site;
	char name[64];
	u32 i, behind;
	int at = 0;

	if (id >= arena_of()->nr_tasks)
		return -1;
	t = task_by_id(id);
	memset(out, 0, sizeof(*out));
	COPY(out->name, t->name);
	out->kind = t->kind;
	out->index = t->index;
	out->state = t->state;
	out->nr_held = min(t->nr_held, (u32)MAX_HELD);
	out->operations = t->operations;
	out->faults = run_task_faults(t);
	for (i = 0; i < out->nr_held && at < (int)sizeof(out->held) - 1; i++) {
		site = site_by_id(t->held[i].site);
		at += snprintf(out->held + at, sizeof(out->held) - (u64)at, "%s%s (%s) at %s:%u", i ? ", " : "",
			       lock_class_names[t->held[i].class],
			       t->held[i].mode == LOCK_READ ? "read" : "write", site->func, site->line);
	}
	if (arena_of()->lockstat && !arena_of()->controlled && (waits_for = arena_of()->lockstat[id].waits_for)) {
		behind = (u32)arena_of()->lockstat[id].behind;
		check_object_name(waits_for, name, sizeof(name));
		snprintf(out->waits, sizeof(out->waits), "%s%s%s%s", name, behind ? ", which " : "",
			 behind ? task_by_id(behind)->name : "", behind ? " had" : "");
	}
	if (t->pending.op) {
		site = site_by_id(t->pending.site);
		check_object_name(t->pending.addr, name, sizeof(name));
		snprintf(out->pending, sizeof(out->pending), "%s %s at %s:%u", op_names[t->pending.op], name,
			 site->func, site->line);
	}
	return 0;
}
