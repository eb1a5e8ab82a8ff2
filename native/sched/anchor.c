// SPDX-License-Identifier: GPL-2.0-only
/*
 * Anchors: counting occurrences, recording a plan, and following one.  See anchor.h.
 *
 * Replay by logical events is the idea of R. H. Carver and K.-C. Tai, "Replay and testing for
 * concurrent programs", IEEE Software 1991; they anchor every event, this only the switches.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "anchor.h"
#include "sched.h"

#define COUNT_SLOTS	(1u << 16)	/* (task, operation, object) triples of one execution */
#define NAME_SLOTS	(1u << 14)
#define INDEX_SLOTS	(1u << 18)
#define OBJECT_BITS	24		/* of a hash: short in a token */
#define KIND_SHIFT	8
#define YIELDS_IGNORED	16
#define TAIL_NAMED	(1u << 15)	/* steps before the end of the fair tail */

void (*name_object)(const void *addr, char *buf, size_t n);

/* Where a task is: its last announced event. */
struct place {
	u32 object, occurrence;		/* occurrence 0: not counted */
	u32 op;
	u32 asked[1 + NR_PICKS];	/* decisions made here so far, by kind */
};

struct occurrences { u64 key, execution; u32 count, pad; };
struct object_name { u32 object; char text[68]; };

struct anchor_log {
	struct place at[MAX_TASKS];
	u32 yields[MAX_TASKS];		/* of each task, since it was last its turn */
	u32 nr_counted;
	struct occurrences counted[COUNT_SLOTS];
	struct object_name names[NAME_SLOTS];	/* survive an execution: a hash keeps its name */
	u32 nr_names;
	/* recorded */
	u32 nr_recorded;
	struct mmut_anchor recorded[ANCHORS_MAX];
	/* followed */
	u32 nr_followed;
	struct mmut_anchor followed[ANCHORS_MAX];
	u8 fate[ANCHORS_MAX];
	u32 slot_of[ANCHORS_MAX];
	u32 index[INDEX_SLOTS];			/* entry + 1, by hash of the anchor */
	u16 wanted[MAX_TASKS][NR_OPS], left[MAX_TASKS][NR_OPS];	/* anchors to come, by task and operation */
};

int anchor_init(struct sched *s)
{
	s->anchors = arena_alloc_bulk(sizeof(*s->anchors));
	return s->anchors ? 0 : -ENOMEM;
}

/* ------------------------------------------------------------------ objects */

static u32 hash_text(u32 h, const char *text)
{
	for (; *text; text++)
		h = (h ^ (u8)*text) * 0x01000193;	/* FNV-1a */
	return h;
}

static u32 fold_hash(u32 h)
{
	h = (h >> OBJECT_BITS ^ h) & ((1u << OBJECT_BITS) - 1);
	return h + !h;
}

static void keep_name(struct anchor_log *log, u32 object, const char *text)
{
	u32 at = object % NAME_SLOTS;

	while (log->names[at].object && log->names[at].object != object)
		at = (at + 1) % NAME_SLOTS;
	if (log->names[at].object || log->nr_names >= NAME_SLOTS / 4 * 3)
		return;
	log->nr_names++;
	log->names[at].object = object;
	snprintf(log->names[at].text, sizeof(log->names[at].text), "%s", text);
}

const char *anchor_object_name(const struct sched *s, u32 object)
{
	const struct anchor_log *log = s->anchors;
	u32 at;

	for (at = object % NAME_SLOTS; log->names[at].object; at = (at + 1) % NAME_SLOTS)
		if (log->names[at].object == object)
			return log->names[at].text;
	return NULL;
}

/* Frame numbers and offsets in the arena are addresses by another name. */
static noinline bool is_logical(const char *name)
{
	return *name != '+' && strncmp(name, "frame ", 6) && !strchr(name, '?');
}

