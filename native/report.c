// SPDX-License-Identifier: GPL-2.0-only
/* What Python may ask: names, totals, failures, traces, lock statistics. */
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

static const char *base_name(const char *path)
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
	COPY(out->file, base_name(site->file));
	COPY(out->func, site->func);
	COPY(out->what, site->what);
	out->anchor = r->object;
	out->occurrence = r->occurrence;
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
	COPY(out->file, base_name(site->file));
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
}

static void merge(struct lockstat_time *sum, const struct lockstat_time *t)
{
	if (t->count && (!sum->count || t->min < sum->min))
		sum->min = t->min;
	sum->max = max(sum->max, t->max);
	sum->total += t->total;
	sum->count += t->count;
}

/* Rows in the order of the classes, read before write. */
int mmut_lockstat_get(uint32_t n, struct mmut_lockstat *row)
{
	const struct arena *arena = arena_of();
	u32 class = n / NR_LOCK_MODES, mode = n % NR_LOCK_MODES, i;
	double scale = lockstat_ns_per_tick();
	struct lockstat_time wait = { 0 }, hold = { 0 };

	if (class >= NR_LOCK_CLASSES || !arena->lockstat)
		return -1;
	memset(row, 0, sizeof(*row));
	COPY(row->class_name, lock_class_names[class]);
	row->mode = mode;
	row->is_rwlock = class == CLASS_MMU_LOCK;
	/* The boss sets up and tears down: no part of the workload. */
	for (i = 1; i < arena->nr_tasks; i++) {
		const struct lockstat_mode *m = &arena->lockstat[i].modes[class][mode];

		row->acquisitions += m->acquisitions;
		row->contentions += m->contentions;
		row->bounces += m->bounces;
		row->acq_bounces += m->acq_bounces;
		merge(&wait, &m->wait);
		merge(&hold, &m->hold);
	}
	row->wait_count = wait.count;
	row->wait_min = (u64)((double)wait.min * scale);
	row->wait_max = (u64)((double)wait.max * scale);
	row->wait_total = (u64)((double)wait.total * scale);
	row->hold_count = hold.count;
	row->hold_min = (u64)((double)hold.min * scale);
	row->hold_max = (u64)((double)hold.max * scale);
	/* Holds are sampled when running free (lockstat.h): the total is scaled to all of them. */
	if (hold.count)
		scale *= (double)row->acquisitions / (double)hold.count;
	row->hold_total = (u64)((double)hold.total * scale);
	return 0;
}

/* Rows are (first task that has the site, entry); other tasks' entries of the same site are added. */
int mmut_lockstat_site_get(uint32_t n, struct mmut_lockstat_site *row)
{
	const struct arena *arena = arena_of();
	u32 i, j, found = 0, site = 0, class = 0, mode = 0;
	u8 seen[1 << 13] = { 0 };

	for (i = 1; arena->lockstat && i < arena->nr_tasks && !site; i++)
		for (j = 0; j < LOCKSTAT_SITES; j++) {
			const struct lockstat_site *s = &arena->lockstat[i].sites[j];

			if (!s->site || seen[s->site / 8] & 1 << s->site % 8)
				continue;
			seen[s->site / 8] |= (u8)(1 << s->site % 8);
			if (found++ == n) {
				site = s->site;
				class = s->class;
				mode = s->mode;
				break;
			}
		}
	if (!site)
		return -1;
	memset(row, 0, sizeof(*row));
	COPY(row->class_name, lock_class_names[class]);
	COPY(row->func, site_by_id(site - 1)->func);
	COPY(row->file, base_name(site_by_id(site - 1)->file));
	row->line = site_by_id(site - 1)->line;
	row->mode = mode;
	for (i = 1; i < arena->nr_tasks; i++)
		for (j = 0; j < LOCKSTAT_SITES; j++) {
			const struct lockstat_site *s = &arena->lockstat[i].sites[j];

			if (s->site != site)
				continue;
			row->acquisitions += s->acquisitions;
			row->contentions += s->contentions;
			row->wait_total += (u64)((double)s->wait_total * lockstat_ns_per_tick());
			row->held_while_waited += s->held_while_waited;
		}
	return 0;
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
	const struct task *t;
	const struct site *site;
	char name[64];
	int at = 0;
	u32 i;

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
	if (t->kind == TASK_KIND_VCPU && kvm_of())
		out->faults = kvm_of()->vcpus[t->index].stat_faults;
	for (i = 0; i < out->nr_held && at < (int)sizeof(out->held) - 1; i++) {
		site = site_by_id(t->held[i].site);
		at += snprintf(out->held + at, sizeof(out->held) - (u64)at, "%s%s (%s) at %s:%u", i ? ", " : "",
			       lock_class_names[t->held[i].class],
			       t->held[i].mode == LOCK_READ ? "read" : "write", site->func, site->line);
	}
	if (t->pending.op) {
		site = site_by_id(t->pending.site);
		check_object_name(t->pending.addr, name, sizeof(name));
		snprintf(out->pending, sizeof(out->pending), "%s %s at %s:%u", op_names[t->pending.op], name,
			 site->func, site->line);
	}
	return 0;
}
