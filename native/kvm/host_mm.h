/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's memory management (the primary MMU): one word per host page says which frame
 * backs it.  KVM looks pages up here, and is told by the notifier before they change.
 */
#ifndef MMUT_KVM_HOST_MM_H
#define MMUT_KVM_HOST_MM_H

#include "kvm_host.h"

/* Set-up: back every page of every region.  0 or -ENOMEM. */
int host_mm_init(struct kvm *kvm, u64 nr_pages);

/* get_user_pages: the frame behind `hva`, faulted in if need be; KVM_PFN_ERR_FAULT: no memory. */
kvm_pfn_t host_mm_faultin(struct kvm *kvm, hva_t hva, bool write, bool *writable);
/* Size of the host's mapping of `gfn`, read without a lock; PG_LEVEL_4K, 2M or 1G. */
int host_pfn_mapping_level(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn);

/*
 * What happens to memory; each brackets its change with the notifier.  True: it did something.
 * A 1G mapping is never swapped, split or collapsed; migrating takes it away whole and brings it back.
 */
bool host_mm_migrate(struct kvm *kvm, hva_t hva);
bool host_mm_reclaim(struct kvm *kvm, hva_t hva, u64 npages);
bool host_mm_collapse(struct kvm *kvm, hva_t hva);	/* of a 2M aligned block */
bool host_mm_split(struct kvm *kvm, hva_t hva);
/* Has the guest used any of these pages?  `clear`: and make them old.  Changes nothing in the host's own tables. */
bool host_mm_age(struct kvm *kvm, hva_t hva, u64 npages, bool clear);

#endif
