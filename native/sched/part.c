// SPDX-License-Identifier: GPL-2.0-only
/*
 * A part of a search: put aside, and taken up again here or in another process.
 *
 * A part is a path.  Its first `floor` nodes belong to whoever divides the search (harness/run/tree.py); what
 * is to be explored behind them belongs to the part.  It begins where a wakeup sequence ends, where by
 * construction nobody sleeps: whatever is explored there depends on nobody else, and all that begins with
 * that sequence is explored there.  So parts can be explored at any time, in any order.
 *
 * Where somebody does sleep all the same (behind a pick that the reversal did not name; where what the
 * reversed step would touch was not known and the worst was assumed), the part waits until the
 * branches for whose sake he sleeps have been explored, as in a sequential search.
 *
 * A reversal that belongs to a node above the floor may be covered: by who sleeps there (branches to the
 * left), or by the tree of what is explored to the right, of which the part has a copy.  If it is not,
 * it is handed over, with its happens-before, to the owner, whose tree may have grown meanwhile.
 * A branch that is being explored already still takes such insertions, between its root and where
 * its sequences end.  That is needed: there somebody may sleep, and what those behind whom he
 * sleeps find is inserted there (in a sequential search, before the branch is begun).
 *
 * What sleepers touch is not handed over: it is what they have announced, once the path has been followed to
 * their node.
 *
 * Within a bound nobody sleeps, and a reversal is an agent that is to run from a node: see bound.c.
 */
#include "sched.h"
#include "bound.h"

/* ---------------------------------------------------------------- exploring a part */

void part_add_sleepers(struct sched *s, struct node *node, u64 left, u64 enabled)
{
	struct search *x = s->search;

	if (left & ~enabled) {
		x->diverged++;
		search_cut(s);
	}
	for (; left; left &= left - 1) {
		u32 agent = (u32)__builtin_ctzll(left);

		x->sleeper[x->nr_sleepers++] = (struct sleeper){ .acc = pending_accesses(s, agent), .agent = agent };
		node->sleep_count++;
	}
}

void part_restore(struct sched *s, struct node *node, u64 enabled)
{
	struct search *x = s->search;

	if (x->nr_sleepers + SEARCH_LANES > SEARCH_SLEEPERS) {
		x->too_many++;
		search_cut(s);
	}
	search_record(s, node, node->agent);
	node->sleep_first = x->nr_sleepers;
	node->sleep_count = 0;
	search_fall_asleep(x, node);
	part_add_sleepers(s, node, node->left, enabled);
}

static struct mmut_part_step *next_step(struct search *x)
{
	return x->nr_handed == SEARCH_HANDED ? NULL : &x->handed[x->nr_handed++];
}

/* What a transition picked, behind it. */
static bool hand_picks(struct search *x, u32 at, u32 node)
{
	struct mmut_part_step *out;

	for (node++; node < x->length && x->node[node].kind == NODE_PICK; node++) {
		out = next_step(x);
		if (!out)
			return false;
		*out = (struct mmut_part_step){
			.above = at, .alternative = x->node[node].choice, .alternatives = x->node[node].n,
		};
	}
	return true;
}

void part_hand_over(struct search *x, u32 at, const struct sequence *v)
{
	u32 i;

	for (i = 0; i < v->count; i++) {
		const struct step *step = &v->at[i];
		const s16 *clock = i + 1 == v->count ? v->last_clock : clock_of(x, (u32)step->node);
		struct mmut_part_step *out = next_step(x);

		if (!out)
			break;
		*out = (struct mmut_part_step){
			.touches = { step->acc.of[0], step->acc.of[1], step->acc.of[2] },
			.above = at, .node = step->node, .agent = step->agent, .lane = (u8)lane_of(step->agent),
			.last = i + 1 == v->count,
		};
		if (clock)
			__builtin_memcpy(out->clock, clock, x->width * sizeof(*clock));
		if (i + 1 < v->count && !hand_picks(x, at, (u32)step->node))
			break;
	}
	x->too_many += i < v->count;
}

void part_ask(struct search *x, u32 at, u64 agents)
{
	for (; agents; agents &= agents - 1) {
		struct mmut_part_step *out = next_step(x);

		if (!out) {
			x->too_many++;
			return;
		}
		*out = (struct mmut_part_step){ .above = at, .agent = (u8)__builtin_ctzll(agents), .last = 1 };
	}
}

/* ---------------------------------------------------------------- putting it aside */

/* What there is room for is written, all of it is counted. */
static void put_branch(struct mmut_part *part, u32 room, const struct branch *b, u32 depth)
{
	if (part->nr_branches++ < room)
		part->branches[part->nr_branches - 1] = (struct mmut_part_branch){
			.touches = { b->acc.of[0], b->acc.of[1], b->acc.of[2] }, .depth = depth,
			.alternative = b->alternative, .alternatives = b->alternatives, .agent = b->agent,
		};
}

/* A list with all that hangs on it, each branch before its children. */
static void put_list(const struct search *x, struct mmut_part *part, u32 room, u32 list, u32 depth)
{
	u32 bottom = depth, *stack = (u32 *)x->stack;

	stack[depth] = list;
	for (;;) {
		u32 n = stack[depth];
		const struct branch *b = &x->wakeup.branch[n];

		if (!n) {
			if (depth == bottom)
				return;
			depth--;
			continue;
		}
		put_branch(part, room, b, depth);
		stack[depth] = b->next;
		if (b->children)
			stack[++depth] = b->children;
	}
}

