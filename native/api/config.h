/* SPDX-License-Identifier: GPL-2.0-only */
/* What Python asks for: the machine, its tasks and what they do, the bugs, the oracles, the strategy. */
#ifndef MMUT_API_CONFIG_H
#define MMUT_API_CONFIG_H

#include <stdint.h>

/* cffi: begin */

enum {
	MMUT_MAX_TASKS = 31,		/* of a scenario; service tasks come on top */
	MMUT_PROGRAM_TASKS = 126,	/* of a program that is sampled, under sequential consistency */
	MMUT_SEARCH_TASKS = 62,		/* of a program that is searched */
	MMUT_MAX_SLOTS = 8,
	MMUT_MAX_OPS = 16,
	MMUT_MAX_RULES = 16,
	MMUT_MAX_TERMS = 6,
	MMUT_MAX_WEAKEN = 4,
	MMUT_MAX_DELAYS = 8,
	MMUT_NAME = 16,
	MMUT_REGISTERS = 32,		/* that an outcome may consist of */
	MMUT_MESSAGE = 400,
	MMUT_CACHE_OBJECTS = 40,	/* frames for page tables that a vCPU keeps for itself, at most */
};

/* What a task does; names for scenario files come from mmut_op_name(). */
enum mmut_op_kind {
	MMUT_OP_READ,			/* vcpu: guest load of one page */
	MMUT_OP_WRITE,			/* vcpu: guest store (locked add) */
	MMUT_OP_MIGRATE,		/* host-mm: move the frame behind a page */
	MMUT_OP_RECLAIM,		/* host-mm: swap pages out, free their frames */
	MMUT_OP_COLLAPSE,		/* host-mm: back 2M by one huge mapping (THP) */
	MMUT_OP_SPLIT,			/* host-mm: back to 4K mappings */
	MMUT_OP_FAST_ZAP,		/* vmm: zap everything through invalidated roots */
	MMUT_OP_SLOT_RECREATE,		/* vmm: delete the slot, let the host reclaim it, create it again */
	MMUT_OP_DIRTY_LOG_ON,		/* vmm: memslot flag change */
	MMUT_OP_DIRTY_LOG_OFF,
	MMUT_OP_DIRTY_LOG_GET,		/* vmm: reap bits, clear D / write-protect, flush */
	MMUT_OP_ZAP_GFN_RANGE,		/* vmm: emulate the slot's pages instead of mapping them, or back again */
	MMUT_OP_SLOT_MOVE,		/* vmm: the slot goes to its other place in guest memory */
	MMUT_OP_APIC_ACCESS,		/* vcpu: read the APIC access page through the address it was told */
	MMUT_OP_MMU_RESET,		/* vcpu: let go of the root; the next entry loads one */
	MMUT_OP_AGE,			/* host-mm: was a page used, and make it old */
	MMUT_OP_TEST_AGE,		/* host-mm: was a page used */
	MMUT_OP_PREFAULT,		/* vcpu: outside guest mode, map a page as a read would */
	MMUT_OP_EXEC,			/* vcpu: instruction fetch from one page */
	MMUT_OP_NX_RECOVER,		/* nx-recovery: zap tables that stand in the way of huge pages */
	MMUT_OP_DIRTY_LOG_CLEAR,	/* vmm: clear and re-arm bits that were got, in 64 pages or more */
	MMUT_OP_WRITE_TRACK,		/* vmm: one page of the slot is write-tracked, or no longer */
	MMUT_NR_OP_KINDS,
};

enum mmut_task_kind { MMUT_TASK_BOSS, MMUT_TASK_RCU, MMUT_TASK_VCPU, MMUT_TASK_VMM, MMUT_TASK_HOST_MM,
		      MMUT_TASK_PROGRAM, MMUT_TASK_NX_RECOVERY, MMUT_NR_TASK_KINDS };

struct mmut_op {
	uint32_t kind;			/* enum mmut_op_kind */
	uint32_t weight;		/* storm: share in the mix; litmus: ignored */
	uint64_t gfn;			/* litmus: first gfn; storm: unused (see the task's range) */
	uint64_t npages;		/* host-mm ranges: pages an operation covers; 0: one */
	uint32_t slot;			/* vmm: index of the memslot */
	int32_t reg;			/* litmus: register for the stamp read, 0..7; -1: none */
};

struct mmut_task {
	char name[MMUT_NAME];
	uint32_t kind;			/* enum mmut_task_kind */
	uint32_t sequential;		/* litmus: run ops once, in order */
	uint32_t operations;		/* in one controlled execution; litmus: of its program */
	uint32_t nr_ops;
	struct mmut_op ops[MMUT_MAX_OPS];
	uint64_t gfn_first, gfn_count;	/* storm: the range operations pick from */
	uint32_t random_gfn;		/* 1: uniform; 0: sequential round robin */
	uint32_t guest_mode;		/* vcpu: L2 without TDP (own root role) */
	uint32_t as_id;			/* vcpu: 1 = SMM */
	uint32_t pace_faults;		/* vmm, host-mm, free running: guest faults to wait for between operations */
	uint32_t twin;			/* program: in a search: behind which task, from 1, it begins; 0: any */
};

