/* SPDX-License-Identifier: GPL-2.0-only */
/* A virtual machine from its configuration, and its end; see vm.c. */
#ifndef MMUT_KVM_VM_H
#define MMUT_KVM_VM_H

#include "../api.h"
#include "kvm_host.h"

/* What a configuration needs. */
struct vm_sizes {
	u64 host_pages;		/* memory of all regions, and alignment holes */
	u32 nr_tables;		/* page-table frames */
	u32 nr_guest;		/* guest frames, a multiple of 512 */
	u32 guest_align;	/* of the first: the size of the host's largest mappings */
	u32 nr_vcpus;
	gfn_t max_gfn;		/* exclusive: end of the highest slot */
};
void vm_sizes(const struct mmut_config *config, struct vm_sizes *sizes);

/*
 * Boss, set-up, after frame_init() with these sizes: everything in the arena.  The VM becomes
 * arena_of()->kvm.  0 or -errno.
 */
int kvm_create_vm(const struct mmut_config *config);
/* Boss, when every other task has ended: what must be empty afterwards is for the oracles. */
void kvm_destroy_vm(struct kvm *kvm);

#endif
