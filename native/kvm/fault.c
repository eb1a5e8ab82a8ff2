// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TDP page fault; see fault.h.
 *
 * custom:   what KVM lets run with mmu_lock held in either mode, since the shadow MMU faults with it
 *           held for write, is declared for read here: there are no other callers.
 *
 * Why the answer of the host is still true when it is installed, in steps:
 *   1. mmu_invalidate_seq is read, then the page is looked up: kvm_mmu_faultin_pfn().
 *   2. mmu_lock is taken for read.  A notifier begins and ends under mmu_lock for write, so
 *      that from here on its state stands still.
 *   3. is_page_fault_stale(): an invalidation that covers the gfn is under way, or one ended since
 *      step 1 (seq moved on): retry.  Otherwise every invalidation of the page ended before
 *      step 1, or begins after our unlock and will find what we install.
 */
#include "fault.h"

#include <errno.h>

#include "../core/flight.h"
#include "../core/measure.h"
#include "dirty_log.h"
#include "fast_fault.h"
#include "host_mm.h"
#include "memslot.h"
#include "mmio.h"
#include "mmu_page.h"
#include "nx.h"
#include "tdp_mmu.h"
#include "write_track.h"
#include "zap_range.h"

/* ------------------------------------------------------------------ the page behind a gfn */

int kvm_mmu_faultin_pfn(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	const struct kvm_memory_slot *slot = fault->slot;
	struct kvm *kvm = vcpu->kvm;

	must_hold_none(&kvm->mmu_lock);
	must_hold_srcu();

	fault->mmu_seq = READ_ONCE(kvm->mmu_invalidate_seq);
	/*
	 * seq before the page.  Pairs with smp_wmb() in kvm_mmu_invalidate_end().  Otherwise: we
	 * look the page up; the host takes it away, seq moves on; we read the new seq, and
	 * find nothing amiss under mmu_lock.
	 */
	smp_rmb();

	if (!slot)
		return kvm_handle_noslot_fault(vcpu, fault);
	/* Being deleted: what is mapped now would be zapped at once, or worse, missed by the zap. */
	if (slot->flags & KVM_MEMSLOT_INVALID) {
		measure_retry("invalid-memslot");
		/* A prefault retries in this SRCU section, whose end the deleter waits for. */
		return fault->prefetch && !bug(kvm, A13) ? -EAGAIN : RET_PF_RETRY;
	}
	if (fault->write && (slot->flags & KVM_MEM_READONLY))
		return RET_PF_EMULATE;
	/* After seq, see kvm_toggle_slot_emulated(); nothing is cached, so the way back needs no zap. */
	if (kvm_slot_is_emulated(kvm, slot))
		return RET_PF_EMULATE;

	/* A cheap way out while the host is at it: saves the lookup and the lock, proves nothing. */
	if (mmu_invalidate_retry_gfn_unsafe(kvm, fault->mmu_seq, fault->gfn)) {
		measure_retry("stale-sequence");
		return RET_PF_RETRY;
	}

	fault->pfn = host_mm_faultin(kvm, gfn_to_hva_memslot(slot, fault->gfn), fault->write, &fault->map_writable);
	if (bug(kvm, R03))
		fault->mmu_seq = READ_ONCE(kvm->mmu_invalidate_seq);
	if (is_error_pfn(fault->pfn)) {
		measure_retry("no-host-frame");
		return RET_PF_RETRY;	/* the host is out of frames, for now */
	}
	if (slot->flags & KVM_MEM_READONLY)
		fault->map_writable = false;

	if (mmu_invalidate_retry_gfn_unsafe(kvm, fault->mmu_seq, fault->gfn)) {
		measure_retry("stale-sequence");
		return RET_PF_RETRY;
	}
	return RET_PF_CONTINUE;
}

/* ------------------------------------------------------------------ stale or not */

bool is_obsolete_root(struct kvm *kvm, struct kvm_mmu_page *root)
{
	must_hold_read(&kvm->mmu_lock);

	/*
	 * Roots become invalid under mmu_lock for write, and are zapped after that.  A mapping
	 * that enters later may lie where the zap has passed: never taken out, its table is lost.
	 */
	if (bug(kvm, A06))
		return false;
	return is_invalid_sp(root);
}

