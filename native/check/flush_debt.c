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
 * that completed pays them, and as much as was asked of it: every flush here is a full one, and one of a
 * range (kvm_flush_remote_tlbs_range()) need not be elsewhere.
 *
 * Exempt, as in the protocol: invalid roots (each vCPU flushes when it loads the next root), the
 * end of the VM (boss), W or D cleared for dirty logging (the ioctl flushes by reaped bits), and a
 * huge leaf that becomes a table of the same translations.
 *
 * A debt is its task's own, so the rules are the same running free.
 */
#include "shadow.h"

#define LLX(x)	((unsigned long long)(x))

static void owe(struct debt *debt, const struct event *ev, u64 old, struct gfn_span gfns)
{
	if (debt->addr) {
		/* The oldest is the one to report. */
		debt->owed.start = min(debt->owed.start, gfns.start);
		debt->owed.end = max(debt->owed.end, gfns.end);
		return;
	}
	*debt = (struct debt){ .addr = ev->addr, .old = old, .site = ev->site, .owed = gfns };
}

/* What the entry translates, or the table that hangs below it. */
static struct gfn_span gfns_of(const struct event *ev, u32 n, u32 level)
{
	const u64 index = ((u64)ev->addr / sizeof(table_word)) % TABLE_WORDS;
	const gfn_t start = header_of(n)->gfn + (index << KVM_HPAGE_GFN_SHIFT(level));

	return (struct gfn_span){ start, start + KVM_PAGES_PER_HPAGE(level) };
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
		owe(&shadow_of(ev)->slots_debt, ev, old, gfns_of(ev, n, level));
		return;
	}
	owe(table ? &shadow_of(ev)->table_debt : &shadow_of(ev)->leaf_debt, ev, old, gfns_of(ev, n, level));
}

/* The flush that this task does next is asked for these gfns only. */
void flush_debt_range(const struct event *ev)
{
	const struct kvm_gfn_range *range = ev->addr;

	shadow_of(ev)->flush = (struct gfn_span){ range->start, range->end };
}

static void pay(struct debt *debt, struct gfn_span flush)
{
	if (flush.start <= debt->owed.start && debt->owed.end <= flush.end) {
		debt->addr = NULL;
		return;
	}
	debt->paid = flush;
	/* One end may be paid now, and the rest by another flush. */
	if (flush.start <= debt->owed.start)
		debt->owed.start = max(debt->owed.start, flush.end);
	else if (debt->owed.end <= flush.end)
		debt->owed.end = min(debt->owed.end, flush.start);
}

void flush_debt_flushed(const struct event *ev)
{
	struct task_shadow *t = shadow_of(ev);
	struct gfn_span flush = t->flush;

	t->flushed = flush;
	t->flush = (struct gfn_span){ 0, 0 };
	if (flush.start >= flush.end)
		flush.end = flush.start ? flush.start : INVALID_GPA;	/* upside down: of nothing */
	pay(&t->leaf_debt, flush);
	pay(&t->table_debt, flush);
	pay(&t->slots_debt, flush);
}

static void unpaid(const struct event *ev, struct debt *debt, const char *where, const char *what)
{
	const struct site *site = site_by_id(debt->site);
	const void *addr = debt->addr;

	debt->addr = NULL;
	if (debt->paid.end) {
		violation(ORACLE_FLUSH_DEBT, site_of(ev), addr,
			  "%s is left, and the last TLB flush was of gfns [0x%llx, 0x%llx): not of [0x%llx, 0x%llx), "
			  "since %s() line %u removed %s 0x%llx from a valid root", where,
			  LLX(debt->paid.start), LLX(debt->paid.end), LLX(debt->owed.start), LLX(debt->owed.end),
			  site->func, site->line, what, LLX(debt->old));
		return;
	}
	violation(ORACLE_FLUSH_DEBT, site_of(ev), addr,
		  "%s is left with no TLB flush since %s() line %u removed %s 0x%llx from a valid root", where,
		  site->func, site->line, what, (unsigned long long)debt->old);
}

void flush_debt_leave_lock(const struct event *ev)
{
	struct task_shadow *t = shadow_of(ev);

	if (ev->done || ev->addr != (void *)&kvm_of()->mmu_lock)
		return;
	t->flushed = (struct gfn_span){ 0, 0 };
	if (likely(!t->leaf_debt.addr))
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
