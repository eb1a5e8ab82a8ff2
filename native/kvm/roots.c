// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDP MMU roots: creation, references, invalidation; see roots.h.
 *
 * The life of a root:
 *   1. Created under mmu_lock for read and tdp_mmu_pages_lock, with two references: the
 *      creating vCPU's and the MMU's own.  While the MMU holds its own, the count cannot reach zero.
 *   2. Invalidated under mmu_lock for write.  The MMU's reference passes to the one task that
 *      zaps it (scheduled_to_zap); vCPUs let go of theirs when they serve
 *      KVM_REQ_FREE_OBSOLETE_ROOTS.
 *   3. Zapped, still on the list, for a notifier that comes meanwhile must find its SPTEs.  Only
 *      then the MMU's reference is dropped.
 *   4. The last put unlinks it and gives it to RCU: list walkers may stand on it.
 * In the profile legacy-roots there is no reference of the MMU's own; see roots_legacy.c.
 */
#include "roots.h"

#include <errno.h>

#include "../core/flight.h"
#include "tdp_mmu.h"

/* ------------------------------------------------------------------ references */

/* Needs an RCU section, or a reference that somebody else is sure to hold. */
bool kvm_tdp_mmu_get_root(struct kvm_mmu_page *root)
{
	if (!refcount_inc_not_zero(&root->tdp_mmu_root_count))
		return false;
	note(NOTE_ROOT_GET, root, READ_PRIVATE(root->tdp_mmu_root_count));
	return true;
}

void kvm_tdp_mmu_put_root(struct kvm *kvm, struct kvm_mmu_page *root)
{
	/*
	 * Full barrier: what this holder did to the tree is before the drop; pairs with the last
	 * drop, whose owner unlinks and frees.  Otherwise: A's last store into the root is still
	 * on its way when B, having dropped the last reference, hands the frame to RCU.
	 */
	bool last;

	must_hold_either(&kvm->mmu_lock);

	last = refcount_dec_and_test(&root->tdp_mmu_root_count);
	note(NOTE_ROOT_PUT, root, 0);
	if (likely(!last))
		return;

	if (kvm->config.legacy_roots && !is_invalid_sp(root))
		return kvm_tdp_mmu_put_last_legacy(kvm, root);
	/* A valid root has the MMU's own reference. */
	KVM_BUG_ON(!is_invalid_sp(root), kvm);
	spin_lock(&kvm->tdp_mmu_pages_lock);
	list_del_rcu(&root->link);
	spin_unlock(&kvm->tdp_mmu_pages_lock);
	call_rcu(&root->rcu_head, RCU_FREE_TABLE);
}

static bool tdp_mmu_root_match(struct kvm_mmu_page *root, u32 types)
{
	if (types == KVM_ALL_ROOTS)
		return true;
	return types & (is_invalid_sp(root) ? KVM_INVALID_ROOTS : KVM_VALID_ROOTS);
}

struct kvm_mmu_page *tdp_mmu_next_root(struct kvm *kvm, struct kvm_mmu_page *prev, u32 types)
{
	struct kvm_mmu_page *next = NULL;
	struct list_head *node;

	must_hold_either(&kvm->mmu_lock);

	/* RCU: a root on the way may be unlinked; its next pointer leads back to the list. */
	rcu_read_lock();
	/* The reference on prev keeps it linked, hence what its link says is current. */
	node = prev ? list_next_rcu(&prev->link) : rcu_dereference(kvm->tdp_mmu_roots.next);
	for (; node != &kvm->tdp_mmu_roots; node = list_next_rcu(node)) {
		struct kvm_mmu_page *root = tdp_mmu_root_of(node);

		/* A count of zero is a root about to be unlinked: there is nothing left to do in it. */
		if (tdp_mmu_root_match(root, types) && kvm_tdp_mmu_get_root(root)) {
			next = root;
			break;
		}
	}
	rcu_read_unlock();

	/* Only now: until `next` was found, prev was what the walk stood on.  May free it. */
	if (prev)
		kvm_tdp_mmu_put_root(kvm, prev);
	return next;
}

/* ------------------------------------------------------------------ creation */

/* A valid root of the wanted role, with a reference.  tdp_mmu_pages_lock held: the list stands still. */
static struct kvm_mmu_page *tdp_mmu_find_root_locked(struct kvm *kvm, union kvm_mmu_page_role role)
{
	struct kvm_mmu_page *root;

	must_hold_either(&kvm->tdp_mmu_pages_lock);

	for_each_tdp_mmu_root(kvm, root) {
		if (root->role.word != role.word || is_invalid_sp(root))
			continue;
		/* Invalidation needs mmu_lock for write, so that the MMU's own reference is there. */
		if (kvm_tdp_mmu_get_root(root))
			return root;
		WARN_ON_ONCE(!kvm->config.legacy_roots);
	}
	return NULL;
}

static struct kvm_mmu_page *tdp_mmu_create_root(struct kvm_vcpu *vcpu, union kvm_mmu_page_role role)
{
	struct kvm_mmu_page *root = tdp_mmu_alloc_sp(vcpu);

