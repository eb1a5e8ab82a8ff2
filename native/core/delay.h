/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Planted contention: sections that a named function opens are held longer than they need to be.
 * "What if this section were longer?" is asked of the model as it is, and an effect that is known
 * tests every view of contention.
 *
 * Running free the holder spins, just before it lets go, for so many cycles.  Controlled, it makes so
 * many steps of its own, loads of a word that nobody writes: any other task may run at each.
 *
 * Where none is asked for this costs nothing: a hold that is delayed takes the way of those that are timed.
 */
#ifndef MMUT_CORE_DELAY_H
#define MMUT_CORE_DELAY_H

#include "hook.h"

#define DELAYS_MAX	8

/* The site belongs to `func`, and the lock to a class of that name; empty: to any. */
struct delay {
	char func[48], lock[32];
	u64 length;		/* nanoseconds running free, steps controlled */
};

struct delays {
	struct delay at[DELAYS_MAX];
	u64 word;		/* what is loaded inside */
	u8 of_site[];		/* a bit for each delay of its function */
};

struct held_lock;

/* Set-up, after all sites are known; 0 or -ENOMEM. */
int delay_init(const struct delay *delays, u32 count);
/* Of a lock of `class` that is taken at `site`; 0: none. */
u64 delay_length(u32 site, u32 class);
/* Running free: spin for so many cycles. */
void delay_spin(u64 cycles);
/* Controlled: about to release what it holds. */
void delay_steps(const struct held_lock *held);

#endif
