/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page-table pages: headers (struct kvm_mmu_page) and the caches they come from.
 *
 * faithful: caches are filled before mmu_lock is taken and only popped under it; a table is
 *           complete before it is linked; a linked one is freed by RCU, a private one at once.
 * custom:   header and table come together, as a frame number; one cache does for both.
 * stubbed:  no pte_list_desc, shadowed_info or external_spt caches (shadow MMU, TDX).
 */
#ifndef MMUT_KVM_MMU_PAGE_H
#define MMUT_KVM_MMU_PAGE_H

#include "spte.h"
#include "tdp_iter.h"

void kvm_mmu_memory_cache_init(struct kvm_mmu_memory_cache *mc, u64 init_value);
int __kvm_mmu_topup_memory_cache(struct kvm_mmu_memory_cache *mc, u32 min);
u32 kvm_mmu_memory_cache_alloc(struct kvm_mmu_memory_cache *mc);
void kvm_mmu_free_memory_cache(struct kvm_mmu_memory_cache *mc);

/* At least `min` objects, or -ENOMEM.  Almost always a compare. */
static inline int kvm_mmu_topup_memory_cache(struct kvm_mmu_memory_cache *mc, u32 min)
{
	return likely(mc->nobjs >= min) ? 0 : __kvm_mmu_topup_memory_cache(mc, min);
}

/* A table from the vCPU's cache, private to the caller; every entry is non-present. */
struct kvm_mmu_page *tdp_mmu_alloc_sp(struct kvm_vcpu *vcpu);
/* A table without content, for a split that fills all of it; NULL: no memory.  No mmu_lock. */
struct kvm_mmu_page *tdp_mmu_alloc_sp_for_split(struct kvm *kvm);
/* Before publication.  `sptep` is the entry that will point here; NULL for a root. */
void tdp_mmu_init_sp(struct kvm_mmu_page *sp, tdp_ptep_t sptep, gfn_t gfn, union kvm_mmu_page_role role);
/* The child of the entry that `iter` stands on. */
void tdp_mmu_init_child_sp(struct kvm_mmu_page *child, struct tdp_iter *iter);
/* Never published, or the grace period is over. */
void tdp_mmu_free_sp(struct kvm_mmu_page *sp);
void tdp_mmu_free_sp_rcu_callback(struct rcu_head *head);

static inline int kvm_mmu_page_as_id(const struct kvm_mmu_page *sp) { return sp->role.smm ? 1 : 0; }
/* role.invalid: stable under mmu_lock, a hint without it. */
#define is_invalid_sp(sp)	READ_ONCE((sp)->invalid)

#endif
