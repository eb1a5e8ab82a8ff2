// SPDX-License-Identifier: GPL-2.0-only
/*
 * Happens-before races: C. Flanagan, S. Freund, "FastTrack: Efficient and Precise Dynamic Race
 * Detection", PLDI 2009, with the kernel's idea of what a race is (KCSAN, and the LKMM).
 *
 * Two accesses to a word race if one of them is plain, one of them writes, and nothing orders
 * them.  Marked accesses do not race with each other, so that a word keeps the last access of
 * each task and sort instead of one epoch.  What orders:
 *
 *  - a task's own order; the boss runs before and after all tasks and takes no part;
 *  - a release (store, unlock, successful read-modify-write) before the acquire that comes after
 *    it at the same word; a relaxed store passes on what was known at the last smp_wmb() or
 *    smp_mb(), a relaxed load learns at the next smp_rmb() or smp_mb();
 *  - readers of a rwlock are ordered with writers, and not with each other;
 *  - RCU: the end of a section before the end of a grace period that waited for it, by the words
 *    of the sections; the beginning of a grace period before sections that begin later, and
 *    call_rcu() before the callback: these two are added here;
 *  - a relaxed load before plain accesses to the object at the address that it returned.
 *
 * ASSERT_EXCLUSIVE_WRITER() races with every write that nothing orders with it, marked or not, and
 * ASSERT_EXCLUSIVE_ACCESS() with every access, as KCSAN has it; two assertions do not with each other.
 *
 * A compare-exchange that fails is a relaxed load.  Deviations: under TSO and LKMM the edges
 * follow the order of events, and not what a load really read from, which can hide a race and
 * not invent one; the extent of an object is not known, RACE_OBJECT bytes are taken for it.
 */
#include <errno.h>
#include <string.h>

#include "../core/frame.h"
#include "../core/lockdep.h"
#include "../core/rcu.h"
#include "races_report.h"

static_assert(ARENA_SLOT_SIZE == BIT_ULL(36), "a key is a place in the arena and an execution");

int races_init(bool asserted_only)
{
	struct arena *arena = arena_of();

	arena->races = arena_alloc_bulk(sizeof(*arena->races));
	arena->races_begun = arena_alloc(sizeof(*arena->races_begun));
	if (!arena->races || !arena->races_begun)
		return -ENOMEM;
	arena->races->asserted_only = asserted_only;
	return 0;
}

static void join(u32 *to, const u32 *from)
{
	u32 i, n = race_lanes();

	for (i = 0; i < n; i++)
		to[i] = max(to[i], from[i]);
}

static void copy(u32 *to, const u32 *from)
{
	memcpy(to, from, race_lanes() * sizeof(*to));
}

static noinline void begin_execution(struct races *r)
{
	u32 i;

	arena_of()->races_begun->begun = 1;
	r->execution++;
	r->looking = conflicts_asked(r);
	r->nr_cells = 0;
	for (i = 0; i < arena_of()->nr_tasks; i++) {
		struct race_task *t = &r->task[i];

		memset(t, 0, sizeof(*t));
		t->clock[i] = 1;
	}
}

static noinline struct race_cell *new_cell(struct races *r, u64 *where)
{
	u64 clocks = 2 * race_lanes() * sizeof(u32), size = sizeof(struct race_cell) + clocks +
		     NR_RACE_KINDS * race_lanes() * sizeof(struct race_access);
	struct race_cell *cell = (struct race_cell *)((char *)r->cells + r->nr_cells++ * size);

	*where = (u64)cell;
	memset(cell, 0, sizeof(*cell) + clocks);
	return cell;
}

/* NULL: there is none and `make` does not want one, or no room.  Cells of earlier executions are free. */
static struct race_cell *find_cell(struct races *r, const void *addr, bool make)
{
	u64 place = (u64)addr & (ARENA_SLOT_SIZE - 1), key = place | r->execution << 36;
	u32 at = (u32)((place >> 2) * 0x9e3779b97f4a7c15ULL >> 50), probes;

