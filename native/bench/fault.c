// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast the model itself is when nobody watches: page faults, hooks off.
 *
 *	fault PROCESSES ROUNDS	nanoseconds for each fault of all processes together, of wall time
 *				and of processor time, a line for each round
 *	fault 0 PAGES		that many faults in this process, to count their instructions in
 *				map_share()
 *
 * Each process is a vCPU that maps its own share of 1 GiB, page by page, through
 * kvm_mmu_page_fault(); between rounds everything is zapped, untimed.
 *
 * Built several times by harness/bench.py: as it is, with -DMMUTORTURE_NOHOOKS, and with
 * exclusive.h forced in front of fault.c, so that a fault takes mmu_lock for write.
 */
#define _GNU_SOURCE
#include "bench.h"
#include "../core/rcu.h"
#include "../kvm/mmu.h"
#include "../kvm/vcpu.h"
#include "../kvm/vmm.h"

#define PAGES	262144u

static void configure(struct mmut_config *c, u32 processes)
{
	u32 i;

	c->tdp_mmu = 1;
	c->root_level = 4;
	c->max_level = 1;
	c->ad_bits = 1;
	c->lock_stat = 1;
	c->nr_slots = 1;
	c->slots[0].npages = PAGES;
	for (i = 0; i < processes; i++) {
		snprintf(c->tasks[i].name, sizeof(c->tasks[i].name), "vcpu%u", i);
		c->tasks[i].kind = MMUT_TASK_VCPU;
	}
	c->nr_tasks = processes;
}

struct gate {
	volatile u32 ready, go, done;
	u64 spent;		/* processor time of all processes in this round */
};

/* Its name is known to harness/bench.py: what is counted is what happens in here. */
static noinline void map_share(struct kvm_vcpu *vcpu, u64 first, u64 count)
{
	u64 gfn;

	for (gfn = first; gfn < first + count; gfn++)
		kvm_mmu_page_fault(vcpu, gfn << PAGE_SHIFT, PFERR_WRITE_MASK | PFERR_USER_MASK);
}

static struct kvm_vcpu *enter(u32 i)
{
	struct kvm_vcpu *vcpu = &kvm_of()->vcpus[i];

	proc.current_task = task_by_id(FIRST_TASK + i);
	kvm_vcpu_load(vcpu);
	kvm_mmu_free_obsolete_roots(vcpu);
	if (!kvm_mmu_root_loaded(vcpu))
		kvm_mmu_load(vcpu);
	return vcpu;
}

static void worker(struct gate *gate, u32 i, u32 processes, u32 rounds)
{
	u32 round, share = PAGES / processes;

	pin(i);
	for (round = 1; round <= rounds; round++) {
		struct kvm_vcpu *vcpu = enter(i);
		u64 spent;

		__atomic_fetch_add(&gate->ready, 1, __ATOMIC_SEQ_CST);
		while (gate->go != round)
			cpu_pause();
		spent = cpu_ns();
		map_share(vcpu, (u64)share * i, share);
		__atomic_fetch_add(&gate->spent, cpu_ns() - spent, __ATOMIC_SEQ_CST);
		kvm_vcpu_put(vcpu);
		__atomic_fetch_add(&gate->done, 1, __ATOMIC_SEQ_CST);
		while (gate->go == round && round < rounds)
			sched_yield();
	}
	_exit(0);
}

static void measure(struct gate *gate, u32 processes, u32 round)
{
	double faults = PAGES / processes * processes;
	u64 start, end;

	while (gate->ready != processes * round)
		sched_yield();
	start = now_ns();
	gate->go = round;
	while (gate->done != processes * round)
		usleep(50);
	end = now_ns();
	printf("%.3f %.3f\n", (double)(end - start) / faults, (double)gate->spent / faults);
	gate->spent = 0;
	/* The tasks stand still outside the guest: the boss may zap and free. */
	proc.current_task = task_by_id(TASK_BOSS);
	vmm_fast_zap(kvm_of());
	rcu_barrier_quiescent();
	gate->go = 0;
}

int main(int argc, char **argv)
{
	u32 processes = argc > 1 ? (u32)atoi(argv[1]) : 1, rounds = argc > 2 ? (u32)atoi(argv[2]) : 5, i, round;
	struct gate *gate = share(sizeof(*gate));
	static struct mmut_config config;

	configure(&config, max(processes, 1u));
	make_world(&config);
	if (!processes) {
		map_share(enter(0), 0, min(rounds, PAGES));
		return 0;
	}
	for (i = 0; i < processes; i++)
		if (!fork())
			worker(gate, i, processes, rounds);
	for (round = 1; round <= rounds; round++)
		measure(gate, processes, round);
	while (wait(NULL) > 0)
		;
	return 0;
}
