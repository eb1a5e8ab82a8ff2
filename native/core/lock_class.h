/* SPDX-License-Identifier: GPL-2.0-only */
/* Classes of locks: what lockdep, statistics and reports tell apart. */
#ifndef MMUT_CORE_LOCK_CLASS_H
#define MMUT_CORE_LOCK_CLASS_H

/* Lock classes; the order is also the documented acquisition order, outermost first. */
enum lock_class {
	CLASS_SLOTS_LOCK, CLASS_SLOTS_ARCH_LOCK,
	CLASS_MMU_LOCK, CLASS_TDP_MMU_PAGES_LOCK, CLASS_HOST_PTL,
	CLASS_MN_INVALIDATE_LOCK, CLASS_FRAME_LOCK, CLASS_USER_A, CLASS_USER_B,
	CLASS_PROGRAM_LOCK, CLASS_PROGRAM_MUTEX,	/* of loaded programs: any order, each lock by its own name */
	NR_LOCK_CLASSES
};
extern const char *const lock_class_names[NR_LOCK_CLASSES];

#endif