	must_hold_either(&vcpu->kvm->mmu_lock);
	must_hold_either(&vcpu->kvm->tdp_mmu_pages_lock);

	tdp_mmu_init_sp(root, NULL, 0, role);
	refcount_init(&root->tdp_mmu_root_count, vcpu->kvm->config.legacy_roots ? 1 : 2);
	/* Publishes the header and the table: see the release in list_add_rcu(). */
	list_add_rcu(&root->link, &vcpu->kvm->tdp_mmu_roots);
	note(NOTE_ROOT_CREATED, root, role.word);
	return root;
}

int kvm_tdp_mmu_alloc_root(struct kvm_vcpu *vcpu)
{
	const union kvm_mmu_page_role role = vcpu->mmu.root_role;
	struct kvm *kvm = vcpu->kvm;
	struct kvm_mmu_page *root;

	must_hold_none(&kvm->mmu_lock);
	if (!vcpu->mmu_page_cache.nobjs)
		return -ENOMEM;

	/* For read: creating a root excludes invalidation, nothing else. */
	kvm_tdp_mmu_lock_roots(kvm);
	for_each_tdp_mmu_root_yield_safe(kvm, root, KVM_VALID_ROOTS) {
		if (root->role.word == role.word)
			goto out;	/* with the walk's reference */
	}

	/* Look again under the list's lock: of two vCPUs that come here at once one creates. */
	spin_lock(&kvm->tdp_mmu_pages_lock);
	root = bug(kvm, H2) ? NULL : tdp_mmu_find_root_locked(kvm, role);
	if (!root)
		root = tdp_mmu_create_root(vcpu, role);
	spin_unlock(&kvm->tdp_mmu_pages_lock);
out:
	kvm_tdp_mmu_unlock_roots(kvm);
	/*
	 * If the root is invalidated from here on, a request is pending before this vCPU can enter
	 * the guest, and our reference keeps the root until the request is served.
	 */
	vcpu->mmu.root_hpa = root->pfn;
	return 0;
}

/* ------------------------------------------------------------------ invalidation */

void kvm_tdp_mmu_invalidate_roots(struct kvm *kvm)
{
	struct kvm_mmu_page *root;

	must_hold_write(&kvm->mmu_lock);

	for_each_tdp_mmu_root(kvm, root) {
		if (is_invalid_sp(root))
			continue;
		/* There is no MMU's reference to inherit; a root at zero is being zapped by who put the last. */
		if (kvm->config.legacy_roots && !kvm_tdp_mmu_get_root(root))
			continue;
		/* Whoever clears it owns the MMU's reference. */
		data_write(root->scheduled_to_zap, 1);
		/*
		 * Before the caller's request to all vCPUs, which is a full barrier.  A vCPU that
		 * serves the request first and looks here afterwards would keep the root for ever.
		 */
		WRITE_ONCE(root->invalid, 1);
		flight_instant(FLIGHT_ROOT_INVALID, root->pfn, 0, NULL);
	}
}

/*
 * A root that its last vCPU let go of is zapped by that vCPU, which may yield half-way: a second
 * zap ends no later than ours.  Otherwise: a memslot is gone and its pages are freed; the zapper goes
 * on, and marks dirty and young what belongs to somebody else.
 */
static void finish_zap_legacy(struct kvm *kvm, struct kvm_mmu_page *root)
{
	must_hold_read(&kvm->mmu_lock);
	may_yield(&kvm->mmu_lock);

	if (is_invalid_sp(root))
		tdp_mmu_zap_root(kvm, root, true);
}

void kvm_tdp_mmu_zap_invalidated_roots(struct kvm *kvm, bool shared)
{
	struct kvm_mmu_page *root;

	must_hold_none(&kvm->mmu_lock);
	static_check_off("the mode is an argument");

	if (shared)
		read_lock(&kvm->mmu_lock);
	else
		write_lock(&kvm->mmu_lock);

	for_each_tdp_mmu_root_yield_safe(kvm, root, KVM_ALL_ROOTS) {
		/*
		 * Not merely invalid: the MMU's reference on a root that another zapper has been through
		 * is gone, and what is left are those of vCPUs.  Otherwise: we put vCPU's reference
		 * for it; the root is freed; vCPU puts it once more.
		 */
		if (!data_read(root->scheduled_to_zap) && !(bug(kvm, R19) && is_invalid_sp(root))) {
			/* Held for write the VM is being destroyed, and no vCPU zaps anything. */
			if (kvm->config.legacy_roots && shared)
				finish_zap_legacy(kvm, root);
			continue;
		}
		data_write(root->scheduled_to_zap, 0);
		KVM_BUG_ON(!is_invalid_sp(root), kvm);
		/*
		 * No flush: no vCPU can enter the guest with this root any more, and each flushes
		 * its own TLB when it loads its next one.
		 */
		tdp_mmu_zap_root(kvm, root, shared);
		/* After the zap: the root has to be listed while it maps anything. */
		kvm_tdp_mmu_put_root(kvm, root);
	}

	if (shared)
		read_unlock(&kvm->mmu_lock);
	else
		write_unlock(&kvm->mmu_lock);
}
