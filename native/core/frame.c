// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames: allocation, release and the list of what was touched.
 *
 * custom: a FIFO free list under one spinlock.  The kernel's page allocator reuses the hottest
 *         page first; here the coldest goes first, which keeps a stale user and the next owner
 *         apart for as long as there are free frames.
 */
#include <errno.h>
#include <string.h>

#include "frame.h"
#include "rcu.h"

#define BLOCK_FRAMES	512u

static u32 order_of(u64 stride)
{
	return (u32)(63 - __builtin_clzll(stride));
}

void *frame_region_alloc(u32 stride, u32 first, u32 count)
{
	struct arena *arena = arena_of();
	struct frame_region *r = &arena->regions[arena->nr_regions];

	if (arena->nr_regions == ARENA_REGIONS || (stride & (stride - 1)))
		return NULL;
	r->base = arena_alloc_bulk((u64)stride * count);
	if (!r->base)
		return NULL;
	r->shift = order_of(stride);
	r->first = first;
	r->count = count;
	arena->nr_regions++;
	return r->base;
}

int frame_init(u32 nr_tables, u32 nr_guest, u32 align)
{
	struct arena *arena = arena_of();
	struct frame_table *t = arena_alloc(sizeof(*t));
	u32 i, total;

	if (!t || nr_guest % BLOCK_FRAMES || align % BLOCK_FRAMES)
		return -EINVAL;
	arena->frames = t;
	t->nr_tables = nr_tables;
	t->guest_first = round_up(nr_tables, align);
	t->nr_guest = nr_guest;
	t->nr_blocks = nr_guest / BLOCK_FRAMES;
	total = t->guest_first + nr_guest;
	spin_lock_init(&t->lock, CLASS_FRAME_LOCK);

	t->frames = frame_region_alloc(sizeof(struct frame), 0, total);
	t->tables = frame_region_alloc(TABLE_WORDS * 8, 0, nr_tables);
	t->cells = frame_region_alloc(sizeof(struct guest_cell), t->guest_first, nr_guest);
	t->dirty = arena_alloc_bulk(4ULL * total);
	t->nr_dirty = arena_alloc_bulk(4);
	if (!t->frames || !t->tables || !t->cells || !t->dirty || !t->nr_dirty)
		return -ENOMEM;
	arena->regions[1].tables_only = 1;

	for (i = 1; i < nr_tables; i++)		/* frame 0 is "none" */
		t->frames[i].next = i + 1 < nr_tables ? i + 1 : 0;
	t->free_tables = (struct frame_list){ .head = 1, .tail = nr_tables - 1, .count = nr_tables - 1 };
	return 0;
}

u32 frame_of_addr(const void *addr)
{
	const struct arena *arena = arena_of();
	u32 i;

	if ((const char *)addr < arena->bulk_begin || (const char *)addr >= arena->bulk_end)
		return 0;
	for (i = 0; i < arena->nr_regions; i++) {
		const struct frame_region *r = &arena->regions[i];
		u64 index = (u64)((const char *)addr - (const char *)r->base) >> r->shift;

		if ((const char *)addr >= (const char *)r->base && index < r->count)
			return r->first + (u32)index;
	}
	return 0;
}

void __frame_touch(struct frame *f, u32 n)
{
	struct frame_table *t = arena_of()->frames;

	f->touched = 1;
	t->dirty[(*t->nr_dirty)++] = n;
}

static u32 list_pop(struct frame_list *list)
{
	u32 n = list->head;

	if (n) {
		struct frame *f = frame_get(n);

		frame_touch(n);
		list->head = f->next;
		if (!list->head)
			list->tail = 0;
		list->count--;
	}
	return n;
}

static void list_push(struct frame_list *list, u32 n)
{
	frame_touch(n);
	frame_get(n)->next = 0;
	if (list->tail) {
		frame_touch(list->tail);
		frame_get(list->tail)->next = n;
	} else {
		list->head = n;
	}
	list->tail = n;
	list->count++;
}

