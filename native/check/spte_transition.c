// SPDX-License-Identifier: GPL-2.0-only
/*
 * SPTE transitions: every store into a page table is judged by its (old, new) pair, by the lock
 * of who stores, and by where the table is in its life.  Spec A1, A2, A3, A8, A9, R2, R3, R4 (its
 * notifier half), R5, X1, X3, and lost updates (A11 of the bug catalogue).
 *
 * Independent: predicates, reserved bits and the table's place in the tree are computed here;
 * the lock mode is the core's book-keeping, not what a function was told.
 *
 * Running free: the old value of a plain store is read just before it, so a change in between
 * is not seen; pairs of read-modify-writes are exact.  A table is taken for private until
 * its link is seen, which is before the link can be.  No rule is off.
 */
#include "shadow.h"

#define KEEP_ROLE	(~0xfu)		/* role.word without the level */

struct store {
	const struct event *ev;
	u32 n, index, level;
	u64 old, new;
	int mode;		/* of mmu_lock; -1: not held */
	union table_shadow table;
};

static void bad(const struct store *s, const char *why)
{
	static const char *const modes[] = { "without mmu_lock", "under mmu_lock read", "under mmu_lock write" };

	violation(ORACLE_SPTE_TRANSITION, site_of(s->ev), s->ev->addr,
		  "%s: %s %s, table %u entry %u level %u, 0x%llx -> 0x%llx", why, op_names[s->ev->op],
		  s->ev->flags & SITE_HW ? "by the CPU" : modes[s->mode + 1], s->n, s->index, s->level,
		  (unsigned long long)s->old, (unsigned long long)s->new);
}

static gfn_t entry_gfn(const struct store *s)
{
	return header_of(s->n)->gfn + ((u64)s->index << KVM_HPAGE_GFN_SHIFT(s->level));
}

/* ------------------------------------------------------------------ the value alone: A1 A2 A3 */

static bool leaf_writable_state_ok(u64 spte)
{
	switch ((spte & CK_HOST_W ? 4 : 0) | (spte & CK_MMU_W ? 2 : 0) | (spte & CK_W ? 1 : 0)) {
	case 7: case 6: case 4: case 0:
		return true;
	}
	return false;
}

/* What EPT and KVM leave no meaning for, at this level. */
static bool reserved_bits_ok(u64 spte, u32 level, bool leaf)
{
	u64 type = (spte & CK_MEMTYPE) >> 3, rwx = spte & 7;

	if (leaf) {
		if (level > kvm_of()->config.max_level || type == 2 || type == 3 || type == 7)
			return false;
		if (ck_pfn(spte) & (KVM_PAGES_PER_HPAGE(level) - 1))
			return false;
		/* The CPU ignores it there; KVM leaves it clear. */
		if (level == PG_LEVEL_4K && (spte & CK_LARGE))
			return false;
	} else if (spte & (CK_MEMTYPE | BIT_ULL(6) | CK_LARGE)) {
		return false;
	}
	/* Write or execute without read is a misconfiguration. */
	return !(rwx == 2 || rwx == 4 || rwx == 6);
}

/* What A and D of a leaf mean is the same in all of a tree, and is what its role says. */
static u64 ad_type_of(const struct kvm_mmu_page *sp)
{
	if (sp->role.ad_disabled)
		return CK_AD_DISABLED;
	return kvm_of()->config.pml && sp->role.guest_mode ? CK_AD_WRPROT_ONLY : 0;
}

static void check_value(const struct store *s)
{
	u64 new = s->new;
	bool leaf = ck_leaf(new, s->level);

	if (!ck_present(new)) {
		if (ck_mmio(new) ? s->level > PG_LEVEL_4K || ck_pfn(new) != entry_gfn(s) :
		    new != CK_NONPRESENT && new != CK_FROZEN)
			bad(s, "not a value an SPTE may have");
		return;
	}
	if (!reserved_bits_ok(new, s->level, leaf))
		bad(s, "reserved bits set");
	/* What a leaf grants is never less for the way that leads to it: nobody would know of the loss. */
	if (!leaf && (~new & (CK_R | CK_W | CK_X)))
		bad(s, "an entry that leads to a table takes access away");
	if (leaf && !leaf_writable_state_ok(new))
		bad(s, "host-writable, MMU-writable and W do not go together");
	if (leaf && (new & CK_AD_TYPE) != ad_type_of(header_of(s->n)))
		bad(s, "the A/D type of the leaf is not that of its tree");
	if (leaf && s->level > PG_LEVEL_4K && (new & CK_X) && kvm_of()->config.nx_huge_pages)
		bad(s, "an executable huge page, and the mitigation is on");
}

/* What was stored while the table was its owner's alone, and comes into force with the link. */
static void check_contents(const struct store *link, u32 child)
{
	const table_word *words = frame_words(child);
	struct store s = { .ev = link->ev, .n = child, .level = link->level - 1, .mode = link->mode };

	for (s.index = 0; s.index < TABLE_WORDS; s.index++) {
		s.old = s.new = peek(words[s.index]);
		if (unlikely(s.new != CK_NONPRESENT))
			check_value(&s);
	}
}

