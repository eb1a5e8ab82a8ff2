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
