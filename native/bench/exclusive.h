/* SPDX-License-Identifier: GPL-2.0-only */
/* Benchmark only, forced in front of kvm/fault.c: what if a fault took mmu_lock for write? */
#include "../core/lock.h"
#undef read_lock
#undef read_unlock
#define read_lock(l)	write_lock(l)
#define read_unlock(l)	write_unlock(l)
