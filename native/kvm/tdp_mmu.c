// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TDP MMU's setters: the only ways in which an entry of a published table changes, and the
 * bookkeeping that follows every change.
 *
 * faithful: cmpxchg under mmu_lock for read, store or xchg under write; recursion into removed
 *           tables with freezing; page statistics; which transitions are bugs.
 * custom:   no as_id: nothing in the bookkeeping depends on it any more.
 * stubbed:  mirror roots, so that FROZEN_SPTE never appears in a live table.
 *
 * Why a cut-off table is safe, in steps:
 *   1. The entry above it is replaced first: no new walker arrives.
 *   2. A walker that is in it already may still try to install something.  Each entry is
 *      exchanged for FROZEN_SPTE, atomically.  A cmpxchg of that walker comes either before,
 *      and what it installed is taken out by the exchange, or after, and fails.
 *   3. RCU keeps the memory until the walkers have left; the remote flush that the caller owes
 *      before it leaves its own RCU section does the same for CPUs in guest mode.
 */
#include "tdp_mmu.h"

#include <errno.h>

#include "../core/measure.h"
#include "nx.h"
#include "tlb.h"

static void handle_changed_spte(struct kvm *kvm, gfn_t gfn, u64 old_spte, u64 new_spte, int level,
				bool shared);

/* One entry of a cut-off table, while faults may still stand in it.  What it took out. */
static u64 tdp_mmu_freeze_shared(struct kvm *kvm, tdp_ptep_t sptep)
{
	u64 old_spte;

	for (;;) {
		/*
		 * Atomic against a fault's cmpxchg on the same entry: of the two, one sees the other.
		 * Full barrier; partner: the cmpxchg in tdp_mmu_set_spte_atomic().  With a load
		 * and a store: we read non-present; fault installs a table; we overwrite it, and
		 * that table is on no list and under no parent.
		 */
		old_spte = xchg_scan(sptep, bug(kvm, A19) ? SHADOW_NONPRESENT_VALUE : FROZEN_SPTE);
		if (likely(!is_frozen_spte(old_spte)))
			return old_spte;
		/* Somebody else froze it and will still store its final value over ours. */
		cpu_relax();
	}
}

/*
 * Drain a table that was cut off and give it to RCU.  The caller is its only owner: RCU
 * readers may be in it, but nobody else will remove it.
 */
static void handle_removed_pt(struct kvm *kvm, struct kvm_mmu_page *sp, bool shared)
{
	const int level = sp->role.level;
	const gfn_t base_gfn = sp->gfn;

	if (shared)
		must_hold_read(&kvm->mmu_lock);
	else
		must_hold_write(&kvm->mmu_lock);

	atomic64_dec(&kvm->tdp_mmu_pages);
	untrack_removed_nx_huge_page(kvm, sp);

	for (int i = 0; i < TABLE_WORDS; i++) {
		tdp_ptep_t sptep = sp->spt + i;
		u64 old_spte;

		if (shared) {
			old_spte = tdp_mmu_freeze_shared(kvm, sptep);
		} else {
			/* Nobody can install anything: what is empty stays as it is. */
			old_spte = READ_SCAN(*sptep);
			if (!is_shadow_present_pte(old_spte))
				continue;
			/* A CPU may still set D through its cached upper levels: hence not just a store. */
			old_spte = kvm_tdp_mmu_write_spte(sptep, old_spte, FROZEN_SPTE, level);
		}
		handle_changed_spte(kvm, base_gfn + i * KVM_PAGES_PER_HPAGE(level), old_spte, FROZEN_SPTE, level,
				    shared);
	}

	call_rcu(&sp->rcu_head, RCU_FREE_TABLE);
}

/* The transitions that no path may make; each names a lost TLB flush or a lost table. */
static void check_changed_spte(struct kvm *kvm, u64 old_spte, u64 new_spte, int level)
{
	const bool was_leaf = is_shadow_present_leaf(old_spte, level);
	const bool is_leaf = is_shadow_present_leaf(new_spte, level);

	/* Another page without a non-present entry and a flush between: two translations at once. */
	KVM_BUG_ON(was_leaf && is_leaf && spte_to_pfn(old_spte) != spte_to_pfn(new_spte), kvm);
	WARN_ON_ONCE(is_leaf && !spte_writable_state_ok(new_spte));
	/* Non-present to non-present: only to freeze, or where MMIO comes in. */
	WARN_ON_ONCE(!is_shadow_present_pte(old_spte) && !is_shadow_present_pte(new_spte) &&
		     !is_mmio_spte(old_spte) && !is_mmio_spte(new_spte) && !is_frozen_spte(new_spte));
}