bool is_page_fault_stale(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	must_hold_read(&vcpu->kvm->mmu_lock);

	if (is_obsolete_root(vcpu->kvm, pfn_to_sp(vcpu->mmu.root_hpa))) {
		measure_retry("invalid-root");
		return true;
	}
	if (bug(vcpu->kvm, H6))
		return false;
	if (!fault->slot || !mmu_invalidate_retry_gfn(vcpu->kvm, fault->mmu_seq, fault->gfn))
		return false;
	measure_retry("stale-sequence");
	return true;
}

/* ------------------------------------------------------------------ the size of the mapping */

/* The aligned block of `level` around gfn lies inside the slot (the kernel's lpage_info). */
static bool slot_allows_level(const struct kvm_memory_slot *slot, gfn_t gfn, int level)
{
	const u64 nr = KVM_PAGES_PER_HPAGE(level);
	const gfn_t base = round_down(gfn, nr);

	if (base < slot->base_gfn || base + nr > slot->base_gfn + slot->npages)
		return false;
	/* The host's block and the guest's begin at the same place. */
	return !((slot->base_gfn ^ (slot->userspace_addr >> PAGE_SHIFT)) & (nr - 1));
}

int kvm_mmu_max_mapping_level(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn, int max_level)
{
	must_hold_read(&kvm->mmu_lock);

	while (max_level > PG_LEVEL_4K && (!slot_allows_level(slot, gfn, max_level) ||
					   kvm_block_is_write_tracked(kvm, slot, gfn, max_level)))
		max_level--;
	if (max_level == PG_LEVEL_4K)
		return PG_LEVEL_4K;
	/*
	 * Read without the host's lock.  The stale check has passed under this mmu_lock section:
	 * before the host can shrink the mapping its notifier needs mmu_lock for write, and will
	 * zap what we install.
	 */
	return min(max_level, host_pfn_mapping_level(kvm, slot, gfn));
}

void kvm_mmu_hugepage_adjust(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	must_hold_read(&vcpu->kvm->mmu_lock);

	fault->huge_page_disallowed = fault->exec && fault->nx_huge_page_workaround_enabled;
	if (fault->max_level == PG_LEVEL_4K || is_error_pfn(fault->pfn) || is_noslot_pfn(fault->pfn))
		return;
	/* A dirty bit stands for 4K. */
	if (kvm_slot_dirty_track_enabled(fault->slot))
		return;

	fault->req_level = (u8)kvm_mmu_max_mapping_level(vcpu->kvm, fault->slot, fault->gfn, fault->max_level);
	if (fault->req_level == PG_LEVEL_4K || fault->huge_page_disallowed)
		return;
	fault->goal_level = fault->req_level;
	/* gfn and pfn are congruent inside a huge mapping. */
	KVM_BUG_ON((fault->gfn ^ fault->pfn) & (KVM_PAGES_PER_HPAGE(fault->goal_level) - 1), vcpu->kvm);
	fault->pfn = round_down(fault->pfn, KVM_PAGES_PER_HPAGE(fault->goal_level));
}

/* ------------------------------------------------------------------ the handler */

/* For switch R20 alone: a helper that yields on contention, harmless anywhere but where it is called. */
static void cond_resched_mmu_lock_read(struct kvm *kvm)
{
	must_hold_read(&kvm->mmu_lock);

	if (!rwlock_needbreak(&kvm->mmu_lock))
		return;
	read_unlock(&kvm->mmu_lock);
	cond_resched();
	read_lock(&kvm->mmu_lock);
}

