// SPDX-License-Identifier: GPL-2.0-only
/*
 * SPTE values: what may be written into a table, and which bits must never be.
 *
 * faithful: D is set together with W, so that a page made writable by a fault is known to be
 *           dirty without a PML entry; the dirty mark precedes the SPTE; A/D types.
 * custom:   no vCPU is needed to build an SPTE: the reserved bits belong to the VM and are
 *           passed in.
 * stubbed:  see spte.h.
 */
#include "spte.h"

#include "dirty_log.h"
#include "nx.h"
#include "write_track.h"

/* One bit for each value of the low six SPTE bits that EPT forbids. */
static u64 ept_bad_mt_xwr(void)
{
	u64 bad = 0;

	for (u64 low = 0; low < 64; low++) {
		u64 memtype = low >> 3;
		u64 xwr = low & PT_RWX_MASK;

		/* Reserved memory types; writable but not readable; execute-only, which TDP never makes. */
		if (memtype == 2 || memtype == 3 || memtype == 7 || xwr == 2 || xwr == 6 || xwr == 4)
			bad |= BIT_ULL(low);
	}
	return bad;
}

void reset_tdp_shadow_zero_bits_mask(struct rsvd_bits_validate *rsvd, u8 max_level)
{
	const u64 high = GENMASK_ULL(51, SHADOW_PHYS_BITS);
	const u64 attributes = GENMASK_ULL(6, 3);	/* memory type and IPAT mean nothing above a leaf */
	u64 *table = rsvd->rsvd_bits_mask[0];
	u64 *leaf = rsvd->rsvd_bits_mask[1];

	for (int i = 0; i < PT64_ROOT_MAX_LEVEL; i++) {
		table[i] = high | attributes;
		leaf[i] = high | attributes | PT_PAGE_SIZE_MASK;	/* no leaf of this size */
	}
	/* Bit 7 of a 4K entry is ignored, both rows are leaves. */
	table[PG_LEVEL_4K - 1] = high;
	leaf[PG_LEVEL_4K - 1] = high;
	if (max_level >= PG_LEVEL_2M)
		leaf[PG_LEVEL_2M - 1] = high | GENMASK_ULL(20, 12);
	if (max_level >= PG_LEVEL_1G)
		leaf[PG_LEVEL_1G - 1] = high | GENMASK_ULL(29, 12);
	rsvd->bad_mt_xwr = ept_bad_mt_xwr();
}

u64 make_spte(struct kvm *kvm, const struct kvm_mmu_page *sp, struct kvm_memory_slot *slot, gfn_t gfn,
	      kvm_pfn_t pfn, u64 old_spte, bool prefetch, bool host_writable,
	      const struct rsvd_bits_validate *rsvd)
{
	const int level = sp->role.level;
	u64 spte = SPTE_MMU_PRESENT_MASK | EPT_SUPPRESS_VE_BIT | PT_READABLE_MASK | PT_EXECUTABLE_MASK |
		   EPT_MEMTYPE_WB | (pfn << PAGE_SHIFT);

	if (sp->role.ad_disabled)
		spte |= SPTE_TDP_AD_DISABLED;
	else if (kvm_mmu_page_ad_need_write_protect(kvm, sp))
		spte |= SPTE_TDP_AD_WRPROT_ONLY;
	else
		spte |= SPTE_TDP_AD_ENABLED;
	if (level > PG_LEVEL_4K)
		spte |= PT_PAGE_SIZE_MASK;
	if (level > PG_LEVEL_4K && is_nx_huge_page_enabled(kvm))
		spte &= ~PT_EXECUTABLE_MASK;
	if (!prefetch)
		spte |= shadow_accessed_mask;	/* without A/D bits it is KVM's own note */
	if (host_writable)
		spte |= shadow_host_writable_mask;
	if (host_writable && !kvm_gfn_is_write_tracked(kvm, slot, gfn)) {
		spte |= shadow_mmu_writable_mask | PT_WRITABLE_MASK;
		/*
		 * Also where the SPTE that is replaced was writable: of two write faults the second
		 * would take D away from under the first one's TLB entry, which says that D is set.
		 */
		if (!(bug(kvm, A14) && is_shadow_present_leaf(old_spte, level) && is_writable_pte(old_spte)))
			spte |= shadow_dirty_mask;
	}
	if (prefetch)
		spte = mark_spte_for_access_track(spte);

	WARN_ON_ONCE(is_rsvd_spte(rsvd, spte, level));
	/* A prefetch never takes away what somebody else was already granted. */
	WARN_ON_ONCE(prefetch && is_shadow_present_leaf(old_spte, level));

	if (is_mmu_writable_spte(spte) && kvm_slot_dirty_track_enabled(slot)) {
		/* One bit stands for one 4K page: a writable huge leaf would hide 511 of them. */
		WARN_ON_ONCE(level > PG_LEVEL_4K);
		mark_page_dirty_in_slot(kvm, slot, gfn);
	}
	return spte;
}

