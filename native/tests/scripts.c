// SPDX-License-Identifier: GPL-2.0-only
/* Scripts on the core's primitives.  See scripts.h. */
#include <errno.h>

#include "../core/lock.h"
#include "../core/rcu.h"
#include "programs.h"
#include "scripts.h"

bool enumerate_tso;

struct script script;

struct objects {
	struct { SHARED(u64) v; u64 pad[7]; } word[SCRIPT_WORDS];
	spinlock_t spin[SCRIPT_SPINS];
	rwlock_t rw[SCRIPT_RWS];
};

static struct objects *objects_of(void)
{
	return arena_of()->program_state;
}

static int setup(void)
{
	struct objects *o = arena_alloc(sizeof(*o));
	u32 i;

	if (!o)
		return -ENOMEM;
	for (i = 0; i < SCRIPT_SPINS; i++)
		spin_lock_init(&o->spin[i], CLASS_USER_A);
	for (i = 0; i < SCRIPT_RWS; i++)
		rwlock_init(&o->rw[i], CLASS_USER_B);
	arena_of()->program_state = o;
	return 0;
}

static u64 run_step(struct objects *o, const struct script_step *s, u64 last)
{
	shared_u64 *word = (shared_u64 *)&o->word[s->object].v;
	u64 old = s->a;

	switch (s->op) {
	case S_READ:
		return READ_ONCE(*word);
	case S_WRITE:
		WRITE_ONCE(*word, s->a);
		break;
	case S_WRITE_NEXT:
		WRITE_ONCE(*word, (u8)(last + 1));
		break;
	case S_CAS:
		(void)try_cmpxchg(word, &old, (u64)s->b);
		return old;
	case S_XCHG:
		return xchg(word, (u64)s->a);
	case S_ADD:
		return fetch_add(word, (u64)s->a);
	case S_AWAIT:
		return await_change(word, (u64)s->a);
	case S_SPIN:
		spin_lock(&o->spin[s->object]);
		break;
	case S_TRYSPIN:
		return __spin_trylock(&o->spin[s->object], SITE(OP_SPIN_TRYLOCK, ORDER_FULL, 0, 0, "try"));
	case S_UNSPIN:
		spin_unlock(&o->spin[s->object]);
		break;
	case S_RLOCK:
		read_lock(&o->rw[s->object]);
		break;
	case S_RUNLOCK:
		read_unlock(&o->rw[s->object]);
		break;
	case S_WLOCK:
		write_lock(&o->rw[s->object]);
		break;
	case S_WUNLOCK:
		write_unlock(&o->rw[s->object]);
		break;
	case S_RCU:
		rcu_read_lock();
		break;
	case S_UNRCU:
		rcu_read_unlock();
		break;
	case S_SYNC:
		synchronize_rcu();
		break;
	case S_FENCE:
		smp_mb();
		break;
	case S_NEEDBREAK:
		return rwlock_needbreak(&o->rw[0]);
	}
	return last;
}

static void body(struct task *task)
{
	const struct script_step *s = script.at[task->index];
	u64 last = 0;

	for (; s->op != S_END; s++) {
		if (s->op == S_SKIP || s->op == S_SKIP_NOT) {
			if ((last == s->a) == (s->op == S_SKIP))
				s += s->b;
			continue;
		}
		last = run_step(objects_of(), s, last);
		task->result = last;
	}
}

static void check(void)
{
}

const struct program script_program = {
	.name = "script", .text = "script", .nr_tasks = SCRIPT_TASKS, .setup = setup, .body = body, .check = check,
	.no_callbacks = true,
};

static u32 object_of(const void *addr)
{
	const struct objects *o = objects_of();
	u32 i;

	for (i = 0; i < SCRIPT_WORDS; i++)
		if (addr == &o->word[i])
			return OBJECT_WORD + i;
	for (i = 0; i < SCRIPT_SPINS; i++)
		if (addr == &o->spin[i])
			return OBJECT_SPIN + i;
	for (i = 0; i < SCRIPT_RWS; i++)
		if (addr == &o->rw[i])
			return OBJECT_RW + i;
	if (addr == &arena_of()->rcu->epoch[RCU_SCHED])
		return OBJECT_EPOCH;
	for (i = 0; i < SCRIPT_TASKS && 2 + i < arena_of()->nr_tasks; i++)
		if (addr == &task_by_id(2 + i)->rcu[RCU_SCHED].epoch)
			return OBJECT_SLOT + i;
	return 0;
}

bool script_event_of(const struct event *ev, struct script_event *out)
{
	u32 object = object_of(ev->addr);

	if (!object || ev->task < 2 || ev->op == OP_NEEDBREAK)
		return false;
	if (enumerate_tso && ev->op == OP_STORE)	/* it is when the buffer is drained */
		return false;
	*out = (struct script_event){ .task = (u8)(ev->task - 2), .object = { (u8)object } };
	switch (ev->op) {
	case OP_DRAIN:
		out->task += SCRIPT_TASKS;
		out->write[0] = 1;
		break;
	case OP_LOAD:
	case OP_AWAIT:
	case OP_READ_LOCK:
	case OP_READ_UNLOCK:
		break;
	case OP_CMPXCHG:
		out->write[0] = ev->old == ev->expected;
		break;
	case OP_SPIN_TRYLOCK:
		out->write[0] = ev->operand != 0;
		break;
	case OP_RCU_LOCK:
		out->object[1] = OBJECT_EPOCH;
		out->write[0] = 1;
		break;
	default:
		out->write[0] = 1;
	}
	return true;
}
