// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU: entering and leaving guest mode, and what the guest does to memory.
 *
 * faithful: requests are served before entry; the mode is published before the requests are
 *           checked for the last time; SRCU is held exactly while outside guest mode; a fault
 *           is an exit, and RET_PF_RETRY means to enter again and see.
 * custom:   interrupts are polled: the mode word is read before every guest access, and
 *           EXITING there is the IPI.  The guest's program is one access at a time.
 *           Emulation of an access without memory has no effect.
 * stubbed:  registers, interrupts, halting, preemption.  The CPU's dirty log (PML) holds
 *           few entries and is always on where configured; entries of slots that are not
 *           logged are dropped when it is emptied, which happens at each exit.
 */
#include "vcpu.h"

#include "apic_page.h"
#include "dirty_log.h"
#include "memslot.h"
#include "mmu.h"
#include "tlb.h"
#include "walker.h"

void kvm_vcpu_init(struct kvm *kvm, u16 vcpu_id, u16 as_id, bool guest_mode)
{
	struct kvm_vcpu *vcpu = &kvm->vcpus[vcpu_id];

	vcpu->kvm = kvm;
	vcpu->vcpu_id = vcpu_id;
	vcpu->as_id = as_id;
	vcpu->guest_mode = guest_mode;
	WRITE_PRIVATE(vcpu->mode, OUTSIDE_GUEST_MODE);
}

/* In an SRCU section: the log speaks about gfns, the slots say which bitmap. */
static void vmx_flush_pml_buffer(struct kvm_vcpu *vcpu)
{
	struct kvm_memslots *slots = kvm_memslots_of(vcpu->kvm, vcpu->as_id);

	for (u32 i = 0; i < vcpu->nr_pml; i++)
		mark_page_dirty_in_slot(vcpu->kvm, gfn_to_memslot(slots, vcpu->pml[i]), vcpu->pml[i]);
	vcpu->nr_pml = 0;
}

/* Out of guest mode, whether or not somebody asked; from here on in an SRCU section. */
static void vcpu_exit_guest(struct kvm_vcpu *vcpu) __acquires(srcu)
{
	WRITE_ONCE(vcpu->mode, OUTSIDE_GUEST_MODE);
	/*
	 * The mode before the acknowledgement: a kicker that sees guest_exits move, and then another
	 * that reads the mode, find the vCPU outside.  Pairs with kvm_vcpu_exiting_guest_mode().
	 * Otherwise: kicker 2 reads the old EXITING and the new count, and waits for an exit that
	 * may never come.  Guest accesses come before both: stores stay in order, loads before
	 * them too (the kernel gets as much from the VM exit itself).
	 */
	smp_wmb();
	WRITE_ONCE(vcpu->guest_exits, ++vcpu->stat_exits);
	/* A full barrier, as the kernel asks for here: the section begins before slots are read. */
	srcu_read_lock();
	if (unlikely(vcpu->nr_pml))
		vmx_flush_pml_buffer(vcpu);
}

static void vcpu_service_requests(struct kvm_vcpu *vcpu)
{
	must_hold_srcu();

	if (likely(!READ_ONCE(vcpu->requests)))
		return;
	/* The root first: a new one comes with a flush of its own. */
	if (kvm_check_request(KVM_REQ_FREE_OBSOLETE_ROOTS, vcpu))
		kvm_mmu_free_obsolete_roots(vcpu);
	if (kvm_check_request(KVM_REQ_TLB_FLUSH, vcpu))
		kvm_vcpu_flush_tlb_local(vcpu);
	if (kvm_check_request(KVM_REQ_APIC_PAGE_RELOAD, vcpu))
		kvm_vcpu_reload_apic_access_page(vcpu);
}

static bool kvm_vcpu_exit_request(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->requests) || READ_ONCE(vcpu->mode) == EXITING_GUEST_MODE;
}

