/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host page frames and their table.
 *
 * Frame numbers are one space, so that an SPTE's pfn field names either sort:
 *   [1, nr_tables)			page tables: 4 KiB each, 512 words
 *   [guest_first, guest_first + n)	guest frames: a 64-byte cell each; aligned so that
 *					2M and 1G mappings are contiguous
 * Frame 0 is never handed out.  Free lists are FIFO: a freed frame is reused as late as
 * possible, so that a stale use meets a free frame and not its next owner.
 */
#ifndef MMUT_CORE_FRAME_H
#define MMUT_CORE_FRAME_H

#include "arena.h"
#include "lock.h"

#define PAGE_SHIFT	12
#define TABLE_WORDS	512
#define FRAME_POISON	0x6b6b6b6b6b6b6b6bULL	/* written over a freed frame */

enum frame_state {
	FRAME_FREE,
	FRAME_TABLE,		/* page table, from allocation until it is freed for good */
	FRAME_GUEST,		/* backs a host page */
	FRAME_ISOLATED,		/* the host took it away: no guest access, no mapping may remain */
};

struct frame {
	u32 next;		/* on a free list */
	u16 owner;		/* last allocating task */
	u8 state;		/* enum frame_state */
	u8 touched;		/* on the dirty list since the checkpoint */
	u32 generation;		/* allocations so far */
	u32 freed_by;		/* task that freed it last */
	u64 page;		/* guest: host page number (hva >> 12) it backs */
	u64 freed_step;		/* step or, free, operation count at the last free: for reports */
	u64 alloc_step;
	u64 pad[3];
};
static_assert(sizeof(struct frame) == 64, "frame table entry is one cache line");

/* A guest page: one cell stands for 4 KiB. */
struct guest_cell {
	SHARED(u64) stamp;	/* writes so far; copied by migration, swapped by reclaim */
	u64 pad[7];
};
static_assert(sizeof(struct guest_cell) == 64, "a guest frame is one 64-byte cell");

typedef shared_u64 table_word;

struct frame_list { u32 head, tail, count, pad; };

struct frame_table {
	spinlock_t lock;
	u32 nr_tables, guest_first, nr_guest;
	struct frame_list free_tables, free_guest;
	struct frame *frames;		/* by frame number */
	table_word *tables;		/* frame n is words [n * 512, n * 512 + 512) */
	struct guest_cell *cells;	/* frame n is cells[n - guest_first] */
	u32 *dirty;			/* bulk: frames touched since the checkpoint */
	u32 *nr_dirty;
	u32 next_block, nr_blocks;	/* 2M blocks of guest frames; those from next_block on were never used */
};

/* `nr_guest` is in frames, a multiple of 512; guest frames begin at a multiple of `align`, 512 or 2^18. */
int frame_init(u32 nr_tables, u32 nr_guest, u32 align);
/*
 * An array with one element for each frame [first, first + count), zeroed, restored with its
 * frame by arena_reset().  `stride` is in bytes, rounded up to a power of two by the caller.
 */
void *frame_region_alloc(u32 stride, u32 first, u32 count);

u32 frame_alloc_table(void);			/* frame number, 0 if there is none; content undefined */
u32 frame_alloc_guest(u64 page);		/* one frame for a host page, 0 if none */
/* `nr` frames, 512 or 2^18: contiguous, aligned to their number; the first, 0 if there are none. */
u32 frame_alloc_guest_block(u64 page, u32 nr);
void frame_free(u32 n);				/* poisons tables */
void frame_set_state(u32 n, enum frame_state state);

static inline struct frame *frame_get(u32 n) { return &arena_of()->frames->frames[n]; }
static inline table_word *frame_words(u32 n) { return arena_of()->frames->tables + (u64)n * TABLE_WORDS; }
static inline struct guest_cell *frame_cell(u32 n)
{
	return &arena_of()->frames->cells[n - arena_of()->frames->guest_first];
}
static inline bool frame_is_guest(u64 n)
{
	const struct frame_table *t = arena_of()->frames;

	return n - t->guest_first < t->nr_guest;
}
static inline bool frame_is_table(u64 n) { return n - 1 < (u64)arena_of()->frames->nr_tables - 1; }

/* The frame that an address inside the per-frame memory belongs to, or 0. */
u32 frame_of_addr(const void *addr);

void __frame_touch(struct frame *f, u32 n);
/* The frame is about to change: arena_reset() must restore it. */
static inline void frame_touch(u32 n)
{
	struct frame *f = frame_get(n);

	if (unlikely(!f->touched) && arena_of()->checkpointed)
		__frame_touch(f, n);
}

#endif
