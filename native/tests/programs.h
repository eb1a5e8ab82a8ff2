/* SPDX-License-Identifier: GPL-2.0-only */
/* Small programs with known answers; see programs.c. */
#ifndef MMUT_TESTS_PROGRAMS_H
#define MMUT_TESTS_PROGRAMS_H

#include "../api.h"
#include "../program/program.h"

#define STRAIGHT	5	/* writes of the long task of uneven(1, k) */

u32 program_id(const char *name);
struct mmut_config program_config(const char *name, const char *strategy);
extern const struct program script_program;	/* scripts.c */
extern u64 program_bugs;	/* executions of this process that ended in the program's bug */

#endif
