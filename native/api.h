/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one door between Python and the core; the only header that the binding reads.
 *
 * Python fills a `struct mmut_config`, creates a world in a memfd, and hands over whole
 * runs; nothing here is called per operation.  All structs are plain data.
 */
#ifndef MMUT_API_H
#define MMUT_API_H

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
	MMUT_BUCKETS = 1152,		/* of a histogram: see core/histogram.h */
	MMUT_AGENTS = 129,		/* tasks, with service tasks and the boss */
	MMUT_RCU_DOMAINS = 3,
	MMUT_HEAT_RANGES = 64,
	MMUT_SERIES_COLUMNS = 72,
	MMUT_SERIES_TICKS = 256,
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

/*
 * A flat program: tasks as arrays of instructions over 64-bit registers and shared words, run by an
 * interpreter inside the tasks.  Only the instructions from MMUT_I_LOAD on are events.
 *
 *	dst, a, b, index: registers; b and index may be MMUT_NO_REGISTER, then b stands for `imm`
 *	where: object, and `index` an index into it; without an object `index` holds a pointer
 */
enum mmut_insn_op {
	MMUT_I_MOVE,			/* dst = b */
	MMUT_I_ADD, MMUT_I_SUB, MMUT_I_MUL, MMUT_I_DIV, MMUT_I_MOD, MMUT_I_AND, MMUT_I_OR, MMUT_I_XOR,
	MMUT_I_EQ, MMUT_I_NE, MMUT_I_LT, MMUT_I_LE,	/* dst = a op b; signed */
	MMUT_I_ADDRESS,			/* dst = pointer to `where` */
	MMUT_I_JUMP, MMUT_I_JUMP_ZERO, MMUT_I_JUMP_NONZERO,	/* to imm, where a is so */
	MMUT_I_CONTROL, MMUT_I_JOIN,	/* dst = what branches depended on so far; what follows depends on a again */
	MMUT_I_CHECK,			/* violation of `assertion` where a is 0 */
	MMUT_I_ATOMIC_END,
	MMUT_I_EXIT,
	MMUT_I_REGISTER,		/* final part: dst = register `index` of task `imm` */
	MMUT_I_RULE,			/* final part: outcome rule imm holds where a is not 0 */
	MMUT_I_DISCARD,			/* final part: this execution does not count, where a is 0 */
	MMUT_I_LOAD,			/* dst = word */
	MMUT_I_STORE,			/* word = b */
	/* of these dst may be MMUT_NO_REGISTER: nobody wants the value */
	MMUT_I_XCHG,			/* dst = word, word = b */
	MMUT_I_CMPXCHG,			/* dst = word, word = b where it was a */
	MMUT_I_FETCH_ADD, MMUT_I_FETCH_AND, MMUT_I_FETCH_OR, MMUT_I_FETCH_XOR,	/* dst = word, word op= b */
	MMUT_I_AWAIT_EQ, MMUT_I_AWAIT_NE,	/* dst = word, once it is, or is not, b */
	MMUT_I_FENCE,			/* imm: enum fence of the core */
	MMUT_I_SPIN_LOCK, MMUT_I_SPIN_UNLOCK,
	MMUT_I_SPIN_TRYLOCK, MMUT_I_SPIN_IS_LOCKED,	/* dst: 1 or 0 */
	MMUT_I_MUTEX_LOCK, MMUT_I_MUTEX_UNLOCK,
	MMUT_I_READ_LOCK, MMUT_I_READ_UNLOCK, MMUT_I_WRITE_LOCK, MMUT_I_WRITE_UNLOCK,
	MMUT_I_RCU_LOCK, MMUT_I_RCU_UNLOCK, MMUT_I_RCU_SYNC,	/* imm: 0 RCU, 1 and 2 SRCU */
	MMUT_I_SRCU_LOCK, MMUT_I_SRCU_DOWN,	/* dst = a section of domain imm; of DOWN: any task may end it */
	MMUT_I_SRCU_UNLOCK,		/* ends section a */
	MMUT_I_YIELD,			/* others first */
	MMUT_I_ATOMIC,			/* up to ATOMIC_END no other task runs */
	MMUT_NR_INSN_OPS,
};

