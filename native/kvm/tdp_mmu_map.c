// SPDX-License-Identifier: GPL-2.0-only
/*
 * Installing the translation that a fault asks for: kvm_tdp_mmu_map().
 *
 * faithful: one walk, one cmpxchg for each level that is missing, every lost race ends the
 *           fault with RETRY; a huge leaf in the way is split, a table in the way of a huge leaf is
 *           replaced and flushed before RCU is left.
 * custom:   root and fault are handed down, no vCPU is needed below this file's entry point
 *           but for its cache.
 * stubbed:  mirror roots.
 *
 * Two faults on one gfn: both find the entry empty, one cmpxchg wins, the other fault retries and
 * finds the work done.  A fault and a zap of the table it stands in: see tdp_mmu.c.
 */
#include "tdp_mmu.h"

#include "../core/measure.h"
#include "fault.h"
#include "mmio.h"
#include "nx.h"
#include "tlb.h"

/* Put a finished, private table where iter stands.  0, or -EBUSY: it is still private. */
static int tdp_mmu_link_sp(struct kvm *kvm, struct tdp_iter *iter, struct kvm_mmu_page *sp, bool shared)
{
	const u64 spte = make_nonleaf_spte(sp->pfn, !kvm_ad_enabled(kvm));
	int ret = 0;

	must_hold_either(&kvm->mmu_lock);
	must_hold_rcu();
	static_check_off("the mode is an argument");

	if (shared)
		ret = tdp_mmu_set_spte_atomic(kvm, iter, spte);
	else
		tdp_mmu_iter_set_spte(kvm, iter, spte);
	if (!ret)
		atomic64_inc(&kvm->tdp_mmu_pages);
	return ret;
}

/*
 * A table of smaller leaves takes the place of a huge one.  No flush: the old and the new
 * translations are the same, with the same permissions.
 */
int tdp_mmu_split_huge_page(struct kvm *kvm, struct tdp_iter *iter, struct kvm_mmu_page *sp, bool shared)
{
	const u64 huge_spte = iter->old_spte;
	int ret;

	must_hold_either(&kvm->mmu_lock);
	must_hold_rcu();

	/* Nobody sees sp yet: plain stores, published by the cmpxchg that links it. */
	for (int i = 0; i < TABLE_WORDS; i++)
		WRITE_PRIVATE(sp->spt[i], make_small_spte(kvm, huge_spte, sp->role, i));

	/*
	 * A D bit that the CPU sets in the huge leaf from here on makes the cmpxchg fail.  With
	 * mmu_lock held for write it is lost, which costs one more D bit and no mark: the CPU has
	 * logged its gfn, and the bits of this range are being reaped, or are all still set.
	 */
	ret = tdp_mmu_link_sp(kvm, iter, sp, shared);
	if (!ret)
		kvm_update_page_stats(kvm, iter->level - 1, TABLE_WORDS);
	return ret;
}

/* The level below is missing, or hidden by a huge leaf. */
static int tdp_mmu_add_table(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault, struct tdp_iter *iter)
{
	struct kvm_mmu_page *sp = tdp_mmu_alloc_sp(vcpu);
	struct kvm *kvm = vcpu->kvm;
	int ret;

	must_hold_read(&kvm->mmu_lock);
	must_hold_rcu();

	tdp_mmu_init_child_sp(sp, iter);
	/*
	 * Before the table is linked, published by the linking cmpxchg.  After it: another fault reads
	 * "allowed" and puts an executable huge page in our place; or a zap finds no flag and
	 * leaves the list alone, and then we put a dead table on it.
	 */
	if (!bug(kvm, A15))
		WRITE_PRIVATE(sp->nx_huge_page_disallowed, fault->huge_page_disallowed);
	if (is_shadow_present_pte(iter->old_spte))
		ret = tdp_mmu_split_huge_page(kvm, iter, sp, true);
	else
		ret = tdp_mmu_link_sp(kvm, iter, sp, true);
	/* Never published: no grace period, and not back into the cache, its entries may be written. */
	if (ret) {
		tdp_mmu_free_sp(sp);
		return ret;
	}
	if (bug(kvm, A15))
		WRITE_ONCE(sp->nx_huge_page_disallowed, fault->huge_page_disallowed);
	if (fault->huge_page_disallowed && fault->req_level >= iter->level)
		track_possible_nx_huge_page(kvm, sp);
	return 0;
}

static int tdp_mmu_map_handle_target_level(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault,
					   struct tdp_iter *iter, bool *cut_table)
{
	struct kvm_mmu_page *sp = sptep_to_sp(iter->sptep);
	struct kvm *kvm = vcpu->kvm;
	u64 new_spte;
	bool wrprot;

	must_hold_read(&kvm->mmu_lock);
	must_hold_rcu();
	must_hold_srcu();

	if (WARN_ON_ONCE(sp->role.level != fault->goal_level))
		return RET_PF_RETRY;

	/*
	 * This fault saw no slot, and there is memory: it came meanwhile, and another vCPU mapped it.  The
	 * guest will see it when it tries again.  Otherwise: an MMIO SPTE over a mapping that CPUs have cached.
	 */
	if (!fault->slot && is_shadow_present_pte(iter->old_spte) && !bug(kvm, N6)) {
		measure_retry("memory-came");
		return RET_PF_RETRY;
	}
	/* A prefetch grants less than any fault that was here before; see make_spte(). */
	if (is_shadow_present_leaf(iter->old_spte, iter->level) &&
	    (fault->prefetch ? !bug(kvm, R15) :
	     kvm->config.spurious_shortcut && is_access_allowed(fault, iter->old_spte))) {
		/* Another vCPU mapped it, from an answer that was still true under mmu_lock: as is ours. */
		WARN_ON_ONCE(fault->pfn != spte_to_pfn(iter->old_spte));
		return RET_PF_SPURIOUS;
	}

