// SPDX-License-Identifier: GPL-2.0-only
/* flush-debt: no lock or RCU section is left while a reachable change is not flushed. */
#include "../kvm/spte.h"
#include "plant.h"

#define NONE	SHADOW_NONPRESENT_VALUE

CLEAN(what_is_taken_away_is_flushed_first, FLUSH_DEBT, HOST0)
{
	write_lock(&m->kvm->mmu_lock);
	rcu_read_lock();
	xchg(m->leaf_at, NONE);
	xchg(m->table_at, NONE);
	note(NOTE_TLB_FLUSHED, m->kvm, 0);
	rcu_read_unlock();
	write_unlock(&m->kvm->mmu_lock);
}

CLEAN(an_invalid_root_needs_no_flush, FLUSH_DEBT, HOST0)
{
	write_lock(&m->kvm->mmu_lock);
	WRITE_ONCE(m->root->invalid, 1);
	xchg(m->leaf_at, NONE);
	write_unlock(&m->kvm->mmu_lock);
}

CLEAN(what_was_added_needs_no_flush, FLUSH_DEBT, VCPU0)
{
	poke(*m->leaf_at, NONE);
	read_lock(&m->kvm->mmu_lock);
	replace(m->leaf_at, NONE, m->leaf);
	read_unlock(&m->kvm->mmu_lock);
}

/* The log of a slot that began all set is re-armed so: one flush for all of it, after mmu_lock. */
CLEAN(a_huge_leaf_is_write_protected_and_flushed_before_slots_lock_is_left, FLUSH_DEBT, HOST0)
{
	mutex_lock(&m->kvm->slots_lock);
	read_lock(&m->kvm->mmu_lock);
	replace(m->huge_at, m->huge, m->huge & ~(CK_W | CK_MMU_W));
	read_unlock(&m->kvm->mmu_lock);
	note(NOTE_TLB_FLUSHED, m->kvm, 0);
	mutex_unlock(&m->kvm->slots_lock);
}

CLEAN(another_mutex_may_be_left_meanwhile, FLUSH_DEBT, HOST0)
{
	mutex_lock(&m->kvm->slots_lock);
	mutex_lock(&m->kvm->slots_arch_lock);
	write_lock(&m->kvm->mmu_lock);
	xchg(m->huge_at, m->huge & ~(CK_W | CK_MMU_W));
	write_unlock(&m->kvm->mmu_lock);
	mutex_unlock(&m->kvm->slots_arch_lock);
	note(NOTE_TLB_FLUSHED, m->kvm, 0);
	mutex_unlock(&m->kvm->slots_lock);
}

PLANT(a_leaf_is_removed_under_write_and_not_flushed, FLUSH_DEBT, HOST0, "mmu_lock (write) is left")
{
	write_lock(&m->kvm->mmu_lock);
	xchg(m->leaf_at, NONE);
	write_unlock(&m->kvm->mmu_lock);
}

PLANT(a_leaf_is_removed_under_read_and_not_flushed, FLUSH_DEBT, HOST0, "mmu_lock (read) is left")
{
	read_lock(&m->kvm->mmu_lock);
	replace(m->leaf_at, m->leaf, NONE);
	read_unlock(&m->kvm->mmu_lock);
}

PLANT(a_leaf_is_write_protected_and_not_flushed, FLUSH_DEBT, HOST0, "mmu_lock (write) is left")
{
	write_lock(&m->kvm->mmu_lock);
	xchg(m->leaf_at, m->leaf & ~(CK_W | CK_MMU_W));
	write_unlock(&m->kvm->mmu_lock);
}

PLANT(a_flush_comes_before_the_change, FLUSH_DEBT, HOST0, "mmu_lock (write) is left")
{
	write_lock(&m->kvm->mmu_lock);
	note(NOTE_TLB_FLUSHED, m->kvm, 0);
	xchg(m->leaf_at, NONE);
	write_unlock(&m->kvm->mmu_lock);
}

PLANT(a_table_is_cut_off_and_not_flushed, FLUSH_DEBT, HOST0, "the RCU read section is left")
{
	write_lock(&m->kvm->mmu_lock);
	rcu_read_lock();
	xchg(m->table_at, NONE);
	rcu_read_unlock();
}

