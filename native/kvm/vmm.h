/* SPDX-License-Identifier: GPL-2.0-only */
/* What a VMM does to a running guest, one function for each ioctl sequence; see vmm.c. */
#ifndef MMUT_KVM_VMM_H
#define MMUT_KVM_VMM_H

#include "kvm_host.h"

void vmm_fast_zap(struct kvm *kvm);
void vmm_slot_recreate(struct kvm *kvm, u32 region);

#endif
