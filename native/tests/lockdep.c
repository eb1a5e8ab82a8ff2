// SPDX-License-Identifier: GPL-2.0-only
/* lockdep: lock order, recursion, RCU context, no sleeping where one must not. */
#include "../core/lockdep.h"
#include "plant.h"

/* Two locks of the sort that small programs use: no documented order. */
static void two_locks(spinlock_t **a, spinlock_t **b)
{
	*a = arena_alloc(sizeof(**a));
	*b = arena_alloc(sizeof(**b));
	spin_lock_init(*a, CLASS_USER_A);
	spin_lock_init(*b, CLASS_USER_B);
}

CLEAN(locks_taken_in_the_documented_order, LOCKDEP, HOST0)
{
	spinlock_t *a, *b;

	mutex_lock(&m->kvm->slots_lock);
	mutex_lock(&m->kvm->slots_arch_lock);
	write_lock(&m->kvm->mmu_lock);
	rcu_read_lock();
	spin_lock(&m->kvm->tdp_mmu_pages_lock);
	spin_unlock(&m->kvm->tdp_mmu_pages_lock);
	rcu_read_unlock();
	write_unlock(&m->kvm->mmu_lock);
	/* Not in the order in which they were taken: allowed. */
	mutex_unlock(&m->kvm->slots_lock);
	mutex_unlock(&m->kvm->slots_arch_lock);
	two_locks(&a, &b);
	spin_lock(a);
	spin_lock(b);
	spin_unlock(b);
	spin_unlock(a);
	spin_lock(b);
	spin_unlock(b);
	might_sleep();
	srcu_read_lock();
	might_sleep();
	srcu_read_unlock();
	lockdep_task_exit(__here("end"));
}

PLANT(a_lock_is_taken_under_one_that_comes_after_it, LOCKDEP, VCPU0,
      "slots_lock taken under mmu_lock (taken at a_lock_is_taken_under_one_that_comes_after_it:")
{
	read_lock(&m->kvm->mmu_lock);
	mutex_lock(&m->kvm->slots_lock);
}

PLANT(a_spinlock_before_mmu_lock, LOCKDEP, VCPU0, "mmu_lock taken under tdp_mmu_pages_lock")
{
	spin_lock(&m->kvm->tdp_mmu_pages_lock);
	read_lock(&m->kvm->mmu_lock);
}

PLANT(two_locks_in_both_orders, LOCKDEP, VCPU0,
      "lock_a taken while holding lock_b, and elsewhere the other way round")
{
	spinlock_t *a, *b;

	two_locks(&a, &b);
	spin_lock(a);
	spin_lock(b);
	spin_unlock(b);
	spin_unlock(a);
	become(VCPU1);
	spin_lock(b);
	spin_lock(a);
}

PLANT(a_spinlock_is_taken_again, LOCKDEP, VCPU0, "taken again by the task that holds it")
{
	spin_lock(&m->kvm->tdp_mmu_pages_lock);
	spin_lock(&m->kvm->tdp_mmu_pages_lock);
}

PLANT(mmu_lock_is_taken_for_read_again, LOCKDEP, VCPU0, "mmu_lock taken again by the task that holds it")
{
	read_lock(&m->kvm->mmu_lock);
	read_lock(&m->kvm->mmu_lock);
}

PLANT(a_mutex_inside_rcu, LOCKDEP, VCPU0, "sleeping inside an RCU read section")
{
	rcu_read_lock();
	mutex_lock(&m->kvm->slots_lock);
}

PLANT(sleeping_inside_rcu, LOCKDEP, VCPU0, "sleeping inside an RCU read section")
{
	rcu_read_lock();
	might_sleep();
}

PLANT(sleeping_under_mmu_lock, LOCKDEP, VCPU0, "sleeping while holding mmu_lock")
{
	read_lock(&m->kvm->mmu_lock);
	might_sleep();
}

PLANT(a_grace_period_under_a_spinlock, LOCKDEP, VCPU0, "sleeping while holding tdp_mmu_pages_lock")
{
	spin_lock(&m->kvm->tdp_mmu_pages_lock);
	synchronize_rcu();
}

PLANT(mmu_lock_is_dropped_inside_rcu, LOCKDEP, VCPU0, "mmu_lock dropped inside an RCU section")
{
	read_lock(&m->kvm->mmu_lock);
	rcu_read_lock();
	read_unlock(&m->kvm->mmu_lock);
}

PLANT(a_lock_that_is_not_held_is_released, LOCKDEP, VCPU0, "release of a lock that is not held")
{
	spin_unlock(&m->kvm->tdp_mmu_pages_lock);
}

PLANT(a_lock_of_another_task_is_released, LOCKDEP, VCPU0, "release of a lock that is not held")
{
	spin_lock(&m->kvm->tdp_mmu_pages_lock);
	become(VCPU1);
	spin_unlock(&m->kvm->tdp_mmu_pages_lock);
}

PLANT(more_locks_than_a_task_may_hold, LOCKDEP, VCPU0, "more than 16 locks held")
{
	spinlock_t *locks = arena_alloc((MAX_HELD + 1) * sizeof(*locks));
	u32 i;

	/* What is held passes for locks that may come first, so that only their number is wrong. */
	for (i = 0; i < MAX_HELD; i++) {
		spin_lock_init(&locks[i], CLASS_USER_A);
		spin_lock(&locks[i]);
		current->held[i].class = CLASS_SLOTS_LOCK;
	}
	spin_lock_init(&locks[i], CLASS_USER_A);
	spin_lock(&locks[i]);
}

PLANT(a_task_ends_with_a_lock_held, LOCKDEP, VCPU0, "vcpu0 ends while holding mmu_lock")
{
	read_lock(&m->kvm->mmu_lock);
	lockdep_task_exit(__here("end"));
}

PLANT(a_task_ends_inside_rcu, LOCKDEP, VCPU0, "vcpu0 ends inside an RCU read section")
{
	rcu_read_lock();
	lockdep_task_exit(__here("end"));
}

PLANT(rcu_unlock_without_lock, LOCKDEP, VCPU0, "rcu_read_unlock without rcu_read_lock")
{
	rcu_read_unlock();
}

PLANT(rcu_dereference_outside_a_section, LOCKDEP, VCPU0, "outside a read section, with no lock held")
{
	(void)rcu_dereference(m->kvm->memslots[0]);
}
