// SPDX-License-Identifier: GPL-2.0-only
/* dirty-log: each guest write to a logged slot is reported after it was made. */
#include "../kvm/spte.h"
#include "plant.h"

/* Slot 0 of this world is logged from the start. */
#define LOGGED(name_, text_)	__PLANT(name_, text_, NULL, ORACLE_DIRTY_LOG, VCPU0, WORLD_DIRTY_LOG)

/* And of this one; no copy of all of it was promised. */
#define ALL_SET(name_, text_)	__PLANT(name_, text_, NULL, ORACLE_DIRTY_LOG, VCPU0, WORLD_ALL_SET)

static shared_u64 *bitmap(struct machine *m)
{
	return READ_PRIVATE(m->kvm->memslots[0])->slots[0].dirty_bitmap;
}

/* A round takes the bit of the leaf's page, and has not given it to user space yet. */
static void take(struct machine *m)
{
	become(HOST0);
	clear_bit(LEAF_GFN, bitmap(m));
	poke(*m->leaf_at, m->leaf & ~(CK_W | CK_D));
	note(NOTE_DIRTY_TAKEN, bitmap(m), BIT_ULL(LEAF_GFN));
	become(VCPU0);
}

static void end_round(struct machine *m)
{
	become(HOST0);
	note(NOTE_DIRTY_COPIED, bitmap(m), BIT_ULL(LEAF_GFN));
	become(VCPU0);
}

static void at_rest(struct machine *m)
{
	poke(*m->leaf_at, READ_PRIVATE(*m->leaf_at) & ~(CK_W | CK_D));
	become(BOSS);
	check_quiescent();
}

LOGGED(a_write_is_marked_before_the_round_or_after_it, NULL)
{
	set_bit(LEAF_GFN, bitmap(m));
	guest_write(m->frame, LEAF_GFN);
	take(m);
	guest_write(m->frame, LEAF_GFN);
	end_round(m);
	set_bit(LEAF_GFN, bitmap(m));
	guest_write(m->frame, LEAF_GFN);
	at_rest(m);
}

LOGGED(a_slot_that_is_not_logged_may_be_written, NULL)
{
	guest_write(m->huge_frame, HUGE_GFN);
}

LOGGED(a_write_goes_unseen, "of logged slot 0 goes unseen")
{
	clear_bit(LEAF_GFN, bitmap(m));
	guest_write(m->frame, LEAF_GFN);
}

LOGGED(a_write_after_the_round_goes_unseen, "of logged slot 0 goes unseen")
{
	set_bit(LEAF_GFN, bitmap(m));
	take(m);
	end_round(m);
	guest_write(m->frame, LEAF_GFN);
}

LOGGED(the_mark_of_a_write_is_lost, "was written after it was last copied, and its dirty bit is clear")
{
	set_bit(LEAF_GFN, bitmap(m));
	guest_write(m->frame, LEAF_GFN);
	clear_bit(LEAF_GFN, bitmap(m));
	at_rest(m);
}

/* ------------------------------------------------------------------ a fast fault makes writable, then marks */

static u64 write_protect(struct machine *m)
{
	clear_bit(LEAF_GFN, bitmap(m));
	poke(*m->leaf_at, m->leaf & ~(CK_W | CK_D));
	return m->leaf & ~(CK_W | CK_D);
}

LOGGED(another_vcpu_writes_before_a_fast_fault_has_marked_the_page, NULL)
{
	u64 old = write_protect(m);

	replace(m->leaf_at, old, old | CK_W);
	become(VCPU1);
	guest_write(m->frame, LEAF_GFN);
	become(VCPU0);
	set_bit(LEAF_GFN, bitmap(m));
	guest_write(m->frame, LEAF_GFN);
}

LOGGED(a_fast_fault_never_marks_the_page, "of logged slot 0 goes unseen")
{
	u64 old = write_protect(m);

	replace(m->leaf_at, old, old | CK_W);
	guest_write(m->frame, LEAF_GFN);
}

/* User space copied all of it when the log was switched on. */
LOGGED(what_nobody_wrote_is_neither_copied_nor_marked, NULL)
{
	clear_bit(LEAF_GFN, bitmap(m));
	at_rest(m);
}

/* ------------------------------------------------------------------ a log that begins all set */

ALL_SET(what_is_marked_need_not_have_been_copied, NULL)
{
	at_rest(m);
}

ALL_SET(what_was_copied_need_not_be_marked, NULL)
{
	take(m);
	end_round(m);
	at_rest(m);
}

ALL_SET(a_page_is_neither_copied_nor_marked, "gfn 0x3 was never copied since its log began")
{
	clear_bit(LEAF_GFN, bitmap(m));
	at_rest(m);
}

ALL_SET(a_round_takes_a_bit_and_is_not_copied, "gfn 0x3 was never copied since its log began")
{
	take(m);
	at_rest(m);
}

ALL_SET(a_copy_of_the_last_period_does_not_count, "gfn 0x3 was never copied since its log began")
{
	take(m);
	end_round(m);
	note(NOTE_DIRTY_LOG_OFF, m->kvm, 0);
	note(NOTE_DIRTY_LOG_ON, &m->kvm->regions[0], 0);
	at_rest(m);
}

ALL_SET(a_page_beyond_the_slot_is_reported, "the log of slot 0 reports page 16, and the slot has 16")
{
	become(HOST0);
	note(NOTE_DIRTY_TAKEN, bitmap(m), BIT_ULL(15) | BIT_ULL(16));
}

/* ------------------------------------------------------------------ armed when user space builds on it */

LOGGED(a_page_is_copied_and_can_be_written_unseen, "the page is copied, and gfn 0x3 can be written unseen")
{
	take(m);
	poke(*m->leaf_at, m->leaf | CK_W);
	end_round(m);
}

LOGGED(a_page_is_copied_under_a_stale_translation, "the TLB of vcpu1 lets gfn 0x3 be written unseen")
{
	struct kvm_vcpu *vcpu = &m->kvm->vcpus[1];

	take(m);
	vcpu->mmu.root_hpa = m->root->pfn;
	vcpu->tlb.leaf[LEAF_GFN] = (struct tlb_entry){
		.gfn = LEAF_GFN, .pfn = m->frame, .level = PG_LEVEL_4K, .valid = 1, .writable = 1, .dirty = 1,
	};
	end_round(m);
}

LOGGED(a_stale_translation_that_a_flush_waits_for_is_no_harm, NULL)
{
	struct kvm_vcpu *vcpu = &m->kvm->vcpus[1];

	take(m);
	vcpu->mmu.root_hpa = m->root->pfn;
	WRITE_PRIVATE(vcpu->requests, BIT_ULL(KVM_REQ_TLB_FLUSH));
	vcpu->tlb.leaf[LEAF_GFN] = (struct tlb_entry){
		.gfn = LEAF_GFN, .pfn = m->frame, .level = PG_LEVEL_4K, .valid = 1, .writable = 1, .dirty = 1,
	};
	end_round(m);
}

LOGGED(a_log_is_in_force_over_a_writable_page, "the log is in force, and gfn 0x0 can be written unseen")
{
	clear_bit(0, bitmap(m));
	poke(*sptep_of(m, 0, PG_LEVEL_4K), READ_PRIVATE(*sptep_of(m, 0, PG_LEVEL_4K)) | CK_W);
	note(NOTE_DIRTY_LOG_ON, &m->kvm->regions[0], 0);
}
