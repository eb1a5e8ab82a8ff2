// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty logging in the TDP MMU: taking W or D away, so that the next write is noticed.
 *
 * faithful: over a whole slot with mmu_lock held for read, by cmpxchg; for single gfns with it
 *           held for write, by one atomic AND; W goes but MMU-writable stays; which bit is
 *           taken depends on whether the D bit of the tree means anything.
 *           W and MMU-writable both go from a huge leaf whose log begins all set.
 * elsewhere: splitting before and huge-page recovery after are in split.c.
 *
 * Nothing here flushes, and nothing here says whether a flush is needed: an entry that is clean
 * already may still be cached as writable by some CPU, so that the caller flushes anyway.
 */
#include "tdp_mmu.h"

#include "../core/measure.h"

/* Clear `bit` in all leaves of [start, end) at or above min_level. */
static void tdp_mmu_clear_leaf_bit(struct kvm *kvm, struct kvm_mmu_page *root, gfn_t start, gfn_t end,
				   int min_level, u64 bit)
{
	struct tdp_iter iter;

	must_hold_read(&kvm->mmu_lock);
	may_yield(&kvm->mmu_lock);

	rcu_read_lock();
	for_each_tdp_pte_min_level(iter, root, min_level, start, end) {
retry:
		if (tdp_mmu_iter_cond_resched(kvm, &iter, false, true))
			continue;
		if (!is_shadow_present_leaf(iter.old_spte, iter.level) || !(iter.old_spte & bit))
			continue;
		/* A D bit that cannot be trusted must not be what logging relies on. */
		WARN_ON_ONCE(bit == shadow_dirty_mask && spte_ad_need_write_protect(iter.old_spte));
		if (tdp_mmu_set_spte_atomic(kvm, &iter, iter.old_spte & ~bit)) {
			measure_retry("lost-cmpxchg");
			goto retry;
		}
	}
	rcu_read_unlock();
}

/* What a write must trip over: the D bit where the CPU logs it (PML), else W. */
static u64 tdp_mmu_dirty_bit(struct kvm *kvm, const struct kvm_mmu_page *root, bool wrprot)
{
	return wrprot || kvm_mmu_page_ad_need_write_protect(kvm, root) ? PT_WRITABLE_MASK : shadow_dirty_mask;
}

void kvm_tdp_mmu_wrprot_slot(struct kvm *kvm, const struct kvm_memory_slot *slot, int min_level)
{
	struct kvm_mmu_page *root;

	must_hold_read(&kvm->mmu_lock);
	may_yield(&kvm->mmu_lock);

	for_each_tdp_mmu_root_as_id_yield_safe(kvm, root, slot->as_id, KVM_VALID_ROOTS)
		tdp_mmu_clear_leaf_bit(kvm, root, slot->base_gfn, slot->base_gfn + slot->npages, min_level,
				       PT_WRITABLE_MASK);
}

void kvm_tdp_mmu_clear_dirty_slot(struct kvm *kvm, const struct kvm_memory_slot *slot)
{
	struct kvm_mmu_page *root;

	must_hold_read(&kvm->mmu_lock);
	may_yield(&kvm->mmu_lock);

	for_each_tdp_mmu_root_as_id_yield_safe(kvm, root, slot->as_id, KVM_VALID_ROOTS)
		tdp_mmu_clear_leaf_bit(kvm, root, slot->base_gfn, slot->base_gfn + slot->npages, PG_LEVEL_4K,
				       tdp_mmu_dirty_bit(kvm, root, false));
}

static void clear_dirty_pt_masked(struct kvm *kvm, struct kvm_mmu_page *root, gfn_t gfn, u64 mask, u64 bit)
{
	const gfn_t first = gfn + (u64)__builtin_ctzll(mask);
	const gfn_t end = gfn + 64 - (u64)__builtin_clzll(mask);
	struct tdp_iter iter;

	must_hold_write(&kvm->mmu_lock);

	rcu_read_lock();
	for_each_tdp_pte(iter, root, first, end) {
		if (iter.level > PG_LEVEL_4K || !is_shadow_present_pte(iter.old_spte))
			continue;
		if (!(mask & BIT_ULL(iter.gfn - gfn)) || !(iter.old_spte & bit))
			continue;
		/* An AND, not a store: the CPU may set A or D, a fault in flight holds no lock we exclude. */
		iter.old_spte = tdp_mmu_clear_spte_bits(iter.sptep, iter.old_spte, bit, iter.level);
	}
	rcu_read_unlock();
}

/* 4K leaves among the 64 gfns from `gfn` on.  Does not yield: the mask is small. */
void kvm_tdp_mmu_clear_dirty_pt_masked(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn,
				       u64 mask, bool wrprot)
{
	struct kvm_mmu_page *root;

	must_hold_write(&kvm->mmu_lock);
	if (!mask)
		return;

	for_each_valid_tdp_mmu_root(kvm, root, slot->as_id)
		clear_dirty_pt_masked(kvm, root, gfn, mask, tdp_mmu_dirty_bit(kvm, root, wrprot));
}

static bool write_protect_gfn(struct kvm *kvm, struct kvm_mmu_page *root, gfn_t gfn, int min_level)
{
	struct tdp_iter iter;
	bool spte_set = false;

	must_hold_write(&kvm->mmu_lock);

	rcu_read_lock();
	for_each_tdp_pte_min_level(iter, root, min_level, gfn, gfn + 1) {
		u64 new_spte = iter.old_spte & ~(PT_WRITABLE_MASK | shadow_mmu_writable_mask);

		if (!is_shadow_present_leaf(iter.old_spte, iter.level))
			continue;
		/* Not where W alone is gone: a fast fault gives it back, and its flush may be still to come. */
		if (bug(kvm, A12) ? !is_writable_pte(iter.old_spte) : new_spte == iter.old_spte)
			break;
		tdp_mmu_iter_set_spte(kvm, &iter, new_spte);
		spte_set = true;
	}
	rcu_read_unlock();
	return spte_set;
}

/* True: W or MMU-writable was taken away, and the caller flushes before it drops mmu_lock. */
bool kvm_tdp_mmu_write_protect_gfn(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn, int min_level)
{
	struct kvm_mmu_page *root;
	bool spte_set = false;

	must_hold_write(&kvm->mmu_lock);

	for_each_valid_tdp_mmu_root(kvm, root, slot->as_id)
		spte_set |= write_protect_gfn(kvm, root, gfn, min_level);
	return spte_set;
}
