// SPDX-License-Identifier: GPL-2.0-only
/* write-track: a write-tracked gfn is mapped writable nowhere, and no guest writes it. */
#include "plant.h"

#define READ_ONLY	~(CK_W | CK_MMU_W)

static void protect(struct machine *m)
{
	poke(*m->leaf_at, m->leaf & READ_ONLY);
}

static void track(struct machine *m, enum kvm_note what)
{
	note(what, m->kvm, LEAF_GFN << 1);
}

static void map(struct machine *m)
{
	write_lock(&m->kvm->mmu_lock);
	xchg(m->leaf_at, m->leaf);
	write_unlock(&m->kvm->mmu_lock);
}

static void cache(struct machine *m, u64 requests)
{
	struct kvm_vcpu *vcpu = &m->kvm->vcpus[1];

	vcpu->mmu.root_hpa = m->root->pfn;
	WRITE_PRIVATE(vcpu->requests, requests);
	vcpu->tlb.leaf[LEAF_GFN] = (struct tlb_entry){
		.gfn = LEAF_GFN, .pfn = m->frame, .level = PG_LEVEL_4K, .valid = 1, .writable = 1,
	};
}

CLEAN(a_page_is_protected_tracked_and_no_longer, WRITE_TRACK, VCPU0)
{
	protect(m);
	cache(m, BIT_ULL(KVM_REQ_TLB_FLUSH));
	track(m, NOTE_WRITE_TRACKED);
	guest_read(m->frame, LEAF_GFN);
	track(m, NOTE_WRITE_UNTRACKED);
	map(m);
	guest_write(m->frame, LEAF_GFN);
}

CLEAN(what_was_tracked_goes_with_its_slot, WRITE_TRACK, HOST0)
{
	protect(m);
	track(m, NOTE_WRITE_TRACKED);
	poke(*m->table_at, CK_NONPRESENT);
	note(NOTE_SLOT_GONE, m->kvm, 0);
	poke(*m->table_at, m->table);
	note(NOTE_SLOT_PLACED, m->kvm, 0);
	become(VCPU0);
	map(m);
	guest_write(m->frame, LEAF_GFN);
}

/* vCPU 0 leaves the guest; the write that made it do so goes to the emulator. */
static void leave_guest(struct machine *m)
{
	WRITE_PRIVATE(m->kvm->vcpus[0].mode, IN_GUEST_MODE);
	WRITE_ONCE(m->kvm->vcpus[0].mode, OUTSIDE_GUEST_MODE);
}

static void emulate(struct machine *m)
{
	note(NOTE_WRITE_EMULATED, &m->kvm->vcpus[0], LEAF_GFN);
}

CLEAN(a_write_that_is_tracked_is_emulated, WRITE_TRACK, VCPU0)
{
	protect(m);
	track(m, NOTE_WRITE_TRACKED);
	leave_guest(m);
	emulate(m);
}

CLEAN(tracking_ends_as_a_write_is_emulated, WRITE_TRACK, VCPU0)
{
	protect(m);
	track(m, NOTE_WRITE_TRACKED);
	leave_guest(m);
	become(HOST0);
	write_lock(&m->kvm->mmu_lock);
	track(m, NOTE_WRITE_UNTRACKED);
	write_unlock(&m->kvm->mmu_lock);
	become(VCPU0);
	emulate(m);
}

PLANT(a_write_that_nobody_tracks_is_emulated, WRITE_TRACK, VCPU0, "and nobody tracks it")
{
	protect(m);
	track(m, NOTE_WRITE_TRACKED);
	track(m, NOTE_WRITE_UNTRACKED);
	leave_guest(m);
	emulate(m);
}

PLANT(a_writable_page_is_tracked, WRITE_TRACK, VCPU0, "maps it writable")
{
	track(m, NOTE_WRITE_TRACKED);
}

PLANT(a_page_that_a_fast_fault_makes_writable_is_tracked, WRITE_TRACK, VCPU0, "so that a fast fault makes it so")
{
	poke(*m->leaf_at, m->leaf & ~CK_W);
	track(m, NOTE_WRITE_TRACKED);
}

PLANT(a_page_is_tracked_under_a_stale_translation, WRITE_TRACK, VCPU0, "the TLB of vcpu1 lets it be written")
{
	protect(m);
	cache(m, 0);
	track(m, NOTE_WRITE_TRACKED);
}

PLANT(a_tracked_page_is_mapped_writable, WRITE_TRACK, VCPU0, "gfn 0x3 becomes writable, and writes to it are tracked")
{
	protect(m);
	track(m, NOTE_WRITE_TRACKED);
	map(m);
}

PLANT(a_tracked_page_is_written, WRITE_TRACK, VCPU0, "a guest writes gfn 0x3 without an exit")
{
	protect(m);
	track(m, NOTE_WRITE_TRACKED);
	guest_write(m->frame, LEAF_GFN);
}
