/* SPDX-License-Identifier: GPL-2.0-only */
/* Forced choices: the plan of an execution, and its anchored form, which survives edits. */
#ifndef MMUT_API_PLAN_H
#define MMUT_API_PLAN_H

#include <stdint.h>

/* cffi: begin */

/* A forced switch, or another forced choice, and where it is made: see sched/anchor.h. */
struct mmut_anchor {
	uint32_t task, op;		/* who, and what it is about to do: index of mmut_event_op_name() */
	uint32_t object;		/* hash of its logical name */
	uint32_t occurrence;		/* from 1 */
	uint32_t decision;		/* low byte: which at this event; above it 0: who runs, else what is picked */
	uint32_t choice;
};

/*
 * The decisions of the last execution: one word, then (decision index gap, choice) pairs; how many
 * u32 words.  Good for this build alone.
 */
uint64_t mmut_plan_get(uint32_t *words, uint64_t capacity);
/* What the replay strategy follows from now on. */
int mmut_plan_set(const uint32_t *words, uint64_t count);
/* The forced choices of the last traced execution, anchored; how many. */
uint64_t mmut_anchors_get(struct mmut_anchor *anchors, uint64_t capacity);
/* What the anchored strategy follows from now on; 0, or -1: too many or out of range. */
int mmut_anchors_set(const struct mmut_anchor *anchors, uint64_t count);
/* In the last execution: 0 its place did not come, 1 taken, 2 its choice was not possible there. */
uint32_t mmut_anchor_fate(uint64_t index);
const char *mmut_object_name(uint32_t object);	/* of an anchor of a traced execution; NULL: it has none */
/* From now on the anchored strategy gives an execution up after so many steps or seconds; 0: no limit. */
void mmut_patience(uint64_t steps, double seconds);

/* cffi: end */

#endif
