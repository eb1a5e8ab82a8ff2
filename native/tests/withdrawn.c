// SPDX-License-Identifier: GPL-2.0-only
/* withdrawn: what the host or user space has taken away is mapped nowhere, and not mapped again. */
#include "plant.h"

static u64 page_of(struct machine *m, gfn_t gfn)
{
	return (m->kvm->regions[gfn >= HUGE_GFN].userspace_addr >> PAGE_SHIFT) + gfn % HUGE_GFN;
}

static void withdraw_page(struct machine *m, gfn_t gfn)
{
	note(NOTE_INVALIDATED, m->kvm, page_of(m, gfn) << 32 | (page_of(m, gfn) + 1));
}

static void remove_leaf(struct machine *m)
{
	write_lock(&m->kvm->mmu_lock);
	rcu_read_lock();
	WRITE_ONCE(*m->leaf_at, CK_NONPRESENT);
	note(NOTE_TLB_FLUSHED, m->kvm, 0);
	rcu_read_unlock();
	write_unlock(&m->kvm->mmu_lock);
}

static void install_leaf(struct machine *m)
{
	u64 none;

	read_lock(&m->kvm->mmu_lock);
	rcu_read_lock();
	none = READ_ONCE(*m->leaf_at);
	try_cmpxchg64(m->leaf_at, &none, m->leaf);
	rcu_read_unlock();
	read_unlock(&m->kvm->mmu_lock);
}

CLEAN(a_page_is_unmapped_and_withdrawn, WITHDRAWN, HOST0)
{
	remove_leaf(m);
	withdraw_page(m, LEAF_GFN);
	install_leaf(m);
}

PLANT(a_page_is_withdrawn_and_mapped, WITHDRAWN, HOST0, "1 4K and 0 huge SPTEs map its frame")
{
	withdraw_page(m, LEAF_GFN);
}

PLANT(a_page_is_withdrawn_from_below_a_huge_mapping, WITHDRAWN, HOST0, "0 4K and 1 huge SPTEs map its frame")
{
	withdraw_page(m, HUGE_GFN + 5);
}

PLANT(a_slot_is_gone_and_mapped, WITHDRAWN, HOST0, "a memslot has left its place, and root")
{
	note(NOTE_SLOT_GONE, m->kvm, 0);
}

PLANT(a_slot_is_gone_and_mapped_below_an_invalid_root, WITHDRAWN, HOST0, "a memslot has left its place, and root")
{
	poke(m->root->invalid, 1);
	note(NOTE_SLOT_GONE, m->kvm, 1);
}

PLANT(a_slot_is_emulated_and_mapped, WITHDRAWN, HOST0, "a memslot is emulated from now on, and root")
{
	note(NOTE_SLOT_EMULATED, m->kvm, 1);
}

CLEAN(a_slot_is_emulated_and_mapped_below_an_invalid_root, WITHDRAWN, HOST0)
{
	poke(m->root->invalid, 1);
	note(NOTE_SLOT_EMULATED, m->kvm, 1);
}

PLANT(what_is_emulated_is_mapped_again, WITHDRAWN, VCPU0, "and is emulated now")
{
	remove_leaf(m);
	poke(*m->table_at, CK_NONPRESENT);
	note(NOTE_SLOT_EMULATED, m->kvm, 0);
	install_leaf(m);
}

PLANT(what_no_slot_contains_is_mapped, WITHDRAWN, VCPU0, "and no slot contains it")
{
	remove_leaf(m);
	poke(*m->table_at, CK_NONPRESENT);
	note(NOTE_SLOT_GONE, m->kvm, 0);
	install_leaf(m);
}

PLANT(a_leaf_is_installed_below_an_invalid_root, WITHDRAWN, VCPU0, "which is invalid: whoever zaps it may have passed")
{
	remove_leaf(m);
	poke(m->root->invalid, 1);
	install_leaf(m);
}
