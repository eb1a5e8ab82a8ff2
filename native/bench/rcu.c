// SPDX-License-Identifier: GPL-2.0-only
/*
 * The read side of RCU: nanoseconds of processor time for a lock and unlock pair, one reader.
 *
 *	rcu ROUNDS	for each round: ours, a bare store and full fence, and the peer that it was
 *			compiled with (or 0)
 *
 * With -DPEER_URCU the peer is liburcu's mb flavour, with -DPEER_CK ck_epoch: readers that fence,
 * as ours do.  Both work within one process only.
 */
#define _GNU_SOURCE
#if defined(PEER_URCU)
#define _LGPL_SOURCE
#define RCU_MB
#include <urcu.h>
#undef rcu_read_lock
#undef rcu_read_unlock
#undef rcu_dereference
#undef rcu_assign_pointer
#undef synchronize_rcu
#undef call_rcu
#undef rcu_barrier
static inline void peer_init(void) { urcu_mb_register_thread(); }
static inline void peer_lock(void) { _urcu_mb_read_lock(); }
static inline void peer_unlock(void) { _urcu_mb_read_unlock(); }
#elif defined(PEER_CK)
#include <ck_epoch.h>
static ck_epoch_t epoch;
static ck_epoch_record_t record;
static inline void peer_init(void) { ck_epoch_init(&epoch); ck_epoch_register(&epoch, &record, NULL); }
static inline void peer_lock(void) { ck_epoch_begin(&record, NULL); }
static inline void peer_unlock(void) { ck_epoch_end(&record, NULL); }
#endif

#include "bench.h"
#include "../core/rcu.h"

#define PAIRS	4000000u

#define NS_OF_PAIR(lock, unlock) ({						\
	u64 __start = cpu_ns();							\
	u32 __i;								\
	for (__i = 0; __i < PAIRS; __i++) {					\
		lock;								\
		barrier();							\
		unlock;								\
		barrier();							\
	}									\
	(double)(cpu_ns() - __start) / PAIRS; })

int main(int argc, char **argv)
{
	u32 rounds = argc > 1 ? (u32)atoi(argv[1]) : 5, round;
	u64 *slot = share(4096);

	make_bare_world(1);
	pin(0);
	proc.current_task = task_by_id(FIRST_TASK);
#if defined(PEER_URCU) || defined(PEER_CK)
	peer_init();
#endif
	for (round = 0; round < rounds; round++) {
		printf("%.3f ", NS_OF_PAIR(rcu_read_lock(), rcu_read_unlock()));
		printf("%.3f ", NS_OF_PAIR(__atomic_exchange_n(slot, 1, __ATOMIC_SEQ_CST),
					   __atomic_store_n(slot, 0, __ATOMIC_RELEASE)));
#if defined(PEER_URCU) || defined(PEER_CK)
		printf("%.3f\n", NS_OF_PAIR(peer_lock(), peer_unlock()));
#else
		printf("0\n");
#endif
	}
	return 0;
}
