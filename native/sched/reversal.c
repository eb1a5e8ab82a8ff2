// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reversal of a race (e, e'): from the node before e, all that does not happen after e, and
 * then e'.  It is kept for later unless whatever it begins has been explored, or will be.
 *
 * e' stands in a state that it has not seen.  What it touches there is what it announced; but
 * whether a compare-exchange writes depends on the value, which is the one before e.  Keeping the
 * old kind loses classes.
 */
#include "sched.h"
#include "search.h"
#include "symmetry.h"

static void add(struct sequence *v, const struct accesses *acc, s32 node, u32 agent)
{
	v->at[v->count++] = (struct step){ .acc = *acc, .node = (s16)node, .agent = (u8)agent };
}

/* The transition that `node` is, where `first` has not happened. */
static struct accesses revalued(const struct search *x, const struct node *node, const struct node *first)
{
	struct accesses acc = node->acc;
	u64 mask = node->size ? ~0ULL >> (64 - 8 * node->size) : 0;
	u32 a;

	if ((node->op != OP_CMPXCHG && node->op != OP_SPIN_TRYLOCK) || (x->ablate & ABLATE_REVALUE))
		return acc;
	if (acc.of[2] || (sched_of()->lkmm && node->op == OP_CMPXCHG))	/* it is a write anyway, see depend.c */
		return acc;
	for (a = 0; a < 2; a++)
		if ((first->acc.of[a] ^ acc.of[0]) <= ACCESS_WRITE && (first->acc.of[a] & ACCESS_WRITE)) {
			acc.of[0] &= ~ACCESS_WRITE;
			acc.of[0] |= !((first->before[a] ^ node->expected) & mask);
		}
	return acc;
}

/* What the agent of the last step knew before it: its previous transition, and what it requires. */
static const s16 *known_before(struct search *x, s32 previous, s32 required, s16 *scratch)
{
	u32 i;

	if (previous < 0 && required < 0)
		return NULL;
	if (previous < 0 || required < 0)
		return clock_of(x, (u32)max(previous, required));
	for (i = 0; i < x->width; i++)
		scratch[i] = max(clock_of(x, (u32)previous)[i], clock_of(x, (u32)required)[i]);
	return scratch;
}

static bool covered_by_sleeper(struct search *x, const struct node *at, const struct sequence *v)
{
	u32 i;

	for (i = 0; i < at->sleep_count; i++) {
		const struct sleeper *q = &x->sleeper[at->sleep_first + i];

		if (sequence_covered_by(x, v, q->agent, &q->acc))
			return true;
	}
	return false;
}

void race_reverse(struct sched *s, const struct race *race)
{
	struct search *x = s->search;
	struct node *first = &x->node[race->first];
	s16 scratch[SEARCH_LANES];
	struct sequence *v = &x->sequence;
	u32 i, behind = (u32)race->first;
	struct accesses acc;
	u64 inserted;
	s32 required;

	v->count = 0;
	for (i = behind + 1; i < x->length; i++) {
		const struct node *node = &x->node[i];

		if (node->kind == NODE_RUN && clock_of(x, i)[first->lane] <= (s16)behind)
			add(v, &node->acc, (s32)i, node->agent);
	}
	if (race->second >= 0) {
		const struct node *second = &x->node[race->second];

		acc = revalued(x, second, first);
		v->last_clock = known_before(x, second->before_this, second->required, scratch);
		add(v, &acc, race->second, second->agent);
	} else {
		acc = pending_accesses(s, (u32)race->blocked);
		required = x->last[race->blocked] < 0 ? symmetry_required(x, (u32)race->blocked) : -1;
		v->last_clock = known_before(x, x->last[race->blocked], required, scratch);
		add(v, &acc, -1, (u32)race->blocked);
	}
	v->left = v->count;
	x->races_seen++;
	if (covered_by_sleeper(x, first, v))
		return;
	inserted = x->inserted;
	if (!wakeup_insert(x, &first->tree, v))
		x->too_many++;
	else if (x->inserted != inserted && (u32)race->first < x->floor)
		part_hand_over(x, (u32)race->first, v);
}
