// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a page fault of this machine's own kernel costs: the first touch of anonymous memory, 4 KiB
 * pages.  The anchor that the model's faults are put beside.
 *
 *	kernel_fault ROUNDS	nanoseconds of processor time for each fault, a line for each round
 */
#define _GNU_SOURCE
#include "bench.h"

#define PAGES		32768u
#define PAGE_BYTES	4096u

int main(int argc, char **argv)
{
	u32 rounds = argc > 1 ? (u32)atoi(argv[1]) : 5, round, i;
	size_t size = (size_t)PAGES * PAGE_BYTES;

	pin(0);
	for (round = 0; round < rounds; round++) {
		char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		u64 start;

		if (p == MAP_FAILED || madvise(p, size, MADV_NOHUGEPAGE)) {
			perror("mmap");
			return 5;
		}
		start = cpu_ns();
		for (i = 0; i < PAGES; i++)
			*(volatile char *)(p + (size_t)i * PAGE_BYTES) = 1;
		printf("%.3f\n", (double)(cpu_ns() - start) / PAGES);
		munmap(p, size);
	}
	return 0;
}
