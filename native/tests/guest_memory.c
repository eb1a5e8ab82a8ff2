// SPDX-License-Identifier: GPL-2.0-only
/* guest-memory: every guest access hits the frame that backs its page now, and no write is lost. */
#include "plant.h"

CLEAN(guest_accesses_that_hit_their_frame, GUEST_MEMORY, VCPU0)
{
	u64 before = guest_read(m->frame, LEAF_GFN);

	guest_write(m->frame, LEAF_GFN);
	guest_write(m->huge_frame + 7, HUGE_GFN + 7);
	if (guest_read(m->frame, LEAF_GFN) != before + 1)
		violation(ORACLE_GUEST_MEMORY, __here("read back"), NULL, "the test lost a write itself");
	become(BOSS);
	check_quiescent();
}

PLANT(an_access_reaches_the_frame_of_another_page, GUEST_MEMORY, VCPU0, "which backs host page")
{
	guest_announce(m->frame, LEAF_GFN + 1, false);
}

PLANT(an_access_reaches_a_gfn_of_no_slot, GUEST_MEMORY, VCPU0, "which no slot contains")
{
	guest_announce(m->frame, 5000, false);
}

PLANT(an_access_reaches_a_frame_that_the_host_took_away, GUEST_MEMORY, VCPU0, "isolated by the host")
{
	poke_frame_state(m->frame, FRAME_ISOLATED);
	guest_announce(m->frame, LEAF_GFN, false);
}

PLANT(an_access_is_not_announced, GUEST_MEMORY, VCPU0, "was not announced")
{
	(void)hw_load(frame_cell(m->frame)->stamp);
}

PLANT(the_frame_is_freed_between_translation_and_access, GUEST_MEMORY, VCPU0, "which is free")
{
	guest_announce(m->frame, LEAF_GFN, false);
	poke_frame_state(m->frame, FRAME_FREE);
	(void)hw_load(frame_cell(m->frame)->stamp);
}

PLANT(a_guest_write_is_lost, GUEST_MEMORY, VCPU0, "a write was lost")
{
	guest_write(m->frame, LEAF_GFN);
	poke(frame_cell(m->frame)->stamp, 0);
	guest_read(m->frame, LEAF_GFN);
}

PLANT(a_stamp_that_nobody_wrote, GUEST_MEMORY, VCPU0, "a write that nobody made")
{
	poke(frame_cell(m->frame)->stamp, 7);
	guest_read(m->frame, LEAF_GFN);
}

PLANT(a_stamp_at_the_end_that_nobody_wrote, GUEST_MEMORY, BOSS, "holds stamp 7 after 0 guest writes")
{
	poke(frame_cell(m->frame)->stamp, 7);
	check_quiescent();
}
