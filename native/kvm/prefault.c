// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prefault: user space has guest memory mapped ahead of time (KVM_PRE_FAULT_MEMORY).
 *
 * faithful: the only place where RET_PF_RETRY is a loop in KVM and not a re-entry of the guest;
 *           all of it in one SRCU section; a slot that is being deleted ends it with -EAGAIN.
 * custom:   one page a call; the root is looked after on every turn, see below.
 * stubbed:  signals, shadow MMU, private memory.
 *
 * What a loop inside an SRCU section must not wait for: anything that waits for the section.
 *   A slot being deleted    the deleter has published the INVALID slot and waits for every section
 *                           that began before; the slot cannot go away until we leave.
 *   A root made invalid     only this vCPU can let go of its root, between two tries.  While it does
 *                           not, each fault is stale.  The kernel reloads the root once, before
 *                           the loop (switch N4).
 * A page that is being invalidated, or a lack of frames, are waited for: both pass without us.
 */
#include "prefault.h"

#include <errno.h>

#include "fault.h"
#include "tlb.h"

/* A valid root, or -ENOMEM. */
static int kvm_mmu_reload(struct kvm_vcpu *vcpu)
{
	must_hold_none(&vcpu->kvm->mmu_lock);

	if (kvm_check_request(KVM_REQ_FREE_OBSOLETE_ROOTS, vcpu))
		kvm_mmu_free_obsolete_roots(vcpu);
	return likely(kvm_mmu_root_loaded(vcpu)) ? 0 : kvm_mmu_load(vcpu);
}

/* RET_PF_* of a fault that is over, or -errno. */
static int kvm_tdp_map_page(struct kvm_vcpu *vcpu, gpa_t gpa, u64 error_code)
{
	int r = RET_PF_RETRY;

	must_hold_none(&vcpu->kvm->mmu_lock);
	must_hold_srcu();

	while (r == RET_PF_RETRY) {
		cond_resched();		/* whoever is in the way needs to run first */
		if (!(bug(vcpu->kvm, N4) && kvm_mmu_root_loaded(vcpu)) && kvm_mmu_reload(vcpu))
			continue;	/* no table frames: until a grace period gives some back */
		r = kvm_mmu_do_page_fault(vcpu, gpa, error_code, true);
		if (r == RET_PF_RETRY)
			note(NOTE_RETRY, vcpu, 0);
	}
	note(NOTE_RETRY_OVER, vcpu, 0);
	return r;
}

int kvm_arch_vcpu_pre_fault_memory(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	int r;

	must_hold_none(&vcpu->kvm->mmu_lock);
	must_hold_srcu();

	(void)kvm_mmu_reload(vcpu);
	r = kvm_tdp_map_page(vcpu, gpa, PFERR_USER_MASK);
	if (r == RET_PF_EMULATE)
		return -ENOENT;
	WARN_ON_ONCE(r == RET_PF_CONTINUE || r == RET_PF_INVALID);
	return r < 0 ? r : 0;
}
