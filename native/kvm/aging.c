// SPDX-License-Identifier: GPL-2.0-only
/*
 * Aging: the host's reclaim asks which pages are in use, and wants to be told anew next time.
 *
 * faithful: no lock at all: SRCU for the slots, RCU for roots and tables; valid roots only; no
 *           yield; no TLB flush, a CPU that goes on using a cached translation only looks old;
 *           with A/D bits A is cleared, without them R, W and X go and the next access faults.
 * custom:   one compare-exchange in both cases.  With A/D bits the kernel clears A by an
 *           unconditional AND (switch N3), see below.
 * stubbed:  shadow MMU.
 *
 * Nobody waits for an ager and it waits for nobody, so anything may have happened to an entry
 * between its read and its change: a zap, a split, a freeze.  Hence:
 *
 *   ager: reads a leaf, A is set | another task: cuts the table off and freezes the entry
 *   ager: clears bit 8 of whatever is there.  The frozen value has bit 8 set: it becomes a value
 *   that is neither frozen nor present, and a fault that still stands in the table installs
 *   a mapping there, which nobody will ever find.
 *
 * A compare-exchange fails instead, and the page stays young: it was in use a moment ago.
 */
#include "aging.h"

#include "roots.h"
#include "tdp_iter.h"

static void kvm_tdp_mmu_age_spte(struct kvm *kvm, struct tdp_iter *iter)
{
	u64 old_spte = iter->old_spte;

	must_hold_rcu();

	if (bug(kvm, N3) && spte_ad_enabled(old_spte)) {
		tdp_mmu_clear_spte_bits_atomic(iter->sptep, shadow_accessed_mask);
		return;
	}
	/*
	 * Full barrier, publishes nothing.  Partners: the exchange of whoever zaps or freezes the
	 * entry, the cmpxchg of a fault.  Otherwise, without A/D bits: we read RWX; notifier zaps; we
	 * store the tracked SPTE, present, of a page that has been freed.
	 */
	(void)try_cmpxchg64(iter->sptep, &old_spte, mark_spte_for_access_track(old_spte));
}

static bool __kvm_tdp_mmu_age_gfn_range(struct kvm *kvm, const struct kvm_gfn_range *range, bool test_only)
{
	struct kvm_mmu_page *root;
	struct tdp_iter iter;
	bool young = false;

	must_hold_srcu();

	/* One section for all: there are no references, the roots themselves are kept by it. */
	rcu_read_lock();
	for_each_tdp_mmu_root_rcu(kvm, root, range->slot->as_id) {
		for_each_tdp_pte(iter, root, range->start, range->end) {
			if (!is_shadow_present_leaf(iter.old_spte, iter.level) || !is_accessed_spte(iter.old_spte))
				continue;
			young = true;
			if (test_only)
				goto out;
			kvm_tdp_mmu_age_spte(kvm, &iter);
		}
	}
out:
	rcu_read_unlock();
	return young;
}

bool kvm_tdp_mmu_age_gfn_range(struct kvm *kvm, const struct kvm_gfn_range *range)
{
	must_hold_srcu();
	return __kvm_tdp_mmu_age_gfn_range(kvm, range, false);
}

bool kvm_tdp_mmu_test_age_gfn(struct kvm *kvm, const struct kvm_gfn_range *range)
{
	must_hold_srcu();
	return __kvm_tdp_mmu_age_gfn_range(kvm, range, true);
}
