/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A crash of the core (a null dereference, an overrun stack) ends the execution and not the
 * process, so that whoever explores can say which execution it was.
 *
 * custom: all of it.  While executions run, the signals that mean a crash are caught on a stack
 *         of their own; the handler notes where it was and goes back to the boss.  What the crash
 *         left in the arena is not to be trusted: the world is not used any more.
 */
#ifndef MMUT_SCHED_CRASH_H
#define MMUT_SCHED_CRASH_H

#include "../core/types.h"

void crash_catch(void (*back)(void));	/* from now on; `back` does not return */
void crash_release(void);		/* the handlers that were there before are back */

#endif
