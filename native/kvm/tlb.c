// SPDX-License-Identifier: GPL-2.0-only
/*
 * Remote TLB flush: request, kick, acknowledgement.
 *
 * faithful: the request bit, the mode word and the order of the accesses to them; a flusher
 *           waits for every vCPU that it found in guest mode (or leaving it), and for no other.
 * custom:   the acknowledgement of the IPI is guest_exits: it moves on when the vCPU has left
 *           the guest, which is what the interrupt would have forced.
 * stubbed:  all flushes are full ones; a halted vCPU; migration of a vCPU between CPUs.
 *
 * Why nobody uses a dead translation after kvm_flush_remote_tlbs() (a Dekker pair):
 *
 *   flusher:  T: store the table    vCPU:  M: mode = IN_GUEST
 *             R: set the request           smp_mb()
 *             (locked: full barrier)       r: read requests
 *             m: read and kick mode        w: walk the tables, fill the TLB
 *
 *   1. If m reads OUTSIDE, then M is after m in the one order of these words.  R is before m
 *      and r is after M, hence r sees the request and the vCPU goes back to serve it.
 *   2. If m reads IN or EXITING, the flusher waits until guest_exits moves.  The vCPU polls
 *      mode before each access, leaves the guest, and finds the request before it returns.
 *   3. guest_exits is read before mode is kicked.  An exit in between satisfies the wait at
 *      once, rightly: the next entry comes after R, and case 1's argument holds for its r.
 *   4. A vCPU that is OUTSIDE uses no translation: neither TLB nor paging-structure cache.
 */
#include "tlb.h"

#include <string.h>

#include "../core/flight.h"
#include "../core/measure.h"

static void kvm_make_request(unsigned int req, struct kvm_vcpu *vcpu)
{
	/*
	 * What the request is about (table stores, root->invalid) before the request bit; pairs
	 * with the full barrier of kvm_check_request().  Otherwise: vCPU sees the bit, flushes, and
	 * walks the table as it was; the store arrives and nobody asks again.
	 */
	smp_wmb();
	set_bit(req, &vcpu->requests);
}

void kvm_make_self_request(unsigned int req, struct kvm_vcpu *vcpu)
{
	kvm_make_request(req, vcpu);
}

/*
 * IN becomes EXITING, so that the vCPU leaves at its next poll.  True: it was not outside, and
 * the caller who needs certainty waits for guest_exits to differ from `*exits`.
 */
static bool kvm_vcpu_exiting_guest_mode(struct kvm_vcpu *vcpu, u64 *exits)
{
	u32 mode = IN_GUEST_MODE;

	*exits = READ_ONCE(vcpu->guest_exits);
	/*
	 * The request before the mode (m after R above): set_bit() was a locked operation, a full
	 * barrier, as is this one if it succeeds.  Otherwise: flusher reads mode OUTSIDE early; vCPU
	 * enters and reads no request; flusher sets it and returns, the vCPU runs on stale entries.
	 */
	if (try_cmpxchg(&vcpu->mode, &mode, EXITING_GUEST_MODE))
		return true;
	return mode != OUTSIDE_GUEST_MODE;
}

bool kvm_make_all_cpus_request(struct kvm *kvm, unsigned int req)
{
	u64 exits[KVM_MAX_VCPUS];
	u32 wait_for = 0, i;

	flight_begin(FLIGHT_FLUSH, 0, req);
	for (i = 0; i < kvm->online_vcpus; i++) {
		struct kvm_vcpu *vcpu = &kvm->vcpus[i];

		kvm_make_request(req, vcpu);
		if (kvm_vcpu_exiting_guest_mode(vcpu, &exits[i]))
			wait_for |= 1u << i;
	}
	flight_about(wait_for);
	if (wait_for)
		flight_begin(FLIGHT_FLUSH_WAIT, wait_for, req);
	/* All have been kicked by now: they leave side by side. */
	for (i = 0; i < kvm->online_vcpus; i++)
		if (wait_for & (1u << i))
			(void)smp_cond_load_relaxed(&kvm->vcpus[i].guest_exits, VAL != exits[i]);
	if (wait_for)
		flight_end(req);
	flight_end(req);
	return wait_for;
}

void kvm_kick_all_vcpus(struct kvm *kvm)
{
	u64 exits;

	for (u32 i = 0; i < kvm->online_vcpus; i++)
		kvm_vcpu_exiting_guest_mode(&kvm->vcpus[i], &exits);
}

/* Any lock state; the caller's own vCPU is outside guest mode and gets the request like the others. */
void kvm_flush_remote_tlbs(struct kvm *kvm)
{
	u64 since = measure_begin();

	atomic64_inc(&kvm->stat_remote_tlb_flush_requests);
	if (kvm_make_all_cpus_request(kvm, KVM_REQ_TLB_FLUSH))
		atomic64_inc(&kvm->stat_remote_tlb_flush);
	note(NOTE_TLB_FLUSHED, kvm, 0);
	measure_flush(since);
}

void kvm_flush_remote_tlbs_range(struct kvm *kvm, gfn_t start, u64 nr)
{
	struct kvm_gfn_range range = { .start = start, .end = start + nr };

	/* All is flushed, as on bare metal; what was asked for has to be enough on a machine that flushes no more. */
	note(NOTE_TLB_FLUSH_RANGE, &range, 0);
	kvm_flush_remote_tlbs(kvm);
}

/*
 * Some of these come after mmu_lock has been dropped (dirty logging): only slots_lock orders
 * them with the next change of the slot.
 */
void kvm_flush_remote_tlbs_memslot(struct kvm *kvm, const struct kvm_memory_slot *slot)
{
	must_hold_either(&kvm->slots_lock);
	kvm_flush_remote_tlbs_range(kvm, slot->base_gfn, slot->npages);
}

void kvm_vcpu_flush_tlb_local(struct kvm_vcpu *vcpu)
{
	memset(vcpu->tlb.leaf, 0, sizeof(vcpu->tlb.leaf));
	memset(vcpu->tlb.table, 0, sizeof(vcpu->tlb.table));
	vcpu->tlb.flushes++;
}
