/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SPTE: layout, predicates and the values that may be written.
 *
 * faithful: the EPT layout as the TDP MMU uses it, MMU-present (bit 11), host- and
 *           MMU-writable, A/D types, access tracking, the frozen value, volatile bits.
 * custom:   the masks are constants (EPT only), and the pfn field holds a frame number of
 *           the arena: of a guest frame in a leaf, of a table in a non-leaf entry.
 * elsewhere: MMIO SPTEs are made and read in mmio.c.
 */
#ifndef MMUT_KVM_SPTE_H
#define MMUT_KVM_SPTE_H

#include "kvm_host.h"

/* Hardware bits. */
#define PT_READABLE_MASK		BIT_ULL(0)
#define PT_WRITABLE_MASK		BIT_ULL(1)
#define PT_EXECUTABLE_MASK		BIT_ULL(2)
#define PT_RWX_MASK			(PT_READABLE_MASK | PT_WRITABLE_MASK | PT_EXECUTABLE_MASK)
#define EPT_MEMTYPE_WB			(6ULL << 3)	/* leaf only */
#define PT_PAGE_SIZE_MASK		BIT_ULL(7)	/* leaf above 4K */
#define shadow_accessed_mask		BIT_ULL(8)
#define shadow_dirty_mask		BIT_ULL(9)
#define SPTE_BASE_ADDR_MASK		GENMASK_ULL(51, 12)
#define EPT_SUPPRESS_VE_BIT		BIT_ULL(63)

/* Software bits. */
#define SPTE_MMU_PRESENT_MASK		BIT_ULL(11)
#define SPTE_TDP_AD_SHIFT		52
#define SPTE_TDP_AD_MASK		(3ULL << SPTE_TDP_AD_SHIFT)
#define SPTE_TDP_AD_ENABLED		(0ULL << SPTE_TDP_AD_SHIFT)
#define SPTE_TDP_AD_DISABLED		(1ULL << SPTE_TDP_AD_SHIFT)	/* access tracked by faults */
#define SPTE_TDP_AD_WRPROT_ONLY		(2ULL << SPTE_TDP_AD_SHIFT)	/* L2 under PML: D is L1's business */
#define SHADOW_ACC_TRACK_SAVED_SHIFT	54
#define SHADOW_ACC_TRACK_SAVED_BITS	(PT_READABLE_MASK | PT_EXECUTABLE_MASK)
#define SHADOW_ACC_TRACK_SAVED_MASK	(SHADOW_ACC_TRACK_SAVED_BITS << SHADOW_ACC_TRACK_SAVED_SHIFT)
#define shadow_host_writable_mask	BIT_ULL(57)	/* the host maps it writable; fixed at creation */
#define shadow_mmu_writable_mask	BIT_ULL(58)	/* KVM lets it be written; W may follow without a lock */

/* A width that no modelled pfn comes near: what lies above it is reserved. */
#define SHADOW_PHYS_BITS		46

#define SHADOW_NONPRESENT_VALUE		EPT_SUPPRESS_VE_BIT
/*
 * Owned by whoever wrote it: a task that cut the table off the tree.  No R, W, X, pfn or
 * MMU-present bit, so that no walker of either sort takes it for a mapping.  Compared as a value.
 */
#define FROZEN_SPTE			(SHADOW_NONPRESENT_VALUE | 0x5a0ULL)

/* EPT misconfiguration (write and execute without read) that does not suppress #VE. */
#define SHADOW_MMIO_VALUE		(PT_WRITABLE_MASK | PT_EXECUTABLE_MASK)
#define SHADOW_MMIO_MASK		(PT_RWX_MASK | EPT_SUPPRESS_VE_BIT)

#define ACC_ALL				7	/* role.access of every TDP table */

static inline bool is_shadow_present_pte(u64 spte) { return spte & SPTE_MMU_PRESENT_MASK; }
static inline bool is_frozen_spte(u64 spte) { return spte == FROZEN_SPTE; }
static inline bool is_mmio_spte(u64 spte) { return (spte & SHADOW_MMIO_MASK) == SHADOW_MMIO_VALUE; }
static inline bool is_large_pte(u64 spte) { return spte & PT_PAGE_SIZE_MASK; }
static inline bool is_last_spte(u64 spte, int level) { return level == PG_LEVEL_4K || is_large_pte(spte); }
static inline bool is_writable_pte(u64 spte) { return spte & PT_WRITABLE_MASK; }
static inline bool is_mmu_writable_spte(u64 spte) { return spte & shadow_mmu_writable_mask; }
static inline bool is_host_writable_spte(u64 spte) { return spte & shadow_host_writable_mask; }
static inline bool is_executable_pte(u64 spte) { return spte & PT_EXECUTABLE_MASK; }
static inline bool is_accessed_spte(u64 spte) { return spte & shadow_accessed_mask; }
static inline bool is_dirty_spte(u64 spte) { return spte & shadow_dirty_mask; }

static inline bool is_shadow_present_leaf(u64 spte, int level)
{
	return is_shadow_present_pte(spte) && is_last_spte(spte, level);
}

static inline bool is_shadow_present_table(u64 spte, int level)
{
	return is_shadow_present_pte(spte) && !is_last_spte(spte, level);
}

