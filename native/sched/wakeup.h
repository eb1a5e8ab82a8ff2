/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wakeup trees: what is to be explored from a node, as an ordered tree of sequences (P. Abdulla,
 * S. Aronis, B. Jonsson, K. Sagonas, "Source Sets: A Foundation for Optimal Dynamic Partial Order
 * Reduction", J. ACM 2017).
 *
 * A branch names an agent and what its transition touches there.  Where the transition picked
 * among alternatives, its children are picks, each named by the alternative.  A branch without
 * children stands for everything that can follow.
 */
#ifndef MMUT_SCHED_WAKEUP_H
#define MMUT_SCHED_WAKEUP_H

#include "depend.h"

#define WAKEUP_NODES	(1u << 20)
#define SEQUENCE_MAX	16384

struct branch {
	struct accesses acc;
	u32 next, children;
	u16 alternative, alternatives;	/* of a pick: which, of how many */
	u8 agent;
	u8 is_pick;
	u16 pad;
};

struct wakeup {
	u32 free, used;			/* list of free branches; those never used yet begin at `used` */
	struct branch branch[WAKEUP_NODES];	/* 0 is none */
};

struct search;

/* A reversal: transitions in an order that is possible from some node. */
struct step {
	struct accesses acc;
	s16 node;			/* the transition that it repeats */
	u8 agent;
	u8 gone;			/* taken out: the tree has it already */
};
struct sequence {
	u32 count, left;
	const s16 *last_clock;		/* of the last step, the one reversed: what its agent knew before it */
	struct step at[SEQUENCE_MAX];
};

/* Can `step` (an index) come first?  Nothing left before it in the sequence must precede it. */
bool sequence_initial(struct search *x, const struct sequence *v, u32 step);
/* Would it change nothing if `agent` did `acc` first?  Then whatever begins with that covers `v`. */
bool sequence_covered_by(struct search *x, const struct sequence *v, u32 agent, const struct accesses *acc);

/* Insert `v` into the tree at `list` unless the tree covers it; false: no memory. */
bool wakeup_insert(struct search *x, u32 *list, struct sequence *v);
u32 wakeup_allocate(struct wakeup *w);			/* 0: no memory */
void wakeup_free(struct wakeup *w, u32 list);		/* a list with all that hangs on it */
u32 wakeup_take(struct wakeup *w, u32 *list);		/* unlink the leftmost branch */
void wakeup_release(struct wakeup *w, u32 branch);	/* this one alone */

#endif
