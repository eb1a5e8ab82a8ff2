/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locks under the kernel's names: spinlock_t, rwlock_t (mmu_lock), struct mutex.
 *
 * One algorithm each for all executions: where the lock would spin or sleep it calls
 * lock_wait(), which parks on a futex when running free and blocks in the scheduler when
 * it is controlled.  An acquisition is one schedule point; the words inside are not.
 * See rwlock.c for the proof of the queue.
 */
#ifndef MMUT_CORE_LOCK_H
#define MMUT_CORE_LOCK_H

#include "arena.h"
#include "lockstat.h"
#include "task.h"

typedef struct {
	u32 word;		/* 0 free, 1 held, 2 held and somebody sleeps */
	u16 class;
	u16 holder;		/* last task to hold it, for reports */
} spinlock_t;

struct mutex { spinlock_t lock; };

#define RWLOCK_WRITER	1u	/* flags in `count`, see rwlock.c */
#define RWLOCK_WAITING	2u
#define RWLOCK_PARKED	4u
#define RWLOCK_READER	8u

typedef struct {
	u32 count;		/* readers and flags */
	u32 next, serving;	/* ticket queue of the slow path: the kernel's wait_lock */
	u32 sleepers;		/* queued tasks that went to sleep */
	u8 class;
	u8 exclusive;		/* what if it had no readers: who asks to read is let in alone, as writers are */
	u16 holder;		/* last task to hold it, in whichever mode; a hint, for reports */
	u32 readers;		/* lockstat, controlled: how many are in, and since which step */
} rwlock_t;

void spin_lock_init(spinlock_t *lock, enum lock_class class);
void mutex_init(struct mutex *lock, enum lock_class class);
void rwlock_init(rwlock_t *lock, enum lock_class class);
u32 rwlock_readers(const rwlock_t *lock);	/* that are in, or about to go back to the queue */

void __spin_lock(spinlock_t *lock, const struct site *site);
void __spin_unlock(spinlock_t *lock, const struct site *site);
bool __spin_trylock(spinlock_t *lock, const struct site *site);
bool __spin_is_locked(spinlock_t *lock, const struct site *site);
void __mutex_lock(struct mutex *lock, const struct site *site);
void __mutex_unlock(struct mutex *lock, const struct site *site);
void __write_lock(rwlock_t *lock, const struct site *site);
void __write_unlock(rwlock_t *lock, const struct site *site);
bool __rwlock_needbreak(rwlock_t *lock, const struct site *site);

#define __lock_site(op, l)	SITE(op, ORDER_FULL, 0, 0, #l)
#define spin_lock(l)		__spin_lock(l, __lock_site(OP_SPIN_LOCK, l))
#define spin_unlock(l)		__spin_unlock(l, __lock_site(OP_SPIN_UNLOCK, l))
#define mutex_lock(l)		__mutex_lock(l, __lock_site(OP_MUTEX_LOCK, l))
#define mutex_unlock(l)		__mutex_unlock(l, __lock_site(OP_MUTEX_UNLOCK, l))
#define read_lock(l)		__read_lock(l, __lock_site(OP_READ_LOCK, l))
#define read_unlock(l)		__read_unlock(l, __lock_site(OP_READ_UNLOCK, l))
#define write_lock(l)		__write_lock(l, __lock_site(OP_WRITE_LOCK, l))
#define write_unlock(l)		__write_unlock(l, __lock_site(OP_WRITE_UNLOCK, l))

/* Somebody queues on the lock, or the strategy says so; the kernel's yield test. */
#define rwlock_needbreak(l)	__rwlock_needbreak(l, __lock_site(OP_NEEDBREAK, l))

/* Wait until *word differs from value: futex when free (`bits` says which wakers), else the scheduler. */
void lock_wait(u32 *word, u32 value, u32 bits);
/* Wake sleepers whose bits match; nothing when a scheduler decides, it watches the word itself. */
void lock_wake(u32 *word, u32 bits);

/* ---------------------------------------------------------------- what each operation is counted by */

