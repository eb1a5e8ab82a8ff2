/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the benchmark programs share.  None of them is part of the core: harness/bench.py
 * compiles them when it is asked to, and reads what they print, one sample a line.
 */
#ifndef MMUT_BENCH_H
#define MMUT_BENCH_H

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../api.h"
#include "../core/arena.h"
#include "../core/task.h"

#define FIRST_TASK	2	/* the boss and the RCU task come first */

static inline u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000000ULL + (u64)t.tv_nsec;
}

/* On a shared machine the processor time of a loop says more than its duration. */
static inline u64 cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (u64)t.tv_sec * 1000000000ULL + (u64)t.tv_nsec;
}

static inline void pin(u32 n)
{
	cpu_set_t allowed, one;
	u32 cpu;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return;
	n %= (u32)CPU_COUNT(&allowed);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed) || n--)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

static inline void *share(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(5);
	}
	return p;
}

/* A world of `config`, hooks off; exits with the reason if there cannot be one. */
static inline void make_world(const struct mmut_config *config)
{
	int fd = memfd_create("mmut:bench", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || mmut_world_create(fd, 0, config)) {
		fprintf(stderr, "%s\n", mmut_error());
		exit(5);
	}
}

/* The same without a VM: the primitives alone, for `tasks` tasks. */
static inline void make_bare_world(u32 tasks)
{
	static struct mmut_config config;
	u32 i;

	config.program = 1;
	config.nr_tasks = tasks;
	for (i = 0; i < tasks; i++) {
		snprintf(config.tasks[i].name, sizeof(config.tasks[i].name), "task%u", i);
		config.tasks[i].kind = MMUT_TASK_PROGRAM;
	}
	make_world(&config);
}

#endif