	for (probes = 0; probes < RACE_PROBES; probes++, at = (at + 1) % RACE_CELLS) {
		if (likely(r->slot[at].key == key))
			return (struct race_cell *)r->slot[at].cell;
		if (r->slot[at].key >> 36 == key >> 36)
			continue;
		if (!make)
			return NULL;
		r->slot[at].key = key;
		return new_cell(r, &r->slot[at].cell);
	}
	r->lost++;
	return NULL;
}

static struct race_cell *cell_of(struct races *r, const void *addr)
{
	return find_cell(r, addr, true);
}

/*
 * No access to a page table is plain, so that one which changes nothing is only of interest for
 * what it learns: walks go over hundreds of entries that nobody has ever written.
 */
static struct race_cell *cell_of_access(struct races *r, const struct event *ev)
{
	const struct frame_table *frames = arena_of()->frames;
	bool table = (u64)ev->addr - (u64)frames->tables < (u64)frames->nr_tables * TABLE_WORDS * 8;

	return find_cell(r, ev->addr, !table || ev->old != ev->new);
}
static_assert(RACE_CELLS == 1u << (64 - 50), "the hash selects a cell");

/* ---------------------------------------------------------------- what orders */

/* From here on others may learn all that `me` has done so far. */
static void released(struct race_task *t, const struct event *ev)
{
	u32 *clock = &t->clock[ev->task];

	t->released_at[*clock % RACE_RELEASES] = ev->site;
	++*clock;
}

static void learn(struct race_task *t, const u32 *from)
{
	join(t->clock, from);
	t->acted = true;
}

static void release(struct race_task *t, u32 *to, const struct event *ev)
{
	join(to, t->clock);
	released(t, ev);
}

static void fence(struct race_task *t, const struct event *ev)
{
	static const u8 acquires = BIT_ULL(ORDER_FULL) | BIT_ULL(ORDER_ACQUIRE);
	static const u8 releases = BIT_ULL(ORDER_FULL) | BIT_ULL(ORDER_RELEASE);
	u32 order = ev->order;

	if (ev->op == OP_FENCE && ev->operand)
		order = ev->operand == FENCE_RMB ? ORDER_ACQUIRE : ev->operand == FENCE_WMB ? ORDER_RELEASE :
			ev->operand == FENCE_BARRIER ? ORDER_RELAXED : ORDER_FULL;
	if ((acquires >> order & 1) && t->learnt) {
		learn(t, t->pending);
		t->learnt = false;
	}
	if ((releases >> order & 1) && t->acted) {
		copy(t->fence, t->clock);
		released(t, ev);
		t->acted = false;
	}
}

/* The load of a marked access. */
static void acquire(struct race_task *t, struct race_cell *cell, const struct event *ev, bool ordered)
{
	u32 n = t->nr_pointers++ % RACE_POINTERS;

	if (ordered && ev->order >= ORDER_ACQUIRE && ev->order != ORDER_RELEASE) {
		learn(t, race_release(cell));
		return;
	}
	join(t->pending, race_release(cell));
	t->learnt = true;
	t->pointer[n].value = ev->old;
	copy(t->pointer[n].clock, race_release(cell));
}

/* The store of a marked access; a read-modify-write passes on what it found as well. */
static void publish(struct race_task *t, struct race_cell *cell, const struct event *ev, bool rmw)
{
	if (!rmw)
		memset(race_release(cell), 0, race_lanes() * sizeof(u32));
	if (ev->order == ORDER_RELEASE || ev->order == ORDER_FULL)
		release(t, race_release(cell), ev);
	else
		join(race_release(cell), t->fence);
}

