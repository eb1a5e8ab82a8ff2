/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The APIC access page: a page address that is used by the CPU and is in no SPTE.
 *
 * faithful: looked up and programmed under the same protocol as a mapping; the notifier asks every
 *           vCPU to look it up again, and waits until each has left the guest.
 * custom:   it is the first page of a memslot that the configuration names, and the guest reads
 *           through it, so that a wrong address shows.  No slot: nothing is programmed.
 * stubbed:  what the page is for.
 */
#ifndef MMUT_KVM_APIC_PAGE_H
#define MMUT_KVM_APIC_PAGE_H

#include "kvm_host.h"

/* By the owner, outside guest mode: look the page up and program its address, or ask to be called again. */
void kvm_vcpu_reload_apic_access_page(struct kvm_vcpu *vcpu);
/* The host takes pages of `slot` away, or the slot itself goes; before the notifier returns. */
void kvm_apic_page_invalidate(struct kvm *kvm, const struct kvm_memory_slot *slot);

#endif
