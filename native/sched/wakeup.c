// SPDX-License-Identifier: GPL-2.0-only
/* Wakeup trees: insertion, and the memory of branches.  See wakeup.h. */
#include "sched.h"
#include "search.h"

u32 wakeup_allocate(struct wakeup *w)
{
	u32 n = w->free;

	if (n) {
		w->free = w->branch[n].next;
		return n;
	}
	return w->used + 1 < WAKEUP_NODES ? ++w->used : 0;
}

void wakeup_release(struct wakeup *w, u32 branch)
{
	w->branch[branch].next = w->free;
	w->free = branch;
}

/* Deep first, without recursion: a list goes on with the children of its head. */
void wakeup_free(struct wakeup *w, u32 list)
{
	while (list) {
		struct branch *b = &w->branch[list];
		u32 tail = b->children, next = b->next;

		if (tail) {
			while (w->branch[tail].next)
				tail = w->branch[tail].next;
			w->branch[tail].next = next;
			next = b->children;
		}
		wakeup_release(w, list);
		list = next;
	}
}

u32 wakeup_take(struct wakeup *w, u32 *list)
{
	u32 n = *list;

	*list = w->branch[n].next;
	return n;
}

/* Does `earlier` happen before `later` whenever both are done in this order? */
static bool precedes(struct search *x, const struct sequence *v, const struct step *earlier, u32 later)
{
	const struct step *y = &v->at[later];
	const s16 *clock;

	if (earlier->agent == y->agent)
		return true;
	/* The reversed one stands where it has not stood before: by what it touches there. */
	if (later + 1 == v->count) {
		if (depend(&earlier->acc, &y->acc))
			return true;
		clock = v->last_clock;
	} else {
		clock = clock_of(x, (u32)y->node);
	}
	return clock && clock[lane_of(earlier->agent)] > earlier->node;
}

bool sequence_initial(struct search *x, const struct sequence *v, u32 step)
{
	u32 i;

	for (i = 0; i < step; i++)
		if (!v->at[i].gone && precedes(x, v, &v->at[i], step))
			return false;
	return true;
}

/* The first step of `agent` that is left, or count. */
static u32 first_of(const struct sequence *v, u32 agent)
{
	u32 i;

	for (i = 0; i < v->count; i++)
		if (v->at[i].agent == agent && !v->at[i].gone)
			break;
	return i;
}

static bool independent_of_all(const struct sequence *v, const struct accesses *acc)
{
	u32 i;

	for (i = 0; i < v->count; i++)
		if (!v->at[i].gone && depend(acc, &v->at[i].acc))
			return false;
	return true;
}

bool sequence_covered_by(struct search *x, const struct sequence *v, u32 agent, const struct accesses *acc)
{
	u32 first = first_of(v, agent);

	return first < v->count ? sequence_initial(x, v, first) : independent_of_all(v, acc);
}

/* The picks of a transition, one below the other, below *list; where to go on. */
static u32 *append_picks(struct search *x, u32 *list, s16 node)
{
	struct wakeup *w = &x->wakeup;
	u32 i, n;

	for (i = (u32)node + 1; list && i < x->length && x->node[i].kind == NODE_PICK; i++) {
		n = wakeup_allocate(w);
		if (n) {
			w->branch[n] = (struct branch){
				.alternative = x->node[i].choice, .alternatives = x->node[i].n, .is_pick = 1,
			};
			*list = n;
		}
		list = n ? &w->branch[n].children : NULL;
	}
	return list;
}

static bool append(struct search *x, u32 *list, const struct sequence *v)
{
	struct wakeup *w = &x->wakeup;
	u32 i, n;

	while (*list)
		list = &w->branch[*list].next;
	x->inserted++;
	for (i = 0; i < v->count; i++) {
		const struct step *step = &v->at[i];

		if (step->gone)
			continue;
		n = wakeup_allocate(w);
		if (!n)
			return false;
		w->branch[n] = (struct branch){ .acc = step->acc, .agent = step->agent };
		*list = n;
		list = &w->branch[n].children;
		/* What the last one picks stays open. */
		if (i + 1 < v->count)
			list = append_picks(x, list, step->node);
		if (!list)
			return false;
	}
	return true;
}

/* Below the branch of a transition that picked: the same alternatives.  NULL: covered, all are explored. */
static u32 *descend_picks(struct search *x, u32 *list, s16 node)
{
	struct wakeup *w = &x->wakeup;
	u32 i, n;

	for (i = (u32)node + 1; i < x->length && x->node[i].kind == NODE_PICK; i++) {
		for (n = *list; n && w->branch[n].alternative != x->node[i].choice; n = w->branch[n].next)
			;
		if (!n || !w->branch[n].children)
			return NULL;
		list = &w->branch[n].children;
	}
	return list;
}

bool wakeup_insert(struct search *x, u32 *list, struct sequence *v)
{
	struct wakeup *w = &x->wakeup;
	u32 n = *list;

	while (n && v->left) {
		struct branch *b = &w->branch[n];
		u32 first = first_of(v, b->agent);

		if (first < v->count ? !sequence_initial(x, v, first) : !independent_of_all(v, &b->acc)) {
			n = b->next;
			continue;
		}
		if (first < v->count) {
			v->at[first].gone = 1;
			v->left--;
		}
		if (!b->children)
			return true;
		list = &b->children;
		if (w->branch[*list].is_pick)
			list = first < v->count ? descend_picks(x, list, v->at[first].node) : NULL;
		if (!list)
			return true;
		n = *list;
	}
	return !v->left || append(x, list, v);
}
