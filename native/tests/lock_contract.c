// SPDX-License-Identifier: GPL-2.0-only
/* lock-contract: each function runs under the lock it declares, each word changes under its own. */
#include "plant.h"

/* ------------------------------------------------------------------ what functions declare */

static void shared_work(struct kvm *kvm)
{
	must_hold_read(&kvm->mmu_lock);
}

static void exclusive_work(struct kvm *kvm)
{
	must_hold_write(&kvm->mmu_lock);
}

static void locked_work(struct kvm *kvm)
{
	must_hold_either(&kvm->mmu_lock);
}

static void sleeping_work(struct kvm *kvm)
{
	must_hold_none(&kvm->mmu_lock);
}

static void walk(void)
{
	must_hold_rcu();
}

static void slot_lookup(void)
{
	must_hold_srcu();
}

CLEAN(functions_that_find_what_they_declare, LOCK_CONTRACT, VCPU0)
{
	sleeping_work(m->kvm);
	srcu_read_lock();
	slot_lookup();
	srcu_read_unlock();
	read_lock(&m->kvm->mmu_lock);
	rcu_read_lock();
	walk();
	shared_work(m->kvm);
	locked_work(m->kvm);
	rcu_read_unlock();
	read_unlock(&m->kvm->mmu_lock);
	write_lock(&m->kvm->mmu_lock);
	exclusive_work(m->kvm);
	locked_work(m->kvm);
	write_unlock(&m->kvm->mmu_lock);
	sleeping_work(m->kvm);
}

PLANT(a_shared_function_is_entered_under_write, LOCK_CONTRACT, VCPU0,
      "shared_work() needs mmu_lock held for read, and it is held for write")
{
	write_lock(&m->kvm->mmu_lock);
	shared_work(m->kvm);
}

PLANT(a_shared_function_is_entered_without_a_lock, LOCK_CONTRACT, VCPU0,
      "shared_work() needs mmu_lock held for read, and it is not held")
{
	shared_work(m->kvm);
}

PLANT(an_exclusive_function_is_entered_under_read, LOCK_CONTRACT, VCPU0,
      "exclusive_work() needs mmu_lock held for write, and it is held for read")
{
	read_lock(&m->kvm->mmu_lock);
	exclusive_work(m->kvm);
}

PLANT(an_exclusive_function_is_entered_without_a_lock, LOCK_CONTRACT, VCPU0,
      "exclusive_work() needs mmu_lock held for write, and it is not held")
{
	exclusive_work(m->kvm);
}

PLANT(a_function_for_either_mode_is_entered_without_a_lock, LOCK_CONTRACT, VCPU0,
      "locked_work() needs mmu_lock held, for read or write")
{
	locked_work(m->kvm);
}

PLANT(a_function_that_locks_itself_is_entered_under_the_lock, LOCK_CONTRACT, VCPU0,
      "sleeping_work() needs mmu_lock not held")
{
	read_lock(&m->kvm->mmu_lock);
	sleeping_work(m->kvm);
}

PLANT(a_walk_outside_rcu, LOCK_CONTRACT, VCPU0, "walk() needs an RCU read section")
{
	srcu_read_lock();
	walk();
}

PLANT(a_slot_lookup_outside_srcu, LOCK_CONTRACT, VCPU0, "slot_lookup() needs an SRCU read section")
{
	rcu_read_lock();
	slot_lookup();
}

PLANT(the_lock_is_held_by_somebody_else, LOCK_CONTRACT, VCPU0, "and it is not held")
{
	read_lock(&m->kvm->mmu_lock);
	become(VCPU1);
	shared_work(m->kvm);
}

/* ------------------------------------------------------------------ guest mode */

PLANT(guest_mode_with_a_lock_held, LOCK_CONTRACT, VCPU0, "in guest mode with mmu_lock held")
{
	read_lock(&m->kvm->mmu_lock);
	guest_announce(m->frame, LEAF_GFN, false);
}

