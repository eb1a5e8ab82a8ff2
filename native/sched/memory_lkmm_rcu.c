// SPDX-License-Identifier: GPL-2.0-only
/*
 * RCU in the kernel's memory model.
 *
 * While the graph holds the whole execution the axiom itself is asked: no cycle of sections and
 * grace periods, joined by rcu-link, with at least as many grace periods as sections.  A section
 * that is still open ends, for that purpose, behind what its task did so far.  Such a graph can be
 * left without any continuation (the section has seen both sides of a grace period); the
 * execution then never happened: see lkmm_discard().
 *
 * Of compiled code, whose memory is freed for good after a grace period, and of executions that
 * outgrew the window, the fundamental law is asked instead, which implies the axiom (same paper,
 * theorem 1), in the order in which the execution went: a section that ended before a grace
 * period's end and began before its begin comes before what follows it; a section that began
 * later comes after what preceded it.
 */
#include "../core/rcu.h"
#include "sched.h"
#include "lkmm.h"

static struct lkmm_section *open_section(struct lkmm *m, u32 task, u32 domain)
{
	u32 i;

	for (i = m->nr_sections; i-- > 0; ) {
		struct lkmm_section *s = &m->sections[i];

		if (s->open && s->task == task && s->domain == domain)
			return s;
	}
	return NULL;
}

/* Sections and grace periods beyond what is kept: the law takes over. */
static void remember(struct lkmm *m, u32 task, u32 domain, bool grace)
{
	u8 now = (u8)m->now->nr_events;

	if (m->nr_sections == LKMM_SECTIONS) {
		lkmm_new_window(m);
		return;
	}
	m->sections[m->nr_sections++] = (struct lkmm_section){
		.task = (u8)task, .domain = (u8)domain, .grace = grace, .open = !grace, .begin = now, .end = now,
		.began = (u8)m->ticks, .ended = (u8)(grace ? m->ticks : 2 * LKMM_SECTIONS),
	};
	m->ticks++;
}

void lkmm_rcu_lock(struct lkmm *m, u32 task, u32 domain)
{
	m->reading[domain] |= 1u << task;
	if (!m->active)
		return;
	if (m->exact)
		remember(m, task, domain, false);
	if (!m->exact)
		lkmm_strong_fence(m->now, task, m->started[domain]);
}

void lkmm_rcu_unlock(struct lkmm *m, u32 task, u32 domain)
{
	struct lkmm_section *s = open_section(m, task, domain);
	event_set po = m->active ? m->now->tasks[task].po : 0;
	u32 i;

	m->reading[domain] &= ~(1u << task);
	if (s) {
		s->open = 0;
		s->end = (u8)m->now->nr_events;
		s->ended = (u8)m->ticks++;
	}
	m->ended[domain] |= po;
	if (m->active && domain != RCU_SCHED)
		m->now->tasks[task].srcu_unlocked = po;
	for (i = 0; i < arena_of()->nr_tasks; i++)
		if (m->grace[i].active && m->grace[i].domain == domain && m->grace[i].readers & 1u << task) {
			m->grace[i].ended |= po;
			m->grace[i].readers &= ~(1u << task);
		}
}

void lkmm_grace_begin(struct lkmm *m, u32 task, u32 domain)
{
	m->grace[task].active = 1;
	m->grace[task].domain = domain;
	m->grace[task].readers = m->reading[domain];
	m->grace[task].ended = m->ended[domain];
	if (!m->active)
		return;
	if (m->exact)
		remember(m, task, domain, true);
	m->started[domain] |= m->now->tasks[task].po;
	lkmm_strong_fence(m->now, task, m->now->tasks[task].po);
}

void lkmm_grace_end(struct lkmm *m, u32 task)
{
	if (m->active && !m->exact)
		lkmm_strong_fence(m->now, task, m->grace[task].ended);
	m->grace[task].active = 0;
}

/* ---------------------------------------------------------------- the axiom */

struct rcu_order {
	u32 n;
	u32 link[LKMM_SECTIONS];	/* bit b: leaving a, rcu-link, entering b */
	u32 order[LKMM_SECTIONS];	/* bit b: entering a, rcu-order, leaving b */
};

/* link from leaving (L, or the grace period) to entering (U, or the grace period). */
static void find_links(const struct lkmm *m, const struct lkmm_graph *g, struct rcu_order *o)
{
	u32 a, b;

	for (b = 0; b < o->n; b++) {
		const struct lkmm_section *to = &m->sections[b];
		event_set po = g->tasks[to->task].po;
		event_set bound = lkmm_bound(g, to->open ? po : po & (event_bit(to->end) - 1));

		for (a = 0; a < o->n; a++) {
			const struct lkmm_section *from = &m->sections[a];
			event_set after = g->tasks[from->task].po & ~(event_bit(from->begin) - 1);

			if ((from->task == to->task && from->began < to->ended) || after & bound)
				o->link[a] |= 1u << b;
		}
	}
}

/* The sets that `by` relates the members of `set` to. */
static u32 image(u32 set, const u32 *by)
{
	u32 all = 0;

	for (; set; set &= set - 1)
		all |= by[__builtin_ctz(set)];
	return all;
}

static bool grow(const struct lkmm *m, struct rcu_order *o)
{
	bool grown = false;
	u32 a;

	for (a = 0; a < o->n; a++) {
		const struct lkmm_section *s = &m->sections[a];
		u32 reach = o->link[a] | image(image(o->link[a], o->order), o->link);
		u32 more = 0, b;

		for (b = 0; b < o->n; b++)
			if (reach & 1u << b && m->sections[b].domain == s->domain && m->sections[b].grace != s->grace)
				more |= 1u << b;
		more |= image(image(o->order[a], o->link), o->order);
		grown |= (more & ~o->order[a]) != 0;
		o->order[a] |= more;
	}
	return grown;
}

bool lkmm_rcu_allows(const struct lkmm *m, const struct lkmm_graph *g)
{
	struct rcu_order o = { .n = m->nr_sections };
	u32 a, b, graces = 0;

	for (a = 0; a < o.n; a++)
		if (m->sections[a].grace) {
			o.order[a] = 1u << a;
			graces++;
		}
	if (!graces || graces == o.n)
		return true;
	find_links(m, g, &o);
	while (grow(m, &o))
		;
	for (a = 0; a < o.n; a++)
		for (b = 0; b < o.n; b++)
			if (o.order[a] & 1u << b && o.link[b] & 1u << a)
				return false;
	return true;
}
