/* SPDX-License-Identifier: GPL-2.0-only */
/* A world: one arena with a machine in it, mapped in this process. */
#ifndef MMUT_API_WORLD_H
#define MMUT_API_WORLD_H

#include "config.h"

/* cffi: begin */

/* A program in C: load it into this process and ask; mmut_world_create() loads it by itself. */
int mmut_module_open(const void *bytes, uint64_t size);	/* -1: mmut_error() */
const char *mmut_module_task(uint32_t n);		/* NULL past the last, as all of these */
const char *mmut_module_label(uint32_t n);		/* of what it observes */

/*
 * create() formats `fd` (a memfd; sized and sealed by the call) and leaves it mapped; attach() maps
 * an existing one.  0, or -1 with mmut_error() saying why in one sentence.
 */
int mmut_world_create(int fd, uint32_t slot, const struct mmut_config *config);
int mmut_world_attach(int fd, uint32_t slot);
void mmut_world_detach(void);
const char *mmut_error(void);

/* cffi: end */

#endif