/* After every change of an entry, in either mode, with the value that was really replaced. */
static void handle_changed_spte(struct kvm *kvm, gfn_t gfn, u64 old_spte, u64 new_spte, int level,
				bool shared)
{
	const bool was_leaf = is_shadow_present_leaf(old_spte, level);
	const bool is_leaf = is_shadow_present_leaf(new_spte, level);
	const bool was_table = is_shadow_present_table(old_spte, level);

	must_hold_either(&kvm->mmu_lock);

	if (old_spte == new_spte)
		return;
	check_changed_spte(kvm, old_spte, new_spte, level);
	if (was_leaf != is_leaf)
		kvm_update_page_stats(kvm, level, is_leaf ? 1 : -1);
	if (was_leaf && !is_leaf)
		measure_zap(gfn);
	if (was_table) {
		/* One table for another would leave the first to nobody; it does not happen. */
		WARN_ON_ONCE(is_shadow_present_table(new_spte, level));
		handle_removed_pt(kvm, spte_to_child_sp(old_spte), shared);
	}
}

int tdp_mmu_set_spte_atomic(struct kvm *kvm, struct tdp_iter *iter, u64 new_spte)
{
	u64 old_spte = iter->old_spte;

	must_hold_read(&kvm->mmu_lock);
	must_hold_rcu();

	/* A frozen entry belongs to whoever froze it; a yielded iterator points at freed memory. */
	WARN_ON_ONCE(iter->yielded || is_frozen_spte(old_spte));

	/*
	 * Publishes new_spte: a table that it points to was filled before, by plain stores; the
	 * cmpxchg is a full barrier, and walkers reach the table through the value they read.
	 * Partner: kvm_tdp_mmu_read_spte() of every walker, software and hardware.  Otherwise:
	 * we link T; CPU walks into T and reads what its frame held in its former life.
	 *
	 * Failure means another fault, a zap, a freeze or the CPU's A/D was first: nothing changed.
	 */
	if (!try_cmpxchg64(iter->sptep, &old_spte, new_spte) && !bug(kvm, H1)) {
		iter->old_spte = old_spte;
		return -EBUSY;
	}
	handle_changed_spte(kvm, iter->gfn, iter->old_spte, new_spte, iter->level, true);
	return 0;
}

u64 tdp_mmu_set_spte(struct kvm *kvm, tdp_ptep_t sptep, u64 old_spte, u64 new_spte, gfn_t gfn, int level)
{
	must_hold_write(&kvm->mmu_lock);
	must_hold_rcu();

	/* Frozen entries are in tables that nobody can reach, or belong to a task under read. */
	WARN_ON_ONCE(is_frozen_spte(old_spte) || is_frozen_spte(new_spte));

	old_spte = kvm_tdp_mmu_write_spte(sptep, old_spte, new_spte, level);
	handle_changed_spte(kvm, gfn, old_spte, new_spte, level, false);
	return old_spte;
}

bool tdp_mmu_iter_cond_resched(struct kvm *kvm, struct tdp_iter *iter, bool flush, bool shared)
{
	must_hold_rcu();
	may_yield(&kvm->mmu_lock);
	static_check_off("the mode is an argument");
	if (shared)
		must_hold_read(&kvm->mmu_lock);
	else
		must_hold_write(&kvm->mmu_lock);

	/* Progress since the last yield, or two walkers hand the lock to each other for ever. */
	if (iter->next_last_level_gfn == iter->yielded_gfn && !bug(kvm, A02))
		return false;
	if (likely(!rwlock_needbreak(&kvm->mmu_lock)))
		return false;
	note(NOTE_WALK_YIELDED, iter, iter->next_last_level_gfn);

	/* Before RCU is left, not only before the lock is: a CPU may still walk a removed table. */
	if (flush)
		kvm_flush_remote_tlbs(kvm);
	rcu_read_unlock();

	if (shared) {
		read_unlock(&kvm->mmu_lock);
		cond_resched();
		read_lock(&kvm->mmu_lock);
	} else {
		write_unlock(&kvm->mmu_lock);
		cond_resched();
		write_lock(&kvm->mmu_lock);
	}

	rcu_read_lock();
	iter->yielded = true;
	return true;
}
