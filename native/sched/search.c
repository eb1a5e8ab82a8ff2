// SPDX-License-Identifier: GPL-2.0-only
/* Exhaustive search: its memory, and a new node.  See search.h. */
#include "../core/rcu.h"
#include "sched.h"
#include "bound.h"
#include "lkmm.h"

struct search *search_alloc(void)
{
	struct search *x = arena_alloc_bulk(sizeof(*x));

	if (!x)
		return NULL;
	x->estimate = estimate_alloc();
	x->bounded = arena_alloc_bulk(sizeof(*x->bounded));
	return x->estimate && x->bounded ? x : NULL;
}

void search_start(struct sched *s)
{
	struct search *x = s->search;
	u32 i;

	if (likely(x->started))
		return;
	x->started = 1;
	x->bounding = s->bound_kind != BOUND_NONE;
	x->nr_lanes = arena_of()->nr_tasks * (s->memory_tso ? 2 : 1);
	x->width = round_up(x->nr_lanes, 8u);
	for (i = 0; i < SEARCH_LANES; i++)
		x->last[i] = -1;
}

void search_forget(struct sched *s)
{
	struct search *x = s->search;

	__builtin_memset(x, 0, offsetof(struct search, nr_objects));
	if (x->nr_objects)
		__builtin_memset(x->object, 0, sizeof(x->object));
	x->nr_objects = 0;
	x->wakeup.free = x->wakeup.used = 0;
	if (x->bounded->classes)
		__builtin_memset(x->bounded, 0, sizeof(*x->bounded));
	s->log->exhausted = 0;
}

/*
 * Under lkmm a program's is the execution graph: a load that does not see a store may have happened
 * before it or behind it, and both are one execution of the model's.  In atomic blocks, and in the
 * model of KVM, more happens than the graph holds: there it is that order with what was picked.
 */
u64 search_class(struct sched *s)
{
	const struct arena *arena = arena_of();

	if (!s->lkmm)
		return race_class(s->search);
	s->search->outgrown += s->lkmm->windows != 0;
	return arena->kvm || arena->blocks ? race_class(s->search) : lkmm_class(s->lkmm);
}

void search_cut(struct sched *s)
{
	s->cut = 1;
	sched_stop();
}

struct node *search_next(struct sched *s, enum node_kind kind)
{
	struct search *x = s->search;
	struct node *node = &x->node[x->length];

	if (unlikely(x->length == SEARCH_NODES)) {
		x->too_deep++;
		return NULL;
	}
	x->length++;
	node->kind = (u8)kind;
	node->tree = 0;
	node->subtree = 0;
	node->sleep_count = 0;
	node->sleep_first = x->nr_sleepers;
	return node;
}

static u64 word_at(u64 access)
{
	u64 value = 0;

	if (access)
		__builtin_memcpy(&value, access_addr(access), sizeof(value));
	return value;
}

static inline bool has_no_callbacks(void)
{
	const struct rcu_state *rcu = arena_of()->rcu;

	return arena_of()->closing && !READ_PRIVATE(rcu->callbacks);
}

struct condition search_condition(const struct sched *s, u32 agent)
{
	const struct event *ev = &task_by_id(agent)->pending;
	const struct wait_test *wait = &s->log->wait[agent];

	/* A grace period looks at a slot: known whether it has to wait at the moment or not. */
	if (ev->op == OP_AWAIT && ev->operand)
		return (struct condition){ .kind = UNTIL_SECTION, .value = ev->operand };
	if (!(s->waiting & BIT_ULL(agent)))
		return (struct condition){ .kind = ALWAYS };
	return (struct condition){
		.kind = wait->change ? UNTIL_CHANGED : UNTIL_EQUAL,
		.value = wait->value, .mask = wait->mask,
	};
}

/* `agent` is about to do what it has announced: what it touches, what it waited for. */
void search_record(struct sched *s, struct node *node, u32 agent)
{
	node->agent = (u8)agent;
	node->lane = (u8)lane_of(agent);
	node->acc = pending_accesses(s, agent);
	node->before[0] = word_at(node->acc.of[0]);
	node->before[1] = word_at(node->acc.of[1]);
	node->before[2] = 0;
	node->announced = access_addr(node->acc.of[0]);
	node->wait.kind = ALWAYS;
	node->closes = 0;
	node->op = OP_DRAIN;
	if (is_buffer(s, agent))
		return;
	node->op = task_by_id(agent)->pending.op;
	node->size = task_by_id(agent)->pending.size;
	node->expected = task_by_id(agent)->pending.expected;
	if (node->op == OP_SPIN_TRYLOCK) {	/* a compare-exchange of its word */
		node->size = sizeof(u32);
		node->expected = 0;
	}
	node->wait = search_condition(s, agent);
	node->closes = task_by_id(agent)->pending.addr == &arena_of()->rcu->queued && has_no_callbacks();
}
