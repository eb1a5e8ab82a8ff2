// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dirty log as live migration uses it: user space copies the pages that a round reports, at
 * the end of the round, and everything when logging starts.  A write after the copy has to be
 * reported by a later round, so from the moment it is made something must say so.
 *
 * Independent: writes are those that guests were seen to make, rounds are what the ioctl was
 * seen to give.  No SPTE is asked, hence neither W, D, the TLB nor a flush is taken for granted.
 *
 * Two rules.  Controlled, at each write: the page's bit is set, or some CPU has it in its log, or
 * the round that took the bit is not over.  At quiescence, in any execution: a page that was
 * written since it was copied has its bit set.
 *
 * Running free, a write is recorded before it is made, and forgotten when a round that took its
 * bit ends: a race between the two can only forget one that should be remembered.
 */
#include "shadow.h"

static const struct kvm_memory_slot *logged_slot(u32 id)
{
	const struct check_slot *s = &check_of()->slot[id];
	const struct kvm_memslots *set = peek(kvm_of()->memslots[s->as_id]);
	u32 i;

	if (!__atomic_load_n(&s->logged, __ATOMIC_ACQUIRE))
		return NULL;
	for (i = 0; i < set->nr; i++)
		if (set->slots[i].id == id && (set->slots[i].flags & KVM_MEM_LOG_DIRTY_PAGES))
			return &set->slots[i];
	return NULL;
}

static struct guest_shadow *shadow_page(u32 id, u64 index)
{
	u64 ghost = check_of()->slot[id].ghost + index;

	shadow_touch(arena_of()->frames->guest_first + (u32)ghost);
	return &check_of()->guest[ghost];
}

static bool bit_is_set(const struct kvm_memory_slot *slot, u64 index)
{
	return slot->dirty_bitmap && (peek(slot->dirty_bitmap[index / 64]) & BIT_ULL(index % 64));
}

/* Which CPU's log names a page does not matter: an entry that one CPU made dirty serves all. */
static bool in_some_log(u32 as_id, gfn_t gfn)
{
	const struct kvm *kvm = kvm_of();
	u32 i, j;

	for (i = 0; i < kvm->online_vcpus; i++)
		for (j = 0; kvm->vcpus[i].as_id == as_id && j < kvm->vcpus[i].nr_pml; j++)
			if (kvm->vcpus[i].pml[j] == gfn)
				return true;
	return false;
}

/* A guest is about to write to `gfn`, which lies in the configured slot `id`. */
void dirty_log_write(const struct event *ev, u32 id, gfn_t gfn)
{
	const struct check_slot *s = &check_of()->slot[id];
	const struct kvm_memory_slot *slot;
	u64 index = gfn - s->base_gfn;
	struct guest_shadow *page;

	if (!__atomic_load_n(&s->logged, __ATOMIC_ACQUIRE))
		return;
	page = shadow_page(id, index);
	__atomic_fetch_or(&page->unsent, (u8)BIT_ULL(id), __ATOMIC_ACQ_REL);
	if (!arena_of()->controlled || (page->taken & BIT_ULL(id)))
		return;
	slot = logged_slot(id);
	if (!slot || bit_is_set(slot, index) || in_some_log(s->as_id, gfn))
		return;
	violation(ORACLE_DIRTY_LOG, site_of(ev), ev->addr,
		  "guest write to gfn 0x%llx of logged slot %u goes unseen: its bit is clear, and no CPU logged it",
		  (unsigned long long)gfn, id);
}

static void taken(const struct event *ev)
{
	u32 id, bit;

	for (id = 0; id < check_of()->nr_slots; id++) {
		const struct kvm_memory_slot *slot = logged_slot(id);
		u64 word = slot ? (u64)((shared_u64 *)ev->addr - slot->dirty_bitmap) : ~0ULL;

		if (!slot || word >= (slot->npages + 63) / 64)
			continue;
		for (bit = 0; bit < 64; bit++)
			if ((ev->expected & BIT_ULL(bit)) && word * 64 + bit < slot->npages)
				__atomic_fetch_or(&shadow_page(id, word * 64 + bit)->taken, (u8)BIT_ULL(id),
						  __ATOMIC_ACQ_REL);
	}
}

/* User space copies what was taken; `all`: whatever there is. */
static void copied(u32 id, bool all)
{
	const struct check_slot *s = &check_of()->slot[id];
	const u8 mine = (u8)BIT_ULL(id);
	u64 i;

	for (i = 0; i < s->npages; i++) {
		struct guest_shadow *page = &check_of()->guest[s->ghost + i];

		if (!(page->taken & mine) && !(all && (page->unsent & mine)))
			continue;
		page = shadow_page(id, i);
		__atomic_fetch_and(&page->taken, (u8)~mine, __ATOMIC_ACQ_REL);
		__atomic_fetch_and(&page->unsent, (u8)~mine, __ATOMIC_ACQ_REL);
	}
}

void dirty_log_note(const struct event *ev)
{
	u32 id = (u32)ev->expected;

	switch ((enum kvm_note)ev->operand) {
	case NOTE_DIRTY_TAKEN:
		taken(ev);
		break;
	case NOTE_DIRTY_ROUND:
		copied(id, false);
		break;
	case NOTE_DIRTY_START:
		copied(id, true);
		__atomic_store_n(&check_of()->slot[id].logged, 1, __ATOMIC_RELEASE);
		break;
	case NOTE_DIRTY_STOP:
		__atomic_store_n(&check_of()->slot[id].logged, 0, __ATOMIC_RELEASE);
		break;
	default:
		break;
	}
}

void dirty_log_quiescent(u32 id, u64 index)
{
	const struct kvm_memory_slot *slot;

	if (likely(!(check_of()->guest[check_of()->slot[id].ghost + index].unsent & BIT_ULL(id))))
		return;
	slot = logged_slot(id);
	if (!slot || bit_is_set(slot, index))
		return;
	violation(ORACLE_DIRTY_LOG, __here("dirty bit"), &slot->dirty_bitmap[index / 64],
		  "gfn 0x%llx of logged slot %u was written after it was last copied, and its dirty bit is clear",
		  (unsigned long long)(slot->base_gfn + index), id);
}
