/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Little concurrent programs in C, explored by `mmutorture explore my.c`.
 *
 *	#include <mmutorture.h>
 *
 *	STATE {
 *		SHARED(int) x, y;
 *		int r0, r1;
 *	};
 *
 *	TASK(writer) { WRITE_ONCE(S->x, 1); S->r0 = READ_ONCE(S->y); }
 *	TASK(reader) { WRITE_ONCE(S->y, 1); S->r1 = READ_ONCE(S->x); }
 *	FINALLY { check(S->r0 || S->r1); }
 *
 * The names are the kernel's.  What tasks share is a field of STATE, marked SHARED(), so that a plain
 * access does not compile; S points to it.  Fields that are not SHARED() belong to one task each, or
 * to the object that a lock or a list of yours protects: the scheduler does not see them.  STATE is
 * restored before each execution; variables outside of it would not be, and are refused.
 *
 * A program must be a function of its schedule: no clocks, no random numbers, no input.
 */
#ifndef MMUTORTURE_H
#define MMUTORTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---------------------------------------------------------------- between the program and the core */

#define MMUTORTURE_ABI		1
#define MMUTORTURE_LOCK_BYTES	32

/* One access or lock operation in the source; as struct site of the core. */
struct mmut_site {
	const char *file, *func, *what;
	uint32_t line;
	uint8_t op, size, order, flags;
	uint8_t pad[24];
} __attribute__((aligned(64)));

enum mmut_access { MMUT_LOAD, MMUT_STORE, MMUT_XCHG, MMUT_CMPXCHG, MMUT_ADD, MMUT_AND, MMUT_OR, MMUT_AWAIT, MMUT_FENCE,
		   MMUT_SPIN_LOCK, MMUT_SPIN_UNLOCK, MMUT_SPIN_TRYLOCK, MMUT_MUTEX_LOCK, MMUT_MUTEX_UNLOCK,
		   MMUT_READ_LOCK, MMUT_READ_UNLOCK, MMUT_WRITE_LOCK, MMUT_WRITE_UNLOCK,
		   MMUT_RCU_LOCK, MMUT_RCU_UNLOCK, MMUT_YIELD, MMUT_CHECK, MMUT_OBSERVE,
		   MMUT_NO_WRITERS, MMUT_NO_ACCESS, MMUT_NR_ACCESSES };
enum mmut_order { MMUT_PLAIN, MMUT_RELAXED, MMUT_ACQUIRE, MMUT_RELEASE, MMUT_FULL };
enum mmut_fence { MMUT_MB, MMUT_RMB, MMUT_WMB, MMUT_BEFORE_ATOMIC, MMUT_AFTER_ATOMIC, MMUT_AFTER_SPINLOCK };

struct mmut_host {
	uint64_t (*access)(const struct mmut_site *site, void *addr, uint64_t operand, uint64_t expected);
	uint64_t (*await)(const struct mmut_site *site, void *addr, uint64_t seen);
	uint64_t (*lock)(const struct mmut_site *site, void *lock);
	void (*lock_init)(void *lock, uint32_t op);
	void (*rcu)(const struct mmut_site *site, uint32_t domain);
	void (*synchronize)(uint32_t domain);
	void (*yield)(const struct mmut_site *site);
	void (*check)(const struct mmut_site *site);
	void (*observe)(const struct mmut_site *site, int64_t value);
};

struct mmut_task_def { const char *name; void (*body)(void); };

struct mmut_module {
	uint32_t abi, pad;
	uint64_t state_size;
	const struct mmut_host *host;		/* set by the core */
	void **state;				/* &S; the core sets S */
	const struct mmut_site *sites, *sites_end;
	const struct mmut_task_def *tasks, *tasks_end;
	void (*setup)(void), (*finally)(void);	/* may be NULL */
};

#ifndef MMUTORTURE_ABI_ONLY

/* ---------------------------------------------------------------- a program */

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