enum { MMUT_NO_REGISTER = 0xffff, MMUT_NO_OBJECT = 0xffff, MMUT_FINAL = 0xffff, MMUT_POINTER = 0x40000000 };

struct mmut_insn {
	uint8_t op;			/* enum mmut_insn_op */
	uint8_t order;			/* enum order of the core: plain, relaxed, acquire, release, full */
	uint16_t dst, a, b, index, object;
	uint32_t line;			/* in the program's file */
	int64_t imm;
	char text[48];			/* as the user wrote it, for reports */
};

enum mmut_object_kind { MMUT_OBJECT_WORDS, MMUT_OBJECT_SPINLOCK, MMUT_OBJECT_MUTEX, MMUT_OBJECT_RWLOCK };
struct mmut_object {
	char name[24];
	uint32_t kind;			/* enum mmut_object_kind */
	uint32_t count;			/* 1: a single word or lock; more: an array of them */
	uint32_t first;			/* words: place in `initial` and in memory */
	uint32_t pad;
};

/* What an outcome consists of: a register of a task, or a word as it is at the end. */
struct mmut_observed { uint32_t task, place; };	/* MMUT_FINAL: place is that of a word */

struct mmut_flat {
	const struct mmut_insn *insns;
	const struct mmut_object *objects;
	const int64_t *initial;		/* of the words; MMUT_POINTER + n is a pointer to word n */
	uint32_t nr_insns, nr_objects, nr_words, nr_registers, nr_observed, pad;
	uint32_t entry[MMUT_PROGRAM_TASKS + 1];	/* first instruction of each task; after the last: of the final part */
	struct mmut_observed observed[MMUT_REGISTERS];
	char file[64];
};

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

/* The first violation of a world. */
struct mmut_failure {
	uint32_t set, oracle, task, line;
	uint64_t step, addr, iteration, digest;
	char task_name[MMUT_NAME];
	char member[MMUT_NAME];		/* strategy mix: which of its strategies drove; else empty */
	char file[64], func[64], what[96];
	char message[MMUT_MESSAGE];
};

/* Running totals of a world over all its executions. */
struct mmut_totals {
	uint64_t schedules, schedule_points, decisions, switches, violations;
	uint64_t digest;		/* of all executions, independent of their order */
	uint64_t decisions_max;		/* PCT's k in use */
	uint64_t operations, faults, retries, fixed, spurious, lost_cmpxchg, accesses, exits, flushes, emulated;
	uint64_t grace_periods, callbacks;
	uint64_t unfair_cutoffs;	/* executions that needed the fair tail */
	uint64_t discarded;		/* that have no end: the axioms leave none, or all wait for ever */
	uint64_t racy;			/* lkmm: executions of a program with a data race */
	uint64_t agents;		/* who may be scheduled: tasks, and store buffers */
	uint64_t pct2, pct3, pct4, pct5;	/* executions under PCT, by depth */
	uint64_t profile;		/* hash of what the profile executions counted */
};

/*
 * Trace classes seen: a table of the caller's, all zero at first, that counts until it is three quarters
 * full.  Samples are executions of the untouched random stream; `once` and `twice` count their classes.
 */
enum { MMUT_CLASS_SLOTS = 1 << 20 };
struct mmut_classes {
	uint64_t distinct, samples, sampled, once, twice, full;
	uint64_t slot[MMUT_CLASS_SLOTS];	/* class; the lowest bits: samples of it, 3 for more than 2 */
};

/*
 * How far an exhaustive search has come.  Schedules of one class differ in the order of independent
 * steps only.
 */
