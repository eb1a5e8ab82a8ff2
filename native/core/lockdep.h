/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lock validation: order, recursion, RCU context, sleeping where one must not.
 *
 * The classes of the model have a documented order (enum lock_class), so that an inversion is
 * a violation the first time a lock is taken the wrong way round, in whichever execution: it
 * needs no history and reproduces by itself.  The classes of user programs have none; for
 * them the edges of the current execution are kept.  Over executions there is lock_order.h.
 */
#ifndef MMUT_CORE_LOCKDEP_H
#define MMUT_CORE_LOCKDEP_H

#include "flight.h"
#include "lock.h"

struct lockdep {
	u8 edge[NR_LOCK_CLASSES][NR_LOCK_CLASSES];	/* b was taken while a was held: edge[a][b] */
};

int lockdep_init(void);
/* Before waiting for a lock, so that a deadlock is called by its cause. */
void lockdep_acquire(const void *lock, u32 class, enum lock_mode mode, const struct site *site);
void lockdep_release(const void *lock, const struct site *site);
/* End of a task or of an execution: nothing may be held. */
void lockdep_task_exit(const struct site *site);

/*
 * The lock is taken: on the stack with it, and into the statistics if any are kept.  `holder` is
 * the lock's hint at who had it last; racing readers may overwrite each other's.  Returns for how
 * many acquisitions this one stands, whose hold is timed; 0: it is not.
 */
static inline u64 lock_acquired(const void *lock, u16 *holder, u32 class, enum lock_mode mode,
				 const struct site *site, const struct blocked *blocked)
{
	struct held_lock *held = held_push(lock, class, mode, site);

	return measured() ? lock_measured(held, holder, blocked) : 0;
}

#endif