struct mmut_state;
extern struct mmut_module mmut_module;	/* what compiles the program defines it behind the source */

/* What the tasks share; S leads to it. */
#define STATE			struct mmut_state
extern struct mmut_state *S __attribute__((visibility("hidden")));
#define SHARED(type)		struct { type __v; }

/* A task: TASK(name) { ... }.  They all start together. */
#define TASK(task_)								\
	static void task_(void);						\
	static const struct mmut_task_def mmut_task_##task_			\
	__attribute__((used, section("mmut_user_tasks"))) = { #task_, task_ };	\
	static void task_(void)

/* Before the tasks, where locks are initialised; and after them. */
#define SETUP			void mmut_setup(void)
#define FINALLY			void mmut_finally(void)
void mmut_setup(void) __attribute__((weak));
void mmut_finally(void) __attribute__((weak));

#define MMUT_SITE(op_, order_, size_, what_) ({				\
	static const struct mmut_site __site				\
	__attribute__((used, section("mmut_user_sites"))) = {		\
		.file = __FILE__, .func = __func__, .what = what_,	\
		.line = __LINE__, .op = op_, .size = size_, .order = order_, \
	};								\
	&__site; })
#define __mmut_host		(mmut_module.host)
#define __mmut_type(x)		__typeof__((x).__v)
#define __mmut_access(x, op, order, operand, expected) ({		\
	_Static_assert(sizeof((x).__v) == 8 || sizeof((x).__v) == 4 || sizeof((x).__v) == 1, \
		       "a SHARED() word has 1, 4 or 8 bytes");		\
	((__mmut_type(x))__mmut_host->access(MMUT_SITE(op, order, sizeof((x).__v), #x), \
			(void *)&(x).__v, (uint64_t)(operand), (uint64_t)(expected))); })

/* Marked accesses. */
#define READ_ONCE(x)		__mmut_access(x, MMUT_LOAD, MMUT_RELAXED, 0, 0)
#define WRITE_ONCE(x, v)	((void)__mmut_access(x, MMUT_STORE, MMUT_RELAXED, (__mmut_type(x))(v), 0))
#define smp_load_acquire(p)	__mmut_access(*(p), MMUT_LOAD, MMUT_ACQUIRE, 0, 0)
#define smp_store_release(p, v)	((void)__mmut_access(*(p), MMUT_STORE, MMUT_RELEASE, (__mmut_type(*(p)))(v), 0))
#define rcu_dereference(x)	__mmut_access(x, MMUT_LOAD, MMUT_RELAXED, 0, 0)
#define rcu_assign_pointer(x, v) smp_store_release(&(x), v)
/* Plain C accesses, which a lock or a protocol of yours keeps apart. */
#define data_read(x)		__mmut_access(x, MMUT_LOAD, MMUT_PLAIN, 0, 0)
#define data_write(x, v)	((void)__mmut_access(x, MMUT_STORE, MMUT_PLAIN, (__mmut_type(x))(v), 0))

/* Nobody else writes the word now, or uses it at all, marked or not: the oracle data-race looks for who might. */
#define ASSERT_EXCLUSIVE_WRITER(x)	((void)__mmut_access(x, MMUT_NO_WRITERS, MMUT_PLAIN, 0, 0))
#define ASSERT_EXCLUSIVE_ACCESS(x)	((void)__mmut_access(x, MMUT_NO_ACCESS, MMUT_PLAIN, 0, 0))

