/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Zapping a gfn range because the answer to "what is there?" changes, though the memory does not.
 *
 * faithful: kvm_zap_gfn_range() and its invalidation window; the order rule, then zap; an
 *           emulated access leaves no SPTE behind, so that the way back needs no zap.
 * custom:   the rule is one bit for each memslot, which the VMM flips; slots_lock takes the part
 *           of apicv_update_lock.
 * stubbed:  why the rule changes (an inhibited APIC page, a memory type): nobody asks.
 */
#ifndef MMUT_KVM_ZAP_RANGE_H
#define MMUT_KVM_ZAP_RANGE_H

#include "kvm_host.h"

/* No fault that was resolved before the call maps [start, end) after it; other faults may. */
void kvm_zap_gfn_range(struct kvm *kvm, gfn_t start, gfn_t end);
/* Emulated or mapped: the other one.  Where the slot does not exist, nothing. */
void kvm_toggle_slot_emulated(struct kvm *kvm, u32 region);

static inline bool kvm_slot_is_emulated(struct kvm *kvm, const struct kvm_memory_slot *slot)
{
	return unlikely(READ_ONCE(kvm->emulated_slots) & BIT_ULL(slot->id));
}

#endif
