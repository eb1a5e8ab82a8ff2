// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty logging as live migration sees it (spec T3, Q6): user space copies all of a slot when
 * its log is switched on, then, round by round, the pages whose bits it is given.  When all
 * stands still, a page that was written after its last copy is marked in the bitmap, or the
 * destination has an old page and nobody knows.
 *
 * Controlled, the same is asked of each write: from the moment it is made its bit is set, or some
 * CPU has the page in its log, or a fast fault is about to set it, or the round that took the bit
 * is not over.
 *
 * Independent: that a page was written is told by guest accesses, that it was copied by the
 * notes of what reached user space, which copies at the earliest moment; SPTEs are not asked,
 * hence neither W, D, the TLB nor a flush is taken for granted.  A log that begins all set
 * promises no copy of the whole: each page is copied or marked.
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
		if (kvm->regions[i].flags & KVM_MEM_LOG_DIRTY_PAGES) {
			period_begins(c, &c->slot[i]);
			c->slot[i].logged = 1;
		}
}

/* For each page that the bits of a word of a dirty bitmap stand for. */
static void each_page(const struct event *ev, void (*tell)(u32 slot, struct guest_shadow *page))
{
	const struct kvm *kvm = kvm_of();
	const struct check *c = check_of();
	u64 bits, word, rel;
	u32 i;

	for (i = 0; i < c->nr_slots; i++) {
		word = ((u64)ev->addr - (u64)kvm->regions[i].dirty_bitmap) / sizeof(u64);
		if (word * 64 >= c->slot[i].npages)
			continue;
		for (bits = ev->expected; bits; bits &= bits - 1) {
			rel = word * 64 + (u64)__builtin_ctzll(bits);
			if (rel < c->slot[i].npages)
				tell(i, page_of(&c->slot[i], rel));
			else
				violation(ORACLE_DIRTY_LOG, site_of(ev), ev->addr,
					  "the log of slot %u reports page %llu, and the slot has %llu", i,
					  (unsigned long long)rel, (unsigned long long)c->slot[i].npages);
		}
		return;
	}
}

static void taken(u32 slot, struct guest_shadow *page)
{
	__atomic_fetch_or(&page->taken, 1u << slot, __ATOMIC_ACQ_REL);
}

static void copied(u32 slot, struct guest_shadow *page)
{
	__atomic_fetch_and(&page->taken, ~(1u << slot), __ATOMIC_ACQ_REL);
	__atomic_store_n(&page->unsaved, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&page->copied, check_of()->slot[slot].log_period, __ATOMIC_RELEASE);
}

