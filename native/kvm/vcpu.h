/* SPDX-License-Identifier: GPL-2.0-only */
/* A vCPU: in and out of guest mode, and the guest's loads and stores; see vcpu.c. */
#ifndef MMUT_KVM_VCPU_H
#define MMUT_KVM_VCPU_H

#include "kvm_host.h"

void kvm_vcpu_init(struct kvm *kvm, u16 vcpu_id, u16 as_id, bool guest_mode);

/* Bracket of a vCPU's thread: between the two it is in guest mode or in an SRCU read section. */
void kvm_vcpu_load(struct kvm_vcpu *vcpu);
void kvm_vcpu_put(struct kvm_vcpu *vcpu);

/*
 * One guest access: a load of the page's stamp, or a locked add of one to it.  Between
 * kvm_vcpu_load() and kvm_vcpu_put(), by the owner.  True with the stamp read, or the stamp after
 * the store, in `*value`; false where there is no memory: emulated (a load sees all ones).
 */
bool kvm_vcpu_access(struct kvm_vcpu *vcpu, gfn_t gfn, bool write, u64 *value);
/* The same for an instruction fetch. */
bool kvm_vcpu_fetch(struct kvm_vcpu *vcpu, gfn_t gfn, u64 *value);
/* A read through the address that apic_page.c programs, and no page table; nothing where none is known. */
void kvm_vcpu_apic_access(struct kvm_vcpu *vcpu);
/* Drop the root, valid or not; the next entry loads one. */
void kvm_vcpu_mmu_reset(struct kvm_vcpu *vcpu);

#endif
