// SPDX-License-Identifier: GPL-2.0-only
/*
 * The flight recorder: see flight.h.
 *
 * Who reads another task's ring (a waiter that keeps what was around its wait, a supervisor after
 * a death) reads `head` first and records below it: they are written before it is.  A record that
 * is overwritten meanwhile is FLIGHT_RECORDS younger, and what is copied are the last few.
 */
#include "flight.h"

#include <errno.h>

#include "arena.h"
#include "contract.h"

const char *const flight_kind_names[NR_FLIGHT_KINDS] = {
	[FLIGHT_NONE] = "none", [FLIGHT_OPERATION] = "operation", [FLIGHT_FAULT] = "fault",
	[FLIGHT_INVALIDATE] = "invalidate", [FLIGHT_ZAP] = "zap", [FLIGHT_ZAP_ROOT] = "zap-root",
	[FLIGHT_WAIT] = "wait", [FLIGHT_HOLD] = "hold", [FLIGHT_FLUSH] = "flush",
	[FLIGHT_FLUSH_WAIT] = "flush-wait", [FLIGHT_GRACE_PERIOD] = "grace-period",
	[FLIGHT_CALLBACKS] = "callbacks", [FLIGHT_YIELD] = "yield", [FLIGHT_ROOT_INVALID] = "root-invalid",
	[FLIGHT_BACKLOG] = "backlog", [FLIGHT_VIOLATION] = "violation",
};

#define MORE_MAX	0xffff

static_assert(MAX_TASKS <= 256, "a record has a byte for a task");

int flight_init(u32 nr_tasks)
{
	struct flight *flight = arena_alloc_bulk(sizeof(*flight) + nr_tasks * sizeof(struct flight_ring));

	if (!flight)
		return -ENOMEM;
	flight->nr_tasks = nr_tasks;
	flight->copies = arena_alloc_bulk((u64)nr_tasks * FLIGHT_KEPT * nr_tasks * sizeof(*flight->copies));
	if (!flight->copies)
		return -ENOMEM;
	arena_of()->flight = flight;
	return 0;
}

void flight_forget(void)
{
	struct flight *flight = proc.flight;
	u32 i;

	for (i = 0; i < flight->nr_tasks; i++) {
		flight->ring[i].head = flight->ring[i].depth = flight->ring[i].wants_keeping = 0;
		__builtin_memset(flight->ring[i].acquisitions, 0, sizeof(flight->ring[i].acquisitions));
		__builtin_memset(flight->ring[i].mark, 0, sizeof(flight->ring[i].mark));
	}
	__builtin_memset(flight->longest, 0, sizeof(flight->longest));
	__builtin_memset(flight->copied, 0, sizeof(flight->copied));
}

static inline struct flight_ring *own_ring(void)
{
	return &proc.flight->ring[current->id];
}

static void add(struct flight_ring *ring, const struct flight_record *record)
{
	ring->at[ring->head % FLIGHT_RECORDS] = *record;
	/* Release: the record before the count, for who reads it from outside. */
	__atomic_store_n(&ring->head, ring->head + 1, __ATOMIC_RELEASE);
}

static void open_record(struct flight_ring *ring, const struct flight_record *record)
{
	if (likely(ring->depth < FLIGHT_OPEN))
		ring->open[ring->depth] = *record;
	barrier();	/* the entry before the depth, likewise */
	ring->depth++;
}

/* The record that ends now; NULL: it was one too many to be recorded. */
static struct flight_record *close_record(struct flight_ring *ring)
{
	struct flight_record *record;

	if (!ring->depth || --ring->depth >= FLIGHT_OPEN)
		return NULL;
	record = &ring->open[ring->depth];
	record->end = lockstat_clock();
	return record;
}

/* ---------------------------------------------------------------- what was around a long wait */