/* The lock is taken; `held` is its entry on the stack of the current task.  See lock_acquired(). */
static inline u64 lockstat_acquired(struct held_lock *held, const struct blocked *blocked, bool bounced)
{
	struct lockstat_task *stat = &proc.arena->lockstat[current->id];
	struct lockstat_site *site = &stat->sites[held->site % LOCKSTAT_SITES];
	bool timed;

	if (unlikely(site->site != held->site + 1))
		site = lockstat_find_site(held->site, held->class, held->mode);
	site->acq_bounces += bounced;
	if (unlikely(blocked->yes))
		lockstat_waited(site, blocked, bounced);
	timed = !(++site->acquisitions & site->untimed);
	held->since = LOCKSTAT_UNTIMED - !!site->delay;
	if (unlikely(timed)) {
		held->since = lockstat_clock();
		lockstat_look(stat, held->since);
	}
	series_count(&stat->series, series_lock(held->class, held->mode, SERIES_ACQUISITIONS));
	return timed ? site->untimed + 1 : 0;
}

/* The held-lock stack; kept whether or not hooks are on, so that a dead holder has a name. */
static inline struct held_lock *held_push(const void *lock, u32 class, enum lock_mode mode,
					  const struct site *site)
{
	struct task *task = current;
	u32 above = task->nr_held;
	struct held_lock *held = &task->held[above % MAX_HELD];

	held->lock = lock;
	held->class_site_mode = class | (u64)site_id(site) << 16 | (u64)mode << 32;
	barrier();	/* the entry before the count: the supervisor may read it at any time */
	task->nr_held = above + 1;
	return held;
}

/* Is there anything to be done about a lock beyond the stack? */
static inline bool measured(void)
{
	return proc.arena->lockstat || unlikely(proc.flight);
}

u64 lock_measured(struct held_lock *held, u16 *holder, const struct blocked *blocked);

/* The usual case of lock_released(): from the top of the stack, and nobody asks how long it was held. */
static inline bool lock_popped(const void *lock)
{
	struct task *task = current;
	u32 above = task->nr_held - 1;
	const struct held_lock *held = &task->held[above];

	if (unlikely(above >= MAX_HELD || held->lock != lock || proc.flight))
		return false;
	if (proc.arena->lockstat && unlikely(held->since != LOCKSTAT_UNTIMED))
		return false;
	barrier();	/* the entries before the count: the supervisor may read them at any time */
	task->nr_held = above;
	return true;
}

void lock_popped_slowly(const void *lock);

/* Off the stack, usually from its top: locks may be released in any order. */
static inline void lock_released(const void *lock)
{
	if (!lock_popped(lock))
		lock_popped_slowly(lock);
}

/* ---------------------------------------------------------------- reading, usually in line */

/*
 * An uncontended pair is two locked instructions, and each waits for all stores before it: no frame is
 * made here, and no call.  Not in line is what happens where hooks are on or the lock is exclusive, where
 * somebody is in the way, and where statistics or a recording are kept.
 */
void __read_lock_watched(rwlock_t *lock, const struct site *site);
void __read_lock_slow(rwlock_t *lock, const struct site *site);
void __reader_measured(rwlock_t *lock, struct held_lock *held, u32 seen);
void __read_unlock_watched(rwlock_t *lock, const struct site *site);
void __rwlock_wake_parked(rwlock_t *lock);

static inline void __read_lock(rwlock_t *lock, const struct site *site)
{
	struct held_lock *held;
	u32 count;

	if (hooks_on() || unlikely(lock->exclusive)) {
		__read_lock_watched(lock, site);
		return;
	}
	count = __atomic_add_fetch(&lock->count, RWLOCK_READER, __ATOMIC_ACQUIRE);
	if (unlikely(count & (RWLOCK_WRITER | RWLOCK_WAITING))) {
		__read_lock_slow(lock, site);
		return;
	}
	held = held_push(lock, lock->class, LOCK_READ, site);
	if (measured())
		__reader_measured(lock, held, count / RWLOCK_READER);
}

static inline void __read_release(rwlock_t *lock)
{
	/* Release: what was read under the lock was read before; pairs with write_slow(). */
	u32 count = __atomic_sub_fetch(&lock->count, RWLOCK_READER, __ATOMIC_RELEASE);

	if (unlikely(count & RWLOCK_PARKED) && count < RWLOCK_READER)
		__rwlock_wake_parked(lock);
}

static inline void __read_unlock(rwlock_t *lock, const struct site *site)
{
	if (hooks_on() || unlikely(lock->exclusive) || unlikely(!lock_popped(lock)))
		__read_unlock_watched(lock, site);
	else
		__read_release(lock);
}

#endif
