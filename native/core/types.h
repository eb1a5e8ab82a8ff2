/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Integer types, compiler helpers and the marker for shared model state.
 *
 * custom: everything here; the names are the kernel's.
 */
#ifndef MMUT_CORE_TYPES_H
#define MMUT_CORE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define noinline		__attribute__((noinline))
#ifndef __always_inline			/* the C library may have it */
#define __always_inline		inline __attribute__((always_inline))
#endif
#define __noreturn		__attribute__((noreturn))
#define __hidden		__attribute__((visibility("hidden")))	/* reached without the GOT */
#define __printf(f, a)		__attribute__((format(printf, f, a)))
#define __cacheline_aligned	__attribute__((aligned(64)))
#define static_assert		_Static_assert
#define barrier()		__asm__ __volatile__("" ::: "memory")
#define cpu_pause()		__builtin_ia32_pause()

#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define BIT_ULL(n)		(1ULL << (n))
#define GENMASK_ULL(h, l)	((~0ULL << (l)) & (~0ULL >> (63 - (h))))
#define container_of(p, type, member) \
	((type *)((char *)(p) - offsetof(type, member)))

#define min(a, b) ({ typeof(a) __a = (a); typeof(b) __b = (b); __a < __b ? __a : __b; })
#define max(a, b) ({ typeof(a) __a = (a); typeof(b) __b = (b); __a > __b ? __a : __b; })
#define round_down(x, y)	((x) & ~((typeof(x))(y) - 1))
#define round_up(x, y)		round_down((x) + (y) - 1, (y))

/*
 * SHARED(type) declares a field or word that several tasks may touch at once.
 * The value is wrapped, so that a plain C access does not compile: it is reached
 * through the accessors of atomic.h, each of which is a schedule point, or through
 * WRITE_PRIVATE() before the object is published.  This is the lint for plain
 * accesses to shared model state; the compiler runs it.
 */
#define SHARED(type)		struct { type __v; }
typedef SHARED(u64) shared_u64;

#endif
