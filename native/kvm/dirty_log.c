// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty logging: setting bits, and reaping them for a round of live migration.
 *
 * faithful: reap the bit, then protect the SPTE, then flush, then return; whether to flush is
 *           decided by the bits that were reaped, never by whether an SPTE changed (an SPTE
 *           may be clean already while a CPU still has a stale writable translation).
 * custom:   bits are 64 gfns a word, set and reaped by locked operations on whole words.
 *           Manual protect: getting leaves the log alone, clearing takes the bits that user space
 *           names; a log may begin with all bits set, and then protects nothing at first.
 *           The copy to user space is `got`, from which dirty-log-clear takes its bits; that
 *           user space copies a page is told to the oracles, and takes no time.
 * stubbed:  dirty rings.
 */
#include "dirty_log.h"

#include <errno.h>

#include "memslot.h"
#include "mmu.h"
#include "tlb.h"

void mark_page_dirty_in_slot(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn)
{
	u64 rel_gfn;

	if (!slot || !kvm_slot_dirty_track_enabled(slot))
		return;
	rel_gfn = gfn - slot->base_gfn;
	set_bit(rel_gfn % 64, &slot->dirty_bitmap[rel_gfn / 64]);
}

/* The bits have reached user space, who copies these pages at the earliest moment: now. */
static void tell_copied(shared_u64 *word, u64 mask)
{
	if (mask)
		note(NOTE_DIRTY_COPIED, word, mask);
}

/*
 * Reap and protect, and leave what was reaped in `got`.  mmu_lock for write: no fault may install a
 * writable SPTE between the two.
 */
static bool reap_dirty_bitmap(struct kvm *kvm, struct kvm_memory_slot *slot, shared_u64 *got)
{
	bool flush = false;
	u64 i, mask;

	must_hold_write(&kvm->mmu_lock);
	must_hold_either(&kvm->slots_lock);
	for (i = 0; i < DIRTY_BITMAP_WORDS(slot->npages); i++) {
		WRITE_PRIVATE(got[i], 0);
		if (!READ_SCAN(slot->dirty_bitmap[i]))
			continue;
		flush = true;
		/*
		 * The bit is taken before the SPTE is protected (full barrier; pairs with
		 * mark_page_dirty_in_slot() of a vCPU).  The other way round: protect; the vCPU writes
		 * through its stale TLB entry and sets the bit; reap eats a bit whose page is not copied.
		 */
		mask = xchg(&slot->dirty_bitmap[i], 0);
		note(NOTE_DIRTY_TAKEN, &slot->dirty_bitmap[i], mask);
		WRITE_PRIVATE(got[i], mask);
		kvm_arch_mmu_enable_log_dirty_pt_masked(kvm, slot, i * 64, mask);
	}
	return flush;
}

/* NULL: it does not exist, or is not logged. */
static struct kvm_memory_slot *logged_slot(struct kvm *kvm, u32 region)
{
	struct kvm_memory_slot *slot;

	must_hold_none(&kvm->mmu_lock);
	must_hold_either(&kvm->slots_lock);

	slot = id_to_memslot(kvm_memslots_of(kvm, kvm->regions[region].as_id), region);
	if (!slot || !kvm_slot_dirty_track_enabled(slot))
		return NULL;
	/* vCPUs empty their logs at an exit: what was written before is reported early, not late. */
	if (kvm->config.pml)
		kvm_kick_all_vcpus(kvm);
	return slot;
}

int kvm_get_dirty_log(struct kvm *kvm, u32 region)
{
	shared_u64 *got = kvm->regions[region].got;
	struct kvm_memory_slot *slot;
	bool flush;
	u64 i;

	must_hold_none(&kvm->mmu_lock);

	mutex_lock(&kvm->slots_lock);
	slot = logged_slot(kvm, region);
	if (!slot) {
		mutex_unlock(&kvm->slots_lock);
		return -ENOENT;
	}
	if (kvm->config.manual_protect) {
		/* A look: what is set stays set, and what stays set may be written unnoticed. */
		for (i = 0; i < DIRTY_BITMAP_WORDS(slot->npages); i++)
			WRITE_PRIVATE(got[i], READ_SCAN(slot->dirty_bitmap[i]));
		goto unlock;
	}

	write_lock(&kvm->mmu_lock);
	flush = reap_dirty_bitmap(kvm, slot, got);
	write_unlock(&kvm->mmu_lock);
	if (bug(kvm, R01)) {
		for (i = 0; i < DIRTY_BITMAP_WORDS(slot->npages); i++)
			tell_copied(&slot->dirty_bitmap[i], READ_PRIVATE(got[i]));
		mutex_unlock(&kvm->slots_lock);
		if (flush)
			kvm_flush_remote_tlbs(kvm);
		return 0;
	}
	/*
	 * After mmu_lock, before slots_lock is released and the bits are believed: a write through
	 * a stale translation up to here belongs to a page that has just been reported.
	 */
	if (flush)
		kvm_flush_remote_tlbs_memslot(kvm, slot);
	for (i = 0; i < DIRTY_BITMAP_WORDS(slot->npages); i++)
		tell_copied(&slot->dirty_bitmap[i], READ_PRIVATE(got[i]));
unlock:
	mutex_unlock(&kvm->slots_lock);
	return 0;
}

/* Take the bits out of the log that user space asks for, and re-arm their pages.  What was taken, in `got`. */
static bool clear_dirty_bitmap(struct kvm *kvm, struct kvm_memory_slot *slot, shared_u64 *got, u64 first, u64 end)
{
	bool flush = false;
	u64 i, mask;

	must_hold_write(&kvm->mmu_lock);
	must_hold_either(&kvm->slots_lock);
	for (i = first; i < end; i++) {
		mask = READ_PRIVATE(got[i]);
		if (!mask)
			continue;
		/* Only what was really set: a bit that is clear has been taken, and armed, before. */
		mask &= fetch_and(&slot->dirty_bitmap[i], ~mask);
		note(NOTE_DIRTY_TAKEN, &slot->dirty_bitmap[i], mask);
		WRITE_PRIVATE(got[i], mask);
		if (!mask)
			continue;
		flush = true;
		kvm_arch_mmu_enable_log_dirty_pt_masked(kvm, slot, i * 64, mask);
	}
	return flush;
}

int kvm_clear_dirty_log(struct kvm *kvm, u32 region, u64 first_page, u64 npages)
{
	shared_u64 *got = kvm->regions[region].got;
	struct kvm_memory_slot *slot;
	u64 i, first, end;
	bool flush;

	must_hold_none(&kvm->mmu_lock);

	mutex_lock(&kvm->slots_lock);
	slot = logged_slot(kvm, region);
	if (!slot) {
		mutex_unlock(&kvm->slots_lock);
		return -ENOENT;
	}
	first = first_page / 64;
	end = min(DIRTY_BITMAP_WORDS(slot->npages), DIRTY_BITMAP_WORDS(first_page + npages));

	write_lock(&kvm->mmu_lock);
	flush = clear_dirty_bitmap(kvm, slot, got, first, end);
	write_unlock(&kvm->mmu_lock);
	/* As in kvm_get_dirty_log(): by what was reaped, and before user space believes it. */
	if (flush)
		kvm_flush_remote_tlbs_memslot(kvm, slot);
	for (i = first; i < end; i++) {
		tell_copied(&slot->dirty_bitmap[i], READ_PRIVATE(got[i]));
		WRITE_PRIVATE(got[i], 0);
	}
	mutex_unlock(&kvm->slots_lock);
	return 0;
}
