/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The call chains of traced events, for reports.
 *
 * custom: unwound by the compiler's own tables (the Itanium C++ ABI's unwinder, in libgcc), so that
 * nothing is kept on the way and an execution that is not asked for its chains pays nothing.  A
 * frame is the place of its function in the core's file: the names are for whoever reads that.
 */
#ifndef MMUT_SCHED_STACK_H
#define MMUT_SCHED_STACK_H

#include "../core/types.h"

#define STACK_DEPTH	24
#define STACKS_MAX	4096		/* a power of two */

struct stack_log {
	u64 first, last;		/* steps whose chains are wanted; steps count from 1 */
	u32 nr_stacks;
	u16 slot[STACKS_MAX];		/* number by hash */
	struct { u32 depth; u32 frame[STACK_DEPTH]; } stack[STACKS_MAX];	/* number 0: not known */
};

void stack_want(struct stack_log *log, u64 first, u64 last);	/* of the next traced execution */
u32 stack_here(struct stack_log *log);		/* number of the running task's chain, innermost first; 0: none */

#endif
