// SPDX-License-Identifier: GPL-2.0-only
/* warn: WARN_ON_ONCE() and KVM_BUG_ON() of the model are violations. */
#include "plant.h"

CLEAN(conditions_that_are_false, WARN, VCPU0)
{
	if (WARN_ON_ONCE(m->l1 == m->root->pfn) || KVM_BUG_ON(!m->kvm, m->kvm))
		violation(ORACLE_WARN, __here("value"), NULL, "a false condition was reported as true");
}

PLANT(warn_on_once, WARN, VCPU0, "WARN_ON_ONCE(m->l1 != m->root->pfn)")
{
	WARN_ON_ONCE(m->l1 != m->root->pfn);
}

PLANT(kvm_bug_on, WARN, VCPU0, "KVM_BUG_ON(m->kvm->online_vcpus == 2)")
{
	KVM_BUG_ON(m->kvm->online_vcpus == 2, m->kvm);
}

PLANT(list_del_of_a_removed_node, WARN, VCPU0, "list_del of a node that is on no list")
{
	spin_lock(&m->kvm->tdp_mmu_pages_lock);
	list_del_rcu(&m->root->link);
	list_del_rcu(&m->root->link);
}
