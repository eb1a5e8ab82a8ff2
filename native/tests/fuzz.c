// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random scripts: the classes that the search finds against those that enumerate.c finds.
 *
 * None may be lost, and none found twice.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exhaustive.h"

#define CLASSES_MAX	(1u << 20)

static struct script_trace seen_trace;
static bool too_long;

/* As the core's own trace hook, and on the side what the classes are made of. */
static void watch_events(const struct event *ev)
{
	struct script_event out;

	sched_trace(ev);
	if (!script_event_of(ev, &out))
		return;
	if (seen_trace.count < SCRIPT_EVENTS)
		seen_trace.at[seen_trace.count++] = out;
	else
		too_long = true;
}

/* ------------------------------------------------------------------ sets of classes */

struct classes { u64 count, repeated; u64 *sorted; u64 *at; };
static struct classes wanted, found;

static void add_class(struct classes *c, const struct script_trace *trace)
{
	if (c->count < CLASSES_MAX)
		c->at[c->count++] = script_class(trace);
}

static void add_wanted(const struct script_trace *trace, u32 preemptions)
{
	add_class(&wanted, trace);
}

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static void make_set(struct classes *c)
{
	u64 i, n = 0;

	qsort(c->at, c->count, sizeof(*c->at), compare);
	for (i = 0; i < c->count; i++)
		if (!n || c->at[n - 1] != c->at[i])
			c->at[n++] = c->at[i];
	c->repeated = c->count - n;
	c->count = n;
}

static u64 missing(const struct classes *from, const struct classes *in)
{
	u64 i, n = 0;

	for (i = 0; i < from->count; i++)
		n += !bsearch(&from->at[i], in->at, in->count, sizeof(u64), compare);
	return n;
}

/* ------------------------------------------------------------------ fuzz */

struct shape { u32 length, words, features; };

enum { LOCKS = 1, READERS_WRITERS = 2, RCU = 4, AWAITS = 8, BRANCHES = 16, COMPARES = 32, FEATURES = 64 };

/* With COMPARES most are, and of few values: so that they succeed here and fail there. */
static u8 plain_op(struct prng *p, const struct shape *shape)
{
	static const u8 plain[] = { S_READ, S_READ, S_WRITE, S_WRITE, S_WRITE_NEXT, S_CAS, S_CAS, S_XCHG, S_ADD };
	static const u8 compares[] = { S_CAS, S_CAS, S_CAS, S_READ };

	return shape->features & COMPARES ? compares[prng_below(p, sizeof(compares))]
					  : plain[prng_below(p, sizeof(plain))];
}

static void add_random(struct prng *p, const struct shape *shape, u32 t, u32 *at)
{
	u8 word = (u8)prng_below(p, shape->words), a = (u8)prng_below(p, 3), b = (u8)prng_below(p, 3);

	if (enumerate_tso && !prng_below(p, 6))
		add_step(t, at, S_FENCE, 0, 0, 0);
	if ((shape->features & AWAITS) && !prng_below(p, 6))
		add_step(t, at, S_AWAIT, word, a, 0);
	else
		add_step(t, at, plain_op(p, shape), word, a, b);
	if ((shape->features & BRANCHES) && (shape->features & LOCKS) && !prng_below(p, 4)) {
		add_step(t, at, S_TRYSPIN, a & 1, 0, 0);
		add_step(t, at, S_SKIP, 0, 0, 2);
		add_step(t, at, plain_op(p, shape), word, b, a);
		add_step(t, at, S_UNSPIN, a & 1, 0, 0);
	}
	if (!(shape->features & BRANCHES) || prng_below(p, 4))
		return;
	/* What is skipped is one operation, and no end of a section. */
	add_step(t, at, prng_below(p, 2) ? S_SKIP : S_SKIP_NOT, 0, (u8)prng_below(p, 2), 1);
	add_step(t, at, plain_op(p, shape), word, b, a);
}

/* What a section begins and ends with. */
static const u8 sections[][2] = {
	{ S_SPIN, S_UNSPIN }, { S_RLOCK, S_RUNLOCK }, { S_WLOCK, S_WUNLOCK }, { S_RCU, S_UNRCU },
};

static bool pick_section(struct prng *p, const struct shape *shape, u32 *kind, u8 *object)
{
	*kind = prng_below(p, 4);
	*object = *kind ? 0 : (u8)prng_below(p, 2);
	if (!*kind)
		return shape->features & LOCKS;
	return shape->features & (*kind == 3 ? RCU : READERS_WRITERS);
}

