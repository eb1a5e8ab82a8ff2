// SPDX-License-Identifier: GPL-2.0-only
/* nx-list: a table is listed while it may be in the way of a huge page, and never when it is dead. */
#include "../core/list.h"
#include "../kvm/nx.h"
#include "../kvm/spte.h"
#include "plant.h"

#define NX(name_, task_, text_)								\
	__PLANT(name_, text_, NULL, ORACLE_NX_LIST, task_, WORLD_NX)
/* The body disturbs the machine; the check that follows must notice. */
#define NX_AT_REST(name_, text_)							\
	__PLANT(name_, text_, check_quiescent, ORACLE_NX_LIST, BOSS, WORLD_NX)

/* As a fault links a table in the place of a huge page that may not be executed. */
static struct kvm_mmu_page *link_disallowed(struct machine *m)
{
	struct kvm_mmu_page *sp = new_table(m);

	WRITE_PRIVATE(sp->nx_huge_page_disallowed, 1);
	read_lock(&m->kvm->mmu_lock);
	rcu_read_lock();
	link_new(m, sp);
	rcu_read_unlock();
	read_unlock(&m->kvm->mmu_lock);
	return sp;
}

static struct kvm_mmu_page *link_and_list(struct machine *m)
{
	struct kvm_mmu_page *sp = link_disallowed(m);

	read_lock(&m->kvm->mmu_lock);
	track_possible_nx_huge_page(m->kvm, sp);
	read_unlock(&m->kvm->mmu_lock);
	return sp;
}

/* Whoever cuts it off; unlisting it comes next. */
static void cut_off(struct machine *m, struct kvm_mmu_page *sp)
{
	write_lock(&m->kvm->mmu_lock);
	rcu_read_lock();
	xchg(sp->ptep, SHADOW_NONPRESENT_VALUE);
	note(NOTE_TLB_FLUSHED, m->kvm, 0);
	rcu_read_unlock();
	write_unlock(&m->kvm->mmu_lock);
}

static void unlist(struct machine *m, struct kvm_mmu_page *sp)
{
	write_lock(&m->kvm->mmu_lock);
	untrack_removed_nx_huge_page(m->kvm, sp);
	write_unlock(&m->kvm->mmu_lock);
}

/* Behind everybody's back, whatever `sp` is. */
static void put_on_list(struct machine *m, struct kvm_mmu_page *sp, u64 count)
{
	struct list_head *node = &sp->possible_nx_huge_page_link, *head = &m->kvm->possible_nx_huge_pages;

	frame_touch((u32)(sp - m->kvm->mmu_pages));
	WRITE_PRIVATE(node->next, head);
	WRITE_PRIVATE(node->prev, head);
	WRITE_PRIVATE(head->next, node);
	WRITE_PRIVATE(head->prev, node);
	WRITE_PRIVATE(m->kvm->nr_possible_nx_huge_pages, count);
	WRITE_PRIVATE(sp->nx_huge_page_disallowed, 1);
}

/* ------------------------------------------------------------------ what is allowed */

NX(a_table_is_listed_unlisted_and_freed, VCPU0, NULL)
{
	struct kvm_mmu_page *sp = link_and_list(m);

	cut_off(m, sp);
	unlist(m, sp);
	frame_free(sp->pfn);
}

/* Of the fault that linked it and whoever cuts it off either may be first. */
NX(a_table_is_cut_off_before_it_can_be_listed, VCPU0, NULL)
{
	struct kvm_mmu_page *sp = link_disallowed(m);

	cut_off(m, sp);
	unlist(m, sp);
	read_lock(&m->kvm->mmu_lock);
	track_possible_nx_huge_page(m->kvm, sp);
	read_unlock(&m->kvm->mmu_lock);
	frame_free(sp->pfn);
}

NX(a_table_may_be_listed_until_its_remover_has_the_lock, VCPU0, NULL)
{
	struct kvm_mmu_page *other = pfn_to_sp(m->l1), *sp = link_and_list(m);

	poke_frame_state(m->l1, FRAME_TABLE);
	WRITE_PRIVATE(other->nx_huge_page_disallowed, 1);
	cut_off(m, sp);
	read_lock(&m->kvm->mmu_lock);
	track_possible_nx_huge_page(m->kvm, other);
	read_unlock(&m->kvm->mmu_lock);
	unlist(m, sp);
	frame_free(sp->pfn);
}

