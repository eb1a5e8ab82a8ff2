/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TDP MMU roots: one per role in use, shared by all vCPUs of that role.
 *
 * faithful: refcount 2 at birth (the vCPU's and the MMU's own); an invalid root stays listed
 *           until it is zapped, so that notifiers find its SPTEs; the yield-safe walk pins the
 *           root it stands on.  No argument says how mmu_lock is held: roots do not care.
 * custom:   role.invalid is a word of its own, kvm_mmu_page.invalid.
 * stubbed:  mirror roots, prev_roots.
 */
#ifndef MMUT_KVM_ROOTS_H
#define MMUT_KVM_ROOTS_H

#include "mmu_page.h"

enum kvm_tdp_mmu_root_types {
	KVM_INVALID_ROOTS = BIT_ULL(0),
	KVM_VALID_ROOTS = BIT_ULL(1),
	KVM_ALL_ROOTS = KVM_INVALID_ROOTS | KVM_VALID_ROOTS,
};

/* Find or make the root of the vCPU's role and put it into vcpu->mmu.root_hpa; 0 or -ENOMEM. */
int kvm_tdp_mmu_alloc_root(struct kvm_vcpu *vcpu);

bool kvm_tdp_mmu_get_root(struct kvm_mmu_page *root);
/* The last put of a root unlinks it and hands it to RCU. */
void kvm_tdp_mmu_put_root(struct kvm *kvm, struct kvm_mmu_page *root);

/* The root after `prev` (NULL: the first), with a reference; drops the one on `prev`. */
struct kvm_mmu_page *tdp_mmu_next_root(struct kvm *kvm, struct kvm_mmu_page *prev, u32 types);

/* The body may drop mmu_lock.  Leaving early, it owns the reference on `root`. */
#define for_each_tdp_mmu_root_yield_safe(kvm, root, types)			\
	for ((root) = tdp_mmu_next_root(kvm, NULL, types); (root);		\
	     (root) = tdp_mmu_next_root(kvm, root, types))
#define for_each_tdp_mmu_root_as_id_yield_safe(kvm, root, as_id, types)		\
	for_each_tdp_mmu_root_yield_safe(kvm, root, types)			\
		if (kvm_mmu_page_as_id(root) != (as_id)) {			\
		} else

/* Without references: mmu_lock held for write throughout. */
#define tdp_mmu_root_of(node)	container_of(node, struct kvm_mmu_page, link)
#define for_each_tdp_mmu_root(kvm, root)					\
	for ((root) = tdp_mmu_root_of(rcu_dereference((kvm)->tdp_mmu_roots.next));	\
	     &(root)->link != &(kvm)->tdp_mmu_roots;				\
	     (root) = tdp_mmu_root_of(list_next_rcu(&(root)->link)))
#define for_each_valid_tdp_mmu_root(kvm, root, as_id)				\
	for_each_tdp_mmu_root(kvm, root)					\
		if (kvm_mmu_page_as_id(root) != (as_id) || is_invalid_sp(root)) {	\
		} else

/* The same without mmu_lock, all in one RCU section: roots come and go, and may become invalid at any time. */
#define for_each_tdp_mmu_root_rcu(kvm, root, as_id)	for_each_valid_tdp_mmu_root(kvm, root, as_id)

/*
 * For a vCPU that takes up or lets go of a root.  In the profile legacy-roots for write: a root may
 * become invalid whenever a reference is put, and a vCPU must not choose it just then.
 */
static inline void kvm_tdp_mmu_lock_roots(struct kvm *kvm) __acquires(mmu_lock)
{
	static_check_off("the mode is the profile's");
	if (unlikely(kvm->config.legacy_roots))
		write_lock(&kvm->mmu_lock);
	else
		read_lock(&kvm->mmu_lock);
}

static inline void kvm_tdp_mmu_unlock_roots(struct kvm *kvm) __releases(mmu_lock)
{
	static_check_off("the mode is the profile's");
	if (unlikely(kvm->config.legacy_roots))
		write_unlock(&kvm->mmu_lock);
	else
		read_unlock(&kvm->mmu_lock);
}

/* Profile legacy-roots: the last reference to a valid root was put.  mmu_lock held, in either mode. */
void kvm_tdp_mmu_put_last_legacy(struct kvm *kvm, struct kvm_mmu_page *root);

/* Mark every valid root invalid and scheduled to be zapped. */
void kvm_tdp_mmu_invalidate_roots(struct kvm *kvm);
/* Zap what was scheduled, then drop the MMU's own reference on it.  One caller at a time (slots_lock). */
void kvm_tdp_mmu_zap_invalidated_roots(struct kvm *kvm, bool shared);

#endif
