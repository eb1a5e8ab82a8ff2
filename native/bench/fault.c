// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast the model itself is when nobody watches: page faults a second, hooks off.
 *
 *	fault PROCESSES ROUNDS
 *
 * Each process is a vCPU that maps its own share of 1 GiB, page by page, through
 * kvm_mmu_page_fault(); between rounds everything is zapped, untimed.  One line a round:
 * nanoseconds of wall time for each fault of all processes together.
 *
 * Built several times by harness/bench.py: as it is, with -DMMUTORTURE_NOHOOKS, and with
 * exclusive.h forced in front of fault.c, so that a fault takes mmu_lock for write.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../api.h"
#include "../core/rcu.h"
#include "../kvm/mmu.h"
#include "../kvm/vcpu.h"
#include "../kvm/vmm.h"
#include "../run.h"

#define PAGES	262144u

static u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000000ULL + (u64)t.tv_nsec;
}

static void configure(struct mmut_config *c, u32 processes)
{
	u32 i;

	memset(c, 0, sizeof(*c));
	c->tdp_mmu = 1;
	c->root_level = 4;
	c->max_level = 1;
	c->ad_bits = 1;
	c->nr_slots = 1;
	c->slots[0].npages = PAGES;
	for (i = 0; i < processes; i++) {
		snprintf(c->tasks[i].name, sizeof(c->tasks[i].name), "vcpu%u", i);
		c->tasks[i].kind = MMUT_TASK_VCPU;
	}
	c->nr_tasks = processes;
}

static void pin(u32 cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu % (u32)sysconf(_SC_NPROCESSORS_ONLN), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

struct gate { volatile u32 ready, go, done; };

static void map_share(struct kvm_vcpu *vcpu, u32 share, u32 processes)
{
	u64 first = (u64)PAGES / processes * share, gfn;

	for (gfn = first; gfn < first + PAGES / processes; gfn++)
		kvm_mmu_page_fault(vcpu, gfn << PAGE_SHIFT, PFERR_WRITE_MASK | PFERR_USER_MASK);
}

static void worker(struct gate *gate, u32 i, u32 processes, u32 rounds)
{
	struct kvm_vcpu *vcpu = &kvm_of()->vcpus[i];
	u32 round;

	pin(i);
	proc.current_task = task_by_id(2 + i);
	for (round = 1; round <= rounds; round++) {
		kvm_vcpu_load(vcpu);
		kvm_mmu_free_obsolete_roots(vcpu);
		if (!kvm_mmu_root_loaded(vcpu))
			kvm_mmu_load(vcpu);
		__atomic_fetch_add(&gate->ready, 1, __ATOMIC_SEQ_CST);
		while (gate->go != round)
			cpu_pause();
		map_share(vcpu, i, processes);
		kvm_vcpu_put(vcpu);
		__atomic_fetch_add(&gate->done, 1, __ATOMIC_SEQ_CST);
		while (gate->go == round && round < rounds)
			sched_yield();
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	u32 processes = argc > 1 ? (u32)atoi(argv[1]) : 1, rounds = argc > 2 ? (u32)atoi(argv[2]) : 5, i, round;
	struct gate *gate = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct mmut_config config;
	int fd = memfd_create("mmut-bench", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	configure(&config, processes);
	if (fd < 0 || mmut_world_create(fd, 0, &config)) {
		fprintf(stderr, "%s\n", mmut_error());
		return 5;
	}
	for (i = 0; i < processes; i++)
		if (!fork())
			worker(gate, i, processes, rounds);
	for (round = 1; round <= rounds; round++) {
		u64 start, end;

		while (gate->ready != processes * round)
			sched_yield();
		start = now_ns();
		gate->go = round;
		while (gate->done != processes * round)
			usleep(50);
		end = now_ns();
		/* The tasks stand still outside the guest: the boss may zap and free. */
		printf("%.3f\n", (double)(end - start) / (PAGES / processes * processes));
		proc.current_task = task_by_id(TASK_BOSS);
		vmm_fast_zap(kvm_of());
		rcu_barrier_quiescent();
		gate->go = 0;
	}
	while (wait(NULL) > 0)
		;
	return 0;
}
