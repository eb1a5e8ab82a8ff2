// SPDX-License-Identifier: GPL-2.0-only
/* Crashes of the core: caught, noted, and back to the boss.  See crash.h. */
#define _GNU_SOURCE
#include <signal.h>

#include "../core/arena.h"
#include "../core/task.h"
#include "crash.h"

#define ALTERNATE_STACK	(64u << 10)

static const int crash_signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };

/* The process's own, like `proc`. */
static struct {
	void (*back)(void);
	struct sigaction before[ARRAY_SIZE(crash_signals)];
	stack_t stack_before;
	char stack[ALTERNATE_STACK];
} guard;

static void on_crash(int signal_number, siginfo_t *info, void *context)
{
	struct arena *arena = arena_of();

	arena->crash.signal = (u32)signal_number;
	arena->crash.task = current ? current->id : 0;
	arena->crash.addr = (u64)info->si_addr;
	arena->stop = STOP_CRASHED;
	guard.back();
}

void crash_catch(void (*back)(void))
{
	const stack_t stack = { .ss_sp = guard.stack, .ss_size = sizeof(guard.stack) };
	struct sigaction action = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	u32 i;

	guard.back = back;
	sigemptyset(&action.sa_mask);
	sigaltstack(&stack, &guard.stack_before);
	for (i = 0; i < ARRAY_SIZE(crash_signals); i++)
		sigaction(crash_signals[i], &action, &guard.before[i]);
}

void crash_release(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(crash_signals); i++)
		sigaction(crash_signals[i], &guard.before[i], NULL);
	if (!(guard.stack_before.ss_flags & SS_DISABLE))
		sigaltstack(&guard.stack_before, NULL);
	else
		sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL);
}
