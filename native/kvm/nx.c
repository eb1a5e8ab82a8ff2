// SPDX-License-Identifier: GPL-2.0-only
/*
 * NX huge pages: bookkeeping of disallowed tables, and the recovery worker; see nx.h.
 *
 * Three parties meet on a table: the fault that links it and then lists it, whoever cuts it off,
 * and the worker.  What keeps a dead table off the list, in steps:
 *   1. The flag is set before the table is linked, so that whoever can cut it off sees the flag.
 *   2. Whoever cuts it off clears the flag under tdp_mmu_pages_lock, and unlists it there.
 *   3. The fault lists it under that lock, and only if the flag is still set.  Of 2 and 3 one
 *      comes first: either the fault finds no flag, or the remover finds the table listed.
 *
 * Why the worker may follow sp->ptep: the table was on the list when the worker was already in an
 * RCU section.  A table leaves the list before it is handed to call_rcu(), and a parent is handed
 * over after its children: neither can be freed before that section ends.
 */
#include "nx.h"

#include "../core/list.h"
#include "../core/measure.h"
#include "dirty_log.h"
#include "memslot.h"
#include "tdp_mmu.h"
#include "tlb.h"

#define NX_RECOVERY_RATIO	2	/* a pass takes one in so many, at least one */

void disallowed_hugepage_adjust(struct kvm_page_fault *fault, u64 spte, int cur_level)
{
	u64 mask;

	must_hold_rcu();

	if (cur_level == PG_LEVEL_4K || cur_level != fault->goal_level || !is_shadow_present_table(spte, cur_level) ||
	    !READ_ONCE(spte_to_child_sp(spte)->nx_huge_page_disallowed))
		return;
	/* The nine bits of the gfn that rounding to the huge page took out of the pfn. */
	mask = KVM_PAGES_PER_HPAGE(cur_level) - KVM_PAGES_PER_HPAGE(cur_level - 1);
	fault->pfn |= fault->gfn & mask;
	fault->goal_level--;
}

/* ------------------------------------------------------------------ the list */

void track_possible_nx_huge_page(struct kvm *kvm, struct kvm_mmu_page *sp)
{
	must_hold_read(&kvm->mmu_lock);

	spin_lock(&kvm->tdp_mmu_pages_lock);
	/*
	 * Asked again, now that nobody can change it: fault links the table; zap cuts it off, clears
	 * the flag, finds it on no list, gives it to RCU; fault lists it: freed memory on the list.
	 */
	if (READ_ONCE(sp->nx_huge_page_disallowed) || bug(kvm, A16)) {
		list_add_tail(&sp->possible_nx_huge_page_link, &kvm->possible_nx_huge_pages);
		WRITE_ONCE(kvm->nr_possible_nx_huge_pages, data_read(kvm->nr_possible_nx_huge_pages) + 1);
	}
	spin_unlock(&kvm->tdp_mmu_pages_lock);
}

static void unaccount_nx_huge_page(struct kvm *kvm, struct kvm_mmu_page *sp)
{
	must_hold_either(&kvm->tdp_mmu_pages_lock);

	WRITE_ONCE(sp->nx_huge_page_disallowed, 0);
	if (data_read(sp->possible_nx_huge_page_link.next) == &sp->possible_nx_huge_page_link)
		return;		/* another reason than NX kept the huge page away, too */
	list_del_init(&sp->possible_nx_huge_page_link);
	WRITE_ONCE(kvm->nr_possible_nx_huge_pages, data_read(kvm->nr_possible_nx_huge_pages) - 1);
}

void untrack_removed_nx_huge_page(struct kvm *kvm, struct kvm_mmu_page *sp)
{
	must_hold_either(&kvm->mmu_lock);

	/*
	 * Without the lock: the flag was set before the table was linked (published by the linking
	 * cmpxchg), and we, who read the entry that pointed here, see that.  It only goes to 0.
	 */
	if (likely(!READ_ONCE(sp->nx_huge_page_disallowed)))
		return;
	spin_lock(&kvm->tdp_mmu_pages_lock);
	unaccount_nx_huge_page(kvm, sp);
	spin_unlock(&kvm->tdp_mmu_pages_lock);
}

/* ------------------------------------------------------------------ the worker */

