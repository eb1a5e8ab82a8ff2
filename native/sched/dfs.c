// SPDX-License-Identifier: GPL-2.0-only
/*
 * Depth-first search of all schedules, those with few preemptions first.
 *
 * Iterative context bounding (M. Musuvathi, S. Qadeer, PLDI 2007): a preemption is a switch away
 * from a task that could go on.  All schedules without one, then all with one, and so on: most bugs
 * need one or two.  Delay bounding (M. Emmi, S. Qadeer, Z. Rakamaric, POPL 2011): the scheduler is
 * deterministic (stay, else the next in turn), and a delay skips the one it would have let run.
 *
 * Round c runs all schedules that cost c at most.  Those that cost less have been seen in the rounds
 * before, which shows when they end; they count for nothing.  What TSO's buffers do costs nothing.
 * No schedule is taken for another: that is dpor's business.
 */
#include "../api.h"
#include "sched.h"
#include "symmetry.h"

static u32 bound_of(const struct sched *s)
{
	return s->bound_kind == BOUND_NONE ? ~0u : s->bound;
}

static void dfs_begin(struct sched *s)
{
	struct dfs *d = s->dfs;

	if (!d->started) {
		d->started = 1;
		d->bound = s->bound_kind == BOUND_NONE ? ~0u : 0;
	}
	d->length = 0;
	d->spent = 0;
}

/* What it costs to let `choice` run. */
static u32 cost(const struct sched *s, u64 enabled, u32 me, u32 fallback, u32 choice)
{
	task_set tasks = tasks_of(s, enabled);

	if (is_buffer(s, choice) || choice == fallback || s->bound_kind == BOUND_NONE)
		return 0;
	if (s->bound_kind == BOUND_PREEMPTIONS)
		return fallback == me;	/* else it waits, has ended, or gives way */
	/* Those skipped: the enabled ones from the fallback on, cyclically, up to the choice. */
	tasks = task_rotate(tasks, fallback);
	return task_count(tasks & (task_bit((choice - fallback) % TASK_SET_SIZE) - 1));
}

static struct dfs_node *new_node(struct sched *s)
{
	struct dfs *d = s->dfs;

	if (d->length == DFS_NODES) {
		d->too_deep++;
		s->cut = 1;
		sched_stop();
	}
	return &d->node[d->length++];
}

static __noreturn void diverge(struct sched *s)
{
	s->dfs->diverged++;
	s->cut = 1;
	sched_stop();
	__builtin_unreachable();
}

static u32 dfs_choose(struct sched *s, u64 enabled, u32 me, u32 fallback)
{
	struct dfs *d = s->dfs;
	struct dfs_node *node;
	u64 others;

	if (unlikely(s->buffered | s->behind)) {
		enabled &= ~(waits_for_drain(s) | s->behind);
		if (!enabled)			/* see dpor_choose() */
			diverge(s);
		if (!(enabled & BIT_ULL(fallback)))
			fallback = (u32)__builtin_ctzll(enabled);
	}
	if (d->length < d->replay) {
		node = &d->node[d->length++];
		if (node->n || !(enabled & BIT_ULL(node->choice)))
			diverge(s);
		node->spent = d->spent;
	} else {
		node = new_node(s);
		*node = (struct dfs_node){ .spent = d->spent, .choice = (u16)fallback };
		for (others = enabled & ~BIT_ULL(fallback); others; others &= others - 1) {
			u32 other = (u32)__builtin_ctzll(others);

			if (d->spent + cost(s, enabled, me, fallback, other) <= d->bound)
				node->untried |= BIT_ULL(other);
			else
				d->beyond = 1;
		}
	}
	d->spent = node->spent + cost(s, enabled, me, fallback, node->choice);
	symmetry_step(s, node->choice);
	return node->choice;
}

static u32 dfs_pick(struct sched *s, u32 n, enum pick what)
{
	struct dfs *d = s->dfs;
	struct dfs_node *node;

	if (d->length < d->replay) {
		node = &d->node[d->length++];
		if (node->n != n)
			diverge(s);
		return node->choice;
	}
	node = new_node(s);
	*node = (struct dfs_node){ .spent = d->spent, .n = (u16)n };
	return 0;
}

static bool dfs_seen(struct sched *s)
{
	const struct dfs *d = s->dfs;

	return s->bound_kind != BOUND_NONE && d->spent < d->bound;
}

static bool next_branch(struct dfs_node *node)
{
	if (node->n)
		return ++node->choice < node->n;
	if (!node->untried)
		return false;
	node->choice = (u16)__builtin_ctzll(node->untried);
	node->untried &= node->untried - 1;
	return true;
}

static bool dfs_end(struct sched *s)
{
	struct dfs *d = s->dfs;

	d->schedules += !s->cut;
	if (d->diverged)
		return false;
	while (d->length > d->floor && !next_branch(&d->node[d->length - 1]))
		d->length--;
	d->replay = d->length;
	if (d->length > d->floor)
		return true;
	if (d->floor || !d->beyond || d->bound >= bound_of(s))
		return false;
	d->beyond = 0;
	d->bound++;
	return true;
}

/* No part knows of another one: a schedule is in exactly one of them. */
int dfs_save(const struct sched *s, struct mmut_part *part)
{
	const struct dfs *d = s->dfs;
	u32 i, room = part->nr_nodes;

	part->finished = s->log->exhausted;
	part->floor = d->floor;
	part->bound = d->bound;
	part->nr_branches = part->nr_steps = 0;
	part->nr_nodes = part->finished ? 0 : d->replay - d->floor;
	for (i = 0; i < min(part->nr_nodes, room); i++) {
		const struct dfs_node *node = &d->node[d->floor + i];

		part->nodes[i] = (struct mmut_part_node){
			.todo = node->untried, .choice = node->choice, .alternatives = node->n,
		};
	}
	return part->nr_nodes > room ? -1 : 0;
}

int dfs_load(struct sched *s, const struct mmut_part *part)
{
	struct dfs *d = s->dfs;
	u32 i;

	if (part->nr_nodes > DFS_NODES || part->floor > part->nr_nodes)
		return -1;
	for (i = 0; i < part->nr_nodes; i++) {
		const struct mmut_part_node *from = &part->nodes[i];

		d->node[i] = (struct dfs_node){
			.untried = from->todo, .choice = from->choice, .n = from->alternatives,
		};
	}
	d->started = 1;
	d->bound = part->bound;
	d->beyond = 0;
	d->replay = part->nr_nodes;
	d->floor = part->floor;
	s->log->exhausted = 0;
	return 0;
}

const struct strategy strategy_dfs = {
	.name = "dfs",
	.text = "every schedule, those with few preemptions (--bound) or delays (--delays) first",
	.begin = dfs_begin,
	.choose = dfs_choose,
	.pick = dfs_pick,
	.seen = dfs_seen,
	.end = dfs_end,
	.exhaustive = true,
	.whole_steps = true,
};
