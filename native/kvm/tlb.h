/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a CPU cached of the page tables, and how others make it forget.
 *
 * faithful: requests, the kick of vCPUs in guest mode and the wait for their acknowledgement;
 *           a TLB that nothing but a served request (or a root change) empties; a
 *           paging-structure cache, so that a cut-off table is still walked until a flush.
 * custom:   direct mapped and small; the acknowledgement of the IPI is the counter guest_exits.
 * stubbed:  ranged flushes (all of them drop everything), VPID/ASID tags, global pages.
 */
#ifndef MMUT_KVM_TLB_H
#define MMUT_KVM_TLB_H

#include "kvm_host.h"

/* Make every vCPU forget; returns when none can use an old translation any more. */
void kvm_flush_remote_tlbs(struct kvm *kvm);
void kvm_flush_remote_tlbs_range(struct kvm *kvm, gfn_t start, u64 nr);
void kvm_flush_remote_tlbs_memslot(struct kvm *kvm, const struct kvm_memory_slot *slot);

/* Set `req` (enum KVM_REQ_*) for all vCPUs and wait until each has left the guest it was in. */
bool kvm_make_all_cpus_request(struct kvm *kvm, unsigned int req);
/* By the vCPU itself, outside guest mode: served before it enters. */
void kvm_make_self_request(unsigned int req, struct kvm_vcpu *vcpu);
/* Make vCPUs leave the guest soon; waits for nobody. */
void kvm_kick_all_vcpus(struct kvm *kvm);

/* By the owner of `vcpu`, outside guest mode. */
void kvm_vcpu_flush_tlb_local(struct kvm_vcpu *vcpu);

/* Test and consume one request; full barrier, so that what the requester wrote before is seen. */
static inline bool kvm_check_request(unsigned int req, struct kvm_vcpu *vcpu)
{
	if (!(READ_ONCE(vcpu->requests) & BIT_ULL(req)))
		return false;
	/*
	 * The bit is consumed before the request is served, and the RMW is a full barrier
	 * between the two; pairs with set_bit() in kvm_make_request().  The other way round: vCPU
	 * flushes; requester changes a table and sets the bit; vCPU clears it, never flushed.
	 */
	return test_and_clear_bit(req, &vcpu->requests);
}

/* ------------------------------------------------------------------ lookup: owner only */

#define __tlb_base(gfn, level)	((gfn) & ~(KVM_PAGES_PER_HPAGE(level) - 1))

static inline struct tlb_entry *tlb_slot(struct tlb *tlb, gfn_t gfn, u8 level)
{
	return &tlb->leaf[(gfn >> KVM_HPAGE_GFN_SHIFT(level)) % TLB_ENTRIES];
}

/* The leaf translation of `gfn`, or NULL: the smallest page first. */
static inline struct tlb_entry *tlb_lookup(struct tlb *tlb, gfn_t gfn)
{
	for (u8 level = PG_LEVEL_4K; level <= KVM_MAX_HUGEPAGE_LEVEL; level++) {
		struct tlb_entry *e = tlb_slot(tlb, gfn, level);

		if (e->gfn == __tlb_base(gfn, level) && e->level == level && e->valid)
			return e;
	}
	return NULL;
}

static inline struct tlb_entry *tlb_insert(struct tlb *tlb, gfn_t gfn, u8 level, u32 pfn,
					   bool writable, bool executable, bool dirty)
{
	struct tlb_entry *e = tlb_slot(tlb, gfn, level);

	*e = (struct tlb_entry) {
		.gfn = __tlb_base(gfn, level), .pfn = pfn, .level = level,
		.valid = 1, .writable = writable, .executable = executable, .dirty = dirty,
	};
	return e;
}

/* Paging-structure cache: the table of `level` that covers `gfn`. */
static inline struct tlb_entry *psc_slot(struct tlb *tlb, gfn_t gfn, u8 level)
{
	return &tlb->table[((gfn >> KVM_HPAGE_GFN_SHIFT(level + 1)) + 3 * (level - 1)) % PSC_ENTRIES];
}

static inline struct tlb_entry *psc_lookup(struct tlb *tlb, gfn_t gfn, u8 level)
{
	struct tlb_entry *e = psc_slot(tlb, gfn, level);

	if (e->gfn == __tlb_base(gfn, level + 1) && e->level == level && e->valid)
		return e;
	return NULL;
}

static inline void psc_insert(struct tlb *tlb, gfn_t gfn, u8 level, u32 pfn)
{
	*psc_slot(tlb, gfn, level) = (struct tlb_entry) {
		.gfn = __tlb_base(gfn, level + 1), .pfn = pfn, .level = level, .valid = 1,
		.writable = 1,
	};
}

#endif