/* ------------------------------------------------------------------ owed until slots_lock is left */

PLANT(a_huge_leaf_is_write_protected_and_not_flushed, FLUSH_DEBT, HOST0, "slots_lock is left with no TLB flush")
{
	mutex_lock(&m->kvm->slots_lock);
	read_lock(&m->kvm->mmu_lock);
	replace(m->huge_at, m->huge, m->huge & ~(CK_W | CK_MMU_W));
	read_unlock(&m->kvm->mmu_lock);
	mutex_unlock(&m->kvm->slots_lock);
}

PLANT(a_flush_by_another_task_pays_nothing, FLUSH_DEBT, HOST0, "slots_lock is left with no TLB flush")
{
	mutex_lock(&m->kvm->slots_lock);
	write_lock(&m->kvm->mmu_lock);
	xchg(m->huge_at, m->huge & ~(CK_W | CK_MMU_W));
	write_unlock(&m->kvm->mmu_lock);
	become(VCPU1);
	note(NOTE_TLB_FLUSHED, m->kvm, 0);
	become(HOST0);
	mutex_unlock(&m->kvm->slots_lock);
}

PLANT(a_huge_leaf_is_write_protected_by_who_has_no_slots_lock, FLUSH_DEBT, HOST0, "mmu_lock (write) is left")
{
	write_lock(&m->kvm->mmu_lock);
	xchg(m->huge_at, m->huge & ~(CK_W | CK_MMU_W));
	write_unlock(&m->kvm->mmu_lock);
}

PLANT(a_small_leaf_cannot_wait_for_slots_lock, FLUSH_DEBT, HOST0, "mmu_lock (write) is left")
{
	mutex_lock(&m->kvm->slots_lock);
	write_lock(&m->kvm->mmu_lock);
	xchg(m->leaf_at, m->leaf & ~(CK_W | CK_MMU_W));
	write_unlock(&m->kvm->mmu_lock);
}

PLANT(a_huge_leaf_that_is_removed_cannot_wait_for_slots_lock, FLUSH_DEBT, HOST0, "mmu_lock (write) is left")
{
	mutex_lock(&m->kvm->slots_lock);
	write_lock(&m->kvm->mmu_lock);
	xchg(m->huge_at, NONE);
	write_unlock(&m->kvm->mmu_lock);
}

/* ------------------------------------------------------------------ a flush of a range */

static void flush_range(struct machine *m, gfn_t start, u64 nr)
{
	struct kvm_gfn_range range = { .start = start, .end = start + nr };

	note(NOTE_TLB_FLUSH_RANGE, &range, 0);
	note(NOTE_TLB_FLUSHED, m->kvm, 0);
}

CLEAN(a_range_that_contains_the_leaf_is_enough, FLUSH_DEBT, HOST0)
{
	write_lock(&m->kvm->mmu_lock);
	xchg(m->leaf_at, NONE);
	flush_range(m, 3, 1);
	write_unlock(&m->kvm->mmu_lock);
}

PLANT(a_range_begins_behind_the_leaf, FLUSH_DEBT, HOST0, "the last TLB flush was of gfns")
{
	write_lock(&m->kvm->mmu_lock);
	xchg(m->leaf_at, NONE);
	flush_range(m, 4, 100);
	write_unlock(&m->kvm->mmu_lock);
}

PLANT(a_range_covers_one_page_of_a_table, FLUSH_DEBT, HOST0, "the last TLB flush was of gfns")
{
	write_lock(&m->kvm->mmu_lock);
	rcu_read_lock();
	xchg(m->table_at, NONE);
	flush_range(m, 3, 1);
	rcu_read_unlock();
}

CLEAN(everything_is_flushed_after_a_range_that_was_too_small, FLUSH_DEBT, HOST0)
{
	write_lock(&m->kvm->mmu_lock);
	xchg(m->leaf_at, NONE);
	flush_range(m, 4, 1);
	note(NOTE_TLB_FLUSHED, m->kvm, 0);
	write_unlock(&m->kvm->mmu_lock);
}
