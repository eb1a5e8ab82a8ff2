/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counting contracts: by task, site and how the task holds the lock.  Each task writes its own
 * row only, so that a live reader sees late figures and no wrong ones.
 */
#ifndef MMUT_CORE_CONTRACT_COUNT_H
#define MMUT_CORE_CONTRACT_COUNT_H

#include "arena.h"
#include "contract.h"

static inline u32 contract_nr_sites(void)
{
	return NR_STATIC_SITES;
}

static inline struct contract_count *contract_count_of(u32 task, const struct site *site)
{
	return arena_of()->contracts + (u64)task * contract_nr_sites() + site_id(site);
}

static inline void contract_count(const struct task *task, const struct held_lock *held, const struct site *site)
{
	struct contract_count *c = contract_count_of(task->id, site);

	if (!held)
		c->none++;
	else if (held->mode == LOCK_READ)
		c->read++;
	else
		c->write++;
}

#endif
