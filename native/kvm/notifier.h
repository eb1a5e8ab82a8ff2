/* SPDX-License-Identifier: GPL-2.0-only */
/* The MMU notifier that the primary MMU calls around every change; see notifier.c. */
#ifndef MMUT_KVM_NOTIFIER_H
#define MMUT_KVM_NOTIFIER_H

#include "kvm_host.h"

/*
 * [first, end) are host page numbers.  From the return of start to the call of end no guest
 * access reaches these pages.  Caller: no mmu_lock, no spinlock; start and end come in pairs.
 */
void kvm_mmu_notifier_invalidate_range_start(struct kvm *kvm, u64 first, u64 end);
void kvm_mmu_notifier_invalidate_range_end(struct kvm *kvm, u64 first, u64 end);

/*
 * Were [first, end) used by the guest since they were last cleared?  Neither takes mmu_lock nor flushes
 * anything; what a CPU has cached goes on working unseen.
 */
bool kvm_mmu_notifier_clear_young(struct kvm *kvm, u64 first, u64 end);
bool kvm_mmu_notifier_test_young(struct kvm *kvm, u64 first, u64 end);

#endif