static void copy_ring(struct flight_copy *copy, const struct flight_ring *ring)
{
	u64 head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE), i;

	copy->count = (u32)min(head, (u64)FLIGHT_AROUND);
	copy->first = head - copy->count;
	for (i = 0; i < copy->count; i++)
		copy->at[i] = ring->at[(copy->first + i) % FLIGHT_RECORDS];
	copy->nr_open = min(ring->depth, (u32)FLIGHT_OPEN);
	for (i = 0; i < copy->nr_open; i++)
		copy->open[i] = ring->open[i];
}

/* The one of the waits that were kept that is the shortest. */
static u32 shortest_kept(const u64 *longest)
{
	u32 i, shortest = 0;

	for (i = 1; i < FLIGHT_KEPT; i++)
		if (longest[i] < longest[shortest])
			shortest = i;
	return shortest;
}

static noinline void keep_surroundings(struct flight_ring *ring)
{
	struct flight *flight = proc.flight;
	u32 kept = ring->wants_keeping - 1, i;

	ring->wants_keeping = 0;
	for (i = 0; i < flight->nr_tasks; i++)
		copy_ring(flight_copy_of(flight, current->id, kept, i), &flight->ring[i]);
	flight->copied[current->id][kept] = 1;
}

/* Not now, with the lock just taken: what others wait for must not take longer for being recorded. */
static void consider_keeping(struct flight_ring *ring, u64 length)
{
	u64 *longest = proc.flight->longest[current->id];
	u32 kept = shortest_kept(longest);

	if (length <= longest[kept])
		return;
	longest[kept] = length;
	proc.flight->copied[current->id][kept] = 0;
	ring->wants_keeping = kept + 1;
}

/* ---------------------------------------------------------------- operations, faults, and the like */

void flight_record_begin(enum flight_kind kind, u64 arg, u32 value)
{
	struct flight_ring *ring = own_ring();

	if (likely(ring->depth < FLIGHT_OPEN))
		ring->open[ring->depth] = (struct flight_record){
			.begin = lockstat_clock(), .end = FLIGHT_STILL_OPEN, .arg = arg, .value = value,
			.site = FLIGHT_NO_SITE, .other_site = FLIGHT_NO_SITE, .kind = (u8)kind,
		};
	barrier();	/* the entry before the depth, as in open_record() */
	ring->depth++;
}

void flight_record_end(u32 value)
{
	struct flight_ring *ring = own_ring();
	struct flight_record *record = close_record(ring);

	if (record) {
		record->value = value;
		add(ring, record);
	}
	if (unlikely(ring->wants_keeping) && !current->nr_held)
		keep_surroundings(ring);
}

/* One more of what the task's last record is about. */
static bool add_to_last(struct flight_ring *ring, const struct flight_record *record)
{
	struct flight_record *last = &ring->at[(ring->head - 1) % FLIGHT_RECORDS];

	if (!ring->head || last->kind != record->kind || last->arg != record->arg || last->value != record->value ||
	    last->more == MORE_MAX)
		return false;
	last->more++;
	last->end = record->end;
	return true;
}

void flight_record_end_of_try(u32 value)
{
	struct flight_ring *ring = own_ring();
	struct flight_record *record;

	if (proc.controlled) {
		flight_record_end(value);
		return;
	}
	record = close_record(ring);
	if (!record)
		return;
	record->value = value;
	if (!add_to_last(ring, record))
		add(ring, record);
}

void flight_record_instant(enum flight_kind kind, u64 arg, u32 value, const struct site *site)
{
	const u64 now = lockstat_clock();
	const struct flight_record record = {
		.begin = now, .end = now, .arg = arg, .value = value, .kind = (u8)kind,
		.site = (u16)(site ? site_id(site) : FLIGHT_NO_SITE), .other_site = FLIGHT_NO_SITE,
	};

	add(own_ring(), &record);
}

void flight_record_about(u64 arg)
{
	struct flight_ring *ring = own_ring();

	if (ring->depth && ring->depth <= FLIGHT_OPEN)
		ring->open[ring->depth - 1].arg = arg;
}

