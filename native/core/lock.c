// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting, spinlocks and mutexes.
 *
 * The word of a spinlock is 0 free, 1 held, 2 held with a sleeper (U. Drepper, "Futexes Are
 * Tricky", mutex2).  Mutual exclusion: only the task whose exchange or compare-exchange took
 * the word from 0 goes on.  No lost wake-up: a sleeper has set 2 before it sleeps and futex
 * compares under its own lock, and an unlock that finds 2 wakes one, who sets 2 again because
 * it cannot know whether others still sleep.
 *
 * custom: preemption is not disabled; a spinlock sleeps after a short spin, since the machine
 *         has fewer cores than the model has tasks.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "flight.h"
#include "lock.h"
#include "lockdep.h"

#define SPINS	128

void lock_wait(u32 *word, u32 value, u32 bits)
{
	struct timespec deadline;

	if (proc.controlled) {
		proc.block(word, value, sizeof(*word));
		return;
	}
	if (*(volatile u32 *)&proc.arena->stop > STOP_FINISHED && proc.stop)
		proc.stop();
	/* Bounded, so that a task whose waker died still sees the stop. */
	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_nsec += 100000000;
	if (deadline.tv_nsec >= 1000000000) {
		deadline.tv_nsec -= 1000000000;
		deadline.tv_sec++;
	}
	syscall(SYS_futex, word, FUTEX_WAIT_BITSET, value, &deadline, NULL, bits);
}

void lock_wake(u32 *word, u32 bits)
{
	if (!proc.controlled)
		syscall(SYS_futex, word, FUTEX_WAKE_BITSET, bits == FUTEX_BITSET_MATCH_ANY ? 1 : 32, NULL, NULL, bits);
}

u64 lock_measured(struct held_lock *held, u16 *holder, const struct blocked *blocked)
{
	bool bounced;

	if (flight_on())
		flight_record_acquired(held);
	if (!proc.arena->lockstat)
		return 0;
	bounced = *holder != current->id;
	if (bounced)
		*holder = current->id;
	return lockstat_acquired(held, blocked, bounced);
}

void lock_popped_slowly(const void *lock)
{
	struct task *task = current;
	struct held_lock *held = &task->held[task->nr_held - 1], *top = held;

	while (held >= task->held && held->lock != lock)
		held--;
	if (held < task->held)
		return;
	if (proc.arena->lockstat && held->since != LOCKSTAT_UNTIMED)
		lockstat_held(held);
	if (flight_on())
		flight_record_released(held);
	for (; held < top; held++)
		held[0] = held[1];
	barrier();	/* the entries before the count, as above */
	task->nr_held--;
}

void spin_lock_init(spinlock_t *lock, enum lock_class class)
{
	*lock = (spinlock_t){ .class = (u16)class };
}

void mutex_init(struct mutex *lock, enum lock_class class)
{
	spin_lock_init(&lock->lock, class);
}

static inline bool spin_try(spinlock_t *lock)
{
	u32 zero = 0;

	/* Acquire: pairs with the release exchange of spin_unlock; the section stays behind it. */
	return __atomic_compare_exchange_n(&lock->word, &zero, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static noinline void spin_slow(spinlock_t *lock)
{
	u32 i;

	for (i = 0; !proc.controlled && i < SPINS; i++) {
		if (!__atomic_load_n(&lock->word, __ATOMIC_RELAXED) && spin_try(lock))
			return;
		cpu_pause();
	}
	while (__atomic_exchange_n(&lock->word, 2, __ATOMIC_ACQUIRE))
		lock_wait(&lock->word, 2, FUTEX_BITSET_MATCH_ANY);
}

void __spin_lock(spinlock_t *lock, const struct site *site)
{
	struct blocked blocked = { .yes = false };

	if (hooks_on()) {
		hook_call(lockdep_acquire, lock, lock->class, LOCK_WRITE, site);
		if (proc.controlled) {
			/* The pending acquisition is enabled once the word is free. */
			current->wait = wait_equal(&lock->word, 0, 4);
			current->state = TASK_WAITING;
			if (lock->word) {
				lockstat_blocked(&blocked, lock->holder, lock);
				flight_wait(lock, lock->class, LOCK_WRITE, lock->holder, site);
			}
		}
		hook_call(hook_begin, site, lock, 0, 0);
	}
	if (unlikely(!spin_try(lock))) {
		lockstat_blocked(&blocked, lock->holder, lock);
		flight_wait(lock, lock->class, LOCK_WRITE, lock->holder, site);
		spin_slow(lock);
	}
	lock_acquired(lock, &lock->holder, lock->class, LOCK_WRITE, site, &blocked);
	if (hooks_on())
		hook_call(hook_end, site, lock, 0, 0);
}

void __spin_unlock(spinlock_t *lock, const struct site *site)
{
	if (hooks_on()) {
		hook_call(lockdep_release, lock, site, 0, 0);
		hook_call(hook_begin, site, lock, 0, 0);
	}
	lock_released(lock);
	/* Release: the section's accesses before the word; pairs with spin_try() and spin_slow(). */
	if (__atomic_exchange_n(&lock->word, 0, __ATOMIC_RELEASE) == 2)
		lock_wake(&lock->word, FUTEX_BITSET_MATCH_ANY);
	if (hooks_on())
		hook_call(hook_end, site, lock, 0, 0);
}

/* Never waits, and so takes part in no lock order; what it takes is held like any other lock. */
bool __spin_trylock(spinlock_t *lock, const struct site *site)
{
	const struct blocked never = { .yes = false };
	bool taken;

	if (hooks_on())
		hook_call(hook_begin, site, lock, 0, 0);
	taken = spin_try(lock);
	if (taken)
		lock_acquired(lock, &lock->holder, lock->class, LOCK_WRITE, site, &never);
	if (hooks_on())
		hook_call(hook_end, site, lock, taken, 0);
	return taken;
}

/* A look at the word, ordered by nothing. */
bool __spin_is_locked(spinlock_t *lock, const struct site *site)
{
	return hook_access(site, &lock->word, 0, 0) != 0;
}

void __mutex_lock(struct mutex *lock, const struct site *site)
{
	__spin_lock(&lock->lock, site);
}

void __mutex_unlock(struct mutex *lock, const struct site *site)
{
	__spin_unlock(&lock->lock, site);
}
