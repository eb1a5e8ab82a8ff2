// SPDX-License-Identifier: GPL-2.0-only
/* The table of historical bugs, for those who list them; the switches are in the code. */
#include "bugs.h"

const struct bug_info bug_table[NR_BUGS] = {
#define BUG(id, slug_, commit_, scenario_, profile_, memory_, oracles_, depth_, text_)	\
	[BUG_##id] = {									\
		.name = #id, .slug = slug_, .commit = commit_, .scenario = scenario_,	\
		.profile = profile_, .memory = memory_, .oracles = oracles_,		\
		.depth = depth_, .text = text_,						\
	},
#include "bugs.def"
#undef BUG
};
