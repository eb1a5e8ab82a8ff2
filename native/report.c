// SPDX-License-Identifier: GPL-2.0-only
/* What Python may ask: names, totals, failures, traces. */
#include <stdio.h>
#include <string.h>

#include "check/check.h"
#include "core/lock.h"
#include "kvm/kvm_host.h"
#include "program/native.h"
#include "run.h"
#include "sched/anchor.h"
#include "sched/patience.h"
#include "sched/sched.h"

#ifndef MMUTORTURE_BUILD_ID
#define MMUTORTURE_BUILD_ID "unknown"
#endif
#ifndef MMUTORTURE_BUILD_KIND
#define MMUTORTURE_BUILD_KIND "unknown"
#endif

#define COPY(dst, src) snprintf(dst, sizeof(dst), "%s", src)

const char *mmut_build_id(void)
{
	return MMUTORTURE_BUILD_ID;
}

const char *mmut_build_kind(void)
{
	return MMUTORTURE_BUILD_KIND;
}

const char *mmut_oracle_name(uint32_t n)
{
	return n < NR_ORACLES ? oracle_names[n] : NULL;
}

const char *mmut_oracle_text(uint32_t n)
{
	return n < NR_ORACLES ? oracle_texts[n] : NULL;
}

const char *mmut_strategy_name(uint32_t n)
{
	return strategy_by_id(n) ? strategy_by_id(n)->name : NULL;
}

const char *mmut_strategy_text(uint32_t n)
{
	return strategy_by_id(n) ? strategy_by_id(n)->text : NULL;
}

static const struct { const char *name, *kind; } op_kinds[MMUT_NR_OP_KINDS] = {
	[MMUT_OP_READ] = { "read", "vcpu" }, [MMUT_OP_WRITE] = { "write", "vcpu" },
	[MMUT_OP_MIGRATE] = { "migrate", "host-mm" }, [MMUT_OP_RECLAIM] = { "reclaim", "host-mm" },
	[MMUT_OP_COLLAPSE] = { "collapse", "host-mm" }, [MMUT_OP_SPLIT] = { "split", "host-mm" },
	[MMUT_OP_FAST_ZAP] = { "fast-zap", "vmm" }, [MMUT_OP_SLOT_RECREATE] = { "slot-recreate", "vmm" },
	[MMUT_OP_DIRTY_LOG_ON] = { "dirty-log-on", "vmm" }, [MMUT_OP_DIRTY_LOG_OFF] = { "dirty-log-off", "vmm" },
	[MMUT_OP_DIRTY_LOG_GET] = { "dirty-log-get", "vmm" },
	[MMUT_OP_EXEC] = { "exec", "vcpu" }, [MMUT_OP_NX_RECOVER] = { "nx-recover", "nx-recovery" },
	[MMUT_OP_WRITE_TRACK] = { "write-track", "vmm" },
	[MMUT_OP_DIRTY_LOG_CLEAR] = { "dirty-log-clear", "vmm" },
	[MMUT_OP_AGE] = { "age", "host-mm" }, [MMUT_OP_TEST_AGE] = { "test-age", "host-mm" },
	[MMUT_OP_PREFAULT] = { "prefault", "vcpu" },
	[MMUT_OP_ZAP_GFN_RANGE] = { "zap-gfn-range", "vmm" }, [MMUT_OP_SLOT_MOVE] = { "slot-move", "vmm" },
	[MMUT_OP_APIC_ACCESS] = { "apic-access", "vcpu" }, [MMUT_OP_MMU_RESET] = { "mmu-reset", "vcpu" },
};

const char *mmut_op_name(uint32_t kind)
{
	return kind < MMUT_NR_OP_KINDS ? op_kinds[kind].name : NULL;
}

const char *mmut_op_task_kind(uint32_t kind)
{
	return kind < MMUT_NR_OP_KINDS ? op_kinds[kind].kind : NULL;
}

const char *mmut_event_op_name(uint32_t op)
{
	return op < NR_OPS ? op_names[op] : NULL;
}

const char *mmut_task_kind_name(uint32_t kind)
{
	return kind < NR_TASK_KINDS ? task_kind_names[kind] : NULL;
}

const char *mmut_lock_class_name(uint32_t n)
{
	return n < NR_LOCK_CLASSES ? lock_class_names[n] : NULL;
}

const char *mmut_program_name(uint32_t n)
{
	return program_by_id(n) ? program_by_id(n)->name : NULL;
}

