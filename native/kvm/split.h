/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Eager page splitting when a dirty log begins, and recovery of huge pages when it ends.
 *
 * faithful: splitting under mmu_lock for read (a log is enabled) and for write (bits are
 *           cleared); the lock dropped to allocate; no flush for a split; recovery from the first
 *           leaf below a table, flushed inside RCU.
 * stubbed:  the shadow MMU's split caches: a table for a split comes straight from the allocator,
 *           as it does in the TDP MMU.
 */
#ifndef MMUT_KVM_SPLIT_H
#define MMUT_KVM_SPLIT_H

#include "kvm_host.h"

/* All huge leaves of [start, end) above target_level; as many as memory allows. */
void kvm_tdp_mmu_try_split_huge_pages(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t start, gfn_t end,
				      int target_level, bool shared);
/* Huge leaves back in place of tables, wherever the host and the slot allow it. */
void kvm_tdp_mmu_recover_huge_pages(struct kvm *kvm, const struct kvm_memory_slot *slot);

#endif
