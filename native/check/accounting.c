// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accounting: whenever nobody holds mmu_lock, tdp_mmu_pages is the number of tables that are linked,
 * and the page statistics are the numbers of leaves in them.  Spec A11 and Q4, asked all along
 * instead of at the end: a change that is booked and was not made, or made and not booked, shows
 * when the lock is released.
 *
 * Independent: counted here, from links, cuts and stores as they are seen.
 *
 * Controlled executions only: running free, another task may have the lock before one has looked.
 */
#include "shadow.h"

void account_table(s64 delta)
{
	__atomic_fetch_add(&check_of()->tables_linked, delta, __ATOMIC_RELAXED);
}

void account_leaf(u32 level, s64 delta)
{
	__atomic_fetch_add(&check_of()->leaves[min(level, (u32)PG_LEVEL_1G) - 1], delta, __ATOMIC_RELAXED);
}

/* The last holder of mmu_lock is about to release it. */
void accounting_check(const struct event *ev)
{
	const struct check *c = check_of();
	const struct kvm *kvm = kvm_of();
	u32 i;

	if (!arena_of()->controlled)
		return;
	if (peek(kvm->tdp_mmu_pages) != c->tables_linked)
		violation(ORACLE_ACCOUNTING, site_of(ev), &kvm->tdp_mmu_pages,
			  "tdp_mmu_pages is %lld as mmu_lock is released, and %lld tables are linked",
			  (long long)peek(kvm->tdp_mmu_pages), (long long)c->tables_linked);
	for (i = 0; i < ARRAY_SIZE(c->leaves); i++)
		if (peek(kvm->stat_pages[i]) != c->leaves[i])
			violation(ORACLE_ACCOUNTING, site_of(ev), &kvm->stat_pages[i],
				  "%lld leaves of level %u are booked as mmu_lock is released, and there are %lld",
				  (long long)peek(kvm->stat_pages[i]), i + 1, (long long)c->leaves[i]);
}