struct mmut_search {
	uint64_t classes;		/* seen, each once; dfs: schedules */
	uint64_t bound;			/* what the schedules being explored may cost; ~0: anything */
	uint64_t beyond;		/* 1: there are schedules that cost more than the bound */
	uint64_t cut;			/* executions given up: whatever could follow had been seen */
	uint64_t exhausted;		/* 1: nothing is left */
	double estimate, estimate_error;	/* of all classes, beforehand; 95 %: +- the second */
	/* why the search is not exhaustive, if it is not */
	uint64_t too_deep;		/* executions longer than it can hold */
	uint64_t too_many;		/* branches or objects there was no room for */
	uint64_t diverged;		/* an execution was not a function of its choices */
};

/*
 * A part of a search, to be explored here or in another process: a path, and what is to be explored from it.
 * The first `floor` nodes are somebody else's: what is found for them comes back as steps of reversals.
 */
struct mmut_part_node {
	uint64_t left;			/* agents with branches to the left: they sleep, until woken */
	uint64_t todo;			/* dfs: agents to let run here later */
	uint32_t branches;		/* of the list of branches: those to the right */
	uint16_t choice, alternatives;	/* a pick: which, of how many; dfs: the agent; alternatives 0: no pick */
	uint8_t agent, pad[7];
};
/* What hangs on a branch follows it, one deeper.  The first of a part's last node is the one that is next. */
struct mmut_part_branch {
	uint64_t touches[3];
	uint32_t depth;
	uint16_t alternative, alternatives;	/* a pick; alternatives 0: none */
	uint8_t agent, pad[7];
};
/* Of a reversal: what may come earlier, with what happens before it, as sched/wakeup.h says. */
struct mmut_part_step {
	uint64_t touches[3];
	uint32_t above;			/* the node from which the reversal departs */
	int32_t node;			/* of the execution */
	uint16_t alternative, alternatives;	/* what the step before picked; alternatives 0: this is a step */
	uint8_t agent, lane, last, pad;
	int16_t clock[64];
};
struct mmut_part {
	struct mmut_part_node *nodes;
	struct mmut_part_branch *branches;
	struct mmut_part_step *steps;
	uint32_t nr_nodes, nr_branches, nr_steps;	/* saving: room for so many, then how many there are */
	uint32_t floor;
	uint32_t finished;		/* nothing is left of it */
	uint32_t patient;		/* all that it has to wait for has been explored */
	uint64_t left;			/* and then: agents with branches from where it begins */
	uint64_t asleep;		/* it has not begun: first come the branches of these agents, to its left */
	uint32_t bound;			/* dfs: what its schedules may cost; ~0: anything */
};

/*
 * An execution that counted, of a search within a bound: another explorer may have counted its class, too.  What
 * is its own in the totals, and the row of its outcome, or ~0.
 */
struct mmut_counted {
	uint64_t class_, digest;
	uint32_t points, decisions, switches, outcome;
};

/* One traced event, for people: names resolved, addresses as arena offsets. */
struct mmut_trace_event {
	uint64_t step, addr, old_value, new_value, operand;
	uint32_t task, op, line, order;
	char file[48], func[48], what[64];
	char object[64];		/* logical name: "spte L1 gfn 0x40", "mmu_lock", "vcpu0.mode" */
	uint32_t anchor, occurrence;	/* hash of the object, which time the task did this to it: struct mmut_anchor */
	uint32_t stack;			/* number of its call chain, for mmut_stack(); 0: not asked for */
};

/* A forced switch, or another forced choice, and where it is made: see sched/anchor.h. */
struct mmut_anchor {
	uint32_t task, op;		/* who, and what it is about to do: index of mmut_event_op_name() */
	uint32_t object;		/* hash of its logical name */
	uint32_t occurrence;		/* from 1 */
	uint32_t decision;		/* low byte: which at this event; above it 0: who runs, else what is picked */
	uint32_t choice;
};

