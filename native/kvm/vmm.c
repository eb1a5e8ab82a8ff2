// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMM's thread: ioctl sequences against a running guest.
 *
 * faithful: what each ioctl takes and waits for (see memslot.c and dirty_log.c).
 * custom:   a deleted slot's memory is reclaimed before the slot comes back, because that is
 *           when a forgotten SPTE hurts: no notifier can find it any more.
 * stubbed:  the ioctls themselves.
 */
#include "vmm.h"

#include "host_mm.h"
#include "memslot.h"
#include "mmu.h"

#define RECLAIM_PAGES	8

void vmm_fast_zap(struct kvm *kvm)
{
	must_hold_none(&kvm->mmu_lock);
	mutex_lock(&kvm->slots_lock);
	kvm_mmu_zap_all_fast(kvm);
	mutex_unlock(&kvm->slots_lock);
}

/* Another VMM thread may have been faster with either half; then there is nothing to do. */
void vmm_slot_recreate(struct kvm *kvm, u32 region)
{
	const struct kvm_memory_region *r = &kvm->regions[region];
	u32 flags, i;

	if (kvm_delete_memslot(kvm, region, &flags))
		return;
	if (r->npages <= RECLAIM_PAGES) {
		host_mm_reclaim(kvm, r->userspace_addr, r->npages);
	} else {
		for (i = 0; i < RECLAIM_PAGES; i++) {
			u64 page = prng_below(&current->data, (u32)r->npages);

			host_mm_reclaim(kvm, r->userspace_addr + (page << PAGE_SHIFT), 1);
		}
	}
	kvm_create_memslot(kvm, region, flags);
}
