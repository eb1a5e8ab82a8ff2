// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memslot updates: edit the set nobody can reach, publish it, wait for those in the old one.
 *
 * faithful: the order of steps and locks of create, delete, move and a flags change.
 * custom:   the inactive set is rebuilt from the active one before each edit; a slot that moves
 *           goes to and fro between two places that are its own, and not while it is logged by
 *           the CPU (see kvm_move_memslot()).
 * stubbed:  overlap checks (the configuration is checked once).
 *
 * Delete, and what each step is for:
 *   1. the slot becomes INVALID, in a new set.  The swap waits until no notifier is between
 *      start and end, so each notifier sees one set in both its halves.
 *   2. SRCU grace period: every fault that saw the live slot is over; later ones retry.
 *   3. zap everything.  From here no SPTE of the slot exists, and none can come back.
 *   4. the slot leaves the set (swap and grace period again).  A notifier for its pages now
 *      finds nothing to unmap, and there is nothing left to unmap.
 * Move is the same, but in step 4 the slot is replaced by its like elsewhere.
 */
#include "memslot.h"

#include <errno.h>

#include "apic_page.h"
#include "dirty_log.h"
#include "mmio.h"
#include "mmu.h"
#include "tlb.h"
#include "write_track.h"

/* A copy of the active set, to be edited; nobody reads it: the last grace period saw to that. */
static struct kvm_memslots *kvm_prepare_inactive(struct kvm *kvm, int as_id)
{
	struct kvm_memslots *active, *inactive;

	must_hold_either(&kvm->slots_lock);
	active = kvm_memslots_of(kvm, as_id);
	inactive = &kvm->sets[as_id][active == &kvm->sets[as_id][0]];
	*inactive = *active;
	return inactive;
}

/* slots_lock and slots_arch_lock held; the latter is released before the grace period. */
static void kvm_swap_active_memslots(struct kvm *kvm, int as_id, struct kvm_memslots *slots)
	__releases(slots_arch_lock)
{
	u64 generation;

	must_hold_either(&kvm->slots_lock);
	must_hold_either(&kvm->slots_arch_lock);
	generation = kvm_memslots_of(kvm, as_id)->generation;
	slots->generation = generation | KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS;
	if (bug(kvm, R21))
		slots->generation += KVM_ADDRESS_SPACE_NUM;

	/* No swap between a notifier's start and its end: both must find the same slots. */
	spin_lock(&kvm->mn_invalidate_lock);
	while (READ_ONCE(kvm->mn_active_invalidate_count) && !bug(kvm, R18)) {
		spin_unlock(&kvm->mn_invalidate_lock);
		(void)smp_cond_load_relaxed(&kvm->mn_active_invalidate_count, VAL == 0);
		spin_lock(&kvm->mn_invalidate_lock);
	}
	/*
	 * Release: the slots before the pointer to them.  Pairs with kvm_memslots_of().  Otherwise:
	 * updater publishes; vCPU finds a slot with the base of this update and the size of the last.
	 */
	rcu_assign_pointer(kvm->memslots[as_id], slots);
	spin_unlock(&kvm->mn_invalidate_lock);

	/*
	 * Released before waiting: it may be taken inside an SRCU section, which would then never
	 * end while the waiter holds it.
	 */
	mutex_unlock(&kvm->slots_arch_lock);
	synchronize_srcu();

	/*
	 * What readers cached under the old number, or during the update, is out of date.  Where the numbers
	 * begin anew, the zap comes before the number is believed, and after it is written into new SPTEs.
	 * First believed (152482580a1b): vCPU meets an SPTE of the round before, and emulates an access to
	 * memory.  First zapped, as in KVM (switch N8): fault writes the last number of this round into an SPTE
	 * that no zap is to come for; a round later it is believed.
	 */
	generation = (generation & ~KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS) + KVM_ADDRESS_SPACE_NUM;
	if (!bug(kvm, N8))
		slots->generation = generation | KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS;
	kvm_mmu_invalidate_mmio_sptes(kvm, generation);
	slots->generation = generation;
}

static void insert_slot(struct kvm_memslots *slots, const struct kvm_memory_slot *slot)
{
	u32 i;

	for (i = slots->nr++; i && slots->slots[i - 1].base_gfn > slot->base_gfn; i--)
		slots->slots[i] = slots->slots[i - 1];
	slots->slots[i] = *slot;
}

static void erase_slot(struct kvm_memslots *slots, u32 id)
{
	u32 i, kept = 0;

	for (i = 0; i < slots->nr; i++)
		if (slots->slots[i].id != id)
			slots->slots[kept++] = slots->slots[i];
	slots->nr = kept;
}

