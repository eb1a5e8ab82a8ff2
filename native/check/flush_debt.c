// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flush debt: spec X4, X5 and T9.  Who takes a translation away from a reachable, valid root
 * owes a remote TLB flush: for a leaf (removed, or MMU-writable cleared) until it leaves
 * mmu_lock, for a table until it leaves the RCU section in which it cut the table off.
 *
 * MMU-writable cleared of a huge leaf by the holder of slots_lock is owed until that is released:
 * the log of a slot that began all set is re-armed so.
 *
 * Independent: debts come from observed stores, not from the model's flush flags; only a flush
 * that completed pays them, and all of them, since every flush here is a full one.
 *
 * Exempt, as in the protocol: invalid roots (each vCPU flushes when it loads the next root), the
 * end of the VM (boss), W or D cleared for dirty logging (the ioctl flushes by reaped bits), and a
 * huge leaf that becomes a table of the same translations.
 *
 * A debt is its task's own, so the rules are the same running free.
 */
#include "shadow.h"

static void owe(struct debt *debt, const struct event *ev, u64 old)
{
	if (debt->addr)
		return;		/* the oldest is the one to report */
	debt->addr = ev->addr;
	debt->old = old;
	debt->site = ev->site;
}

void flush_debt_store(const struct event *ev, u32 n, u64 old, u64 new)
{
	u32 level = header_of(n)->role.level, root;
	bool leaf = ck_leaf(old, level), table = ck_table(old, level);

	if (likely(!leaf && !table))
		return;
	if (leaf && ck_present(new) && !(old & ~new & CK_MMU_W))
		return;		/* still maps as much, or is split */
	if (leaf && ck_table(new, level))
		return;
	if (table && ck_table(new, level) && ck_pfn(new) == ck_pfn(old))
		return;
	root = table_root(check_of(), n);
	if (!root || peek(header_of(root)->invalid) || ev->task == TASK_BOSS)
		return;
	if (leaf && level > PG_LEVEL_4K && ck_present(new) &&
	    held_mode(task_by_id(ev->task), &kvm_of()->slots_lock) >= 0) {
		owe(&shadow_of(ev)->slots_debt, ev, old);
		return;
	}
	owe(table ? &shadow_of(ev)->table_debt : &shadow_of(ev)->leaf_debt, ev, old);
}

void flush_debt_flushed(const struct event *ev)
{
	shadow_of(ev)->leaf_debt.addr = NULL;
	shadow_of(ev)->table_debt.addr = NULL;
	shadow_of(ev)->slots_debt.addr = NULL;
}

static void unpaid(const struct event *ev, struct debt *debt, const char *where, const char *what)
{
	const struct site *site = site_by_id(debt->site);
	const void *addr = debt->addr;

	debt->addr = NULL;
	violation(ORACLE_FLUSH_DEBT, site_of(ev), addr,
		  "%s is left with no TLB flush since %s() line %u removed %s 0x%llx from a valid root", where,
		  site->func, site->line, what, (unsigned long long)debt->old);
}

void flush_debt_leave_lock(const struct event *ev)
{
	struct task_shadow *t = shadow_of(ev);

	if (ev->done || ev->addr != (void *)&kvm_of()->mmu_lock || likely(!t->leaf_debt.addr))
		return;
	unpaid(ev, &t->leaf_debt, ev->op == OP_READ_UNLOCK ? "mmu_lock (read)" : "mmu_lock (write)", "leaf");
}

void flush_debt_leave_rcu(const struct event *ev)
{
	struct task_shadow *t = shadow_of(ev);
	const struct task *task = task_by_id(ev->task);

	/* Only the outermost unlock is an event. */
	if (ev->done || likely(!t->table_debt.addr) || ev->addr != (void *)&task->rcu[RCU_SCHED].epoch)
		return;
	unpaid(ev, &t->table_debt, "the RCU read section", "table");
}

void flush_debt_leave_slots(const struct event *ev)
{
	struct task_shadow *t = shadow_of(ev);

	if (ev->done || likely(!t->slots_debt.addr) || ev->addr != (void *)&kvm_of()->slots_lock)
		return;
	unpaid(ev, &t->slots_debt, "slots_lock", "MMU-writable from huge leaf");
}
