// SPDX-License-Identifier: GPL-2.0-only
/* What Python may ask about conflicts between accesses of the model: see check/conflicts.c. */
#include <string.h>

#include "api.h"
#include "check/races.h"
#include "text.h"

static_assert((int)MMUT_CONFLICT_RAN == CONFLICT_RAN && (int)MMUT_CONFLICT_SEEN == CONFLICT_SEEN &&
	      (int)MMUT_CONFLICT_UNORDERED == CONFLICT_UNORDERED, "they are handed out as they are");

uint32_t mmut_conflicts_get(uint8_t *seen, uint32_t room)
{
	const struct races *r = arena_of()->races;
	u32 n = min(NR_STATIC_SITES, room);

	if (!r || arena_of()->nr_sites)		/* a program's accesses are what it is about */
		return 0;
	memcpy(seen, r->seen, n);
	return n;
}

/* What the modelled CPU does has no annotation, and the words of locks and sections are the core's own. */
int mmut_access_place_get(uint32_t n, struct mmut_access_place *row)
{
	const struct site *site = n < NR_STATIC_SITES ? site_by_id(n) : NULL;

	if (!site || site->op < OP_LOAD || site->op > OP_AWAIT || (site->flags & SITE_HW))
		return -1;
	memset(row, 0, sizeof(*row));
	COPY(row->file, source_name(site->file));
	COPY(row->func, site->func);
	COPY(row->what, site->what);
	row->line = site->line;
	row->op = site->op;
	row->plain = site->order == ORDER_PLAIN;
	return 0;
}
