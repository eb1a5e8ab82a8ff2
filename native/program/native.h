/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A user's program in C: a shared object that was compiled against native/include/mmutorture.h.
 *
 * The object's bytes are in the arena, and each process loads them from there: nothing has a name
 * in the file system.  What its tasks share is in the arena too; its own data is constant.
 */
#ifndef MMUT_PROGRAM_NATIVE_H
#define MMUT_PROGRAM_NATIVE_H

#include "program.h"

/* Load an object into this process; its tasks and the labels of what it observes.  NULL past the last. */
int native_open(const void *bytes, u64 size);	/* 0, or -EINVAL and native_error() */
void native_close(void);
const char *native_error(void);
const char *native_task_name(u32 n);
const char *native_label(u32 n);

#endif