static void random_task(struct prng *p, const struct shape *shape, u32 t)
{
	u32 at = 0, n, length = 1 + prng_below(p, shape->length), kind, inner;
	u8 object, inner_object;

	for (n = 0; n < length; ) {
		if (prng_below(p, 2) || !pick_section(p, shape, &kind, &object)) {
			if ((shape->features & RCU) && !prng_below(p, 8))
				add_step(t, &at, S_SYNC, 0, 0, 0);
			else
				add_random(p, shape, t, &at);
			n++;
			continue;
		}
		add_step(t, &at, sections[kind][0], object, 0, 0);
		add_random(p, shape, t, &at);
		if (!prng_below(p, 3) && pick_section(p, shape, &inner, &inner_object) &&
		    (inner != kind || (inner == 0 && inner_object != object)) && (inner | kind) != 3) {
			add_step(t, &at, sections[inner][0], inner_object, 0, 0);
			add_step(t, &at, sections[inner][1], inner_object, 0, 0);
		}
		add_step(t, &at, sections[kind][1], object, 0, 0);
		n += 3;
	}
}

static void random_script(struct prng *p, u32 nr_tasks, u32 features)
{
	struct shape shape = {
		.length = 8 - (nr_tasks == 2 ? 2 : 1 + nr_tasks) - enumerate_tso, .words = 1 + prng_below(p, 3), .features = prng_below(p, FEATURES) & features,
	};
	u32 t;

	if (shape.features & COMPARES)
		shape.words = 1;

	memset(&script, 0, sizeof(script));
	script.nr_tasks = nr_tasks;
	for (t = 0; t < nr_tasks; t++)
		random_task(p, &shape, t);
}

static void print_script(void)
{
	static const char *const names[] = { "end", "read", "write", "write+1", "cas", "xchg", "add", "await", "spin",
		"unspin", "rlock", "runlock", "wlock", "wunlock", "rcu", "unrcu", "sync", "try", "skip", "skip_not", "fence", "needbreak" };
	u32 t, i;

	for (t = 0; t < script.nr_tasks; t++) {
		printf("# task %u:", t);
		for (i = 0; script.at[t][i].op; i++)
			printf(" %s(%u,%u,%u)", names[script.at[t][i].op], script.at[t][i].object, script.at[t][i].a,
			       script.at[t][i].b);
		puts("");
	}
}

/* One script, both ways; NULL: the same classes, each once. */
static const char *compare_script(u32 ablate, u64 *orders)
{
	u64 done = 0, lost, invented;

	wanted.count = found.count = 0;
	*orders = enumerate(add_wanted, 20000);
	if (*orders == ~0ULL)
		return NULL;
	make_set(&wanted);
	forget(ablate);
	while (!sched_of()->log->exhausted && done < 30000) {
		seen_trace.count = 0;
		mmut_explore(done++, 1, 0);
		if (!sched_of()->cut)
			add_class(&found, &seen_trace);
	}
	make_set(&found);
	lost = missing(&wanted, &found);
	invented = missing(&found, &wanted);
	if (lost || invented || found.repeated || too_long)
		return complain("of %llu classes (%llu orders) %llu lost, %llu repeated, %llu invented",
				(unsigned long long)wanted.count, (unsigned long long)*orders,
				(unsigned long long)lost, (unsigned long long)found.repeated,
				(unsigned long long)invented);
	return verdict(sched_of()->search);
}

