/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exhaustive search: the path from the start to the execution at hand, as an array of nodes.
 *
 * Stateless: each execution starts at the checkpoint, follows the path, and goes on from its end.
 * A node is a transition (an agent was let run) or a pick (a choice that is not about who runs).
 *
 * While a search drives, arena->whole_steps is set: acquisitions of locks are announced with a
 * condition, so that they are enabled when they succeed and nobody ever queues, and an RCU
 * section begins in one step.  So what a transition touches is known from its announcement.
 *
 * All of this is bulk memory: it survives arena_reset().  Offsets and small numbers, no pointers
 * into a process.  What does not fit is counted, and then the search does not claim exhaustion.
 */
#ifndef MMUT_SCHED_SEARCH_H
#define MMUT_SCHED_SEARCH_H

#include "../api.h"
#include "../core/arena.h"
#include "depend.h"
#include "strategy.h"
#include "wakeup.h"

#define SEARCH_NODES	16384		/* of one execution; positions fit a clock's 16 bits */
#define SEARCH_LANES	64		/* agents: tasks, then store buffers */
#define SEARCH_OBJECTS	(1u << 16)
#define SEARCH_SLEEPERS	(1u << 18)
#define SEARCH_HANDED	(1u << 17)	/* steps of reversals for nodes above a part */

enum node_kind { NODE_RUN, NODE_PICK };

/* When a transition is possible, by the word that it touches first. */
enum condition_kind {
	ALWAYS,
	UNTIL_CHANGED, UNTIL_EQUAL,	/* from `value`, to `value`, in the bits of the mask */
	UNTIL_SECTION,			/* an RCU slot: 0, or a section that began at `value` or later */
};
struct condition { u64 value, mask; u32 kind, pad; };


struct node {
	struct accesses acc;		/* what it touched */
	u64 before[NR_ACCESSES];	/* the words touched, before */
	u64 expected;			/* of a compare-exchange */
	struct condition wait;		/* when it is possible */
	void *announced;		/* address: a path that replays otherwise is no path */
	u32 tree;			/* what else is to be explored from here: a list of branches */
	u32 subtree;			/* what is known about the branch taken */
	u32 sleep_first;		/* agents whose next transition has been explored from here */
	u16 sleep_count;
	u16 choice, n;			/* pick: taken, of how many */
	s16 before_this;		/* the agent's previous transition, or -1 */
	s32 previous[NR_ACCESSES];	/* access to the same object before (race.c, make_link()), or -1 */
	s32 required;			/* another transition without which this one cannot be, or -1 */
	u16 serial;			/* TSO: of this task's stores, or of its buffer's drains */
	u8 kind, agent, lane, op, size;
	u8 closes;			/* the RCU task: woken because all others have ended */
	u16 rank;			/* among the transitions of its agent, from 1 */
	u16 inherited;			/* sleepers that slept before: those behind them were explored from here */
	u64 left;			/* of a part's path, see part.c: agents that were */
	u64 class;			/* hash of the path up to here; see race.c */
	pick_set possible;		/* pick: which of its alternatives are any */
};

struct sleeper { struct accesses acc; u32 agent; u32 pad; };

/* e happens before e', and the other way round is another class. */
struct race { s16 first, second; s16 blocked; };	/* blocked: `second` is no node: task that waits at the end */

/* What tests switch off to see that it matters; see native/tests/search.c. */
enum search_ablation {
	ABLATE_REVALUE = 1,	/* the last event of a reversal keeps the kind that it had */
	ABLATE_BLOCKED = 2,	/* tasks that wait at the end take part in no race */
	ABLATE_ACQUIRE = 4,	/* a release orders the acquisition behind it like any other event */
	ABLATE_SLEEP = 8,	/* nobody sleeps */
	ABLATE_AGAIN = 16,	/* a race is looked at in the first execution that has it alone */
};

