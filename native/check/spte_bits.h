/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SPTE as the oracles read it: the EPT layout, and predicates of their own.
 *
 * Written from the layout and not from the model's spte.h, so that a wrong predicate there is
 * not believed here.
 */
#ifndef MMUT_CHECK_SPTE_BITS_H
#define MMUT_CHECK_SPTE_BITS_H

#include "../core/types.h"
#include "../kvm/kvm_host.h"

#define CK_R			BIT_ULL(0)
#define CK_W			BIT_ULL(1)
#define CK_X			BIT_ULL(2)
#define CK_MEMTYPE		GENMASK_ULL(5, 3)
#define CK_LARGE		BIT_ULL(7)
#define CK_A			BIT_ULL(8)
#define CK_D			BIT_ULL(9)
#define CK_PRESENT		BIT_ULL(11)
#define CK_ADDR			GENMASK_ULL(51, 12)
#define CK_AD_TYPE		GENMASK_ULL(53, 52)
#define CK_AD_DISABLED		BIT_ULL(52)
#define CK_AD_WRPROT_ONLY	BIT_ULL(53)
#define CK_SAVED_RX		(BIT_ULL(54) | BIT_ULL(56))
#define CK_HOST_W		BIT_ULL(57)
#define CK_MMU_W		BIT_ULL(58)
#define CK_NONPRESENT		BIT_ULL(63)
/* Write and execute without read, and a suppressed #VE is not asked for: nothing but an MMIO SPTE. */
#define CK_MMIO			(CK_W | CK_X)
#define CK_MMIO_MASK		(CK_R | CK_W | CK_X | BIT_ULL(63))
#define CK_FROZEN		(BIT_ULL(63) | 0x5a0ULL)

static inline bool ck_present(u64 spte)
{
	return spte & CK_PRESENT;
}

static inline bool ck_mmio(u64 spte)
{
	return (spte & CK_MMIO_MASK) == CK_MMIO && !ck_present(spte);
}

/* Bits 3 to 10 and 52 to 62. */
static inline u64 ck_mmio_generation(u64 spte)
{
	return (spte >> 3 & 0xff) | (spte >> 52 & 0x7ff) << 8;
}

/* `level` is that of the table in which the entry lies. */
static inline bool ck_leaf(u64 spte, u32 level)
{
	return ck_present(spte) && (level == PG_LEVEL_4K || (spte & CK_LARGE));
}

static inline bool ck_table(u64 spte, u32 level)
{
	return ck_present(spte) && level > PG_LEVEL_4K && !(spte & CK_LARGE);
}

static inline u64 ck_pfn(u64 spte)
{
	return (spte & CK_ADDR) >> PAGE_SHIFT;
}

#endif
