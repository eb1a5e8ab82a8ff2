// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zapping: leaves of a gfn range (notifiers), or everything below a root (invalidated roots, the
 * end of the VM).
 *
 * faithful: range zaps take leaves only, with mmu_lock held for write; root zaps go over the tree
 *           in passes of growing size, so that no single step takes long; a flush owed is
 *           handed from root to root and paid before the lock is dropped.
 * custom:   one entry point a purpose, no mirror roots.
 * elsewhere: zapping one table for NX recovery is in nx.c.
 *
 * Entries of an invalid root owe no flush: no vCPU can enter the guest with it, and whoever ran on
 * it has flushed, or will when it loads its next root, before it enters the guest again.
 */
#include "tdp_mmu.h"

#include "../core/flight.h"
#include "../core/measure.h"

/* Entries up to `zap_level`; what is above stays. */
static void __tdp_mmu_zap_root(struct kvm *kvm, struct kvm_mmu_page *root, bool shared, int zap_level)
{
	struct tdp_iter iter;

	must_hold_either(&kvm->mmu_lock);
	must_hold_rcu();
	may_yield(&kvm->mmu_lock);
	static_check_off("the mode is an argument");

	for_each_tdp_pte_min_level(iter, root, zap_level, 0, kvm->config.max_gfn) {
retry:
		if (tdp_mmu_iter_cond_resched(kvm, &iter, false, shared))
			continue;
		if (!is_shadow_present_pte(iter.old_spte) || iter.level > zap_level)
			continue;
		if (!shared) {
			tdp_mmu_iter_set_spte(kvm, &iter, SHADOW_NONPRESENT_VALUE);
		} else if (tdp_mmu_set_spte_atomic(kvm, &iter, SHADOW_NONPRESENT_VALUE)) {
			measure_retry("lost-cmpxchg");
			goto retry;	/* old_spte is what beat us */
		}
	}
}

/*
 * Everything below the root.  The caller's reference keeps the root itself.
 *
 * Small before large: cutting off a table sweeps what is below it in one go, without a yield.  Once
 * the leaves are gone, and then the tables one by one, no sweep meets more than one level.
 */
void tdp_mmu_zap_root(struct kvm *kvm, struct kvm_mmu_page *root, bool shared)
{
	if (shared)
		must_hold_read(&kvm->mmu_lock);
	else
		must_hold_write(&kvm->mmu_lock);
	may_yield(&kvm->mmu_lock);
	WARN_ON_ONCE(!refcount_read(&root->tdp_mmu_root_count));

	flight_begin(FLIGHT_ZAP_ROOT, root->pfn, 0);
	rcu_read_lock();
	for (int level = PG_LEVEL_4K; level <= PG_LEVEL_1G; level++)
		__tdp_mmu_zap_root(kvm, root, shared, level);
	__tdp_mmu_zap_root(kvm, root, shared, root->role.level);
	rcu_read_unlock();
	flight_end(0);
}

/* Leaves that overlap [start, end).  `flush` comes in as what is owed already, and goes out so. */
static bool tdp_mmu_zap_leafs(struct kvm *kvm, struct kvm_mmu_page *root, gfn_t start, gfn_t end,
			      bool can_yield, bool flush)
{
	struct tdp_iter iter;

	must_hold_write(&kvm->mmu_lock);
	may_yield(&kvm->mmu_lock);

	end = min(end, kvm->config.max_gfn);

	flight_begin(FLIGHT_ZAP, start, (u32)(end - start));
	rcu_read_lock();
	for_each_tdp_pte(iter, root, start, end) {
		if (can_yield && tdp_mmu_iter_cond_resched(kvm, &iter, flush, false)) {
			flush = false;
			continue;
		}
		if (!is_shadow_present_leaf(iter.old_spte, iter.level))
			continue;
		tdp_mmu_iter_set_spte(kvm, &iter, SHADOW_NONPRESENT_VALUE);
		if (!is_invalid_sp(root))
			flush = true;
	}
	/* Only leaves went: no table is waiting for a flush, hence RCU may be left before it. */
	rcu_read_unlock();
	flight_end((u32)(end - start));
	return flush;
}

/* Valid roots of all address spaces: what the gfns mean has changed, not who owns the memory. */
bool kvm_tdp_mmu_zap_leafs(struct kvm *kvm, gfn_t start, gfn_t end, bool flush)
{
	struct kvm_mmu_page *root;

	must_hold_write(&kvm->mmu_lock);
	may_yield(&kvm->mmu_lock);

	for_each_tdp_mmu_root_yield_safe(kvm, root, KVM_VALID_ROOTS)
		flush = tdp_mmu_zap_leafs(kvm, root, start, end, true, flush);
	return flush;
}

/*
 * For switches A07 and A08: the walk of the list as it was before it was made safe for yields.
 * Not pinned: a root whose last reference goes while we yield is freed under our feet.  Pinned,
 * and let go by a mere decrement: if ours was the last reference, nobody frees the root.
 */
static bool unmap_gfn_range_unsafe(struct kvm *kvm, struct kvm_gfn_range *range, bool flush, bool pin)
{
	struct kvm_mmu_page *root;

	must_hold_write(&kvm->mmu_lock);

	for_each_tdp_mmu_root(kvm, root) {
		if (kvm_mmu_page_as_id(root) != range->slot->as_id || (pin && !kvm_tdp_mmu_get_root(root)))
			continue;
		flush = tdp_mmu_zap_leafs(kvm, root, range->start, range->end, range->may_block, flush);
		if (pin)
			(void)refcount_dec_and_test(&root->tdp_mmu_root_count);
	}
	return flush;
}

/* The host takes the pages away: after the caller's flush no root, valid or not, may map them. */
bool kvm_tdp_mmu_unmap_gfn_range(struct kvm *kvm, struct kvm_gfn_range *range, bool flush)
{
	/* An invalid root maps host pages until it is zapped, though no guest can use it any more. */
	const u32 types = bug(kvm, A03) ? KVM_VALID_ROOTS : KVM_ALL_ROOTS;
	struct kvm_mmu_page *root;

	must_hold_write(&kvm->mmu_lock);
	may_yield(&kvm->mmu_lock);

	if (bug(kvm, A07))
		return unmap_gfn_range_unsafe(kvm, range, flush, false);
	if (bug(kvm, A08))
		return unmap_gfn_range_unsafe(kvm, range, flush, true);
	for_each_tdp_mmu_root_as_id_yield_safe(kvm, root, range->slot->as_id, types) {
		if (bug(kvm, A04)) {
			flush |= tdp_mmu_zap_leafs(kvm, root, range->start, range->end, range->may_block, false);
			continue;
		}
		/*
		 * What the last root left unflushed goes into the next root's walk, which may
		 * yield.  Forgotten there: another notifier for the same page gets the lock, finds
		 * nothing mapped, flushes nothing, and the host frees a page a CPU still writes.
		 */
		flush = tdp_mmu_zap_leafs(kvm, root, range->start, range->end, range->may_block, flush);
	}
	return flush;
}

/* The address space goes away: every root, no flush, for no vCPU runs again. */
void kvm_tdp_mmu_zap_all(struct kvm *kvm)
{
	struct kvm_mmu_page *root;

	must_hold_write(&kvm->mmu_lock);
	may_yield(&kvm->mmu_lock);

	for_each_tdp_mmu_root_yield_safe(kvm, root, KVM_ALL_ROOTS)
		tdp_mmu_zap_root(kvm, root, false);
}
