// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CPU's page walk.
 *
 * faithful: starts at the lowest table that the paging-structure cache knows, takes no lock,
 *           trusts what it reads; sets A on every entry it uses and D on the leaf of a store,
 *           each by a locked compare-exchange of the entry it has just evaluated; D is
 *           logged where PML is on.
 * custom:   an entry that does not allow the access is looked up again before the fault
 *           (a CPU may fault on what its TLB says); fill of A and D is one exchange per entry.
 * stubbed:  the guest's own page tables (accesses are by guest physical address), permissions
 *           of non-leaf entries (they are always RWX).
 *
 * No RCU here: what keeps a table alive under the walk is that whoever cuts it off flushes
 * before it is freed, and that the flush waits until this vCPU has left guest mode.
 */
#include "walker.h"

#include "spte.h"
#include "tlb.h"

/* Where a walk starts: `*level` is the level of the table returned. */
static u32 walk_start(struct kvm_vcpu *vcpu, gfn_t gfn, u8 *level)
{
	u8 root_level = vcpu->kvm->config.root_level;

	for (u8 l = PG_LEVEL_4K; l < root_level; l++) {
		struct tlb_entry *e = psc_lookup(&vcpu->tlb, gfn, l);

		if (e) {
			*level = l;
			return e->pfn;
		}
	}
	*level = root_level;
	return (u32)vcpu->mmu.root_hpa;
}

/* What a CPU would do with a bad table is nobody's guess: the world stops here. */
static bool walk_target_ok(tdp_ptep_t sptep, u64 pfn, bool leaf)
{
	if (likely(leaf ? frame_is_guest(pfn) : frame_is_table(pfn)))
		return true;
	violation(ORACLE_FRAME_LIFE, __here("hw_walk"), sptep,
		  "the CPU's page walk read an entry that points to frame %llu, which is no %s",
		  (unsigned long long)pfn, leaf ? "guest frame" : "page table");
	return false;
}

/*
 * Set `bits` in the entry if it still is what the walk evaluated.  A plain OR would set A or D
 * in whatever is there by now: remover freezes the entry; CPU sets its A bit; the frozen value
 * no longer compares equal to itself.
 */
static inline bool set_ad_bits(tdp_ptep_t sptep, u64 spte, u64 bits)
{
	return likely((spte & bits) == bits) || hw_try_cmpxchg(sptep, &spte, spte | bits);
}

/*
 * D has just gone from 0 to 1: the CPU logs the address.  There is room: see kvm_vcpu_access().
 * Not while it runs L2: the addresses would be L1's business, and KVM turns the log off.
 */
static inline void pml_log(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	if (vcpu->kvm->config.pml && !vcpu->guest_mode && vcpu->nr_pml < PML_LOG_NR_ENTRIES)
		vcpu->pml[vcpu->nr_pml++] = gfn;
}

static u64 fault_error_code(bool write, bool exec, u64 spte)
{
	u64 error_code = write ? PFERR_WRITE_MASK : exec ? PFERR_FETCH_MASK : PFERR_USER_MASK;

	if ((spte & PT_RWX_MASK) == (PT_WRITABLE_MASK | PT_EXECUTABLE_MASK))
		return error_code | PFERR_RSVD_MASK;	/* EPT misconfiguration */
	return spte & PT_RWX_MASK ? error_code | PFERR_PRESENT_MASK : error_code;
}

struct tlb_entry *hw_walk(struct kvm_vcpu *vcpu, gfn_t gfn, bool write, bool exec, u64 *error_code)
{
	const bool ad = kvm_ad_enabled(vcpu->kvm);
	tdp_ptep_t sptep;
	u64 spte, bits;
	u32 table;
	u8 level;

again:
	table = walk_start(vcpu, gfn, &level);
	for (;; level--) {
		sptep = &frame_words(table)[(gfn >> KVM_HPAGE_GFN_SHIFT(level)) % TABLE_WORDS];
		note(NOTE_HW_WALK, sptep, 0);
		spte = hw_load(*sptep);
		if (!(spte & PT_READABLE_MASK))
			goto fault;
		if (is_last_spte(spte, level))
			break;
		if (!walk_target_ok(sptep, spte_to_pfn(spte), false))
			goto fault;
		if (ad && !set_ad_bits(sptep, spte, shadow_accessed_mask))
			goto again;
		table = (u32)spte_to_pfn(spte);
		psc_insert(&vcpu->tlb, gfn, level - 1, table);
	}
	if ((write && !is_writable_pte(spte)) || (exec && !is_executable_pte(spte)))
		goto fault;
	if (!walk_target_ok(sptep, spte_to_pfn(spte), true))
		goto fault;
	bits = ad ? shadow_accessed_mask | (write ? shadow_dirty_mask : 0) : 0;
	if (!set_ad_bits(sptep, spte, bits))
		goto again;
	if (bits & ~spte & shadow_dirty_mask)
		pml_log(vcpu, gfn);
	spte |= bits;
	return tlb_insert(&vcpu->tlb, gfn, level, (u32)spte_to_pfn(spte), is_writable_pte(spte),
			  is_executable_pte(spte), !ad || is_dirty_spte(spte));
fault:
	*error_code = fault_error_code(write, exec, spte);
	return NULL;
}
