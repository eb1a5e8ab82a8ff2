// SPDX-License-Identifier: GPL-2.0-only
/*
 * The MMU's front: set-up, roots of a vCPU, zapping everything, and the MMU's part of dirty
 * logging.  See mmu.h.
 *
 * faithful: who takes mmu_lock in which mode; the order of invalidation, request and zap; the local
 *           flush on loading a root, on which zapping without flushes rests.
 * custom:   the root of a vCPU depends on its role alone, which never changes.
 * stubbed:  shadow MMU.
 */
#include "mmu.h"

#include <errno.h>

#include "split.h"
#include "tdp_mmu.h"
#include "tlb.h"

/* ------------------------------------------------------------------ set-up and teardown */

int kvm_mmu_init_vm(struct kvm *kvm)
{
	const struct kvm_config *config = &kvm->config;

	if (!config->tdp_mmu)
		return -EOPNOTSUPP;	/* there is no shadow MMU yet */
	if (config->root_level < 4 || config->root_level > PT64_ROOT_MAX_LEVEL ||
	    config->max_level < PG_LEVEL_4K || config->max_level > KVM_MAX_HUGEPAGE_LEVEL)
		return -EINVAL;
	/* What the CPU logs is the D bit it sets: no D bit, no log. */
	if (config->pml && !config->ad_enabled)
		return -EINVAL;

	spin_lock_init(&kvm->tdp_mmu_pages_lock, CLASS_TDP_MMU_PAGES_LOCK);
	INIT_LIST_HEAD(&kvm->tdp_mmu_roots);
	INIT_LIST_HEAD(&kvm->possible_nx_huge_pages);
	reset_tdp_shadow_zero_bits_mask(&kvm->shadow_zero_check, config->max_level);
	return 0;
}

void kvm_mmu_uninit_vm(struct kvm *kvm)
{
	must_hold_none(&kvm->mmu_lock);

	write_lock(&kvm->mmu_lock);
	kvm_tdp_mmu_invalidate_roots(kvm);
	write_unlock(&kvm->mmu_lock);
	kvm_tdp_mmu_zap_invalidated_roots(kvm, false);
}

int kvm_mmu_create(struct kvm_vcpu *vcpu)
{
	const union kvm_mmu_page_role role = {
		.level = vcpu->kvm->config.root_level,
		.direct = 1,
		.access = ACC_ALL,
		.ad_disabled = !kvm_ad_enabled(vcpu->kvm),
		.guest_mode = vcpu->guest_mode,
		.smm = vcpu->as_id,
	};

	vcpu->mmu.root_role = role;
	vcpu->mmu.root_hpa = INVALID_PAGE;
	kvm_mmu_memory_cache_init(&vcpu->mmu_page_cache, SHADOW_NONPRESENT_VALUE);
	return 0;
}

void kvm_mmu_destroy(struct kvm_vcpu *vcpu)
{
	must_hold_none(&vcpu->kvm->mmu_lock);
	WARN_ON_ONCE(kvm_mmu_root_loaded(vcpu));

	kvm_mmu_free_memory_cache(&vcpu->mmu_page_cache);
}

/* ------------------------------------------------------------------ roots of a vCPU */

int kvm_mmu_load(struct kvm_vcpu *vcpu)
{
	int ret;

	must_hold_none(&vcpu->kvm->mmu_lock);
	if (WARN_ON_ONCE(kvm_mmu_root_loaded(vcpu)))
		return 0;

	ret = kvm_mmu_topup_memory_cache(&vcpu->mmu_page_cache, PT64_ROOT_MIN_CACHE);
	if (ret)
		return ret;
	ret = kvm_tdp_mmu_alloc_root(vcpu);
	if (ret)
		return ret;
	/*
	 * Whatever this CPU cached, it cached from another root, which may be zapped without a
	 * flush, or may be the former life of this root's frame.
	 */
	kvm_vcpu_flush_tlb_local(vcpu);
	return 0;
}

void kvm_mmu_free_roots(struct kvm_vcpu *vcpu)
{
	struct kvm_mmu_page *root;

	must_hold_none(&vcpu->kvm->mmu_lock);
	if (!kvm_mmu_root_loaded(vcpu))
		return;

	root = pfn_to_sp(vcpu->mmu.root_hpa);
	kvm_tdp_mmu_lock_roots(vcpu->kvm);
	kvm_tdp_mmu_put_root(vcpu->kvm, root);
	kvm_tdp_mmu_unlock_roots(vcpu->kvm);
	vcpu->mmu.root_hpa = INVALID_PAGE;
}

void kvm_mmu_free_obsolete_roots(struct kvm_vcpu *vcpu)
{
	must_hold_none(&vcpu->kvm->mmu_lock);

	/* Without the lock: a root that becomes invalid after this look comes with a new request. */
	if (kvm_mmu_root_loaded(vcpu) && is_invalid_sp(pfn_to_sp(vcpu->mmu.root_hpa)))
		kvm_mmu_free_roots(vcpu);
}

/* ------------------------------------------------------------------ zapping everything */

void kvm_mmu_zap_all_fast(struct kvm *kvm)
{
	must_hold_either(&kvm->slots_lock);
	must_hold_none(&kvm->mmu_lock);

	write_lock(&kvm->mmu_lock);
	kvm_tdp_mmu_invalidate_roots(kvm);
	/*
	 * In the same critical section, and waiting for each vCPU to leave the guest: the request
	 * comes after the roots are marked, and before mmu_lock lets a fault in.  Otherwise:
	 * vCPU runs on with an invalid root while it is zapped without a flush.
	 */
	kvm_make_all_cpus_request(kvm, KVM_REQ_FREE_OBSOLETE_ROOTS);
	write_unlock(&kvm->mmu_lock);

	/* Before we return: a notifier for a slot that is gone could not find these SPTEs. */
	kvm_tdp_mmu_zap_invalidated_roots(kvm, !kvm->config.zap_roots_write);
}

