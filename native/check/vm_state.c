// SPDX-License-Identifier: GPL-2.0-only
/*
 * Words of the VM and its vCPUs that have one rule each: the notifier state (spec A13, A14, R1),
 * vCPU modes (A18), and mmu_lock itself, which must exclude.
 *
 * Independent: lock modes from the core's book-keeping, holders of mmu_lock counted from its
 * events, values from the (old, new) pair.
 *
 * Running free: a holder is counted after it got the lock and leaves the count before it gives
 * it up, so a count that shows two is two.
 */
#include "shadow.h"

#define VM_FIELD(ev, field)	((void *)&kvm_of()->field == (ev)->addr)

static void not_exclusive(const struct event *ev, const char *what)
{
	if (ev->task != TASK_BOSS && held_mode(task_by_id(ev->task), &kvm_of()->mmu_lock) != LOCK_WRITE)
		violation(ORACLE_LOCK_CONTRACT, site_of(ev), ev->addr, "%s changes without mmu_lock for write", what);
}

/* A store to a word of struct kvm. */
void vm_state_access(struct event *ev)
{
	struct kvm *kvm = kvm_of();

	if (!ev->done) {
		if (VM_FIELD(ev, tdp_mmu_roots.next) || VM_FIELD(ev, tdp_mmu_roots.prev))
			roots_list_store(ev);
		else if (VM_FIELD(ev, possible_nx_huge_pages.next) || VM_FIELD(ev, possible_nx_huge_pages.prev))
			nx_list_store(ev);
		return;
	}
	if ((u64)ev->addr - (u64)&kvm->mmu_invalidate_seq >= 4 * sizeof(u64))
		return;
	if (VM_FIELD(ev, mmu_invalidate_seq)) {
		not_exclusive(ev, "mmu_invalidate_seq");
		if (ev->new < ev->old)
			violation(ORACLE_LOCK_CONTRACT, site_of(ev), ev->addr, "mmu_invalidate_seq decreases");
	} else if (VM_FIELD(ev, mmu_invalidate_in_progress)) {
		not_exclusive(ev, "mmu_invalidate_in_progress");
		if ((s64)ev->new < 0)
			violation(ORACLE_LOCK_CONTRACT, site_of(ev), ev->addr,
				  "mmu_invalidate_in_progress is %lld", (long long)ev->new);
	} else {
		not_exclusive(ev, "the range being invalidated");
	}
}

/* A store to a word of a struct kvm_vcpu. */
void vcpu_state_access(struct event *ev)
{
	const struct kvm_vcpu *vcpus = kvm_of()->vcpus;
	u64 index = ((u64)ev->addr - (u64)vcpus) / sizeof(*vcpus);
	const struct task *task = task_by_id(ev->task);
	bool self = task->kind == TASK_KIND_VCPU && task->index == index;

	if (!ev->done || ev->addr != (void *)&vcpus[index].mode || ev->old == ev->new || ev->task == TASK_BOSS ||
	    (ev->op == OP_CMPXCHG && ev->old != ev->expected))
		return;
	if (ev->old == IN_GUEST_MODE && ev->new == EXITING_GUEST_MODE)
		return;		/* anybody's kick */
	if (self && (ev->old == OUTSIDE_GUEST_MODE) != (ev->new == OUTSIDE_GUEST_MODE) &&
	    ev->new != EXITING_GUEST_MODE)
		return;
	violation(ORACLE_LOCK_CONTRACT, site_of(ev), ev->addr, "vcpu%llu.mode goes from %llu to %llu by %s",
		  (unsigned long long)index, (unsigned long long)ev->old, (unsigned long long)ev->new, task->name);
}

void mmu_lock_event(struct event *ev)
{
	struct check *c = check_of();
	bool lock = ev->op == OP_READ_LOCK || ev->op == OP_WRITE_LOCK;
	bool write = ev->op == OP_WRITE_LOCK || ev->op == OP_WRITE_UNLOCK;
	s32 *mine = write ? &c->mmu_writers : &c->mmu_readers, writers, readers;

	/* Counted after acquiring and before releasing. */
	if (ev->done != lock || ev->addr != (void *)&kvm_of()->mmu_lock)
		return;
	if (!lock) {
		__atomic_fetch_sub(mine, 1, __ATOMIC_SEQ_CST);
		return;
	}
	__atomic_fetch_add(mine, 1, __ATOMIC_SEQ_CST);
	writers = __atomic_load_n(&c->mmu_writers, __ATOMIC_SEQ_CST);
	readers = __atomic_load_n(&c->mmu_readers, __ATOMIC_SEQ_CST);
	if (writers > 1 || (writers && readers))
		violation(ORACLE_LOCK_CONTRACT, site_of(ev), ev->addr,
			  "mmu_lock is held by %d for write and %d for read at once", writers, readers);
}
