/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TDP page fault: from the exit to kvm_tdp_mmu_map().
 *
 * faithful: the order: sequence, page, lock, stale check, map; RETRY means: enter the guest, which
 *           faults again if it still has to.
 * custom:   struct kvm_page_fault has const inputs, is built once and goes straight to the TDP
 *           handler, which nobody else shares.
 * stubbed:  MMIO SPTEs (no slot: EMULATE), async page faults, private memory, write tracking.
 */
#ifndef MMUT_KVM_FAULT_H
#define MMUT_KVM_FAULT_H

#include "mmu.h"

int kvm_mmu_do_page_fault(struct kvm_vcpu *vcpu, gpa_t gpa, u64 error_code, bool prefetch);
int kvm_tdp_page_fault(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault);

/* RET_PF_CONTINUE with fault->pfn and fault->mmu_seq, or how the fault ends. */
int kvm_mmu_faultin_pfn(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault);
/* What was looked up without mmu_lock may no longer hold. */
bool is_page_fault_stale(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault);
/* Choose the level: fault->req_level, goal_level, and pfn rounded to it. */
void kvm_mmu_hugepage_adjust(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault);
int kvm_mmu_max_mapping_level(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn, int max_level);

/* A root that no new mapping may enter. */
bool is_obsolete_root(struct kvm *kvm, struct kvm_mmu_page *root);

#endif