/*
 * What is measured, in ticks: mmut_tick_ns() nanoseconds each where running free, and schedule
 * points where controlled.  Bucket n of a histogram holds the value n if n < 64, and else, with
 * shift = n / 32 - 1, those from (n % 32 + 32) << shift on, 1 << shift of them.
 */
struct mmut_times {
	uint64_t count, total, min, max;
	uint32_t first, end;		/* the others are empty */
	uint64_t buckets[MMUT_BUCKETS];
};

enum mmut_lock_kind { MMUT_LOCK_SPINLOCK, MMUT_LOCK_MUTEX, MMUT_LOCK_RWLOCK };

/* A lock class in one mode. */
struct mmut_lockstat {
	char class_name[32];
	uint32_t mode;			/* 0 read, 1 write */
	uint32_t is_rwlock;
	uint64_t acquisitions, contentions, bounces, acq_bounces, wait_total;
};

/* A call site that takes a lock; `func` is empty where there were more of them than room. */
struct mmut_lock_site {
	char lock[32], func[48], file[48];
	uint32_t id, mode, line, kind;	/* enum mmut_lock_kind */
	uint64_t acquisitions, bounces, acq_bounces;	/* contentions: waits */
	uint64_t delay;			/* each hold is longer by so many ns, or steps, as was asked for */
	struct mmut_times wait, hold;	/* running free some holds are timed, and stand for the others */
};

/* Waits of a task at a site, of which the holder is blamed; sites by mmut_lock_site.id. */
struct mmut_blame {
	uint32_t waiter, waiter_site, holder, holder_site;	/* holder 0: nobody */
	uint64_t count, total;
};

/* By n: how often n others were in the queue when somebody joined it; n readers were in; and how long. */
struct mmut_lock_spread {
	char lock[32];
	uint64_t queue[MMUT_AGENTS], readers[MMUT_AGENTS], readers_steps[MMUT_AGENTS];
};

/* What a task did: in all executions so far, or until now where running free. */
struct mmut_task_counts { uint64_t operations, faults; };

/* A place that gives up what it was about, to try again, and why. */
struct mmut_retry { char cause[24], func[48], file[48]; uint32_t line, pad; uint64_t count; };

struct mmut_rcu_counts {
	uint64_t queued, run, backlog_max;	/* callbacks */
	struct mmut_times grace[MMUT_RCU_DOMAINS];	/* grace periods: RCU, SRCU, another SRCU of programs */
};

/* `ranges` of 1 << shift gfns, less at the end of a slot; the first gfn of each. */
struct mmut_heat {
	uint64_t shift, ranges, starts[MMUT_HEAT_RANGES];
	uint64_t faults[MMUT_HEAT_RANGES], retries[MMUT_HEAT_RANGES], zaps[MMUT_HEAT_RANGES];
};

/*
 * By tick of 1 << shift, of each execution.  Columns: faults, operations, retries, flushes, callbacks
 * queued and run; then for each lock class, read before write, acquisitions, contentions, time waited.
 */
struct mmut_series {
	uint32_t shift, ticks;
	uint64_t columns[MMUT_SERIES_COLUMNS][MMUT_SERIES_TICKS];
};

struct mmut_yield {
	char func[48], file[48];
	uint32_t line, pad;
	uint64_t asked, yielded;
};

/* `wanted` was waited for, or would have been, while `held` was held; and where that was first so. */
struct mmut_lock_edge {
	char held[48], wanted[48];		/* names */
	uint32_t held_node, wanted_node;	/* see mmut_lock_node() */
	uint32_t held_op, wanted_op;		/* index of mmut_event_op_name() */
	uint32_t held_write, wanted_write;	/* 1: for write, as any lock that has no readers */
	char held_file[48], held_func[48], wanted_file[48], wanted_func[48], task_name[MMUT_NAME];
	uint32_t held_line, wanted_line, step;
	uint64_t tasks[2];		/* who ever did, a bit each */
	uint64_t writers[2];		/* tasks that wanted `wanted` for write at any time */
	uint64_t open;			/* nodes that some of them did not hold for write meanwhile */
	uint64_t iteration;
};

