/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * refcount_t: saturating in the kernel, violating here.  A get on zero, an underflow or a
 * dec that nobody accounts for is the bug, not something to limp on from.
 */
#ifndef MMUT_CORE_REFCOUNT_H
#define MMUT_CORE_REFCOUNT_H

#include "atomic.h"
#include "warn.h"

typedef SHARED(u32) refcount_t;

#define refcount_read(r)	READ_ONCE(*(r))
/* Before the object is published. */
#define refcount_init(r, n)	WRITE_PRIVATE(*(r), n)

/* False where the count is already zero: the object is on its way out and must not be revived. */
static inline bool refcount_inc_not_zero(refcount_t *r)
{
	u32 old = READ_ONCE(*r);

	do {
		if (!old)
			return false;
	} while (!try_cmpxchg(r, &old, old + 1));
	return true;
}

/* True for whoever drops the last reference, who then owns the object alone. */
static inline bool refcount_dec_and_test(refcount_t *r)
{
	u32 old = fetch_add(r, (u32)-1);

	if (unlikely(!old || old > (1u << 30)))
		violation(ORACLE_ROOTS, __here("refcount_dec_and_test"), r, "refcount underflow");
	return old == 1;
}

#endif
