// SPDX-License-Identifier: GPL-2.0-only
/*
 * The profile: random executions at the creation of a world, from which PCT has its k, URW and
 * SURW their counts, and SURW its targets.
 *
 * Counted are decisions (a cold scan is none), by the task that was chosen and by the object of
 * its pending event.  What counts is the most seen in one execution: too small a count makes a
 * task's late events improbable, too large a one only dilutes.
 *
 * The profile is a function of build and scenario, both of which a token names.
 */
#include <string.h>

#include "conflict.h"
#include "sched.h"

void profile_begin(struct profile *p)
{
	memset(p, 0, sizeof(*p));
}

static enum target_kind kind_of(const struct sched *s, const struct event *ev)
{
	if ((u64)ev->addr - s->tables < s->tables_size)
		return TARGET_SPTE;
	return ev->op >= OP_SPIN_LOCK && ev->op <= OP_NEEDBREAK ? TARGET_LOCK : TARGET_WORD;
}

/* NULL: there are too many. */
static struct profile_object *find_object(struct sched *s, const struct event *ev)
{
	struct profile *p = &s->log->profile;
	/* The low bits are the place in the arena, wherever that is mapped. */
	u64 key = (u64)ev->addr & (ARENA_SLOT_SIZE - 1);
	u32 at = (u32)(mix64(key) % PROFILE_SLOTS);
	struct profile_object *object;

	for (; p->object_slot[at]; at = (at + 1) % PROFILE_SLOTS)
		if (p->object[p->object_slot[at] - 1].addr == (u64)ev->addr)
			return &p->object[p->object_slot[at] - 1];
	if (p->nr_objects == PROFILE_OBJECTS)
		return NULL;
	object = &p->object[p->nr_objects++];
	p->object_slot[at] = (u16)p->nr_objects;
	object->addr = (u64)ev->addr;
	object->kind = kind_of(s, ev);
	p->has_tables |= object->kind == TARGET_SPTE;
	return object;
}

static void count_access(struct sched *s, u32 task, const struct event *ev)
{
	struct profile *p = &s->log->profile;
	u64 key = ((u64)ev->addr & (ARENA_SLOT_SIZE - 1)) ^ (u64)ev->site << 48 ^ (u64)task << 40;
	u32 at = (u32)(mix64(key) % PROFILE_SLOTS);
	struct profile_access *a;

	for (; p->access_slot[at]; at = (at + 1) % PROFILE_SLOTS) {
		a = &p->access[p->access_slot[at] - 1];
		if (a->addr == (u64)ev->addr && a->site == ev->site && a->task == task) {
			a->now += a->now < 0xffff;
			return;
		}
	}
	if (p->nr_accesses == PROFILE_ACCESSES)
		return;
	a = &p->access[p->nr_accesses++];
	p->access_slot[at] = (u16)p->nr_accesses;
	*a = (struct profile_access){ .addr = (u64)ev->addr, .site = ev->site, .task = (u8)task,
				      .writes = !op_reads_only(ev->op), .now = 1 };
}

static void count(struct sched *s, u32 task, const struct event *ev)
{
	struct profile_object *object = op_is_local(ev->op) ? NULL : find_object(s, ev);

	s->log->profile.now[task]++;
	if (!object)
		return;
	object->now[task] += object->now[task] < 0xffff;
	object->written |= !op_reads_only(ev->op);
	task_add(&object->users, task);
	count_access(s, task, ev);
}

static __always_inline u32 profile_next(struct sched *s, task_set enabled, u32 me, u32 fallback)
{
	u32 choice = strategy_choose(&strategy_random, s, enabled, me, fallback);

	if (!is_buffer(s, choice))
		count(s, choice, &task_by_id(choice)->pending);
	return choice;
}

CHOOSE(profile)

void profile_execution_over(struct profile *p)
{
	u32 i, t;

	for (t = 0; t < arena_of()->nr_tasks; t++) {
		p->most[t] = max(p->most[t], p->now[t]);
		p->now[t] = 0;
	}
	for (i = 0; i < p->nr_accesses; i++) {
		p->access[i].most = max(p->access[i].most, p->access[i].now);
		p->access[i].now = 0;
	}
	for (i = 0; i < p->nr_objects; i++)
		for (t = 0; t < arena_of()->nr_tasks; t++) {
			p->object[i].most[t] = max(p->object[i].most[t], p->object[i].now[t]);
			p->object[i].now[t] = 0;
		}
}

/* Its accesses have an order to choose: it is neither one task's own nor never written. */
static bool is_target(const struct profile_object *object)
{
	return object->written && task_rest(object->users);
}

void profile_end(struct profile *p)
{
	u32 i, t;

	for (t = 0; t < arena_of()->nr_tasks; t++)
		p->hash = mix64(p->hash + p->most[t]);
	for (i = 0; i < p->nr_objects; i++) {
		struct profile_object *object = &p->object[i];

		p->hash = mix64(p->hash ^ (object->addr & (ARENA_SLOT_SIZE - 1)));
		for (t = 0; t < arena_of()->nr_tasks; t++) {
			p->hash = mix64(p->hash + object->most[t]);
			object->accesses += object->most[t];
		}
		if (is_target(object))
			p->accesses[object->kind] += object->accesses;
	}
}

/* With page tables about: an SPTE, a lock or any other word, each as often; else whatever it is. */
static u32 draw_kinds(struct sched *s, const struct profile *p)
{
	u32 kind, kinds = 0;

	for (kind = 0; kind < NR_TARGET_KINDS; kind++)
		kinds |= (p->accesses[kind] != 0) << kind;
	if (!p->has_tables || !kinds)
		return kinds;
	do
		kind = prng_below(&s->rng, NR_TARGET_KINDS);
	while (!(kinds & 1u << kind));
	return 1u << kind;
}

const struct profile_object *profile_draw_target(struct sched *s)
{
	const struct profile *p = &s->log->profile;
	u32 kinds = draw_kinds(s, p), total = 0, i, at;

	for (i = 0; i < NR_TARGET_KINDS; i++)
		total += kinds & 1u << i ? p->accesses[i] : 0;
	if (!total)
		return NULL;
	at = prng_below(&s->rng, total);
	for (i = 0; i < p->nr_objects; i++) {
		const struct profile_object *object = &p->object[i];

		if (!(kinds & 1u << object->kind) || !is_target(object))
			continue;
		if (at < object->accesses)
			return object;
		at -= object->accesses;
	}
	return NULL;
}

/* Not for users: the random walk that counts. */
const struct strategy strategy_profile = {
	.name = "profile",
	.text = "the random walk, counting",
	.begin = random_begin,
	.choose = profile_choose,
	.choose_wide = profile_choose_wide,
	.pick = random_pick,
};
