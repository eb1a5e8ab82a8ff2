// SPDX-License-Identifier: GPL-2.0-only
/*
 * rwlock_t: the kernel's queued reader-writer lock, with futexes where the kernel spins.
 *
 * count:  bit 0 WRITER (held for write), bit 1 WAITING (a writer is at the head of the queue),
 *         bit 2 PARKED (the head of the queue sleeps on `count`), from bit 3 the readers
 *         (RWLOCK_... in lock.h, which has in line what a reader does whom nobody keeps out).
 * queue:  tickets; `serving` names the head, who alone waits on `count`.
 *
 * 1. Exclusion.  WRITER is set only by a compare-exchange from a value with neither readers
 *    nor WRITER.  A reader keeps its unit only where it saw no WRITER when it added it (fast
 *    path: nor WAITING); if it did see it, it takes the unit back and queues.
 * 2. Fairness.  WAITING turns new readers away to the queue, so a writer at the head waits
 *    for at most the readers that were in; and the queue is FIFO.  A reader at the head waits
 *    for WRITER only, since WAITING can be set by nobody but the head, which it is.
 * 3. Progress.  Whoever takes the last obstacle away (the unlock that leaves no reader, the
 *    unlock of the writer, a reader that takes its unit back) sees PARKED in the value it
 *    produced, clears it and wakes the head.  The head sets PARKED before it sleeps, and the
 *    futex compares `count`: a change in between makes the sleep return at once.
 * 4. The queue is left when the lock is held: serving + 1 wakes exactly the next ticket, whose
 *    bit no other task in the queue has (there are fewer tasks than bits).
 *
 * needbreak is "the queue is not empty", as in the kernel.
 *
 * custom: a lock may be `exclusive`, to see what readers in parallel are worth: who asks to read gets
 * in as a writer does.  To lockdep and the statistics he is a reader all the same.
 */
#define _GNU_SOURCE
#include <linux/futex.h>

#include "arena.h"
#include "flight.h"
#include "lock.h"
#include "lockdep.h"

#define STEP_MASK	0xffffffu	/* of `readers`: the step, of executions shorter than that */
#define SPINS_QUEUE	64
#define SPINS_HEAD	256

static_assert(MAX_MODEL_TASKS <= 32, "where tasks run freely, a task in the queue has a futex bit of its own");

void rwlock_init(rwlock_t *lock, enum lock_class class)
{
	*lock = (rwlock_t){ .class = (u8)class };
}

u32 rwlock_readers(const rwlock_t *lock)
{
	return __atomic_load_n(&lock->count, __ATOMIC_RELAXED) / RWLOCK_READER;
}

static inline u32 ticket_bit(u32 ticket)
{
	return 1u << (ticket & 31);
}

static void queue_enter(rwlock_t *lock)
{
	u32 ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
	u32 i, serving;

	lockstat_queued(lock->class, ticket - __atomic_load_n(&lock->serving, __ATOMIC_RELAXED));
	for (i = 0; i < SPINS_QUEUE; i++) {
		/* Acquire: pairs with queue_leave(); the head sees what the last one did. */
		if (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) == ticket)
			return;
		if (proc.controlled)
			break;
		cpu_pause();
	}
	__atomic_fetch_add(&lock->sleepers, 1, __ATOMIC_SEQ_CST);
	while ((serving = __atomic_load_n(&lock->serving, __ATOMIC_SEQ_CST)) != ticket)
		lock_wait(&lock->serving, serving, ticket_bit(ticket));
	__atomic_fetch_sub(&lock->sleepers, 1, __ATOMIC_RELAXED);
}

static void queue_leave(rwlock_t *lock)
{
	/*
	 * Full order between the new `serving` and the look at `sleepers`, as between their
	 * counterparts in queue_enter(): otherwise
	 *   leave: reads sleepers == 0 | enter: sleepers = 1, reads old serving, sleeps | for ever
	 */
	u32 next = __atomic_add_fetch(&lock->serving, 1, __ATOMIC_SEQ_CST);

	if (__atomic_load_n(&lock->sleepers, __ATOMIC_SEQ_CST))
		lock_wake(&lock->serving, ticket_bit(next));
}

void __rwlock_wake_parked(rwlock_t *lock)
{
	__atomic_fetch_and(&lock->count, ~RWLOCK_PARKED, __ATOMIC_RELAXED);
	lock_wake(&lock->count, FUTEX_BITSET_MATCH_ANY);
}

/* An obstacle went away and `count` is what it left: wake the head if it sleeps. */
static inline void wake_head(rwlock_t *lock, u32 count)
{
	if (unlikely(count & RWLOCK_PARKED))
		__rwlock_wake_parked(lock);
}

