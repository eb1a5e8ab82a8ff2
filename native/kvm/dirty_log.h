/* SPDX-License-Identifier: GPL-2.0-only */
/* Dirty logging: who wrote since the last look, one bit a page; see dirty_log.c. */
#ifndef MMUT_KVM_DIRTY_LOG_H
#define MMUT_KVM_DIRTY_LOG_H

#include "kvm_host.h"

#define DIRTY_BITMAP_WORDS(npages)	(((npages) + 63) / 64)

static inline bool kvm_slot_dirty_track_enabled(const struct kvm_memory_slot *slot)
{
	return slot->flags & KVM_MEM_LOG_DIRTY_PAGES;
}

/* `slot` may be NULL.  Caller: SRCU read section or slots_lock; no mmu_lock is needed. */
void mark_page_dirty_in_slot(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn);

/*
 * Reap the bits of a slot and arm it for the next round; with manual protect only look at them.
 * 0 or -ENOENT; takes slots_lock.
 */
int kvm_get_dirty_log(struct kvm *kvm, u32 region);
/* Clear and arm what the last look at [first_page, first_page + npages) of the slot showed as set. */
int kvm_clear_dirty_log(struct kvm *kvm, u32 region, u64 first_page, u64 npages);

#endif
