// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory-order annotations, for whoever wants to know which of them are needed: which ones
 * executions came by, and those that a configuration weakens.
 *
 * An annotation is named by file and line: what a macro or a loop of a program makes several
 * sites of is one annotation to who wrote it.
 */
#include <errno.h>
#include <string.h>

#include "run_log.h"
#include "sched/annotation.h"
#include "text.h"

/* Is there anything to weaken?  What the modelled CPU does has no annotations. */
static bool annotated(const struct site *site)
{
	if (site->op == OP_FENCE)
		return true;
	return site->op >= OP_LOAD && site->op <= OP_AWAIT && site->order >= ORDER_ACQUIRE && !(site->flags & SITE_HW);
}

static u32 nr_sites(void)
{
	return NR_STATIC_SITES + arena_of()->nr_sites;
}

int mmut_annotation_get(uint32_t n, struct mmut_annotation *row)
{
	const struct annotations *a = sched_of()->annotations;
	u32 i, at = 0;

	for (i = 0; a && i < nr_sites(); i++) {
		const struct site *site = site_by_id(i);

		if (!a->reached[i] || !annotated(site) || at++ != n)
			continue;
		memset(row, 0, sizeof(*row));
		strncpy(row->file, kbasename(site->file), sizeof(row->file) - 1);
		strncpy(row->func, site->func, sizeof(row->func) - 1);
		strncpy(row->what, site->what, sizeof(row->what) - 1);
		row->line = site->line;
		row->op = site->op;
		row->order = site->order;
		return 0;
	}
	return -1;
}

static int weaken(struct annotations *a, const struct mmut_weaken *w)
{
	u32 i, found = 0;

	for (i = 0; i < nr_sites(); i++) {
		const struct site *site = site_by_id(i);

		if (site->line != w->line || !annotated(site) || strcmp(kbasename(site->file), w->file))
			continue;
		a->weakened[i] = (u8)(w->order + 1);
		found++;
	}
	return found ? 0 : -ENOENT;
}

int annotations_weaken(const struct mmut_config *config)
{
	struct annotations *a = sched_of()->annotations;
	u32 i;
	int err = 0;

	if (config->nr_weaken && !a)
		return -ENOENT;
	for (i = 0; i < config->nr_weaken && !err; i++)
		err = weaken(a, &config->weaken[i]);
	return err;
}
