/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Patience with an execution that follows a plan.  To make a failure smaller many plans are tried, and
 * some lead into something long: it is given up after so many steps, or when the time is over, and
 * counts as one in which nothing was violated.  Only replays ask: what explores has no clock inside
 * an execution, which would be a function of more than the seed.
 */
#ifndef MMUT_SCHED_PATIENCE_H
#define MMUT_SCHED_PATIENCE_H

#include "sched.h"

void patience_set(struct sched *s, u64 steps, double seconds);	/* from the next execution on; 0: no limit */
void patience_begin(struct sched *s);
void patience_look(struct sched *s);	/* at step look_at; does not return where it gives up */

#endif
