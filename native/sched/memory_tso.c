// SPDX-License-Identifier: GPL-2.0-only
/*
 * TSO, the memory model of x86 (P. Sewell et al., "x86-TSO", CACM 2010), by store buffers.
 *
 * A store goes into its task's FIFO; a load takes the newest matching entry of its own buffer,
 * else memory; a locked RMW, a full fence and every operation of a lock wait for the buffer to
 * be empty.  When the oldest entry becomes visible is a choice of the strategy: the buffer of
 * task t is agent 32 + t.
 *
 * Deviation: an unlock drains, where x86 would let it be buffered like any store.  A store,
 * the unlock behind it and a later load of the same task are therefore in order.
 */
#include "annotation.h"
#include "sched.h"

static void make_visible(struct sched *s, u32 task)
{
	struct store_buffer *b = &s->buffer[task];
	const struct buffered_store *store = &b->at[b->head];

	switch (store->size) {
	case 8:
		__atomic_store_n(store->addr, store->value, __ATOMIC_RELEASE);
		break;
	case 4:
		__atomic_store_n((u32 *)store->addr, (u32)store->value, __ATOMIC_RELEASE);
		break;
	default:
		__atomic_store_n((u8 *)store->addr, (u8)store->value, __ATOMIC_RELEASE);
	}
	b->head = (b->head + 1) % STORE_BUFFER;
	if (!--b->count)
		s->buffered &= ~BIT_ULL(task);
}

void tso_drain_one(u32 task)
{
	struct sched *s = sched_of();
	const struct buffered_store *store = &s->buffer[task].at[s->buffer[task].head];
	struct event ev = {
		.addr = store->addr, .operand = store->value, .new = store->value,
		.task = (u8)task, .op = OP_DRAIN, .size = store->size, .done = 1,
	};

	make_visible(s, task);
	proc.trace(&ev);
}

static void drain(struct sched *s, u32 task)
{
	while (s->buffered & BIT_ULL(task))
		make_visible(s, task);
}

void tso_drain_all(void)
{
	struct sched *s = sched_of();

	while (s->buffered)
		drain(s, (u32)__builtin_ctzll(s->buffered));
}

static void buffer(struct sched *s, const struct event *ev)
{
	struct store_buffer *b = &s->buffer[ev->task];

	if (b->count == STORE_BUFFER)
		make_visible(s, ev->task);
	b->at[(b->head + b->count++) % STORE_BUFFER] =
		(struct buffered_store){ .addr = ev->addr, .value = ev->operand, .size = ev->size };
	s->buffered |= BIT_ULL(ev->task);
}

static bool forward(const struct sched *s, struct event *ev)
{
	const struct store_buffer *b = &s->buffer[ev->task];
	u32 i;

	for (i = b->count; i-- > 0; ) {
		const struct buffered_store *store = &b->at[(b->head + i) % STORE_BUFFER];

		if (store->addr == ev->addr) {
			ev->old = ev->new = store->value;
			return true;
		}
	}
	return false;
}

u64 tso_access(struct event *ev)
{
	struct sched *s = sched_of();

	switch (ev->op) {
	case OP_STORE:
	case OP_RCU_UNLOCK:
		if (!forward(s, ev)) {
			struct event look = *ev;

			look.op = OP_LOAD;
			hook_perform(&look);
			ev->old = look.old;
		}
		buffer(s, ev);
		ev->new = ev->operand;
		return ev->old;
	case OP_LOAD:
	case OP_AWAIT:
		if (!forward(s, ev))
			hook_perform(ev);
		return ev->old;
	case OP_FENCE:
		if (ev->order == ORDER_FULL && fence_of(ev) == FENCE_MB)
			drain(s, ev->task);
		ev->old = ev->new = 0;
		return 0;
	case OP_YIELD:
	case OP_NEEDBREAK:
		return 0;
	default:
		drain(s, ev->task);
		if (ev->size)
			hook_perform(ev);
		return ev->old;
	}
}