/* The bitmap starts at zero, or all set.  No reader has the slot yet, those of its last life are gone. */
static void kvm_set_dirty_bitmap(struct kvm *kvm, struct kvm_memory_slot *slot, bool enable)
{
	shared_u64 *bitmap = kvm->regions[slot->id].dirty_bitmap;

	if (!enable) {
		slot->flags &= ~(u32)KVM_MEM_LOG_DIRTY_PAGES;
		slot->dirty_bitmap = NULL;
		return;
	}
	for (u64 i = 0; i < DIRTY_BITMAP_WORDS(slot->npages); i++) {
		WRITE_PRIVATE(bitmap[i], kvm->config.initially_set ? ~0ULL : 0);
		WRITE_PRIVATE(kvm->regions[slot->id].got[i], 0);
	}
	if (kvm->config.initially_set && slot->npages % 64)
		WRITE_PRIVATE(bitmap[slot->npages / 64], BIT_ULL(slot->npages % 64) - 1);
	slot->flags |= KVM_MEM_LOG_DIRTY_PAGES;
	slot->dirty_bitmap = bitmap;
}

/* slots_lock held.  Everything goes, not only the slot: the kernel's default for such VMs. */
static void kvm_arch_flush_shadow_memslot(struct kvm *kvm)
{
	must_hold_either(&kvm->slots_lock);
	kvm_mmu_zap_all_fast(kvm);
}

/* First half of a delete and of a move: from here no SPTE of the slot exists, nor comes back. */
static void kvm_invalidate_memslot(struct kvm *kvm, int as_id, u32 region)
{
	struct kvm_memslots *slots;

	must_hold_either(&kvm->slots_lock);

	mutex_lock(&kvm->slots_arch_lock);
	slots = kvm_prepare_inactive(kvm, as_id);
	id_to_memslot(slots, region)->flags |= KVM_MEMSLOT_INVALID;
	kvm_swap_active_memslots(kvm, as_id, slots);

	kvm_arch_flush_shadow_memslot(kvm);
	/* After the grace period: who looks the page up from here on finds the slot invalid. */
	kvm_apic_page_invalidate(kvm, id_to_memslot(slots, region));
	note(NOTE_SLOT_GONE, kvm, region);
}

static struct kvm_memory_slot region_to_slot(struct kvm *kvm, u32 region, u32 flags)
{
	const struct kvm_memory_region *r = &kvm->regions[region];
	struct kvm_memory_slot slot = {
		.base_gfn = r->base_gfn, .npages = r->npages, .userspace_addr = r->userspace_addr,
		.id = (u16)region, .as_id = r->as_id,
	};

	kvm_set_dirty_bitmap(kvm, &slot, flags & KVM_MEM_LOG_DIRTY_PAGES);
	return slot;
}

/* Nobody can be reading yet, so the first sets are built in place. */
void kvm_init_memslots(struct kvm *kvm)
{
	for (int as_id = 0; as_id < KVM_ADDRESS_SPACE_NUM; as_id++) {
		kvm->sets[as_id][0].generation = (u64)as_id;	/* those of two address spaces never meet */
		WRITE_PRIVATE(kvm->memslots[as_id], &kvm->sets[as_id][0]);
	}
	for (u32 region = 0; region < kvm->nr_regions; region++) {
		struct kvm_memory_slot slot = region_to_slot(kvm, region, kvm->regions[region].flags);

		insert_slot(&kvm->sets[slot.as_id][0], &slot);
	}
}

int kvm_create_memslot(struct kvm *kvm, u32 region, u32 flags)
{
	int as_id = kvm->regions[region].as_id;
	struct kvm_memslots *slots;
	struct kvm_memory_slot slot;

	must_hold_none(&kvm->mmu_lock);

	mutex_lock(&kvm->slots_lock);
	if (id_to_memslot(kvm_memslots_of(kvm, as_id), region)) {
		mutex_unlock(&kvm->slots_lock);
		return -EEXIST;
	}
	kvm_write_track_reset(kvm, region);
	mutex_lock(&kvm->slots_arch_lock);
	slot = region_to_slot(kvm, region, flags);
	slots = kvm_prepare_inactive(kvm, as_id);
	insert_slot(slots, &slot);
	note(NOTE_SLOT_PLACED, kvm, slot.base_gfn << 8 | region);
	kvm_swap_active_memslots(kvm, as_id, slots);
	/* Its bitmap began at zero: to user space this is a new log. */
	if (flags & KVM_MEM_LOG_DIRTY_PAGES)
		note(NOTE_DIRTY_LOG_ON, &kvm->regions[region], region);
	note(NOTE_SLOT_LIVE, kvm, region);
	mutex_unlock(&kvm->slots_lock);
	return 0;
}

