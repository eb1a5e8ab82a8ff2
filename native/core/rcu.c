// SPDX-License-Identifier: GPL-2.0-only
/*
 * RCU across processes.
 *
 * Each domain has a 64-bit grace-period number E that only grows, each task a slot S that is
 * 0 outside a section and, inside, the E it read when it entered.
 *
 *	reader:  e = E; xchg(S, e)  [full barrier]  ... section ...  S = 0  [release]
 *	updater: unlink  [full barrier]  T = ++E  [full barrier]  for each S: wait S == 0 or S >= T
 *
 * Claim: a section that could see the object before it was unlinked has ended when the wait ends.
 *  1. A section R whose xchg comes before the updater's look at its S: the look finds S = e.
 *  2. If e < T the updater waits for it to end; the release of S = 0 and the acquire of the
 *     look order everything R did before the free.
 *  3. If e >= T, R read E after the increment, which came after the unlink with a full barrier
 *     between; R's xchg is a full barrier too, so R's loads see the unlink.
 *  4. A section whose xchg comes after the look does its loads after that, hence sees the unlink.
 * One pass over the slots is enough because E never wraps or flips back: there is no "old phase"
 * that a slow reader could be mistaken for.
 *
 * custom: guest mode needs no special case; a vCPU in the guest is simply in no section.
 *         SRCU is a second domain of the same kind: its readers may sleep, nothing here forbids it.
 */
#include <errno.h>

#include "arena.h"
#include "flight.h"
#include "measure.h"
#include "rcu.h"

rcu_callback_t rcu_callbacks[NR_RCU_FUNCS];

int rcu_init(void)
{
	struct arena *arena = arena_of();
	u32 d;

	arena->rcu = arena_alloc(sizeof(*arena->rcu));
	if (!arena->rcu)
		return -ENOMEM;
	for (d = 0; d < NR_RCU_DOMAINS; d++)
		WRITE_PRIVATE(arena->rcu->epoch[d], 1);
	return 0;
}

static inline void enter(struct rcu_slot *slot, enum rcu_domain d, const struct site *site)
{
	const u64 *from = &arena_of()->rcu->epoch[d].__v;
	u64 epoch = __atomic_load_n(from, __ATOMIC_RELAXED);

	/* Full barrier: step 3 and 4 of the proof; pairs with synchronize_rcu_domain(). */
	if (hooks_on())
		hook_call(hook_access, site, &slot->epoch.__v, epoch, arena_of()->whole_steps ? from : NULL);
	else
		__atomic_exchange_n(&slot->epoch.__v, epoch, __ATOMIC_SEQ_CST);
}

static inline void leave(struct rcu_slot *slot, const struct site *site)
{
	/* Release: step 2 of the proof; the section's accesses before S = 0. */
	if (hooks_on())
		hook_call(hook_access, site, &slot->epoch.__v, 0, 0);
	else
		__atomic_store_n(&slot->epoch.__v, 0, __ATOMIC_RELEASE);
}

void __rcu_read_lock(enum rcu_domain d, const struct site *site)
{
	struct rcu_slot *slot = &current->rcu[d];

	if (!slot->nesting++)
		enter(slot, d, site);
}

void __rcu_read_unlock(enum rcu_domain d, const struct site *site)
{
	struct rcu_slot *slot = &current->rcu[d];

	if (unlikely(!slot->nesting)) {
		violation(ORACLE_LOCKDEP, site, slot, "rcu_read_unlock without rcu_read_lock");
		return;
	}
	if (!--slot->nesting)
		leave(slot, site);
}

void rcu_section_lock(struct rcu_section *section, const struct site *site)
{
	if (READ_PRIVATE(section->slot.epoch))
		violation(ORACLE_LOCKDEP, site, section, "the section that began here before is not over");
	enter(&section->slot, (enum rcu_domain)section->domain, site);
}

void rcu_section_unlock(struct rcu_section *section, const struct site *site)
{
	leave(&section->slot, site);
}

void rcu_check_dereference(const struct site *site)
{
	const struct task *task = current;

	if (!task->rcu[RCU_SCHED].nesting && !task->rcu[RCU_MEMSLOTS].nesting && !task->nr_held)
		violation(ORACLE_LOCKDEP, site, NULL, "rcu_dereference() outside a read section, with no lock held");
}

/*
 * Until its section, if it is in one, is one that began after `target`.  The look before the event
 * is announced makes the wait one event, and not a look and a wait; it cannot be outrun: once the
 * epoch is `target`, a slot that need not be waited for stays so.
 */
static void wait_for_section(struct rcu_slot *slot, u64 target)
{
	u64 epoch;

	do {
		epoch = __atomic_load_n(&slot->epoch.__v, __ATOMIC_ACQUIRE);
		if (!proc.controlled) {
			if (epoch && epoch < target)
				epoch = await_change(&slot->epoch, epoch);
			continue;
		}
		if (epoch && epoch < target) {
			current->wait = wait_change(&slot->epoch, epoch, sizeof(epoch));
			current->state = TASK_WAITING;
		}
		/* The operand tells a search when it could have gone on. */
		epoch = hook_call(hook_access, SITE(OP_AWAIT, ORDER_ACQUIRE, sizeof(epoch), 0, "rcu section"),
				  &slot->epoch, target, ~0ULL);
	} while (epoch && epoch < target);
}

