/* SPDX-License-Identifier: GPL-2.0-only */
/* Faults that one permission bit cures, repaired without mmu_lock; see fast_fault.c. */
#ifndef MMUT_KVM_FAST_FAULT_H
#define MMUT_KVM_FAST_FAULT_H

#include "mmu.h"

/*
 * RET_PF_FIXED or RET_PF_SPURIOUS: the fault is over.  RET_PF_INVALID: it needs the slow path.
 * SRCU held (fault->slot), no mmu_lock; the vCPU has a root.
 */
int fast_page_fault(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault);

#endif