static struct kvm_mmu_page *pop_possible_nx_huge_page(struct kvm *kvm)
{
	struct kvm_mmu_page *sp = NULL;
	struct list_head *node;

	/* See the head of this file: the section has to be older than the look at the list. */
	must_hold_rcu();

	spin_lock(&kvm->tdp_mmu_pages_lock);
	node = data_read(kvm->possible_nx_huge_pages.next);
	if (node != &kvm->possible_nx_huge_pages) {
		sp = container_of(node, struct kvm_mmu_page, possible_nx_huge_page_link);
		/* Off the list whatever comes of it, or a table that stays would be met for ever. */
		unaccount_nx_huge_page(kvm, sp);
	}
	spin_unlock(&kvm->tdp_mmu_pages_lock);
	return sp;
}

/* Logged memory is mapped by 4K in any case: zapping the table would only cost faults. */
static bool kvm_mmu_sp_dirty_logging_enabled(struct kvm *kvm, const struct kvm_mmu_page *sp)
{
	const struct kvm_memory_slot *slot;

	must_hold_srcu();
	slot = gfn_to_memslot(kvm_memslots_of(kvm, kvm_mmu_page_as_id(sp)), sp->gfn);
	return slot && kvm_slot_dirty_track_enabled(slot);
}

/* Cut one table off; true: the caller owes a flush before it leaves RCU. */
bool kvm_tdp_mmu_zap_possible_nx_huge_page(struct kvm *kvm, struct kvm_mmu_page *sp)
{
	struct tdp_iter iter = { .sptep = sp->ptep, .gfn = sp->gfn, .level = (u8)(sp->role.level + 1) };

	must_hold_read(&kvm->mmu_lock);
	must_hold_rcu();

	/* A root has no parent, and is never in the way of a huge page. */
	if (WARN_ON_ONCE(!sp->ptep))
		return false;
	iter.old_spte = kvm_tdp_mmu_read_spte(sp->ptep);
	/* Somebody else, with mmu_lock for read like us, may have put something else there. */
	if (!is_shadow_present_table(iter.old_spte, iter.level) || spte_to_child_sp(iter.old_spte) != sp)
		return false;
	if (!tdp_mmu_set_spte_atomic(kvm, &iter, SHADOW_NONPRESENT_VALUE))
		return true;
	/* The table was cut off by another, whose business the flush is. */
	measure_retry("lost-cmpxchg");
	return false;
}

/* As tdp_mmu_iter_cond_resched(), for a walk along the list.  True: it yielded, and paid. */
static bool nx_recovery_cond_resched(struct kvm *kvm, bool flush)
{
	must_hold_read(&kvm->mmu_lock);
	must_hold_rcu();

	if (likely(!rwlock_needbreak(&kvm->mmu_lock)))
		return false;
	if (flush)
		kvm_flush_remote_tlbs(kvm);
	rcu_read_unlock();
	read_unlock(&kvm->mmu_lock);
	cond_resched();
	read_lock(&kvm->mmu_lock);
	rcu_read_lock();
	return true;
}

void kvm_recover_nx_huge_pages(struct kvm *kvm)
{
	u64 to_zap, nr = READ_ONCE(kvm->nr_possible_nx_huge_pages);
	struct kvm_mmu_page *sp;
	bool flush = false;

	must_hold_none(&kvm->mmu_lock);

	/* SRCU: the slots are asked whether they are logged. */
	srcu_read_lock();
	read_lock(&kvm->mmu_lock);
	rcu_read_lock();
	for (to_zap = (nr + NX_RECOVERY_RATIO - 1) / NX_RECOVERY_RATIO; to_zap; to_zap--) {
		sp = pop_possible_nx_huge_page(kvm);
		if (!sp)
			break;
		if (!kvm_mmu_sp_dirty_logging_enabled(kvm, sp))
			flush |= kvm_tdp_mmu_zap_possible_nx_huge_page(kvm, sp);
		if (bug(kvm, R02))
			flush = false;
		if (nx_recovery_cond_resched(kvm, flush))
			flush = false;
	}
	/* Before RCU is left: a CPU may still walk the tables that wait for our grace period. */
	if (flush)
		kvm_flush_remote_tlbs(kvm);
	rcu_read_unlock();
	read_unlock(&kvm->mmu_lock);
	srcu_read_unlock();
}