/* A new link: the child is the table that belongs here, and hangs nowhere else. */
static void check_link(const struct store *s)
{
	u64 pfn = ck_pfn(s->new);
	const struct kvm_mmu_page *parent = header_of(s->n), *child;
	union table_shadow t;

	if (!frame_is_table(pfn))
		return;		/* frame_life says so */
	child = header_of((u32)pfn);
	t = table_get(check_of(), (u32)pfn);
	if (t.life != TABLE_LINKED || t.parent != s->n || t.index != s->index)
		bad(s, t.life == TABLE_LINKED ? "links a table that is linked elsewhere" :
		    "links a table that was cut off or is a root");
	if (child->role.level != s->level - 1 || (child->role.word & KEEP_ROLE) != (parent->role.word & KEEP_ROLE))
		bad(s, "the child's role is not the parent's, one level down");
	if (child->gfn != entry_gfn(s))
		bad(s, "the child's gfn is not that of the entry");
	if (child->ptep != (tdp_ptep_t)s->ev->addr)
		bad(s, "the child's ptep is not this entry");
	if (peek(child->invalid) || peek(child->scheduled_to_zap) || peek(child->tdp_mmu_root_count))
		bad(s, "the child's header is still that of a root, its frame's former life");
	check_contents(s, (u32)pfn);
}

/* ------------------------------------------------------------------ the pair */

/* D says something where the CPU may write, or may be let write without a lock. */
static u64 meaningful_d(u64 spte)
{
	return spte & (CK_W | CK_MMU_W) ? CK_D : 0;
}

static void check_pair(const struct store *s)
{
	bool was_leaf = ck_leaf(s->old, s->level), is_leaf = ck_leaf(s->new, s->level);

	if (s->old == CK_FROZEN && s->new != CK_FROZEN)
		bad(s, s->mode == LOCK_WRITE ? "an exclusive setter meets a frozen SPTE" :
		    "a frozen SPTE is changed by another than its freezer");
	if (was_leaf && is_leaf && ck_pfn(s->old) != ck_pfn(s->new))
		bad(s, "a present leaf changes its pfn in one step");
	/* Taking away is the business of who then flushes and knows what D meant. */
	if (was_leaf && is_leaf && (s->old & ~s->new & (CK_W | CK_MMU_W | meaningful_d(s->old))) &&
	    task_by_id(s->ev->task)->kind == TASK_KIND_VCPU)
		bad(s, "a fault takes W or D from a present leaf");
	if (s->new == CK_FROZEN && s->old != CK_FROZEN && table_root(check_of(), s->n))
		bad(s, "an SPTE is frozen in a table that is still reachable");
}

/* Installing under read what an invalidation in progress is about to take away. */
static void check_stale_install(const struct store *s)
{
	struct kvm *kvm = kvm_of();
	gfn_t start, end, gfn = entry_gfn(s);

	if (s->mode != LOCK_READ || ck_present(s->old) || !ck_leaf(s->new, s->level))
		return;
	if (likely(peek(kvm->mmu_invalidate_in_progress) <= 0))
		return;
	start = peek(kvm->mmu_invalidate_range_start);
	end = peek(kvm->mmu_invalidate_range_end);
	if (start != INVALID_GPA && gfn + KVM_PAGES_PER_HPAGE(s->level) > start && gfn < end)
		bad(s, "a mapping is installed inside a range that is being invalidated");
}

/* ------------------------------------------------------------------ the lock: R2 X1 */

#define LOCKLESS_BITS	(CK_R | CK_W | CK_X | CK_A | CK_SAVED_RX)	/* fast fault, aging */

static void check_lock(const struct store *s)
{
	const struct event *ev = s->ev;

	if (s->table.life == TABLE_PRIVATE || s->mode == LOCK_WRITE)
		return;
	if (ev->op == OP_STORE)
		bad(s, "a plain store into a shared table needs mmu_lock for write");
	if (s->mode < 0 && ((s->old ^ s->new) & ~LOCKLESS_BITS))
		bad(s, "presence, pfn or permission of an SPTE changes without mmu_lock");
	if (s->mode < 0 && (s->new & ~s->old & CK_W) && !(s->old & CK_MMU_W))
		bad(s, "an SPTE that is not MMU-writable is made writable without mmu_lock");
}

/*
 * A fault grants and never takes away: what another was granted may be cached by a CPU, which nobody
 * makes forget it.  The other changes of a leaf under read are dirty logging's; it holds slots_lock
 * and flushes before it lets go of it.
 */
static void check_grant(const struct store *s)
{
	u64 lost = s->old & ~s->new & (CK_R | CK_W | CK_X | CK_A | meaningful_d(s->old));

	if (s->mode != LOCK_READ || !lost || !ck_leaf(s->old, s->level) || !ck_leaf(s->new, s->level) ||
	    s->table.life == TABLE_PRIVATE)
		return;
	if (held_mode(task_by_id(s->ev->task), &kvm_of()->slots_lock) < 0)
		bad(s, "a present leaf loses access, A or D, and nobody will flush");
}