u64 make_nonleaf_spte(kvm_pfn_t child_pfn, bool ad_disabled)
{
	u64 spte = SPTE_MMU_PRESENT_MASK | PT_RWX_MASK | (child_pfn << PAGE_SHIFT);

	return spte | (ad_disabled ? SPTE_TDP_AD_DISABLED : shadow_accessed_mask);
}

u64 make_small_spte(struct kvm *kvm, u64 huge_spte, union kvm_mmu_page_role role, int index)
{
	u64 spte = huge_spte;

	WARN_ON_ONCE(!is_shadow_present_pte(huge_spte) || !is_large_pte(huge_spte));
	/* The huge page is aligned to its size, so that the offset needs no carry into other bits. */
	spte += (index * KVM_PAGES_PER_HPAGE(role.level)) << PAGE_SHIFT;
	if (role.level == PG_LEVEL_4K) {
		spte &= ~PT_PAGE_SIZE_MASK;
		/* What only its size kept from being executed; a tracked one gets X back with its R. */
		if (is_nx_huge_page_enabled(kvm))
			spte |= is_access_track_spte(spte) ? PT_EXECUTABLE_MASK << SHADOW_ACC_TRACK_SAVED_SHIFT :
				PT_EXECUTABLE_MASK;
	}
	return spte;
}

u64 make_huge_spte(struct kvm *kvm, u64 small_spte, int level)
{
	u64 spte = small_spte | PT_PAGE_SIZE_MASK;

	/* Of any smaller size: a 4K leaf may stand for the 1G around it. */
	WARN_ON_ONCE(!is_shadow_present_pte(small_spte) || level == PG_LEVEL_4K);
	spte &= ~((KVM_PAGES_PER_HPAGE(level) - 1) << PAGE_SHIFT);
	if (is_nx_huge_page_enabled(kvm))
		spte &= ~(PT_EXECUTABLE_MASK | PT_EXECUTABLE_MASK << SHADOW_ACC_TRACK_SAVED_SHIFT);
	return spte;
}

u64 mark_spte_for_access_track(u64 spte)
{
	u64 saved;

	if (spte_ad_enabled(spte))
		return spte & ~shadow_accessed_mask;
	if (is_access_track_spte(spte))
		return spte;
	/* R and X alone are saved: W comes back through a fault, which marks the page dirty. */
	WARN_ON_ONCE(spte & SHADOW_ACC_TRACK_SAVED_MASK);
	saved = (spte & SHADOW_ACC_TRACK_SAVED_BITS) << SHADOW_ACC_TRACK_SAVED_SHIFT;
	return (spte & ~(PT_RWX_MASK | shadow_accessed_mask)) | saved;
}

u64 restore_acc_track_spte(u64 spte)
{
	u64 saved = (spte >> SHADOW_ACC_TRACK_SAVED_SHIFT) & SHADOW_ACC_TRACK_SAVED_BITS;

	WARN_ON_ONCE(!is_access_track_spte(spte));
	return (spte & ~(SHADOW_ACC_TRACK_SAVED_MASK | PT_RWX_MASK)) | saved;
}
