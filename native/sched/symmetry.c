// SPDX-License-Identifier: GPL-2.0-only
/* Tasks of the same code begin in the order of their numbers.  See symmetry.h. */
#include "symmetry.h"

void symmetry_twin(struct sched *s, u32 task, u32 twin)
{
	s->search->twin[task] = (u8)twin;
	s->search->released_by[twin] = BIT_ULL(task);
	s->behind |= BIT_ULL(task);
}

s32 symmetry_required(const struct search *x, u32 lane)
{
	s32 n = x->twin[lane] ? x->last[x->twin[lane]] : -1;

	while (n >= 0 && x->node[n].before_this >= 0)
		n = x->node[n].before_this;
	return n;
}
