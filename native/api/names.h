/* SPDX-License-Identifier: GPL-2.0-only */
/* The names of what there is: oracles, strategies, operations, bugs; places in the sources, objects in the arena. */
#ifndef MMUT_API_NAMES_H
#define MMUT_API_NAMES_H

#include <stdint.h>

/* cffi: begin */

struct mmut_bug_info {
	const char *name, *slug, *commit, *scenario, *profile, *memory, *oracles, *text;
	int depth;
};

const char *mmut_build_id(void);
const char *mmut_build_kind(void);	/* release, debug, ... */
const char *mmut_oracle_name(uint32_t n);	/* NULL past the last, as all of these */
const char *mmut_oracle_text(uint32_t n);
const char *mmut_strategy_name(uint32_t n);
const char *mmut_strategy_text(uint32_t n);
const char *mmut_op_name(uint32_t kind);
const char *mmut_op_task_kind(uint32_t kind);	/* which sort of task may do it */
const char *mmut_event_op_name(uint32_t op);
const char *mmut_task_kind_name(uint32_t kind);
const char *mmut_lock_class_name(uint32_t n);	/* in the order in which they are taken */
const char *mmut_program_name(uint32_t n);	/* from 1 */
int mmut_bug(uint32_t n, struct mmut_bug_info *info);	/* 0, or -1 past the last */

/* Of an access, a lock or a contract in the sources. */
struct mmut_place { char file[64], func[64], what[64]; uint32_t line; };
int mmut_place_get(uint32_t site, struct mmut_place *row);	/* -1 past the last */
/* What reports call the object at this place of the arena; -1: it has no name. */
int mmut_address_name(uint64_t addr, char *name, uint32_t size);

/* cffi: end */

#endif
