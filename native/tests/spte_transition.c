// SPDX-License-Identifier: GPL-2.0-only
/* spte-transition: each store into a page table is one its lock mode and its table's state allow. */
#include "../kvm/mmu.h"
#include "../kvm/spte.h"
#include "plant.h"

#define NONE	SHADOW_NONPRESENT_VALUE

static void lock_write(struct machine *m)
{
	write_lock(&m->kvm->mmu_lock);
}

static void lock_read(struct machine *m)
{
	read_lock(&m->kvm->mmu_lock);
}

/* ------------------------------------------------------------------ what is allowed */

CLEAN(an_exclusive_setter_removes_and_installs, SPTE_TRANSITION, VCPU0)
{
	lock_write(m);
	WRITE_ONCE(*m->leaf_at, NONE);
	WRITE_ONCE(*m->leaf_at, m->leaf);
	link_new(m, new_table(m));
	note(NOTE_TLB_FLUSHED, m->kvm, 0);
	write_unlock(&m->kvm->mmu_lock);
}

CLEAN(a_shared_setter_uses_compare_exchange, SPTE_TRANSITION, VCPU0)
{
	lock_read(m);
	rcu_read_lock();
	replace(m->leaf_at, m->leaf, NONE);
	note(NOTE_TLB_FLUSHED, m->kvm, 0);
	replace(m->leaf_at, NONE, m->leaf);
	/* Somebody else was faster: a compare-exchange that fails stores nothing, whatever it wanted to. */
	poke(*m->leaf_at, m->leaf ^ CK_A);
	replace(m->leaf_at, m->leaf, m->leaf + (1 << PAGE_SHIFT));
	link_new(m, new_table(m));
	rcu_read_unlock();
	read_unlock(&m->kvm->mmu_lock);
}

CLEAN(the_cpu_sets_accessed_and_dirty, SPTE_TRANSITION, VCPU0)
{
	u64 old = m->leaf & ~(CK_A | CK_D);

	poke(*m->leaf_at, old);
	hw_try_cmpxchg(m->leaf_at, &old, old | CK_A | CK_D);
}

CLEAN(aging_clears_the_accessed_bit_without_a_lock, SPTE_TRANSITION, HOST0)
{
	rcu_read_lock();
	fetch_and(m->leaf_at, ~CK_A);
	rcu_read_unlock();
}

/* What a fault adds, and what dirty logging takes with slots_lock held. */
CLEAN(a_leaf_is_granted_more_under_read, SPTE_TRANSITION, VCPU0)
{
	u64 little = m->leaf & ~(CK_W | CK_X | CK_A | CK_D);

	poke(*m->leaf_at, little);
	lock_read(m);
	replace(m->leaf_at, little, m->leaf | CK_A | CK_D);
	read_unlock(&m->kvm->mmu_lock);
}

CLEAN(dirty_logging_takes_write_and_dirty_under_read, SPTE_TRANSITION, HOST0)
{
	u64 written = m->leaf | CK_W | CK_D;

	poke(*m->leaf_at, written);
	mutex_lock(&m->kvm->slots_lock);
	lock_read(m);
	replace(m->leaf_at, written, written & ~CK_D);
	replace(m->leaf_at, written & ~CK_D, written & ~(CK_W | CK_D));
	read_unlock(&m->kvm->mmu_lock);
	mutex_unlock(&m->kvm->slots_lock);
}

CLEAN(an_executable_huge_page_without_the_mitigation, SPTE_TRANSITION, HOST0)
{
	lock_write(m);
	xchg(m->huge_at, m->huge & ~CK_X);
	xchg(m->huge_at, m->huge | CK_X);
	write_unlock(&m->kvm->mmu_lock);
}

__PLANT(an_executable_small_page_with_the_mitigation, NULL, NULL, ORACLE_SPTE_TRANSITION, VCPU0, WORLD_NX)
{
	lock_write(m);
	xchg(m->leaf_at, m->leaf & ~CK_X);
	xchg(m->leaf_at, m->leaf | CK_X);
	write_unlock(&m->kvm->mmu_lock);
}

/* ------------------------------------------------------------------ the value alone */

PLANT(zero_is_no_spte, SPTE_TRANSITION, VCPU0, "not a value")
{
	lock_write(m);
	xchg(m->leaf_at, 0);
}

PLANT(a_nonpresent_spte_with_other_bits, SPTE_TRANSITION, VCPU0, "not a value")
{
	lock_write(m);
	xchg(m->leaf_at, NONE | 0x500);
}

