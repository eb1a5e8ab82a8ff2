// SPDX-License-Identifier: GPL-2.0-only
/* Totals over the executions of a world. */
#include "kvm/kvm_host.h"
#include "run_log.h"
#include "sched/sched.h"

static void add_vm_statistics(struct mmut_totals *t, const struct kvm *kvm)
{
	u32 i;

	for (i = 0; i < kvm->online_vcpus; i++) {
		const struct kvm_vcpu *v = &kvm->vcpus[i];

		t->faults += v->stat_faults;
		t->retries += v->stat_retries;
		t->fixed += v->stat_fixed;
		t->spurious += v->stat_spurious;
		t->lost_cmpxchg += v->stat_lost_cmpxchg;
		t->accesses += v->stat_accesses;
		t->exits += v->stat_exits;
		t->emulated += v->stat_emulated;
	}
	t->flushes += (u64)READ_PRIVATE(kvm->stat_remote_tlb_flush);
}

void totals_add(void)
{
	struct mmut_totals *t = &run_log()->model;
	const struct arena *arena = arena_of();
	u32 i;

	if (arena->kvm)
		add_vm_statistics(t, arena->kvm);
	for (i = 1; i < arena->nr_tasks; i++)
		t->operations += task_by_id(i)->operations;
	t->grace_periods += arena->rcu->grace_periods;
	t->callbacks += arena->rcu->callbacks_run;
}

void mmut_totals_get(struct mmut_totals *out)
{
	const struct sched_log *log = sched_of()->log;
	struct run_log *run = run_log();

	if (!arena_of()->controlled && !arena_of()->closing) {
		/* A live look at a free run: the counters are the tasks' own, the sum is approximate. */
		const struct mmut_totals kept = run->model;

		totals_add();
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
