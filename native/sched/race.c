// SPDX-License-Identifier: GPL-2.0-only
/*
 * Happens-before of an execution, and its races.
 *
 * A clock holds, for each agent, one more than the position of its latest transition that happens
 * before (or is) this one.  Transitions that touch an object form a chain, newest first; what is
 * new in the path is linked at its end, and unlinked when the search goes back.
 *
 * A race is a pair of dependent transitions of different agents with nothing between them in
 * happens-before.  For a transition that waited (an acquisition, an await) that is too little: the
 * release behind which an acquisition comes orders the two, and no other order of *these* is
 * possible; the alternative is to come before an earlier transition, one before which what is
 * waited for holds.  So its partners are the latest such ones, whatever lies between.  Tasks that
 * still wait when nobody can run take part in the same way: their acquisition, too, could have
 * come earlier.
 *
 * A race stays in the list while both are on the path, and is looked at in each execution: its reversal keeps
 * all that does not happen after e, whatever comes behind e' as well, so it is another one each time.
 * To look once, when e' is new, loses classes: what covers the first reversal, an agent whose
 * first transition comes behind e', need not cover the next.
 */
#include <emmintrin.h>

#include "../core/rcu.h"
#include "sched.h"
#include "search.h"
#include "symmetry.h"

static inline void join(struct search *x, s16 *into, const s16 *clock)
{
	u32 i;

	for (i = 0; i < x->width; i += 8) {
		__m128i a = _mm_loadu_si128((const __m128i *)(into + i));
		__m128i b = _mm_loadu_si128((const __m128i *)(clock + i));

		_mm_storeu_si128((__m128i *)(into + i), _mm_max_epi16(a, b));
	}
}

/* A link of a chain: a transition, and which of its accesses. */
static inline s32 make_link(u32 node, u32 which)
{
	return (s32)(node << 2 | which);
}

static inline u32 link_node_of(s32 link)
{
	return (u32)link >> 2;
}

static inline u32 link_which(s32 link)
{
	return (u32)link & 3;
}

static inline s32 next_link(const struct search *x, s32 link)
{
	return x->node[link_node_of(link)].previous[link_which(link)];
}

/* The chain of an object, or NULL where there is no room for another object. */
static s32 *chain_of(struct search *x, u64 access)
{
	u64 addr = access >> 1, at = (addr >> 3) * 0x9e3779b97f4a7c15ULL >> 48;

	static_assert(SEARCH_OBJECTS == 1u << 16, "the hash has 16 bits");
	while (x->object[at].addr != addr) {
		if (!x->object[at].addr) {
			if (x->nr_objects >= SEARCH_OBJECTS / 4 * 3)
				return NULL;
			x->nr_objects++;
			x->object[at].addr = addr;
			x->object[at].last = -1;
			break;
		}
		at = (at + 1) % SEARCH_OBJECTS;
	}
	return &x->object[at].last;
}

static inline bool before(const struct search *x, const s16 *clock, u32 earlier)
{
	return clock[x->node[earlier].lane] > (s16)earlier;
}

static void note_race(struct search *x, u32 first, s32 second, u32 blocked)
{
	if (x->nr_races == SEARCH_NODES) {
		x->too_many++;
		return;
	}
	x->race[x->nr_races++] = (struct race){
		.first = (s16)first, .second = (s16)second, .blocked = (s16)blocked,
	};
}

static bool holds(u64 word, const struct condition *until)
{
	if (until->kind == UNTIL_SECTION)
		return !word || word >= until->value;
	return !((word ^ until->value) & until->mask) == (until->kind == UNTIL_EQUAL);
}

/* What waits: a transition of the path, or a task at its end. */
struct waiter {
	struct accesses acc;
	struct condition until;
	u64 now;			/* the word when it was looked at last */
	s32 at;				/* node, or -1 */
	u32 task;
	s32 chain, machine;		/* newest access to the word, and to the machine, before it */
};

/*
 * Would `w` find its condition true if transition `pivot` and all behind it had not been?  What
 * touched the word later without depending on the pivot (readers of a rwlock) is still there.
 */
static bool possible_without(struct search *x, const struct waiter *w, u32 pivot, u32 which)
{
	u64 word = x->node[pivot].before[which], later = w->now;
	s32 link;

	if (x->node[pivot].acc.of[which] & ACCESS_WRITE)
		return holds(word, &w->until);
	for (link = w->chain; link_node_of(link) != pivot; link = next_link(x, link)) {
		u64 found = x->node[link_node_of(link)].before[link_which(link)];

		if (!before(x, clock_of(x, link_node_of(link)), pivot))
			word += later - found;
		later = found;
	}
	return holds(word, &w->until);
}