/* A contract of a function, and how often tasks came by it, by the mode in which they held the lock. */
struct mmut_contract {
	char func[48], file[48], lock[32];
	uint32_t line, kind;		/* kind: index of mmut_contract_name() */
	uint64_t none, read, write;
};

/* A record of the flight recorder: struct flight_record of the core; addresses count from the arena. */
struct mmut_flight_record {
	uint64_t begin, end, arg;
	uint32_t value;
	uint16_t site, other_site;
	uint8_t kind, mode, other, flags;
	uint16_t lock_class;		/* or, of a fault, how many more like it followed in a row */
	uint16_t task;
};
/* Records [first, first + count) of a task, and behind them `open` that have not ended. */
enum { MMUT_FLIGHT_PIECE_MAX = 8192 + 16 };
struct mmut_flight_piece { uint32_t task, open; uint64_t first, count; };
struct mmut_flight {
	uint64_t origin;		/* time 0 */
	double tick;			/* ns, or steps where controlled, in one of the records */
	uint32_t holds_sampled;		/* of holds that nobody waited for one in so many is recorded */
	uint32_t accesses;		/* 1: guest accesses are operations; 0: of them faults are recorded */
};
struct mmut_place { char file[64], func[64], what[64]; uint32_t line; };

struct mmut_bug_info {
	const char *name, *slug, *commit, *scenario, *profile, *memory, *oracles, *text;
	int depth;
};

struct mmut_task_state {
	char name[MMUT_NAME];
	uint32_t kind, index, state;
	uint32_t nr_held;
	uint64_t operations, faults;
	char held[160];			/* "mmu_lock (write) at func:line, ..." */
	char pending[128];		/* what it is about to do */
	char waits[96];			/* free running, with lock statistics: "mmu_lock, which vmm0 had" */
};

const char *mmut_build_id(void);
const char *mmut_build_kind(void);	/* release, debug, ... */
const char *mmut_oracle_name(uint32_t n);	/* NULL past the last, as all of these */
const char *mmut_oracle_text(uint32_t n);
const char *mmut_strategy_name(uint32_t n);
const char *mmut_strategy_text(uint32_t n);
uint32_t mmut_strategy_is_search(uint32_t n);	/* 1: exhaustive, one tree in one process */
const char *mmut_op_name(uint32_t kind);
const char *mmut_op_task_kind(uint32_t kind);	/* which sort of task may do it */
const char *mmut_event_op_name(uint32_t op);
const char *mmut_task_kind_name(uint32_t kind);
const char *mmut_lock_class_name(uint32_t n);	/* in the order in which they are taken */
const char *mmut_program_name(uint32_t n);	/* from 1 */
int mmut_bug(uint32_t n, struct mmut_bug_info *info);	/* 0, or -1 past the last */

/*
 * A world.  create() formats `fd` (a memfd; sized and sealed by the call) and leaves it mapped;
 * attach() maps an existing one.  0, or -1 with mmut_error() saying why in one sentence.
 */
/* A program in C: load it into this process and ask; mmut_world_create() loads it by itself. */
int mmut_module_open(const void *bytes, uint64_t size);	/* -1: mmut_error() */
const char *mmut_module_task(uint32_t n);		/* NULL past the last, as all of these */
const char *mmut_module_label(uint32_t n);		/* of what it observes */

int mmut_world_create(int fd, uint32_t slot, const struct mmut_config *config);
int mmut_world_attach(int fd, uint32_t slot);
void mmut_world_detach(void);
const char *mmut_error(void);