static inline kvm_pfn_t spte_to_pfn(u64 spte) { return (spte & SPTE_BASE_ADDR_MASK) >> PAGE_SHIFT; }

/*
 * The frame of the table below.  What was read from a table that has been freed leads anywhere: there
 * the kernel oopses, or worse.  0 is no table's.
 */
static inline u32 spte_to_child_pfn(u64 spte)
{
	const kvm_pfn_t pfn = spte_to_pfn(spte);

	return KVM_BUG_ON(!frame_is_table(pfn), kvm_of()) ? 0 : (u32)pfn;
}

/* The table below, for software walkers; NULL where there is none.  RCU keeps it alive. */
static inline tdp_ptep_t spte_to_child_pt(u64 spte, int level)
{
	return is_shadow_present_table(spte, level) ? frame_words(spte_to_child_pfn(spte)) : NULL;
}

static inline struct kvm_mmu_page *spte_to_child_sp(u64 spte) { return pfn_to_sp(spte_to_child_pfn(spte)); }

/* ------------------------------------------------------------------ accessed and dirty */

static inline bool kvm_ad_enabled(const struct kvm *kvm) { return kvm->config.ad_enabled; }

static inline bool spte_ad_enabled(u64 spte)
{
	return (spte & SPTE_TDP_AD_MASK) != SPTE_TDP_AD_DISABLED;
}

/* Dirty logging of this SPTE needs write protection: its D bit tells KVM nothing. */
static inline bool spte_ad_need_write_protect(u64 spte)
{
	return (spte & SPTE_TDP_AD_MASK) != SPTE_TDP_AD_ENABLED;
}

/* The same for a whole tree: role is shared by all tables of a root but for the level. */
static inline bool kvm_mmu_page_ad_need_write_protect(const struct kvm *kvm, const struct kvm_mmu_page *sp)
{
	return sp->role.ad_disabled || (kvm->config.pml && sp->role.guest_mode);
}

static inline bool is_access_track_spte(u64 spte)
{
	return !spte_ad_enabled(spte) && !(spte & PT_RWX_MASK);
}

/*
 * The entry may change under a holder of mmu_lock for write: somebody without the lock may
 * set W (not W, but MMU-writable) or rewrite R and X (access tracking), or the CPU may
 * set D.  A alone does not count, losing it is tolerated.  Present leaves only.
 */
static inline bool spte_needs_atomic_update(u64 spte)
{
	if (!is_writable_pte(spte) && is_mmu_writable_spte(spte))
		return true;
	if (!spte_ad_enabled(spte))
		return true;
	return is_writable_pte(spte) && !is_dirty_spte(spte);
}

/* The writable-state machine: (host-W, MMU-W, W) is one of 111, 110, 100, 000. */
static inline bool spte_writable_state_ok(u64 spte)
{
	if (is_writable_pte(spte) && !is_mmu_writable_spte(spte))
		return false;
	return !is_mmu_writable_spte(spte) || is_host_writable_spte(spte);
}

/* Whether a present leaf already lets `fault` through. */
static inline bool is_access_allowed(const struct kvm_page_fault *fault, u64 spte)
{
	if (fault->exec)
		return is_executable_pte(spte);
	if (fault->write)
		return is_writable_pte(spte);
	return spte & PT_READABLE_MASK;
}

static inline bool is_rsvd_spte(const struct rsvd_bits_validate *rsvd, u64 spte, int level)
{
	return (spte & rsvd->rsvd_bits_mask[is_large_pte(spte)][level - 1]) ||
	       (rsvd->bad_mt_xwr & BIT_ULL(spte & 0x3f));
}

/* ------------------------------------------------------------------ values to write */

/* Of the host alone, not of a vCPU: computed once for the VM. */
void reset_tdp_shadow_zero_bits_mask(struct rsvd_bits_validate *rsvd, u8 max_level);

/*
 * The leaf SPTE for `gfn` in `sp`.  `old_spte` is what it will replace; `rsvd` what must stay
 * clear.  Where the result is writable and the slot is logged, the gfn is marked dirty here,
 * before anybody can see the SPTE: a lost cmpxchg then over-reports, never under-reports.
 * Where the gfn is write-tracked the result is not writable, whatever the host allows.
 */
u64 make_spte(struct kvm *kvm, const struct kvm_mmu_page *sp, struct kvm_memory_slot *slot, gfn_t gfn,
	      kvm_pfn_t pfn, u64 old_spte, bool prefetch, bool host_writable,
	      const struct rsvd_bits_validate *rsvd);
u64 make_nonleaf_spte(kvm_pfn_t child_pfn, bool ad_disabled);
/* Entry `index` of a table of `role` that takes the place of a huge leaf. */
u64 make_small_spte(struct kvm *kvm, u64 huge_spte, union kvm_mmu_page_role role, int index);
/* The other way: the leaf of `level` that contains what `small_spte` maps. */
u64 make_huge_spte(struct kvm *kvm, u64 small_spte, int level);
u64 mark_spte_for_access_track(u64 spte);
u64 restore_acc_track_spte(u64 spte);

#endif
