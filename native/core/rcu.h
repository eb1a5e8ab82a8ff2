/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RCU across processes, two domains: RCU itself and KVM's SRCU for memslots.
 * The algorithm and its proof are in rcu.c.
 */
#ifndef MMUT_CORE_RCU_H
#define MMUT_CORE_RCU_H

#include "contract.h"

enum rcu_domain { RCU_SCHED, RCU_MEMSLOTS };

/* Callbacks are named, not pointed at: function addresses differ between processes. */
enum rcu_func { RCU_FREE_TABLE, NR_RCU_FUNCS };
struct rcu_head;
typedef void (*rcu_callback_t)(struct rcu_head *head);
struct rcu_head {
	struct rcu_head *next;
	u32 func;
	u32 queued;
};

/* A section that is no task's own: whoever has its number may end it.  Programs have them. */
struct rcu_section {
	struct rcu_slot slot;
	u32 domain;
	bool down;		/* another task may end it, and not by mistake */
};

#define RCU_SECTIONS	32

struct rcu_state {
	SHARED(u64) epoch[NR_RCU_DOMAINS];	/* current grace-period number of each domain, from 1 */
	SHARED(struct rcu_head *) callbacks;	/* pushed by call_rcu(), taken whole by the RCU task */
	SHARED(u64) queued;			/* bumped by each call_rcu() and at closing: what the RCU task awaits */
	u64 pending;				/* queued and not yet run; for the quiescence oracle */
	u64 grace_periods;
	u64 callbacks_run;
	struct rcu_section *sections;
	u32 nr_sections;
};

/* The section that an address is in; NULL: it is no section's. */
static inline struct rcu_section *rcu_section_of(const struct rcu_state *rcu, const void *addr)
{
	u64 n = ((u64)addr - (u64)rcu->sections) / sizeof(*rcu->sections);

	return n < rcu->nr_sections ? &rcu->sections[n] : NULL;
}

int rcu_init(void);	/* 0 or -ENOMEM */
void __rcu_read_lock(enum rcu_domain d, const struct site *site);
void __rcu_read_unlock(enum rcu_domain d, const struct site *site);
void rcu_section_lock(struct rcu_section *section, const struct site *site);
void rcu_section_unlock(struct rcu_section *section, const struct site *site);
#define rcu_read_lock()		__rcu_read_lock(RCU_SCHED, SITE(OP_RCU_LOCK, ORDER_FULL, 8, 0, "rcu"))
#define rcu_read_unlock()	__rcu_read_unlock(RCU_SCHED, SITE(OP_RCU_UNLOCK, ORDER_RELEASE, 8, 0, "rcu"))
#define srcu_read_lock()	__rcu_read_lock(RCU_MEMSLOTS, SITE(OP_RCU_LOCK, ORDER_FULL, 8, 0, "srcu"))
#define srcu_read_unlock()	__rcu_read_unlock(RCU_MEMSLOTS, SITE(OP_RCU_UNLOCK, ORDER_RELEASE, 8, 0, "srcu"))

/* rcu_dereference() is legal in a section, or with any lock held (the updater's side). */
#define rcu_assert_held() do {							\
	if (hooks_on())								\
		hook_call(rcu_check_dereference, __here("rcu_dereference"), 0, 0, 0); \
} while (0)
void rcu_check_dereference(const struct site *site);

void synchronize_rcu_domain(enum rcu_domain d);
#define synchronize_rcu()	synchronize_rcu_domain(RCU_SCHED)
#define synchronize_srcu()	synchronize_rcu_domain(RCU_MEMSLOTS)

void __call_rcu(struct rcu_head *head, enum rcu_func func, const struct site *site);
#define call_rcu(head, func)	__call_rcu(head, func, SITE(OP_RCU_CALL, ORDER_FULL, 8, 0, #func))

/* Set by the room that owns the callback, in each process. */
extern rcu_callback_t rcu_callbacks[NR_RCU_FUNCS];

/* Body of the RCU task: runs callbacks as early as a grace period allows, until closing. */
void rcu_task_main(void);
/* Every reader is gone: run what is queued now.  Boss only. */
void rcu_barrier_quiescent(void);
void rcu_close(void);	/* last workload task is done: let the RCU task drain and end */

#endif
