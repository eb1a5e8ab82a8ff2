// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hook: describe, decide, perform, show.  See hook.h.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <string.h>
#include <time.h>

#include "arena.h"
#include "frame.h"
#include "hook_perform.h"
#include "task.h"

const char *const op_names[NR_OPS] = {
	[OP_NONE] = "none", [OP_LOAD] = "load", [OP_STORE] = "store", [OP_XCHG] = "xchg",
	[OP_CMPXCHG] = "cmpxchg", [OP_ADD] = "add", [OP_AND] = "and", [OP_OR] = "or", [OP_XOR] = "xor",
	[OP_AWAIT] = "await", [OP_FENCE] = "fence", [OP_SPIN_LOCK] = "spin_lock",
	[OP_SPIN_UNLOCK] = "spin_unlock", [OP_SPIN_TRYLOCK] = "spin_trylock",
	[OP_READ_LOCK] = "read_lock", [OP_READ_UNLOCK] = "read_unlock",
	[OP_WRITE_LOCK] = "write_lock", [OP_WRITE_UNLOCK] = "write_unlock", [OP_MUTEX_LOCK] = "mutex_lock",
	[OP_MUTEX_UNLOCK] = "mutex_unlock", [OP_NEEDBREAK] = "needbreak", [OP_YIELD] = "yield",
	[OP_RCU_LOCK] = "rcu_read_lock", [OP_RCU_UNLOCK] = "rcu_read_unlock", [OP_RCU_CALL] = "call_rcu",
	[OP_RCU_RUN] = "rcu_callback", [OP_FRAME_ALLOC] = "frame_alloc", [OP_FRAME_FREE] = "frame_free",
	[OP_FRAME_STATE] = "frame_state", [OP_DRAIN] = "store_drain", [OP_NOTE] = "note",
	[OP_TASK_EXIT] = "task_exit",
};

const char *const task_kind_names[NR_TASK_KINDS] = {
	[TASK_KIND_BOSS] = "boss", [TASK_KIND_RCU] = "rcu", [TASK_KIND_VCPU] = "vcpu",
	[TASK_KIND_VMM] = "vmm", [TASK_KIND_HOST_MM] = "host-mm", [TASK_KIND_PROGRAM] = "program",
	[TASK_KIND_NX_RECOVERY] = "nx-recovery",
};

/* The access itself, on memory, now.  Also what a memory model calls when it lets one through. */
void hook_perform(struct event *ev)
{
	event_perform(ev);
}

static inline void finish(struct event *ev)
{
	event_done(ev);
	if (proc.trace)
		proc.trace(ev);
	if (proc.watch)
		proc.watch(ev);
}

static __always_inline u64 carry_out(struct event *ev)
{
	if (proc.watch)
		proc.watch(ev);
	event_touch(ev);
	if (proc.access)
		ev->old = proc.access(ev);
	else
		event_perform(ev);
	finish(ev);
	return ev->old;
}

/* Functions of their own, so that in a controlled execution nothing is saved before the jump. */
static noinline u64 free_access(const struct site *site, void *addr, u64 operand, u64 expected)
{
	struct event *ev = &current->pending;

	event_describe(ev, site, addr, operand, expected);
	if (proc.point)
		proc.point(ev);
	return carry_out(ev);
}

static noinline void free_begin(const struct site *site, void *addr, u64 operand)
{
	struct event *ev = &current->pending;

	event_describe(ev, site, addr, operand, 0);
	if (proc.point)
		proc.point(ev);
	if (proc.watch)
		proc.watch(ev);
	if (proc.access)
		proc.access(ev);	/* a lock operation orders what was buffered */
}

static noinline void free_end(const struct site *site, void *addr, u64 operand)
{
	struct event *ev = &current->pending;

	/* Whatever the task waited for in between, it announced nothing else. */
	WARN_ON_ONCE(ev->addr != addr || ev->op != site->op);
	ev->operand = operand;
	ev->old = ev->new = operand;
	finish(ev);
}

u64 hook_access(const struct site *site, void *addr, u64 operand, u64 expected)
{
	return (likely(proc.scheduled) ? proc.scheduled->access : free_access)(site, addr, operand, expected);
}

