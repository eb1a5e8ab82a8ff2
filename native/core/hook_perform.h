/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The steps of a hooked access: describe it, perform it on memory, call it done.  For hook.c, and for
 * the scheduler, which has the whole way in one function.
 */
#ifndef MMUT_CORE_HOOK_PERFORM_H
#define MMUT_CORE_HOOK_PERFORM_H

#include "frame.h"
#include "task.h"

static inline bool op_writes(u8 op)
{
	return op >= OP_STORE && op <= OP_XOR;
}

static inline void event_describe(struct event *ev, const struct site *site, void *addr, u64 operand, u64 expected)
{
	u64 what;

	ev->addr = addr;
	ev->operand = operand;
	ev->expected = expected;
	/* op, size, order and flags as they stand there, site, task; not done.  It is read back as one word. */
	what = (u64)site_id(site) << 32 | (u64)current->id << 48;
	what |= *(const u32 *)&site->op;
	*(u64 *)&ev->op = what;
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
	case OP_XOR:									\
		ev->old = __atomic_fetch_xor(p, v, __ATOMIC_SEQ_CST);			\
		ev->new = (type)ev->old ^ v;						\
		return;									\
	}										\
} while (0)

static __always_inline void event_perform(struct event *ev)
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

#define PERFORM_ALONE(type) do {							\
	type *p = ev->addr, old = *p, v = (type)ev->operand, new;			\
											\
	new = loads >> ev->op & 1 ? old : v;						\
	if (computes >> ev->op & 1) {							\
		new = old + v;								\
		if (ev->op == OP_CMPXCHG)						\
			new = old == (type)ev->expected ? v : old;			\
		else if (ev->op == OP_AND)						\
			new = old & v;							\
		else if (ev->op == OP_OR)						\
			new = old | v;							\
		else if (ev->op == OP_XOR)						\
			new = old ^ v;							\
	}										\
	*p = new;									\
	ev->old = old;									\
	ev->new = new;									\
} while (0)

/*
 * The same where nobody else can be at the word: without the price of locked instructions, and without
 * branches where the processor cannot know what comes next because the task that goes on is drawn.
 */
static __always_inline void event_perform_alone(struct event *ev)
{
	const u64 loads = BIT_ULL(OP_LOAD) | BIT_ULL(OP_AWAIT);
	const u64 computes = BIT_ULL(OP_CMPXCHG) | BIT_ULL(OP_ADD) | BIT_ULL(OP_AND) | BIT_ULL(OP_OR) |
			     BIT_ULL(OP_XOR);

	if (likely(ev->size == 8))
		PERFORM_ALONE(u64);
	else if (ev->size == 4)
		PERFORM_ALONE(u32);
	else if (ev->size == 1)
		PERFORM_ALONE(u8);
	else
		ev->old = ev->new = 0;
}

/* A word of a frame is about to change: the frame is restored at the next reset. */
static inline void touch_bulk(const void *addr)
{
	u32 n = proc.arena->checkpointed ? frame_of_addr(addr) : 0;

	if (n)
		frame_touch(n);
}

static inline void event_touch(const struct event *ev)
{
	if (op_writes(ev->op) && unlikely((char *)ev->addr >= proc.arena->bulk_begin))
		touch_bulk(ev->addr);
}

static inline void event_done(struct event *ev)
{
	*(u64 *)&ev->op |= BIT_ULL(56);		/* `done`: as a word, like what it is about to be read as */
}

#endif
