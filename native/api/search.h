/* SPDX-License-Identifier: GPL-2.0-only */
/* An exhaustive search: how far it is, and its parts, for those who divide it. */
#ifndef MMUT_API_SEARCH_H
#define MMUT_API_SEARCH_H

#include <stdint.h>

/* cffi: begin */

/*
 * How far an exhaustive search has come.  Schedules of one class differ in the order of independent
 * steps only.
 */
struct mmut_search {
	uint64_t classes;		/* seen, each once; dfs: schedules */
	uint64_t bound;			/* what the schedules being explored may cost; ~0: anything */
	uint64_t beyond;		/* 1: there are schedules that cost more than the bound */
	uint64_t cut;			/* executions given up: whatever could follow had been seen */
	uint64_t exhausted;		/* 1: nothing is left */
	double estimate, estimate_error;	/* of all classes, beforehand; 95 %: +- the second */
	/* why the search is not exhaustive, if it is not */
	uint64_t too_deep;		/* executions longer than it can hold */
	uint64_t too_many;		/* branches or objects there was no room for */
	uint64_t diverged;		/* an execution was not a function of its choices */
	uint64_t outgrown;		/* lkmm: executions longer than the window, whose number depends on the order */
};

/*
 * A part of a search, to be explored here or in another process: a path, and what is to be explored from it.
 * The first `floor` nodes are somebody else's: what is found for them comes back as steps of reversals.
 */
struct mmut_part_node {
	uint64_t left;			/* agents with branches to the left: they sleep, until woken */
	uint64_t todo;			/* dfs: agents to let run here later */
	uint32_t branches;		/* of the list of branches: those to the right */
	uint16_t choice, alternatives;	/* a pick: which, of how many; dfs: the agent; alternatives 0: no pick */
	uint8_t agent, pad[7];
};
/* What hangs on a branch follows it, one deeper.  The first of a part's last node is the one that is next. */
struct mmut_part_branch {
	uint64_t touches[3];
	uint32_t depth;
	uint16_t alternative, alternatives;	/* a pick; alternatives 0: none */
	uint8_t agent, pad[7];
};
/* Of a reversal: what may come earlier, with what happens before it, as sched/wakeup.h says. */
struct mmut_part_step {
	uint64_t touches[3];
	uint32_t above;			/* the node from which the reversal departs */
	int32_t node;			/* of the execution */
	uint16_t alternative, alternatives;	/* what the step before picked; alternatives 0: this is a step */
	uint8_t agent, lane, last, pad;
	int16_t clock[64];
};
struct mmut_part {
	struct mmut_part_node *nodes;
	struct mmut_part_branch *branches;
	struct mmut_part_step *steps;
	uint32_t nr_nodes, nr_branches, nr_steps;	/* saving: room for so many, then how many there are */
	uint32_t floor;
	uint32_t finished;		/* nothing is left of it */
	uint32_t patient;		/* all that it has to wait for has been explored */
	uint64_t left;			/* and then: agents with branches from where it begins */
	uint64_t asleep;		/* it has not begun: first come the branches of these agents, to its left */
	uint32_t bound;			/* dfs: what its schedules may cost; ~0: anything */
};

/*
 * An execution that counted, of a search that meets a class several times: another explorer may have counted
 * it, too.  What is its own in the totals, and the row of its outcome, or ~0.
 */
struct mmut_counted {
	uint64_t class_, digest;
	uint32_t points, decisions, switches, outcome;
	uint32_t endless, racy;		/* it has no end; it has a data race */
};
uint32_t mmut_strategy_is_search(uint32_t n);	/* 1: exhaustive, one tree in one process */
uint32_t mmut_nothing_left(void);		/* 1: the strategy has nothing more to explore */
int mmut_search_get(struct mmut_search *search);	/* -1: the strategy is none that searches */
/* From now on the search is this part of it; -1: damaged, or of a strategy that cannot be divided. */
int mmut_part_load(const struct mmut_part *part);
/* What is left of it, the nodes below the floor alone, and what it found for those above; -1: no room. */
int mmut_part_save(struct mmut_part *part);
/* Those whose classes mmut_classes_take() would take now. */
uint64_t mmut_counted_get(struct mmut_counted *out, uint64_t capacity);

/* cffi: end */

#endif
