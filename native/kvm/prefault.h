/* SPDX-License-Identifier: GPL-2.0-only */
/* Mapping guest memory before the guest asks for it; see prefault.c. */
#ifndef MMUT_KVM_PREFAULT_H
#define MMUT_KVM_PREFAULT_H

#include "mmu.h"

/*
 * Map the page at `gpa` as a read would.  By the vCPU's owner, outside guest mode, in its SRCU
 * section.  0; -EAGAIN: its slot is going away; -ENOENT: there is no memory.
 */
int kvm_arch_vcpu_pre_fault_memory(struct kvm_vcpu *vcpu, gpa_t gpa);

#endif
