/* SPDX-License-Identifier: GPL-2.0-only */
/* The page walk that the modelled CPU does on a TLB miss; see walker.c. */
#ifndef MMUT_KVM_WALKER_H
#define MMUT_KVM_WALKER_H

#include "kvm_host.h"

/*
 * Translate `gfn` for a load or a store, and cache what was found.  Owner of `vcpu`, in guest
 * mode.  NULL: the access is not allowed, `*error_code` is what the exit reports (PFERR_*).
 */
struct tlb_entry *hw_walk(struct kvm_vcpu *vcpu, gfn_t gfn, bool write, bool exec, u64 *error_code);

#endif