static void rcu_edges(struct races *r, struct race_task *t, const struct event *ev)
{
	struct rcu_state *rcu = arena_of()->rcu;
	struct race_cell *cell;

	if (ev->op == OP_RCU_LOCK) {		/* it begins after the grace periods that have begun */
		bool srcu = ev->addr == &current->rcu[RCU_MEMSLOTS].epoch.__v;

		cell = cell_of(r, &rcu->epoch[srcu ? RCU_MEMSLOTS : RCU_SCHED].__v);
		if (cell)
			learn(t, race_release(cell));
	} else if (ev->op == OP_RCU_CALL) {
		cell = cell_of(r, &rcu->callbacks.__v);
		if (cell)
			release(t, race_release(cell), ev);
	} else if (ev->task == TASK_RCU && ev->op == OP_ADD) {	/* a grace period, for callbacks that it has taken */
		cell = cell_of(r, &rcu->callbacks.__v);
		if (cell)
			learn(t, race_release(cell));
	}
}

static void lock_edges(struct races *r, struct race_task *t, const struct event *ev)
{
	struct race_cell *cell = cell_of(r, ev->addr);

	if (!cell)
		return;
	switch (ev->op) {
	case OP_WRITE_LOCK:
	case OP_SPIN_LOCK:
	case OP_SPIN_TRYLOCK:
	case OP_MUTEX_LOCK:
		if (!held_find(current, ev->addr))	/* an attempt that failed orders nothing */
			return;
		learn(t, race_readers(cell));
		/* fall through */
	case OP_READ_LOCK:
		learn(t, race_release(cell));
		return;
	case OP_READ_UNLOCK:
		release(t, race_readers(cell), ev);
		return;
	default:
		release(t, race_release(cell), ev);
	}
}

/* ---------------------------------------------------------------- what races */

/* A load returned the address of the object, and what its store had behind it. */
static bool depends(const struct race_task *t, const struct event *ev, u32 task, u32 clock)
{
	u32 i;

	for (i = 0; i < RACE_POINTERS; i++)
		if ((u64)ev->addr - t->pointer[i].value < RACE_OBJECT && clock <= t->pointer[i].clock[task])
			return true;
	return false;
}

static void check_against(struct races *r, struct race_cell *cell, const struct event *ev, enum race_kind mine,
			  enum race_kind theirs)
{
	const struct race_task *t = &r->task[ev->task];
	u32 i;

	for (i = 1; i < arena_of()->nr_tasks; i++) {
		const struct race_access *a = &race_last(cell, theirs)[i];

		if (i != ev->task && a->clock > t->clock[i] && !depends(t, ev, i, a->clock))
			race_report(r, ev, mine, i, a, theirs);
	}
}

static u32 held_classes(const struct task *task)
{
	u32 i, held = 0;

	for (i = 0; i < task->nr_held; i++)
		held |= 1u << (task->held[i].class + (task->held[i].mode == LOCK_WRITE ? 16 : 0));
	return held;
}
static_assert(NR_LOCK_CLASSES <= 16, "classes of held locks are kept in half a word");

#define KIND(k)		(1u << RACE_##k)
#define ASSERTIONS	(KIND(NO_WRITERS) | KIND(NO_ACCESS))
#define WRITES		(KIND(PLAIN_WRITE) | KIND(MARKED_WRITE))
#define READS		(KIND(PLAIN_READ) | KIND(MARKED_READ))

/* What races with an access of each sort, if nothing orders the two. */
static const u8 excludes[NR_RACE_KINDS] = {
	[RACE_PLAIN_WRITE] = WRITES | READS | ASSERTIONS,
	[RACE_PLAIN_READ] = WRITES | KIND(NO_ACCESS),
	[RACE_MARKED_WRITE] = KIND(PLAIN_WRITE) | KIND(PLAIN_READ) | ASSERTIONS,
	[RACE_MARKED_READ] = KIND(PLAIN_WRITE) | KIND(NO_ACCESS),
	[RACE_NO_WRITERS] = WRITES,
	[RACE_NO_ACCESS] = WRITES | READS,
};