/* An atomic block may have brought about what was waited for: whether without it, is not known. */
static void races_with_blocks(struct search *x, const struct waiter *w, s16 *known)
{
	s32 link;

	for (link = w->machine; link >= 0; link = next_link(x, link)) {
		u32 k = link_node_of(link);

		if (!(x->node[k].acc.of[link_which(link)] & ACCESS_WRITE) || before(x, known, k))
			continue;
		note_race(x, k, w->at, w->task);
		join(x, known, clock_of(x, k));
	}
}

/* Races of a transition that waited; `known` is the clock of what its agent did before, and is used up. */
static void races_of_waiter(struct search *x, const struct waiter *w, s16 *known)
{
	s32 link;

	for (link = w->chain; link >= 0; link = next_link(x, link)) {
		u32 k = link_node_of(link);
		u64 access = x->node[k].acc.of[link_which(link)];
		bool write = access & ACCESS_WRITE;

		if (before(x, known, k)) {
			if (write)
				return;
			continue;
		}
		if (!access_conflict(access, w->acc.of[0]))
			continue;
		/* What lies between may be beyond the bound: all of them are asked. */
		if (!x->bounding && !possible_without(x, w, k, link_which(link)))
			continue;
		note_race(x, k, w->at, w->task);
		if (!x->bounding)
			join(x, known, clock_of(x, k));
	}
}

/* Order node `i` behind the accesses that it depends on; with `races`, those it races with are noted. */
static void order(struct search *x, u32 i, bool races)
{
	const struct node *node = &x->node[i];
	s16 *clock = clock_of(x, i);
	s32 link[NR_ACCESSES] = { node->previous[0], node->previous[1], node->previous[2] };

	for (;;) {
		u32 which = link[1] > link[0], k;
		u64 access;

		which = link[2] > link[which] ? 2 : which;
		if (link[which] < 0)
			break;
		k = link_node_of(link[which]);
		access = x->node[k].acc.of[link_which(link[which])];
		if (access_conflict(access, node->acc.of[which]) && !before(x, clock, k)) {
			if (races)
				note_race(x, k, (s32)i, 0);
			join(x, clock, clock_of(x, k));
		}
		/* What is before the latest write is ordered by it. */
		link[which] = access & ACCESS_WRITE ? -1 : next_link(x, link[which]);
	}
}

/* The transition of `lane` with this serial number and kind of operation. */
static s32 find_serial(const struct search *x, u32 lane, u32 serial, bool drain)
{
	s32 n = x->last[lane];

	while (n >= 0 && (x->node[n].serial != serial || (x->node[n].op == OP_DRAIN) != drain ||
			  (!drain && x->node[n].op != OP_STORE && x->node[n].op != OP_RCU_UNLOCK)))
		n = x->node[n].before_this;
	return n;
}

/* Stores of a task, or drains of its buffer, up to and including its latest transition. */
static u32 serial_after(const struct search *x, u32 lane)
{
	return x->last[lane] < 0 ? 0 : x->node[x->last[lane]].serial;
}

/*
 * TSO: a drain needs its store; what waits for an empty buffer needs the drains before it, and
 * a store into a full one the drain that made room.  No other order is possible.
 */
static s32 required_by(struct sched *s, struct search *x, struct node *node)
{
	u32 lane = node->lane;
	const u32 nr_tasks = arena_of()->nr_tasks;
	bool store = node->op == OP_STORE || node->op == OP_RCU_UNLOCK;

	if (!s->memory_tso)
		return -1;
	node->serial = (u16)(serial_after(x, lane) + (node->op == OP_DRAIN || store));
	if (node->op == OP_DRAIN)
		return find_serial(x, lane - nr_tasks, node->serial, false);
	if (store)
		return node->serial > STORE_BUFFER ?
		       find_serial(x, lane + nr_tasks, node->serial - STORE_BUFFER, true) : -1;
	if (node->op == OP_LOAD || node->op == OP_AWAIT || node->op == OP_YIELD || node->op == OP_NEEDBREAK)
		return -1;
	return x->last[lane + nr_tasks];
}

static void link_accesses(struct search *x, u32 i)
{
	struct node *node = &x->node[i];
	u32 a;

	for (a = 0; a < NR_ACCESSES; a++) {
		s32 *chain = node->acc.of[a] ? chain_of(x, node->acc.of[a]) : NULL;

		node->previous[a] = chain ? *chain : -1;
		if (chain)
			*chain = make_link(i, a);
		else if (node->acc.of[a])
			x->too_many++;
	}
}

void race_unlink(struct search *x, u32 i)
{
	struct node *node = &x->node[i];
	u32 a;

	if (node->kind != NODE_RUN)
		return;
	for (a = NR_ACCESSES; a-- > 0; )
		if (node->acc.of[a] && node->previous[a] != make_link(i, a)) {
			s32 *chain = chain_of(x, node->acc.of[a]);

			if (chain)
				*chain = node->previous[a];
		}
	x->last[node->lane] = node->before_this;
}

