// SPDX-License-Identifier: GPL-2.0-only
/*
 * The APIC access page; see apic_page.h.
 *
 * Why no CPU uses an address that the host has taken back, in steps:
 *   1. A reload reads the sequence number, looks the page up, and programs it under mmu_lock only
 *      if no invalidation of it is under way or has ended since: as a fault does.
 *   2. A notifier comes later, then: it sends the request under mmu_lock for write and waits for
 *      each vCPU to be out of the guest, where the address is used.
 *   3. A vCPU serves its requests before it enters, and goes back to step 1.
 */
#include "apic_page.h"

#include "host_mm.h"
#include "memslot.h"
#include "mmu.h"
#include "tlb.h"
#include "zap_range.h"

void kvm_apic_page_invalidate(struct kvm *kvm, const struct kvm_memory_slot *slot)
{
	if (likely(slot->id != (u32)kvm->apic_region))
		return;
	kvm_make_all_cpus_request(kvm, KVM_REQ_APIC_PAGE_RELOAD);
}

void kvm_vcpu_reload_apic_access_page(struct kvm_vcpu *vcpu)
{
	const struct kvm_memory_slot *slot;
	struct kvm *kvm = vcpu->kvm;
	kvm_pfn_t pfn;
	bool writable;
	u64 mmu_seq;

	must_hold_none(&kvm->mmu_lock);
	must_hold_srcu();

	vcpu->apic_access_pfn = 0;
	slot = id_to_memslot(kvm_memslots_of(kvm, vcpu->as_id), (u32)kvm->apic_region);
	if (!slot || (slot->flags & KVM_MEMSLOT_INVALID))
		return;

	mmu_seq = READ_ONCE(kvm->mmu_invalidate_seq);
	/* seq before the page; pairs with kvm_mmu_invalidate_end(), as in kvm_mmu_faultin_pfn(). */
	smp_rmb();
	if (kvm_slot_is_emulated(kvm, slot))
		return;
	pfn = host_mm_faultin(kvm, gfn_to_hva_memslot(slot, slot->base_gfn), true, &writable);
	if (is_error_pfn(pfn))
		return;

	read_lock(&kvm->mmu_lock);
	/* Otherwise: we look up; notifier's request is served by this very call; we program what is gone. */
	if (mmu_invalidate_retry_gfn(kvm, mmu_seq, slot->base_gfn) && !bug(kvm, R06))
		kvm_make_self_request(KVM_REQ_APIC_PAGE_RELOAD, vcpu);
	else
		vcpu->apic_access_pfn = (u32)pfn;
	read_unlock(&kvm->mmu_lock);
}
