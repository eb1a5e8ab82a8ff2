// SPDX-License-Identifier: GPL-2.0-only
/*
 * Roots as they lived before the MMU held a reference of its own (profile legacy-roots): a valid
 * root goes with the last vCPU that lets go of it.
 *
 * faithful: whoever puts the last reference marks the root invalid, lends it one reference for
 *           the zap, so that notifiers still find it, and unlinks it afterwards.
 * custom:   the mode of mmu_lock is looked up where the kernel of the time handed it down; a holder
 *           for write flushes first, for the sake of the walk that it may be in.
 *
 * Why nobody takes the root up again, in steps:
 *   1. At zero no reference can be taken, and invalidation, which needs mmu_lock for write, skips it.
 *   2. It becomes invalid before its count rises to one: from then on walkers may pin it.  A vCPU
 *      chooses a root with mmu_lock held for write: it looks before step 1, or sees the mark.
 *   3. Between the two the notifier would miss it; but that holds mmu_lock for write, and we
 *      have not let go of it since the count was one.
 */
#include "roots.h"

#include "tdp_mmu.h"
#include "tlb.h"

static bool mmu_lock_held_shared(struct kvm *kvm)
{
	const struct held_lock *held = held_find(current, &kvm->mmu_lock);

	return held && held->mode == LOCK_READ;
}

void kvm_tdp_mmu_put_last_legacy(struct kvm *kvm, struct kvm_mmu_page *root)
{
	const bool shared = mmu_lock_held_shared(kvm);

	must_hold_either(&kvm->mmu_lock);
	may_yield(&kvm->mmu_lock);

	/*
	 * Full barrier: invalid before the count.  Pairs with the get of a walker, also one, and its
	 * look at `invalid`.  Otherwise: notifier pins the root and takes it for one that owes a flush.
	 */
	(void)xchg(&root->invalid, 1);
	WRITE_ONCE(root->tdp_mmu_root_count, 1);
	/*
	 * Not for this root: the last vCPU flushes its TLB when it loads its next one.  But a notifier comes
	 * here between two roots, with the flush that it owes for the first, and the zap may yield.
	 */
	if (!shared)
		kvm_flush_remote_tlbs(kvm);
	tdp_mmu_zap_root(kvm, root, shared);
	kvm_tdp_mmu_put_root(kvm, root);
}
