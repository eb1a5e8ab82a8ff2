// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a walk found in one RCU section is not used in the next.  Spec R6; UAF of the bug catalogue.
 *
 * What keeps a table, and with it a pointer to one of its entries, is the RCU section in which the task came
 * upon it: by an SPTE that points there, or by the NX list.  In the next one it may be gone, and its frame be
 * another table, whether or not it is this time.  So tables bear, for each task, the number of the section in
 * which it last came upon them, as a pointer of rcu_dereference() would.
 *
 * While a task holds mmu_lock for write nobody else cuts a table off, so that a section that ends meanwhile
 * takes nothing away.  Roots are kept by references, and are the business of roots.c.
 *
 * Independent: sections and the lock are the core's book-keeping; what points where is read from values.
 *
 * Custom: a task remembers few tables.  One that it has forgotten, or that was never seen to be found, is
 * not judged, so that no violation is made up.
 *
 * Running free: all of it is the task's own.
 */
#include "shadow.h"

static void new_section(struct task_shadow *t)
{
	t->sections++;
	t->table_used = 0;
}

/* Before the section is over, and before mmu_lock is given up. */
void rcu_section_left(const struct event *ev)
{
	const struct task *task = task_by_id(ev->task);
	const void *lock = &kvm_of()->mmu_lock;

	if (ev->done)
		return;
	if (ev->op == OP_RCU_UNLOCK ?
	    ev->addr == (void *)&task->rcu[RCU_SCHED].epoch && held_mode(task, lock) != LOCK_WRITE :
	    ev->op == OP_WRITE_UNLOCK && ev->addr == lock && !task->rcu[RCU_SCHED].nesting)
		new_section(shadow_of(ev));
}

void rcu_section_found(const struct event *ev, u32 table)
{
	struct task_shadow *t = shadow_of(ev);

	t->found[table % NR_FOUND].table = table;
	t->found[table % NR_FOUND].section = (u32)t->sections;
}

/* A table of the NX list, and the one above it, which is not freed before it. */
void rcu_section_listed(const struct event *ev, u32 table)
{
	const struct kvm_mmu_page *sp = header_of(table);

	if (!task_by_id(ev->task)->rcu[RCU_SCHED].nesting)
		return;
	rcu_section_found(ev, table);
	if (sp->ptep)
		rcu_section_found(ev, frame_of_addr(sp->ptep));
}

/* An entry of `table` is about to be changed, or has been read, for the first time in a while. */
void rcu_section_used(const struct event *ev, u32 table)
{
	struct task_shadow *t = shadow_of(ev);
	u8 life;

	t->table_used = table;
	if (likely(t->found[table % NR_FOUND].section == (u32)t->sections ||
		   t->found[table % NR_FOUND].table != table))
		return;
	life = table_get(check_of(), table).life;
	if (life != TABLE_LINKED && life != TABLE_CUT)
		return;
	violation(ORACLE_SPTE_TRANSITION, site_of(ev), ev->addr,
		  "an entry of page table %u (level %u, gfn 0x%llx) is %s through a pointer that was found in an "
		  "earlier RCU section: the table may have been freed", table, header_of(table)->role.level,
		  (unsigned long long)header_of(table)->gfn, ev->op == OP_LOAD ? "read" : "changed");
}

/* Likewise where it is not known how the table was found, but the entry was read before. */
void rcu_section_compare_exchange(const struct event *ev)
{
	const struct task_shadow *t = shadow_of(ev);
	u32 slot = ((u64)ev->addr / sizeof(table_word)) % NR_SEEN;

	if (ev->op == OP_CMPXCHG && t->seen[slot].addr == ev->addr && t->seen[slot].section != t->sections)
		violation(ORACLE_SPTE_TRANSITION, site_of(ev), ev->addr,
			  "a compare-exchange through a pointer that was found in an earlier RCU section: "
			  "its table may have been freed");
}
