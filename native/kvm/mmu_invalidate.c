// SPDX-License-Identifier: GPL-2.0-only
/*
 * The notifier protocol: how an invalidation by the host and a fault agree on who was first.
 *
 * faithful: in_progress covers start to end; seq moves on at end; one merged range for all
 *           invalidations under way, which never shrinks until the last is over.
 *
 * All four words change with mmu_lock held for write.  Faults read them without the lock as
 * a hint, hence READ_ONCE and WRITE_ONCE, and with it, in either mode, as the truth.
 */
#include "apic_page.h"
#include "mmu.h"
#include "tdp_mmu.h"

void kvm_mmu_invalidate_begin(struct kvm *kvm)
{
	s64 in_progress;

	must_hold_write(&kvm->mmu_lock);

	in_progress = data_read(kvm->mmu_invalidate_in_progress) + 1;
	WRITE_ONCE(kvm->mmu_invalidate_in_progress, in_progress);
	if (likely(in_progress == 1)) {
		WRITE_ONCE(kvm->mmu_invalidate_range_start, INVALID_GPA);
		WRITE_ONCE(kvm->mmu_invalidate_range_end, INVALID_GPA);
	}
}

void kvm_mmu_invalidate_range_add(struct kvm *kvm, gfn_t start, gfn_t end)
{
	gfn_t first, last;

	must_hold_write(&kvm->mmu_lock);
	WARN_ON_ONCE(data_read(kvm->mmu_invalidate_in_progress) <= 0);
	WARN_ON_ONCE(start >= end);

	first = data_read(kvm->mmu_invalidate_range_start);
	last = data_read(kvm->mmu_invalidate_range_end);
	/*
	 * Invalidations overlap in time, and end in any order: a range taken out with the first
	 * to end would still be needed by the second.  Too wide costs retries, no more.
	 */
	if (first == INVALID_GPA) {
		first = start;
		last = end;
	} else {
		first = min(first, start);
		last = max(last, end);
	}
	WRITE_ONCE(kvm->mmu_invalidate_range_start, first);
	WRITE_ONCE(kvm->mmu_invalidate_range_end, last);
}

void kvm_mmu_invalidate_end(struct kvm *kvm)
{
	s64 in_progress;

	must_hold_write(&kvm->mmu_lock);

	WRITE_ONCE(kvm->mmu_invalidate_seq, data_read(kvm->mmu_invalidate_seq) + 1);
	/*
	 * seq before in_progress.  Pairs with smp_rmb() in kvm_mmu_faultin_pfn() for those who
	 * look without the lock.  Otherwise: fault sees nothing in progress and the old seq,
	 * and takes the page it looked up before for a good one.
	 */
	smp_wmb();
	in_progress = data_read(kvm->mmu_invalidate_in_progress) - 1;
	/* One of several that overlap takes an early way out. */
	if (bug(kvm, H8) && in_progress)
		return;
	WRITE_ONCE(kvm->mmu_invalidate_in_progress, in_progress);

	WARN_ON_ONCE(in_progress < 0);
	/* begin without a range: faults of the invalidated gfns were not held off. */
	WARN_ON_ONCE(data_read(kvm->mmu_invalidate_range_start) == INVALID_GPA);
}

bool mmu_invalidate_retry_gfn(struct kvm *kvm, u64 mmu_seq, gfn_t gfn)
{
	must_hold_read(&kvm->mmu_lock);

	if (unlikely(data_read(kvm->mmu_invalidate_in_progress))) {
		gfn_t start = data_read(kvm->mmu_invalidate_range_start);
		gfn_t end = data_read(kvm->mmu_invalidate_range_end);

		/* Whoever began has added its range before it dropped the lock. */
		if (WARN_ON_ONCE(start == INVALID_GPA || end == INVALID_GPA))
			return true;
		if (gfn >= start && gfn < end)
			return true;
	}
	return data_read(kvm->mmu_invalidate_seq) != mmu_seq;
}

bool mmu_invalidate_retry_gfn_unsafe(struct kvm *kvm, u64 mmu_seq, gfn_t gfn)
{
	/* Start and end may be of different invalidations, in_progress over by now: a hint. */
	if (unlikely(READ_ONCE(kvm->mmu_invalidate_in_progress)) &&
	    gfn >= READ_ONCE(kvm->mmu_invalidate_range_start) &&
	    gfn < READ_ONCE(kvm->mmu_invalidate_range_end))
		return true;
	return READ_ONCE(kvm->mmu_invalidate_seq) != mmu_seq;
}

bool kvm_unmap_gfn_range(struct kvm *kvm, struct kvm_gfn_range *range)
{
	must_hold_write(&kvm->mmu_lock);
	/* Faults are held off, or the slot is out of their reach. */
	WARN_ON_ONCE(hooks_on() && !data_read(kvm->mmu_invalidate_in_progress) &&
		     !held_find(current, &kvm->slots_lock));

	/* No SPTE, hence no flush, tells the CPU. */
	kvm_apic_page_invalidate(kvm, range->slot);
	return kvm_tdp_mmu_unmap_gfn_range(kvm, range, false);
}
