// SPDX-License-Identifier: GPL-2.0-only
/* mmio: memory that a memslot has added is never taken for MMIO. */
#include "../kvm/mmio.h"
#include "plant.h"

static u64 mmio_spte(struct machine *m)
{
	u64 spte;

	srcu_read_lock();
	spte = make_mmio_spte(&m->kvm->vcpus[0], LEAF_GFN);
	srcu_read_unlock();
	return spte;
}

static void install(struct machine *m, u64 spte)
{
	read_lock(&m->kvm->mmu_lock);
	rcu_read_lock();
	xchg(m->leaf_at, spte);
	note(NOTE_TLB_FLUSHED, m->kvm, 0);
	rcu_read_unlock();
	read_unlock(&m->kvm->mmu_lock);
}

static void gone(struct machine *m)
{
	install(m, CK_NONPRESENT);
	poke(*m->table_at, CK_NONPRESENT);
	note(NOTE_SLOT_GONE, m->kvm, 0);
	poke(*m->table_at, m->table);
}

static struct kvm_memslots *set(struct machine *m)
{
	return READ_PRIVATE(m->kvm->memslots[0]);
}

CLEAN(what_is_gone_is_emulated, MMIO, VCPU0)
{
	gone(m);
	install(m, mmio_spte(m));
	note(NOTE_EMULATED, &m->kvm->vcpus[0], LEAF_GFN);
}

CLEAN(an_mmio_spte_of_other_memslots_is_no_harm, MMIO, VCPU0)
{
	u64 spte = mmio_spte(m);

	gone(m);
	install(m, spte);
	set(m)->generation += KVM_ADDRESS_SPACE_NUM;
	note(NOTE_SLOT_PLACED, m->kvm, 0);
	note(NOTE_SLOT_LIVE, m->kvm, 0);
	set(m)->generation -= KVM_ADDRESS_SPACE_NUM;
}

CLEAN(what_a_rule_emulates_may_be_emulated, MMIO, VCPU0)
{
	WRITE_ONCE(m->kvm->emulated_slots, BIT_ULL(0));
	note(NOTE_EMULATED, &m->kvm->vcpus[0], LEAF_GFN);
	WRITE_ONCE(m->kvm->emulated_slots, 0);
	note(NOTE_EMULATED, &m->kvm->vcpus[0], LEAF_GFN);
}

CLEAN(a_rule_outlives_the_slot, MMIO, VCPU0)
{
	WRITE_ONCE(m->kvm->emulated_slots, BIT_ULL(0));
	gone(m);
	note(NOTE_SLOT_PLACED, m->kvm, 0);
	note(NOTE_SLOT_LIVE, m->kvm, 0);
	note(NOTE_EMULATED, &m->kvm->vcpus[0], LEAF_GFN);
}

PLANT(memory_is_emulated, MMIO, VCPU0, "is emulated, and memslot 0 is there")
{
	note(NOTE_EMULATED, &m->kvm->vcpus[0], LEAF_GFN);
}

PLANT(memory_comes_and_a_current_mmio_spte_is_there, MMIO, VCPU0, "a current MMIO SPTE says that gfn 0x3")
{
	gone(m);
	install(m, mmio_spte(m));
	note(NOTE_SLOT_PLACED, m->kvm, 0);
	note(NOTE_SLOT_LIVE, m->kvm, 0);
}

PLANT(a_current_mmio_spte_over_memory, MMIO, VCPU0, "an MMIO SPTE for gfn 0x3 is installed, and memslot 0 is there")
{
	install(m, mmio_spte(m));
}

PLANT(an_mmio_spte_for_another_gfn, SPTE_TRANSITION, VCPU0, "not a value an SPTE may have")
{
	gone(m);
	install(m, mmio_spte(m) + (1 << PAGE_SHIFT));
}

__PLANT(memory_at_rest_and_a_current_mmio_spte, "a current MMIO SPTE says that it has not", check_quiescent,
	ORACLE_QUIESCENCE, BOSS, WORLD_PLAIN)
{
	poke(*m->leaf_at, mmio_spte(m));
	fetch_add(&m->kvm->stat_pages[0], (u64)-1);
}
