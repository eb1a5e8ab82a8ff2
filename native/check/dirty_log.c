// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty logging as live migration sees it (spec T3, Q6): user space copies all of a slot when
 * its log is switched on, then, round by round, the pages whose bits it is given.  When all
 * stands still, a page that was written after its last copy is marked in the bitmap, or the
 * destination has an old page and nobody knows.
 *
 * Independent: that a page was written is told by guest accesses, that it was copied by the
 * notes of what reached user space, which copies at the earliest moment; SPTEs are not asked.
 * A log that begins all set promises no copy of the whole: each page is copied or marked.
 *
 * Running free: a write is recorded after it was done and before its CPU leaves the guest, so
 * that a round, which is noted after its flush, finds the writes from before the flush.
 */
#include "shadow.h"

static struct guest_shadow *page_of(const struct check_slot *slot, u64 rel)
{
	u64 n = slot->ghost + rel;

	shadow_touch(arena_of()->frames->guest_first + (u32)n);
	return &check_of()->guest[n];
}

static void period_begins(struct check *c, struct check_slot *slot)
{
	__atomic_store_n(&slot->log_period, __atomic_add_fetch(&c->log_periods, 1, __ATOMIC_ACQ_REL),
			 __ATOMIC_RELEASE);
}

/* Slots that are logged from the start: nothing has been written that was not copied. */
void dirty_log_adopt(struct check *c, struct kvm *kvm)
{
	u32 i;

	for (i = 0; i < c->nr_slots; i++)
		if (kvm->regions[i].flags & KVM_MEM_LOG_DIRTY_PAGES)
			period_begins(c, &c->slot[i]);
}

static void copied(const struct event *ev)
{
	const struct kvm *kvm = kvm_of();
	struct check *c = check_of();
	u64 bits = ev->expected, word;
	u32 i;

	for (i = 0; i < c->nr_slots; i++) {
		const struct check_slot *slot = &c->slot[i];

		word = ((u64)ev->addr - (u64)kvm->regions[i].dirty_bitmap) / sizeof(u64);
		if (word * 64 >= slot->npages)
			continue;
		for (; bits; bits &= bits - 1) {
			u64 rel = word * 64 + (u64)__builtin_ctzll(bits);

			if (rel >= slot->npages)
				continue;
			__atomic_store_n(&page_of(slot, rel)->unsaved, 0, __ATOMIC_RELEASE);
			__atomic_store_n(&page_of(slot, rel)->copied, slot->log_period, __ATOMIC_RELEASE);
		}
		return;
	}
}

void dirty_log_note(const struct event *ev)
{
	struct check *c = check_of();

	if (ev->operand == NOTE_DIRTY_LOG_ON)
		period_begins(c, &c->slot[ev->expected]);
	else
		copied(ev);
}

/* A guest write through address space `as_id` has been done; `ghost` is that of the page. */
void dirty_log_written(u32 as_id, u64 *ghost)
{
	struct check *c = check_of();
	struct guest_shadow *page = container_of(ghost, struct guest_shadow, ghost);
	u64 n = (u64)(page - c->guest);
	u32 i, period;

	for (i = 0; i < c->nr_slots; i++) {
		if (c->slot[i].as_id != as_id || n - c->slot[i].ghost >= c->slot[i].npages)
			continue;
		period = __atomic_load_n(&c->slot[i].log_period, __ATOMIC_ACQUIRE);
		if (period)
			__atomic_store_n(&page->unsaved, period, __ATOMIC_RELEASE);
		return;
	}
}

static const struct kvm_memory_slot *logged_slot(struct kvm *kvm, u32 region)
{
	const struct kvm_memslots *set = peek(kvm->memslots[kvm->regions[region].as_id]);
	u32 i;

	for (i = 0; set && i < set->nr; i++)
		if (set->slots[i].id == region)
			return set->slots[i].flags & KVM_MEM_LOG_DIRTY_PAGES ? &set->slots[i] : NULL;
	return NULL;
}

static void check_slot_pages(struct kvm *kvm, const struct check_slot *slot, const struct kvm_memory_slot *active)
{
	const struct check *c = check_of();
	u64 rel;

	for (rel = 0; rel < slot->npages; rel++) {
		const struct guest_shadow *page = &c->guest[slot->ghost + rel];

		if (peek(active->dirty_bitmap[rel / 64]) & BIT_ULL(rel % 64))
			continue;
		if (page->unsaved == slot->log_period)
			violation(ORACLE_DIRTY_LOG, __here("dirty log"), &active->dirty_bitmap[rel / 64],
				  "gfn 0x%llx was written after it was last copied, and its dirty bit is clear: the "
				  "write does not reach the destination", (unsigned long long)(active->base_gfn + rel));
		if (kvm->config.initially_set && page->copied != slot->log_period)
			violation(ORACLE_DIRTY_LOG, __here("dirty log"), &active->dirty_bitmap[rel / 64],
				  "gfn 0x%llx was never copied since its log began, and its dirty bit is clear",
				  (unsigned long long)(active->base_gfn + rel));
	}
}

void dirty_log_quiescent(struct kvm *kvm)
{
	const struct check *c = check_of();
	u32 i;

	for (i = 0; i < c->nr_slots; i++) {
		const struct kvm_memory_slot *active = logged_slot(kvm, i);

		if (active && active->dirty_bitmap && c->slot[i].log_period)
			check_slot_pages(kvm, &c->slot[i], active);
	}
}