struct search {
	u32 nr_lanes, width;		/* agents; entries of a clock, a multiple of 8 */
	u32 length;			/* nodes of this execution so far */
	u32 replay;			/* of them, those that were chosen before it began */
	u32 fresh;			/* first node whose transition is new */
	s32 run;			/* the transition at hand, or -1 */
	u32 tree;			/* what is known about how to go on from it */
	u32 nr_sleepers, nr_races;
	u32 started;
	u32 bounding;			/* see bound.c */
	u32 floor;			/* nodes above this part of the search; see part.c */
	u32 restoring;			/* follow the path of a part for the first time here */
	u32 linked;			/* race_link() has seen the execution at hand */
	u32 over;			/* nothing is left of this part */
	u32 unsure;			/* does anybody sleep where it begins? */
	u64 left;			/* agents with branches there, to the left of all that is explored here */
	u64 asleep;			/* they do: not before their branches have been explored */
	u32 nr_handed;			/* steps */
	u32 ablate;
	s16 last[SEARCH_LANES];		/* latest transition of each agent among those linked, or -1 */
	/* verdict and statistics */
	u64 classes;			/* complete executions */
	u64 cut;			/* executions given up: whatever comes has been seen */
	u64 too_deep, too_many;		/* what did not fit: not exhausted */
	u64 diverged;			/* the path could not be followed: the execution is not a function of it */
	u64 outgrown;			/* executions that did not fit into a window of lkmm's */
	u64 mismatches;			/* known continuations that turned out to be none */
	u64 races_seen, inserted;
	u32 nr_objects;
	struct node node[SEARCH_NODES];
	s16 clock[SEARCH_NODES * SEARCH_LANES] __attribute__((aligned(16)));
	struct sleeper sleeper[SEARCH_SLEEPERS];
	struct race race[SEARCH_NODES];
	u8 twin[SEARCH_LANES];		/* of a task: the one that begins before it, or 0; see symmetry.h */
	u64 released_by[SEARCH_LANES];	/* of a task: the one that may begin after it, as a set */
	struct { u64 addr; s32 last; u32 pad; } object[SEARCH_OBJECTS];
	struct sequence sequence;	/* the reversal at hand */
	struct mmut_part_step handed[SEARCH_HANDED];
	u32 stack[SEARCH_NODES + 2];	/* of branches, while a part is saved or loaded */
	struct wakeup wakeup;
	struct estimate *estimate;	/* made beforehand; see estimate.c */
	struct bounded *bounded;	/* see bound.c */
};

static inline s16 *clock_of(struct search *x, u32 node)
{
	return x->clock + node * x->width;
}

static inline pick_set pick_all(u32 n)
{
	return ~(pick_set)0 >> (128 - n);
}

static inline u16 pick_first(pick_set set)
{
	return (u16)((u64)set ? __builtin_ctzll((u64)set) : 64 + __builtin_ctzll((u64)(set >> 64)));
}

/* The next alternative that is one. */
static inline bool pick_next(struct node *node)
{
	while (++node->choice < node->n)
		if (node->possible >> node->choice & 1)
			return true;
	return false;
}

struct search *search_alloc(void);	/* set-up; NULL: no memory */

/* search.c: what all exhaustive strategies share */
void search_start(struct sched *s);	/* once, before the first node */
void search_forget(struct sched *s);	/* as if nothing had been explored */
u64 search_fall_asleep(struct search *x, struct node *node);	/* who sleeps on behind the last transition */
struct node *search_next(struct sched *s, enum node_kind kind);	/* a new node, or NULL: too deep, and cut */
void search_record(struct sched *s, struct node *node, u32 agent);
struct condition search_condition(const struct sched *s, u32 agent);	/* of what it has announced */
u64 search_class(struct sched *s);	/* of the execution that was linked: what is counted; never 0 */
bool search_is_new(struct search *x, u64 class);	/* it has not been asked for before */
void search_cut(struct sched *s);	/* give this execution up; does not return */

/* estimate.c */
struct mmut_search;
struct estimate *estimate_alloc(void);
void search_estimate(void);		/* of the world as it is at the checkpoint */
void estimate_get(const struct search *x, struct mmut_search *out);

/* race.c */
void race_link(struct sched *s);	/* order what is new in the path; note its races */
void race_unlink(struct search *x, u32 node);

u64 race_class(const struct search *x);	/* of the execution that was linked; never 0 */

/* reversal.c */
void race_reverse(struct sched *s, const struct race *race);

/* part.c */
int part_load(struct sched *s, const struct mmut_part *part);
int part_save(const struct sched *s, struct mmut_part *part);
/* Agents with branches to the left of what is explored from `node`. */
void part_add_sleepers(struct sched *s, struct node *node, u64 left, u64 enabled);
void part_restore(struct sched *s, struct node *node, u64 enabled);	/* a node of the path is at hand */
void part_hand_over(struct search *x, u32 node, const struct sequence *v);	/* a reversal above this part */
void part_ask(struct search *x, u32 node, u64 agents);	/* within a bound: these are to run at a node above it */

#endif