const char *mmut_module_task(uint32_t n)
{
	return native_task_name(n);
}

const char *mmut_module_label(uint32_t n)
{
	return native_label(n);
}

int mmut_bug(uint32_t n, struct mmut_bug_info *info)
{
	const struct bug_info *b;

	if (n >= NR_BUGS)
		return -1;
	b = &bug_table[n];
	*info = (struct mmut_bug_info){
		.name = b->name, .slug = b->slug, .commit = b->commit, .scenario = b->scenario,
		.profile = b->profile, .memory = b->memory, .oracles = b->oracles, .text = b->text,
		.depth = b->depth,
	};
	return 0;
}

uint64_t mmut_plan_get(uint32_t *words, uint64_t capacity)
{
	const struct sched *s = sched_of();
	u64 n = s->plan_length;

	if (words)
		memcpy(words, s->log->plan, 4 * min(n, (u64)capacity));
	return n;
}

int mmut_plan_set(const uint32_t *words, uint64_t count)
{
	struct sched_log *log = sched_of()->log;

	if (count > PLAN_MAX || count % 2 == 0)
		return -1;
	memcpy(log->replay, words, 4 * count);
	log->replay_length = (u32)count;
	return 0;
}

uint64_t mmut_anchors_get(struct mmut_anchor *anchors, uint64_t capacity)
{
	return anchor_recorded(sched_of(), anchors, capacity);
}

int mmut_anchors_set(const struct mmut_anchor *anchors, uint64_t count)
{
	return anchor_follow(sched_of(), anchors, count);
}

const char *mmut_object_name(uint32_t object)
{
	return anchor_object_name(sched_of(), object);
}

void mmut_patience(uint64_t steps, double seconds)
{
	patience_set(sched_of(), steps, seconds);
}

uint32_t mmut_anchor_fate(uint64_t index)
{
	return anchor_fate(sched_of(), index);
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

int mmut_crash(struct mmut_crash *out)
{
	const struct arena *arena = arena_of();

	*out = (struct mmut_crash){
		.signal = arena->crash.signal, .task = arena->crash.task, .addr = arena->crash.addr,
		.iteration = arena->iteration, .step = arena->step,
	};
	return arena->crash.signal ? 0 : -1;
}

const char *report_file(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *native = strstr(path, "native/");

	return native ? native : slash ? slash + 1 : path;
}

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
	COPY(out->file, report_file(site->file));
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
	COPY(out->file, report_file(site->file));
	COPY(out->func, site->func);
	COPY(out->what, site->what);
	COPY(out->message, f->message);
	if (strategies[sched_of()->strategy] == &strategy_mix)
		COPY(out->member, mix_member_name(sched_of()->portfolio));
}

void mmut_totals_get(struct mmut_totals *out)
{
	const struct sched_log *log = sched_of()->log;
	struct run_log *run = run_log();

	if (!arena_of()->controlled && !arena_of()->closing) {
		/* A live look at a free run: the counters are the tasks' own, the sum is approximate. */
		const struct mmut_totals kept = run->model;

		run_add_statistics();
		*out = run->model;
		run->model = kept;
	} else {
		*out = run->model;
	}
	out->schedules = log->schedules;
	out->schedule_points = log->schedule_points;
	out->decisions = log->decisions;
	out->agents = nr_agents(sched_of()) - 1;
	out->pct2 = log->pct_runs[2];
	out->pct3 = log->pct_runs[3];
	out->pct4 = log->pct_runs[4];
	out->pct5 = log->pct_runs[5];
	out->profile = log->profile.hash;
	out->switches = log->switches;
	out->violations = arena_of()->controlled ? log->violations : arena_of()->failure.set != 0;
	out->digest = log->digest;
	out->decisions_max = log->decisions_max;
	out->unfair_cutoffs = log->unfair_cutoffs;
	out->discarded = log->discarded;
	out->racy = log->racy;
}

int mmut_outcome_get(uint32_t n, int64_t *values, uint64_t *count, uint32_t *rule)
{
	const struct outcome *o;

	if (n >= run_log()->nr_outcomes)
		return -1;
	o = &run_log()->outcomes[n];
	memcpy(values, o->values, sizeof(o->values));
	*count = o->count;
	*rule = o->rule;
	return 0;
}

int mmut_outcomes_full(void)
{
	return run_log()->outcomes_full != 0;
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
