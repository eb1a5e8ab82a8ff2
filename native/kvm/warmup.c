// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where an execution begins.
 *
 * A short execution that starts on an empty machine spends itself on filling caches and
 * building the first tables, and the operations that should collide never meet.  So each
 * execution starts in the middle of a guest's life, another one each time: which vCPUs have
 * a root, which pages are mapped and how, and who has no tables in stock, is drawn anew.
 *
 * custom: all of it.  The boss acts for the vCPUs, with the oracles watching and nobody else
 *         running, through the same functions as the vCPUs themselves.
 */
#include "warmup.h"

#include "mmu.h"
#include "mmu_page.h"
#include "vcpu.h"

#define PAGES_MAX	24	/* per vCPU: enough to matter, few enough to stay cheap */
#define EMPTY_CACHE	8	/* one in so many caches has just been emptied, as by the shrinker */

void warmup_caches(struct kvm *kvm)
{
	for (u32 i = 0; i < kvm->online_vcpus; i++)
		__kvm_mmu_topup_memory_cache(&kvm->vcpus[i].mmu_page_cache, PT64_ROOT_MIN_CACHE);
}

static void warm_slot(struct kvm_vcpu *vcpu, const struct kvm_memory_region *region, u32 percent)
{
	u64 pages = min(region->npages, (u64)PAGES_MAX);

	must_hold_srcu();

	for (u64 i = 0; i < pages; i++) {
		u64 page = region->npages <= PAGES_MAX ? i : prng_below(&current->data, (u32)region->npages);
		u64 error = prng_below(&current->data, 2) ? PFERR_WRITE_MASK : 0;

		if (prng_below(&current->data, 100) < percent)
			kvm_mmu_page_fault(vcpu, (region->base_gfn + page) << PAGE_SHIFT, PFERR_USER_MASK | error);
	}
}

static void forget_statistics(struct kvm_vcpu *vcpu)
{
	vcpu->stat_faults = vcpu->stat_retries = vcpu->stat_spurious = vcpu->stat_fixed = 0;
	vcpu->stat_lost_cmpxchg = vcpu->stat_emulated = 0;
}

static void warm_vcpu(struct kvm_vcpu *vcpu, u32 percent)
{
	struct kvm *kvm = vcpu->kvm;

	kvm_vcpu_load(vcpu);
	if (!kvm_mmu_load(vcpu))
		for (u32 r = 0; r < kvm->nr_regions; r++)
			if (kvm->regions[r].as_id == vcpu->as_id)
				warm_slot(vcpu, &kvm->regions[r], percent);
	kvm_vcpu_put(vcpu);
	forget_statistics(vcpu);
}

void warmup_guest(struct kvm *kvm, u32 percent)
{
	for (u32 i = 0; i < kvm->online_vcpus; i++) {
		if (prng_below(&current->data, 100) < percent)
			warm_vcpu(&kvm->vcpus[i], percent);
		if (!prng_below(&current->data, EMPTY_CACHE))
			kvm_mmu_free_memory_cache(&kvm->vcpus[i].mmu_page_cache);
	}
}
