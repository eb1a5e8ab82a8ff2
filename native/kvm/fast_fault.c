// SPDX-License-Identifier: GPL-2.0-only
/*
 * fast_page_fault(): a leaf is there and only a permission is missing that KVM itself took away,
 * to log writes (W) or, without A/D bits, to see whether the page is used (R and X).
 *
 * faithful: which faults are eligible; the lockless walk under RCU; a compare-exchange of the very
 *           value that was judged, with few retries; the dirty mark after it; no W for a huge leaf
 *           of a logged slot.
 * custom:   the walk's outcome lies in the vCPU and not on the stack.
 * stubbed:  shadow MMU (walks with interrupts off), private memory.
 *
 * Why no lock is needed, in steps:
 *   1. MMU-writable says that KVM would let this page be written.  It is cleared only with
 *      mmu_lock held for write, together with a change that fails our compare-exchange.
 *   2. If the exchange succeeds, the SPTE was what we judged at that instant: present, so its
 *      page was still mapped, and no notifier for it had got that far.  Whoever zaps it later
 *      exchanges it atomically (it counts as volatile) and sees W.
 *   3. A table that was cut off under mmu_lock for read is frozen: the exchange fails there.  One
 *      cut off under write may be changed by us up to the sweep, which exchanges as well.
 *   4. Logging: the slot's flags in this SRCU section are the ones that every write protection of
 *      the slot waited for, so that a page we make writable is marked if it has to be.
 */
#include "fast_fault.h"

#include "../core/measure.h"
#include "dirty_log.h"
#include "tdp_iter.h"

#define FAST_PF_RETRIES	4

static bool page_fault_can_be_fast(const struct kvm *kvm, const struct kvm_page_fault *fault)
{
	if (fault->error_code & PFERR_RSVD_MASK)
		return false;
	/* Nothing readable: not mapped; or mapped, and access to it is tracked by such faults. */
	if (!fault->present)
		return !kvm_ad_enabled(kvm);
	return fault->write;
}

/* The leaf that translates `gfn`, as it was a moment ago; no sptep where there is none. */
static void kvm_tdp_mmu_fast_pf_get_last_sptep(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	struct kvm_mmu_page *root = pfn_to_sp(vcpu->mmu.root_hpa);
	struct kvm_lockless_walk *walk = &vcpu->walk;
	struct tdp_iter iter;

	must_hold_rcu();

	/*
	 * The entry that the CPU faulted on may be gone, and a table on the way to it as well: the
	 * walk then finds no leaf, and what the last one found is not an answer.
	 */
	if (!bug(vcpu->kvm, R11))
		walk->sptep = NULL;
	for_each_tdp_pte(iter, root, gfn, gfn + 1) {
		if (!is_shadow_present_leaf(iter.old_spte, iter.level))
			continue;
		walk->sptep = iter.sptep;
		walk->spte = iter.old_spte;
		return;
	}
}

/* What the SPTE may become without asking anybody; the same value: nothing can be granted. */
static u64 fast_pf_grant(const struct kvm *kvm, const struct kvm_page_fault *fault, u64 spte, int level)
{
	u64 new_spte = spte;

	if (!kvm_ad_enabled(kvm) && is_access_track_spte(spte))
		new_spte = restore_acc_track_spte(spte) | shadow_accessed_mask;
	if (!fault->write || !is_mmu_writable_spte(spte))
		return new_spte;
	/* One dirty bit is 4K: the slow path has to split this leaf. */
	if (level > PG_LEVEL_4K && fault->slot && kvm_slot_dirty_track_enabled(fault->slot))
		return spte;
	return new_spte | PT_WRITABLE_MASK;
}

static bool fast_pf_fix_direct_spte(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault, u64 new_spte)
{
	const u64 old_spte = vcpu->walk.spte;
	u64 spte = old_spte;

	must_hold_rcu();

	/*
	 * Against everybody else who changes this entry, with or without mmu_lock.  Full barrier;
	 * partners: the exchange of a zap or a freeze, the AND of dirty logging.  With a store:
	 * we read the SPTE; notifier zaps it, flushes and frees the page; we map it again.
	 */
	if (!try_cmpxchg64(vcpu->walk.sptep, &spte, new_spte))
		return false;
	/*
	 * After the exchange, for only now the page can be written; before this vCPU enters the
	 * guest, hence before its write.  The other way round: mark; the log is reaped and W, still
	 * clear, is cleared; exchange: writable, and no bit says so.
	 */
	if (is_writable_pte(new_spte) && !is_writable_pte(old_spte))
		mark_page_dirty_in_slot(vcpu->kvm, fault->slot, fault->gfn);
	return true;
}

static int fast_pf_walk_and_fix(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	const struct kvm_lockless_walk *walk = &vcpu->walk;

	must_hold_rcu();

	for (u32 lost = 0; lost <= FAST_PF_RETRIES; lost++) {
		u64 new_spte;

		kvm_tdp_mmu_fast_pf_get_last_sptep(vcpu, fault->gfn);
		if (!walk->sptep)
			return RET_PF_INVALID;
		if (is_access_allowed(fault, walk->spte))
			return RET_PF_SPURIOUS;
		new_spte = fast_pf_grant(vcpu->kvm, fault, walk->spte, sptep_to_sp(walk->sptep)->role.level);
		if (!is_access_allowed(fault, new_spte))
			return RET_PF_INVALID;
		if (fast_pf_fix_direct_spte(vcpu, fault, new_spte))
			return RET_PF_FIXED;
		vcpu->stat_lost_cmpxchg++;
		measure_retry("lost-cmpxchg");
	}
	return RET_PF_INVALID;
}

int fast_page_fault(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	int ret;

	must_hold_none(&vcpu->kvm->mmu_lock);
	must_hold_srcu();

	if (!page_fault_can_be_fast(vcpu->kvm, fault))
		return RET_PF_INVALID;
	/* The tables, and the entry that the walk ends at, stay readable until we are done. */
	rcu_read_lock();
	ret = fast_pf_walk_and_fix(vcpu, fault);
	rcu_read_unlock();
	return ret;
}