/*
 * The class of the path up to node `i`: a sum over its transitions, each by its agent and number and by
 * what happens before it, and over what they picked.  So it does not depend on the order of independent ones.
 */
static void classify(struct search *x, u32 i)
{
	u64 sum = i ? x->node[i - 1].class : 0, id;
	struct node *node = &x->node[i];
	const s16 *clock = clock_of(x, i);
	u32 lane;

	if (node->kind == NODE_PICK) {
		id = sum - (i > 1 ? x->node[i - 2].class : 0);
		node->class = sum + mix64(id + 1 + node->choice);
		return;
	}
	node->rank = (u16)(node->before_this < 0 ? 1 : x->node[node->before_this].rank + 1);
	id = mix64((u64)node->lane << 32 | node->rank);
	for (lane = 0; lane < x->nr_lanes; lane++)
		if (lane != node->lane && clock[lane])
			id += mix64(id ^ ((u64)lane << 32 | x->node[clock[lane] - 1].rank));
	node->class = sum + mix64(id);
}

u64 race_class(const struct search *x)
{
	u64 class = x->length ? x->node[x->length - 1].class : 0;

	return class + !class;
}

static void link_node(struct sched *s, u32 i)
{
	struct search *x = s->search;
	struct node *node = &x->node[i];
	s16 *clock = clock_of(x, i);
	u32 a;

	node->before_this = x->last[node->lane];
	if (node->before_this >= 0)
		__builtin_memcpy(clock, clock_of(x, (u32)node->before_this), x->width * sizeof(*clock));
	else
		__builtin_memset(clock, 0, x->width * sizeof(*clock));
	node->required = required_by(s, x, node);
	if (node->before_this < 0 && x->twin[node->lane])	/* under TSO, too, a first step requires nothing else */
		node->required = symmetry_required(x, node->lane);
	if (node->required >= 0)
		join(x, clock, clock_of(x, (u32)node->required));
	if (node->closes)
		for (a = 0; a < arena_of()->nr_tasks; a++)
			if (x->last[a] >= 0)
				join(x, clock, clock_of(x, (u32)x->last[a]));
	link_accesses(x, i);
	if (node->wait.kind && !(x->ablate & ABLATE_ACQUIRE)) {
		s16 known[SEARCH_LANES] __attribute__((aligned(16)));
		struct waiter w = {
			.acc = node->acc, .until = node->wait, .now = node->before[0], .at = (s32)i,
			.chain = node->previous[0], .machine = node->previous[NR_ACCESSES - 1],
		};

		__builtin_memcpy(known, clock, x->width * sizeof(*known));
		races_of_waiter(x, &w, known);
		races_with_blocks(x, &w, known);
		order(x, i, false);
	} else {
		order(x, i, true);
	}
	clock[node->lane] = (s16)(i + 1);
	x->last[node->lane] = (s16)i;
}

/* Tasks that wait when nobody can run. */
static void races_of_blocked(struct sched *s)
{
	struct search *x = s->search;
	u64 blocked;

	for (blocked = s->waiting; blocked; blocked &= blocked - 1) {
		u32 t = (u32)__builtin_ctzll(blocked);
		s16 known[SEARCH_LANES] __attribute__((aligned(16))) = { 0 };
		s32 required;
		struct waiter w = {
			.acc = pending_accesses(s, t), .until = search_condition(s, t), .at = -1, .task = t,
		};
		s32 *chain = chain_of(x, w.acc.of[0]);

		__builtin_memcpy(&w.now, access_addr(w.acc.of[0]), sizeof(w.now));
		w.chain = chain ? *chain : -1;
		chain = w.acc.of[2] ? chain_of(x, w.acc.of[2]) : NULL;
		w.machine = chain ? *chain : -1;
		if (x->last[t] >= 0)
			__builtin_memcpy(known, clock_of(x, (u32)x->last[t]), x->width * sizeof(*known));
		else if (s->behind & BIT_ULL(t))	/* its twin waits for the same, and comes first */
			continue;
		else if ((required = symmetry_required(x, t)) >= 0)
			__builtin_memcpy(known, clock_of(x, (u32)required), x->width * sizeof(*known));
		races_of_waiter(x, &w, known);
		races_with_blocks(x, &w, known);
	}
}

void race_link(struct sched *s)
{
	struct search *x = s->search;
	u32 i;

	if (x->bounding || !x->fresh || (x->ablate & ABLATE_AGAIN))
		x->nr_races = 0;
	x->linked = 1;
	for (i = x->fresh; i < x->length; i++) {
		if (x->node[i].kind == NODE_RUN)
			link_node(s, i);
		classify(x, i);
	}
	if (!s->cut && !(x->ablate & ABLATE_BLOCKED))
		races_of_blocked(s);
}
