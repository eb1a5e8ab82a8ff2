// SPDX-License-Identifier: GPL-2.0-only
/*
 * The MMU notifier: the primary MMU is about to change host pages, KVM lets go of them.
 *
 * faithful: mn_active_invalidate_count freezes the memslots from start to end; mmu_lock is
 *           taken for write at the first slot that overlaps, and not at all if none does;
 *           begin and range_add before the unmap, the flush before the lock is released;
 *           end bumps the sequence and drops the count in one write section.
 * custom:   slots are found by comparing ranges (there are few), not by an interval tree.  A flush
 *           owed for one slot is paid before the next slot is walked, see unmap_slot(); the
 *           kernel collects it and pays once, after the last slot.
 * stubbed:  pfn caches, the memory-reclaimed hook, notifiers that must not block.
 */
#include "notifier.h"

#include "aging.h"
#include "memslot.h"
#include "mmu.h"
#include "tlb.h"

struct mmu_notifier_range {
	u64 first, end;			/* host page numbers */
	bool begin;			/* start: unmap; otherwise the matching end */
};

static bool slot_overlap(const struct kvm_memory_slot *slot, const struct mmu_notifier_range *range,
			 struct kvm_gfn_range *gfns)
{
	u64 host = slot_first_host_page(slot);
	u64 first = max(range->first, host), end = min(range->end, host + slot->npages);

	if (first >= end)
		return false;
	*gfns = (struct kvm_gfn_range) {
		.slot = slot, .may_block = true,
		.start = slot->base_gfn + (first - host), .end = slot->base_gfn + (end - host),
	};
	return true;
}

/*
 * One more slot that maps the range.  Its walk may yield, that is drop mmu_lock, and knows
 * nothing of what is owed for the slots before it, so that is paid first.  Otherwise (the same
 * memory in two slots): A zaps slot 0 and yields in slot 1; B, who invalidates the same page,
 * finds it unmapped, owes no flush and frees it; vCPU writes to it through its TLB.
 */
static bool unmap_slot(struct kvm *kvm, struct kvm_gfn_range *gfns, bool flush)
{
	must_hold_write(&kvm->mmu_lock);
	if (flush && !bug(kvm, N2)) {
		kvm_flush_remote_tlbs(kvm);
		flush = false;
	}
	kvm_mmu_invalidate_range_add(kvm, gfns->start, gfns->end);
	return kvm_unmap_gfn_range(kvm, gfns) | flush;
}

/*
 * Start and end walk the same slots, so both or neither take mmu_lock: the set cannot be
 * swapped while mn_active_invalidate_count is not zero.
 */
static void kvm_handle_hva_range(struct kvm *kvm, const struct mmu_notifier_range *range)
{
	struct kvm_gfn_range gfns;
	bool locked = false, flush = false;

	static_check_off("mmu_lock is taken at the first slot that overlaps, if any does");
	srcu_read_lock();
	for (int as_id = 0; as_id < KVM_ADDRESS_SPACE_NUM; as_id++) {
		struct kvm_memslots *slots = kvm_memslots_of(kvm, as_id);

		for (u32 i = 0; i < slots->nr; i++) {
			if (!slot_overlap(&slots->slots[i], range, &gfns))
				continue;
			if (!locked) {
				locked = true;
				write_lock(&kvm->mmu_lock);
				if (range->begin)
					kvm_mmu_invalidate_begin(kvm);
				else
					kvm_mmu_invalidate_end(kvm);
			}
			if (range->begin)
				flush = unmap_slot(kvm, &gfns, flush);
		}
	}
	/* Under the lock: until the flush is over nobody may conclude that the page is unmapped. */
	if (flush)
		kvm_flush_remote_tlbs(kvm);
	if (locked)
		write_unlock(&kvm->mmu_lock);
	srcu_read_unlock();
}

void kvm_mmu_notifier_invalidate_range_start(struct kvm *kvm, u64 first, u64 end)
{
	const struct mmu_notifier_range range = { .first = first, .end = end, .begin = true };

	must_hold_none(&kvm->mmu_lock);

	/*
	 * From here on the memslots stay what they are.  Pairs with kvm_swap_active_memslots(),
	 * which publishes only under this lock and with a count of zero.  Otherwise: start finds
	 * no slot; a slot with these pages appears; end finds it and undoes a begin that never was.
	 */
	spin_lock(&kvm->mn_invalidate_lock);
	WRITE_ONCE(kvm->mn_active_invalidate_count, READ_ONCE(kvm->mn_active_invalidate_count) + 1);
	spin_unlock(&kvm->mn_invalidate_lock);

	kvm_handle_hva_range(kvm, &range);
}

void kvm_mmu_notifier_invalidate_range_end(struct kvm *kvm, u64 first, u64 end)
{
	const struct mmu_notifier_range range = { .first = first, .end = end, .begin = false };
	u64 count;

	must_hold_none(&kvm->mmu_lock);

	kvm_handle_hva_range(kvm, &range);

	spin_lock(&kvm->mn_invalidate_lock);
	count = READ_ONCE(kvm->mn_active_invalidate_count);
	if (!WARN_ON_ONCE(!count))
		WRITE_ONCE(kvm->mn_active_invalidate_count, count - 1);
	spin_unlock(&kvm->mn_invalidate_lock);
}

/* ------------------------------------------------------------------ aging */

typedef bool (*age_fn)(struct kvm *kvm, const struct kvm_gfn_range *range);

static bool kvm_age_hva_range(struct kvm *kvm, u64 first, u64 end, age_fn age)
{
	const struct mmu_notifier_range range = { .first = first, .end = end };
	struct kvm_gfn_range gfns;
	bool young = false;

	/* Called under the host's page-table locks, hence from anywhere: nothing here waits. */
	srcu_read_lock();
	for (int as_id = 0; as_id < KVM_ADDRESS_SPACE_NUM; as_id++) {
		struct kvm_memslots *slots = kvm_memslots_of(kvm, as_id);

		for (u32 i = 0; i < slots->nr; i++)
			if (slot_overlap(&slots->slots[i], &range, &gfns))
				young |= age(kvm, &gfns);
	}
	srcu_read_unlock();
	return young;
}

bool kvm_mmu_notifier_clear_young(struct kvm *kvm, u64 first, u64 end)
{
	return kvm_age_hva_range(kvm, first, end, kvm_tdp_mmu_age_gfn_range);
}

bool kvm_mmu_notifier_test_young(struct kvm *kvm, u64 first, u64 end)
{
	return kvm_age_hva_range(kvm, first, end, kvm_tdp_mmu_test_age_gfn);
}