/* The last node of the path has not been followed: its own branch comes first. */
static void put_last(const struct search *x, struct mmut_part *part, u32 room, const struct node *last)
{
	const struct branch own = { .agent = last->agent };

	put_branch(part, room, &own, 0);
	put_list(x, part, room, last->subtree, 1);
}

static struct mmut_part_node node_of(const struct search *x, const struct node *node, u32 branches)
{
	struct mmut_part_node out = {
		.branches = branches, .choice = node->choice, .agent = node->agent,
		.alternatives = node->kind == NODE_PICK ? node->n : 0,
	};
	u32 k;

	if (x->bounding) {
		bounded_save(x, (u32)(node - x->node), &out);
		return out;
	}
	for (k = node->inherited; node->kind == NODE_RUN && k < node->sleep_count; k++)
		out.left |= BIT_ULL(x->sleeper[node->sleep_first + k].agent);
	return out;
}

int part_save(const struct sched *s, struct mmut_part *part)
{
	const struct search *x = s->search;
	u32 i, nodes = part->nr_nodes, branches = part->nr_branches, steps = part->nr_steps;

	part->finished = x->over;
	part->asleep = x->asleep;
	part->floor = x->floor;
	part->nr_branches = 0;
	part->nr_nodes = x->over || x->asleep ? 0 : x->replay - x->floor;
	part->nr_steps = x->nr_handed;
	for (i = 0; i < part->nr_nodes; i++) {
		const struct node *node = &x->node[x->floor + i];
		u32 before = part->nr_branches;

		if (node->kind == NODE_RUN && x->floor + i == x->replay - 1 && !x->bounding)
			put_last(x, part, branches, node);
		put_list(x, part, branches, node->tree, 0);
		if (i < nodes)
			part->nodes[i] = node_of(x, node, part->nr_branches - before);
	}
	__builtin_memcpy(part->steps, x->handed, min(steps, x->nr_handed) * sizeof(*part->steps));
	return part->nr_nodes > nodes || part->nr_branches > branches || part->nr_steps > steps ? -1 : 0;
}

/* ---------------------------------------------------------------- taking it up */

/* A list as put_list() has written it; 0 where there is none, or no memory for it. */
static u32 get_list(struct search *x, const struct mmut_part_branch *from, u32 count)
{
	struct wakeup *w = &x->wakeup;
	u32 i, n, top = 0, depth = 0;

	/* stack: of each depth the last branch. */
	for (i = 0; i < count; i++) {
		const struct mmut_part_branch *b = &from[i];

		if (b->depth > (i ? depth + 1 : 0) || b->depth >= SEARCH_NODES || b->agent >= SEARCH_LANES)
			return 0;
		n = wakeup_allocate(w);
		if (!n)
			return 0;
		w->branch[n] = (struct branch){
			.acc = { { b->touches[0], b->touches[1], b->touches[2] } },
			.alternative = b->alternative, .alternatives = b->alternatives, .agent = b->agent,
			.is_pick = b->alternatives != 0,
		};
		if (!i)
			top = n;
		else if (b->depth > depth)
			w->branch[x->stack[depth]].children = n;
		else
			w->branch[x->stack[b->depth]].next = n;
		depth = b->depth;
		x->stack[depth] = n;
	}
	return top;
}

static void forget_path(struct search *x)
{
	while (x->fresh)
		race_unlink(x, --x->fresh);
	x->wakeup.free = x->wakeup.used = 0;
	x->nr_sleepers = x->nr_handed = 0;
	x->tree = 0;
}

/* What there is to explore from the last node. */
static void begin_with(struct search *x, struct node *last)
{
	const struct branch *own = &x->wakeup.branch[last->tree];

	last->subtree = own->children;
	wakeup_release(&x->wakeup, wakeup_take(&x->wakeup, &last->tree));
}

int part_load(struct sched *s, const struct mmut_part *part)
{
	struct search *x = s->search;
	u32 i, at = 0;

	if (part->nr_nodes > SEARCH_NODES || part->floor > part->nr_nodes)
		return -1;
	search_start(s);
	forget_path(x);
	for (i = 0; i < part->nr_nodes; i++) {
		const struct mmut_part_node *from = &part->nodes[i];
		struct node *node = &x->node[i];

		if (from->branches > part->nr_branches - at || from->agent >= SEARCH_LANES)
			return -1;
		*node = (struct node){
			.kind = from->alternatives ? NODE_PICK : NODE_RUN, .agent = from->agent, .choice = from->choice,
			.n = from->alternatives, .left = from->left,
		};
		if (x->bounding)
			bounded_load(x, i, from);
		node->tree = get_list(x, part->branches + at, from->branches);
		if (from->branches && !node->tree)
			return -1;
		at += from->branches;
	}
	if (part->nr_nodes > part->floor && x->node[part->nr_nodes - 1].kind == NODE_RUN && !x->bounding)
		begin_with(x, &x->node[part->nr_nodes - 1]);
	x->replay = part->nr_nodes;
	x->restoring = part->nr_nodes != 0;
	x->over = 0;
	x->unsure = part->nr_nodes == part->floor && !part->patient;
	x->asleep = 0;
	x->left = part->left;
	x->floor = part->floor;
	s->log->exhausted = 0;
	return 0;
}