PLANT(a_huge_leaf_with_a_misaligned_frame, SPTE_TRANSITION, VCPU0, "reserved bits")
{
	lock_write(m);
	xchg(m->huge_at, m->huge | BIT_ULL(13));
}

PLANT(write_without_read, SPTE_TRANSITION, VCPU0, "reserved bits")
{
	lock_write(m);
	xchg(m->leaf_at, m->leaf & ~CK_R);
}

PLANT(a_memory_type_that_does_not_exist, SPTE_TRANSITION, VCPU0, "reserved bits")
{
	lock_write(m);
	xchg(m->leaf_at, m->leaf | CK_MEMTYPE);
}

PLANT(a_memory_type_in_a_link, SPTE_TRANSITION, VCPU0, "reserved bits")
{
	lock_write(m);
	xchg(m->table_at, m->table | BIT_ULL(3));
}

PLANT(a_leaf_larger_than_any_page, SPTE_TRANSITION, VCPU0, "reserved bits")
{
	lock_write(m);
	xchg(sptep_of(m, LEAF_GFN, PG_LEVEL_1G), m->table | CK_LARGE);
}

PLANT(a_link_loses_w, SPTE_TRANSITION, HOST0, "an entry that leads to a table takes access away")
{
	write_lock(&m->kvm->mmu_lock);
	fetch_and(m->table_at, ~CK_W);
}

PLANT(writable_and_not_mmu_writable, SPTE_TRANSITION, VCPU0, "do not go together")
{
	lock_write(m);
	xchg(m->leaf_at, (m->leaf | CK_W) & ~CK_MMU_W);
}

PLANT(mmu_writable_and_not_host_writable, SPTE_TRANSITION, VCPU0, "do not go together")
{
	lock_write(m);
	xchg(m->leaf_at, (m->leaf | CK_MMU_W) & ~CK_HOST_W);
}

PLANT(a_leaf_whose_accessed_bit_means_something_else, SPTE_TRANSITION, VCPU0, "A/D type of the leaf")
{
	lock_write(m);
	xchg(m->leaf_at, m->leaf | CK_AD_DISABLED);
}

__PLANT(an_executable_huge_page_with_the_mitigation, "an executable huge page", NULL, ORACLE_SPTE_TRANSITION,
	VCPU0, WORLD_NX)
{
	lock_write(m);
	xchg(m->huge_at, m->huge | CK_X);
}

/* ------------------------------------------------------------------ links */

PLANT(a_table_is_linked_twice, SPTE_TRANSITION, VCPU0, "linked elsewhere")
{
	lock_write(m);
	xchg(sptep_of(m, EMPTY_GFN(5), PG_LEVEL_2M), m->table);
}

PLANT(a_table_that_was_cut_off_is_linked_again, SPTE_TRANSITION, VCPU0, "cut off or is a root")
{
	lock_write(m);
	xchg(m->table_at, NONE);
	xchg(m->table_at, m->table);
}

PLANT(a_child_of_another_role, SPTE_TRANSITION, VCPU0, "role is not the parent's")
{
	struct kvm_mmu_page *sp = new_table(m);

	sp->role.guest_mode = 1;
	lock_write(m);
	link_new(m, sp);
}

PLANT(a_child_of_another_gfn, SPTE_TRANSITION, VCPU0, "gfn is not that of the entry")
{
	struct kvm_mmu_page *sp = new_table(m);

	sp->gfn = EMPTY_GFN(6);
	lock_write(m);
	link_new(m, sp);
}

PLANT(a_child_whose_ptep_is_elsewhere, SPTE_TRANSITION, VCPU0, "ptep is not this entry")
{
	struct kvm_mmu_page *sp = new_table(m);

	sp->ptep = sptep_of(m, EMPTY_GFN(6), PG_LEVEL_2M);
	lock_write(m);
	link_new(m, sp);
}

PLANT(a_child_with_the_header_of_a_root, SPTE_TRANSITION, VCPU0, "its frame's former life")
{
	struct kvm_mmu_page *sp = new_table(m);

	WRITE_PRIVATE(sp->tdp_mmu_root_count, 1);
	lock_write(m);
	link_new(m, sp);
}

/* Nobody judges what an owner does to its table; it counts when others can see it. */
PLANT(a_link_brings_in_what_is_no_spte, SPTE_TRANSITION, VCPU0, "not a value")
{
	struct kvm_mmu_page *sp = new_table(m);

	WRITE_PRIVATE(sp->spt[TABLE_WORDS - 1], 7);
	lock_write(m);
	link_new(m, sp);
}

