/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MMIO: what is remembered of gfns that no memslot contains; see mmio.c.
 */
#ifndef MMUT_KVM_MMIO_H
#define MMUT_KVM_MMIO_H

#include "kvm_host.h"

/* A fault finds no slot.  RET_PF_CONTINUE: an MMIO SPTE is to be installed. */
int kvm_handle_noslot_fault(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault);

/* The SPTE to install for it. */
u64 make_mmio_spte(struct kvm_vcpu *vcpu, gfn_t gfn);

/*
 * The CPU met an MMIO SPTE.  RET_PF_EMULATE: what it says is true; RET_PF_INVALID: it is out of date, or
 * it is none of ours: handle as any fault; RET_PF_RETRY: it is gone.
 */
int handle_mmio_page_fault(struct kvm_vcpu *vcpu, gpa_t gpa);

/* The memslots of `as_id` have a new generation: did its number begin anew?  slots_lock held. */
void kvm_mmu_invalidate_mmio_sptes(struct kvm *kvm, u64 gen);

#endif
