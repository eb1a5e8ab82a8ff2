// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is withdrawn from the guest is mapped nowhere, and is not mapped again: pages that the host
 * is taking back (from the return of invalidate_range_start), a memslot that has left its place,
 * memory that is emulated from now on; and nothing is mapped below a root that is invalid.
 * Spec R4 (its other half), X6, Q3 at the moment when it must begin to hold; bug catalogue COVER, LATE.
 *
 * Independent: the places of slots are those of guest_memory.c, the mappings of a frame are those
 * that frame_life.c has counted, and the tables are read raw.
 *
 * Running free: counts of mappings are complete once the notifier has had mmu_lock for write; a vCPU
 * that installs holds it for read.  The walks over a slot are for controlled executions only.
 */
#include "shadow.h"

#define LLX(x)	((unsigned long long)(x))

/* ------------------------------------------------------------------ the moment it is withdrawn */

static void still_mapped(const struct leaves *range, u32 root, const struct leaf *leaf)
{
	violation(ORACLE_WITHDRAWN, range->site, leaf->sptep, "%s, and root %u maps gfn 0x%llx of it: 0x%llx",
		  range->what, root, LLX(leaf->gfn), LLX(leaf->spte));
}

/* Of a host mapping of 1G the tables are walked: they are smaller than its 2^18 counts. */
static void withdrawn_giant(const struct event *ev, u64 first, u64 end)
{
	const struct check *c = check_of();
	u32 i;

	for (i = 0; i < c->nr_slots; i++) {
		const struct check_slot *slot = &c->slot[i];
		u64 low = max(first, slot->page), high = min(end, slot->page + slot->npages);
		const struct leaves range = {
			.as_id = slot->as_id, .start = slot->place + (low - slot->page),
			.end = slot->place + (high - slot->page), .site = site_of(ev), .tell = still_mapped,
			.what = "invalidate_range_start returns for a host page of 1G",
		};

		if (low < high && slot->place != CHECK_NOWHERE)
			each_leaf(&range);
	}
}

/* invalidate_range_start has returned for host pages [first, end). */
void withdrawn_pages(const struct event *ev)
{
	const struct kvm *kvm = kvm_of();
	u64 page, end = ev->expected & GENMASK_ULL(31, 0);

	for (page = ev->expected >> 32; page < end && page < kvm->mm.nr_pages; page++) {
		u64 pte = peek(kvm->mm.pages[page].pte), n = pte >> PAGE_SHIFT;
		s32 small, huge;

		if ((pte & HOST_PTE_GIANT) && arena_of()->controlled) {
			u64 next = round_up(page + 1, KVM_PAGES_PER_HPAGE(PG_LEVEL_1G));

			withdrawn_giant(ev, page, min(next, end));
			page = next - 1;
			continue;
		}
		if (!(pte & HOST_PTE_PRESENT) || !frame_is_guest(n))
			continue;
		small = frame_life_mapped((u32)n, &huge);
		if (small > 0 || huge > 0)
			violation(ORACLE_WITHDRAWN, site_of(ev), &kvm->mm.pages[page],
				  "invalidate_range_start returns for host page 0x%llx, and %d 4K and %d huge SPTEs "
				  "map its frame %llu", LLX(page), small, huge, LLX(n));
	}
}

/* A slot is gone from its place, or emulated.  Invalid roots keep what is merely emulated: no guest uses them. */
void withdrawn_slot(const struct event *ev)
{
	const struct check_slot *slot = &check_of()->slot[ev->expected & 0xff];
	const bool gone = ev->operand == NOTE_SLOT_GONE;
	const struct leaves range = {
		.as_id = slot->as_id, .start = slot->place, .end = slot->place + slot->npages,
		.valid_only = !gone, .site = site_of(ev), .tell = still_mapped,
		.what = gone ? "a memslot has left its place" : "a memslot is emulated from now on",
	};

	if (arena_of()->controlled && slot->place != CHECK_NOWHERE)
		each_leaf(&range);
}

/* ------------------------------------------------------------------ from then on */

/* A fault has put a leaf for `gfn` where there was none, in table `n`, holding mmu_lock for read. */
void withdrawn_install(const struct event *ev, u32 n, gfn_t gfn, u64 spte)
{
	const struct check_slot *slot;
	u32 root = table_root(check_of(), n);

	if (!root)
		return;
	if (peek(header_of(root)->invalid)) {
		violation(ORACLE_WITHDRAWN, site_of(ev), ev->addr,
			  "gfn 0x%llx is mapped below root %u, which is invalid: whoever zaps it may have passed",
			  LLX(gfn), root);
		return;
	}
	slot = slot_of_gfn(check_of(), header_of(root)->role.smm, gfn);
	if (!slot)
		violation(ORACLE_WITHDRAWN, site_of(ev), ev->addr,
			  "gfn 0x%llx is mapped, and no slot contains it: 0x%llx", LLX(gfn), LLX(spte));
	else if (__atomic_load_n(&slot->emulated, __ATOMIC_ACQUIRE))
		violation(ORACLE_WITHDRAWN, site_of(ev), ev->addr,
			  "gfn 0x%llx is mapped, and is emulated now: 0x%llx", LLX(gfn), LLX(spte));
}