void dirty_log_note(const struct event *ev)
{
	struct check *c = check_of();

	switch ((enum kvm_note)ev->operand) {
	case NOTE_DIRTY_LOG_ON:
		period_begins(c, &c->slot[ev->expected]);
		__atomic_store_n(&c->slot[ev->expected].logged, 1, __ATOMIC_RELEASE);
		break;
	case NOTE_DIRTY_LOG_OFF:
		__atomic_store_n(&c->slot[ev->expected].logged, 0, __ATOMIC_RELEASE);
		break;
	case NOTE_DIRTY_TAKEN:
		each_page(ev, taken);
		break;
	case NOTE_DIRTY_COPIED:
		each_page(ev, copied);
		break;
	default:
		break;
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

/* Which CPU's log names a page does not matter: an entry that one CPU made dirty serves all. */
static bool in_some_log(const struct kvm *kvm, u32 as_id, gfn_t gfn)
{
	u32 i, j;

	for (i = 0; i < kvm->online_vcpus; i++)
		for (j = 0; kvm->vcpus[i].as_id == as_id && j < kvm->vcpus[i].nr_pml; j++)
			if (kvm->vcpus[i].pml[j] == gfn)
				return true;
	return false;
}

/* A fast fault gave W back: it marks the page next, before its own vCPU goes on. */
void dirty_log_granted(const struct event *ev, gfn_t gfn)
{
	shadow_of(ev)->granted = gfn + 1;
}

static bool about_to_be_marked(gfn_t gfn)
{
	u32 i;

	for (i = 1; i < arena_of()->nr_tasks; i++)
		if (check_of()->task[i].granted == gfn + 1)
			return true;
	return false;
}

/* A guest is about to write to `gfn`, which lies in the configured slot `id`. */
void dirty_log_write(const struct event *ev, u32 id, gfn_t gfn)
{
	const struct check_slot *s = &check_of()->slot[id];
	const struct kvm_memory_slot *slot;
	u64 rel = gfn - s->place;

	if (!s->logged || !arena_of()->controlled || rel >= s->npages ||
	    (check_of()->guest[s->ghost + rel].taken & 1u << id))
		return;
	slot = logged_slot(kvm_of(), id);
	if (!slot || !slot->dirty_bitmap || (peek(slot->dirty_bitmap[rel / 64]) & BIT_ULL(rel % 64)) ||
	    in_some_log(kvm_of(), s->as_id, gfn) || about_to_be_marked(gfn))
		return;
	violation(ORACLE_DIRTY_LOG, site_of(ev), ev->addr,
		  "guest write to gfn 0x%llx of logged slot %u goes unseen: its bit is clear, and no CPU logged it",
		  (unsigned long long)gfn, id);
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

/* ------------------------------------------------------------------ at the moment it must be armed */

struct armed {
	const struct check_slot *slot;
	const struct kvm_memory_slot *active;
};

/* Somebody knows that the page is, or is about to be, written. */
static bool known(const struct armed *a, gfn_t gfn)
{
	u64 rel = gfn - a->slot->place;

	return rel >= a->slot->npages || (peek(a->active->dirty_bitmap[rel / 64]) & BIT_ULL(rel % 64)) ||
	       in_some_log(kvm_of(), a->slot->as_id, gfn) || about_to_be_marked(gfn);
}

static void unarmed_leaf(const struct leaves *range, u32 root, const struct leaf *leaf)
{
	const struct armed *a = range->arg;
	bool by_d = kvm_of()->config.pml && !(leaf->spte & CK_AD_TYPE) && leaf->level == PG_LEVEL_4K;
	u64 needed = by_d ? CK_W | CK_D : CK_W, size = KVM_PAGES_PER_HPAGE(leaf->level);
	gfn_t gfn, end = min(leaf->gfn + size, range->end);

	if ((leaf->spte & needed) != needed)
		return;
	for (gfn = max(leaf->gfn, range->start); gfn < end; gfn++)
		if (!known(a, gfn))
			violation(ORACLE_DIRTY_LOG, range->site, leaf->sptep,
				  "%s, and gfn 0x%llx can be written unseen: root %u has 0x%llx", range->what,
				  (unsigned long long)gfn, root, (unsigned long long)leaf->spte);
}

/* It has no root to go on with, or a request waits that will empty its TLB before it does. */
bool tlb_must_wait(const struct kvm_vcpu *vcpu)
{
	return !frame_is_table(vcpu->mmu.root_hpa) || peek(header_of((u32)vcpu->mmu.root_hpa)->invalid) ||
	       (peek(vcpu->requests) & (BIT_ULL(KVM_REQ_TLB_FLUSH) | BIT_ULL(KVM_REQ_FREE_OBSOLETE_ROOTS)));
}

/* What the CPU has cached is what it uses, until it has served the request that waits for it. */
static void unarmed_tlb(const struct leaves *range, const struct kvm_vcpu *vcpu)
{
	const struct armed *a = range->arg;
	bool by_d = kvm_of()->config.pml && !vcpu->guest_mode;
	gfn_t gfn;
	u32 i;

	if (vcpu->as_id != range->as_id || tlb_must_wait(vcpu))
		return;
	for (i = 0; i < TLB_ENTRIES; i++) {
		const struct tlb_entry *e = &vcpu->tlb.leaf[i];

		if (!e->valid || !e->writable || (by_d && !e->dirty))
			continue;
		for (gfn = max(e->gfn, range->start);
		     gfn < min(e->gfn + KVM_PAGES_PER_HPAGE(e->level), range->end); gfn++)
			if (!known(a, gfn))
				violation(ORACLE_DIRTY_LOG, range->site, e,
					  "%s, and the TLB of vcpu%u lets gfn 0x%llx be written unseen", range->what,
					  vcpu->vcpu_id, (unsigned long long)gfn);
	}
}

/* Of a flush that was asked for a range: it leaves out nothing that is armed. */
static void check_flushed(const struct event *ev, u32 id, gfn_t first, u64 npages, const char *what)
{
	const struct check_slot *slot = &check_of()->slot[id];
	const gfn_t end = min(first + npages, slot->place + slot->npages);
	const struct gfn_span *flushed = &shadow_of(ev)->flushed;

	if (slot->place == CHECK_NOWHERE || !(flushed->start | flushed->end) ||
	    (flushed->start <= first && end <= flushed->end))
		return;
	violation(ORACLE_DIRTY_LOG, site_of(ev), ev->addr,
		  "%s, and the TLB flush before it was of gfns [0x%llx, 0x%llx): not of [0x%llx, 0x%llx)", what,
		  (unsigned long long)flushed->start, (unsigned long long)flushed->end, (unsigned long long)first,
		  (unsigned long long)end);
}

static void check_armed(const struct event *ev, u32 id, gfn_t first, u64 npages, const char *what)
{
	const struct check_slot *slot = &check_of()->slot[id];
	struct armed a = { .slot = slot, .active = logged_slot(kvm_of(), id) };
	const struct leaves range = {
		.as_id = slot->as_id, .start = first, .end = min(first + npages, slot->place + slot->npages),
		.valid_only = true, .site = site_of(ev), .tell = unarmed_leaf, .what = what, .arg = &a,
	};
	u32 i;

	if (!a.active || !a.active->dirty_bitmap || slot->place == CHECK_NOWHERE)
		return;
	check_flushed(ev, id, first, npages, what);
	each_leaf(&range);
	for (i = 0; i < kvm_of()->online_vcpus; i++)
		unarmed_tlb(&range, &kvm_of()->vcpus[i]);
}

/*
 * A16 and Q6 at the two moments that user space builds on: the log is in force, or pages were copied.
 * From then on each write trips over something, W or D, or is known already.
 */
void dirty_log_armed(const struct event *ev)
{
	const struct check *c = check_of();
	u64 bits = ev->expected, word;
	u32 i;

	if (!arena_of()->controlled)
		return;
	if (ev->operand == NOTE_DIRTY_LOG_ON)
		check_armed(ev, (u32)ev->expected, c->slot[ev->expected].place, c->slot[ev->expected].npages,
			    "the log is in force");
	if (ev->operand != NOTE_DIRTY_COPIED)
		return;
	for (i = 0; i < c->nr_slots; i++) {
		word = ((u64)ev->addr - (u64)kvm_of()->regions[i].dirty_bitmap) / sizeof(u64);
		if (word * 64 >= c->slot[i].npages)
			continue;
		for (; bits; bits &= bits - 1)
			check_armed(ev, i, c->slot[i].place + word * 64 + (u64)__builtin_ctzll(bits), 1,
				    "the page is copied");
		return;
	}
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
