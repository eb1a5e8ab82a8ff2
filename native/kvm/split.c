// SPDX-License-Identifier: GPL-2.0-only
/*
 * Eager page splitting and huge-page recovery in the TDP MMU; see split.h.
 *
 * A split changes no translation and no permission: W and D are inherited by all 512, so that
 * nothing needs a flush, and whoever takes W or D away afterwards flushes for what he finds.
 *
 * Recovery installs a huge leaf without asking the notifier's sequence.  A present leaf below
 * the table proves that no invalidation of the block has taken its pages since it was installed, for
 * an invalidation that shrinks the host's mapping covers the whole block; and one that comes
 * later needs mmu_lock for write and zaps the huge leaf as it would have zapped the small ones.
 */
#include "split.h"

#include "../core/measure.h"
#include "fault.h"
#include "tdp_mmu.h"
#include "tlb.h"

/* ------------------------------------------------------------------ splitting */

static void split_unlock(struct kvm *kvm, bool shared) __releases(mmu_lock) __releases(rcu)
{
	static_check_off("the mode is an argument");
	rcu_read_unlock();
	if (shared)
		read_unlock(&kvm->mmu_lock);
	else
		write_unlock(&kvm->mmu_lock);
}

static void split_relock(struct kvm *kvm, bool shared) __acquires(mmu_lock) __acquires(rcu)
{
	static_check_off("the mode is an argument");
	if (shared)
		read_lock(&kvm->mmu_lock);
	else
		write_lock(&kvm->mmu_lock);
	rcu_read_lock();
}

/* False: no memory, and what is huge still is stays so. */
static bool tdp_mmu_split_huge_pages_root(struct kvm *kvm, struct kvm_mmu_page *root, gfn_t start, gfn_t end,
					  int target_level, bool shared)
{
	struct kvm_mmu_page *sp = NULL;
	struct tdp_iter iter;

	if (shared)
		must_hold_read(&kvm->mmu_lock);
	else
		must_hold_write(&kvm->mmu_lock);

	rcu_read_lock();
	for_each_tdp_pte_min_level(iter, root, target_level + 1, start, end) {
retry:
		if (tdp_mmu_iter_cond_resched(kvm, &iter, false, shared))
			continue;
		if (!is_shadow_present_pte(iter.old_spte) || !is_large_pte(iter.old_spte))
			continue;
		if (!sp) {
			/* May sleep.  What the iterator knows is dead afterwards: it has to restart. */
			split_unlock(kvm, shared);
			sp = tdp_mmu_alloc_sp_for_split(kvm);
			split_relock(kvm, shared);
			if (!sp)
				break;
			iter.yielded = true;
			continue;
		}
		tdp_mmu_init_child_sp(sp, &iter);
		/* Lost to a fault, a zap or the CPU's D: the same entry again, with the same spare. */
		if (tdp_mmu_split_huge_page(kvm, &iter, sp, shared))
			goto retry;
		sp = NULL;
	}
	rcu_read_unlock();

	/* A spare that nobody needed after all was never published. */
	if (sp)
		tdp_mmu_free_sp(sp);
	return !iter.valid || iter.gfn >= end;
}

void kvm_tdp_mmu_try_split_huge_pages(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t start, gfn_t end,
				      int target_level, bool shared)
{
	struct kvm_mmu_page *root;

	if (shared)
		must_hold_read(&kvm->mmu_lock);
	else
		must_hold_write(&kvm->mmu_lock);

	for_each_tdp_mmu_root_as_id_yield_safe(kvm, root, slot->as_id, KVM_VALID_ROOTS) {
		if (tdp_mmu_split_huge_pages_root(kvm, root, start, end, target_level, shared))
			continue;
		/* Best effort: what stays huge is write-protected by the caller, and split by a fault. */
		kvm_tdp_mmu_put_root(kvm, root);
		break;
	}
}

/* ------------------------------------------------------------------ recovery */

/* Some leaf below the table that `table_spte`, an entry of `level`, points to; 0 where nothing is mapped. */
static u64 first_leaf_below(u64 table_spte, int level)
{
	tdp_ptep_t child = spte_to_child_pt(table_spte, level);
	u64 spte;

	must_hold_rcu();

	for (int i = 0; child && i < TABLE_WORDS; i++) {
		spte = READ_SCAN(child[i]);
		if (is_shadow_present_table(spte, level - 1))
			spte = first_leaf_below(spte, level - 1);
		if (is_shadow_present_pte(spte))
			return spte;
	}
	return 0;
}

/* The huge leaf that the table at `parent` could be; 0 where nothing is mapped below. */
static u64 tdp_mmu_make_huge_spte(struct kvm *kvm, const struct tdp_iter *parent)
{
	/* Any will do: they are contiguous, and logging, that told them apart, is off. */
	u64 spte;

	must_hold_rcu();
	spte = first_leaf_below(parent->old_spte, parent->level);
	return spte ? make_huge_spte(kvm, spte, parent->level) : 0;
}

static void recover_huge_pages_range(struct kvm *kvm, struct kvm_mmu_page *root, const struct kvm_memory_slot *slot)
{
	const gfn_t start = slot->base_gfn, end = start + slot->npages;
	struct tdp_iter iter;
	bool flush = false;
	u64 huge_spte;

	must_hold_read(&kvm->mmu_lock);
	must_hold_either(&kvm->slots_lock);

	rcu_read_lock();
	for_each_tdp_pte_min_level(iter, root, PG_LEVEL_2M, start, end) {
retry:
		if (tdp_mmu_iter_cond_resched(kvm, &iter, flush, true)) {
			flush = false;
			continue;
		}
		if (iter.level > KVM_MAX_HUGEPAGE_LEVEL || !is_shadow_present_table(iter.old_spte, iter.level))
			continue;
		/* The table reaches beyond the slot. */
		if (iter.gfn < start || iter.gfn + KVM_PAGES_PER_HPAGE(iter.level) > end)
			continue;
		if (kvm_mmu_max_mapping_level(kvm, slot, iter.gfn, kvm->config.max_level) < iter.level)
			continue;
		huge_spte = tdp_mmu_make_huge_spte(kvm, &iter);
		if (!huge_spte)
			continue;
		if (tdp_mmu_set_spte_atomic(kvm, &iter, huge_spte)) {
			measure_retry("lost-cmpxchg");
			goto retry;
		}
		flush = true;
	}
	/*
	 * Inside RCU: the tables cut off above go to their grace period when we leave, and a CPU
	 * in guest mode, which RCU does not wait for, may have cached pointers to them.
	 */
	if (flush)
		kvm_flush_remote_tlbs_memslot(kvm, slot);
	rcu_read_unlock();
}

void kvm_tdp_mmu_recover_huge_pages(struct kvm *kvm, const struct kvm_memory_slot *slot)
{
	struct kvm_mmu_page *root;

	must_hold_read(&kvm->mmu_lock);
	must_hold_either(&kvm->slots_lock);

	for_each_tdp_mmu_root_as_id_yield_safe(kvm, root, slot->as_id, KVM_VALID_ROOTS)
		recover_huge_pages_range(kvm, root, slot);
}
