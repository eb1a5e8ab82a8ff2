// SPDX-License-Identifier: GPL-2.0-only
/* Call chains: see stack.h. */
#include <string.h>
#include <unwind.h>

#include "fiber.h"
#include "stack.h"

extern const char __ehdr_start[] __hidden, _end[] __hidden;	/* of the core's file, by the linker */

struct walk { u32 depth; u32 frame[STACK_DEPTH]; };

/* Up to where a fiber begins: what is above are the remains of somebody else. */
static _Unwind_Reason_Code one_frame(struct _Unwind_Context *context, void *data)
{
	u64 function = (u64)_Unwind_GetRegionStart(context), at = function - (u64)__ehdr_start;
	struct walk *walk = data;

	if (function == (u64)fiber_entry || !function || walk->depth == STACK_DEPTH)
		return _URC_END_OF_STACK;
	if (at < (u64)_end - (u64)__ehdr_start)
		walk->frame[walk->depth++] = (u32)at;
	return _URC_NO_REASON;
}

void stack_want(struct stack_log *log, u64 first, u64 last)
{
	log->first = first;
	log->last = last;
	log->nr_stacks = 0;
	memset(log->slot, 0, sizeof(log->slot));
}

noinline u32 stack_here(struct stack_log *log)
{
	struct walk walk = { .depth = 0 };
	u64 hash = 0;
	u32 i, at;

	_Unwind_Backtrace(one_frame, &walk);
	for (i = 0; i < walk.depth; i++)
		hash = (hash ^ walk.frame[i]) * 0x9e3779b97f4a7c15ULL;
	for (at = (u32)(hash >> 40) % STACKS_MAX; log->slot[at]; at = (at + 1) % STACKS_MAX)
		if (!memcmp(log->stack[log->slot[at]].frame, walk.frame, walk.depth * sizeof(u32)) &&
		    log->stack[log->slot[at]].depth == walk.depth)
			return log->slot[at];
	if (!walk.depth || log->nr_stacks + 1 >= STACKS_MAX / 4 * 3)
		return 0;
	log->slot[at] = (u16)++log->nr_stacks;
	log->stack[log->nr_stacks].depth = walk.depth;
	memcpy(log->stack[log->nr_stacks].frame, walk.frame, sizeof(walk.frame));
	return log->nr_stacks;
}
