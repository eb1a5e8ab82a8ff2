// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zapping a gfn range when a rule changes; see zap_range.h.
 *
 * Why no fault brings the old answer back, in steps:
 *   1. The rule is changed, then mmu_lock is taken for write and the window opened.
 *   2. A fault that reads the new rule goes to the emulator.  One that read the old rule had read
 *      the sequence number before (kvm_mmu_faultin_pfn()).
 *   3. It installs under mmu_lock: before step 1 took it, and is zapped; or while a walk yields, and
 *      finds its gfn in the window; or after the unlock, and finds that the sequence moved on.
 */
#include "zap_range.h"

#include "apic_page.h"
#include "memslot.h"
#include "mmu.h"
#include "tdp_mmu.h"
#include "tlb.h"

void kvm_zap_gfn_range(struct kvm *kvm, gfn_t start, gfn_t end)
{
	/* As if the host took the pages away: faults in flight hold an answer that is out of date. */
	const bool window = !bug(kvm, A20);
	bool flush;

	must_hold_none(&kvm->mmu_lock);
	may_yield(&kvm->mmu_lock);
	if (WARN_ON_ONCE(start >= end))
		return;

	write_lock(&kvm->mmu_lock);
	if (window) {
		kvm_mmu_invalidate_begin(kvm);
		/* In frames, as everything that is compared with it. */
		if (bug(kvm, A20b))
			kvm_mmu_invalidate_range_add(kvm, start << PAGE_SHIFT, end << PAGE_SHIFT);
		else
			kvm_mmu_invalidate_range_add(kvm, start, end);
	}
	flush = kvm_tdp_mmu_zap_leafs(kvm, start, end, false);
	if (flush)
		kvm_flush_remote_tlbs_range(kvm, start, end - start);
	if (window)
		kvm_mmu_invalidate_end(kvm);
	write_unlock(&kvm->mmu_lock);
}

void kvm_toggle_slot_emulated(struct kvm *kvm, u32 region)
{
	const struct kvm_memory_slot *slot;
	u64 rule;

	must_hold_none(&kvm->mmu_lock);

	mutex_lock(&kvm->slots_lock);
	slot = id_to_memslot(kvm_memslots_of(kvm, kvm->regions[region].as_id), region);
	if (!slot)
		goto unlock;
	rule = data_read(kvm->emulated_slots) ^ BIT_ULL(region);
	if (!(rule & BIT_ULL(region)))
		note(NOTE_SLOT_MAPPED, kvm, region);
	/*
	 * The rule before the window; mmu_lock is a full barrier.  Pairs with smp_rmb() in
	 * kvm_mmu_faultin_pfn().  Otherwise: window opens and closes; vCPU reads the new sequence
	 * number and the old rule, and maps what should be emulated.
	 */
	WRITE_ONCE(kvm->emulated_slots, rule);
	if (rule & BIT_ULL(region)) {
		kvm_apic_page_invalidate(kvm, slot);
		kvm_zap_gfn_range(kvm, slot->base_gfn, slot->base_gfn + slot->npages);
		note(NOTE_SLOT_EMULATED, kvm, region);
	}
unlock:
	mutex_unlock(&kvm->slots_lock);
}
