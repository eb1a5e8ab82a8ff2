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

#include "lockstat.h"
#include "task.h"

/* Lock classes; the order is also the documented acquisition order, outermost first. */
enum lock_class {
	CLASS_SLOTS_LOCK, CLASS_SLOTS_ARCH_LOCK, CLASS_HOST_MMAP_LOCK,
	CLASS_MMU_LOCK, CLASS_TDP_MMU_PAGES_LOCK, CLASS_HOST_PTL,
	CLASS_MN_INVALIDATE_LOCK, CLASS_FRAME_LOCK, CLASS_USER_A, CLASS_USER_B,
	NR_LOCK_CLASSES
};
extern const char *const lock_class_names[NR_LOCK_CLASSES];

typedef struct {
	u32 word;		/* 0 free, 1 held, 2 held and somebody sleeps */
	u16 class;
	u16 holder;		/* last task to hold it, for reports */
} spinlock_t;

struct mutex { spinlock_t lock; };

typedef struct {
	u32 count;		/* readers and flags, see rwlock.c */
	u32 next, serving;	/* ticket queue of the slow path: the kernel's wait_lock */
	u32 sleepers;		/* queued tasks that went to sleep */
	u16 class;
	u16 holder;		/* last task to hold it, in whichever mode; a hint, for reports */
	u32 pad;
} rwlock_t;

void spin_lock_init(spinlock_t *lock, enum lock_class class);
void mutex_init(struct mutex *lock, enum lock_class class);
void rwlock_init(rwlock_t *lock, enum lock_class class);

void __spin_lock(spinlock_t *lock, const struct site *site);
void __spin_unlock(spinlock_t *lock, const struct site *site);
void __mutex_lock(struct mutex *lock, const struct site *site);
void __mutex_unlock(struct mutex *lock, const struct site *site);
void __read_lock(rwlock_t *lock, const struct site *site);
void __read_unlock(rwlock_t *lock, const struct site *site);
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

struct lockstat_task {
	struct lockstat_mode modes[NR_LOCK_CLASSES][NR_LOCK_MODES];
	struct lockstat_site sites[LOCKSTAT_SITES];
};

/* Wait until *word differs from value: futex when free (`bits` says which wakers), else the scheduler. */
void lock_wait(u32 *word, u32 value, u32 bits);
/* Wake sleepers whose bits match; nothing when a scheduler decides, it watches the word itself. */
void lock_wake(u32 *word, u32 bits);

#endif