/* From outside, in an SRCU section, to inside, in none.  No lock held. */
static void vcpu_enter_guest(struct kvm_vcpu *vcpu) __releases(srcu)
{
	must_hold_none(&vcpu->kvm->mmu_lock);

	for (;;) {
		vcpu_service_requests(vcpu);
		if (unlikely(!kvm_mmu_root_loaded(vcpu)) && kvm_mmu_load(vcpu)) {
			cond_resched();		/* no table frames: until a grace period gives some back */
			continue;
		}
		/*
		 * Release: whatever was done outside comes before the mode that says "inside"; pairs
		 * with the kicker's cmpxchg.  It does not order the loads that follow:
		 */
		smp_store_release(&vcpu->mode, IN_GUEST_MODE);
		srcu_read_unlock();
		/*
		 * The mode before the requests (M before r in tlb.c).  Pairs with set_bit() in
		 * kvm_make_request().  Otherwise, the store still in this CPU's buffer: vCPU reads no
		 * request; flusher sets it, reads mode OUTSIDE and waits for nobody; vCPU enters and
		 * uses the translation that the flusher believes gone.
		 */
		if (!bug(vcpu->kvm, H5))
			smp_mb();
		if (likely(!kvm_vcpu_exit_request(vcpu)))
			return;
		vcpu_exit_guest(vcpu);
	}
}

void kvm_vcpu_load(struct kvm_vcpu *vcpu) __acquires(srcu)
{
	srcu_read_lock();
}

void kvm_vcpu_put(struct kvm_vcpu *vcpu) __releases(srcu)
{
	static_check_off("in guest mode there is no section to leave before the exit");
	if (READ_ONCE(vcpu->mode) != OUTSIDE_GUEST_MODE)
		vcpu_exit_guest(vcpu);
	srcu_read_unlock();
}

/* The poll found something else than IN: a kick, or the vCPU has been outside all along. */
static noinline void vcpu_reenter_guest(struct kvm_vcpu *vcpu, u32 mode)
{
	static_check_off("in a section or not, as the mode says");
	if (mode == EXITING_GUEST_MODE)
		vcpu_exit_guest(vcpu);
	vcpu_enter_guest(vcpu);
}

/* An EPT violation.  Returns outside guest mode; false: emulated, the access is over. */
static bool vcpu_handle_fault(struct kvm_vcpu *vcpu, gfn_t gfn, u64 error_code) __acquires(srcu)
{
	int r;

	vcpu_exit_guest(vcpu);
	r = kvm_mmu_page_fault(vcpu, gfn << PAGE_SHIFT, error_code);
	switch (r) {
	case RET_PF_FIXED:
	case RET_PF_SPURIOUS:
		return true;
	case RET_PF_EMULATE:
		note(NOTE_EMULATED, vcpu, gfn);
		return false;
	case RET_PF_WRITE_PROTECTED:
		note(NOTE_WRITE_EMULATED, vcpu, gfn);
		return false;
	default:
		WARN_ON_ONCE(r > RET_PF_RETRY || r == RET_PF_CONTINUE);
		cond_resched();		/* whoever is in the way needs to run first */
		return true;
	}
}

/* The poll: an interrupt is taken between two guest instructions, never inside one. */
static inline void vcpu_poll(struct kvm_vcpu *vcpu)
{
	u32 mode = hw_load(vcpu->mode);

	if (unlikely(mode != IN_GUEST_MODE))
		vcpu_reenter_guest(vcpu, mode);
}

/* A translation that allows the access; NULL: there is none and the access has been emulated. */
static noinline struct tlb_entry *vcpu_translate(struct kvm_vcpu *vcpu, gfn_t gfn, bool write, bool exec)
{
	struct tlb_entry *e;
	u64 error_code;

	static_check_off("returns inside the guest, or outside after an emulation");
	for (;;) {
		if (unlikely(vcpu->nr_pml == PML_LOG_NR_ENTRIES)) {
			vcpu_exit_guest(vcpu);		/* log full */
			vcpu_enter_guest(vcpu);
		}
		e = hw_walk(vcpu, gfn, write, exec, &error_code);
		if (e || !vcpu_handle_fault(vcpu, gfn, error_code)) {
			note(NOTE_RETRY_OVER, vcpu, 0);
			return e;
		}
		note(NOTE_RETRY, vcpu, 0);
		vcpu_enter_guest(vcpu);
	}
}

