/* SPDX-License-Identifier: GPL-2.0-only */
/* Has the guest used a page since the host last asked?  See aging.c. */
#ifndef MMUT_KVM_AGING_H
#define MMUT_KVM_AGING_H

#include "mmu.h"

/* SRCU held (range->slot), no lock.  True: young.  Age also makes old what it finds young; no flush. */
bool kvm_tdp_mmu_age_gfn_range(struct kvm *kvm, const struct kvm_gfn_range *range);
bool kvm_tdp_mmu_test_age_gfn(struct kvm *kvm, const struct kvm_gfn_range *range);

#endif
