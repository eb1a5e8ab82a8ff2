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

/* ------------------------------------------------------------------ where a walk yields */

/* No iterator of the model's: only its address counts. */
static u64 iterators[2];

static void begin(u32 walk)
{
	note(NOTE_WALK_BEGIN, &iterators[walk], 0);
}

static void yield_at(u32 walk, gfn_t gfn)
{
	note(NOTE_WALK_YIELDED, &iterators[walk], gfn);
}

CLEAN(a_walk_yields_once_at_each_gfn, NO_PROGRESS, HOST0)
{
	begin(0);
	yield_at(0, 0);
	yield_at(0, 1);
	yield_at(0, LEAF_GFN);
}

CLEAN(a_new_walk_yields_where_the_last_one_did, NO_PROGRESS, HOST0)
{
	begin(0);
	yield_at(0, LEAF_GFN);
	begin(0);
	yield_at(0, LEAF_GFN);
}

CLEAN(two_walks_yield_at_the_same_gfn, NO_PROGRESS, HOST0)
{
	begin(0);
	yield_at(0, LEAF_GFN);
	become(VCPU0);
	begin(1);
	yield_at(1, LEAF_GFN);
	become(HOST0);
	yield_at(0, LEAF_GFN + 1);
}

/* Of walks inside each other the one that began last is watched. */
CLEAN(an_outer_walk_yields_where_the_inner_one_did, NO_PROGRESS, HOST0)
{
	begin(0);
	begin(1);
	yield_at(1, LEAF_GFN);
	yield_at(0, LEAF_GFN);
}

PLANT(a_walk_yields_twice_at_one_gfn, NO_PROGRESS, HOST0, "drops mmu_lock twice at gfn 0x3")
{
	begin(0);
	yield_at(0, 1);
	yield_at(0, LEAF_GFN);
	yield_at(0, LEAF_GFN);
}

PLANT(a_walk_never_gets_beyond_its_first_gfn, NO_PROGRESS, HOST0, "drops mmu_lock twice at gfn 0x0")
{
	begin(0);
	yield_at(0, 0);
	yield_at(0, 0);
}

PLANT(a_walk_does_not_get_on_while_another_does, NO_PROGRESS, HOST0, "drops mmu_lock twice at gfn 0x3")
{
	begin(0);
	yield_at(0, LEAF_GFN);
	become(VCPU0);
	begin(1);
	yield_at(1, LEAF_GFN + 1);
	become(HOST0);
	yield_at(0, LEAF_GFN);
}