int kvm_delete_memslot(struct kvm *kvm, u32 region, u32 *old_flags)
{
	int as_id = kvm->regions[region].as_id;
	struct kvm_memory_slot *slot;
	struct kvm_memslots *slots;

	must_hold_none(&kvm->mmu_lock);

	mutex_lock(&kvm->slots_lock);
	slot = id_to_memslot(kvm_memslots_of(kvm, as_id), region);
	if (!slot) {
		mutex_unlock(&kvm->slots_lock);
		return -ENOENT;
	}
	*old_flags = slot->flags;
	note(NOTE_DIRTY_LOG_OFF, kvm, region);

	kvm_invalidate_memslot(kvm, as_id, region);

	mutex_lock(&kvm->slots_arch_lock);
	slots = kvm_prepare_inactive(kvm, as_id);
	erase_slot(slots, region);
	kvm_swap_active_memslots(kvm, as_id, slots);
	mutex_unlock(&kvm->slots_lock);
	return 0;
}

int kvm_move_memslot(struct kvm *kvm, u32 region)
{
	const struct kvm_memory_region *r = &kvm->regions[region];
	struct kvm_memory_slot *slot, moved;
	struct kvm_memslots *slots;

	must_hold_none(&kvm->mmu_lock);

	mutex_lock(&kvm->slots_lock);
	slot = id_to_memslot(kvm_memslots_of(kvm, r->as_id), region);
	if (!slot || r->move_gfn == INVALID_GPA) {
		mutex_unlock(&kvm->slots_lock);
		return -ENOENT;
	}
	/*
	 * Here the kernel goes on, and may lose a write.  The CPU's log names gfns, and is emptied
	 * after the exit that the zap waits for:
	 *   vCPU: writes gfn, logged by the CPU; kicked, acknowledges | mover: zapped, publishes the
	 *   slot elsewhere | vCPU: enters its SRCU section, empties the log: no slot has this gfn
	 */
	if (kvm->config.pml && kvm_slot_dirty_track_enabled(slot) && !bug(kvm, N5)) {
		mutex_unlock(&kvm->slots_lock);
		return -EBUSY;
	}
	/* Memory, flags and bitmap go with it.  A copy: `slot` may be edited once it is inactive. */
	moved = *slot;
	moved.base_gfn = slot->base_gfn == r->base_gfn ? r->move_gfn : r->base_gfn;

	kvm_invalidate_memslot(kvm, r->as_id, region);
	kvm_write_track_reset(kvm, region);

	mutex_lock(&kvm->slots_arch_lock);
	slots = kvm_prepare_inactive(kvm, r->as_id);
	erase_slot(slots, region);
	insert_slot(slots, &moved);
	note(NOTE_SLOT_PLACED, kvm, moved.base_gfn << 8 | region);
	kvm_swap_active_memslots(kvm, r->as_id, slots);
	note(NOTE_SLOT_LIVE, kvm, region);
	mutex_unlock(&kvm->slots_lock);
	return 0;
}

int kvm_set_memslot_dirty_logging(struct kvm *kvm, u32 region, bool enable)
{
	int as_id = kvm->regions[region].as_id, r = 0;
	struct kvm_memory_slot *slot;
	struct kvm_memslots *slots;

	must_hold_none(&kvm->mmu_lock);

	mutex_lock(&kvm->slots_lock);
	slot = id_to_memslot(kvm_memslots_of(kvm, as_id), region);
	if (!slot || kvm_slot_dirty_track_enabled(slot) == enable) {
		r = slot ? 0 : -ENOENT;
		goto unlock;
	}
	mutex_lock(&kvm->slots_arch_lock);
	if (!enable)
		note(NOTE_DIRTY_LOG_OFF, kvm, region);
	slots = kvm_prepare_inactive(kvm, as_id);
	slot = id_to_memslot(slots, region);
	kvm_set_dirty_bitmap(kvm, slot, enable);
	kvm_swap_active_memslots(kvm, as_id, slots);

	/* No fault works with the old flags any more, hence none can undo the protection. */
	kvm_mmu_slot_apply_flags(kvm, slot, enable);
	/*
	 * Unconditional, and after mmu_lock: SPTEs may have been write-protected before by somebody
	 * whose flush is still to come.  slots_lock orders it with the next ioctl.
	 */
	if (enable) {
		kvm_flush_remote_tlbs_memslot(kvm, slot);
		note(NOTE_DIRTY_LOG_ON, &kvm->regions[region], region);
	}
unlock:
	mutex_unlock(&kvm->slots_lock);
	return r;
}