/* Read-modify-write; each returns the old value, and is a full barrier. */
#define __mmut_rmw(p, op, order, v) __mmut_access(*(p), op, order, (__mmut_type(*(p)))(v), 0)
#define xchg(p, v)		__mmut_rmw(p, MMUT_XCHG, MMUT_FULL, v)
#define xchg_relaxed(p, v)	__mmut_rmw(p, MMUT_XCHG, MMUT_RELAXED, v)
#define xchg_acquire(p, v)	__mmut_rmw(p, MMUT_XCHG, MMUT_ACQUIRE, v)
#define xchg_release(p, v)	__mmut_rmw(p, MMUT_XCHG, MMUT_RELEASE, v)
#define fetch_add(p, v)		__mmut_rmw(p, MMUT_ADD, MMUT_FULL, v)
#define fetch_and(p, v)		__mmut_rmw(p, MMUT_AND, MMUT_FULL, v)
#define fetch_or(p, v)		__mmut_rmw(p, MMUT_OR, MMUT_FULL, v)
#define __mmut_cmpxchg(p, old, new, order)				\
	__mmut_access(*(p), MMUT_CMPXCHG, order, (__mmut_type(*(p)))(new), (__mmut_type(*(p)))(old))
#define cmpxchg(p, old, new)	__mmut_cmpxchg(p, old, new, MMUT_FULL)
#define cmpxchg_relaxed(p, old, new) __mmut_cmpxchg(p, old, new, MMUT_RELAXED)
#define cmpxchg_acquire(p, old, new) __mmut_cmpxchg(p, old, new, MMUT_ACQUIRE)
#define cmpxchg_release(p, old, new) __mmut_cmpxchg(p, old, new, MMUT_RELEASE)
/* true: *p was *oldp and is now `new`; else *oldp is what was found. */
#define try_cmpxchg(p, oldp, new) ({					\
	__mmut_type(*(p)) __old = *(oldp), __was = cmpxchg(p, __old, new); \
	if (__was != __old)						\
		*(oldp) = __was;					\
	__was == __old; })

typedef SHARED(s32) atomic_t;
typedef SHARED(s64) atomic64_t;
#define atomic_read(a)		READ_ONCE(*(a))
#define atomic_set(a, v)	WRITE_ONCE(*(a), v)
#define atomic_add(v, a)	((void)__mmut_rmw(a, MMUT_ADD, MMUT_RELAXED, v))
#define atomic_sub(v, a)	atomic_add(-(v), a)
#define atomic_inc(a)		atomic_add(1, a)
#define atomic_dec(a)		atomic_add(-1, a)
#define atomic_fetch_add(v, a)	fetch_add(a, v)
#define atomic_add_return(v, a)	(fetch_add(a, v) + (v))
#define atomic_inc_return(a)	(fetch_add(a, 1) + 1)
#define atomic_dec_return(a)	(fetch_add(a, -1) - 1)
#define atomic_dec_and_test(a)	(atomic_dec_return(a) == 0)

/* Barriers. */
#define __mmut_fence(kind, order, name)	\
	((void)__mmut_host->access(MMUT_SITE(MMUT_FENCE, order, 0, name), NULL, kind, 0))
#define smp_mb()		__mmut_fence(MMUT_MB, MMUT_FULL, "smp_mb()")
#define smp_rmb()		__mmut_fence(MMUT_RMB, MMUT_ACQUIRE, "smp_rmb()")
#define smp_wmb()		__mmut_fence(MMUT_WMB, MMUT_RELEASE, "smp_wmb()")
#define smp_mb__before_atomic()	__mmut_fence(MMUT_BEFORE_ATOMIC, MMUT_RELAXED, "smp_mb__before_atomic()")
#define smp_mb__after_atomic()	__mmut_fence(MMUT_AFTER_ATOMIC, MMUT_RELAXED, "smp_mb__after_atomic()")
#define smp_mb__after_spinlock() __mmut_fence(MMUT_AFTER_SPINLOCK, MMUT_RELAXED, "smp_mb__after_spinlock()")

/* Wait until `cond`, over VAL, holds of *p; the task is blocked, no schedule is spent on spinning. */
#define __mmut_cond_load(p, cond, order) ({				\
	__mmut_type(*(p)) VAL = __mmut_access(*(p), MMUT_LOAD, order, 0, 0); \
	while (!(cond))							\
		VAL = (__typeof__(VAL))__mmut_host->await(MMUT_SITE(MMUT_AWAIT, order, sizeof(VAL), #p), \
				(void *)&(p)->__v, (uint64_t)VAL);	\
	VAL; })