	if (unlikely(!fault->slot))
		new_spte = make_mmio_spte(vcpu, fault->gfn);
	else
		new_spte = make_spte(kvm, sp, fault->slot, fault->gfn, fault->pfn, iter->old_spte, fault->prefetch,
				     fault->map_writable, &kvm->shadow_zero_check);
	/* There is still nothing: the SPTE was not believed while an update was under way. */
	/* KVM itself does not want it written: who writes it goes to the emulator, each time. */
	wrprot = fault->write && fault->map_writable && !is_writable_pte(new_spte);
	if (new_spte == iter->old_spte && wrprot)
		return RET_PF_WRITE_PROTECTED;
	if (new_spte == iter->old_spte)
		return is_mmio_spte(new_spte) ? RET_PF_EMULATE : RET_PF_SPURIOUS;
	if (tdp_mmu_set_spte_atomic(kvm, iter, new_spte)) {
		vcpu->stat_lost_cmpxchg++;
		measure_retry("lost-cmpxchg");
		return RET_PF_RETRY;
	}

	*cut_table = is_shadow_present_table(iter->old_spte, iter->level);
	/* A fault grants, it does not take away. */
	WARN_ON_ONCE(is_shadow_present_leaf(iter->old_spte, iter->level) &&
		     is_mmu_writable_spte(iter->old_spte) && !is_mmu_writable_spte(new_spte));
	if (wrprot)
		return RET_PF_WRITE_PROTECTED;
	/* From now on the CPU knows that there is nothing; this access is the emulator's. */
	return unlikely(is_mmio_spte(new_spte)) ? RET_PF_EMULATE : RET_PF_FIXED;
}

static int tdp_mmu_map_walk(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault, struct kvm_mmu_page *root,
			    bool *cut_table)
{
	struct tdp_iter iter;

	must_hold_read(&vcpu->kvm->mmu_lock);
	must_hold_rcu();
	must_hold_srcu();

	for_each_tdp_pte(iter, root, fault->gfn, fault->gfn + 1) {
		if (fault->nx_huge_page_workaround_enabled)
			disallowed_hugepage_adjust(fault, iter.old_spte, iter.level);
		/* The table we stand in was cut off; the way down from the root leads elsewhere now. */
		if (is_frozen_spte(iter.old_spte)) {
			measure_retry("frozen");
			return RET_PF_RETRY;
		}
		if (iter.level == fault->goal_level)
			return tdp_mmu_map_handle_target_level(vcpu, fault, &iter, cut_table);
		if (is_shadow_present_table(iter.old_spte, iter.level))
			continue;
		/* A huge leaf is present, and is not the way to a 4K one: it is split below. */
		if (bug(vcpu->kvm, R10) && is_shadow_present_pte(iter.old_spte))
			continue;
		if (tdp_mmu_add_table(vcpu, fault, &iter)) {
			vcpu->stat_lost_cmpxchg++;
			measure_retry("lost-cmpxchg");
			return RET_PF_RETRY;
		}
	}
	/*
	 * A table on the way vanished between two reads of its entry, and the iterator stands
	 * wherever it stopped: not at the goal.  To map there: fault reads a table; zap cuts it
	 * off; fault puts a 4K leaf where the CPU expects a table or a huge leaf.
	 */
	if (bug(vcpu->kvm, A17) && !is_frozen_spte(iter.old_spte)) {
		fault->goal_level = iter.level;	/* past the check that came with the fix */
		return tdp_mmu_map_handle_target_level(vcpu, fault, &iter, cut_table);
	}
	measure_retry("table-gone");
	return RET_PF_RETRY;
}

int kvm_tdp_mmu_map(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	struct kvm_mmu_page *root = pfn_to_sp(vcpu->mmu.root_hpa);
	struct kvm *kvm = vcpu->kvm;
	bool cut_table = false;
	int ret;

	must_hold_read(&kvm->mmu_lock);
	must_hold_srcu();
	WARN_ON_ONCE(is_obsolete_root(kvm, root));

	kvm_mmu_hugepage_adjust(vcpu, fault);

	rcu_read_lock();
	ret = tdp_mmu_map_walk(vcpu, fault, root, &cut_table);
	if (unlikely(cut_table)) {
		const u64 nr = KVM_PAGES_PER_HPAGE(fault->goal_level);
		const gfn_t base = round_down(fault->gfn, nr);

		if (bug(kvm, A05)) {
			rcu_read_unlock();
			kvm_flush_remote_tlbs_range(kvm, base, nr);
			return ret;
		}
		/*
		 * Our RCU section, in which the table was handed to call_rcu(), keeps its frame from
		 * being reused until no CPU can walk it: guest mode is no RCU section.  Flush after
		 * the unlock: grace period ends; frame becomes another table; a CPU that cached
		 * the old upper entry walks it.
		 */
		kvm_flush_remote_tlbs_range(kvm, base, nr);
	}
	rcu_read_unlock();
	return ret;
}