void kvm_mmu_zap_all(struct kvm *kvm)
{
	must_hold_none(&kvm->mmu_lock);

	write_lock(&kvm->mmu_lock);
	kvm_tdp_mmu_zap_all(kvm);
	write_unlock(&kvm->mmu_lock);
}

/* ------------------------------------------------------------------ dirty logging */

/* W goes from all leaves of at least min_level. */
static void kvm_mmu_slot_remove_write_access(struct kvm *kvm, const struct kvm_memory_slot *slot,
					     int min_level)
{
	must_hold_none(&kvm->mmu_lock);

	read_lock(&kvm->mmu_lock);
	kvm_tdp_mmu_wrprot_slot(kvm, slot, min_level);
	read_unlock(&kvm->mmu_lock);
}

static void kvm_mmu_slot_leaf_clear_dirty(struct kvm *kvm, const struct kvm_memory_slot *slot)
{
	must_hold_none(&kvm->mmu_lock);

	read_lock(&kvm->mmu_lock);
	kvm_tdp_mmu_clear_dirty_slot(kvm, slot);
	read_unlock(&kvm->mmu_lock);
}

static void kvm_mmu_slot_try_split_huge_pages(struct kvm *kvm, const struct kvm_memory_slot *slot, int target_level)
{
	must_hold_none(&kvm->mmu_lock);

	read_lock(&kvm->mmu_lock);
	kvm_tdp_mmu_try_split_huge_pages(kvm, slot, slot->base_gfn, slot->base_gfn + slot->npages, target_level, true);
	read_unlock(&kvm->mmu_lock);
}

static void kvm_mmu_recover_huge_pages(struct kvm *kvm, const struct kvm_memory_slot *slot)
{
	must_hold_none(&kvm->mmu_lock);
	must_hold_either(&kvm->slots_lock);

	read_lock(&kvm->mmu_lock);
	kvm_tdp_mmu_recover_huge_pages(kvm, slot);
	read_unlock(&kvm->mmu_lock);
}

void kvm_mmu_slot_apply_flags(struct kvm *kvm, struct kvm_memory_slot *slot, bool enable)
{
	must_hold_either(&kvm->slots_lock);

	if (!enable) {
		kvm_mmu_recover_huge_pages(kvm, slot);
		return;
	}
	/* Every page is marked: nothing has to be noticed before its bit is cleared. */
	if (kvm->config.initially_set)
		return;
	if (kvm->config.eager_split)
		kvm_mmu_slot_try_split_huge_pages(kvm, slot, PG_LEVEL_4K);
	if (!kvm->config.pml) {
		kvm_mmu_slot_remove_write_access(kvm, slot, PG_LEVEL_4K);
		return;
	}
	/*
	 * The CPU logs 4K pages: a write to a huge leaf has to fault and split it.  W goes before
	 * D, the other way round than in the kernel, where all is well as long as the split above
	 * left no huge leaf; it may be switched off, and it may run out of memory:
	 *   enable: D of the huge leaf off | CPU: D on again, logs one of 512 | fault: splits, all
	 *   512 inherit W and D | enable: no huge leaf left to protect | 511 are written unseen
	 */
	if (bug(kvm, N1))
		kvm_mmu_slot_leaf_clear_dirty(kvm, slot);
	kvm_mmu_slot_remove_write_access(kvm, slot, PG_LEVEL_2M);
	if (!bug(kvm, N1))
		kvm_mmu_slot_leaf_clear_dirty(kvm, slot);
}

/*
 * A log that began all set left huge leaves as they were: split them, or protect what cannot be
 * split, so that a write splits it.  MMU-writable goes too, hence the flush before mmu_lock is dropped.
 * KVM leaves it to the caller, who has reaped bits and flushes for certain, later, under slots_lock:
 *   clear: protects the huge leaf, drops mmu_lock | write tracking: finds it protected, has nothing to
 *   flush, begins | vCPU: writes through its stale translation, and the tracker does not know
 */
static void protect_huge_pages(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t base, u64 mask)
{
	const gfn_t start = base + (u64)__builtin_ctzll(mask), last = base + 63 - (u64)__builtin_clzll(mask);
	bool flush;

	must_hold_write(&kvm->mmu_lock);
	must_hold_either(&kvm->slots_lock);

	if (kvm->config.eager_split)
		kvm_tdp_mmu_try_split_huge_pages(kvm, slot, start, last + 1, PG_LEVEL_4K, false);
	flush = kvm_tdp_mmu_write_protect_gfn(kvm, slot, start, PG_LEVEL_2M);
	/* The mask may reach into a second huge page. */
	if (start / KVM_PAGES_PER_HPAGE(PG_LEVEL_2M) != last / KVM_PAGES_PER_HPAGE(PG_LEVEL_2M))
		flush |= kvm_tdp_mmu_write_protect_gfn(kvm, slot, last, PG_LEVEL_2M);
	if (flush && !bug(kvm, N7))
		kvm_flush_remote_tlbs_memslot(kvm, slot);
}

void kvm_arch_mmu_enable_log_dirty_pt_masked(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t gfn_offset,
					     u64 mask)
{
	must_hold_write(&kvm->mmu_lock);
	must_hold_either(&kvm->slots_lock);

	if (kvm->config.initially_set)
		protect_huge_pages(kvm, slot, slot->base_gfn + gfn_offset, mask);
	kvm_tdp_mmu_clear_dirty_pt_masked(kvm, slot, slot->base_gfn + gfn_offset, mask, !kvm->config.pml);
}