PLANT(guest_mode_inside_srcu, LOCK_CONTRACT, VCPU0, "in guest mode inside an SRCU")
{
	srcu_read_lock();
	guest_announce(m->frame, LEAF_GFN, false);
}

PLANT(guest_mode_inside_rcu, LOCK_CONTRACT, VCPU0, "in guest mode inside an RCU")
{
	rcu_read_lock();
	guest_announce(m->frame, LEAF_GFN, false);
}

PLANT(a_vcpu_runs_the_guest_and_is_seen_outside, LOCK_CONTRACT, VCPU0, "and others see it outside")
{
	WRITE_PRIVATE(m->kvm->vcpus[0].mode, OUTSIDE_GUEST_MODE);
	note(NOTE_GUEST_ACCESS, frame_cell(m->frame), LEAF_GFN << 1);
}

PLANT(a_kicked_vcpu_stays_in_the_guest, LOCK_CONTRACT, VCPU0, "was kicked, and stays in the guest")
{
	guest_read(m->frame, LEAF_GFN);
	WRITE_PRIVATE(m->kvm->vcpus[0].mode, EXITING_GUEST_MODE);
	guest_read(m->frame, LEAF_GFN);
	guest_read(m->frame, LEAF_GFN);
}

/* ------------------------------------------------------------------ words of the VM and its vCPUs */

PLANT(an_invalidation_does_not_hold_the_memslots, LOCK_CONTRACT, HOST0, "nothing keeps the memslots")
{
	write_lock(&m->kvm->mmu_lock);
	WRITE_ONCE(m->kvm->mmu_invalidate_in_progress, 1);
}

CLEAN(the_notifier_words_change_under_write, LOCK_CONTRACT, HOST0)
{
	WRITE_PRIVATE(m->kvm->mn_active_invalidate_count, 1);
	write_lock(&m->kvm->mmu_lock);
	WRITE_ONCE(m->kvm->mmu_invalidate_in_progress, 1);
	WRITE_ONCE(m->kvm->mmu_invalidate_range_start, 1);
	WRITE_ONCE(m->kvm->mmu_invalidate_seq, 9);
	WRITE_ONCE(m->kvm->mmu_invalidate_in_progress, 0);
	write_unlock(&m->kvm->mmu_lock);
}

CLEAN(a_vcpu_enters_and_is_kicked, LOCK_CONTRACT, VCPU0)
{
	u32 in_guest = IN_GUEST_MODE;

	WRITE_ONCE(m->kvm->vcpus[0].mode, IN_GUEST_MODE);
	become(VCPU1);
	try_cmpxchg(&m->kvm->vcpus[0].mode, &in_guest, EXITING_GUEST_MODE);
	become(VCPU0);
	WRITE_ONCE(m->kvm->vcpus[0].mode, OUTSIDE_GUEST_MODE);
}

PLANT(invalidate_seq_changes_without_the_lock, LOCK_CONTRACT, VCPU0, "mmu_invalidate_seq changes")
{
	WRITE_ONCE(m->kvm->mmu_invalidate_seq, 9);
}

PLANT(invalidate_seq_goes_back, LOCK_CONTRACT, VCPU0, "seq decreases")
{
	write_lock(&m->kvm->mmu_lock);
	WRITE_ONCE(m->kvm->mmu_invalidate_seq, 9);
	WRITE_ONCE(m->kvm->mmu_invalidate_seq, 8);
}

PLANT(more_invalidations_end_than_began, LOCK_CONTRACT, VCPU0, "in_progress is -1")
{
	write_lock(&m->kvm->mmu_lock);
	WRITE_ONCE(m->kvm->mmu_invalidate_in_progress, -1);
}

PLANT(the_invalidated_range_changes_under_read, LOCK_CONTRACT, VCPU0, "the range being invalidated changes")
{
	read_lock(&m->kvm->mmu_lock);
	WRITE_ONCE(m->kvm->mmu_invalidate_range_end, 1);
}