/* ---------------------------------------------------------------- locks */

/*
 * Those who hold the lock are to record it.  Their stacks are their own: what is read there may be
 * out of date by the time the mark arrives, which is why it says which acquisition it means.
 */
static void mark_holders(struct flight_record *wait, const void *lock, u32 hint)
{
	struct flight *flight = proc.flight;
	u32 i;

	for (i = 0; i < flight->nr_tasks; i++) {
		struct flight_ring *ring = &flight->ring[i];
		struct flight_mark *mark = &ring->mark[wait->class];
		u64 acquisition = __atomic_load_n(&ring->acquisitions[wait->class], __ATOMIC_RELAXED);
		const struct held_lock *held = i == current->id ? NULL : held_find(task_by_id(i), lock);

		if (!held)
			continue;
		if (!wait->other || i == hint) {
			wait->other = (u8)i;
			wait->other_site = held->site;
		}
		if (mark->acquisition == acquisition) {
			mark->waiter = current->id;
			continue;
		}
		mark->since = wait->begin;
		mark->waiter = current->id;
		mark->exact = 0;
		/* Last: it makes the rest valid. */
		__atomic_store_n(&mark->acquisition, acquisition, __ATOMIC_RELEASE);
	}
}

static bool waits_already(const struct flight_ring *ring, const void *lock)
{
	const struct flight_record *top = &ring->open[ring->depth - 1];

	return ring->depth && ring->depth <= FLIGHT_OPEN && top->kind == FLIGHT_WAIT && top->arg == (u64)lock;
}

void flight_record_wait(const void *lock, u32 class, u32 mode, u32 holder, const struct site *site)
{
	struct flight_record record = {
		.begin = lockstat_clock(), .end = FLIGHT_STILL_OPEN, .arg = (u64)lock, .kind = FLIGHT_WAIT,
		.site = (u16)site_id(site), .other_site = FLIGHT_NO_SITE, .mode = (u8)mode, .class = (u16)class,
	};

	if (waits_already(own_ring(), lock))
		return;
	mark_holders(&record, lock, holder);
	open_record(own_ring(), &record);
}

void flight_record_acquired(const struct held_lock *held)
{
	struct flight_ring *ring = own_ring();
	struct flight_record *wait;
	struct flight_mark *mark = &ring->mark[held->class];
	u64 acquisition = ring->acquisitions[held->class] + 1;

	__atomic_store_n(&ring->acquisitions[held->class], acquisition, __ATOMIC_RELAXED);
	if (likely(!waits_already(ring, held->lock)))
		return;
	wait = close_record(ring);
	add(ring, wait);
	consider_keeping(ring, wait->end - wait->begin);
	/* What was waited for is recorded: this may be what the next one waits for. */
	*mark = (struct flight_mark){ .since = wait->end, .exact = 1, .acquisition = acquisition };
}

void flight_record_released(const struct held_lock *held)
{
	struct flight_ring *ring = own_ring();
	const struct flight_mark *mark = &ring->mark[held->class];
	bool marked = mark->acquisition == ring->acquisitions[held->class];
	bool timed = held->since != LOCKSTAT_UNTIMED && proc.arena->lockstat;
	struct flight_record record = {
		.arg = (u64)held->lock, .kind = FLIGHT_HOLD, .mode = (u8)held->mode, .class = held->class,
		.site = held->site, .other_site = FLIGHT_NO_SITE,
	};

	if (likely(!marked && !timed))
		return;
	record.begin = timed ? held->since : mark->since;
	record.end = lockstat_clock();
	record.flags = timed || mark->exact ? 0 : FLIGHT_EARLIER;
	record.other = marked ? (u8)mark->waiter : 0;
	if (held->mode == LOCK_READ)
		record.value = rwlock_readers(held->lock);
	add(ring, &record);
}
