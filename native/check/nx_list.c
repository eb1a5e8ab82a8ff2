// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of possible NX huge pages and the flag that leads onto it: spec R7, A12, Q8, and that
 * a table's flag is decided before the table can be seen.
 *
 * Independent: the list is walked raw when all stands still; whether a table is published is the
 * oracle's own picture.  In between a table may be on the list and cut off already, until its
 * remover gets the lock; it must be gone when its frame is.
 *
 * Running free: each rule is on the storing task's own locks, or on a frame that is being freed.
 */
#include "shadow.h"

#define LLX(x)	((unsigned long long)(x))

void nx_list_store(const struct event *ev)
{
	if (held_mode(task_by_id(ev->task), &kvm_of()->tdp_mmu_pages_lock) < 0)
		violation(ORACLE_NX_LIST, site_of(ev), ev->addr,
			  "the list of possible NX huge pages is changed without tdp_mmu_pages_lock");
}

/* A store to a link of table `n`: does it put the table on the list, which it was not on? */
void nx_list_add(const struct event *ev, u32 n)
{
	const struct list_head *node = &header_of(n)->possible_nx_huge_page_link;

	if (ev->addr == &node->prev && peek(node->prev) == node && ev->operand != (u64)node &&
	    !peek(header_of(n)->nx_huge_page_disallowed))
		violation(ORACLE_NX_LIST, site_of(ev), ev->addr,
			  "table %u is put on the list of possible NX huge pages, and is not disallowed%s", n,
			  table_get(check_of(), n).life == TABLE_CUT ? ": it has been cut off" : "");
}

void nx_flag_changed(const struct event *ev, u32 n)
{
	if (!ev->old && ev->new && table_get(check_of(), n).life != TABLE_PRIVATE)
		violation(ORACLE_NX_LIST, site_of(ev), ev->addr,
			  "nx_huge_page_disallowed of table %u is set when others can see the table", n);
	if (ev->old && !ev->new && held_mode(task_by_id(ev->task), &kvm_of()->tdp_mmu_pages_lock) < 0)
		violation(ORACLE_NX_LIST, site_of(ev), ev->addr,
			  "nx_huge_page_disallowed of table %u is cleared without tdp_mmu_pages_lock", n);
	/* The worker walks along the list: what it takes off is a step, whether or not it then reads an SPTE. */
	if (!ev->old || ev->new)
		return;
	shadow_of(ev)->entries += 2;
	rcu_section_listed(ev, n);
}

void nx_list_freed(const struct event *ev, u32 n)
{
	const struct list_head *node = &header_of(n)->possible_nx_huge_page_link;

	if (peek(node->next) != node)
		violation(ORACLE_NX_LIST, site_of(ev), node,
			  "page table %u (level %u, gfn 0x%llx) is freed on the list of possible NX huge pages",
			  n, header_of(n)->role.level, LLX(header_of(n)->gfn));
}

/* Read raw: this also serves runs that nobody watched. */
static bool is_child(const struct kvm_mmu_page *sp, u32 n)
{
	u64 spte = peek(*sp->ptep);

	return ck_table(spte, sp->role.level + 1) && ck_pfn(spte) == n;
}

/* Q8, A12 */
void nx_list_quiescent(struct kvm *kvm)
{
	const struct list_head *head = &kvm->possible_nx_huge_pages, *pos;
	u64 counted = peek(kvm->nr_possible_nx_huge_pages), length = 0;

	for (pos = peek(head->next); pos != head; pos = peek(pos->next)) {
		const struct kvm_mmu_page *sp = container_of(pos, struct kvm_mmu_page, possible_nx_huge_page_link);
		u32 n = (u32)(sp - kvm->mmu_pages);

		if (++length > counted)
			break;
		if (frame_state_of(n) != FRAME_TABLE || !sp->ptep || !is_child(sp, n))
			violation(ORACLE_NX_LIST, __here("nx list"), sp,
				  "table %u is on the list of possible NX huge pages, and no entry points at it", n);
		else if (!peek(sp->nx_huge_page_disallowed) || !sp->role.direct)
			violation(ORACLE_NX_LIST, __here("nx list"), sp,
				  "table %u is on the list of possible NX huge pages and is not disallowed", n);
	}
	if (length != counted)
		violation(ORACLE_NX_LIST, __here("nx list"), head,
			  "nr_possible_nx_huge_pages is %llu, and the list has %s%llu entries", LLX(counted),
			  length > counted ? "at least " : "", LLX(length));
}
