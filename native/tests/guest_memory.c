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

/* ------------------------------------------------------------------ where slots are, and whether */

/* What a task that is no vCPU says about a slot while the guest runs. */
static void announce(struct machine *m, enum kvm_note what, u64 value)
{
	u32 me = (u32)(current - task_by_id(0));

	/* Zapped before it is gone. */
	if (what == NOTE_SLOT_GONE || what == NOTE_SLOT_EMULATED)
		poke(*(value ? m->huge_at : m->table_at), CK_NONPRESENT);
	become(HOST0);
	note(what, m->kvm, value);
	become(me);
}

CLEAN(a_slot_is_reached_where_it_was_placed, GUEST_MEMORY, VCPU0)
{
	guest_write(m->frame, LEAF_GFN);
	announce(m, NOTE_SLOT_GONE, 0);
	announce(m, NOTE_SLOT_PLACED, EMPTY_GFN(7) << 8);
	guest_write(m->frame, EMPTY_GFN(7) + LEAF_GFN);
	guest_write(m->huge_frame, HUGE_GFN);
}

CLEAN(emulated_memory_is_mapped_again, GUEST_MEMORY, VCPU0)
{
	announce(m, NOTE_SLOT_EMULATED, 0);
	guest_write(m->huge_frame, HUGE_GFN);
	announce(m, NOTE_SLOT_MAPPED, 0);
	guest_write(m->frame, LEAF_GFN);
}

PLANT(an_access_reaches_a_slot_that_is_gone, GUEST_MEMORY, VCPU0, "gfn 0x3, which no slot contains")
{
	announce(m, NOTE_SLOT_GONE, 0);
	guest_announce(m->frame, LEAF_GFN, false);
}

PLANT(an_access_reaches_a_slot_where_it_was, GUEST_MEMORY, VCPU0, "gfn 0x3, which no slot contains")
{
	announce(m, NOTE_SLOT_PLACED, EMPTY_GFN(7) << 8);
	guest_announce(m->frame, LEAF_GFN, false);
}

PLANT(an_access_reaches_another_page_of_a_slot_that_moved, GUEST_MEMORY, VCPU0, "which backs host page")
{
	announce(m, NOTE_SLOT_PLACED, (EMPTY_GFN(7) + 1) << 8);
	guest_announce(m->frame, EMPTY_GFN(7) + LEAF_GFN, false);
}

PLANT(an_access_reaches_emulated_memory, GUEST_MEMORY, VCPU0, "gfn 0x3, which is emulated now")
{
	announce(m, NOTE_SLOT_EMULATED, 0);
	guest_announce(m->frame, LEAF_GFN, false);
}

PLANT(memory_is_withdrawn_between_translation_and_access, GUEST_MEMORY, VCPU0, "gfn 0x200, which is emulated now")
{
	guest_announce(m->huge_frame, HUGE_GFN, false);
	announce(m, NOTE_SLOT_EMULATED, 1);
	(void)hw_load(frame_cell(m->huge_frame)->stamp);
}
