// SPDX-License-Identifier: GPL-2.0-only
/* no-progress, the part that is an oracle's: a walk that yields must have got somewhere. */
#include "plant.h"

/* A walk that finds somebody waiting at each look, drops mmu_lock and goes on. */
static void yield_after(struct machine *m, u32 entries)
{
	u32 i;

	read_lock(&m->kvm->mmu_lock);
	for (i = 0; i < entries; i++)
		(void)READ_ONCE(m->leaf_at[i]);
	(void)rwlock_needbreak(&m->kvm->mmu_lock);
	read_unlock(&m->kvm->mmu_lock);
}

CLEAN(a_walk_that_gets_on_may_yield_again, NO_PROGRESS, HOST0)
{
	m->kvm->mmu_lock.next++;	/* somebody queues */
	yield_after(m, 1);
	yield_after(m, 2);
	yield_after(m, 5);
}

PLANT(a_walk_yields_where_it_yielded_last, NO_PROGRESS, HOST0, "gone nowhere since it yielded last")
{
	m->kvm->mmu_lock.next++;
	yield_after(m, 2);
	yield_after(m, 1);
}
