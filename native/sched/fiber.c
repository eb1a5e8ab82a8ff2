// SPDX-License-Identifier: GPL-2.0-only
/* Fibers: every task of an exploration on a stack of its own, in one process.  The switch is in fiber.h. */
#include "fiber.h"

void fiber_entry(void)
{
	task_main(current);
	sched_task_exit();
	__builtin_unreachable();
}

static noinline void fiber_transfer_to(struct task *from, struct task *next)
{
	fiber_to(from, next);
}

static void fiber_leave(struct task *from)
{
	fiber_to(from, task_by_id(TASK_BOSS));
}

const struct transfer fiber_transfer = { .to = fiber_transfer_to, .leave = fiber_leave };
