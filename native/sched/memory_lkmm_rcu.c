// SPDX-License-Identifier: GPL-2.0-only
/*
 * RCU in the kernel's memory model.
 *
 * While the graph holds the whole execution the axiom itself is asked: no cycle of sections and
 * grace periods, joined by rcu-link, with at least as many grace periods as sections.  A section
 * that is still open ends, for that purpose, behind what its task did so far, unless another task
 * may end it: then nobody knows, and the axiom is asked again when it ends.  Such a graph can be
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

static u32 domain_of(const struct event *ev)
{
	const struct rcu_section *section = rcu_section_of(arena_of()->rcu, ev->addr);

	if (section)
		return section->domain;
	return (u32)(((u64)ev->addr - (u64)task_by_id(ev->task)->rcu) / sizeof(struct rcu_slot));
}

static u32 holder_of(const struct event *ev)
{
	const struct rcu_state *rcu = arena_of()->rcu;
	const struct rcu_section *section = rcu_section_of(rcu, ev->addr);

	return section ? LKMM_HOLDERS + (u32)(section - rcu->sections) : ev->task;
}

static struct lkmm_section *open_section(struct lkmm *m, u32 holder, u32 domain)
{
	u32 i;

	for (i = m->nr_sections; i-- > 0; ) {
		struct lkmm_section *s = &m->sections[i];

		if (s->open && s->holder == holder && s->domain == domain)
			return s;
	}
	return NULL;
}

/* Sections and grace periods beyond what is kept: the law takes over. */
static void remember(struct lkmm *m, u32 task, u32 domain, bool grace, u32 holder)
{
	const struct rcu_section *sections = arena_of()->rcu->sections;
	u8 now = (u8)m->now->nr_events;

	if (m->nr_sections == LKMM_SECTIONS) {
		lkmm_new_window(m);
		return;
	}
	m->sections[m->nr_sections++] = (struct lkmm_section){
		.task = (u8)task, .domain = (u8)domain, .grace = grace, .open = !grace, .begin = now, .end = now,
		.began = (u8)m->ticks, .ended = (u8)(grace ? m->ticks : 2 * LKMM_SECTIONS), .holder = (u8)holder,
		.by = holder >= LKMM_HOLDERS && sections[holder - LKMM_HOLDERS].down ? LKMM_NONE : (u8)task,
	};
	m->ticks++;
}

void lkmm_rcu_lock(struct lkmm *m, const struct event *ev)
{
	u32 task = ev->task, domain = domain_of(ev), holder = holder_of(ev);

	m->reading[domain] |= BIT_ULL(holder);
	if (!m->active)
		return;
	if (m->exact)
		remember(m, task, domain, false, holder);
	if (!m->exact)
		lkmm_strong_fence(m->now, task, m->started[domain]);
}

bool lkmm_rcu_unlock(struct lkmm *m, const struct event *ev)
{
	u32 task = ev->task, domain = domain_of(ev), holder = holder_of(ev);
	struct lkmm_section *s = open_section(m, holder, domain);
	event_set po = m->active ? m->now->tasks[task].po : 0;
	bool known = true;
	u32 i;

	m->reading[domain] &= ~BIT_ULL(holder);
	if (s) {
		known = s->by == task;
		s->by = (u8)task;
		s->open = 0;
		s->end = (u8)m->now->nr_events;
		s->ended = (u8)m->ticks++;
	}
	m->ended[domain] |= po;
	if (m->active && domain != RCU_SCHED)
		m->now->tasks[task].srcu_unlocked = po;
	for (i = 0; i < arena_of()->nr_tasks; i++)
		if (m->grace[i].active && m->grace[i].domain == domain && m->grace[i].readers & BIT_ULL(holder)) {
			m->grace[i].ended |= po;
			m->grace[i].readers &= ~BIT_ULL(holder);
		}
	return known || !m->exact || lkmm_rcu_allows(m, m->now);
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
		remember(m, task, domain, true, task);
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

/* What comes before entering (U, or the grace period), and after leaving (L, or the grace period). */
static void find_ends(const struct lkmm *m, const struct lkmm_graph *g, struct lkmm_rcu_order *o)
{
	u32 n;

	for (n = 0; n < o->n; n++) {
		const struct lkmm_section *s = &m->sections[n];
		event_set po = s->by == LKMM_NONE ? 0 : g->tasks[s->by].po;

		o->enter[n] = s->open ? po : po & (event_bit(s->end) - 1);
		o->leave[n] = g->tasks[s->task].po & ~(event_bit(s->begin) - 1);
	}
}

static void find_links(const struct lkmm *m, const struct lkmm_graph *g, struct lkmm_rcu_order *o)
{
	u32 a, b;

	for (b = 0; b < o->n; b++) {
		const struct lkmm_section *to = &m->sections[b];
		event_set bound = lkmm_bound(g, o->enter[b]);
		for (a = 0; a < o->n; a++) {
			const struct lkmm_section *from = &m->sections[a];

			if ((from->task == to->by && from->began < to->ended) || o->leave[a] & bound)
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

static bool grow(const struct lkmm *m, struct lkmm_rcu_order *o)
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

void lkmm_rcu_orders(const struct lkmm *m, const struct lkmm_graph *g, struct lkmm_rcu_order *o)
{
	u32 a;

	o->n = m->nr_sections;
	for (a = 0; a < o->n; a++) {
		o->link[a] = 0;
		o->order[a] = m->sections[a].grace ? 1u << a : 0;
	}
	find_ends(m, g, o);
	find_links(m, g, o);
	while (grow(m, o))
		;
}

bool lkmm_rcu_allows(const struct lkmm *m, const struct lkmm_graph *g)
{
	struct lkmm_rcu_order o;
	u32 a, b, graces = 0;

	for (a = 0; a < m->nr_sections; a++)
		graces += m->sections[a].grace;
	if (!graces || graces == m->nr_sections)
		return true;
	lkmm_rcu_orders(m, g, &o);
	for (a = 0; a < o.n; a++)
		for (b = 0; b < o.n; b++)
			if (o.order[a] & 1u << b && o.link[b] & 1u << a)
				return false;
	return true;
}
