// SPDX-License-Identifier: GPL-2.0-only
/* The first violation wins, is recorded, and stops the world. */
#include <stdarg.h>
#include <stdio.h>

#include "arena.h"
#include "flight.h"
#include "task.h"
#include "warn.h"

const char *const oracle_names[NR_ORACLES] = {
	[ORACLE_GUEST_MEMORY] = "guest-memory", [ORACLE_FRAME_LIFE] = "frame-life",
	[ORACLE_SPTE_TRANSITION] = "spte-transition", [ORACLE_LOCK_CONTRACT] = "lock-contract",
	[ORACLE_LOCKDEP] = "lockdep", [ORACLE_ROOTS] = "roots", [ORACLE_FLUSH_DEBT] = "flush-debt",
	[ORACLE_QUIESCENCE] = "quiescence", [ORACLE_DEADLOCK] = "deadlock",
	[ORACLE_NO_PROGRESS] = "no-progress", [ORACLE_OUTCOME] = "forbidden-outcome",
	[ORACLE_WARN] = "warn", [ORACLE_DIRTY_LOG] = "dirty-log", [ORACLE_NX_LIST] = "nx-list",
	[ORACLE_ASSERTION] = "assertion", [ORACLE_MMIO] = "mmio",
	[ORACLE_WRITE_TRACK] = "write-track",
	[ORACLE_DATA_RACE] = "data-race",
	[ORACLE_WITHDRAWN] = "withdrawn", [ORACLE_ACCOUNTING] = "accounting",
};

const char *const oracle_texts[NR_ORACLES] = {
	[ORACLE_GUEST_MEMORY] = "every guest access hits the frame that backs its page now, and no write is lost",
	[ORACLE_FRAME_LIFE] = "no use of, and no mapping to, a frame that is free or taken away",
	[ORACLE_SPTE_TRANSITION] = "each store into a page table is one its lock mode and its table's state allow",
	[ORACLE_LOCK_CONTRACT] = "each function runs under the lock it declares",
	[ORACLE_LOCKDEP] = "lock order, recursion, RCU context, no sleeping where one must not",
	[ORACLE_ROOTS] = "reference counts and lives of root page tables",
	[ORACLE_FLUSH_DEBT] = "no lock or RCU section is left while a reachable change is not flushed",
	[ORACLE_QUIESCENCE] = "when all stands still: no leak, no stale TLB entry, nothing frozen, counters right",
	[ORACLE_DEADLOCK] = "somebody can always run",
	[ORACLE_NO_PROGRESS] = "under a fair scheduler every task finishes",
	[ORACLE_OUTCOME] = "no outcome that the litmus scenario forbids",
	[ORACLE_DIRTY_LOG] = "live migration: what was written is marked, or was copied since",
	[ORACLE_NX_LIST] = "the list of possible NX huge pages names live, disallowed tables",
	[ORACLE_ASSERTION] = "every check of a program holds",
	[ORACLE_WRITE_TRACK] = "a write-tracked gfn is mapped writable nowhere, and no guest writes it",
	[ORACLE_MMIO] = "memory that a memslot has added is never taken for MMIO",
	[ORACLE_WITHDRAWN] = "what the host or user space has taken away is mapped nowhere, and not mapped again",
	[ORACLE_ACCOUNTING] = "counters of tables and leaves agree with the tables whenever nobody holds mmu_lock",
	[ORACLE_DATA_RACE] = "accesses of which one is plain and one writes are ordered by happens-before",
	[ORACLE_WARN] = "no WARN_ON_ONCE or KVM_BUG_ON of the model fires",
};

void violation(enum oracle oracle, const struct site *site, const void *addr, const char *fmt, ...)
{
	struct arena *arena = proc.arena;
	struct failure *f = &arena->failure;
	u32 none = 0;
	va_list args;

	if (!(arena->oracle_mask & BIT_ULL(oracle)))
		return;
	if (__atomic_compare_exchange_n(&f->set, &none, 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
		f->oracle = oracle;
		f->task = current ? current->id : 0;
		f->site = site_id(site);
		f->step = arena->step;
		f->addr = (u64)addr;
		va_start(args, fmt);
		vsnprintf(f->message, sizeof(f->message), fmt, args);
		va_end(args);
		if (current)
			flight_instant(FLIGHT_VIOLATION, (u64)addr, oracle, site);
		__atomic_store_n(&f->set, 2, __ATOMIC_RELEASE);
		__atomic_store_n(&arena->stop, STOP_VIOLATION, __ATOMIC_RELEASE);
	}
	if (proc.stop)
		proc.stop();
}