u64 hook_access_inside(const struct site *site, void *addr, u64 operand, u64 expected)
{
	struct event *ev = &current->pending;

	event_describe(ev, site, addr, operand, expected);
	return carry_out(ev);
}

void hook_begin(const struct site *site, void *addr, u64 operand)
{
	(likely(proc.scheduled) ? proc.scheduled->begin : free_begin)(site, addr, operand);
}

void hook_end(const struct site *site, void *addr, u64 operand)
{
	(likely(proc.scheduled) ? proc.scheduled->end : free_end)(site, addr, operand);
}

void hook_note(const struct site *site, u64 what, void *addr, u64 value)
{
	struct event ev;

	if (!proc.watch)
		return;
	memset(&ev, 0, sizeof(ev));
	event_describe(&ev, site, addr, what, value);
	ev.done = 1;
	proc.watch(&ev);
}

bool hook_chance(void)
{
	return proc.chance && proc.chance();
}

/* Free running: let others run, more and more generously; leave when the run is over. */
static void back_off(u32 *round)
{
	struct timespec nap = { .tv_nsec = 20000 };
	u32 i;

	if (*(volatile u32 *)&proc.arena->stop > STOP_FINISHED && proc.stop)
		proc.stop();
	if (*round < 20) {
		for (i = 0; i < 32; i++)
			cpu_pause();
	} else if (*round < 60) {
		sched_yield();
	} else {
		nap.tv_nsec = min(*round, 2000u) * 500L;
		nanosleep(&nap, NULL);
	}
	++*round;
}

static u64 load_sized(const void *addr, u32 size)
{
	return size == 8 ? __atomic_load_n((const u64 *)addr, __ATOMIC_ACQUIRE)
			 : __atomic_load_n((const u32 *)addr, __ATOMIC_ACQUIRE);
}

u64 hook_await(const struct site *site, void *addr, u64 value)
{
	u32 round = 0;

	if (proc.controlled) {
		current->wait = wait_change(addr, value, site->size);
		current->state = TASK_WAITING;
		return hook_access(site, addr, 0, value);
	}
	while (load_sized(addr, site->size) == value)
		back_off(&round);
	return hooks_on() ? hook_access(site, addr, 0, value) : load_sized(addr, site->size);
}

/*
 * void __cpu_relax(const struct site *site): what the caller keeps in registers goes to where its
 * frames are, so that who looks for a livelock can tell whether a loop has changed anything.
 */
__asm__(
"	.text\n"
"	.hidden __cpu_relax\n"
"	.globl __cpu_relax\n"
"	.type __cpu_relax, @function\n"
"	.p2align 4\n"
"__cpu_relax:\n"
"	.cfi_startproc\n"
"	pushq %rbp\n"
"	pushq %rbx\n"
"	pushq %r12\n"
"	pushq %r13\n"
"	pushq %r14\n"
"	pushq %r15\n"
"	movq %rsp, %rsi\n"
"	subq $8, %rsp\n"
"	.cfi_def_cfa_offset 64\n"
"	.cfi_offset %rbp, -16\n"
"	.cfi_offset %rbx, -24\n"
"	.cfi_offset %r12, -32\n"
"	.cfi_offset %r13, -40\n"
"	.cfi_offset %r14, -48\n"
"	.cfi_offset %r15, -56\n"
"	call cpu_relax_from\n"
"	addq $56, %rsp\n"
"	.cfi_def_cfa_offset 8\n"
"	ret\n"
"	.cfi_endproc\n"
"	.size __cpu_relax, . - __cpu_relax\n"
);

void cpu_relax_from(const struct site *site, const u64 *frame) __hidden;

__attribute__((used)) void cpu_relax_from(const struct site *site, const u64 *frame)
{
	if (proc.controlled) {
		hook_begin(site, NULL, 0);
		proc.yield_frame = frame;
		hook_end(site, NULL, 0);
		return;
	}
	/* A pause is for a wait of nanoseconds; whoever asks to be rescheduled lets others run. */
	if (site->order == ORDER_FULL)
		sched_yield();
	else
		cpu_pause();
	if (*(volatile u32 *)&proc.arena->stop > STOP_FINISHED && proc.stop)
		proc.stop();
}
