/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memslots: which guest frame numbers are backed, by which host memory, and with which flags.
 *
 * faithful: two sets per address space behind one pointer; a set that readers can reach is
 *           never edited; delete in two swaps with an INVALID slot in between; the swap waits
 *           until no notifier is in flight; slots_lock > slots_arch_lock > mn_invalidate_lock.
 * custom:   slots live by value in their set (eight of them, sorted), so that a replaced slot
 *           is a new object exactly as in the kernel.
 * stubbed:  private memory, lpage counters of pages under write tracking.
 */
#ifndef MMUT_KVM_MEMSLOT_H
#define MMUT_KVM_MEMSLOT_H

#include "kvm_host.h"

/* The active set.  Caller: SRCU read section, or slots_lock. */
static inline struct kvm_memslots *kvm_memslots_of(struct kvm *kvm, int as_id)
{
	/*
	 * The content of the set is ordered after the pointer by the address dependency; pairs
	 * with rcu_assign_pointer() in kvm_swap_active_memslots().  Otherwise: writer publishes
	 * the set; reader follows the pointer and finds the slots of two updates ago.
	 */
	return rcu_dereference(kvm->memslots[as_id]);
}

/* The slot that contains `gfn`, or NULL.  An INVALID slot is returned: the caller looks at flags. */
static inline struct kvm_memory_slot *gfn_to_memslot(struct kvm_memslots *slots, gfn_t gfn)
{
	for (u32 i = 0; i < slots->nr; i++) {
		struct kvm_memory_slot *slot = &slots->slots[i];

		if (gfn - slot->base_gfn < slot->npages)
			return slot;
	}
	return NULL;
}

static inline struct kvm_memory_slot *id_to_memslot(struct kvm_memslots *slots, u32 id)
{
	for (u32 i = 0; i < slots->nr; i++)
		if (slots->slots[i].id == id)
			return &slots->slots[i];
	return NULL;
}

static inline u64 slot_first_host_page(const struct kvm_memory_slot *slot)
{
	return slot->userspace_addr >> PAGE_SHIFT;
}

static inline hva_t gfn_to_hva_memslot(const struct kvm_memory_slot *slot, gfn_t gfn)
{
	return slot->userspace_addr + ((gfn - slot->base_gfn) << PAGE_SHIFT);
}

/* Set-up: every region of kvm->regions becomes a slot. */
void kvm_init_memslots(struct kvm *kvm);

/*
 * The memory-region ioctl, by its four uses.  `region` is an index of kvm->regions and also
 * the slot's id.  Each takes slots_lock itself and waits for SRCU grace periods, hence the
 * caller is in no read section.  0, -ENOENT (no such slot now) or -EEXIST.
 */
int kvm_create_memslot(struct kvm *kvm, u32 region, u32 flags);
int kvm_delete_memslot(struct kvm *kvm, u32 region, u32 *old_flags);
int kvm_move_memslot(struct kvm *kvm, u32 region);	/* to its other place; -ENOENT: it has none, -EBUSY */
int kvm_set_memslot_dirty_logging(struct kvm *kvm, u32 region, bool enable);

#endif
