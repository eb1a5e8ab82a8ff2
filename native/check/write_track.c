// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write tracking: from the moment that tracking has begun, the gfn is mapped with W or MMU-writable by no
 * valid root, no CPU has it cached as writable, and no guest writes it.  TRACK and STRUCT of the bug
 * catalogue.
 *
 * Independent: what is tracked is told by whoever tracks; leaves, TLBs and guest writes are seen here.
 *
 * Running free: writes and stores are judged as in a controlled execution: tracking begins after a flush
 * that waits for CPUs in the guest.  Tables and TLBs are walked in controlled executions only.
 */
#include "shadow.h"

#define LLX(x)	((unsigned long long)(x))

static struct guest_shadow *page_of(const struct check_slot *slot, gfn_t gfn)
{
	u64 n = slot->ghost + (gfn - slot->place);

	shadow_touch(arena_of()->frames->guest_first + (u32)n);
	return &check_of()->guest[n];
}

static bool is_tracked(const struct check_slot *slot, gfn_t gfn)
{
	const struct check *c = check_of();

	return __atomic_load_n(&c->nr_tracked, __ATOMIC_ACQUIRE) && gfn - slot->place < slot->npages &&
	       (__atomic_load_n(&c->guest[slot->ghost + (gfn - slot->place)].tracked, __ATOMIC_ACQUIRE) &
		1u << (slot - c->slot));
}

static void writable_leaf(const struct leaves *range, u32 root, const struct leaf *leaf)
{
	if (leaf->spte & (CK_W | CK_MMU_W))
		violation(ORACLE_WRITE_TRACK, range->site, leaf->sptep,
			  "writes to gfn 0x%llx are tracked, and root %u maps it %s: 0x%llx", LLX(range->start),
			  root, leaf->spte & CK_W ? "writable" : "so that a fast fault makes it so",
			  LLX(leaf->spte));
}

static void writable_tlb(const struct event *ev, const struct kvm_vcpu *vcpu, gfn_t gfn)
{
	u32 i;

	for (i = 0; i < TLB_ENTRIES; i++) {
		const struct tlb_entry *e = &vcpu->tlb.leaf[i];

		if (e->valid && e->writable && gfn - e->gfn < KVM_PAGES_PER_HPAGE(e->level))
			violation(ORACLE_WRITE_TRACK, site_of(ev), e,
				  "writes to gfn 0x%llx are tracked, and the TLB of vcpu%u lets it be written",
				  LLX(gfn), vcpu->vcpu_id);
	}
}

void write_track_note(const struct event *ev)
{
	struct check *c = check_of();
	const gfn_t gfn = ev->expected >> 1;
	const u32 as_id = ev->expected & 1;
	const struct check_slot *slot = slot_of_gfn(c, as_id, gfn);
	const struct leaves range = {
		.as_id = as_id, .start = gfn, .end = gfn + 1, .valid_only = true, .site = site_of(ev),
		.tell = writable_leaf,
	};
	u32 i, bit;

	if (!slot)
		return;		/* it has left meanwhile */
	bit = 1u << (slot - c->slot);
	if (ev->operand == NOTE_WRITE_UNTRACKED) {
		__atomic_fetch_sub(&c->nr_tracked, 1, __ATOMIC_ACQ_REL);
		__atomic_fetch_and(&page_of(slot, gfn)->tracked, ~bit, __ATOMIC_ACQ_REL);
		return;
	}
	__atomic_fetch_or(&page_of(slot, gfn)->tracked, bit, __ATOMIC_ACQ_REL);
	__atomic_fetch_add(&c->nr_tracked, 1, __ATOMIC_ACQ_REL);
	if (!arena_of()->controlled)
		return;
	each_leaf(&range);
	for (i = 0; i < kvm_of()->online_vcpus; i++)
		if (kvm_of()->vcpus[i].as_id == as_id && !tlb_must_wait(&kvm_of()->vcpus[i]))
			writable_tlb(ev, &kvm_of()->vcpus[i], gfn);
}

/*
 * A write is the emulator's because somebody tracks it, or it is not.  Who tracks what changes with mmu_lock
 * held for write: if nobody has held it since the vCPU left the guest, there is no doubt.
 */
void write_track_emulated(const struct event *ev)
{
	const struct check *c = check_of();
	const struct kvm_vcpu *vcpu = &kvm_of()->vcpus[task_by_id(ev->task)->index];
	const struct check_slot *slot = slot_of_gfn(c, vcpu->as_id, ev->expected);

	/* Under a weak memory a vCPU may read what was true some time ago. */
	if (proc.access)
		return;
	if (slot && !is_tracked(slot, ev->expected) &&
	    shadow_of(ev)->calm_since == __atomic_load_n(&c->write_locks, __ATOMIC_SEQ_CST))
		violation(ORACLE_WRITE_TRACK, site_of(ev), ev->addr,
			  "a write to gfn 0x%llx is left to the emulator, and nobody tracks it", LLX(ev->expected));
}

/* A slot is gone, and with it what was said of its pages. */
void write_track_gone(u32 id)
{
	struct check *c = check_of();
	const struct check_slot *slot = &c->slot[id];
	u64 i;

	for (i = 0; i < slot->npages && __atomic_load_n(&c->nr_tracked, __ATOMIC_ACQUIRE); i++) {
		if (!(c->guest[slot->ghost + i].tracked & 1u << id))
			continue;
		shadow_touch(arena_of()->frames->guest_first + (u32)(slot->ghost + i));
		__atomic_fetch_and(&c->guest[slot->ghost + i].tracked, ~(1u << id), __ATOMIC_ACQ_REL);
		__atomic_fetch_sub(&c->nr_tracked, 1, __ATOMIC_ACQ_REL);
	}
}

/* A leaf of table `n` has just been given W or MMU-writable. */
void write_track_store(const struct event *ev, u32 n, const struct leaf *leaf)
{
	const struct check *c = check_of();
	const struct check_slot *slot;
	u32 root;
	gfn_t gfn;

	if (likely(!__atomic_load_n(&c->nr_tracked, __ATOMIC_ACQUIRE)))
		return;
	root = table_root(c, n);
	slot = root ? slot_of_gfn(c, header_of(root)->role.smm, leaf->gfn) : NULL;
	if (!slot || peek(header_of(root)->invalid))
		return;
	for (gfn = leaf->gfn; gfn < leaf->gfn + KVM_PAGES_PER_HPAGE(leaf->level); gfn++)
		if (is_tracked(slot, gfn))
			violation(ORACLE_WRITE_TRACK, site_of(ev), leaf->sptep,
				  "gfn 0x%llx becomes writable, and writes to it are tracked: 0x%llx", LLX(gfn),
				  LLX(leaf->spte));
}

/* A guest is about to write to `gfn`, which lies in the configured slot `id`. */
void write_track_written(const struct event *ev, u32 id, gfn_t gfn)
{
	if (is_tracked(&check_of()->slot[id], gfn))
		violation(ORACLE_WRITE_TRACK, site_of(ev), ev->addr,
			  "a guest writes gfn 0x%llx without an exit, and writes to it are tracked", LLX(gfn));
}
