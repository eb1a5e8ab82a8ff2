/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lock contracts.  Each function of the model states, in its first line, what it needs:
 *
 *	must_hold_read(&kvm->mmu_lock)	 held for read, and NOT for write: it relies on
 *					 others running at the same time (atomic setters)
 *	must_hold_write(&kvm->mmu_lock)	 held for write: nobody else changes anything
 *	must_hold_either(&kvm->mmu_lock) held in whichever mode
 *	must_hold_none(&kvm->mmu_lock)	 not held: it may sleep, or takes the lock itself
 *	must_hold_rcu()			 inside an RCU read section (any domain by must_hold_srcu)
 *	may_yield(&kvm->mmu_lock)	 says that the lock may be dropped in between
 *
 * Checked as it runs with hooks on, and counted by site, task and mode: a report then says in
 * which mode each function was really entered, and which half of an `either` never was.
 *
 * Checked without running as well, on every path, where there is Clang (tools/static_locks.py).  A
 * function that returns with another state than it was entered in says so in its head, with the
 * name of the lock's field, or of a section:
 *
 *	__acquires(slots_arch_lock)	 it returns with the lock held
 *	__releases(srcu)		 it is entered in the section, and returns outside
 */
#ifndef MMUT_CORE_CONTRACT_H
#define MMUT_CORE_CONTRACT_H

#include "lock.h"

enum contract { CONTRACT_READ, CONTRACT_WRITE, CONTRACT_EITHER, CONTRACT_NONE, CONTRACT_RCU, CONTRACT_SRCU,
		CONTRACT_YIELDS, NR_CONTRACTS };
extern const char *const contract_names[NR_CONTRACTS];

/*
 * A contract's site says in `what` that it is one, and which: this, the contract as a letter, a
 * colon, and the lock as it is written there.
 */
#define CONTRACT_MARK		"contract:"

/* The last name of that: mmu_lock of &vcpu->kvm->mmu_lock; nothing where no lock is meant. */
const char *contract_lock(const struct site *site);

/* How often a site was passed by one task, by how that held the lock. */
struct contract_count { u64 none, read, write; };

/* Counters for every site and task, kept over executions; 0 or -ENOMEM. */
int contract_init(u32 nr_tasks);
void contract_forget(void);
void contract_check(enum contract want, const void *lock, const struct site *site);

#define __must_hold(want, letter, lock) do {					\
	if (hooks_on())								\
		hook_call(contract_check, want, lock,				\
			  __here(CONTRACT_MARK letter ":" #lock), 0);		\
} while (0)

#define must_hold_read(l)	__must_hold(CONTRACT_READ, "r", l)
#define must_hold_write(l)	__must_hold(CONTRACT_WRITE, "w", l)
#define must_hold_either(l)	__must_hold(CONTRACT_EITHER, "e", l)
#define must_hold_none(l)	__must_hold(CONTRACT_NONE, "n", l)
#define must_hold_rcu()		__must_hold(CONTRACT_RCU, "u", NULL)
#define must_hold_srcu()	__must_hold(CONTRACT_SRCU, "s", NULL)
/* No demand, a warning to callers: mmu_lock and RCU may be left and taken again in here. */
#define may_yield(l)		__must_hold(CONTRACT_YIELDS, "y", l)
#define lockdep_assert_held_read(l)	must_hold_read(l)
#define lockdep_assert_held_write(l)	must_hold_write(l)
#define lockdep_assert_held(l)		must_hold_either(l)

/* Behind the head of a function, for the static check alone. */
#define __acquires(what)
#define __releases(what)
/* The static check cannot follow this function, and `why`; those who call it are checked still. */
#define static_check_off(why)	((void)sizeof("" why))

/* A place that may sleep: not in an RCU section, not under a spinlock or mmu_lock. */
#define might_sleep() do {							\
	if (hooks_on())								\
		lockdep_might_sleep(__here("might_sleep"));			\
} while (0)
void lockdep_might_sleep(const struct site *site);

/* The lock of this task's held stack, or NULL. */
const struct held_lock *held_find(const struct task *task, const void *lock);

#endif
