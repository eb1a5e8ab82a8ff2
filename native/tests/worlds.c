// SPDX-License-Identifier: GPL-2.0-only
/* A world of this process, for a test: opened with a configuration, or the process ends. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "worlds.h"

u32 strategy_named(const char *name)
{
	u32 i;

	for (i = 0; mmut_strategy_name(i); i++)
		if (!strcmp(mmut_strategy_name(i), name))
			return i;
	abort();
}

void all_tasks_run_the_program(struct mmut_config *config)
{
	u32 i;

	for (i = 0; i < config->nr_tasks; i++) {
		config->tasks[i].kind = MMUT_TASK_PROGRAM;
		snprintf(config->tasks[i].name, MMUT_NAME, "task%u", i);
	}
}

void world_open(const struct mmut_config *config)
{
	int fd = memfd_create("mmutorture-test", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	if (fd < 0 || mmut_world_create(fd, 0, config)) {
		fprintf(stderr, "no world: %s\n", fd < 0 ? "memfd_create failed" : mmut_error());
		exit(2);
	}
	close(fd);
}
