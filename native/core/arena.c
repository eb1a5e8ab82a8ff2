// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arena: mapping, set-up allocation, checkpoint and reset.
 *
 * Nothing has a name in the file system: the memfd goes away with the last process that has
 * it open or mapped, however that process ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#undef LOCK_READ		/* fcntl.h has mandatory locks of that name */
#undef LOCK_WRITE
#include "arena.h"
#include "frame.h"

#define STATE_MAX	(64ULL << 20)	/* address space, not memory: the file is sparse */

struct proc proc;

static u64 round_to_page(u64 x)
{
	return round_up(x, (u64)4096);
}

int arena_map(int fd, u32 slot, u64 size, bool create)
{
	char *base = (char *)(ARENA_BASE + slot * ARENA_SLOT_SIZE);
	struct arena *arena;

	if (slot >= ARENA_SLOTS || size > ARENA_SLOT_SIZE)
		return -EINVAL;
	if (create) {
		if (ftruncate(fd, (off_t)size) ||
		    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
			return -errno;
	} else {
		size = (u64)lseek(fd, 0, SEEK_END);
	}
	arena = mmap(base, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
	if (arena == MAP_FAILED)
		return -errno;
	if (!create) {
		if (arena->magic != ARENA_MAGIC || arena->abi != ARENA_ABI || arena->size != size) {
			munmap(base, size);
			return -EPROTO;
		}
	} else {
		arena->magic = ARENA_MAGIC;
		arena->abi = ARENA_ABI;
		arena->slot = slot;
		arena->size = size;
		arena->state_begin = arena->state_end = base + round_to_page(sizeof(*arena));
		arena->state_limit = arena->state_begin + STATE_MAX;
		arena->bulk_begin = arena->bulk_end = arena->state_limit;
		arena->bulk_limit = base + size;
		arena->start = cycles_now();
	}
	proc.arena = arena;
	return 0;
}

void arena_unmap(void)
{
	if (proc.arena)
		munmap(proc.arena, proc.arena->size);
	memset(&proc, 0, sizeof(proc));
}

static void *bump(char **end, char *limit, u64 size, u64 align)
{
	char *p = (char *)round_up((u64)*end, align);

	if (size > (u64)(limit - p))
		return NULL;
	*end = p + size;
	return p;
}

void *arena_alloc(u64 size)
{
	struct arena *arena = proc.arena;

	/* A fresh memfd reads as zeroes, so nothing needs clearing. */
	return bump(&arena->state_end, arena->state_limit, size, 64);
}

void *arena_alloc_bulk(u64 size)
{
	struct arena *arena = proc.arena;

	return bump(&arena->bulk_end, arena->bulk_limit, size, 4096);
}

/* Copy one region to its golden twin; page tables only where there are any. */
static void checkpoint_region(struct arena *arena, struct frame_region *r)
{
	u64 size = 1ULL << r->shift;
	u32 i;

	if (!r->tables_only) {
		/* Below the guest frames, which may begin far up, there are tables and then nothing. */
		u64 gap = arena->frames->guest_first - arena->frames->nr_tables;
		u64 before = r->first ? r->count : min(r->count, arena->frames->nr_tables), after = before + gap;

		memcpy(r->golden, r->base, size * before);
		if (after < r->count)
			memcpy((char *)r->golden + size * after, (char *)r->base + size * after,
			       size * (r->count - after));
		return;
	}
	for (i = 0; i < r->count; i++)
		if (arena->frames->frames[r->first + i].state == FRAME_TABLE)
			memcpy((char *)r->golden + i * size, (char *)r->base + i * size, size);
}

int arena_checkpoint(void)
{
	struct arena *arena = proc.arena;
	u64 size = (u64)(arena->state_end - arena->state_begin);
	u32 i;

	for (i = 0; i < arena->nr_regions; i++) {
		struct frame_region *r = &arena->regions[i];

		r->golden = arena_alloc_bulk((u64)r->count << r->shift);
		if (!r->golden)
			return -ENOMEM;
		checkpoint_region(arena, r);
	}
	arena->state_golden = arena_alloc_bulk(size);
	if (!arena->state_golden)
		return -ENOMEM;
	*arena->frames->nr_dirty = 0;
	memcpy(arena->state_golden, arena->state_begin, size);
	arena->checkpointed = 1;
	return 0;
}

static void reset_frame(struct arena *arena, u32 n)
{
	u32 i;

	for (i = 0; i < arena->nr_regions; i++) {
		struct frame_region *r = &arena->regions[i];
		u64 size = 1ULL << r->shift, at = (u64)(n - r->first) << r->shift;

		if (n - r->first >= r->count)
			continue;
		/* Region 0 is the frame table itself, so this asks for the state at the checkpoint. */
		if (r->tables_only && arena->frames->frames[n].state != FRAME_TABLE)
			continue;
		memcpy((char *)r->base + at, (char *)r->golden + at, size);
	}
}

void arena_reset(void)
{
	struct arena *arena = proc.arena;
	struct frame_table *frames = arena->frames;
	u32 i, n = *frames->nr_dirty;

	for (i = 0; i < n; i++)
		reset_frame(arena, frames->dirty[i]);
	*frames->nr_dirty = 0;
	memcpy(arena->state_begin, arena->state_golden, (u64)(arena->state_end - arena->state_begin));
	if (arena->failure.set)
		memset(&arena->failure, 0, sizeof(arena->failure));
	arena->step = 0;
	arena->closing = 0;
	/* A stop that came from outside is not undone. */
	if (arena->stop == STOP_VIOLATION)
		arena->stop = STOP_NONE;
}
