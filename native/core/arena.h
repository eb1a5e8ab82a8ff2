/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The arena: one sealed memfd, mapped at the same address in every process, that holds the
 * whole machine.  What is not in the arena does not exist for the model.
 *
 * Layout, in this order (each part page aligned):
 *
 *   header | state ........ | bulk: frame table, per-frame regions, golden copies, logs
 *          ^ small, copied  ^ frames are restored one by one, only what was touched
 *
 * `state` is everything small that an execution changes (VM, vCPUs, locks, tasks, the
 * scheduler).  arena_checkpoint() copies it once; arena_reset() copies it back, restores
 * the frames that were touched since, and so costs what was touched, not what exists.
 * `logs` (outcome counts, traces, statistics over executions) survive a reset.
 */
#ifndef MMUT_CORE_ARENA_H
#define MMUT_CORE_ARENA_H

#include "cycles.h"
#include "types.h"
#include "warn.h"

#define ARENA_ABI		1
#define ARENA_MAGIC		0x6d6d75746f727475ULL	/* "mmutortu" */
/* Fixed address of slot 0: above ASan's shadow, far from mmap's and the stack's areas. */
#define ARENA_BASE		0x200000000000ULL
#define ARENA_SLOT_SIZE		BIT_ULL(36)
#define ARENA_SLOTS		8
#define ARENA_REGIONS		16

enum stop_reason { STOP_NONE, STOP_FINISHED, STOP_VIOLATION, STOP_INTERRUPTED, STOP_WORKER_DIED, STOP_CRASHED };

/* The first violation of an execution. */
struct failure {
	u32 set;		/* claimed by cmpxchg; 2: complete */
	u32 oracle;
	u32 task;
	u32 site;
	u64 step;
	u64 addr;
	char message[400];
};

/* A per-frame array: one element for each frame, restored with the frame. */
struct frame_region {
	void *base;
	void *golden;
	u32 shift;		/* an element is 1 << shift bytes */
	u32 first;		/* first frame that has an element */
	u32 count;
	u32 tables_only;	/* content matters only while the frame is a table */
};

/* A stretch of memory with a name; elements of `size` bytes. */
struct named_memory {
	u64 addr;
	u32 size, count;
	char name[24];
};

struct arena {
	u64 magic;
	u32 abi, slot;
	u64 size;
	u64 bug_mask;		/* switches, see kvm/bugs.def */
	u64 oracle_mask;	/* bit set: the oracle is enabled */
	u64 seed;
	u64 iteration;		/* which execution of the seed this is */
	u64 step;		/* schedule points since the start of the execution: the model's only clock */
	u32 nr_tasks;
	u32 hooks_wanted;	/* checks on: the oracles watch */
	u32 controlled;		/* a scheduler decides: time is `step` */
	u32 stop;		/* enum stop_reason; STOP_FINISHED lets operations end, the rest cuts waits off */
	u32 go;			/* free running: futex word, 1 releases the workers */
	u32 workers_left;	/* free running: workers that have not ended, service tasks aside */
	u32 whole_steps;	/* acquisitions wait until they succeed, and an RCU section begins in one step */
	u32 blocks;		/* some sites are SITE_BLOCK */
	u32 closing;		/* the workload is over, service tasks drain and end */
	struct failure failure;
	struct { u32 signal, task; u64 addr; } crash;	/* signal 0: none */

	/* set-up allocation */
	char *state_begin, *state_end, *state_limit, *state_golden;
	char *bulk_begin, *bulk_end, *bulk_limit;
	struct cycles start;	/* calibration of the cycle counter: read at creation */
	u32 checkpointed;
	u32 nr_regions;
	struct frame_region regions[ARENA_REGIONS];

	/* the rooms' own roots; each room casts its own */
	struct task *tasks;
	struct frame_table *frames;
	struct lockdep *lockdep;
	struct lock_order *lock_order;	/* summed over executions */
	struct contract_count *contracts;	/* one per task and site, summed over executions */
	struct rcu_state *rcu;
	struct lockstat_task *lockstat;	/* one per task, summed over executions; NULL: not kept */
	struct delays *delays;	/* NULL: none */
	struct flight *flight;	/* NULL: nothing is recorded */
	u64 lockstat_since;	/* running free: when the run began, by the cycle counter */
	struct heat_map *heat_map;	/* see measure.h; NULL: there is no guest memory */
	struct sched *sched;
	struct kvm *kvm;
	struct workload *workload;
	struct check *check;
	struct races *races;	/* NULL: nobody looks for races */
	struct races_begun *races_begun;
	struct run_log *run;
	void *program_state;
	const struct site *sites;	/* of the program that was loaded, behind the static ones; or NULL */
	u32 nr_sites;
	struct named_memory *named;	/* what a program calls its memory, for reports */
	u32 nr_named;
};

#define arena_of()	(proc.arena)

/* Map `fd` at the address of `slot`; 0 or -errno.  `create` formats it with `size` bytes. */
int arena_map(int fd, u32 slot, u64 size, bool create);
void arena_unmap(void);

/* Set-up only: zeroed, 64-byte aligned; NULL when full. */
void *arena_alloc(u64 size);		/* state: small, copied back at every reset */
void *arena_alloc_bulk(u64 size);	/* logs and per-frame memory: not copied */

/* What is in the arena now is what every execution starts from.  0 or -ENOMEM. */
int arena_checkpoint(void);
void arena_reset(void);

#endif
