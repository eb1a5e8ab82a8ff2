// SPDX-License-Identifier: GPL-2.0-only
/*
 * The baton: the same executions with a process for each task, exactly one running.
 *
 * Each task has one futex word: 0 somebody else runs, 1 it is this task's turn, 2 it sleeps.
 * Passing exchanges 1 into the target's word and wakes it only where it found 2.
 *  1. At most one task runs: the passer goes on to wait for its own word, and only the holder
 *     passes.
 *  2. No lost wake-up: a sleeper has changed its word from 0 to 2 by compare-exchange, which
 *     fails if the baton has come already; the futex compares 2 again.
 *  3. What the passer did is seen by the next: exchange and load are a release-acquire pair.
 *
 * The boss is the supervising process.  A worker that wakes up inside an execution that is
 * over (a violation ended it) starts again from the top of its body.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <setjmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sched.h"

enum { BATON_AWAY, BATON_MINE, BATON_ASLEEP };

static u32 *baton_of(const struct task *task)
{
	return &sched_of()->log->baton[task->id].word;
}

const void *baton_stack_end;
static u64 my_execution;
static jmp_buf top_of_body;
enum { TURN_TO_COME = 1, TURN_IS_HERE };	/* why a task is back at the top */

static void baton_give(struct task *to)
{
	if (__atomic_exchange_n(baton_of(to), BATON_MINE, __ATOMIC_ACQ_REL) == BATON_ASLEEP)
		syscall(SYS_futex, baton_of(to), FUTEX_WAKE, 1, NULL, NULL, 0);
}

/*
 * False: the run is over.  No timeout, since arming one costs more than the switch: baton_stop()
 * wakes whoever sleeps.  Full order on both sides between the word and `stop`; otherwise
 *   waiter: reads stop == 0 | stop = 1, nobody asleep yet, wakes nobody | waiter: sleeps for ever
 */
static bool baton_wait(struct task *me)
{
	u32 away;

	for (;;) {
		if (__atomic_load_n(baton_of(me), __ATOMIC_ACQUIRE) == BATON_MINE)
			break;
		away = BATON_AWAY;
		__atomic_compare_exchange_n(baton_of(me), &away, BATON_ASLEEP, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST);
		if (away == BATON_MINE)
			break;
		if (__atomic_load_n(&arena_of()->stop, __ATOMIC_SEQ_CST) > STOP_VIOLATION)
			return false;
		syscall(SYS_futex, baton_of(me), FUTEX_WAIT, BATON_ASLEEP, NULL, NULL, 0);
	}
	__atomic_store_n(baton_of(me), BATON_AWAY, __ATOMIC_RELEASE);
	return true;
}

/* After arena->stop was set: a baton under way may get lost, the run is over anyhow. */
void baton_stop(void)
{
	u32 i;

	for (i = 0; i < arena_of()->nr_tasks; i++) {
		u32 *word = baton_of(task_by_id(i));

		__atomic_exchange_n(word, BATON_AWAY, __ATOMIC_SEQ_CST);
		syscall(SYS_futex, word, FUTEX_WAKE, MAX_TASKS, NULL, NULL, 0);
	}
}

static void wait_turn(struct task *me)
{
	if (!baton_wait(me)) {
		if (me->id == TASK_BOSS)
			return;
		_exit(0);
	}
	if (me->id != TASK_BOSS && my_execution != sched_of()->log->execution)
		longjmp(top_of_body, TURN_IS_HERE);
}

static void baton_to(struct task *from, struct task *next)
{
	baton_give(next);
	wait_turn(from);
}

/* The body is over: the worker waits for the next execution, at the top. */
static void baton_leave(struct task *from)
{
	baton_give(task_by_id(TASK_BOSS));
	if (from->id != TASK_BOSS)
		longjmp(top_of_body, TURN_TO_COME);
}

const struct transfer baton_transfer = { .to = baton_to, .leave = baton_leave };

void baton_worker(struct task *task)
{
	/*
	 * The execution after a violation finds this task anywhere in its body; that turn is
	 * taken already.  Otherwise the next turn is still to come.
	 */
	if (setjmp(top_of_body) != TURN_IS_HERE && !baton_wait(task))
		return;
	my_execution = sched_of()->log->execution;
	baton_stack_end = __builtin_frame_address(0);
	task_main(task);
	sched_task_exit();
	__builtin_unreachable();
}
