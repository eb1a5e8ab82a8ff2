/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Write tracking: gfns of which somebody outside the MMU wants to see each write; see write_track.c.
 */
#ifndef MMUT_KVM_WRITE_TRACK_H
#define MMUT_KVM_WRITE_TRACK_H

#include "kvm_host.h"

/* mmu_lock in either mode makes the answer stand still; without it, it is a hint. */
bool kvm_gfn_is_write_tracked(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn);
/* Any page of the aligned block of `level` around gfn: it may not be mapped by one leaf. */
bool kvm_block_is_write_tracked(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn, int level);

/* By a user outside the MMU: begin to track, or cease.  0, or -EINVAL: no slot, or nothing to do. */
int kvm_write_track_add_gfn(struct kvm *kvm, int as_id, gfn_t gfn);
int kvm_write_track_remove_gfn(struct kvm *kvm, int as_id, gfn_t gfn);
/* A slot begins its life: nothing of it is tracked.  No reader has it yet. */
void kvm_write_track_reset(struct kvm *kvm, u32 region);

#endif