PLANT(a_vcpu_is_kicked_out_of_a_guest_it_is_not_in, LOCK_CONTRACT, VCPU0, "vcpu0.mode goes from 0 to 2")
{
	u32 outside = OUTSIDE_GUEST_MODE;

	WRITE_PRIVATE(m->kvm->vcpus[0].mode, OUTSIDE_GUEST_MODE);
	try_cmpxchg(&m->kvm->vcpus[0].mode, &outside, EXITING_GUEST_MODE);
}

PLANT(a_vcpu_is_sent_into_the_guest_by_another, LOCK_CONTRACT, VCPU0, "vcpu1.mode goes from 0 to 1 by vcpu0")
{
	WRITE_ONCE(m->kvm->vcpus[1].mode, IN_GUEST_MODE);
}

PLANT(mmu_lock_does_not_exclude, LOCK_CONTRACT, VCPU0, "mmu_lock is held by 1 for write and 1 for read")
{
	write_lock(&m->kvm->mmu_lock);
	m->kvm->mmu_lock.count = 0;
	become(VCPU1);
	read_lock(&m->kvm->mmu_lock);
}

/* ------------------------------------------------------------------ memslots */

static void lock_memslots(struct machine *m)
{
	mutex_lock(&m->kvm->slots_lock);
	spin_lock(&m->kvm->mn_invalidate_lock);
}

static void unlock_memslots(struct machine *m)
{
	spin_unlock(&m->kvm->mn_invalidate_lock);
	mutex_unlock(&m->kvm->slots_lock);
}

/* The set that is not active, with the next number, is published. */
static void swap_memslots(struct machine *m, u64 flags)
{
	struct kvm_memslots *old = READ_PRIVATE(m->kvm->memslots[0]);
	struct kvm_memslots *new = &m->kvm->sets[0][old == &m->kvm->sets[0][0]];

	new->generation = ((old->generation & ~KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS) + 1) | flags;
	rcu_assign_pointer(m->kvm->memslots[0], new);
}

static void swap_in_order(struct machine *m)
{
	lock_memslots(m);
	swap_memslots(m, KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS);
	unlock_memslots(m);
}

CLEAN(memslots_are_swapped_in_order, LOCK_CONTRACT, HOST0)
{
	become(VCPU0);
	srcu_read_lock();
	become(HOST0);
	swap_in_order(m);
	become(VCPU0);
	srcu_read_unlock();
	become(HOST0);
	synchronize_srcu();
	become(VCPU0);
	srcu_read_lock();
	become(HOST0);
	swap_in_order(m);
}

PLANT(memslots_are_swapped_without_their_locks, LOCK_CONTRACT, HOST0,
      "swapped without slots_lock and mn_invalidate_lock")
{
	swap_memslots(m, KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS);
}

PLANT(memslots_are_swapped_inside_an_invalidation, LOCK_CONTRACT, HOST0, "the start and the end of 1 invalidations")
{
	WRITE_PRIVATE(m->kvm->mn_active_invalidate_count, 1);
	swap_in_order(m);
}

PLANT(a_swap_of_memslots_is_not_announced, LOCK_CONTRACT, HOST0, "no update is announced")
{
	lock_memslots(m);
	swap_memslots(m, 0);
}

PLANT(the_generation_of_memslots_stands_still, LOCK_CONTRACT, HOST0, "the number did not move on")
{
	u64 generation = READ_PRIVATE(m->kvm->memslots[0])->generation;

	swap_in_order(m);
	READ_PRIVATE(m->kvm->memslots[0])->generation = generation;
	swap_in_order(m);
}

PLANT(a_set_of_memslots_is_reused_under_its_reader, LOCK_CONTRACT, HOST0, "again without a grace period: vcpu0")
{
	become(VCPU0);
	srcu_read_lock();
	become(HOST0);
	swap_in_order(m);
	swap_in_order(m);
}

PLANT(notifiers_are_counted_without_their_lock, LOCK_CONTRACT, HOST0, "mn_active_invalidate_count changes without")
{
	WRITE_ONCE(m->kvm->mn_active_invalidate_count, 1);
}
