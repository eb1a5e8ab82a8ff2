// SPDX-License-Identifier: GPL-2.0-only
/* quiescence, second half: nothing is left of a VM that was destroyed. */
#include "../kvm/vm.h"
#include "plant.h"

#define AFTER_TEARDOWN(name_, text_)							\
	__PLANT(name_, text_, check_teardown, ORACLE_QUIESCENCE, BOSS, WORLD_PLAIN)

CLEAN(a_destroyed_vm_leaves_nothing, QUIESCENCE, BOSS)
{
	kvm_destroy_vm(m->kvm);
	check_teardown();
}

AFTER_TEARDOWN(a_root_is_still_listed, "still listed after teardown")
{
	kvm_destroy_vm(m->kvm);
	WRITE_PRIVATE(m->kvm->tdp_mmu_roots.next, &m->root->link);
}

AFTER_TEARDOWN(tables_are_still_counted, "tdp_mmu_pages is 3 after teardown")
{
	kvm_destroy_vm(m->kvm);
	WRITE_PRIVATE(m->kvm->tdp_mmu_pages, 3);
}

AFTER_TEARDOWN(leaves_are_still_counted, "1 leaves of level 1 are left")
{
	kvm_destroy_vm(m->kvm);
	WRITE_PRIVATE(m->kvm->stat_pages[0], 1);
}

AFTER_TEARDOWN(a_table_was_never_freed, "1 page tables are never freed")
{
	frame_alloc_table();
	kvm_destroy_vm(m->kvm);
}

AFTER_TEARDOWN(callbacks_are_still_queued, "2 RCU callbacks were not run after teardown")
{
	kvm_destroy_vm(m->kvm);
	arena_of()->rcu->pending = 2;
}