NX(a_private_table_has_no_rules, VCPU0, NULL)
{
	struct kvm_mmu_page *sp = new_table(m);

	WRITE_ONCE(sp->nx_huge_page_disallowed, 1);
	frame_free(sp->pfn);
}

NX_AT_REST(a_disallowed_table_is_listed_at_rest, NULL)
{
	put_on_list(m, pfn_to_sp(m->l1), 1);
}

/* Another reason than NX kept the huge page away, too. */
NX_AT_REST(a_disallowed_table_need_not_be_listed, NULL)
{
	poke_frame_state(m->l1, FRAME_TABLE);
	WRITE_PRIVATE(pfn_to_sp(m->l1)->nx_huge_page_disallowed, 1);
}

/* ------------------------------------------------------------------ the lock, and the flag */

NX(a_table_is_listed_without_the_lock, VCPU0, "is changed without tdp_mmu_pages_lock")
{
	struct kvm_mmu_page *sp = link_disallowed(m);

	read_lock(&m->kvm->mmu_lock);
	list_add_tail(&sp->possible_nx_huge_page_link, &m->kvm->possible_nx_huge_pages);
}

NX(a_table_is_unlisted_without_the_lock, VCPU0, "is changed without tdp_mmu_pages_lock")
{
	struct kvm_mmu_page *sp = link_and_list(m);

	write_lock(&m->kvm->mmu_lock);
	list_del_init(&sp->possible_nx_huge_page_link);
}

NX(the_first_of_the_list_is_taken_without_the_lock, HOST0, "is changed without tdp_mmu_pages_lock")
{
	data_write(m->kvm->possible_nx_huge_pages.next, &m->kvm->possible_nx_huge_pages);
}

NX(the_last_of_the_list_is_taken_without_the_lock, HOST0, "is changed without tdp_mmu_pages_lock")
{
	data_write(m->kvm->possible_nx_huge_pages.prev, &m->kvm->possible_nx_huge_pages);
}

NX(a_table_between_others_is_unlisted_without_the_lock, HOST0, "is changed without tdp_mmu_pages_lock")
{
	struct kvm_mmu_page *sp = link_and_list(m);

	data_write(sp->possible_nx_huge_page_link.prev, &sp->possible_nx_huge_page_link);
}

NX(the_lock_of_another_task_does_not_help, HOST0, "is changed without tdp_mmu_pages_lock")
{
	spin_lock(&m->kvm->tdp_mmu_pages_lock);
	become(VCPU1);
	data_write(m->kvm->possible_nx_huge_pages.next, &m->kvm->possible_nx_huge_pages);
}

NX(the_flag_is_set_after_the_link, VCPU0, "is set when others can see the table")
{
	struct kvm_mmu_page *sp = new_table(m);

	read_lock(&m->kvm->mmu_lock);
	link_new(m, sp);
	WRITE_ONCE(sp->nx_huge_page_disallowed, 1);
}

NX(the_flag_is_set_when_the_table_is_cut_off, VCPU0, "is set when others can see the table")
{
	struct kvm_mmu_page *sp = link_and_list(m);

	cut_off(m, sp);
	unlist(m, sp);
	WRITE_ONCE(sp->nx_huge_page_disallowed, 1);
}

NX(the_flag_is_cleared_without_the_lock, HOST0, "is cleared without tdp_mmu_pages_lock")
{
	struct kvm_mmu_page *sp = link_and_list(m);

	cut_off(m, sp);
	WRITE_ONCE(sp->nx_huge_page_disallowed, 0);
}

/* ------------------------------------------------------------------ dead tables */

NX(a_table_is_freed_on_the_list, HOST0, "is freed on the list")
{
	struct kvm_mmu_page *sp = link_and_list(m);

	cut_off(m, sp);
	frame_free(sp->pfn);
}

/* The fault does not look again under the lock: the remover came first, and found nothing to unlist. */
NX(a_dead_table_is_listed, VCPU0, "and is not disallowed: it has been cut off")
{
	struct kvm_mmu_page *sp = link_disallowed(m);

	cut_off(m, sp);
	unlist(m, sp);
	spin_lock(&m->kvm->tdp_mmu_pages_lock);
	list_add_tail(&sp->possible_nx_huge_page_link, &m->kvm->possible_nx_huge_pages);
}

