/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marked accesses, atomics and barriers under the kernel's names.
 *
 * faithful: the ordering each primitive gives on x86 (locked RMW is a full barrier; a failed
 *           cmpxchg promises nothing; loads acquire, stores release).
 * custom:   operands are SHARED() words, and every access is a schedule point.
 *
 * The accessors never touch a word that is not SHARED(): private state uses plain C.
 */
#ifndef MMUT_CORE_ATOMIC_H
#define MMUT_CORE_ATOMIC_H

#include "hook.h"

#define __word(x)	((void *)&(x).__v)
#define __wtype(x)	typeof((x).__v)
#define __to_u64(v)	((u64)(v))

#define __access(x, op, order, flags, operand, expected)			\
	((__wtype(x))hook_call(hook_access, SITE(op, order, sizeof((x).__v), flags, #x), \
			       __word(x), operand, expected))

#define __load(x, order, flags, builtin) ({					\
	__wtype(x) __ret;							\
	if (hooks_on())								\
		__ret = __access(x, OP_LOAD, order, flags, 0, 0);		\
	else									\
		__ret = __atomic_load_n(&(x).__v, builtin);			\
	__ret; })

#define __store(x, val, order, flags, builtin) do {				\
	__wtype(x) __val = (val);						\
	if (hooks_on())								\
		(void)__access(x, OP_STORE, order, flags, __val, 0);		\
	else									\
		__atomic_store_n(&(x).__v, __val, builtin);			\
} while (0)

#define READ_ONCE(x)		__load(x, ORDER_RELAXED, 0, __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v)	__store(x, v, ORDER_RELAXED, 0, __ATOMIC_RELAXED)
#define smp_load_acquire(p)	__load(*(p), ORDER_ACQUIRE, 0, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v)	__store(*(p), v, ORDER_RELEASE, 0, __ATOMIC_RELEASE)

/* Plain data under a lock: instrumented, and the only accesses that can be data races. */
#define data_read(x)		__load(x, ORDER_PLAIN, 0, __ATOMIC_RELAXED)
#define data_write(x, v)	__store(x, v, ORDER_PLAIN, 0, __ATOMIC_RELAXED)

/*
 * As KCSAN has them: nobody else writes the word now, or nobody else uses it at all, whether marked
 * or not.  No access, and no schedule point: the oracle data-race looks for who might.
 */
#define __assert_exclusive(x, flags) do {						\
	if (hooks_on())									\
		hook_call(hook_note, SITE(OP_NOTE, ORDER_PLAIN, sizeof((x).__v), flags, #x), \
			  NOTE_EXCLUSIVE, __word(x), 0);				\
} while (0)
#define ASSERT_EXCLUSIVE_WRITER(x)	__assert_exclusive(x, SITE_NO_WRITERS)
#define ASSERT_EXCLUSIVE_ACCESS(x)	__assert_exclusive(x, SITE_NO_ACCESS)

/* An object that nobody else can reach yet, or any more.  Not an event. */
#define WRITE_PRIVATE(x, v)	((void)((x).__v = (v)))
#define READ_PRIVATE(x)		((x).__v)

/* The same accesses done in long runs over a table: a switch is considered where it can matter. */
#define READ_SCAN(x)		__load(x, ORDER_RELAXED, SITE_SCAN, __ATOMIC_RELAXED)

/* rcu_dereference() is READ_ONCE() plus the promise of an address dependency. */
#define rcu_dereference(x)	({ rcu_assert_held(); __load(x, ORDER_RELAXED, 0, __ATOMIC_CONSUME); })
#define rcu_assign_pointer(x, v) smp_store_release(&(x), v)

#define __rmw(x, op, order, flags, val, builtin_expr) ({			\
	__wtype(x) __val = (val), __ret;					\
	if (hooks_on())								\
		__ret = __access(x, op, order, flags, __val, 0);		\
	else									\
		__ret = builtin_expr;						\
	__ret; })

/* Value-returning RMW: full barrier.  Each returns the OLD value. */
#define xchg(p, v)		__rmw(*(p), OP_XCHG, ORDER_FULL, 0, v,		\
				      __atomic_exchange_n(&(p)->__v, __val, __ATOMIC_SEQ_CST))
#define xchg_scan(p, v)		__rmw(*(p), OP_XCHG, ORDER_FULL, SITE_SCAN, v,	\
				      __atomic_exchange_n(&(p)->__v, __val, __ATOMIC_SEQ_CST))
#define fetch_add(p, v)		__rmw(*(p), OP_ADD, ORDER_FULL, 0, v,		\
				      __atomic_fetch_add(&(p)->__v, __val, __ATOMIC_SEQ_CST))
#define fetch_and(p, v)		__rmw(*(p), OP_AND, ORDER_FULL, 0, v,		\
				      __atomic_fetch_and(&(p)->__v, __val, __ATOMIC_SEQ_CST))
#define fetch_or(p, v)		__rmw(*(p), OP_OR, ORDER_FULL, 0, v,		\
				      __atomic_fetch_or(&(p)->__v, __val, __ATOMIC_SEQ_CST))