/*
 * Explore with fibers: executions [first, first + count) of the seed, until `seconds` are over
 * (0: no limit) or a violation.  Returns how many were finished; a violating one counts.
 */
uint64_t mmut_explore(uint64_t first, uint64_t count, double seconds);
/*
 * Execution `iteration` again, traced.  Returns the number of its events; the last million of them
 * are read with mmut_trace_event(), which returns -1 for those before.
 */
uint64_t mmut_explore_traced(uint64_t iteration);
int mmut_trace_event(uint64_t index, struct mmut_trace_event *event);
/*
 * Traced executions note the call chains of the events of steps first..last from now on; 0, 0:
 * of none.  A chain is functions, innermost first, by their places in the core's file: how many.
 */
void mmut_want_stacks(uint64_t first, uint64_t last);
uint32_t mmut_stack(uint32_t number, uint32_t *functions, uint32_t capacity);

/*
 * One execution in config.check_every runs twice.  0: one did other things the second time, and
 * exploring stopped there; -1: none has.
 */
struct mmut_differs { uint64_t iteration, first, second, other_event; };
int mmut_differs(struct mmut_differs *differs);
/*
 * Execution `iteration` twice more, traced: index of the first event that differs, of the first
 * million, ~0: none.  The event of the second run is at index mmut_differs.other_event.
 */
uint64_t mmut_explore_compared(uint64_t iteration);
/* A crash of the core ended the execution, and the world with it: 0; else -1. */
struct mmut_crash { uint32_t signal, task; uint64_t addr, iteration, step; };
int mmut_crash(struct mmut_crash *crash);

/*
 * The decisions of the last execution: one word, then (decision index gap, choice) pairs; how many
 * u32 words.  Good for this build alone.
 */
uint64_t mmut_plan_get(uint32_t *words, uint64_t capacity);
/* What the replay strategy follows from now on. */
int mmut_plan_set(const uint32_t *words, uint64_t count);
/* The forced choices of the last traced execution, anchored; how many. */
uint64_t mmut_anchors_get(struct mmut_anchor *anchors, uint64_t capacity);
/* What the anchored strategy follows from now on; 0, or -1: too many or out of range. */
int mmut_anchors_set(const struct mmut_anchor *anchors, uint64_t count);
/* In the last execution: 0 its place did not come, 1 taken, 2 its choice was not possible there. */
uint32_t mmut_anchor_fate(uint64_t index);
const char *mmut_object_name(uint32_t object);	/* of an anchor of a traced execution; NULL: it has none */
/* From now on the anchored strategy gives an execution up after so many steps or seconds; 0: no limit. */
void mmut_patience(uint64_t steps, double seconds);

/* Classes of the executions since the last call, 65536 at most, in order; the lowest bit: a sample. */
uint64_t mmut_classes_take(uint64_t *classes, uint64_t capacity);
void mmut_classes_add(struct mmut_classes *table, const uint64_t *classes, uint64_t count);

/* Lockstep: the boss hands out executions; each worker process runs one task.  As mmut_explore(). */
uint64_t mmut_lockstep_boss(uint64_t first, uint64_t count, double seconds);
int mmut_lockstep_worker(uint32_t task);

/* Free running: every worker runs its task until stopped. */
int mmut_free_worker(uint32_t task);
void mmut_free_go(void);		/* release the workers, all at once */
int mmut_free_finish(void);		/* after the workers ended: drain, quiescence checks; 1: violation */

void mmut_stop(uint32_t reason);	/* enum stop_reason of the core: 1 finished, 3 interrupted, 4 worker died */
uint32_t mmut_stopped(void);