u64 fuzz(u64 programs, u64 seed, u32 ablate, u32 memory)
{
	u64 i, orders, all_orders = 0, all_classes = 0, wrong = 0, skipped = 0;
	struct prng p;

	enumerate_tso = memory == MMUT_MEMORY_TSO;
	wanted.at = malloc(sizeof(u64) * CLASSES_MAX);
	found.at = malloc(sizeof(u64) * CLASSES_MAX);
	for (i = 0; i < programs; i++) {
		const char *text;
		u32 tasks = 2 + (u32)(3 * i / programs);

		if (tasks != script.nr_tasks || !i) {
			if (i)
				mmut_world_detach();
			open_world("dpor", tasks, memory);
			proc.scheduled = NULL;	/* step by step, so that the trace can be listened to */
			proc.trace = watch_events;
		}
		prng_init(&p, seed, i, STREAM_DATA);
		random_script(&p, tasks, enumerate_tso ? FEATURES - 1 - RCU : FEATURES - 1);
		text = compare_script(ablate, &orders);
		if (orders == ~0ULL) {
			skipped++;
			continue;
		}
		all_orders += orders;
		all_classes += wanted.count;
		if (text && wrong++ < 3) {
			printf("# program %llu: %s\n", (unsigned long long)i, text);
			print_script();
		}
	}
	mmut_world_detach();
	enumerate_tso = false;
	free(wanted.at);
	free(found.at);
	printf("%llu programs (%llu skipped), %llu orders, %llu classes: %llu wrong\n",
	       (unsigned long long)programs, (unsigned long long)skipped, (unsigned long long)all_orders,
	       (unsigned long long)all_classes, (unsigned long long)wrong);
	return wrong;
}

/* ------------------------------------------------------------------ bounds */

#define PREEMPTIONS	3

static u64 by_preemptions[64];

static void count_preemptions(const struct script_trace *trace, u32 preemptions)
{
	by_preemptions[min(preemptions, 63u)]++;
}

/* The search as if it had not begun; how many schedules it finds. */
static u64 run_dfs(u64 limit)
{
	struct dfs *d = sched_of()->dfs;

	memset(d, 0, offsetof(struct dfs, node));
	sched_of()->log->exhausted = 0;
	mmut_explore(0, limit, 0);
	return sched_of()->log->exhausted ? d->schedules : ~0ULL;
}

u64 fuzz_bounds(u64 programs, u64 seed, u64 *schedules)
{
	u64 i, wrong = 0, within;
	struct prng p;
	u32 bound, b;

	*schedules = 0;
	for (bound = 0; bound <= PREEMPTIONS; bound++) {
		open_bounded_world("dfs", 3, bound);
		for (i = 0; i < programs; i++) {
			prng_init(&p, seed, i, STREAM_DATA);
			/* Grace periods have steps that the model does without. */
			random_script(&p, 3, FEATURES - 1 - RCU);
			memset(by_preemptions, 0, sizeof(by_preemptions));
			if (enumerate(count_preemptions, 5000) == ~0ULL)
				continue;
			for (b = within = 0; b <= bound; b++)
				within += by_preemptions[b];
			wrong += run_dfs(100000) != within;
			*schedules += within;
		}
		mmut_world_detach();
	}
	return wrong;
}

static u32 preemptions_allowed;

static void add_within_bound(const struct script_trace *trace, u32 preemptions)
{
	if (preemptions <= preemptions_allowed)
		add_class(&wanted, trace);
}

/* Within the bound: the classes of the orders that have so few preemptions; false: not so. */
static bool same_bounded_classes(u64 *executions)
{
	u64 done = 0;

	wanted.count = found.count = 0;
	if (enumerate(add_within_bound, 5000) == ~0ULL) {
		wanted.count = 0;
		return true;
	}
	make_set(&wanted);
	forget(0);
	while (!sched_of()->log->exhausted && done < 30000) {
		seen_trace.count = 0;
		mmut_explore(done++, 1, 0);
		if (!sched_of()->cut)
			add_class(&found, &seen_trace);
	}
	make_set(&found);
	*executions += done;
	return !missing(&wanted, &found) && !missing(&found, &wanted) && !found.repeated;
}

u64 fuzz_bounded_classes(u64 programs, u64 seed, u64 *classes, u64 *executions)
{
	u64 i, wrong = 0;
	struct prng p;

	*classes = *executions = 0;
	wanted.at = malloc(sizeof(u64) * CLASSES_MAX);
	found.at = malloc(sizeof(u64) * CLASSES_MAX);
	for (preemptions_allowed = 0; preemptions_allowed <= PREEMPTIONS; preemptions_allowed++) {
		open_bounded_world("dpor", 3, preemptions_allowed);
		proc.scheduled = NULL;
		proc.trace = watch_events;
		for (i = 0; i < programs; i++) {
			prng_init(&p, seed, i, STREAM_DATA);
			random_script(&p, 3, FEATURES - 1 - RCU);
			wrong += !same_bounded_classes(executions);
			*classes += wanted.count;
		}
		mmut_world_detach();
	}
	free(wanted.at);
	free(found.at);
	return wrong;
}