/*
 * try_cmpxchg(p, &old, new): true if *p was `old` and is now `new`; otherwise `old` has the
 * value found.  Success is a full barrier, failure orders nothing.
 */
#define __try_cmpxchg(p, oldp, new_, flags) ({					\
	typeof((p)->__v) __exp = *(oldp), __new = (new_), __was = __exp;	\
	bool __ok;								\
	if (hooks_on()) {							\
		__was = (typeof(__was))hook_call(hook_access,			\
			SITE(OP_CMPXCHG, ORDER_FULL, sizeof(__was), flags, #p),	\
			&(p)->__v, __new, __exp);				\
		__ok = __was == __exp;						\
	} else {								\
		__ok = __atomic_compare_exchange_n(&(p)->__v, &__was, __new,	\
				false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);	\
	}									\
	if (!__ok)								\
		*(oldp) = __was;						\
	__ok; })
#define try_cmpxchg(p, oldp, new)	__try_cmpxchg(p, oldp, new, 0)
#define try_cmpxchg64(p, oldp, new)	__try_cmpxchg(p, oldp, new, 0)

/* What the modelled CPU does to memory: page walk, A/D update, guest load and store. */
#define hw_load(x)			__load(x, ORDER_RELAXED, SITE_HW, __ATOMIC_RELAXED)
#define hw_fetch_add(p, v)		__rmw(*(p), OP_ADD, ORDER_FULL, SITE_HW, v,	\
					__atomic_fetch_add(&(p)->__v, __val, __ATOMIC_SEQ_CST))
#define hw_try_cmpxchg(p, oldp, new)	__try_cmpxchg(p, oldp, new, SITE_HW)

/* cmpxchg(p, old, new): the old value, as the kernel's. */
#define cmpxchg(p, old, new) ({ typeof((p)->__v) __cx = (old); (void)try_cmpxchg(p, &__cx, new); __cx; })

/*
 * Barriers.  x86 is TSO: only smp_mb() is an instruction; smp_rmb()/smp_wmb() stop the
 * compiler, and are events so that weaker memory models can tell who relies on them.
 */
#define __fence(name, order, insn) do {						\
	if (hooks_on())								\
		hook_call(hook_access, SITE(OP_FENCE, order, 0, 0, name), NULL, 0, 0); \
	else									\
		insn;								\
} while (0)
#define smp_mb()	__fence("smp_mb()", ORDER_FULL, __atomic_thread_fence(__ATOMIC_SEQ_CST))
#define smp_rmb()	__fence("smp_rmb()", ORDER_ACQUIRE, __atomic_thread_fence(__ATOMIC_ACQUIRE))
#define smp_wmb()	__fence("smp_wmb()", ORDER_RELEASE, __atomic_thread_fence(__ATOMIC_RELEASE))

/*
 * smp_cond_load_relaxed(p, cond): wait until `cond`, an expression over VAL, holds for the
 * word.  Under a scheduler the task is blocked until the word changes, so that no schedule
 * is spent on spinning.
 */
u64 hook_await(const struct site *site, void *addr, u64 value);
#define smp_cond_load_relaxed(p, cond) ({					\
	typeof((p)->__v) VAL = READ_ONCE(*(p));					\
	while (!(cond))								\
		VAL = (typeof(VAL))hook_await(SITE(OP_AWAIT, ORDER_ACQUIRE,	\
				sizeof(VAL), 0, #p), (void *)&(p)->__v, __to_u64(VAL)); \
	VAL; })

/* Wait until the word is no longer `value`; what it is then. */
#define await_change(p, value)	hook_await(SITE(OP_AWAIT, ORDER_ACQUIRE, sizeof((p)->__v), 0, #p), \
					   (void *)&(p)->__v, __to_u64(value))

/* Others first: tells an unfair strategy that this task only repeats itself. */
void __cpu_relax(const struct site *site);
#define cpu_relax()	__cpu_relax(SITE(OP_YIELD, ORDER_PLAIN, 0, 0, "cpu_relax"))
/* The same, and the processor is free for somebody else. */
#define cond_resched()	__cpu_relax(SITE(OP_YIELD, ORDER_FULL, 0, 0, "cond_resched"))

/* atomic_t and atomic64_t */
typedef SHARED(s64) atomic64_t;
#define atomic64_read(a)		READ_ONCE(*(a))
#define atomic64_set(a, v)		WRITE_ONCE(*(a), v)
#define atomic64_add(v, a)		((void)fetch_add(a, v))
#define atomic64_inc(a)			((void)fetch_add(a, 1))
#define atomic64_dec(a)			((void)fetch_add(a, -1))
#define atomic64_inc_return(a)		(fetch_add(a, 1) + 1)
#define atomic64_dec_return(a)		(fetch_add(a, -1) - 1)

#define set_bit(n, p)			((void)fetch_or(p, BIT_ULL(n)))
#define clear_bit(n, p)			((void)fetch_and(p, ~BIT_ULL(n)))
#define test_bit(n, p)			(!!(READ_ONCE(*(p)) & BIT_ULL(n)))
#define test_and_clear_bit(n, p)	(!!(fetch_and(p, ~BIT_ULL(n)) & BIT_ULL(n)))

#endif