static u32 object_of(struct sched *s, const struct event *ev)
{
	const struct site *site = site_by_id(ev->site);
	char name[64] = "?";
	u32 object, h = 0x811c9dc5;

	if (!ev->addr)
		return fold_hash(hash_text(h, site->func));
	if (name_object)
		name_object(ev->addr, name, sizeof(name));
	if (!is_logical(name))
		return fold_hash(hash_text(*name == 'v' ? hash_text(h, name) : h, site->what));
	object = fold_hash(hash_text(h, name));
	if (s->log->tracing)
		keep_name(s->anchors, object, name);
	return object;
}

/* ------------------------------------------------------------------ occurrences */

static u64 key_of(u32 task, u32 op, u32 object)
{
	return (u64)task << 40 | (u64)op << 32 | object;
}

static u32 count_one(struct sched *s, u64 key)
{
	struct anchor_log *log = s->anchors;
	u64 now = s->log->execution, at = mix64(key) % COUNT_SLOTS;

	while (log->counted[at].execution == now && log->counted[at].key != key)
		at = (at + 1) % COUNT_SLOTS;
	if (log->counted[at].execution != now) {
		if (log->nr_counted >= COUNT_SLOTS / 4 * 3)
			return 0;
		log->nr_counted++;
		log->counted[at] = (struct occurrences){ .key = key, .execution = now };
	}
	return ++log->counted[at].count;
}

static void begin_place(struct place *at, u32 op, u32 object, u32 occurrence)
{
	*at = (struct place){ .op = op, .object = object, .occurrence = occurrence };
}

void anchor_begin(struct sched *s)
{
	struct anchor_log *log = s->anchors;

	log->nr_counted = 0;
	log->nr_recorded = 0;
	memset(log->at, 0, sizeof(log->at));
	memset(log->yields, 0, sizeof(log->yields));
	begin_place(&log->at[TASK_BOSS], OP_NONE, 1, 1);	/* the first decision */
	memset(log->fate, ANCHOR_MISSED, log->nr_followed);
	memcpy(log->left, log->wanted, sizeof(log->left));
}

void anchor_announce(struct sched *s, const struct event *ev)
{
	struct anchor_log *log = s->anchors;
	u32 object;

	if (!s->log->tracing && !log->left[ev->task][ev->op]) {
		begin_place(&log->at[ev->task], ev->op, 0, 0);
		return;
	}
	/* No plan reaches into the tail: what is near its end is named for people. */
	if (s->fair_tail) {
		object = arena_of()->step + TAIL_NAMED > 2 * s->steps_max ? object_of(s, ev) : 0;
		begin_place(&log->at[ev->task], ev->op, object, 0);
		return;
	}
	object = object_of(s, ev);
	begin_place(&log->at[ev->task], ev->op, object, count_one(s, key_of(ev->task, ev->op, object)));
}

void anchor_exit(struct sched *s, u32 task)
{
	begin_place(&s->anchors->at[task], OP_TASK_EXIT, 1, 1);
}

bool anchor_impatient(struct sched *s, u32 task, bool yielded)
{
	return yielded && ++s->anchors->yields[task] > YIELDS_IGNORED;
}

void anchor_of(const struct sched *s, u32 task, u32 *object, u32 *occurrence)
{
	*object = s->anchors->at[task].object;
	*occurrence = s->anchors->at[task].occurrence;
}

/* ------------------------------------------------------------------ recording */

void anchor_decided(struct sched *s, u32 task, u32 kind, u32 choice, bool forced)
{
	struct anchor_log *log = s->anchors;
	struct place *at = &log->at[task];
	u32 number = at->asked[kind]++;

	if (!kind && choice != task)
		log->yields[task] = 0;
	if (!forced || !s->log->tracing || !at->occurrence || number >> KIND_SHIFT || s->fair_tail ||
	    log->nr_recorded >= ANCHORS_MAX)
		return;
	log->recorded[log->nr_recorded++] = (struct mmut_anchor){
		.task = task, .op = at->op, .object = at->object, .occurrence = at->occurrence,
		.decision = kind << KIND_SHIFT | number, .choice = choice,
	};
}

u64 anchor_recorded(const struct sched *s, struct mmut_anchor *anchors, u64 capacity)
{
	const struct anchor_log *log = s->anchors;

	if (anchors)
		memcpy(anchors, log->recorded, sizeof(*anchors) * min((u64)log->nr_recorded, capacity));
	return log->nr_recorded;
}