/* The state word is what oracles watch, so a change is an event in two halves. */
static void set_state(u32 n, enum frame_state state, const struct site *site)
{
	struct frame *f = frame_get(n);

	frame_touch(n);
	if (hooks_on())
		hook_call(hook_begin, site, f, state, 0);
	__atomic_store_n(&f->state, (u8)state, __ATOMIC_RELEASE);
	if (hooks_on())
		hook_call(hook_end, site, f, state, 0);
}

static void frame_claim(u32 n, enum frame_state state, u64 page)
{
	struct frame *f = frame_get(n);

	f->owner = current->id;
	f->generation++;
	f->page = page;
	f->alloc_step = arena_of()->step;
	set_state(n, state, SITE(OP_FRAME_ALLOC, ORDER_PLAIN, 0, 0, "frame_alloc"));
}

u32 frame_alloc_table(void)
{
	struct frame_table *t = arena_of()->frames;
	u32 n;

	spin_lock(&t->lock);
	n = list_pop(&t->free_tables);
	spin_unlock(&t->lock);
	if (n)
		frame_claim(n, FRAME_TABLE, 0);
	return n;
}

/* What is skipped for the sake of alignment stays unused: host pages have the same holes. */
static u32 block_pop(struct frame_table *t, u32 nr)
{
	u32 n = round_up(t->guest_first + BLOCK_FRAMES * t->next_block, nr);
	u32 end = (n - t->guest_first + nr) / BLOCK_FRAMES;

	if (end > t->nr_blocks)
		return 0;
	t->next_block = end;
	return n;
}

u32 frame_alloc_guest(u64 page)
{
	struct frame_table *t = arena_of()->frames;
	u32 n, i, block;

	spin_lock(&t->lock);
	if (!t->free_guest.count && (block = block_pop(t, BLOCK_FRAMES)))
		for (i = 0; i < BLOCK_FRAMES; i++)
			list_push(&t->free_guest, block + i);
	n = list_pop(&t->free_guest);
	spin_unlock(&t->lock);
	if (n)
		frame_claim(n, FRAME_GUEST, page);
	return n;
}

u32 frame_alloc_guest_block(u64 page, u32 nr)
{
	struct frame_table *t = arena_of()->frames;
	u32 n, i;

	spin_lock(&t->lock);
	n = block_pop(t, nr);
	spin_unlock(&t->lock);
	for (i = 0; n && i < nr; i++)
		frame_claim(n + i, FRAME_GUEST, page + i);
	return n;
}

void frame_set_state(u32 n, enum frame_state state)
{
	set_state(n, state, SITE(OP_FRAME_STATE, ORDER_PLAIN, 0, 0, "frame_set_state"));
}

/* Whoever still walks or reads here meets values that no SPTE and no page has. */
static void poison(u32 n, bool table)
{
	table_word *words;
	u32 i;

	if (!table) {
		WRITE_PRIVATE(frame_cell(n)->stamp, FRAME_POISON);
		return;
	}
	words = frame_words(n);
	for (i = 0; i < TABLE_WORDS; i++)
		WRITE_PRIVATE(words[i], FRAME_POISON);
}

void frame_free(u32 n)
{
	struct frame_table *t = arena_of()->frames;
	struct frame *f = frame_get(n);
	bool table = frame_is_table(n);

	if (unlikely(f->state == FRAME_FREE)) {
		violation(ORACLE_FRAME_LIFE, __here("frame_free"), f, "frame %u freed twice, last by %s",
			  n, task_by_id(f->freed_by)->name);
		return;
	}
	f->freed_by = current->id;
	f->freed_step = arena_of()->step;
	set_state(n, FRAME_FREE, SITE(OP_FRAME_FREE, ORDER_PLAIN, 0, 0, "frame_free"));
	poison(n, table);
	spin_lock(&t->lock);
	list_push(table ? &t->free_tables : &t->free_guest, n);
	spin_unlock(&t->lock);
}
