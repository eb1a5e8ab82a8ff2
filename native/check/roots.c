// SPDX-License-Identifier: GPL-2.0-only
/*
 * Roots: spec A4 to A7, R1 and R7 for role.invalid and the list of roots.
 *
 * Independent: counts are judged by the (old, new) pair of each store to the word; the roots
 * alive are listed here from their announcement to the freeing of their frame.
 *
 * Running free: all rules are on pairs of read-modify-writes, or on the storing task's own
 * locks.  A7 is looked at when a root is announced, which its creator does with
 * tdp_mmu_pages_lock held, so that no other is being created.
 */
#include "shadow.h"

static const char *mode_text(int mode)
{
	return mode < 0 ? "without mmu_lock" : mode == LOCK_READ ? "under mmu_lock read" : "under mmu_lock write";
}

static void count_changed(const struct event *ev, u32 n)
{
	const struct kvm_mmu_page *sp = header_of(n);
	bool legacy = kvm_of()->config.legacy_roots;
	u32 old = (u32)ev->old, new = (u32)ev->new;

	if (old && !new)
		shadow_of(ev)->last_put = n;
	/* Without a reference of the MMU's own: the last holder lends one to the root that it zaps. */
	if (legacy && !old && new == 1 && ev->op == OP_STORE && peek(sp->invalid))
		return;
	if (!old && new && new < BIT_ULL(31))
		violation(ORACLE_ROOTS, site_of(ev), sp, "root %u: a reference is taken at count 0", n);
	else if (!old && new)
		violation(ORACLE_ROOTS, site_of(ev), sp, "root %u: a reference is put at count 0", n);
	else if (ev->op == OP_STORE && table_get(check_of(), n).life == TABLE_ROOT)
		violation(ORACLE_ROOTS, site_of(ev), sp,
			  "root %u: the count is %u and is overwritten by %u: what others did to it meanwhile is lost",
			  n, old, new);
	else if (old && !new && !peek(sp->invalid) && !legacy)
		violation(ORACLE_ROOTS, site_of(ev), sp, "root %u: the last reference to a valid root is put", n);
}

/*
 * Whoever put the last reference owns the root: unlinks it, or (legacy) lends it one and zaps it.  Left
 * at zero and listed it belongs to nobody: nobody will free it.  All puts are under mmu_lock.
 */
void roots_leave_lock(const struct event *ev)
{
	struct task_shadow *t = shadow_of(ev);
	u32 n = t->last_put;

	if (ev->done || ev->addr != (void *)&kvm_of()->mmu_lock || likely(!n))
		return;
	t->last_put = 0;
	if (table_get(check_of(), n).life == TABLE_ROOT && !peek(header_of(n)->tdp_mmu_root_count) &&
	    peek(header_of(n)->link.prev) != LIST_POISON)
		violation(ORACLE_ROOTS, site_of(ev), header_of(n),
			  "root %u is left with no reference, and is still listed: nobody will free it", n);
}

static void invalid_changed(const struct event *ev, u32 n)
{
	const struct task *task = task_by_id(ev->task);
	int mode = held_mode(task, &kvm_of()->mmu_lock);

	if (ev->old && !ev->new)
		violation(ORACLE_ROOTS, site_of(ev), ev->addr, "root %u: role.invalid goes from 1 to 0", n);
	if (kvm_of()->config.legacy_roots && mode == LOCK_READ && !peek(header_of(n)->tdp_mmu_root_count))
		return;		/* by whoever put the last reference */
	if (!ev->old && ev->new && mode != LOCK_WRITE && ev->task != TASK_BOSS)
		violation(ORACLE_ROOTS, site_of(ev), ev->addr, "root %u: role.invalid is set %s", n, mode_text(mode));
}

/* R7: by whoever holds the list's lock.  `addr` is a link of a listed root, or the head. */
void roots_list_store(const struct event *ev)
{
	if (held_mode(task_by_id(ev->task), &kvm_of()->tdp_mmu_pages_lock) < 0)
		violation(ORACLE_ROOTS, site_of(ev), ev->addr,
			  "the list of roots is changed without tdp_mmu_pages_lock");
}

/*
 * A new root is about to become the list's first: from here on walkers of the list, who hold no
 * lock of its creator's, take it as they find it.
 */
