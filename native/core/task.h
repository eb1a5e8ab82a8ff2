/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A task: one thread of control of the model.  A worker process, or a fiber.
 *
 * Written by its own task, except what is marked; the parts that others poll stand on
 * cache lines of their own.
 */
#ifndef MMUT_CORE_TASK_H
#define MMUT_CORE_TASK_H

#include "atomic.h"
#include "prng.h"
#include "task_set.h"

#define MAX_TASKS	TASK_SET_SIZE	/* of a program that is sampled, sequentially consistent */
#define MAX_MODEL_TASKS	32	/* of the model of KVM, of programs with store buffers or an execution graph */
#define MAX_HELD	16
#define NR_RCU_DOMAINS	3	/* RCU, and SRCU: the model of KVM has one of it, programs up to two */
#define TASK_BOSS	0	/* set-up, teardown and checks between executions; never scheduled */
#define TASK_RCU	1	/* runs callbacks */

enum task_kind { TASK_KIND_BOSS, TASK_KIND_RCU, TASK_KIND_VCPU, TASK_KIND_VMM, TASK_KIND_HOST_MM,
		 TASK_KIND_PROGRAM, TASK_KIND_NX_RECOVERY, NR_TASK_KINDS };
extern const char *const task_kind_names[NR_TASK_KINDS];

enum task_state { TASK_READY, TASK_WAITING, TASK_DONE };

/*
 * What a waiting task waits for: the word at `addr` to differ from, or to equal, `value`.
 * `mask` covers the word's size; the test reads eight bytes whatever it is.
 */
struct wait {
	const void *addr;
	u64 value;
	u64 mask;
	u64 until_equal;
};

static inline struct wait wait_change(const void *addr, u64 value, u32 size)
{
	return (struct wait){ .addr = addr, .value = value, .mask = ~0ULL >> (64 - 8 * size) };
}

static inline struct wait wait_equal(const void *addr, u64 value, u32 size)
{
	return (struct wait){ .addr = addr, .value = value, .mask = ~0ULL >> (64 - 8 * size), .until_equal = 1 };
}

/* Until none of `bits` is set. */
static inline struct wait wait_clear(const void *addr, u64 bits)
{
	return (struct wait){ .addr = addr, .mask = bits, .until_equal = 1 };
}

static inline bool wait_over(const struct wait *w)
{
	u64 now;

	__builtin_memcpy(&now, w->addr, sizeof(now));
	return (((now ^ w->value) & w->mask) == 0) == w->until_equal;
}

enum lock_mode { LOCK_READ, LOCK_WRITE, NR_LOCK_MODES };

struct held_lock {
	const void *lock;
	union {
		struct {
			u16 class;
			u16 site;
			u16 mode;
			u16 readers;	/* lockstat, a read lock that is timed: how many were in, itself included */
		};
		u64 class_site_mode;	/* one store where three would be: each delays the next locked one */
	};
	u64 since;		/* lockstat clock at acquisition; only where statistics are kept */
};

/* Read side of one RCU domain; `epoch` is polled by grace periods. */
struct rcu_slot {
	SHARED(u64) epoch;	/* 0: quiescent */
	u32 nesting;
	u32 pad;
} __cacheline_aligned;

/*
 * What the access at hand depends on, as sets of this task's loads: bit n is its load number n, bit
 * 63 stands for all from 63 on.  A program says so before each access; compiled code does not, and
 * leaves `known` 0.
 */
struct dependencies {
	u64 address;		/* loads that the address was computed from */
	u64 data;		/* the value stored, or compared */
	u64 control;		/* branches so far */
	u32 load;		/* number of this access among the task's loads, if it is one */
	u16 known;
	u16 noreturn;		/* a read-modify-write whose old value nobody wants, as atomic_inc() */
};

struct task {
	/* constant after set-up */
	char name[16];
	u8 id;
	u8 kind;		/* enum task_kind */
	u8 daemon;		/* a service task: ends when the others have */
	u8 index;		/* of its kind: vcpu 0, 1, .. */
	u8 absent;		/* takes no part: neither scheduled nor waited for by grace periods */

	/* scheduling; written by whoever schedules */
	u32 state __cacheline_aligned;
	struct wait wait;
	struct event pending;	/* announced, not yet done */
	struct dependencies depends;	/* of `pending` */
	void *stack_pointer;	/* explore: where the fiber left off */

	/* own */
	struct prng data __cacheline_aligned;	/* workload choices */
	struct prng noise;		/* free: perturbation; never seen by the model */
	u32 nr_held;
	struct held_lock held[MAX_HELD];
	u64 operations;			/* finished workload operations */
	u64 result;			/* registers of a litmus scenario, one byte each */

	struct rcu_slot rcu[NR_RCU_DOMAINS];
};

#define task_by_id(n)	(&arena_of()->tasks[n])

#endif