#define smp_cond_load_relaxed(p, cond)	__mmut_cond_load(p, cond, MMUT_RELAXED)
#define smp_cond_load_acquire(p, cond)	__mmut_cond_load(p, cond, MMUT_ACQUIRE)
#define cpu_relax()		__mmut_host->yield(MMUT_SITE(MMUT_YIELD, MMUT_PLAIN, 0, "cpu_relax()"))

/* Locks: fields of STATE, initialised in SETUP. */
typedef struct { u64 word[MMUTORTURE_LOCK_BYTES / 8]; } spinlock_t, rwlock_t;
struct mutex { spinlock_t lock; };
#define spin_lock_init(l)	__mmut_host->lock_init(l, MMUT_SPIN_LOCK)
#define mutex_init(l)		__mmut_host->lock_init(l, MMUT_MUTEX_LOCK)
#define rwlock_init(l)		__mmut_host->lock_init(l, MMUT_READ_LOCK)
#define __mmut_lock(l, op)	__mmut_host->lock(MMUT_SITE(op, MMUT_FULL, 0, #l), l)
#define spin_lock(l)		((void)__mmut_lock(l, MMUT_SPIN_LOCK))
#define spin_unlock(l)		((void)__mmut_lock(l, MMUT_SPIN_UNLOCK))
#define spin_trylock(l)		((bool)__mmut_lock(l, MMUT_SPIN_TRYLOCK))
#define mutex_lock(l)		((void)__mmut_lock(l, MMUT_MUTEX_LOCK))
#define mutex_unlock(l)		((void)__mmut_lock(l, MMUT_MUTEX_UNLOCK))
#define read_lock(l)		((void)__mmut_lock(l, MMUT_READ_LOCK))
#define read_unlock(l)		((void)__mmut_lock(l, MMUT_READ_UNLOCK))
#define write_lock(l)		((void)__mmut_lock(l, MMUT_WRITE_LOCK))
#define write_unlock(l)		((void)__mmut_lock(l, MMUT_WRITE_UNLOCK))

/* RCU; the objects are fields of STATE. */
#define __mmut_rcu(op, order, domain, name)	__mmut_host->rcu(MMUT_SITE(op, order, 8, name), domain)
#define rcu_read_lock()		__mmut_rcu(MMUT_RCU_LOCK, MMUT_FULL, 0, "rcu_read_lock()")
#define rcu_read_unlock()	__mmut_rcu(MMUT_RCU_UNLOCK, MMUT_RELEASE, 0, "rcu_read_unlock()")
#define srcu_read_lock()	__mmut_rcu(MMUT_RCU_LOCK, MMUT_FULL, 1, "srcu_read_lock()")
#define srcu_read_unlock()	__mmut_rcu(MMUT_RCU_UNLOCK, MMUT_RELEASE, 1, "srcu_read_unlock()")
#define synchronize_rcu()	__mmut_host->synchronize(0)
#define synchronize_srcu()	__mmut_host->synchronize(1)

/* A violation of `assertion` where the condition is false; in a task, or in FINALLY. */
#define check(condition) do {						\
	if (!(condition))						\
		__mmut_host->check(MMUT_SITE(MMUT_CHECK, MMUT_PLAIN, 0, #condition)); \
} while (0)
/* FINALLY: part of the outcome, as a column of the table; one to a line. */
#define observe(value)		\
	__mmut_host->observe(MMUT_SITE(MMUT_OBSERVE, MMUT_PLAIN, 0, #value), (int64_t)(value))
/* FINALLY: the value of a shared word, now that the tasks are over. */
#define final(x)		((x).__v)

#endif /* MMUTORTURE_ABI_ONLY */
#endif
