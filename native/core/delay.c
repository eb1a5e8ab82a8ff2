// SPDX-License-Identifier: GPL-2.0-only
/* Sections that are held longer.  See delay.h. */
#include <errno.h>
#include <string.h>
#include <x86intrin.h>

#include "arena.h"
#include "delay.h"
#include "lockstat.h"

#define PAUSE_CYCLES	512	/* left to spin: a pause may take more than a hundred of them */

int delay_init(const struct delay *delays, u32 count)
{
	struct arena *arena = arena_of();
	u32 sites = NR_STATIC_SITES + arena->nr_sites, i, n;
	struct delays *d;

	if (!count)
		return 0;
	d = arena_alloc_bulk(sizeof(*d) + sites);
	if (!d)
		return -ENOMEM;
	memcpy(d->at, delays, count * sizeof(*delays));
	for (i = 0; i < sites; i++)
		for (n = 0; n < count && op_takes_lock(site_by_id(i)->op); n++)
			if (!strcmp(site_by_id(i)->func, delays[n].func))
				d->of_site[i] |= (u8)(1 << n);
	arena->delays = d;
	return 0;
}

u64 delay_length(u32 site, u32 class)
{
	const struct delays *d = arena_of()->delays;
	u64 length = 0;
	u32 left;

	for (left = d ? d->of_site[site] : 0; left; left &= left - 1) {
		const struct delay *at = &d->at[__builtin_ctz(left)];

		if (!at->lock[0] || !strcmp(at->lock, lock_class_names[class]))
			length += at->length;
	}
	return length;
}

void delay_spin(u64 cycles)
{
	u64 since = __rdtsc(), gone;

	while ((gone = __rdtsc() - since) < cycles)
		if (cycles - gone > PAUSE_CYCLES)
			cpu_pause();
}

void delay_steps(const struct held_lock *held)
{
	u64 left = delay_length(held->site, held->class);

	for (; left; left--)
		hook_access(SITE(OP_LOAD, ORDER_RELAXED, 8, 0, "delay"), &arena_of()->delays->word, 0, 0);
}
