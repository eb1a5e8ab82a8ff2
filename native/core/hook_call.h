/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls that the hot path never makes.
 *
 * A hooked access is an instruction and a test of one byte; behind the test stands a call that
 * is not made when hooks are off.  An ordinary call would still cost: the compiler must assume
 * that it destroys nine registers, and keeps what it needs out of them, everywhere.  So these
 * calls go through stubs that preserve every general register (hook_call.c), and are written
 * as inline assembly that says so.  Vector registers are given up: no value of the model lives
 * in one across an access.
 *
 * The call pushes a return address behind the compiler's back: the core is built with
 * -mno-red-zone, as the kernel is.
 */
#ifndef MMUT_CORE_HOOK_CALL_H
#define MMUT_CORE_HOOK_CALL_H

#include "types.h"

#define HOOK_CALL_CLOBBERS "memory", "cc",					\
	"xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",		\
	"xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

/* function_call(a, b, c, d): up to four integer or pointer arguments as u64; the result as u64. */
#define HOOK_CALLABLE(function)							\
static inline __attribute__((always_inline)) u64				\
function##_call(u64 a, u64 b, u64 c, u64 d)					\
{										\
	u64 result;								\
										\
	__asm__ __volatile__("call " #function "_stub"				\
		: "=a"(result) : "D"(a), "S"(b), "d"(c), "c"(d)			\
		: HOOK_CALL_CLOBBERS);						\
	return result;								\
}

HOOK_CALLABLE(hook_access)
HOOK_CALLABLE(hook_note)
HOOK_CALLABLE(hook_begin)
HOOK_CALLABLE(hook_end)
HOOK_CALLABLE(contract_check)
HOOK_CALLABLE(rcu_check_dereference)
HOOK_CALLABLE(lockdep_acquire)
HOOK_CALLABLE(lockdep_release)

#define hook_call(function, a, b, c, d)						\
	function##_call((u64)(a), (u64)(b), (u64)(c), (u64)(d))

#endif