int kvm_tdp_page_fault(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	struct kvm *kvm = vcpu->kvm;
	int ret;

	must_hold_none(&kvm->mmu_lock);
	must_hold_srcu();

	/* A present entry has been protected for the tracker's sake: no fault makes it writable. */
	if (fault->present && fault->write && fault->slot && kvm_gfn_is_write_tracked(kvm, fault->slot, fault->gfn))
		return RET_PF_WRITE_PROTECTED;
	/* Without mmu_lock, where one permission bit is all that is missing. */
	ret = fast_page_fault(vcpu, fault);
	if (ret != RET_PF_INVALID)
		return ret;

	/* Now, for nothing can be allocated under mmu_lock.  No frame: callbacks will free some. */
	if (kvm_mmu_topup_memory_cache(&vcpu->mmu_page_cache, PT64_ROOT_MIN_CACHE)) {
		measure_retry("no-table-frame");
		return RET_PF_RETRY;
	}

	ret = kvm_mmu_faultin_pfn(vcpu, fault);
	if (ret != RET_PF_CONTINUE)
		return ret;

	read_lock(&kvm->mmu_lock);
	if (is_page_fault_stale(vcpu, fault)) {
		ret = RET_PF_RETRY;
	} else {
		/* Nothing that may drop the lock comes between the check and what it is about. */
		if (bug(kvm, R20))
			cond_resched_mmu_lock_read(kvm);
		ret = kvm_tdp_mmu_map(vcpu, fault);
	}
	read_unlock(&kvm->mmu_lock);
	return ret;
}

int kvm_mmu_do_page_fault(struct kvm_vcpu *vcpu, gpa_t gpa, u64 error_code, bool prefetch)
{
	struct kvm_page_fault fault = {
		.addr = gpa,
		.error_code = error_code,
		.prefetch = prefetch,
		.exec = error_code & PFERR_FETCH_MASK,
		.write = error_code & PFERR_WRITE_MASK,
		.present = error_code & PFERR_PRESENT_MASK,
		.is_tdp = true,
		.nx_huge_page_workaround_enabled = is_nx_huge_page_enabled(vcpu->kvm),
		.max_level = vcpu->kvm->config.max_level,
		.req_level = PG_LEVEL_4K,
		.goal_level = PG_LEVEL_4K,
		.gfn = gpa >> PAGE_SHIFT,
		.pfn = KVM_PFN_ERR_FAULT,
	};

	/* SRCU: the set of slots, and with it fault.slot, stays until the fault is over. */
	must_hold_srcu();

	fault.slot = gfn_to_memslot(kvm_memslots_of(vcpu->kvm, vcpu->as_id), fault.gfn);
	return kvm_tdp_page_fault(vcpu, &fault);
}

int kvm_mmu_page_fault(struct kvm_vcpu *vcpu, gpa_t gpa, u64 error_code)
{
	int ret = RET_PF_INVALID;

	must_hold_none(&vcpu->kvm->mmu_lock);
	must_hold_srcu();
	WARN_ON_ONCE(!kvm_mmu_root_loaded(vcpu));

	flight_begin(FLIGHT_FAULT, gpa >> PAGE_SHIFT, RET_PF_INVALID);
	/* The CPU met an MMIO SPTE, or what looked like one to it. */
	if (error_code & PFERR_RSVD_MASK)
		ret = handle_mmio_page_fault(vcpu, gpa);
	if (ret == RET_PF_INVALID)
		ret = kvm_mmu_do_page_fault(vcpu, gpa, error_code, false);

	vcpu->stat_faults++;
	measure_fault(gpa >> PAGE_SHIFT, ret == RET_PF_RETRY);
	switch (ret) {
	case RET_PF_RETRY:	vcpu->stat_retries++; break;
	case RET_PF_WRITE_PROTECTED:
	case RET_PF_EMULATE:	vcpu->stat_emulated++; break;
	case RET_PF_FIXED:	vcpu->stat_fixed++; break;
	case RET_PF_SPURIOUS:	vcpu->stat_spurious++; break;
	default:
		/* CONTINUE and INVALID are for internal use. */
		WARN_ON_ONCE(ret <= RET_PF_CONTINUE || ret == RET_PF_INVALID);
	}
	if (ret == RET_PF_RETRY)
		flight_end_of_try(ret);
	else
		flight_end(ret);
	return ret;
}