void synchronize_rcu_domain(enum rcu_domain d)
{
	struct arena *arena = arena_of();
	u64 since = measure_begin(), target;
	u32 i;

	if (hooks_on()) {
		if (current->rcu[d].nesting)
			violation(ORACLE_DEADLOCK, __here("synchronize_rcu"), NULL,
				  "grace period awaited inside a read section of its own domain");
		lockdep_might_sleep(__here("synchronize_rcu"));
	}
	flight_begin(FLIGHT_GRACE_PERIOD, 0, d);
	/* Full barrier on both sides: the unlink before, the look at the slots after (steps 1 to 4). */
	target = fetch_add(&arena->rcu->epoch[d], 1) + 1;
	for (i = 0; i < arena->nr_tasks; i++) {
		/* Its own section, where the oracle lets that pass, is never over. */
		if ((i == current->id && !current->rcu[d].nesting) || task_by_id(i)->absent)
			continue;
		wait_for_section(&task_by_id(i)->rcu[d], target);
	}
	for (i = 0; i < arena->rcu->nr_sections; i++)
		if (arena->rcu->sections[i].domain == d)
			wait_for_section(&arena->rcu->sections[i].slot, target);
	/* Pairs with the release in rcu_read_unlock: what the sections did, before the caller frees. */
	smp_mb();
	__atomic_fetch_add(&arena->rcu->grace_periods, 1, __ATOMIC_RELAXED);
	flight_end(d);
	measure_grace_period(d, since);
}

void __call_rcu(struct rcu_head *head, enum rcu_func func, const struct site *site)
{
	struct rcu_state *rcu = arena_of()->rcu;
	struct rcu_head *first;

	if (hooks_on())
		hook_call(hook_begin, site, head, func, 0);
	WARN_ON_ONCE(task_by_id(TASK_RCU)->absent);
	if (unlikely(head->queued))
		violation(ORACLE_FRAME_LIFE, site, head, "call_rcu() on an object that is queued already");
	head->func = func;
	head->queued = 1;
	measure_queued(__atomic_add_fetch(&rcu->pending, 1, __ATOMIC_RELAXED));
	first = __atomic_load_n(&rcu->callbacks.__v, __ATOMIC_RELAXED);
	do {
		head->next = first;
		/* Release: the head's fields before the head; pairs with the exchange in take_callbacks(). */
	} while (!__atomic_compare_exchange_n(&rcu->callbacks.__v, &first, head, false, __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED));
	__atomic_fetch_add(&rcu->queued.__v, 1, __ATOMIC_RELEASE);
	if (hooks_on())
		hook_call(hook_end, site, head, func, 0);
}

/* All that is queued, oldest first. */
static struct rcu_head *take_callbacks(struct rcu_state *rcu)
{
	struct rcu_head *list = __atomic_exchange_n(&rcu->callbacks.__v, NULL, __ATOMIC_ACQUIRE);
	struct rcu_head *out = NULL;

	while (list) {
		struct rcu_head *next = list->next;

		list->next = out;
		out = list;
		list = next;
	}
	return out;
}

static inline void record_backlog(const struct rcu_state *rcu)
{
	flight_instant(FLIGHT_BACKLOG, __atomic_load_n(&rcu->pending, __ATOMIC_RELAXED), 0, NULL);
}

static void run_callbacks(struct rcu_state *rcu, struct rcu_head *list)
{
	u64 before = rcu->callbacks_run;

	flight_begin(FLIGHT_CALLBACKS, 0, 0);
	while (list) {
		struct rcu_head *head = list;

		list = head->next;	/* the callback frees it */
		head->queued = 0;
		rcu_callbacks[head->func](head);
		__atomic_fetch_sub(&rcu->pending, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&rcu->callbacks_run, 1, __ATOMIC_RELAXED);
		measure_run();
	}
	flight_about(rcu->callbacks_run - before);
	flight_end(0);
	record_backlog(rcu);
}

void rcu_task_main(void)
{
	struct arena *arena = arena_of();
	struct rcu_state *rcu = arena->rcu;
	struct rcu_head *list;

	/*
	 * `queued` is ahead of what has been run while something is queued, and for good when the
	 * rest has ended: so the end is one more look, whether a callback came with it or not.  As
	 * long as nothing is queued, this task takes part in no schedule.
	 */
	for (;;) {
		bool closing;

		await_change(&rcu->queued, rcu->callbacks_run);
		/* In this order: nothing is queued after closing, so an empty list then is the end. */
		closing = __atomic_load_n(&arena->closing, __ATOMIC_ACQUIRE);
		list = take_callbacks(rcu);
		if (list) {
			record_backlog(rcu);
			synchronize_rcu();
			run_callbacks(rcu, list);
		} else if (closing) {
			return;
		}
	}
}

void rcu_barrier_quiescent(void)
{
	struct rcu_state *rcu = arena_of()->rcu;
	struct rcu_head *list;

	while ((list = take_callbacks(rcu)))
		run_callbacks(rcu, list);
}

void rcu_close(void)
{
	struct arena *arena = arena_of();

	__atomic_store_n(&arena->closing, 1, __ATOMIC_RELEASE);
	__atomic_fetch_add(&arena->rcu->queued.__v, 1, __ATOMIC_RELEASE);
}
