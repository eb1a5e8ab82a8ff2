/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared accesses of the model, and whether they were ever in conflict: see check/conflicts.c. */
#ifndef MMUT_API_CONFLICTS_H
#define MMUT_API_CONFLICTS_H

#include <stdint.h>

/* cffi: begin */

/* A place of the source that accesses a shared word. */
struct mmut_access_place { char file[64], func[48], what[64]; uint32_t line, op, plain; };
/* What was seen of it: it ran, it was in conflict, and nothing ordered that. */
enum { MMUT_CONFLICT_RAN = 1, MMUT_CONFLICT_SEEN = 2, MMUT_CONFLICT_UNORDERED = 4 };
/* By site, in all executions; how many of them, 0: nobody looked. */
uint32_t mmut_conflicts_get(uint8_t *seen, uint32_t room);
int mmut_access_place_get(uint32_t site, struct mmut_access_place *row);	/* -1: it is no such place */

/* cffi: end */

#endif
