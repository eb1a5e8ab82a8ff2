// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TDP iterator; see tdp_iter.h.
 *
 * Order: down, else sideways, else up and sideways, hence each entry before what lies below
 * it.  A caller may therefore put a table where a huge leaf was, and the same walk goes on into it.
 *
 * Whoever iterates never trusts a pointer across a yield: the tables on pt_path may be freed
 * once RCU is left.  What survives is a number, next_last_level_gfn, and the root, by its
 * reference.
 */
#include "tdp_iter.h"

/* Stand on the entry for iter->gfn's range in the table of iter->level. */
static inline void tdp_iter_locate(struct tdp_iter *iter)
{
	iter->sptep = iter->pt_path[iter->level - 1] + SPTE_INDEX(iter->gfn, iter->level);
}

void tdp_iter_restart(struct tdp_iter *iter)
{
	iter->yielded = false;
	iter->yielded_gfn = iter->next_last_level_gfn;
	iter->level = iter->root_level;
	iter->gfn = round_down(iter->next_last_level_gfn, KVM_PAGES_PER_HPAGE(iter->level));
	tdp_iter_locate(iter);
	iter->old_spte = kvm_tdp_mmu_read_spte(iter->sptep);
	iter->valid = true;
}

void tdp_iter_start(struct tdp_iter *iter, struct kvm_mmu_page *root, int min_level,
		    gfn_t next_last_level_gfn)
{
	must_hold_rcu();

	if (WARN_ON_ONCE(!root || root->role.level < 1 || root->role.level > PT64_ROOT_MAX_LEVEL)) {
		iter->valid = false;
		return;
	}
	iter->next_last_level_gfn = next_last_level_gfn;
	iter->root_level = root->role.level;
	iter->min_level = (u8)min_level;
	iter->pt_path[iter->root_level - 1] = root->spt;
	note(NOTE_WALK_BEGIN, iter, next_last_level_gfn);
	tdp_iter_restart(iter);
}

static bool try_step_down(struct tdp_iter *iter)
{
	tdp_ptep_t child;

	if (iter->level == iter->min_level)
		return false;
	/*
	 * Read again: the caller may have changed the entry, or somebody else has.  What is a
	 * table now is entered; RCU keeps it readable even if it is cut off in this instant.
	 */
	iter->old_spte = kvm_tdp_mmu_read_spte(iter->sptep);
	child = spte_to_child_pt(iter->old_spte, iter->level);
	if (!child)
		return false;
	iter->level--;
	iter->pt_path[iter->level - 1] = child;
	iter->gfn = round_down(iter->next_last_level_gfn, KVM_PAGES_PER_HPAGE(iter->level));
	tdp_iter_locate(iter);
	iter->old_spte = kvm_tdp_mmu_read_spte(iter->sptep);
	return true;
}

static bool try_step_side(struct tdp_iter *iter)
{
	if (SPTE_INDEX(iter->gfn, iter->level) == TABLE_WORDS - 1)
		return false;
	iter->gfn += KVM_PAGES_PER_HPAGE(iter->level);
	iter->next_last_level_gfn = iter->gfn;
	iter->sptep++;
	iter->old_spte = READ_SCAN(*iter->sptep);
	return true;
}

/* Back to the entry that led here; it has been visited already. */
static bool try_step_up(struct tdp_iter *iter)
{
	if (iter->level == iter->root_level)
		return false;
	iter->level++;
	iter->gfn = round_down(iter->gfn, KVM_PAGES_PER_HPAGE(iter->level));
	tdp_iter_locate(iter);
	iter->old_spte = READ_SCAN(*iter->sptep);
	return true;
}

void tdp_iter_next(struct tdp_iter *iter)
{
	if (iter->yielded) {
		/*
		 * The restart is the step.  Nothing at or below the root entry it lands on was
		 * seen since the lock was dropped; stepping on would leave all of it unvisited.
		 */
		tdp_iter_restart(iter);
		if (!bug(kvm_of(), A01))
			return;
	} else if (try_step_down(iter)) {
		return;
	}

	do {
		if (try_step_side(iter))
			return;
	} while (try_step_up(iter));
	iter->valid = false;
}

u64 kvm_tdp_mmu_write_spte(tdp_ptep_t sptep, u64 old_spte, u64 new_spte, int level)
{
	/*
	 * A plain store is enough where nobody but lock holders can change the entry.  Where a CPU
	 * may set D, or a lockless fault W, only an atomic exchange tells what was really there.
	 */
	if (kvm_tdp_mmu_spte_need_atomic_update(old_spte, level) && !bug(kvm_of(), A11))
		return kvm_tdp_mmu_write_spte_atomic(sptep, new_spte);
	__kvm_tdp_mmu_write_spte(sptep, new_spte);
	return old_spte;
}
