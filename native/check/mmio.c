// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMIO: once user space has been told that a memslot is in place, no access to it is emulated, and no
 * MMIO SPTE that would be believed says that it has no memory.  Spec 2.2.
 *
 * Independent: where slots are is known from user space's side (guest_memory.c); what an MMIO SPTE says
 * is read from its layout, and its number is compared with that of the active set.
 *
 * Memory that was emulated by a rule (zap-gfn-range) is left out from then on: a vCPU that has read the
 * rule may act on it after it was changed, and nobody waits for that.
 *
 * Running free: an emulated access is reported in the SRCU section in which it was decided, and the end of
 * an update waits for those that began before.  The walk at the end of an update is for controlled executions only.
 */
#include "shadow.h"

#define LLX(x)	((unsigned long long)(x))

static bool believed(u32 as_id, u64 spte)
{
	const struct kvm *kvm = kvm_of();
	u64 generation = peek(kvm->memslots[as_id])->generation;

	return ck_mmio_generation(spte) == (generation & kvm->config.mmio_gen_mask);
}

static void tell_believed(const struct leaves *range, u32 root, const struct leaf *leaf)
{
	if (believed(range->as_id, leaf->spte))
		violation(ORACLE_MMIO, range->site, leaf->sptep,
			  "a memslot is in place, and below root %u a current MMIO SPTE says that gfn 0x%llx has no "
			  "memory: 0x%llx", root, LLX(leaf->gfn), LLX(leaf->spte));
}

void mmio_slot_note(const struct event *ev)
{
	struct check_slot *slot = &check_of()->slot[ev->expected & 0xff];
	const struct leaves range = {
		.as_id = slot->as_id, .start = slot->place, .end = slot->place + slot->npages,
		.valid_only = true, .mmio = true, .site = site_of(ev), .tell = tell_believed,
	};
	const bool live = ev->operand == NOTE_SLOT_LIVE && !__atomic_load_n(&slot->ruled, __ATOMIC_RELAXED);

	__atomic_store_n(&slot->live, live, __ATOMIC_RELEASE);
	if (live && arena_of()->controlled)
		each_leaf(&range);
}

/* Bit n: what is said of slot n is about to change, and it may be emulated from here on, or still. */
void mmio_rule_changes(u64 slots)
{
	for (; slots; slots &= slots - 1) {
		struct check_slot *slot = &check_of()->slot[__builtin_ctzll(slots)];

		__atomic_store_n(&slot->ruled, 1, __ATOMIC_RELAXED);	/* under slots_lock, as all announcements */
		__atomic_store_n(&slot->live, 0, __ATOMIC_RELEASE);
	}
}

static const struct check_slot *live_slot(u32 as_id, gfn_t gfn)
{
	const struct check_slot *slot = slot_of_gfn(check_of(), as_id, gfn);

	return slot && __atomic_load_n(&slot->live, __ATOMIC_ACQUIRE) ? slot : NULL;
}

/* The emulator gets an access of this vCPU to gfn. */
void mmio_emulated(const struct event *ev)
{
	const struct kvm_vcpu *vcpu = &kvm_of()->vcpus[task_by_id(ev->task)->index];
	const struct check_slot *slot = live_slot(vcpu->as_id, ev->expected);

	if (slot && !(kvm_of()->regions[slot - check_of()->slot].flags & KVM_MEM_READONLY))
		violation(ORACLE_MMIO, site_of(ev), ev->addr,
			  "an access to gfn 0x%llx is emulated, and memslot %u is there", LLX(ev->expected),
			  (u32)(slot - check_of()->slot));
}

/* An MMIO SPTE has been put into table `n`. */
void mmio_install(const struct event *ev, u32 n, gfn_t gfn, u64 spte)
{
	u32 root = table_root(check_of(), n), as_id;

	if (!root)
		return;
	as_id = header_of(root)->role.smm;
	if (live_slot(as_id, gfn) && believed(as_id, spte))
		violation(ORACLE_MMIO, site_of(ev), ev->addr,
			  "an MMIO SPTE for gfn 0x%llx is installed, and memslot %u is there: 0x%llx", LLX(gfn),
			  (u32)(live_slot(as_id, gfn) - check_of()->slot), LLX(spte));
}