/* ------------------------------------------------------------------ following */

static bool same_anchor(const struct mmut_anchor *a, const struct mmut_anchor *b)
{
	return a->task == b->task && a->op == b->op && a->object == b->object &&
	       a->occurrence == b->occurrence && a->decision == b->decision;
}

/* The slot of the anchor, or the free one where it would go. */
static u32 find_slot(const struct anchor_log *log, const struct mmut_anchor *wanted)
{
	u64 h = mix64(key_of(wanted->task, wanted->op, wanted->object) ^
		      mix64((u64)wanted->occurrence << 32 | wanted->decision));
	u32 at;

	for (at = h % INDEX_SLOTS; log->index[at]; at = (at + 1) % INDEX_SLOTS)
		if (same_anchor(&log->followed[log->index[at] - 1], wanted))
			break;
	return at;
}

int anchor_follow(struct sched *s, const struct mmut_anchor *anchors, u64 count)
{
	struct anchor_log *log = s->anchors;
	u32 i, at;

	if (count > ANCHORS_MAX)
		return -1;
	for (i = 0; i < count; i++)
		if (anchors[i].task >= MAX_TASKS || anchors[i].op >= NR_OPS)
			return -1;
	for (i = 0; i < log->nr_followed; i++)
		log->index[log->slot_of[i]] = 0;
	memset(log->wanted, 0, sizeof(log->wanted));
	memcpy(log->followed, anchors, sizeof(*anchors) * count);
	log->nr_followed = (u32)count;
	for (i = 0; i < count; i++) {
		log->slot_of[i] = at = find_slot(log, &anchors[i]);
		if (!log->index[at])	/* of two at one place the first counts */
			log->index[at] = i + 1;
		if (log->wanted[anchors[i].task][anchors[i].op] < 0xffff)
			log->wanted[anchors[i].task][anchors[i].op]++;
	}
	return 0;
}

u32 anchor_fate(const struct sched *s, u64 n)
{
	return n < s->anchors->nr_followed ? s->anchors->fate[n] : ANCHOR_MISSED;
}

/* The choice that the plan has for this decision if it is among those possible, else `otherwise`. */
static u32 follow(struct sched *s, u32 task, u32 kind, task_set possible, u32 otherwise)
{
	struct anchor_log *log = s->anchors;
	const struct place *at = &log->at[task];
	const struct mmut_anchor here = {
		.task = task, .op = at->op, .object = at->object, .occurrence = at->occurrence,
		.decision = kind << KIND_SHIFT | at->asked[kind],
	};
	u16 *left = &log->left[task][at->op];
	u32 n, choice;

	if (!at->occurrence || !(n = log->index[find_slot(log, &here)]) || log->fate[n - 1] != ANCHOR_MISSED)
		return otherwise;
	*left -= *left > 0 && *left < 0xffff;
	choice = log->followed[n - 1].choice;
	if (choice >= TASK_SET_SIZE || !task_in(possible, choice)) {
		log->fate[n - 1] = ANCHOR_IMPOSSIBLE;
		return otherwise;
	}
	log->fate[n - 1] = ANCHOR_TAKEN;
	return choice;
}

static void anchored_begin(struct sched *s)
{
}

static __always_inline u32 anchored_next(struct sched *s, task_set enabled, u32 me, u32 fallback)
{
	return follow(s, me, 0, enabled, fallback);
}

CHOOSE(anchored)

static u32 anchored_pick(struct sched *s, u32 n, enum pick what)
{
	return follow(s, current->id, 1 + what, n < TASK_SET_SIZE ? task_bit(n) - 1 : ALL_TASKS, 0);
}

const struct strategy strategy_anchored = {
	.name = "anchored",
	.text = "a plan of forced switches, each at an operation of its task",
	.begin = anchored_begin,
	.choose = anchored_choose,
	.choose_wide = anchored_choose_wide,
	.pick = anchored_pick,
	.exhaustive = true,
};