/* ------------------------------------------------------------------ frozen, and the pair */

PLANT(an_exclusive_setter_thaws_a_frozen_spte, SPTE_TRANSITION, VCPU0, "meets a frozen SPTE")
{
	lock_write(m);
	xchg(m->table_at, NONE);
	xchg(m->leaf_at, FROZEN_SPTE);
	xchg(m->leaf_at, NONE);
}

PLANT(a_frozen_spte_is_changed_by_another, SPTE_TRANSITION, VCPU0, "another than its freezer")
{
	lock_read(m);
	replace(m->table_at, m->table, NONE);
	xchg(m->leaf_at, FROZEN_SPTE);
	become(VCPU1);
	lock_read(m);
	xchg(m->leaf_at, m->leaf);
}

PLANT(a_present_leaf_changes_its_pfn, SPTE_TRANSITION, VCPU0, "pfn in one step")
{
	lock_write(m);
	xchg(m->leaf_at, m->leaf + (1 << PAGE_SHIFT));
}

PLANT(a_fault_takes_the_dirty_bit_away, SPTE_TRANSITION, VCPU0, "a fault takes W or D")
{
	lock_read(m);
	replace(m->leaf_at, m->leaf, m->leaf & ~CK_D);
}

PLANT(a_reachable_spte_is_frozen, SPTE_TRANSITION, VCPU0, "still reachable")
{
	lock_read(m);
	xchg(m->leaf_at, FROZEN_SPTE);
}

PLANT(a_table_cut_off_under_read_is_left_unfrozen, SPTE_TRANSITION, HOST0, "was not frozen")
{
	table_word *words = frame_words(m->l1);
	u32 i;

	lock_read(m);
	replace(m->table_at, m->table, NONE);
	for (i = 0; i < TABLE_WORDS; i++)
		if (READ_PRIVATE(words[i]) != NONE)
			replace(&words[i], READ_PRIVATE(words[i]), NONE);
	frame_free(m->l1);
}

PLANT(a_mapping_enters_a_range_being_invalidated, SPTE_TRANSITION, HOST0, "being invalidated")
{
	WRITE_PRIVATE(m->kvm->mn_active_invalidate_count, 1);
	lock_write(m);
	kvm_mmu_invalidate_begin(m->kvm);
	kvm_mmu_invalidate_range_add(m->kvm, LEAF_GFN - 1, LEAF_GFN + 2);
	xchg(m->leaf_at, NONE);
	note(NOTE_TLB_FLUSHED, m->kvm, 0);
	write_unlock(&m->kvm->mmu_lock);
	become(VCPU1);
	lock_read(m);
	replace(m->leaf_at, NONE, m->leaf);
}

/* ------------------------------------------------------------------ the lock */

PLANT(a_plain_store_under_read, SPTE_TRANSITION, VCPU0, "needs mmu_lock for write")
{
	lock_read(m);
	WRITE_ONCE(*m->leaf_at, m->leaf & ~CK_A);
}

PLANT(a_plain_store_without_a_lock, SPTE_TRANSITION, VCPU0, "needs mmu_lock for write")
{
	WRITE_ONCE(*m->leaf_at, m->leaf & ~CK_A);
}

PLANT(a_mapping_is_removed_without_a_lock, SPTE_TRANSITION, VCPU0, "changes without mmu_lock")
{
	replace(m->leaf_at, m->leaf, NONE);
}

PLANT(mmu_writable_is_cleared_without_a_lock, SPTE_TRANSITION, HOST0, "changes without mmu_lock")
{
	fetch_and(m->leaf_at, ~(CK_MMU_W | CK_W));
}

PLANT(a_fault_takes_the_accessed_bit_away, SPTE_TRANSITION, VCPU0, "nobody will flush")
{
	u64 used = m->leaf | CK_A;

	poke(*m->leaf_at, used);
	lock_read(m);
	replace(m->leaf_at, used, used & ~CK_A);
}

PLANT(a_dirty_bit_is_taken_under_read_alone, SPTE_TRANSITION, HOST0, "nobody will flush")
{
	u64 written = m->leaf | CK_W | CK_D;

	poke(*m->leaf_at, written);
	lock_read(m);
	replace(m->leaf_at, written, written & ~CK_D);
}

PLANT(a_fault_takes_execution_away, SPTE_TRANSITION, VCPU0, "nobody will flush")
{
	lock_read(m);
	replace(m->leaf_at, m->leaf | CK_X, m->leaf & ~CK_X);
}