void roots_publish(const struct event *ev)
{
	const struct kvm *kvm = kvm_of();
	const struct kvm_mmu_page *sp = container_of((struct list_head *)ev->operand, struct kvm_mmu_page, link);
	u64 n = sp - kvm->mmu_pages;

	if (ev->operand == (u64)&kvm->tdp_mmu_roots || n >= arena_of()->frames->nr_tables ||
	    table_get(check_of(), (u32)n).life == TABLE_ROOT)
		return;		/* an older root, as the first one goes */
	if (!peek(sp->tdp_mmu_root_count) || peek(sp->invalid) || peek(sp->scheduled_to_zap) || sp->pfn != n ||
	    sp->spt != frame_words((u32)n) || sp->role.level != kvm->config.root_level)
		violation(ORACLE_ROOTS, site_of(ev), sp,
			  "root %llu is listed before it is ready: level %u, %u references, invalid %u",
			  (unsigned long long)n, sp->role.level, peek(sp->tdp_mmu_root_count), peek(sp->invalid));
}

#define FIELD(offset, field) \
	((offset) - offsetof(struct kvm_mmu_page, field) < sizeof(((struct kvm_mmu_page *)0)->field))

/* A store to, or a read-modify-write of, a word of the header of table `n`. */
void roots_access(struct event *ev, u32 n, u32 offset)
{
	if (ev->flags & SITE_PRIVATE)
		return;
	if (!ev->done) {
		if (FIELD(offset, link))
			roots_list_store(ev);
		if (FIELD(offset, possible_nx_huge_page_link)) {
			nx_list_store(ev);
			nx_list_add(ev, n);
		}
		return;
	}
	if (ev->op == OP_CMPXCHG && ev->old != ev->expected)
		return;
	if (FIELD(offset, tdp_mmu_root_count))
		count_changed(ev, n);
	else if (FIELD(offset, invalid))
		invalid_changed(ev, n);
	else if (FIELD(offset, nx_huge_page_disallowed))
		nx_flag_changed(ev, n);
}

static void check_new_root(const struct event *ev, u32 n)
{
	const struct kvm_mmu_page *sp = header_of(n);
	const struct check *c = check_of();
	u32 i;

	if (sp->role.level != kvm_of()->config.root_level || sp->ptep || sp->gfn || !sp->role.direct ||
	    !sp->tdp_mmu_page)
		violation(ORACLE_ROOTS, site_of(ev), sp, "root %u: level %u, gfn 0x%llx, or a parent: not a root", n,
			  sp->role.level, (unsigned long long)sp->gfn);
	for (i = 0; i < CHECK_ROOTS; i++) {
		u32 other = __atomic_load_n(&c->roots[i], __ATOMIC_ACQUIRE);

		if (!other || other == n || table_get(c, other).life != TABLE_ROOT ||
		    peek(header_of(other)->invalid) || header_of(other)->role.word != sp->role.word)
			continue;
		/* Let go by its last holder, who has not marked it yet. */
		if (kvm_of()->config.legacy_roots && !peek(header_of(other)->tdp_mmu_root_count))
			continue;
		violation(ORACLE_ROOTS, site_of(ev), sp, "roots %u and %u are both valid with role 0x%x", other, n,
			  sp->role.word);
	}
}

/* From here on its role is taken. */
void roots_list(u32 n)
{
	struct check *c = check_of();
	u32 i;

	for (i = 0; i < CHECK_ROOTS; i++) {
		u32 none = 0;

		if (__atomic_compare_exchange_n(&c->roots[i], &none, n, false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return;
	}
}

void roots_created(const struct event *ev)
{
	struct check *c = check_of();
	u32 n = (u32)((struct kvm_mmu_page *)ev->addr - kvm_of()->mmu_pages);

	table_set(c, n, (union table_shadow){ .life = TABLE_ROOT });
	check_new_root(ev, n);
	roots_list(n);
}

/* References are judged where the count changes; here, that there is something to refer to. */
void roots_note(const struct event *ev)
{
	u32 n = (u32)((struct kvm_mmu_page *)ev->addr - kvm_of()->mmu_pages);

	if (ev->operand == NOTE_ROOT_GET && frame_state_of(n) != FRAME_TABLE)
		violation(ORACLE_ROOTS, site_of(ev), ev->addr, "a reference is taken to root %u, which is free", n);
}

void roots_freed(u32 n)
{
	struct check *c = check_of();
	u32 count = peek(header_of(n)->tdp_mmu_root_count), i;

	if (count)
		violation(ORACLE_ROOTS, __here("root freed"), header_of(n), "root %u is freed with %u references", n,
			  count);
	for (i = 0; i < CHECK_ROOTS; i++)
		if (__atomic_load_n(&c->roots[i], __ATOMIC_RELAXED) == n)
			__atomic_store_n(&c->roots[i], 0, __ATOMIC_RELEASE);
}
