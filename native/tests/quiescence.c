// SPDX-License-Identifier: GPL-2.0-only
/* quiescence: when all stands still, no leak, no stale TLB entry, nothing frozen, counters right. */
#include <string.h>

#include "../kvm/spte.h"
#include "../kvm/tlb.h"
#include "plant.h"

/* The body disturbs the machine; the check that follows must notice. */
#define AT_QUIESCENCE(name_, text_)							\
	__PLANT(name_, text_, check_quiescent, ORACLE_QUIESCENCE, BOSS, WORLD_PLAIN)

static struct host_page *host_page_of_leaf(struct machine *m)
{
	return &m->kvm->mm.pages[(m->kvm->regions[0].userspace_addr >> PAGE_SHIFT) + LEAF_GFN];
}

/* vcpu0 with an empty TLB that nothing is about to flush. */
static struct tlb *quiet_tlb(struct machine *m)
{
	struct kvm_vcpu *vcpu = &m->kvm->vcpus[0];

	WRITE_PRIVATE(vcpu->requests, 0);
	vcpu->mmu.root_hpa = m->root->pfn;
	memset(&vcpu->tlb, 0, sizeof(vcpu->tlb));
	return &vcpu->tlb;
}

CLEAN(a_machine_at_rest, QUIESCENCE, BOSS)
{
	struct tlb *tlb = quiet_tlb(m);

	tlb_insert(tlb, LEAF_GFN, PG_LEVEL_4K, m->frame, m->leaf & CK_W, true, false);
	tlb_insert(tlb, HUGE_GFN, PG_LEVEL_2M, m->huge_frame, m->huge & CK_W, true, false);
	psc_insert(tlb, LEAF_GFN, PG_LEVEL_4K, m->l1);
	check_quiescent();
}

CLEAN(a_stale_tlb_entry_whose_flush_is_on_its_way, QUIESCENCE, BOSS)
{
	tlb_insert(quiet_tlb(m), LEAF_GFN, PG_LEVEL_4K, m->frame + 1, true, true, true);
	WRITE_PRIVATE(m->kvm->vcpus[0].requests, BIT_ULL(KVM_REQ_TLB_FLUSH));
	check_quiescent();
}

/* ------------------------------------------------------------------ page tables */

AT_QUIESCENCE(a_reachable_spte_stays_frozen, "is frozen")
{
	poke(*sptep_of(m, EMPTY_GFN(9), PG_LEVEL_2M), FROZEN_SPTE);
}

AT_QUIESCENCE(an_spte_that_means_nothing, "is 0x7")
{
	poke(*sptep_of(m, EMPTY_GFN(9), PG_LEVEL_2M), 7);
}

AT_QUIESCENCE(a_leaf_maps_what_the_host_does_not, "and the host has")
{
	poke(*m->leaf_at, m->leaf + (1 << PAGE_SHIFT));
}

AT_QUIESCENCE(a_leaf_is_writable_and_the_host_page_is_not, "not for the host")
{
	poke(host_page_of_leaf(m)->pte, READ_PRIVATE(host_page_of_leaf(m)->pte) & ~HOST_PTE_WRITE);
	poke(*m->leaf_at, m->leaf | CK_W);
}

AT_QUIESCENCE(a_leaf_outside_every_slot, "no slot contains it")
{
	poke(*sptep_of(m, 200, PG_LEVEL_4K), m->leaf);
}

AT_QUIESCENCE(a_leaf_of_emulated_memory, "is emulated, and an SPTE maps it")
{
	WRITE_PRIVATE(m->kvm->emulated_slots, BIT_ULL(0));
}

AT_QUIESCENCE(a_link_to_a_guest_frame, "which is no table")
{
	poke(*sptep_of(m, EMPTY_GFN(9), PG_LEVEL_2M), (m->table & ~CK_ADDR) | (u64)m->frame << PAGE_SHIFT);
}

AT_QUIESCENCE(a_table_linked_from_two_places, "is not the child")
{
	poke(*sptep_of(m, EMPTY_GFN(9), PG_LEVEL_2M), m->table);
}

/* ------------------------------------------------------------------ roots */

AT_QUIESCENCE(a_root_that_was_to_be_zapped, "was scheduled to be zapped and was not")
{
	poke(m->root->scheduled_to_zap, 1);
}

AT_QUIESCENCE(an_invalid_root_that_nobody_uses, "is invalid, no vCPU uses it")
{
	poke(m->root->invalid, 1);
	m->kvm->vcpus[0].mmu.root_hpa = m->kvm->vcpus[1].mmu.root_hpa = INVALID_PAGE;
}

AT_QUIESCENCE(a_reference_too_many, "references: ")
{
	poke(m->root->tdp_mmu_root_count, READ_PRIVATE(m->root->tdp_mmu_root_count) + 1);
}

AT_QUIESCENCE(a_freed_root_is_listed, "listed and free")
{
	poke_frame_state(m->root->pfn, FRAME_FREE);
}

/* ------------------------------------------------------------------ leaks and counters */

AT_QUIESCENCE(a_page_table_leaks, "page tables are allocated")
{
	frame_alloc_table();
}

