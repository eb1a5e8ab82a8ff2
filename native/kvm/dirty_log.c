// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty logging: setting bits, and reaping them for a round of live migration.
 *
 * faithful: reap the bit, then protect the SPTE, then flush, then return; whether to flush is
 *           decided by the bits that were reaped, never by whether an SPTE changed (an SPTE
 *           may be clean already while a CPU still has a stale writable translation).
 * custom:   bits are 64 gfns a word, set and reaped by locked operations on whole words.
 * stubbed:  the manual-protect variant (clear ioctl), dirty rings, the copy to user space.
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

/* Reap and protect.  mmu_lock for write: no fault may install a writable SPTE between the two. */
static bool reap_dirty_bitmap(struct kvm *kvm, struct kvm_memory_slot *slot)
{
	bool flush = false;
	u64 i, mask;

	must_hold_write(&kvm->mmu_lock);
	for (i = 0; i < DIRTY_BITMAP_WORDS(slot->npages); i++) {
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
		kvm_arch_mmu_enable_log_dirty_pt_masked(kvm, slot, i * 64, mask);
	}
	return flush;
}

int kvm_get_dirty_log(struct kvm *kvm, u32 region)
{
	struct kvm_memory_slot *slot;
	int r = -ENOENT;
	bool flush;

	must_hold_none(&kvm->mmu_lock);

	mutex_lock(&kvm->slots_lock);
	slot = id_to_memslot(kvm_memslots_of(kvm, kvm->regions[region].as_id), region);
	if (!slot || !kvm_slot_dirty_track_enabled(slot))
		goto unlock;
	/* vCPUs empty their logs at an exit: what was written before is reported early, not late. */
	if (kvm->config.pml)
		kvm_kick_all_vcpus(kvm);

	write_lock(&kvm->mmu_lock);
	flush = reap_dirty_bitmap(kvm, slot);
	write_unlock(&kvm->mmu_lock);
	/*
	 * After mmu_lock, before slots_lock is released and the bits are believed: a write through
	 * a stale translation up to here belongs to a page that has just been reported.
	 */
	if (flush)
		kvm_flush_remote_tlbs_memslot(kvm, slot);
	note(NOTE_DIRTY_ROUND, slot, region);
	r = 0;
unlock:
	mutex_unlock(&kvm->slots_lock);
	return r;
}
