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
#include "hook.h"
#include "task.h"

const char *const op_names[NR_OPS] = {
	[OP_NONE] = "none", [OP_LOAD] = "load", [OP_STORE] = "store", [OP_XCHG] = "xchg",
	[OP_CMPXCHG] = "cmpxchg", [OP_ADD] = "add", [OP_AND] = "and", [OP_OR] = "or",
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

static inline bool op_writes(u8 op)
{
	return op >= OP_STORE && op <= OP_OR;
}

static inline void describe(struct event *ev, const struct site *site, void *addr, u64 operand, u64 expected)
{
	ev->addr = addr;
	ev->operand = operand;
	ev->expected = expected;
	ev->op = site->op;
	ev->size = site->size;
	ev->order = site->order;
	ev->flags = site->flags;
	ev->site = (u16)site_id(site);
	ev->task = current->id;
	ev->done = 0;
}

#define PERFORM(type) do {								\
	type *p = ev->addr, v = (type)ev->operand;					\
	type old = (type)ev->expected;							\
	switch (ev->op) {								\
	case OP_LOAD:									\
	case OP_AWAIT:									\
		ev->old = ev->new = __atomic_load_n(p, __ATOMIC_ACQUIRE);		\
		return;									\
	case OP_STORE:									\
	case OP_RCU_UNLOCK:								\
		ev->old = *(volatile type *)p;						\
		__atomic_store_n(p, v, __ATOMIC_RELEASE);				\
		ev->new = v;								\
		return;									\
	case OP_RCU_LOCK:								\
		if (ev->expected)							\
			v = (type)*(const u64 *)ev->expected;				\
		/* fall through */							\
	case OP_XCHG:									\
		ev->old = __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);			\
		ev->new = v;								\
		return;									\
	case OP_CMPXCHG:								\
		if (__atomic_compare_exchange_n(p, &old, v, false, __ATOMIC_SEQ_CST,	\
						__ATOMIC_RELAXED))			\
			ev->new = v;							\
		else									\
			ev->new = old;							\
		ev->old = old;								\
		return;									\
	case OP_ADD:									\
		ev->old = __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST);			\
		ev->new = (type)((type)ev->old + v);					\
		return;									\
	case OP_AND:									\
		ev->old = __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST);			\
		ev->new = (type)ev->old & v;						\
		return;									\
	case OP_OR:									\
		ev->old = __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST);			\
		ev->new = (type)ev->old | v;						\
		return;									\
	}										\
} while (0)

static __always_inline void perform(struct event *ev)
{
	switch (ev->size) {
	case 8:
		PERFORM(u64);
		break;
	case 4:
		PERFORM(u32);
		break;
	case 1:
		PERFORM(u8);
		break;
	case 0:		/* fence */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		ev->old = ev->new = 0;
		break;
	}
}

/* The access itself, on memory, now.  Also what a memory model calls when it lets one through. */
void hook_perform(struct event *ev)
{
	perform(ev);
}

static inline void finish(struct event *ev)
{
	ev->done = 1;
	if (proc.trace)
		proc.trace(ev);
	if (proc.watch)
		proc.watch(ev);
}

/* A word of a frame is about to change: the frame is restored at the next reset. */
static void touch_bulk(const void *addr)
{
	u32 n = proc.arena->checkpointed ? frame_of_addr(addr) : 0;

	if (n)
		frame_touch(n);
}

static __always_inline u64 carry_out(struct event *ev)
{
	if (proc.watch)
		proc.watch(ev);
	if (op_writes(ev->op) && unlikely((char *)ev->addr >= proc.arena->bulk_begin))
		touch_bulk(ev->addr);
	if (proc.access)
		ev->old = proc.access(ev);
	else
		perform(ev);
	finish(ev);
	return ev->old;
}

u64 hook_access(const struct site *site, void *addr, u64 operand, u64 expected)
{
	struct event *ev = &current->pending;

	describe(ev, site, addr, operand, expected);
	if (proc.point)
		proc.point(ev);
	return carry_out(ev);
}

u64 hook_access_inside(const struct site *site, void *addr, u64 operand, u64 expected)
{
	struct event *ev = &current->pending;

	describe(ev, site, addr, operand, expected);
	return carry_out(ev);
}

void hook_begin(const struct site *site, void *addr, u64 operand)
{
	struct event *ev = &current->pending;

	describe(ev, site, addr, operand, 0);
	if (proc.point)
		proc.point(ev);
	if (proc.watch)
		proc.watch(ev);
	if (proc.access)
		proc.access(ev);	/* a lock operation orders what was buffered */
}

void hook_end(const struct site *site, void *addr, u64 operand)
{
	struct event *ev = &current->pending;

	/* Whatever the task waited for in between, it announced nothing else. */
	WARN_ON_ONCE(ev->addr != addr || ev->op != site->op);
	ev->operand = operand;
	ev->old = ev->new = operand;
	finish(ev);
}

void hook_note(const struct site *site, u64 what, void *addr, u64 value)
{
	struct event ev;

	if (!proc.watch)
		return;
	memset(&ev, 0, sizeof(ev));
	describe(&ev, site, addr, what, value);
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

void __cpu_relax(const struct site *site)
{
	if (proc.controlled) {
		hook_begin(site, NULL, 0);
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