static void access_word(struct races *r, struct race_cell *cell, const struct event *ev, enum race_kind kind)
{
	struct race_access *last = race_last(cell, kind);
	u32 against = excludes[kind];

	if (unlikely(r->asserted_only) && !(ASSERTIONS >> kind & 1))
		against &= ASSERTIONS;
	for (against &= cell->used; against; against &= against - 1)
		check_against(r, cell, ev, kind, (enum race_kind)__builtin_ctz(against));
	if (!(cell->used & 1u << kind)) {
		cell->used |= 1u << kind;
		memset(last, 0, race_lanes() * sizeof(*last));
	}
	r->task[ev->task].acted = true;
	last[ev->task] = (struct race_access){
		.clock = r->task[ev->task].clock[ev->task], .step = (u32)arena_of()->step,
		.held = held_classes(current), .site = ev->site, .value = ev->new,
	};
}

static void watch_word(struct races *r, struct race_task *t, const struct event *ev)
{
	struct race_cell *cell = cell_of_access(r, ev);
	bool loads = ev->op != OP_STORE && ev->op != OP_RCU_UNLOCK, writes = ev->op != OP_LOAD && ev->op != OP_AWAIT;
	bool failed = ev->op == OP_CMPXCHG && ev->old != ev->expected;

	if (unlikely(r->looking))
		conflicts_look(r, cell, ev, writes && !failed);
	if (!cell) {
		if (loads && writes && !failed)
			fence(t, ev);
		return;
	}
	if (ev->order == ORDER_PLAIN) {
		access_word(r, cell, ev, writes ? RACE_PLAIN_WRITE : RACE_PLAIN_READ);
		return;
	}
	writes &= !failed;
	if (loads)
		acquire(t, cell, ev, !failed);
	if (loads && writes && ev->order == ORDER_FULL)
		fence(t, ev);
	/* Before it is published: what it races with is what it knew. */
	access_word(r, cell, ev, writes ? RACE_MARKED_WRITE : RACE_MARKED_READ);
	if (writes)
		publish(t, cell, ev, loads);
}

static void watch_assertion(struct races *r, const struct event *ev)
{
	struct race_cell *cell = ev->flags & SITE_EXCLUSIVE ? cell_of(r, ev->addr) : NULL;

	if (cell)
		access_word(r, cell, ev, ev->flags & SITE_NO_WRITERS ? RACE_NO_WRITERS : RACE_NO_ACCESS);
}

void races_watch(struct event *ev)
{
	struct races *r = arena_of()->races;
	struct race_task *t;

	if (!ev->done || ev->task == TASK_BOSS)
		return;
	if (unlikely(!arena_of()->races_begun->begun))
		begin_execution(r);
	t = &r->task[ev->task];
	switch (ev->op) {
	case OP_LOAD: case OP_STORE: case OP_XCHG: case OP_CMPXCHG: case OP_ADD: case OP_AND: case OP_OR:
	case OP_XOR: case OP_AWAIT: case OP_RCU_LOCK: case OP_RCU_UNLOCK:
		watch_word(r, t, ev);
		if (unlikely(ev->op == OP_RCU_LOCK || ev->task == TASK_RCU))
			rcu_edges(r, t, ev);
		break;
	case OP_FENCE:
		fence(t, ev);
		break;
	case OP_SPIN_LOCK: case OP_SPIN_TRYLOCK: case OP_SPIN_UNLOCK: case OP_READ_LOCK: case OP_READ_UNLOCK:
	case OP_WRITE_LOCK: case OP_WRITE_UNLOCK: case OP_MUTEX_LOCK: case OP_MUTEX_UNLOCK:
		lock_edges(r, t, ev);
		break;
	case OP_RCU_CALL:
		rcu_edges(r, t, ev);
		break;
	case OP_NOTE:
		watch_assertion(r, ev);
		break;
	}
}