NX_AT_REST(a_free_table_is_listed, "and no entry points at it")
{
	put_on_list(m, pfn_to_sp(arena_of()->frames->nr_tables - 1), 1);
}

NX_AT_REST(a_root_is_listed, "and no entry points at it")
{
	put_on_list(m, m->root, 1);
}

/* Freed, and allocated again for a vCPU's cache: allocated it is, and its old entry knows it no more. */
NX_AT_REST(a_cached_table_is_listed, "and no entry points at it")
{
	struct kvm_mmu_memory_cache *mc = &m->kvm->vcpus[0].mmu_page_cache;
	struct kvm_mmu_page *sp = new_table(m);

	if (mc->nobjs == KVM_ARCH_NR_OBJS_PER_MEMORY_CACHE)
		frame_free(mc->objects[--mc->nobjs]);
	mc->objects[mc->nobjs++] = sp->pfn;
	put_on_list(m, sp, 1);
}

NX_AT_REST(an_entry_leads_to_another_table_than_the_listed_one, "and no entry points at it")
{
	struct kvm_mmu_memory_cache *mc = &m->kvm->vcpus[0].mmu_page_cache;
	struct kvm_mmu_page *sp = new_table(m);

	if (mc->nobjs == KVM_ARCH_NR_OBJS_PER_MEMORY_CACHE)
		frame_free(mc->objects[--mc->nobjs]);
	mc->objects[mc->nobjs++] = sp->pfn;
	sp->ptep = m->table_at;
	put_on_list(m, sp, 1);
}

/* ------------------------------------------------------------------ the list at rest */

NX_AT_REST(a_listed_table_is_not_disallowed, "and is not disallowed")
{
	put_on_list(m, pfn_to_sp(m->l1), 1);
	WRITE_PRIVATE(pfn_to_sp(m->l1)->nx_huge_page_disallowed, 0);
}

NX_AT_REST(a_listed_table_shadows_page_tables_of_the_guest, "and is not disallowed")
{
	put_on_list(m, pfn_to_sp(m->l1), 1);
	pfn_to_sp(m->l1)->role.direct = 0;
}

NX_AT_REST(the_count_is_higher_than_the_list_is_long, "nr_possible_nx_huge_pages is 2, and the list has 1 entries")
{
	put_on_list(m, pfn_to_sp(m->l1), 2);
}

NX_AT_REST(the_count_says_one_and_the_list_is_empty, "nr_possible_nx_huge_pages is 1, and the list has 0 entries")
{
	WRITE_PRIVATE(m->kvm->nr_possible_nx_huge_pages, 1);
}

NX_AT_REST(the_list_is_longer_than_the_count, "nr_possible_nx_huge_pages is 0, and the list has at least 1 entries")
{
	put_on_list(m, pfn_to_sp(m->l1), 0);
}

/* A walk of it ends all the same. */
NX_AT_REST(the_list_does_not_lead_back_to_its_head, "and the list has at least 2 entries")
{
	struct list_head *node = &pfn_to_sp(m->l1)->possible_nx_huge_page_link;

	put_on_list(m, pfn_to_sp(m->l1), 1);
	WRITE_PRIVATE(node->next, node);
}

/* As the worker takes a table off the list, and looks at what points there. */
static void take_and_look(struct machine *m, bool stay)
{
	struct kvm_mmu_page *sp = link_and_list(m);

	read_lock(&m->kvm->mmu_lock);
	rcu_read_lock();
	untrack_removed_nx_huge_page(m->kvm, sp);
	if (!stay) {
		rcu_read_unlock();
		rcu_read_lock();
	}
	(void)READ_ONCE(*sp->ptep);
	rcu_read_unlock();
	read_unlock(&m->kvm->mmu_lock);
}

NX(the_worker_stays_in_its_rcu_section, HOST0, NULL)
{
	take_and_look(m, true);
}

__PLANT(the_worker_leaves_rcu_with_a_table_in_hand, "an earlier RCU section", NULL, ORACLE_SPTE_TRANSITION, HOST0,
	WORLD_NX)
{
	take_and_look(m, false);
}
