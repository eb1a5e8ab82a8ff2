/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NX huge pages: the mitigation of iTLB multihit.  A huge page is never executable; what the guest
 * executes is mapped by 4K pages, and a worker gives the huge pages back later.
 *
 * faithful: who may set, clear and look at nx_huge_page_disallowed; the list and its lock; the
 *           worker's sections, order of steps and flush.
 * custom:   a worker's pass takes half of the list, rounded up, instead of a sixtieth once an hour.
 * stubbed:  switching the mitigation while the VM runs, the shadow MMU's own list.
 */
#ifndef MMUT_KVM_NX_H
#define MMUT_KVM_NX_H

#include "kvm_host.h"

static inline bool is_nx_huge_page_enabled(const struct kvm *kvm)
{
	return kvm->config.nx_huge_pages;
}

/* A fault that wants a huge page where a table stands for the sake of execution: one level down. */
void disallowed_hugepage_adjust(struct kvm_page_fault *fault, u64 spte, int cur_level);

/* `sp`, just linked, may be all that keeps a huge page away: the worker shall know. */
void track_possible_nx_huge_page(struct kvm *kvm, struct kvm_mmu_page *sp);
/* `sp` was cut off by the caller, who is about to hand it to RCU. */
void untrack_removed_nx_huge_page(struct kvm *kvm, struct kvm_mmu_page *sp);

/* One pass of the recovery worker. */
void kvm_recover_nx_huge_pages(struct kvm *kvm);

#endif
