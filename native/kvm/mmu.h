/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MMU as the rest of the VM sees it: vCPUs, notifiers, memslots and dirty logging come in here.
 *
 * faithful: the entry points and their lock contracts.
 * custom:   only the TDP MMU stands behind them; a VM with tdp_mmu == false is refused.
 */
#ifndef MMUT_KVM_MMU_H
#define MMUT_KVM_MMU_H

#include "kvm_host.h"

/* Once a process: names the RCU callbacks. */
void kvm_mmu_module_init(void);

int kvm_mmu_init_vm(struct kvm *kvm);		/* constant MMU state; 0 or -EOPNOTSUPP, -EINVAL */
/* Every root invalid and zapped; afterwards run the RCU callbacks, and no table is left. */
void kvm_mmu_uninit_vm(struct kvm *kvm);

int kvm_mmu_create(struct kvm_vcpu *vcpu);	/* no root, the role of its roots, an empty cache */
void kvm_mmu_destroy(struct kvm_vcpu *vcpu);	/* frees what the cache holds; the root is gone already */

/* Outside guest mode, no mmu_lock.  0, or -ENOMEM: nothing has changed, try again. */
int kvm_mmu_load(struct kvm_vcpu *vcpu);
void kvm_mmu_free_roots(struct kvm_vcpu *vcpu);
/* KVM_REQ_FREE_OBSOLETE_ROOTS: drop the root if it is no longer valid. */
void kvm_mmu_free_obsolete_roots(struct kvm_vcpu *vcpu);

static inline bool kvm_mmu_root_loaded(const struct kvm_vcpu *vcpu)
{
	return vcpu->mmu.root_hpa != INVALID_PAGE;
}

/*
 * RET_PF_RETRY, EMULATE, FIXED or SPURIOUS, counted in the vCPU's stat_faults, stat_retries,
 * stat_emulated, stat_fixed and stat_spurious.  SRCU held, no mmu_lock.
 */
int kvm_mmu_page_fault(struct kvm_vcpu *vcpu, gpa_t gpa, u64 error_code);

/* slots_lock held: nothing is mapped any more by a root that a vCPU could still load. */
void kvm_mmu_zap_all_fast(struct kvm *kvm);
void kvm_mmu_zap_all(struct kvm *kvm);		/* the address space goes away; no vCPU runs again */

/* The notifier protocol; mmu_lock held for write. */
void kvm_mmu_invalidate_begin(struct kvm *kvm);
void kvm_mmu_invalidate_range_add(struct kvm *kvm, gfn_t start, gfn_t end);
void kvm_mmu_invalidate_end(struct kvm *kvm);
bool kvm_unmap_gfn_range(struct kvm *kvm, struct kvm_gfn_range *range);	/* true: flush before unlock */

/* A fault's answer from before the lock still holds?  Exact with mmu_lock held, in either mode. */
bool mmu_invalidate_retry_gfn(struct kvm *kvm, u64 mmu_seq, gfn_t gfn);
/* The same without the lock: a hint, wrong in both directions. */
bool mmu_invalidate_retry_gfn_unsafe(struct kvm *kvm, u64 mmu_seq, gfn_t gfn);

/* After the slot's new flags reached every vCPU; slots_lock held, the caller flushes afterwards. */
void kvm_mmu_slot_apply_flags(struct kvm *kvm, struct kvm_memory_slot *slot, bool enable);
/* Re-arm logging of the gfns in `mask` (bit 0: slot base + gfn_offset); mmu_lock held for write. */
void kvm_arch_mmu_enable_log_dirty_pt_masked(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t gfn_offset,
					     u64 mask);

#endif
