// SPDX-License-Identifier: GPL-2.0-only
/* The programs by number. */
#include "program.h"

static const struct program *const programs[] = {
	&program_pt3,
	&program_flat,
	&program_native,
};

const struct program *program_by_id(u32 id)
{
	return id && id <= ARRAY_SIZE(programs) ? programs[id - 1] : NULL;
}