/* The CPU touches memory, through whatever its translation says. */
static inline u64 guest_touch(struct kvm_vcpu *vcpu, const struct tlb_entry *e, gfn_t gfn, bool write)
{
	struct guest_cell *cell = frame_cell(e->pfn + (u32)(gfn - e->gfn));
	u64 stamp;

	note(NOTE_GUEST_ACCESS, cell, gfn << 1 | write);
	stamp = write ? hw_fetch_add(&cell->stamp, 1) + 1 : hw_load(cell->stamp);
	note(NOTE_GUEST_VALUE, cell, stamp);
	return stamp;
}

bool kvm_vcpu_access(struct kvm_vcpu *vcpu, gfn_t gfn, bool write, u64 *value)
{
	struct tlb_entry *e;

	vcpu->stat_accesses++;
	vcpu_poll(vcpu);

	e = tlb_lookup(&vcpu->tlb, gfn);
	if (unlikely(!e || (write && !(e->writable & e->dirty)))) {
		e = vcpu_translate(vcpu, gfn, write, false);
		if (!e) {
			*value = ~0ULL;
			return false;
		}
	}
	*value = guest_touch(vcpu, e, gfn, write);
	return true;
}

/* The CPU reads the page behind its APIC; the address comes from the vCPU's control structure. */
void kvm_vcpu_apic_access(struct kvm_vcpu *vcpu)
{
	struct kvm *kvm = vcpu->kvm;
	struct guest_cell *cell;
	gfn_t gfn;

	if (kvm->apic_region < 0 || kvm->regions[kvm->apic_region].as_id != vcpu->as_id)
		return;
	vcpu->stat_accesses++;
	vcpu_poll(vcpu);
	if (!vcpu->apic_access_pfn) {
		/* Nothing is programmed: the guest's first use, or the page was gone at the last look. */
		vcpu_exit_guest(vcpu);
		kvm_make_self_request(KVM_REQ_APIC_PAGE_RELOAD, vcpu);
		vcpu_enter_guest(vcpu);
	}
	if (!vcpu->apic_access_pfn)
		return;
	gfn = kvm->regions[kvm->apic_region].base_gfn;
	cell = frame_cell(vcpu->apic_access_pfn);
	note(NOTE_GUEST_ACCESS, cell, gfn << 1);
	note(NOTE_GUEST_VALUE, cell, hw_load(cell->stamp));
}

/* The guest changes what its paging depends on (modes, features): the root has to be chosen again. */
void kvm_vcpu_mmu_reset(struct kvm_vcpu *vcpu)
{
	static_check_off("in a section or not, as the mode says");
	if (READ_ONCE(vcpu->mode) != OUTSIDE_GUEST_MODE)
		vcpu_exit_guest(vcpu);
	kvm_mmu_free_roots(vcpu);
}

/* An instruction fetch: like a load, through a translation that may be executed. */
bool kvm_vcpu_fetch(struct kvm_vcpu *vcpu, gfn_t gfn, u64 *value)
{
	struct tlb_entry *e;

	vcpu->stat_accesses++;
	vcpu_poll(vcpu);

	e = tlb_lookup(&vcpu->tlb, gfn);
	if (unlikely(!e || !e->executable)) {
		e = vcpu_translate(vcpu, gfn, false, true);
		if (!e) {
			*value = ~0ULL;
			return false;
		}
	}
	*value = guest_touch(vcpu, e, gfn, false);
	return true;
}