PLANT(a_huge_leaf_is_write_protected_under_read_alone, SPTE_TRANSITION, HOST0, "nobody will flush")
{
	lock_read(m);
	replace(m->huge_at, m->huge, m->huge & ~(CK_W | CK_MMU_W));
}

PLANT(slots_lock_of_another_task_does_not_help, SPTE_TRANSITION, HOST0, "nobody will flush")
{
	mutex_lock(&m->kvm->slots_lock);
	become(VCPU1);
	lock_read(m);
	replace(m->leaf_at, m->leaf, m->leaf & ~CK_A);
}

/* Whoever does it: W without MMU-writable is no value at all, and that is what is said. */
PLANT(a_fast_fault_makes_writable_what_is_not_mmu_writable, SPTE_TRANSITION, VCPU0, "do not go together")
{
	u64 protected = m->leaf & ~(CK_W | CK_MMU_W);

	poke(*m->leaf_at, protected);
	replace(m->leaf_at, protected, protected | CK_W);
}

PLANT(a_plain_store_loses_a_dirty_bit, SPTE_TRANSITION, VCPU0, "loses an update")
{
	lock_write(m);
	(void)READ_ONCE(*m->leaf_at);
	poke(*m->leaf_at, m->leaf ^ CK_D);
	WRITE_ONCE(*m->leaf_at, NONE);
}

PLANT(the_cpu_changes_a_software_bit, SPTE_TRANSITION, VCPU0, "more than A and D")
{
	u64 old = m->leaf;

	hw_try_cmpxchg(m->leaf_at, &old, m->leaf ^ CK_MMU_W);
}

PLANT(the_cpu_sets_dirty_where_it_may_not_write, SPTE_TRANSITION, VCPU0, "where W is clear")
{
	u64 protected = m->leaf & ~(CK_W | CK_D);

	poke(*m->leaf_at, protected);
	hw_try_cmpxchg(m->leaf_at, &protected, protected | CK_D);
}

PLANT(a_compare_exchange_expects_what_was_never_read, SPTE_TRANSITION, VCPU0, "a torn value")
{
	u64 half = READ_ONCE(*m->leaf_at) & GENMASK_ULL(31, 0);

	lock_read(m);
	rcu_read_lock();
	replace(m->leaf_at, half | (NONE & GENMASK_ULL(63, 32)), NONE);
}

CLEAN(a_compare_exchange_in_the_section_of_its_read, SPTE_TRANSITION, VCPU0)
{
	u64 old;

	rcu_read_lock();
	old = READ_ONCE(*m->leaf_at);
	replace(m->leaf_at, old, old & ~CK_A);
	rcu_read_unlock();
}

PLANT(a_pointer_to_an_entry_outlives_its_rcu_section, SPTE_TRANSITION, VCPU0, "an earlier RCU section")
{
	u64 old;

	rcu_read_lock();
	old = READ_ONCE(*m->leaf_at);
	rcu_read_unlock();
	rcu_read_lock();
	replace(m->leaf_at, old, old & ~CK_A);
}

/* The way to a table, and what is in it. */
static void walk_down(struct machine *m, bool stay)
{
	rcu_read_lock();
	(void)READ_ONCE(*m->table_at);
	if (!stay) {
		rcu_read_unlock();
		rcu_read_lock();
	}
	(void)READ_ONCE(*m->leaf_at);
	rcu_read_unlock();
}

CLEAN(a_table_is_read_in_the_section_in_which_it_was_found, SPTE_TRANSITION, VCPU0)
{
	walk_down(m, true);
	walk_down(m, true);
}

CLEAN(nobody_frees_a_table_while_mmu_lock_is_held_for_write, SPTE_TRANSITION, VCPU0)
{
	lock_write(m);
	walk_down(m, false);
	write_unlock(&m->kvm->mmu_lock);
}

PLANT(a_pointer_to_a_table_outlives_its_rcu_section, SPTE_TRANSITION, VCPU0, "an earlier RCU section")
{
	walk_down(m, false);
}

PLANT(a_pointer_to_a_table_outlives_mmu_lock, SPTE_TRANSITION, VCPU0, "an earlier RCU section")
{
	lock_write(m);
	walk_down(m, true);
	write_unlock(&m->kvm->mmu_lock);
	rcu_read_lock();
	(void)READ_ONCE(*m->leaf_at);
	rcu_read_unlock();
}
