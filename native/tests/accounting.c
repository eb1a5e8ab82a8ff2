// SPDX-License-Identifier: GPL-2.0-only
/* accounting: counters of tables and leaves agree with the tables whenever nobody holds mmu_lock. */
#include "plant.h"

static void unlock(struct machine *m)
{
	note(NOTE_TLB_FLUSHED, m->kvm, 0);
	write_unlock(&m->kvm->mmu_lock);
}

CLEAN(a_leaf_goes_and_is_booked, ACCOUNTING, VCPU0)
{
	write_lock(&m->kvm->mmu_lock);
	WRITE_ONCE(*m->leaf_at, CK_NONPRESENT);
	atomic64_dec(&m->kvm->stat_pages[0]);
	unlock(m);
}

CLEAN(a_table_comes_and_is_booked, ACCOUNTING, VCPU0)
{
	write_lock(&m->kvm->mmu_lock);
	link_new(m, new_table(m));
	atomic64_inc(&m->kvm->tdp_mmu_pages);
	unlock(m);
}

PLANT(a_leaf_goes_and_is_not_booked, ACCOUNTING, VCPU0, "leaves of level 1 are booked")
{
	write_lock(&m->kvm->mmu_lock);
	WRITE_ONCE(*m->leaf_at, CK_NONPRESENT);
	unlock(m);
}

PLANT(a_huge_leaf_is_booked_that_did_not_come, ACCOUNTING, VCPU0, "leaves of level 2 are booked")
{
	write_lock(&m->kvm->mmu_lock);
	atomic64_inc(&m->kvm->stat_pages[1]);
	unlock(m);
}

PLANT(a_table_comes_and_is_not_booked, ACCOUNTING, VCPU0, "tables are linked")
{
	read_lock(&m->kvm->mmu_lock);
	rcu_read_lock();
	link_new(m, new_table(m));
	rcu_read_unlock();
	read_unlock(&m->kvm->mmu_lock);
}

PLANT(a_table_goes_and_is_not_booked, ACCOUNTING, VCPU0, "tables are linked")
{
	write_lock(&m->kvm->mmu_lock);
	rcu_read_lock();
	xchg(m->table_at, CK_NONPRESENT);
	note(NOTE_TLB_FLUSHED, m->kvm, 0);
	rcu_read_unlock();
	unlock(m);
}
