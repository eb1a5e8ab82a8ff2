/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TDP MMU: changing entries of a two-dimensional page table under mmu_lock for read or write.
 *
 * `shared` (mmu_lock held for read) selects the algorithm, not merely an assertion:
 *   shared    one cmpxchg an entry, a lost one is retried or given up; tables that are cut off
 *             are swept with xchg to FROZEN_SPTE, against walkers that still stand in them;
 *   exclusive plain stores, or xchg where the CPU or a lockless fault may change bits.
 *
 * Who needs which mode is the first line of each function.
 */
#ifndef MMUT_KVM_TDP_MMU_H
#define MMUT_KVM_TDP_MMU_H

#include "roots.h"

/* tdp_mmu.c: setters and their bookkeeping */

/* 0, or -EBUSY with iter->old_spte refreshed: somebody else was first. */
int tdp_mmu_set_spte_atomic(struct kvm *kvm, struct tdp_iter *iter, u64 new_spte);
u64 tdp_mmu_set_spte(struct kvm *kvm, tdp_ptep_t sptep, u64 old_spte, u64 new_spte, gfn_t gfn, int level);
/* True: mmu_lock and RCU were left and taken again; `continue` at once, a flush owed has been paid. */
bool tdp_mmu_iter_cond_resched(struct kvm *kvm, struct tdp_iter *iter, bool flush, bool shared);

/* Leaves of the size of `level`, in all listed roots. */
static inline void kvm_update_page_stats(struct kvm *kvm, int level, int count)
{
	atomic64_add(count, &kvm->stat_pages[level - 1]);
}

static inline void tdp_mmu_iter_set_spte(struct kvm *kvm, struct tdp_iter *iter, u64 new_spte)
{
	must_hold_write(&kvm->mmu_lock);
	must_hold_rcu();

	iter->old_spte = tdp_mmu_set_spte(kvm, iter->sptep, iter->old_spte, new_spte, iter->gfn, iter->level);
}

/* tdp_mmu_map.c */
int kvm_tdp_mmu_map(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault);
/* A table in place of the huge leaf at iter.  0, or -EBUSY (shared only): sp is private still, iter refreshed. */
int tdp_mmu_split_huge_page(struct kvm *kvm, struct tdp_iter *iter, struct kvm_mmu_page *sp, bool shared);

/* tdp_mmu_zap.c; bool: the caller owes a remote TLB flush before it drops mmu_lock */
void tdp_mmu_zap_root(struct kvm *kvm, struct kvm_mmu_page *root, bool shared);
bool kvm_tdp_mmu_zap_leafs(struct kvm *kvm, gfn_t start, gfn_t end, bool flush);
bool kvm_tdp_mmu_unmap_gfn_range(struct kvm *kvm, struct kvm_gfn_range *range, bool flush);
void kvm_tdp_mmu_zap_all(struct kvm *kvm);

/* nx.c: one table of possible_nx_huge_pages; true: flush before RCU is left */
bool kvm_tdp_mmu_zap_possible_nx_huge_page(struct kvm *kvm, struct kvm_mmu_page *sp);

/* tdp_mmu_dirty.c; the caller flushes, whether or not an entry changed */
void kvm_tdp_mmu_wrprot_slot(struct kvm *kvm, const struct kvm_memory_slot *slot, int min_level);
void kvm_tdp_mmu_clear_dirty_slot(struct kvm *kvm, const struct kvm_memory_slot *slot);
void kvm_tdp_mmu_clear_dirty_pt_masked(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn,
				       u64 mask, bool wrprot);
/* W and MMU-W go from the leaf over `gfn`, if it is of min_level or larger. */
bool kvm_tdp_mmu_write_protect_gfn(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn,
				   int min_level);

#endif
