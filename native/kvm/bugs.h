/* SPDX-License-Identifier: GPL-2.0-only */
/* Switches for historical bugs, one line each in bugs.def; off unless a scenario asks. */
#ifndef MMUT_KVM_BUGS_H
#define MMUT_KVM_BUGS_H

enum bug_id {
#define BUG(id, slug, commit, scenario, profile, memory, oracles, depth, text) BUG_##id,
#include "bugs.def"
#undef BUG
	NR_BUGS
};

struct bug_info {
	const char *name, *slug, *commit, *scenario, *profile, *memory, *oracles, *text;
	int depth;
};
extern const struct bug_info bug_table[NR_BUGS];

#endif
