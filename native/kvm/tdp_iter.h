/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TDP iterator: a pre-order walk over the entries of one root, and the raw accesses to
 * an entry that every walker shares.
 *
 * faithful: next_last_level_gfn and yielded_gfn, the re-read before a step down, the restart
 *           at the root after a yield, which access is atomic in which mode.
 * custom:   sideways and upward reads are marked as a scan, so that a schedule is not spent
 *           on each of 512 entries; the entry read on arriving at a table, the re-read before the
 *           step down and every target access are full decision points.
 * stubbed:  gfn_bits (TDX alias) and mirror roots.
 *
 * All of it runs inside an RCU read section: pt_path and sptep are dead once it is left.
 */
#ifndef MMUT_KVM_TDP_ITER_H
#define MMUT_KVM_TDP_ITER_H

#include "spte.h"

struct tdp_iter {
	gfn_t next_last_level_gfn;	/* where the walk is heading */
	gfn_t yielded_gfn;		/* next_last_level_gfn at the last yield: no second one here */
	tdp_ptep_t pt_path[PT64_ROOT_MAX_LEVEL];	/* tables from the root down, by level - 1 */
	tdp_ptep_t sptep;		/* the entry the walk stands on */
	gfn_t gfn;			/* first gfn that the entry translates */
	u64 old_spte;			/* *sptep as last read; what a cmpxchg expects */
	u8 root_level;
	u8 min_level;			/* no step below this */
	u8 level;			/* of the current entry */
	bool valid;			/* false: past the end, or the walk broke off */
	bool yielded;			/* the lock was dropped: restart before anything else */
};

#define SPTE_INDEX(gfn, level)	(((gfn) >> KVM_HPAGE_GFN_SHIFT(level)) & (TABLE_WORDS - 1))

void tdp_iter_start(struct tdp_iter *iter, struct kvm_mmu_page *root, int min_level,
		    gfn_t next_last_level_gfn);
void tdp_iter_next(struct tdp_iter *iter);
void tdp_iter_restart(struct tdp_iter *iter);

/* Every entry at or above min_level that overlaps [start, end), parents first. */
#define for_each_tdp_pte_min_level(iter, root, min_level, start, end)		\
	for (tdp_iter_start(&(iter), root, min_level, start);			\
	     (iter).valid && (iter).gfn < (end);				\
	     tdp_iter_next(&(iter)))
#define for_each_tdp_pte(iter, root, start, end)				\
	for_each_tdp_pte_min_level(iter, root, PG_LEVEL_4K, start, end)

static inline u64 kvm_tdp_mmu_read_spte(tdp_ptep_t sptep)
{
	/* As on a 32-bit host: whatever changes the entry between the two loads tears the value. */
	if (bug(kvm_of(), H4)) {
		u64 low = READ_ONCE(*sptep) & GENMASK_ULL(31, 0);

		return low | (READ_ONCE(*sptep) & GENMASK_ULL(63, 32));
	}
	return READ_ONCE(*sptep);
}

static inline u64 kvm_tdp_mmu_write_spte_atomic(tdp_ptep_t sptep, u64 new_spte)
{
	/*
	 * Full barrier.  The old value comes back whole, with every A, D or W bit that a CPU
	 * or a lockless fault put there up to this instant; whoever comes later sees new_spte.
	 */
	return xchg(sptep, new_spte);
}

static inline void __kvm_tdp_mmu_write_spte(tdp_ptep_t sptep, u64 new_spte) { WRITE_ONCE(*sptep, new_spte); }

/* Bits may change behind the back of a holder of mmu_lock for write: see spte_needs_atomic_update(). */
static inline bool kvm_tdp_mmu_spte_need_atomic_update(u64 old_spte, int level)
{
	return is_shadow_present_leaf(old_spte, level) && spte_needs_atomic_update(old_spte);
}

/* mmu_lock is held for write, or the table is the caller's alone.  The real old value. */
u64 kvm_tdp_mmu_write_spte(tdp_ptep_t sptep, u64 old_spte, u64 new_spte, int level);

static inline u64 tdp_mmu_clear_spte_bits_atomic(tdp_ptep_t sptep, u64 mask)
{
	/* One locked AND: bits outside `mask` that change meanwhile survive. */
	return fetch_and(sptep, ~mask);
}

static inline u64 tdp_mmu_clear_spte_bits(tdp_ptep_t sptep, u64 old_spte, u64 mask, int level)
{
	if (kvm_tdp_mmu_spte_need_atomic_update(old_spte, level))
		return tdp_mmu_clear_spte_bits_atomic(sptep, mask);
	__kvm_tdp_mmu_write_spte(sptep, old_spte & ~mask);
	return old_spte;
}

#endif
