// SPDX-License-Identifier: GPL-2.0-only
/* Lock validation and lock contracts.  See lockdep.h and contract.h. */
#include <errno.h>

#include "arena.h"
#include "contract.h"
#include "contract_count.h"
#include "delay.h"
#include "lock_order.h"
#include "lockdep.h"
#include "rcu.h"

const char *const lock_class_names[NR_LOCK_CLASSES] = {
	[CLASS_SLOTS_LOCK] = "slots_lock", [CLASS_SLOTS_ARCH_LOCK] = "slots_arch_lock",
	[CLASS_MMU_LOCK] = "mmu_lock",
	[CLASS_TDP_MMU_PAGES_LOCK] = "tdp_mmu_pages_lock", [CLASS_HOST_PTL] = "ptl",
	[CLASS_MN_INVALIDATE_LOCK] = "mn_invalidate_lock", [CLASS_FRAME_LOCK] = "frame_lock",
	[CLASS_USER_A] = "lock_a", [CLASS_USER_B] = "lock_b",
	[CLASS_PROGRAM_LOCK] = "lock", [CLASS_PROGRAM_MUTEX] = "mutex",
};

static inline bool sleeps(u32 class)
{
	return class <= CLASS_SLOTS_ARCH_LOCK || class == CLASS_PROGRAM_MUTEX;
}

int lockdep_init(void)
{
	struct arena *arena = arena_of();

	arena->lockdep = arena_alloc(sizeof(*arena->lockdep));
	return arena->lockdep ? lock_order_init() ?: contract_init(arena->nr_tasks) : -ENOMEM;
}

static void check_user_order(u32 held, u32 class, const void *lock, const struct site *site)
{
	struct lockdep *dep = arena_of()->lockdep;

	if (dep->edge[class][held])
		violation(ORACLE_LOCKDEP, site, lock, "%s taken while holding %s, and elsewhere the other way round",
			  lock_class_names[class], lock_class_names[held]);
	dep->edge[held][class] = 1;
}

/* Under other locks. */
static noinline void check_order(const struct task *task, const void *lock, u32 class, const struct site *site)
{
	u32 i;

	for (i = 0; i < task->nr_held; i++) {
		const struct held_lock *h = &task->held[i];

		if (h->lock == lock)
			violation(ORACLE_LOCKDEP, site, lock,
				  "%s taken again by the task that holds it (taken at %s:%u)",
				  lock_class_names[class], site_by_id(h->site)->func, site_by_id(h->site)->line);
		else if (class >= CLASS_PROGRAM_LOCK)
			continue;
		else if (class >= CLASS_USER_A && h->class >= CLASS_USER_A)
			check_user_order(h->class, class, lock, site);
		else if (h->class >= class)
			violation(ORACLE_LOCKDEP, site, lock,
				  "%s taken under %s (taken at %s:%u): against the lock order",
				  lock_class_names[class], lock_class_names[h->class],
				  site_by_id(h->site)->func, site_by_id(h->site)->line);
	}
	if (task->nr_held == MAX_HELD)
		violation(ORACLE_LOCKDEP, site, lock, "more than %u locks held", MAX_HELD);
}

void lockdep_acquire(const void *lock, u32 class, enum lock_mode mode, const struct site *site)
{
	const struct task *task = current;

	if (!hooks_on())
		return;
	if (task->nr_held)
		check_order(task, lock, class, site);
	if (sleeps(class))
		lockdep_might_sleep(site);
	lock_order_acquire(lock, class, mode, site);
}

void lockdep_release(const void *lock, const struct site *site)
{
	const struct held_lock *h;

	if (!hooks_on())
		return;
	h = held_find(current, lock);
	if (!h)
		violation(ORACLE_LOCKDEP, site, lock, "release of a lock that is not held");
	else if (h->class == CLASS_MMU_LOCK && current->rcu[RCU_SCHED].nesting)
		violation(ORACLE_LOCKDEP, site, lock,
			  "mmu_lock dropped inside an RCU section: pointers into the tables would outlive it");
	if (unlikely(arena_of()->delays) && h && proc.controlled && current->id != TASK_BOSS)
		delay_steps(h);
}

void lockdep_might_sleep(const struct site *site)
{
	const struct task *task = current;
	u32 i;

	if (task->rcu[RCU_SCHED].nesting)
		violation(ORACLE_LOCKDEP, site, NULL, "sleeping inside an RCU read section");
	for (i = 0; i < task->nr_held; i++)
		if (!sleeps(task->held[i].class))
			violation(ORACLE_LOCKDEP, site, task->held[i].lock, "sleeping while holding %s",
				  lock_class_names[task->held[i].class]);
}

void lockdep_task_exit(const struct site *site)
{
	const struct task *task = current;

	if (task->nr_held)
		violation(ORACLE_LOCKDEP, site, task->held[0].lock, "%s ends while holding %s (taken at %s:%u)",
			  task->name, lock_class_names[task->held[0].class],
			  site_by_id(task->held[0].site)->func, site_by_id(task->held[0].site)->line);
	if (task->rcu[RCU_SCHED].nesting || task->rcu[RCU_MEMSLOTS].nesting)
		violation(ORACLE_LOCKDEP, site, NULL, "%s ends inside an RCU read section", task->name);
}

const struct held_lock *held_find(const struct task *task, const void *lock)
{
	u32 i;

	for (i = 0; i < task->nr_held; i++)
		if (task->held[i].lock == lock)
			return &task->held[i];
	return NULL;
}

static void broken(const struct site *site, const void *lock, const char *what)
{
	violation(ORACLE_LOCK_CONTRACT, site, lock, "%s() needs %s%s%s", site->func, contract_lock(site),
		  lock ? " " : "", what);
}

void contract_check(enum contract want, const void *lock, const struct site *site)
{
	const struct task *task = current;
	const struct held_lock *h = lock ? held_find(task, lock) : NULL;

	contract_count(task, h, site);
	switch (want) {
	case CONTRACT_READ:
		if (!h || h->mode != LOCK_READ)
			broken(site, lock, h ? "held for read, and it is held for write"
					     : "held for read, and it is not held");
		break;
	case CONTRACT_WRITE:
		if (!h || h->mode != LOCK_WRITE)
			broken(site, lock, h ? "held for write, and it is held for read"
					     : "held for write, and it is not held");
		break;
	case CONTRACT_EITHER:
		if (!h)
			broken(site, lock, "held, for read or write");
		break;
	case CONTRACT_NONE:
		if (h)
			broken(site, lock, "not held");
		break;
	case CONTRACT_RCU:
		if (!task->rcu[RCU_SCHED].nesting)
			broken(site, lock, "an RCU read section");
		break;
	case CONTRACT_SRCU:
		if (!task->rcu[RCU_MEMSLOTS].nesting)
			broken(site, lock, "an SRCU read section");
		break;
	case CONTRACT_YIELDS:
	case NR_CONTRACTS:
		break;
	}
}
