/* SPDX-License-Identifier: GPL-2.0-only */
/* Texts as the structs of api.h have them. */
#ifndef MMUT_API_TEXT_H
#define MMUT_API_TEXT_H

#include <stdio.h>
#include <string.h>

#include "../core/hook.h"

#define COPY(dst, src) snprintf(dst, sizeof(dst), "%s", src)

/* From native/ on, or the last part of another path. */
static inline const char *source_name(const char *path)
{
	const char *native = strstr(path, "native/");

	return native ? native : kbasename(path);
}

#endif
