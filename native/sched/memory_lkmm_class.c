// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which execution of the kernel's memory model was it?  One is what herd7 calls a candidate: program
 * order, where each load reads from (rf), and the coherence order of each word (co).  The hash is a
 * sum over its events, each by its task and its number there, so that it does not depend on the order
 * in which they were put into the graph.
 *
 * Of a lock the order of its writers and what readers came between two of them; not the order of those.
 */
#include "../core/prng.h"
#include "lkmm.h"

#define BEFORE_ALL	1ULL

static u64 name_of(const u64 *names, u32 event)
{
	return event == LKMM_NONE ? BEFORE_ALL : names[event];
}

/* Readers stand between writers in a heap, and writers behind one. */
static u64 order_of_lock(const struct lkmm_graph *g, const struct lkmm_location *l, const u64 *names)
{
	u64 sum = 0, writer = BEFORE_ALL, readers = 0;
	u32 n;

	for (n = l->first; n != LKMM_NONE; n = g->events[n].next) {
		if (g->events[n].shared) {
			sum += mix64(names[n] ^ mix64(writer));
			readers += mix64(names[n]);
			continue;
		}
		sum += mix64(names[n] ^ mix64(writer + readers));
		writer = names[n];
		readers = 0;
	}
	return sum;
}

static u64 order_of_stores(const struct lkmm_graph *g, const struct lkmm_location *l, const u64 *names)
{
	u64 sum = 0, before = BEFORE_ALL;
	u32 n;

	for (n = l->first; n != LKMM_NONE; n = g->events[n].next) {
		sum += mix64(names[n] ^ mix64(before));
		before = names[n];
	}
	return sum;
}

u64 lkmm_graph_class(const struct lkmm_graph *g)
{
	u64 names[LKMM_EVENTS], sum = mix64(g->nr_events);
	u32 number[MAX_MODEL_TASKS] = { 0 }, n;

	for (n = 0; n < g->nr_events; n++) {
		u32 task = g->events[n].task;

		names[n] = mix64((u64)task << 32 | ++number[task]);
	}
	for (n = 0; n < g->nr_events; n++)
		if (!g->events[n].store && !g->events[n].shared)
			sum += mix64(names[n] + mix64(name_of(names, g->events[n].from)));
	for (n = 0; n < g->nr_locations; n++) {
		const struct lkmm_location *l = &g->locations[n];

		sum += l->lock ? order_of_lock(g, l, names) : order_of_stores(g, l, names);
	}
	return sum;
}

u64 lkmm_class(const struct lkmm *m)
{
	u64 class = mix64(m->windows ^ lkmm_graph_class(m->now));

	return class + !class;
}
