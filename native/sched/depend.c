// SPDX-License-Identifier: GPL-2.0-only
/* What a transition touches.  See depend.h. */
#include "../core/frame.h"
#include "../core/lock.h"
#include "../core/rcu.h"
#include "annotation.h"
#include "depend.h"
#include "sched.h"

static inline u64 touches(const void *addr, u64 write)
{
	return (u64)addr << 1 | write;
}

/* A word of a table or a guest cell is gone when its frame is: whoever frees it is in conflict. */
static inline u64 frame_behind(const struct sched *s, const void *addr)
{
	const struct frame_table *t = arena_of()->frames;
	u64 word = (u64)addr - s->tables, cell = (u64)addr - (u64)t->cells;

	if (word < s->tables_size)
		return touches(frame_get((u32)(word / (8 * TABLE_WORDS))), 0);
	if (cell < (u64)t->nr_guest * sizeof(struct guest_cell))
		return touches(frame_get(t->guest_first + (u32)(cell / sizeof(struct guest_cell))), 0);
	return 0;
}

/*
 * It happens next, so what memory holds now decides whether it writes.  Where there are atomic blocks, it counts
 * as a write always: before a block, of which it is not known what it wrote, nobody could tell.
 */
static inline bool cmpxchg_succeeds(const struct event *ev)
{
	u64 now, mask = ~0ULL >> (64 - 8 * ev->size);

	__builtin_memcpy(&now, ev->addr, sizeof(now));
	return !((now ^ ev->expected) & mask);
}

static struct accesses event_accesses(const struct sched *s, const struct event *ev)
{
	struct rcu_state *rcu = arena_of()->rcu;
	u64 write = ACCESS_WRITE, all = arena_of()->blocks ? touches(&s->ready, 0) : 0;

	if (ev->flags & SITE_BLOCK)
		return (struct accesses){ { 0, 0, all | ACCESS_WRITE } };
	switch (ev->op) {
	case OP_LOAD:
	case OP_AWAIT:
		/* The RCU task takes the list of callbacks right behind its look at the count. */
		write = ev->addr == &rcu->queued;
		break;
	case OP_CMPXCHG:
		write = all || s->lkmm || cmpxchg_succeeds(ev);	/* lkmm: which value it meets is not known */
		break;
	case OP_SPIN_TRYLOCK:
		write = all || !((const spinlock_t *)ev->addr)->word;
		break;
	case OP_STORE:
	case OP_RCU_UNLOCK:
		if (s->memory_tso)	/* into the task's own buffer */
			return (struct accesses){ { 0 } };
		break;
	case OP_READ_LOCK:
	case OP_READ_UNLOCK:
		write = 0;
		break;
	case OP_RCU_LOCK:
		return (struct accesses){ { touches(ev->addr, 1), touches((void *)ev->expected, 0), all } };
	case OP_RCU_CALL:
		return (struct accesses){ { touches(ev->addr, 1), touches(&rcu->queued, 1), all } };
	case OP_NONE:
	case OP_FENCE:
	case OP_YIELD:
	case OP_NEEDBREAK:	/* nobody queues: the answer is the strategy's, see search.h */
		return (struct accesses){ { 0 } };
	}
	return (struct accesses){ { touches(ev->addr, write), frame_behind(s, ev->addr), all } };
}

struct accesses pending_accesses(const struct sched *s, u32 agent)
{
	const struct store_buffer *b;

	if (!is_buffer(s, agent))
		return event_accesses(s, &task_by_id(agent)->pending);
	b = &s->buffer[agent - AGENT_BUFFER];
	return (struct accesses){ {
		touches(b->at[b->head].addr, 1), frame_behind(s, b->at[b->head].addr),
		arena_of()->blocks ? touches(&s->ready, 0) : 0,
	} };
}

task_set waits_for_drain(const struct sched *s)
{
	task_set blocked = 0;
	u32 t;

	for_each_task(t, s->buffered) {
		const struct event *ev = &task_by_id(t)->pending;
		bool waits = true;

		switch (ev->op) {
		case OP_STORE:
		case OP_RCU_UNLOCK:
			waits = s->buffer[t].count == STORE_BUFFER;
			break;
		case OP_LOAD:
		case OP_AWAIT:
		case OP_YIELD:
		case OP_NEEDBREAK:
			waits = false;
			break;
		case OP_FENCE:
			waits = ev->order == ORDER_FULL && fence_of(ev) == FENCE_MB;
			break;
		}
		if (waits)
			task_add(&blocked, t);
	}
	return blocked;
}