/* A plain store writes over what its task has not seen.  A alone may be lost. */
static void check_lost_update(const struct store *s)
{
	const struct task_shadow *t = shadow_of(s->ev);
	u32 slot = s->index % NR_SEEN;

	if (s->ev->op != OP_STORE || t->seen[slot].addr != s->ev->addr)
		return;
	if ((s->old ^ t->seen[slot].value) & ~CK_A)
		bad(s, "a plain store loses an update that came after the value was read");
}

/*
 * UNDEF of the bug catalogue.  What a compare-exchange expects is the value that the task last read or
 * wrote there, whole: anything else was torn, or is nobody's.
 */
static void check_expected(const struct event *ev)
{
	const struct task_shadow *t = shadow_of(ev);
	u32 slot = ((u64)ev->addr / sizeof(table_word)) % NR_SEEN;

	if (ev->op == OP_CMPXCHG && t->seen[slot].addr == ev->addr && t->seen[slot].value != ev->expected)
		violation(ORACLE_SPTE_TRANSITION, site_of(ev), ev->addr,
			  "a compare-exchange expects 0x%llx, and its task read 0x%llx: a torn value",
			  (unsigned long long)ev->expected, (unsigned long long)t->seen[slot].value);
}

/* The CPU sets A anywhere and D in writable leaves, and changes nothing else. */
static void check_hw(const struct store *s)
{
	u64 changed = s->old ^ s->new;

	if ((changed & ~(CK_A | CK_D)) || (s->old & changed) || !ck_present(s->old))
		bad(s, "the CPU changes more than A and D of a present SPTE");
	else if ((changed & CK_D) && !(s->old & CK_W))
		bad(s, "the CPU sets D where W is clear");
}

/* ------------------------------------------------------------------ entry points */

static u32 index_of(const struct event *ev)
{
	return ((u64)ev->addr / sizeof(table_word)) % TABLE_WORDS;
}

static void remember(const struct event *ev, u64 value)
{
	struct task_shadow *t = shadow_of(ev);
	u32 slot = index_of(ev) % NR_SEEN;

	t->seen[slot].addr = ev->addr;
	t->seen[slot].value = value;
	t->seen[slot].section = t->sections;
}

/* A store that would link a private table: count it before anybody else can get there. */
void spte_before(struct event *ev, u32 n)
{
	struct task_shadow *t = shadow_of(ev);
	u64 child;

	t->linking = 0;
	if (!(ev->flags & (SITE_HW | SITE_PRIVATE))) {
		check_expected(ev);
		rcu_section_compare_exchange(ev);
	}
	if ((ev->flags & (SITE_HW | SITE_PRIVATE)) || ev->op < OP_STORE || ev->op > OP_CMPXCHG ||
	    !ck_table(ev->operand, header_of(n)->role.level))
		return;
	child = ck_pfn(ev->operand);
	if (frame_is_table(child) && frame_life_link((u32)child, n, (u16)index_of(ev)))
		t->linking = (u32)child;
}

void spte_after(struct event *ev, u32 n)
{
	struct task_shadow *t = shadow_of(ev);
	struct store s = {
		.ev = ev, .n = n, .index = index_of(ev), .level = header_of(n)->role.level,
		.old = ev->old, .new = ev->new,
	};

	if (ev->flags & SITE_PRIVATE)
		return;
	if (ev->op == OP_CMPXCHG && ev->old != ev->expected) {
		if (t->linking)
			frame_life_unlink(t->linking);
		t->linking = 0;
		if (!(ev->flags & SITE_HW))
			remember(ev, ev->old);
		return;
	}
	if (ev->flags & SITE_HW) {
		check_hw(&s);
		return;
	}
	s.mode = held_mode(task_by_id(ev->task), &kvm_of()->mmu_lock);
	s.table = table_get(check_of(), n);
	check_value(&s);
	check_pair(&s);
	check_lock(&s);
	check_lost_update(&s);
	check_grant(&s);
	if (s.mode < 0 && !(ev->flags & SITE_HW) && ck_leaf(s.new, s.level) && (s.new & ~s.old & CK_W))
		dirty_log_granted(ev, header_of(n)->gfn + ((u64)s.index << KVM_HPAGE_GFN_SHIFT(s.level)));
	check_stale_install(&s);
	if (s.mode == LOCK_READ && !ck_present(s.old) && ck_leaf(s.new, s.level))
		withdrawn_install(ev, n, entry_gfn(&s), s.new);
	if (ck_leaf(s.new, s.level) && (s.new & ~s.old & (CK_W | CK_MMU_W)))
		write_track_store(ev, n, &(struct leaf){ ev->addr, s.new, entry_gfn(&s), s.level });
	if (ck_mmio(s.new))
		mmio_install(ev, n, entry_gfn(&s), s.new);
	if (ck_table(s.new, s.level) && !(ck_table(s.old, s.level) && ck_pfn(s.old) == ck_pfn(s.new)))
		check_link(&s);
	t->linking = 0;
	flush_debt_store(ev, n, s.old, s.new);
	frame_life_store(ev, n, s.old, s.new);
	remember(ev, s.new);
}
