// SPDX-License-Identifier: GPL-2.0-only
/*
 * Built in the coverage profile only.  gcov writes its counters from an exit handler, and a worker
 * process leaves by _exit(): it asks for them here before it does (tools/native_coverage.py).
 */
void __gcov_dump(void);
void mmut_coverage_dump(void);

__attribute__((visibility("default"))) void mmut_coverage_dump(void)
{
	__gcov_dump();
}
