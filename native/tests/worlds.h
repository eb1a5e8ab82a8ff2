/* SPDX-License-Identifier: GPL-2.0-only */
/* A world of this process, for a test. */
#ifndef MMUT_TESTS_WORLDS_H
#define MMUT_TESTS_WORLDS_H

#include "../api.h"
#include "../core/types.h"

u32 strategy_named(const char *name);
/* All of its tasks run the program: task0, task1, ... */
void all_tasks_run_the_program(struct mmut_config *config);
/* Or ends the process; mmut_world_detach() closes. */
void world_open(const struct mmut_config *config);

#endif
