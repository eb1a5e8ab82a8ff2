// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads-from guided: D. Wolff, S. Zheng, G. J. Duck, U. Mathur, A. Roychoudhury, "Greybox
 * Fuzzing for Concurrency Testing", ASPLOS 2024.
 *
 * An execution has an abstract schedule: up to three constraints "access R sees what access W of
 * another task left there", an access being a task, a place in the code, an object, and which
 * time.  Whoever is about to do R before W, or to destroy what W left before R, is held; a
 * constraint that was kept is done with, and where only held tasks could run all are given up.  All
 * else is POS.
 *
 * Deviations: an execution is to be a function of its seed and iteration, so there is no
 * feedback: constraints are drawn from the accesses of the profile, pairs never seen included,
 * and not from a corpus of executions that found something new.  R need not be a read: an order
 * of two writes is a constraint as well.  "Must not" is what another draw says.
 */
#include "pos.h"

#define CONSTRAINTS	3

enum stage { DONE, BEFORE_W, AFTER_W };

struct access { u32 task; u16 site, skip; };

struct constraint {
	u64 addr;
	struct access w, r;
	u32 stage;		/* enum stage */
};

struct rff {
	struct pos pos;
	u32 active;		/* constraints that are not done */
	struct constraint constraint[CONSTRAINTS];
};
static_assert(sizeof(struct rff) <= sizeof(((struct sched *)0)->strategy_state), "strategy state");

static inline struct rff *rff_of(struct sched *s)
{
	return (struct rff *)s->strategy_state;
}

static struct access draw_occurrence(struct sched *s, const struct profile_access *a)
{
	return (struct access){ .task = a->task, .site = a->site,
				.skip = a->most > 1 ? (u16)prng_below(&s->rng, a->most) : 0 };
}

/* A write by another task of what `r` accesses; NULL: there is none. */
static const struct profile_access *draw_partner(struct sched *s, const struct profile_access *r)
{
	const struct profile *p = &s->log->profile;
	const struct profile_access *found = NULL;
	u32 i, n = 0;

	for (i = 0; i < p->nr_accesses; i++) {
		const struct profile_access *w = &p->access[i];

		if (w->addr == r->addr && w->writes && w->task != r->task && !prng_below(&s->rng, ++n))
			found = w;
	}
	return found;
}

static void draw_constraint(struct sched *s, struct rff *f)
{
	const struct profile *p = &s->log->profile;
	u32 tries;

	for (tries = 0; p->nr_accesses && tries < 8; tries++) {
		const struct profile_access *r = &p->access[prng_below(&s->rng, p->nr_accesses)];
		const struct profile_access *w = draw_partner(s, r);

		if (!w)
			continue;
		f->constraint[f->active++] = (struct constraint){
			.addr = r->addr, .stage = BEFORE_W, .w = draw_occurrence(s, w), .r = draw_occurrence(s, r),
		};
		return;
	}
}

static void rff_begin(struct sched *s)
{
	struct rff *f = rff_of(s);
	u32 i, wanted = 1 + prng_below(&s->rng, CONSTRAINTS);

	pos_init(s, &f->pos);
	f->active = 0;
	for (i = 0; i < wanted; i++)
		draw_constraint(s, f);
}

static bool is_access(const struct access *a, u32 task, const struct event *ev)
{
	return a->task == task && a->site == ev->site;
}

static bool must_wait(const struct constraint *c, u32 task, const struct event *ev)
{
	if ((u64)ev->addr != c->addr)
		return false;
	if (is_access(&c->r, task, ev) && !c->r.skip)
		return c->stage == BEFORE_W;
	return c->stage == AFTER_W && task != c->r.task && !op_reads_only(ev->op);
}

static __always_inline task_set held(struct sched *s, const struct rff *f, task_set enabled)
{
	task_set held = 0;
	u32 i, t;

	for_each_task(t, tasks_of(s, enabled)) {
		const struct event *ev = &task_by_id(t)->pending;

		for (i = 0; i < f->active; i++)
			if (must_wait(&f->constraint[i], t, ev))
				task_add(&held, t);
	}
	return held;
}

/* `task` does what it has announced. */
static void advance(struct rff *f, u32 task, const struct event *ev)
{
	u32 i;

	for (i = 0; i < f->active; ) {
		struct constraint *c = &f->constraint[i];
		bool at_w = (u64)ev->addr == c->addr && is_access(&c->w, task, ev);
		bool at_r = (u64)ev->addr == c->addr && is_access(&c->r, task, ev);

		if (at_w && c->stage == BEFORE_W && c->w.skip-- == 0)
			c->stage = AFTER_W;
		if (at_r && c->r.skip-- == 0)
			c->stage = DONE;
		if (c->stage == DONE)
			*c = f->constraint[--f->active];
		else
			i++;
	}
}

static __always_inline u32 rff_next(struct sched *s, task_set enabled, u32 me, u32 fallback)
{
	struct rff *f = rff_of(s);
	task_set candidates = enabled;
	u32 best;

	if (f->active) {
		candidates &= ~held(s, f, enabled);
		if (!candidates) {
			f->active = 0;
			candidates = enabled;
		}
	}
	best = pos_best(&f->pos, candidates);
	if (f->active && !is_buffer(s, best))
		advance(f, best, &task_by_id(best)->pending);
	pos_executed(s, &f->pos, enabled, best);
	return best;
}

CHOOSE(rff)

const struct strategy strategy_rff = {
	.name = "rff",
	.text = "accesses that are to see each other, and pos for the rest (after Wolff et al. 2024)",
	.begin = rff_begin,
	.choose = rff_choose,
	.choose_wide = rff_choose_wide,
	.pick = random_pick,
	.fair_yields = true,
};