/* Head of the queue only: wait until `count` has none of `obstacles`; returns it as last seen. */
static u32 wait_as_head(rwlock_t *lock, u32 obstacles)
{
	u32 i, count;

	for (i = 0; !proc.controlled && i < SPINS_HEAD; i++) {
		count = __atomic_load_n(&lock->count, __ATOMIC_ACQUIRE);
		if (!(count & obstacles))
			return count;
		cpu_pause();
	}
	for (;;) {
		count = __atomic_load_n(&lock->count, __ATOMIC_ACQUIRE);
		if (!(count & obstacles))
			return count;
		if (!proc.controlled && !(count & RWLOCK_PARKED)) {
			if (!__atomic_compare_exchange_n(&lock->count, &count, count | RWLOCK_PARKED, false,
							 __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
				continue;
			count |= RWLOCK_PARKED;
		}
		lock_wait(&lock->count, count, FUTEX_BITSET_MATCH_ANY);
	}
}

/* Returns the count with which the lock was had. */
static noinline u32 read_slow(rwlock_t *lock)
{
	u32 count = __atomic_sub_fetch(&lock->count, RWLOCK_READER, __ATOMIC_SEQ_CST);

	/* A writer at the head may have gone to sleep because of the unit just taken back. */
	if (count < RWLOCK_READER)
		wake_head(lock, count);
	queue_enter(lock);
	__atomic_fetch_add(&lock->count, RWLOCK_READER, __ATOMIC_ACQUIRE);
	count = wait_as_head(lock, RWLOCK_WRITER);
	if (count & RWLOCK_PARKED)
		__atomic_fetch_and(&lock->count, ~RWLOCK_PARKED, __ATOMIC_RELAXED);
	queue_leave(lock);
	return count;
}

static noinline void write_slow(rwlock_t *lock)
{
	u32 count;

	queue_enter(lock);
	__atomic_fetch_or(&lock->count, RWLOCK_WAITING, __ATOMIC_RELAXED);
	do {
		count = wait_as_head(lock, ~(RWLOCK_WAITING | RWLOCK_PARKED));
		/* Acquire: pairs with the release of the last reader or writer. */
	} while (!__atomic_compare_exchange_n(&lock->count, &count, RWLOCK_WRITER, false, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	queue_leave(lock);
}

/*
 * Announced as a search wants it: enabled once it succeeds at the first attempt, so nobody queues.
 * To the statistics it waits all the same.
 */
static inline void wait_until_free(const rwlock_t *lock, u64 obstacles, struct blocked *blocked, u32 mode,
				   const struct site *site)
{
	if (!proc.controlled || !proc.arena->whole_steps)
		return;
	current->wait = wait_clear(&lock->count, obstacles);
	current->state = TASK_WAITING;
	if (lock->count & obstacles) {
		lockstat_blocked(blocked, lock->holder, lock);
		flight_wait(lock, lock->class, mode, lock->holder, site);
	}
}

/* Controlled, where time stands still between two events: `more` readers are in from now on. */
static inline void count_readers(rwlock_t *lock, int more)
{
	u32 now = (u32)proc.arena->step & STEP_MASK, in = lock->readers / (STEP_MASK + 1);

	if (!proc.arena->lockstat)
		return;
	proc.arena->lockstat[current->id].readers_steps[lock->class][in] += (now - lock->readers) & STEP_MASK;
	lock->readers = (in + (u32)more) * (STEP_MASK + 1) + now;
}

/* `seen`: readers in, itself included, of whom the statistics hear where the hold is timed. */
static inline void reader_acquired(rwlock_t *lock, u32 seen, const struct blocked *blocked, const struct site *site)
{
	u64 stands_for = lock_acquired(lock, &lock->holder, lock->class, LOCK_READ, site, blocked);

	if (likely(!stands_for))
		return;
	lockstat_readers(&current->held[current->nr_held - 1], seen, stands_for);
	if (proc.controlled)
		count_readers(lock, 1);
}

static inline void lock_exclusive(rwlock_t *lock, enum lock_mode mode, const struct site *site)
{
	struct blocked blocked = { .yes = false };
	u32 zero = 0;

	if (hooks_on()) {
		hook_call(lockdep_acquire, lock, lock->class, mode, site);
		wait_until_free(lock, ~0u, &blocked, mode, site);
		hook_call(hook_begin, site, lock, 0, 0);
	}
	if (unlikely(!__atomic_compare_exchange_n(&lock->count, &zero, RWLOCK_WRITER, false, __ATOMIC_ACQUIRE,
						  __ATOMIC_RELAXED))) {
		lockstat_blocked(&blocked, lock->holder, lock);
		flight_wait(lock, lock->class, mode, lock->holder, site);
		write_slow(lock);
	}
	if (mode == LOCK_READ)
		reader_acquired(lock, 1, &blocked, site);
	else
		lock_acquired(lock, &lock->holder, lock->class, LOCK_WRITE, site, &blocked);
	if (hooks_on())
		hook_call(hook_end, site, lock, 0, 0);
}

static inline void unlock_exclusive(rwlock_t *lock, enum lock_mode mode, const struct site *site)
{
	if (hooks_on()) {
		hook_call(lockdep_release, lock, site, 0, 0);
		hook_call(hook_begin, site, lock, 0, 0);
		if (proc.controlled && mode == LOCK_READ)
			count_readers(lock, -1);
	}
	lock_released(lock);
	/* Release: the writer's stores before the word; pairs with every acquire above. */
	wake_head(lock, __atomic_and_fetch(&lock->count, ~RWLOCK_WRITER, __ATOMIC_RELEASE));
	if (hooks_on())
		hook_call(hook_end, site, lock, 0, 0);
}

/* It could not be had at once: `blocked` may know of it already. */
static inline u32 read_contended(rwlock_t *lock, struct blocked *blocked, const struct site *site)
{
	lockstat_blocked(blocked, lock->holder, lock);
	flight_wait(lock, lock->class, LOCK_READ, lock->holder, site);
	return read_slow(lock);
}

void __read_lock_watched(rwlock_t *lock, const struct site *site)
{
	struct blocked blocked = { .yes = false };
	u32 count;

	if (unlikely(lock->exclusive)) {
		lock_exclusive(lock, LOCK_READ, site);
		return;
	}
	hook_call(lockdep_acquire, lock, lock->class, LOCK_READ, site);
	wait_until_free(lock, RWLOCK_WRITER | RWLOCK_WAITING, &blocked, LOCK_READ, site);
	hook_call(hook_begin, site, lock, 0, 0);
	count = __atomic_add_fetch(&lock->count, RWLOCK_READER, __ATOMIC_ACQUIRE);
	if (unlikely(count & (RWLOCK_WRITER | RWLOCK_WAITING)))
		count = read_contended(lock, &blocked, site);
	reader_acquired(lock, count / RWLOCK_READER, &blocked, site);
	hook_call(hook_end, site, lock, 0, 0);
}

void __read_lock_slow(rwlock_t *lock, const struct site *site)
{
	struct blocked blocked = { .yes = false };
	u32 count = read_contended(lock, &blocked, site);

	reader_acquired(lock, count / RWLOCK_READER, &blocked, site);
}

void __reader_measured(rwlock_t *lock, struct held_lock *held, u32 seen)
{
	const struct blocked never = { .yes = false };
	u64 stands_for = lock_measured(held, &lock->holder, &never);

	if (stands_for)
		lockstat_readers(held, seen, stands_for);
}

void __read_unlock_watched(rwlock_t *lock, const struct site *site)
{
	if (unlikely(lock->exclusive)) {
		unlock_exclusive(lock, LOCK_READ, site);
		return;
	}
	if (hooks_on()) {
		hook_call(lockdep_release, lock, site, 0, 0);
		hook_call(hook_begin, site, lock, 0, 0);
		if (proc.controlled)
			count_readers(lock, -1);
	}
	lock_released(lock);
	__read_release(lock);
	if (hooks_on())
		hook_call(hook_end, site, lock, 0, 0);
}

void __write_lock(rwlock_t *lock, const struct site *site)
{
	lock_exclusive(lock, LOCK_WRITE, site);
}

void __write_unlock(rwlock_t *lock, const struct site *site)
{
	unlock_exclusive(lock, LOCK_WRITE, site);
}

bool __rwlock_needbreak(rwlock_t *lock, const struct site *site)
{
	bool contended;

	if (hooks_on())
		hook_call(hook_begin, site, lock, 0, 0);
	contended = __atomic_load_n(&lock->next, __ATOMIC_RELAXED) !=
		    __atomic_load_n(&lock->serving, __ATOMIC_RELAXED);
	/* Contention, or a reschedule, may come at any moment: the strategy may say it is here now. */
	if (!contended && hooks_on())
		contended = hook_chance();
	if (proc.arena->lockstat)
		lockstat_yield(site_id(site), contended);
	if (unlikely(contended))
		flight_instant(FLIGHT_YIELD, (u64)lock, 0, site);
	if (hooks_on())
		hook_call(hook_end, site, lock, contended, 0);
	return contended;
}
