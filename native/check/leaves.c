// SPDX-License-Identifier: GPL-2.0-only
/*
 * A raw walk over what the page tables map, for rules about a range of gfns at one moment.
 *
 * Only where nobody else runs meanwhile: in a controlled execution.
 */
#include "shadow.h"

static void walk_leaves(const struct leaves *range, u32 root, u32 n, u32 level, gfn_t base)
{
	const u64 size = KVM_PAGES_PER_HPAGE(level);
	u64 i = range->start > base ? (range->start - base) / size : 0;

	for (; i < TABLE_WORDS && base + i * size < range->end; i++) {
		const table_word *sptep = &frame_words(n)[i];
		u64 spte = peek(*sptep);

		if (range->mmio ? level == PG_LEVEL_4K && ck_mmio(spte) : ck_leaf(spte, level))
			range->tell(range, root, &(struct leaf){ sptep, spte, base + i * size, level });
		else if (ck_table(spte, level) && frame_is_table(ck_pfn(spte)))
			walk_leaves(range, root, (u32)ck_pfn(spte), level - 1, base + i * size);
	}
}

void each_leaf(const struct leaves *range)
{
	const struct check *c = check_of();
	u32 i;

	for (i = 0; i < CHECK_ROOTS; i++) {
		u32 n = c->roots[i];

		if (!n || table_get(c, n).life != TABLE_ROOT || header_of(n)->role.smm != range->as_id ||
		    (range->valid_only && peek(header_of(n)->invalid)))
			continue;
		walk_leaves(range, n, n, header_of(n)->role.level, 0);
	}
}