uint32_t mmut_nr_tasks(void);		/* including service tasks; task 0 is the boss */
int mmut_task_state(uint32_t task, struct mmut_task_state *state);
void mmut_failure_get(struct mmut_failure *failure);
void mmut_totals_get(struct mmut_totals *totals);
uint32_t mmut_nothing_left(void);		/* 1: the strategy has nothing more to explore */
int mmut_search_get(struct mmut_search *search);	/* -1: the strategy is none that searches */
/* From now on the search is this part of it; -1: damaged, or of a strategy that cannot be divided. */
int mmut_part_load(const struct mmut_part *part);
/* What is left of it, the nodes below the floor alone, and what it found for those above; -1: no room. */
int mmut_part_save(struct mmut_part *part);
/* Those whose classes mmut_classes_take() would take now. */
uint64_t mmut_counted_get(struct mmut_counted *out, uint64_t capacity);
const char *mmut_contract_name(uint32_t kind);
int mmut_contract_get(uint32_t n, struct mmut_contract *row);		/* -1 past the last; no world: counts are 0 */
/* The lock order graph of all executions so far. */
int mmut_lock_edge_get(uint32_t n, struct mmut_lock_edge *row);		/* -1 past the last */
uint64_t mmut_lock_node(uint32_t n);		/* of a program's lock: its place; 0: a class of the model */
int mmut_lock_order_full(void);		/* 1: there were more locks or edges than there is room for */
int mmut_lockstat_get(uint32_t n, struct mmut_lockstat *row);		/* -1 past the last */
/* What was measured since the start or the last mmut_measured_forget().  Cursors begin at 0; -1: no more. */
/* A place of the model that takes a lock; -1 past the last. */
struct mmut_lock_place { char func[48], file[48], what[64]; uint32_t line, op; };
int mmut_lock_place_get(uint32_t n, struct mmut_lock_place *row);
double mmut_tick_ns(void);
void mmut_measured_forget(void);		/* controlled: between executions */
int mmut_task_counts_get(uint32_t task, struct mmut_task_counts *row);
int mmut_lock_site_next(uint32_t *cursor, struct mmut_lock_site *row);
int mmut_blame_next(uint32_t *cursor, struct mmut_blame *row);
int mmut_lock_spread_get(uint32_t n, struct mmut_lock_spread *row);
int mmut_retry_get(uint32_t n, struct mmut_retry *row);
/* -1: nothing is measured. */
int mmut_rcu_counts_get(struct mmut_rcu_counts *counts);
int mmut_flushes_get(struct mmut_times *wait);
int mmut_heat_get(struct mmut_heat *heat);	/* -1 also where there is no guest memory */
int mmut_series_get(struct mmut_series *series);
int mmut_yield_next(uint32_t *cursor, struct mmut_yield *row);	/* a task's; a site may come several times */
/* The flight recorder. */
int mmut_flight_get(struct mmut_flight *flight);	/* -1: nothing is recorded */
/* The rings, one of each task, and then what was kept of them around long waits; -1 past the last. */
int mmut_flight_piece(uint32_t n, struct mmut_flight_piece *piece, struct mmut_flight_record *records);
const char *mmut_flight_kind_name(uint32_t kind);	/* NULL past the last, as all of these */
const char *mmut_fault_result_name(uint32_t result);
const char *mmut_request_name(uint32_t request);
int mmut_place_get(uint32_t site, struct mmut_place *row);	/* -1 past the last */
/* What reports call the object at this place of the arena; -1: it has no name. */
int mmut_address_name(uint64_t addr, char *name, uint32_t size);
/* Outcomes seen: MMUT_REGISTERS values, numbered as in mmut_term; rule: index that matched, or ~0. */
int mmut_outcome_get(uint32_t n, int64_t *values, uint64_t *count, uint32_t *rule);
int mmut_outcomes_full(void);		/* 1: there were more than the table holds */

/* An annotation that an execution came by, by file and line; a line may have several. */
struct mmut_annotation {
	char file[64], func[48], what[64];
	uint32_t line, op, order;
};
int mmut_annotation_get(uint32_t n, struct mmut_annotation *row);	/* -1 past the last; none under sc */

/* cffi: end */

#endif