AT_QUIESCENCE(a_cache_has_a_free_table, "caches table")
{
	m->kvm->vcpus[0].mmu_page_cache.nobjs = 1;
	m->kvm->vcpus[0].mmu_page_cache.objects[0] = arena_of()->frames->nr_tables - 1;
}

AT_QUIESCENCE(a_cache_overflows, "caches 41 tables")
{
	m->kvm->vcpus[0].mmu_page_cache.nobjs = KVM_ARCH_NR_OBJS_PER_MEMORY_CACHE + 1;
}

AT_QUIESCENCE(the_count_of_tables_is_off_by_one, "tdp_mmu_pages is")
{
	WRITE_PRIVATE(m->kvm->tdp_mmu_pages, READ_PRIVATE(m->kvm->tdp_mmu_pages) + 1);
}

AT_QUIESCENCE(the_count_of_huge_leaves_is_off_by_one, "leaves of level 2")
{
	WRITE_PRIVATE(m->kvm->stat_pages[1], READ_PRIVATE(m->kvm->stat_pages[1]) + 1);
}

/* ------------------------------------------------------------------ what tasks must have given back */

AT_QUIESCENCE(an_invalidation_never_ends, "mmu_invalidate_in_progress is 1")
{
	WRITE_PRIVATE(m->kvm->mmu_invalidate_in_progress, 1);
}

AT_QUIESCENCE(a_notifier_never_ends, "mn_active_invalidate_count is 1")
{
	WRITE_PRIVATE(m->kvm->mn_active_invalidate_count, 1);
}

AT_QUIESCENCE(a_memslot_update_never_ends, "still in progress")
{
	READ_PRIVATE(m->kvm->memslots[0])->generation |= KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS;
}

AT_QUIESCENCE(a_task_ended_with_a_lock, "vcpu0 ended with slots_lock held")
{
	become(VCPU0);
	mutex_lock(&m->kvm->slots_lock);
}

AT_QUIESCENCE(a_task_ended_inside_a_section, "vcpu0 ended inside a read section")
{
	become(VCPU0);
	rcu_read_lock();
}

AT_QUIESCENCE(a_lock_that_nobody_holds_is_taken, "held by nobody who is left")
{
	m->kvm->tdp_mmu_pages_lock.word = 1;
}

AT_QUIESCENCE(callbacks_were_not_run, "1 RCU callbacks were not run")
{
	arena_of()->rcu->pending = 1;
}

/* ------------------------------------------------------------------ TLBs */

AT_QUIESCENCE(a_tlb_entry_with_another_frame, "the TLB of vcpu0 maps gfn 0x3")
{
	tlb_insert(quiet_tlb(m), LEAF_GFN, PG_LEVEL_4K, m->frame + 1, true, true, true);
}

AT_QUIESCENCE(a_tlb_entry_for_what_is_not_mapped, "the TLB of vcpu0 maps gfn 0x1e")
{
	tlb_insert(quiet_tlb(m), 30, PG_LEVEL_4K, m->frame, false, true, false);
}

AT_QUIESCENCE(a_huge_tlb_entry_over_small_pages, "the TLB of vcpu0 maps gfn")
{
	tlb_insert(quiet_tlb(m), 0, PG_LEVEL_2M, m->frame - (u32)LEAF_GFN, false, true, false);
}

AT_QUIESCENCE(a_tlb_entry_may_write_what_is_protected, "may write gfn 0x3")
{
	tlb_insert(quiet_tlb(m), LEAF_GFN, PG_LEVEL_4K, m->frame, true, true, true);
	poke(*m->leaf_at, m->leaf & ~CK_W);
}

AT_QUIESCENCE(a_tlb_entry_would_not_set_dirty, "without setting D")
{
	tlb_insert(quiet_tlb(m), LEAF_GFN, PG_LEVEL_4K, m->frame, true, true, true);
	poke(*m->leaf_at, m->leaf & ~CK_D);
}

AT_QUIESCENCE(a_cached_link_to_another_table, "vcpu0 caches table")
{
	psc_insert(quiet_tlb(m), LEAF_GFN, PG_LEVEL_4K, m->l1 + 1);
}

AT_QUIESCENCE(a_cached_link_that_is_gone, "vcpu0 caches table")
{
	psc_insert(quiet_tlb(m), EMPTY_GFN(9), PG_LEVEL_4K, m->l1);
}

/* ------------------------------------------------------------------ guest memory */

AT_QUIESCENCE(a_host_page_backed_by_a_frame_of_another, "which is not its own")
{
	frame_touch(m->frame);
	frame_get(m->frame)->page = 77;
}

__PLANT(a_writable_page_is_not_marked_dirty, "is writable and its dirty bit is clear", check_quiescent,
	ORACLE_QUIESCENCE, BOSS, WORLD_DIRTY_LOG)
{
	WRITE_PRIVATE(READ_PRIVATE(m->kvm->memslots[0])->slots[0].dirty_bitmap[0], 0);
	poke(*m->leaf_at, m->leaf | CK_W);
}
