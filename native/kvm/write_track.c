// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write tracking.  A tracked gfn is mapped without W and without MMU-writable, and by 4K only, so that
 * each write to it exits and is emulated, where the one who tracks it looks on.
 *
 * faithful: set under mmu_lock for write, together with the protection of what is mapped, and flushed before
 *           the lock is dropped; asked when an SPTE is made, with the lock held; a write fault on it goes to
 *           the emulator.
 * custom:   a bit for each page, not a count: there is one who tracks.  Blocks that may not be huge
 *           are found by their bits (the kernel counts them in lpage_info).  What the emulator
 *           would write is dropped.
 * stubbed:  the callbacks; the shadow MMU, which is the other user.
 *
 * Two reasons take W away.  Dirty logging keeps MMU-writable, so that a fast fault may give W back, and its
 * flush may come after mmu_lock.  Tracking must take MMU-writable too, also where W is gone already, and
 * flush before the lock is dropped: the flush of the other may be still to come (switch A12).
 */
#include "write_track.h"

#include <errno.h>

#include "dirty_log.h"
#include "memslot.h"
#include "tdp_mmu.h"
#include "tlb.h"

bool kvm_gfn_is_write_tracked(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn)
{
	const struct kvm_memory_region *region = &kvm->regions[slot->id];
	const u64 rel = gfn - slot->base_gfn;

	if (likely(!READ_ONCE(kvm->nr_write_tracked)))
		return false;
	return READ_ONCE(region->write_tracked[rel / 64]) & BIT_ULL(rel % 64);
}

bool kvm_block_is_write_tracked(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn, int level)
{
	const u64 nr = KVM_PAGES_PER_HPAGE(level);
	const gfn_t base = max(round_down(gfn, nr), slot->base_gfn);
	const gfn_t end = min(round_down(gfn, nr) + nr, slot->base_gfn + slot->npages);

	must_hold_read(&kvm->mmu_lock);
	if (likely(!READ_ONCE(kvm->nr_write_tracked)))
		return false;
	for (gfn_t i = base; i < end; i++)
		if (READ_PRIVATE(kvm->regions[slot->id].write_tracked[(i - slot->base_gfn) / 64]) &
		    BIT_ULL((i - slot->base_gfn) % 64))
			return true;
	return false;
}

/* The slot that contains gfn, to be changed; NULL where there is none, or it is being deleted. */
static struct kvm_memory_slot *slot_to_track(struct kvm *kvm, int as_id, gfn_t gfn)
{
	struct kvm_memory_slot *slot;

	must_hold_srcu();
	slot = gfn_to_memslot(kvm_memslots_of(kvm, as_id), gfn);
	return slot && !(slot->flags & KVM_MEMSLOT_INVALID) ? slot : NULL;
}

static void update_gfn_write_track(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn, bool track)
{
	shared_u64 *word = &kvm->regions[slot->id].write_tracked[(gfn - slot->base_gfn) / 64];
	const u64 bit = BIT_ULL((gfn - slot->base_gfn) % 64);

	must_hold_write(&kvm->mmu_lock);
	WRITE_ONCE(*word, data_read(*word) ^ bit);
	WRITE_ONCE(kvm->nr_write_tracked, data_read(kvm->nr_write_tracked) + (track ? 1 : (u64)-1));
}

int kvm_write_track_add_gfn(struct kvm *kvm, int as_id, gfn_t gfn)
{
	struct kvm_memory_slot *slot;
	int r = -EINVAL;

	must_hold_none(&kvm->mmu_lock);

	/* SRCU: the slot stays, and with it what is said of its pages. */
	srcu_read_lock();
	slot = slot_to_track(kvm, as_id, gfn);
	if (!slot)
		goto out;
	write_lock(&kvm->mmu_lock);
	if (!kvm_gfn_is_write_tracked(kvm, slot, gfn)) {
		update_gfn_write_track(kvm, slot, gfn, true);
		/*
		 * Before the lock is dropped: whoever finds the page protected afterwards will not
		 * flush, nor will we; and the one who tracks believes that no write escapes him.
		 */
		if (kvm_tdp_mmu_write_protect_gfn(kvm, slot, gfn, PG_LEVEL_4K))
			kvm_flush_remote_tlbs(kvm);
		note(NOTE_WRITE_TRACKED, kvm, gfn << 1 | (u64)as_id);
		r = 0;
	}
	write_unlock(&kvm->mmu_lock);
out:
	srcu_read_unlock();
	return r;
}

int kvm_write_track_remove_gfn(struct kvm *kvm, int as_id, gfn_t gfn)
{
	struct kvm_memory_slot *slot;
	int r = -EINVAL;

	must_hold_none(&kvm->mmu_lock);

	srcu_read_lock();
	slot = slot_to_track(kvm, as_id, gfn);
	if (!slot)
		goto out;
	write_lock(&kvm->mmu_lock);
	if (kvm_gfn_is_write_tracked(kvm, slot, gfn)) {
		note(NOTE_WRITE_UNTRACKED, kvm, gfn << 1 | (u64)as_id);
		update_gfn_write_track(kvm, slot, gfn, false);
		r = 0;
	}
	write_unlock(&kvm->mmu_lock);
out:
	srcu_read_unlock();
	return r;
}

void kvm_write_track_reset(struct kvm *kvm, u32 region)
{
	struct kvm_memory_region *r = &kvm->regions[region];
	u64 tracked = 0;

	for (u64 i = 0; i < DIRTY_BITMAP_WORDS(r->npages); i++) {
		tracked += (u64)__builtin_popcountll(data_read(r->write_tracked[i]));
		data_write(r->write_tracked[i], 0);
	}
	if (!tracked)
		return;
	/* Its other writers hold mmu_lock. */
	write_lock(&kvm->mmu_lock);
	WRITE_ONCE(kvm->nr_write_tracked, data_read(kvm->nr_write_tracked) - tracked);
	write_unlock(&kvm->mmu_lock);
}
