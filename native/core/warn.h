/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Violations, and the kernel's assertion macros on top of them.
 *
 * A violation stops the world: the first one is recorded in the arena (who, where, which
 * oracle, one sentence), the arena is left as it is, and the task leaves the model.
 * NDEBUG has no say here.
 */
#ifndef MMUT_CORE_WARN_H
#define MMUT_CORE_WARN_H

#include "hook.h"

enum oracle {
	ORACLE_GUEST_MEMORY,		/* a guest access that misses the frame backing its gfn, a lost write */
	ORACLE_FRAME_LIFE,		/* use of, or a mapping to, a frame that is free or isolated */
	ORACLE_SPTE_TRANSITION,		/* a store into a page table that its lock mode does not allow */
	ORACLE_LOCK_CONTRACT,		/* a function entered without the lock it declares */
	ORACLE_LOCKDEP,			/* order, recursion, RCU context, sleeping in atomic */
	ORACLE_ROOTS,			/* reference counts and life of roots */
	ORACLE_FLUSH_DEBT,		/* a lock or RCU section left with unflushed, reachable changes */
	ORACLE_QUIESCENCE,		/* leaks, stale TLBs, counters, when everything stands still */
	ORACLE_DEADLOCK,		/* a wait-for cycle */
	ORACLE_NO_PROGRESS,		/* a task that does not finish under a fair scheduler */
	ORACLE_OUTCOME,			/* a litmus outcome declared forbidden */
	ORACLE_WARN,			/* WARN_ON_ONCE() or KVM_BUG_ON() of the model itself */
	ORACLE_DIRTY_LOG,		/* live migration: a page that was written, not copied since and not marked */
	ORACLE_NX_LIST,			/* the list of possible NX huge pages and the flag that leads onto it */
	ORACLE_ASSERTION,		/* a check of a user's program */
	ORACLE_WITHDRAWN,		/* what the host or user space has taken away is mapped, or mapped again */
	ORACLE_ACCOUNTING,		/* counters of tables and leaves, whenever nobody holds mmu_lock */
	ORACLE_WRITE_TRACK,		/* a write-tracked gfn is mapped writable, or written without an exit */
	ORACLE_MMIO,			/* memory that a memslot has added is emulated, or would be */
	ORACLE_DATA_RACE,		/* two accesses, one plain and one a write, that nothing orders */
	NR_ORACLES
};
extern const char *const oracle_names[NR_ORACLES];
extern const char *const oracle_texts[NR_ORACLES];

/* Reports and does not return, unless the oracle is disabled in this world. */
void violation(enum oracle oracle, const struct site *site, const void *addr,
	       const char *fmt, ...) __printf(4, 5);

#define __here(what)	SITE(OP_NONE, ORDER_PLAIN, 0, 0, what)

#define WARN_ON_ONCE(cond) ({							\
	bool __w = !!(cond);							\
	if (unlikely(__w))							\
		violation(ORACLE_WARN, __here(#cond), NULL, "WARN_ON_ONCE(%s)", #cond); \
	unlikely(__w); })
#define KVM_BUG_ON(cond, kvm) ({						\
	bool __w = !!(cond);							\
	if (unlikely(__w))							\
		violation(ORACLE_WARN, __here(#cond), (kvm), "KVM_BUG_ON(%s)", #cond); \
	unlikely(__w); })

#endif
