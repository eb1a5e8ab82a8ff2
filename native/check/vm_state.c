// SPDX-License-Identifier: GPL-2.0-only
/*
 * Words of the VM and its vCPUs that have one rule each: the notifier state (spec A13, A14, R1),
 * vCPU modes (A18), the swap of memslots, and mmu_lock itself, which must exclude.
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

static bool holds(const struct event *ev, const void *lock)
{
	return held_mode(task_by_id(ev->task), lock) >= 0;
}

/*
 * The set to be published was the active one until the last swap, and has been written over since:
 * whoever was in an SRCU section then must have left it.  Controlled only: running free, a section
 * could end between the two looks at it.
 */
static void check_old_readers(const struct event *ev, u32 as_id)
{
	struct check *c = check_of();
	u32 left = c->old_readers[as_id];

	if (!arena_of()->controlled)
		return;
	if (left)
		violation(ORACLE_LOCK_CONTRACT, site_of(ev), ev->addr,
			  "a set of memslots is used again without a grace period: %s may still read it",
			  task_by_id((u32)__builtin_ctz(left))->name);
	c->old_readers[as_id] = c->readers;
}

/* SRCU sections: they begin when the announcement is out, and end at the latest before it is gone. */
void srcu_event(const struct event *ev)
{
	struct check *c = check_of();
	const u32 me = 1u << ev->task;
	u32 i;

	if (!arena_of()->controlled || ev->addr != (void *)&task_by_id(ev->task)->rcu[RCU_MEMSLOTS].epoch)
		return;
	if (ev->op == OP_RCU_LOCK && ev->done)
		c->readers |= me;
	if (ev->op != OP_RCU_UNLOCK || ev->done)
		return;
	c->readers &= ~me;
	for (i = 0; i < KVM_ADDRESS_SPACE_NUM; i++)
		c->old_readers[i] &= ~me;
}

/*
 * A set of memslots is about to become the active one of `as_id`.  No notifier may be between its
 * two halves, and whoever compares generations must notice: the number has moved on when the last
 * update was over, and says that one is in progress.
 */
static void check_swap(const struct event *ev, u32 as_id)
{
	const struct kvm *kvm = kvm_of();
	const struct kvm_memslots *old = peek(kvm->memslots[as_id]), *new = (void *)ev->operand;
	u64 *last = &check_of()->generation[as_id];

	if (!holds(ev, &kvm->slots_lock) || !holds(ev, &kvm->mn_invalidate_lock))
		violation(ORACLE_LOCK_CONTRACT, site_of(ev), ev->addr,
			  "memslots are swapped without slots_lock and mn_invalidate_lock");
	if (peek(kvm->mn_active_invalidate_count))
		violation(ORACLE_LOCK_CONTRACT, site_of(ev), ev->addr,
			  "memslots are swapped between the start and the end of %llu invalidations",
			  (unsigned long long)peek(kvm->mn_active_invalidate_count));
	if (new == old || !(new->generation & KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS) || old->generation == *last)
		violation(ORACLE_LOCK_CONTRACT, site_of(ev), ev->addr,
			  "memslots of generation 0x%llx replace those of 0x%llx: %s",
			  (unsigned long long)new->generation, (unsigned long long)old->generation,
			  new == old ? "they are the same set" : old->generation == *last ?
			  "the number did not move on after the last update" : "no update is announced");
	*last = old->generation;
	check_old_readers(ev, as_id);
}

/* A store to a word of struct kvm. */
void vm_state_access(struct event *ev)
{
	struct kvm *kvm = kvm_of();
	u64 as_id = ((u64)ev->addr - (u64)kvm->memslots) / sizeof(kvm->memslots[0]);

	if (!ev->done) {
		if (as_id < KVM_ADDRESS_SPACE_NUM)
			check_swap(ev, (u32)as_id);
		if (VM_FIELD(ev, emulated_slots))
			mmio_rule_changes(ev->operand ^ peek(kvm->emulated_slots));
		if (VM_FIELD(ev, mn_active_invalidate_count) && !holds(ev, &kvm->mn_invalidate_lock))
			violation(ORACLE_LOCK_CONTRACT, site_of(ev), ev->addr,
				  "mn_active_invalidate_count changes without mn_invalidate_lock");
		if (VM_FIELD(ev, tdp_mmu_roots.next) || VM_FIELD(ev, tdp_mmu_roots.prev))
			roots_list_store(ev);
		if (VM_FIELD(ev, tdp_mmu_roots.next))
			roots_publish(ev);
		if (VM_FIELD(ev, possible_nx_huge_pages.next) || VM_FIELD(ev, possible_nx_huge_pages.prev))
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
		/* A notifier's: or its end may find other slots than its start did. */
		if (task_by_id(ev->task)->kind == TASK_KIND_HOST_MM && !peek(kvm->mn_active_invalidate_count))
			violation(ORACLE_LOCK_CONTRACT, site_of(ev), ev->addr,
				  "an invalidation begins or ends while nothing keeps the memslots from being swapped");
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
	const struct check *c = check_of();

	if (ev->done && self && ev->addr == (void *)&vcpus[index].mode && ev->new == OUTSIDE_GUEST_MODE)
		shadow_of(ev)->calm_since = __atomic_load_n(&c->mmu_writers, __ATOMIC_SEQ_CST) ? ~0ULL :
					    __atomic_load_n(&c->write_locks, __ATOMIC_SEQ_CST);
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

enum { RESUMED_NOT, RESUMED, YIELDING };	/* task_shadow.resumed */

/*
 * A02: somebody waits, and the walk is about to yield.  It may not before it is past the place where
 * it yielded last, or two walks hand the lock to each other for ever: it has read one SPTE of the
 * root, where a walk resumes, and nothing else.
 */
void needbreak_event(const struct event *ev)
{
	struct task_shadow *t = shadow_of(ev);

	if (!ev->done || !ev->operand || ev->addr != (void *)&kvm_of()->mmu_lock)
		return;
	if (t->resumed == RESUMED && t->entries <= 1)
		violation(ORACLE_NO_PROGRESS, site_of(ev), ev->addr,
			  "%s yields mmu_lock in a walk that has gone nowhere since it yielded last",
			  task_by_id(ev->task)->name);
	t->resumed = YIELDING;
}

static void count_yields(const struct event *ev, bool lock)
{
	struct task_shadow *t = shadow_of(ev);

	if (lock) {
		t->resumed = t->resumed == YIELDING ? RESUMED : RESUMED_NOT;
		t->entries = 0;
	} else if (t->resumed == RESUMED) {
		t->resumed = RESUMED_NOT;
	}
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
	count_yields(ev, lock);
	if (!lock) {
		__atomic_fetch_sub(mine, 1, __ATOMIC_SEQ_CST);
		if (!c->mmu_readers && !c->mmu_writers)
			accounting_check(ev);
		return;
	}
	__atomic_fetch_add(mine, 1, __ATOMIC_SEQ_CST);
	if (write)
		__atomic_fetch_add(&c->write_locks, 1, __ATOMIC_SEQ_CST);
	writers = __atomic_load_n(&c->mmu_writers, __ATOMIC_SEQ_CST);
	readers = __atomic_load_n(&c->mmu_readers, __ATOMIC_SEQ_CST);
	if (writers > 1 || (writers && readers))
		violation(ORACLE_LOCK_CONTRACT, site_of(ev), ev->addr,
			  "mmu_lock is held by %d for write and %d for read at once", writers, readers);
}
