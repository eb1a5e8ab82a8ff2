// SPDX-License-Identifier: GPL-2.0-only
/* frame-life: no use of, and no mapping to, a frame that is free or taken away. */
#include "../kvm/spte.h"
#include "plant.h"

#define NONE	SHADOW_NONPRESENT_VALUE

/* A table that stops mapping a guest frame gives it back, in this order. */
CLEAN(a_guest_frame_is_freed_after_its_last_mapping, FRAME_LIFE, HOST0)
{
	write_lock(&m->kvm->mmu_lock);
	xchg(m->leaf_at, NONE);
	note(NOTE_TLB_FLUSHED, m->kvm, 0);
	write_unlock(&m->kvm->mmu_lock);
	frame_set_state(m->frame, FRAME_ISOLATED);
	frame_free(m->frame);
}

CLEAN(a_table_is_freed_when_it_is_cut_off_and_empty, FRAME_LIFE, HOST0)
{
	u32 i;

	write_lock(&m->kvm->mmu_lock);
	rcu_read_lock();
	xchg(m->table_at, NONE);
	for (i = 0; i < TABLE_WORDS; i++)
		if (ck_present(READ_ONCE(frame_words(m->l1)[i])))
			xchg(&frame_words(m->l1)[i], NONE);
	note(NOTE_TLB_FLUSHED, m->kvm, 0);
	rcu_read_unlock();
	write_unlock(&m->kvm->mmu_lock);
	frame_free(m->l1);
}

PLANT(the_cpu_walks_a_freed_table, FRAME_LIFE, VCPU0, "walked by load")
{
	poke_frame_state(m->l1, FRAME_FREE);
	(void)hw_load(*m->leaf_at);
}

PLANT(software_reads_a_freed_table, FRAME_LIFE, VCPU0, "is used by load")
{
	poke_frame_state(m->l1, FRAME_FREE);
	(void)READ_ONCE(*m->leaf_at);
}

PLANT(software_writes_a_freed_table, FRAME_LIFE, VCPU0, "is used by xchg")
{
	poke_frame_state(m->l1, FRAME_FREE);
	xchg(m->leaf_at, NONE);
}

PLANT(the_header_of_a_freed_table_is_used, FRAME_LIFE, VCPU0, "header of a page table")
{
	poke_frame_state(m->l1, FRAME_FREE);
	(void)READ_ONCE(pfn_to_sp(m->l1)->invalid);
}

PLANT(a_guest_frame_is_taken_away_while_mapped, FRAME_LIFE, HOST0, "taken away while 1 4K")
{
	frame_set_state(m->frame, FRAME_ISOLATED);
}

PLANT(a_guest_frame_is_freed_while_mapped, FRAME_LIFE, HOST0, "freed while 1 4K")
{
	frame_free(m->frame);
}

PLANT(part_of_a_huge_mapping_is_taken_away, FRAME_LIFE, HOST0, "taken away while 0 4K and 1 huge")
{
	frame_set_state(m->huge_frame + 77, FRAME_ISOLATED);
}

PLANT(a_linked_table_is_freed, FRAME_LIFE, HOST0, "points at it")
{
	frame_free(m->l1);
}

PLANT(a_cut_off_table_is_freed_with_present_entries, FRAME_LIFE, HOST0, "is freed with entry")
{
	write_lock(&m->kvm->mmu_lock);
	rcu_read_lock();
	xchg(m->table_at, NONE);
	note(NOTE_TLB_FLUSHED, m->kvm, 0);
	frame_free(m->l1);
}

PLANT(a_mapping_to_a_freed_frame_is_installed, FRAME_LIFE, VCPU0, "which is free")
{
	write_lock(&m->kvm->mmu_lock);
	xchg(m->leaf_at, NONE);
	frame_free(m->frame);
	xchg(m->leaf_at, m->leaf);
}

PLANT(a_mapping_to_a_page_table_is_installed, FRAME_LIFE, VCPU0, "which is of the wrong sort")
{
	write_lock(&m->kvm->mmu_lock);
	xchg(m->leaf_at, NONE);
	xchg(m->leaf_at, (m->leaf & ~CK_ADDR) | (u64)m->l1 << PAGE_SHIFT);
}

PLANT(a_mapping_to_an_isolated_frame_is_installed, FRAME_LIFE, VCPU0, "taken away by the host")
{
	write_lock(&m->kvm->mmu_lock);
	xchg(m->leaf_at, NONE);
	frame_set_state(m->frame, FRAME_ISOLATED);
	xchg(m->leaf_at, m->leaf);
}

PLANT(a_link_to_what_is_no_table, FRAME_LIFE, VCPU0, "links frame")
{
	write_lock(&m->kvm->mmu_lock);
	xchg(sptep_of(m, EMPTY_GFN(100), PG_LEVEL_2M), m->table | CK_ADDR >> 20 << 12);
}

PLANT(call_rcu_twice_on_one_object, FRAME_LIFE, VCPU0, "queued already")
{
	call_rcu(&pfn_to_sp(m->l1)->rcu_head, RCU_FREE_TABLE);
	call_rcu(&pfn_to_sp(m->l1)->rcu_head, RCU_FREE_TABLE);
}

PLANT(the_host_reads_a_freed_guest_frame, FRAME_LIFE, HOST0, "is used after task")
{
	write_lock(&m->kvm->mmu_lock);
	xchg(m->leaf_at, NONE);
	frame_free(m->frame);
	(void)READ_ONCE(frame_cell(m->frame)->stamp);
}
