/* SPDX-License-Identifier: GPL-2.0-only */
/* Happens-before races: see races.c. */
#ifndef MMUT_CHECK_RACES_H
#define MMUT_CHECK_RACES_H

#include "../core/arena.h"
#include "../core/task.h"

#define RACE_CELLS	(1u << 14)	/* words followed at a time: a power of two */
#define RACE_CELL_MAX	(16 + MAX_MODEL_TASKS * (2 * 4 + NR_RACE_KINDS * 24))
#define RACE_PROBES	16		/* a word that finds no place is not followed */
#define RACE_POINTERS	8		/* of each task: loads that an address may depend on */
#define RACE_OBJECT	4096		/* bytes behind a pointer that are taken for its object */
#define RACE_RELEASES	64		/* of each task, whose places are remembered */

/*
 * What an access does for the detector: a plain one is a side of a race with any other, an assertion
 * with what it excludes.
 */
enum race_kind {
	RACE_PLAIN_WRITE, RACE_PLAIN_READ, RACE_MARKED_WRITE, RACE_MARKED_READ,
	RACE_NO_WRITERS, RACE_NO_ACCESS, NR_RACE_KINDS
};

struct race_access {
	u32 clock;		/* its task's, when it happened; 0: there was none */
	u32 step;
	u32 held;		/* lock classes, one bit each: low half for read, high half for write */
	u16 site;
	u16 pad;
	u64 value;
};

/*
 * A word, or a lock.  Behind it, each for as many tasks as there are (race_lanes()): what an acquire
 * that reads from here learns; of a rwlock what its readers knew when they left; and the last
 * accesses by kind.  The cells of an execution lie side by side, and small, to stay in the cache.
 */
struct race_cell {
	u32 used;		/* kinds of access so far, one bit each */
	u32 pad[3];
};

struct race_task {
	u32 clock[MAX_MODEL_TASKS];			/* of whose events it knows how many */
	u32 pending[MAX_MODEL_TASKS];			/* what an acquire fence would add: relaxed loads */
	u32 fence[MAX_MODEL_TASKS];			/* what a relaxed store passes on: the last release fence */
	struct { u64 value; u32 clock[MAX_MODEL_TASKS]; } pointer[RACE_POINTERS];
	u32 nr_pointers;
	bool learnt;				/* `pending` has grown since the last acquire fence */
	bool acted;				/* it did or learnt something since the last release fence */
	u16 released_at[RACE_RELEASES];		/* site of release number n, n % RACE_RELEASES */
	u64 before;				/* the word, as the access at hand found it */
};

/* What is known of a place of the source: see conflicts.c. */
enum { CONFLICT_RAN = 1, CONFLICT_SEEN = 2, CONFLICT_UNORDERED = 4 };

struct races {
	u64 execution;
	u8 seen[1 << 16];			/* by site, over all executions */
	bool looking;				/* conflicts are noted in this one */
	bool asserted_only;			/* of a user's program: its plain accesses are its own business */
	u64 lost;				/* words that were not followed, for want of room */
	struct race_task task[MAX_MODEL_TASKS];
	u32 nr_cells;				/* in this execution */
	struct { u64 key; u64 cell; } slot[RACE_CELLS];	/* key: place in the arena, and the execution above it */
	char cells[RACE_CELLS][RACE_CELL_MAX] __attribute__((aligned(64)));
};

/* Tasks, rounded up: sums of vectors are taken four at a time. */
static inline u32 race_lanes(void)
{
	return (arena_of()->nr_tasks + 3) & ~3u;
}

static inline u32 *race_release(struct race_cell *cell)
{
	return (u32 *)(cell + 1);
}

static inline u32 *race_readers(struct race_cell *cell)
{
	return race_release(cell) + race_lanes();
}

static inline struct race_access *race_last(struct race_cell *cell, enum race_kind kind)
{
	return (struct race_access *)(race_readers(cell) + race_lanes()) + kind * race_lanes();
}

/* In the state: zero at the beginning of every execution. */
struct races_begun { u32 begun; };

int races_init(bool asserted_only);	/* controlled worlds; 0 or -ENOMEM */
void races_watch(struct event *ev);	/* proc.watch, or a part of it */

bool conflicts_asked(const struct races *r);	/* of the execution that begins */
/* `ev` is about to count; `cell` is NULL where its word is not followed. */
void conflicts_look(struct races *r, struct race_cell *cell, const struct event *ev, bool writes);

#endif
