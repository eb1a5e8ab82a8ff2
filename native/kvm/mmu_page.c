// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page-table pages and the caches that feed them; see mmu_page.h.
 *
 * A table passes through four hands: a cache (one vCPU's), a private page (one fault's), the
 * tree (everybody's, from the linking cmpxchg on), RCU (nobody's, after it was cut off).
 */
#include "mmu_page.h"

#include <errno.h>

#include "mmu.h"

/* ------------------------------------------------------------------ memory caches */

void kvm_mmu_memory_cache_init(struct kvm_mmu_memory_cache *mc, u64 init_value)
{
	mc->nobjs = 0;
	/* One fault may need a table for each level below the root: with fewer a walk runs dry. */
	mc->capacity = bug(kvm_of(), H7) ? 2 : KVM_ARCH_NR_OBJS_PER_MEMORY_CACHE;
	mc->init_value = init_value;
}

/*
 * Fill to the brim, so that the next `capacity - min` tables cost nothing.  Having reached
 * `min`, a shortage is no failure.  May sleep in the kernel: no mmu_lock, no RCU.
 */
int __kvm_mmu_topup_memory_cache(struct kvm_mmu_memory_cache *mc, u32 min)
{
	must_hold_none(&kvm_of()->mmu_lock);
	might_sleep();

	while (mc->nobjs < mc->capacity) {
		u32 pfn = frame_alloc_table();

		if (!pfn)
			return mc->nobjs >= min ? 0 : -ENOMEM;
		/* Ours alone until it is linked; the linking cmpxchg publishes these stores. */
		for (u32 i = 0; i < TABLE_WORDS; i++)
			WRITE_PRIVATE(frame_words(pfn)[i], mc->init_value);
		mc->objects[mc->nobjs++] = pfn;
	}
	return 0;
}

/* A frame number.  Under mmu_lock: nothing here may sleep or fail, the top-up saw to that. */
u32 kvm_mmu_memory_cache_alloc(struct kvm_mmu_memory_cache *mc)
{
	if (KVM_BUG_ON(!mc->nobjs, kvm_of()))
		return 0;
	return mc->objects[--mc->nobjs];
}

void kvm_mmu_free_memory_cache(struct kvm_mmu_memory_cache *mc)
{
	while (mc->nobjs)
		frame_free(mc->objects[--mc->nobjs]);
}

/* ------------------------------------------------------------------ headers */

struct kvm_mmu_page *tdp_mmu_alloc_sp(struct kvm_vcpu *vcpu)
{
	must_hold_either(&vcpu->kvm->mmu_lock);

	return pfn_to_sp(kvm_mmu_memory_cache_alloc(&vcpu->mmu_page_cache));
}

struct kvm_mmu_page *tdp_mmu_alloc_sp_for_split(struct kvm *kvm)
{
	u32 pfn;

	must_hold_none(&kvm->mmu_lock);
	might_sleep();

	pfn = frame_alloc_table();
	if (!pfn)
		return NULL;
	/* It may come back unused: then this is all that is known of it. */
	frame_touch(pfn);
	pfn_to_sp(pfn)->pfn = pfn;
	return pfn_to_sp(pfn);
}

void tdp_mmu_init_sp(struct kvm_mmu_page *sp, tdp_ptep_t sptep, gfn_t gfn, union kvm_mmu_page_role role)
{
	const u32 pfn = (u32)(sp - kvm_of()->mmu_pages);

	/* The frame may be cached since before the checkpoint: its header changes only now. */
	frame_touch(pfn);
	sp->pfn = pfn;
	sp->spt = frame_words(pfn);
	sp->role = role;
	sp->gfn = gfn;
	sp->ptep = sptep;
	sp->tdp_mmu_page = 1;
	WRITE_PRIVATE(sp->invalid, 0);
	WRITE_PRIVATE(sp->scheduled_to_zap, 0);
	WRITE_PRIVATE(sp->nx_huge_page_disallowed, 0);
	INIT_LIST_HEAD(&sp->possible_nx_huge_page_link);
	refcount_init(&sp->tdp_mmu_root_count, 0);
}

void tdp_mmu_init_child_sp(struct kvm_mmu_page *child, struct tdp_iter *iter)
{
	union kvm_mmu_page_role role = sptep_to_sp(iter->sptep)->role;

	/* Nothing but the level differs from table to table of a tree. */
	role.level--;
	tdp_mmu_init_sp(child, iter->sptep, iter->gfn, role);
}

void tdp_mmu_free_sp(struct kvm_mmu_page *sp)
{
	frame_free(sp->pfn);
}

/* A grace period after the table was cut off: no software walker can stand in it any more. */
void tdp_mmu_free_sp_rcu_callback(struct rcu_head *head)
{
	tdp_mmu_free_sp(container_of(head, struct kvm_mmu_page, rcu_head));
}

void kvm_mmu_module_init(void)
{
	rcu_callbacks[RCU_FREE_TABLE] = tdp_mmu_free_sp_rcu_callback;
}
