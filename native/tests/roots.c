// SPDX-License-Identifier: GPL-2.0-only
/* roots: reference counts and lives of root page tables. */
#include "../kvm/roots.h"
#include "plant.h"

CLEAN(a_reference_is_taken_and_put, ROOTS, VCPU0)
{
	u32 count = READ_PRIVATE(m->root->tdp_mmu_root_count);

	if (!refcount_inc_not_zero(&m->root->tdp_mmu_root_count))
		violation(ORACLE_ROOTS, __here("get"), m->root, "no reference to a live root");
	note(NOTE_ROOT_GET, m->root, count + 1);
	refcount_dec_and_test(&m->root->tdp_mmu_root_count);
	note(NOTE_ROOT_PUT, m->root, 0);
}

CLEAN(a_root_is_invalidated_and_unlisted, ROOTS, VCPU0)
{
	write_lock(&m->kvm->mmu_lock);
	WRITE_ONCE(m->root->invalid, 1);
	spin_lock(&m->kvm->tdp_mmu_pages_lock);
	list_del_rcu(&m->root->link);
	spin_unlock(&m->kvm->tdp_mmu_pages_lock);
	write_unlock(&m->kvm->mmu_lock);
}

/* A new root for SMM, on no list yet. */
static struct kvm_mmu_page *new_root(struct machine *m, u32 count)
{
	u32 n = frame_alloc_table(), i;
	struct kvm_mmu_page *sp = pfn_to_sp(n);

	frame_touch(n);
	*sp = *m->root;
	sp->pfn = n;
	sp->spt = frame_words(n);
	sp->role.smm = 1;
	refcount_init(&sp->tdp_mmu_root_count, count);
	for (i = 0; i < TABLE_WORDS; i++)
		WRITE_PRIVATE(frame_words(n)[i], CK_NONPRESENT);
	return sp;
}

static void list_root(struct machine *m, struct kvm_mmu_page *sp)
{
	spin_lock(&m->kvm->tdp_mmu_pages_lock);
	list_add_rcu(&sp->link, &m->kvm->tdp_mmu_roots);
	note(NOTE_ROOT_CREATED, sp, 0);
	spin_unlock(&m->kvm->tdp_mmu_pages_lock);
}

CLEAN(a_root_is_listed_when_it_is_ready, ROOTS, VCPU0)
{
	list_root(m, new_root(m, 1));
}

PLANT(a_root_is_listed_without_a_reference, ROOTS, VCPU0, "is listed before it is ready")
{
	list_root(m, new_root(m, 0));
}

PLANT(a_reference_is_taken_at_count_zero, ROOTS, VCPU0, "taken at count 0")
{
	poke(m->root->tdp_mmu_root_count, 0);
	fetch_add(&m->root->tdp_mmu_root_count, 1);
}

PLANT(a_reference_is_put_at_count_zero, ROOTS, VCPU0, "put at count 0")
{
	poke(m->root->tdp_mmu_root_count, 0);
	fetch_add(&m->root->tdp_mmu_root_count, (u32)-1);
}

PLANT(a_count_is_stored_and_not_added_to, ROOTS, VCPU0, "what others did to it meanwhile is lost")
{
	u32 count = READ_ONCE(m->root->tdp_mmu_root_count);

	WRITE_ONCE(m->root->tdp_mmu_root_count, count + 1);
}

PLANT(a_refcount_underflows, ROOTS, BOSS, "underflow")
{
	refcount_t *count = arena_alloc(sizeof(*count));

	refcount_dec_and_test(count);
}

PLANT(the_last_reference_to_a_valid_root_is_put, ROOTS, VCPU0, "last reference to a valid root")
{
	poke(m->root->tdp_mmu_root_count, 1);
	fetch_add(&m->root->tdp_mmu_root_count, (u32)-1);
}

PLANT(an_invalid_root_becomes_valid_again, ROOTS, VCPU0, "from 1 to 0")
{
	write_lock(&m->kvm->mmu_lock);
	WRITE_ONCE(m->root->invalid, 1);
	WRITE_ONCE(m->root->invalid, 0);
}

PLANT(a_root_is_invalidated_under_read, ROOTS, VCPU0, "is set under mmu_lock read")
{
	read_lock(&m->kvm->mmu_lock);
	WRITE_ONCE(m->root->invalid, 1);
}

PLANT(a_root_is_invalidated_without_a_lock, ROOTS, VCPU0, "is set without mmu_lock")
{
	WRITE_ONCE(m->root->invalid, 1);
}

PLANT(a_root_is_unlisted_without_the_lists_lock, ROOTS, VCPU0, "without tdp_mmu_pages_lock")
{
	list_del_rcu(&m->root->link);
}

PLANT(the_head_of_the_list_changes_without_its_lock, ROOTS, VCPU0, "without tdp_mmu_pages_lock")
{
	WRITE_ONCE(m->kvm->tdp_mmu_roots.prev, NULL);
}

PLANT(two_valid_roots_of_one_role, ROOTS, VCPU0, "both valid with role")
{
	u32 n = frame_alloc_table();

	frame_touch(n);
	*pfn_to_sp(n) = *m->root;
	pfn_to_sp(n)->pfn = n;
	note(NOTE_ROOT_CREATED, pfn_to_sp(n), 0);
}

PLANT(a_lower_table_is_announced_as_a_root, ROOTS, VCPU0, "not a root")
{
	note(NOTE_ROOT_CREATED, pfn_to_sp(m->l1), 0);
}

PLANT(a_root_is_freed_while_referenced, ROOTS, VCPU0, "is freed with")
{
	frame_free(m->root->pfn);
}

PLANT(a_reference_to_a_freed_root, ROOTS, VCPU0, "which is free")
{
	poke_frame_state(m->root->pfn, FRAME_FREE);
	note(NOTE_ROOT_GET, m->root, 3);
}

PLANT(a_listed_root_is_left_with_no_reference, ROOTS, VCPU0, "nobody will free it")
{
	write_lock(&m->kvm->mmu_lock);
	poke(m->root->tdp_mmu_root_count, 1);
	poke(m->root->invalid, 1);
	fetch_add(&m->root->tdp_mmu_root_count, (u32)-1);
	write_unlock(&m->kvm->mmu_lock);
}