enum mmut_huge { MMUT_HUGE_NO, MMUT_HUGE_2M, MMUT_HUGE_1G };

struct mmut_slot {
	uint64_t base_gfn, npages;
	uint32_t as_id, flags;		/* bit 0: dirty logging on from the start; 8: move_gfn is set; 9: APIC page */
	uint32_t huge;			/* enum mmut_huge: how the host backs it where aligned */
	uint32_t pad;
	uint64_t move_gfn;		/* flags bit 8: the other place of a slot that moves */
};

/* Bases on which old bugs are possible at all. */
enum mmut_profile { MMUT_PROFILE_CURRENT, MMUT_PROFILE_LEGACY_ROOTS };

enum mmut_memory { MMUT_MEMORY_SC, MMUT_MEMORY_TSO, MMUT_MEMORY_LKMM };

/*
 * A litmus outcome: all terms hold.  `reg` counts the (task, register) pairs that the scenario's
 * operations name, in task order and then by register number; at most MMUT_REGISTERS of them.
 */
struct mmut_term { uint32_t reg; uint32_t value; uint32_t not_equal; };
struct mmut_rule { uint32_t nr_terms; uint32_t forbidden; struct mmut_term terms[MMUT_MAX_TERMS]; };

/* A memory-order annotation that has `order` (of the core; fences: none at all) instead of its own. */
struct mmut_weaken { char file[64]; uint32_t line, order; };

/* Locks of class `lock` (empty: any) that a function takes are held longer: see core/delay.h. */
struct mmut_delay {
	char func[48], lock[32];
	uint64_t length;		/* nanoseconds running free, steps controlled */
};

struct mmut_config {
	uint64_t seed;
	uint64_t bugs;			/* bit n: switch n of mmut_bug() */
	uint64_t oracles;		/* bit n: oracle n of mmut_oracle_name() is enabled */
	uint32_t checks;		/* 1: hooks on, oracles watch (free running may turn it off) */
	uint32_t controlled;		/* 1: fibers or baton decide the order */
	uint32_t lock_stat;		/* 1: keep lock statistics */
	uint32_t record;		/* 1: the flight recorder runs */
	uint32_t memory;		/* enum mmut_memory */
	uint32_t strategy;		/* index of mmut_strategy_name() */
	uint32_t bound_kind, bound;	/* dpor, dfs: 0 no bound; 1 preemptions, 2 delays: at most so many */
	uint32_t no_estimate;		/* 1: nobody asks how many classes there are before a search */
	uint32_t whole_steps;		/* 1: the plan to follow is that of an exhaustive search */
	uint32_t pct_depth;
	uint32_t contention_percent;	/* how often a strategy claims contention at a yield test */
	uint32_t noise_permille;	/* free running with checks: chance of a pause at an access */
	uint64_t decisions_max;		/* PCT's k; 0: profile it first */
	uint64_t steps_max;		/* schedule points before a fair tail begins; 0: default */
	uint64_t check_every;		/* one execution in so many runs twice and has to do the same; 0: none */
	uint64_t pinned_iteration;	/* pinned: every execution has the workload of this one, schedules differ */
	uint32_t pinned;
	/* machine */
	uint32_t tdp_mmu, root_level, max_level, ad_bits, pml;
	uint32_t nx_huge_pages;		/* 1: huge pages are not executable (the iTLB multihit mitigation) */
	uint32_t eager_split;		/* 1: enabling the dirty log splits huge pages at once */
	uint32_t manual_protect;	/* 1: getting the log does not clear it; dirty-log-clear does */
	uint32_t initially_set;		/* 1: a log starts with all bits set; needs manual_protect */
	uint32_t mmio_generation_bits;	/* of an MMIO SPTE, 2 to 19; 0: 19 */
	uint32_t profile;		/* enum mmut_profile */
	uint32_t exclusive_mmu_lock;	/* 1: mmu_lock has no readers, all who take it exclude each other */
	uint32_t zap_roots_write;	/* 1: invalidated roots are zapped with mmu_lock held for write */
	uint32_t nr_table_frames;	/* 0: derived from memory size */
	uint32_t populate;		/* 1: map everything once, by vcpu 0, before the checkpoint */
	uint32_t warm_percent;		/* controlled: share of pages mapped, drawn anew, when an execution starts */
	uint32_t spare_frames;		/* guest frames beyond what the slots need, for migration; 0: default */
	uint32_t program;		/* a small program instead of a VM, by number from 1; 0: none */
	uint32_t nr_slots, nr_tasks, nr_rules, nr_weaken, nr_delays;
	struct mmut_weaken weaken[MMUT_MAX_WEAKEN];
	struct mmut_delay delays[MMUT_MAX_DELAYS];	/* need lock_stat */
	const struct mmut_flat *flat;	/* what the program "flat" runs; copied; else NULL */
	const void *object;		/* and "native": bytes of a shared object; copied */
	uint64_t object_size;
	struct mmut_slot slots[MMUT_MAX_SLOTS];
	struct mmut_task tasks[MMUT_PROGRAM_TASKS];
	struct mmut_rule rules[MMUT_MAX_RULES];
};

/* cffi: end */

#endif
