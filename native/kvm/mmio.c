// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMIO SPTEs and the vCPU's one-entry MMIO cache: that a gfn has no memory is remembered, so that the
 * next access goes straight to the emulator, without slots, locks or walks for a page.
 *
 * faithful: the value (a misconfiguration, so that each access exits; not MMU-present; gfn and
 *           generation in it); what is cached and compared, under which generation; that memslot updates
 *           zap nothing for it; the zap of everything when the number wraps.
 * custom:   the number may be narrower than 19 bits (vm.mmio-generation-bits), so that it wraps soon;
 *           emulation of an access without memory has no effect.
 * stubbed:  access bits (the mask is 0 with EPT), host MMIO, switching the caching off.
 *
 * Why what is remembered is never believed when there is memory, in steps:
 *   1. A fault looks its gfn up in one set of memslots, and writes the generation of the active set,
 *      at the earliest that of its own, into the SPTE.  All in one SRCU section.
 *   2. An update publishes a set whose generation is the old number, marked IN_PROGRESS.  While it is
 *      marked nothing remembered is believed.
 *   3. It waits for all SRCU sections that began before, then moves the number on, zaps everything where
 *      the numbers begin anew, and clears the mark.
 *      Whoever looked the gfn up in the old set is over by then, and wrote the old number.
 * With one increment, before the grace period (switch R21): fault finds no slot; update publishes the slot
 * and the new number; fault writes the new number; the memory is never seen.
 *
 * In one case a fault must not write at all: no slot when it looked, and now the entry maps a page.  The
 * slot came meanwhile, and another vCPU was faster; it has been let in already (kvm_tdp_mmu_map()).
 */
#include "mmio.h"

#include "../core/measure.h"
#include "memslot.h"
#include "mmu.h"
#include "tdp_iter.h"

#define GEN_LOW_BITS	8
#define GEN_LOW_SHIFT	3	/* bits 3 to 10 */
#define GEN_HIGH_SHIFT	52	/* bits 52 to 62 */

static u64 memslots_generation(struct kvm_vcpu *vcpu)
{
	return kvm_memslots_of(vcpu->kvm, vcpu->as_id)->generation;
}

/* ------------------------------------------------------------------ the SPTE */

static u64 generation_mmio_spte_mask(u64 gen)
{
	return (gen & (BIT_ULL(GEN_LOW_BITS) - 1)) << GEN_LOW_SHIFT | (gen >> GEN_LOW_BITS) << GEN_HIGH_SHIFT;
}

u64 make_mmio_spte(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	const u64 gen = memslots_generation(vcpu) & vcpu->kvm->config.mmio_gen_mask;

	must_hold_srcu();
	return SHADOW_MMIO_VALUE | gfn << PAGE_SHIFT | generation_mmio_spte_mask(gen);
}

static u64 get_mmio_spte_generation(u64 spte)
{
	return (spte >> GEN_LOW_SHIFT & (BIT_ULL(GEN_LOW_BITS) - 1)) |
	       (spte & GENMASK_ULL(62, GEN_HIGH_SHIFT)) >> (GEN_HIGH_SHIFT - GEN_LOW_BITS);
}

/* Of the set that is active now, and of no update that has not been completed. */
static bool check_mmio_spte(struct kvm_vcpu *vcpu, u64 spte)
{
	const u64 gen = memslots_generation(vcpu);

	must_hold_srcu();
	if (bug(vcpu->kvm, H9))
		return true;
	if (gen & KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS)
		return false;
	return get_mmio_spte_generation(spte) == (gen & vcpu->kvm->config.mmio_gen_mask);
}

/* ------------------------------------------------------------------ the vCPU's cache */

static void vcpu_cache_mmio_info(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	const u64 gen = memslots_generation(vcpu);

	/* The update may be the one that adds this gfn. */
	if (gen & KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS)
		return;
	vcpu->mmio_gfn = gfn;
	vcpu->mmio_gen = gen;
	vcpu->mmio_valid = 1;
}

static bool vcpu_match_mmio_gpa(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	return vcpu->mmio_valid && vcpu->mmio_gfn == gpa >> PAGE_SHIFT &&
	       vcpu->mmio_gen == memslots_generation(vcpu);
}

/* ------------------------------------------------------------------ faults */

int kvm_handle_noslot_fault(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	fault->pfn = KVM_PFN_NOSLOT;
	fault->map_writable = false;
	/* No entry of the tables stands for it. */
	if (fault->gfn >= vcpu->kvm->config.max_gfn)
		return RET_PF_EMULATE;
	vcpu_cache_mmio_info(vcpu, fault->gfn);
	return RET_PF_CONTINUE;
}

/* What the CPU met, or what has taken its place. */
static u64 get_mmio_spte(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	u64 spte = SHADOW_NONPRESENT_VALUE;
	struct tdp_iter iter;

	rcu_read_lock();
	for_each_tdp_pte(iter, pfn_to_sp(vcpu->mmu.root_hpa), gfn, gfn + 1)
		spte = iter.old_spte;
	rcu_read_unlock();
	return spte;
}

int handle_mmio_page_fault(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	const gfn_t gfn = gpa >> PAGE_SHIFT;
	u64 spte;

	must_hold_none(&vcpu->kvm->mmu_lock);
	must_hold_srcu();

	if (vcpu_match_mmio_gpa(vcpu, gpa))
		return RET_PF_EMULATE;
	spte = get_mmio_spte(vcpu, gfn);
	if (!is_mmio_spte(spte)) {
		measure_retry("mmio-gone");
		return RET_PF_RETRY;	/* zapped, or mapped, since the CPU walked here */
	}
	if (!check_mmio_spte(vcpu, spte))
		return RET_PF_INVALID;
	vcpu_cache_mmio_info(vcpu, gfn);
	return RET_PF_EMULATE;
}

/* ------------------------------------------------------------------ the end of the numbers */

void kvm_mmu_invalidate_mmio_sptes(struct kvm *kvm, u64 gen)
{
	must_hold_either(&kvm->slots_lock);

	/* The lowest bits tell address spaces apart, and do not count. */
	gen &= kvm->config.mmio_gen_mask & ~(u64)(KVM_ADDRESS_SPACE_NUM - 1);
	/*
	 * From here on numbers are used for the second time: what bears them must be gone.  Otherwise: an
	 * SPTE of a whole round ago is believed, and memory that came meanwhile is emulated.
	 */
	if (unlikely(!gen) && !bug(kvm, H10))
		kvm_mmu_zap_all_fast(kvm);
}
