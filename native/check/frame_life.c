// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frame life: nothing is used after it was freed, and nothing is freed while it is used
 * (spec A10, and A3 and Q8 as far as each table is linked once).
 *
 * Independent: mappings are counted from the (old, new) pair of each store into a table, per 4K
 * frame and per 2M and 1G block; links between tables likewise.  Neither the model's statistics
 * nor its headers are asked.  A table that is filled before it is linked is counted when
 * it is linked.
 *
 * Running free: a link is counted before the store (only its owner can still change the
 * child), all else after it.  Whoever frees a frame has waited, by a lock or a grace
 * period, for those who store; so the counts it finds are complete.
 */
#include "shadow.h"

static struct guest_shadow *guest_get(u32 n)
{
	shadow_touch(n);
	return &check_of()->guest[n - arena_of()->frames->guest_first];
}

static u32 block_of(u32 n, u32 level)
{
	return round_down(n, (u32)KVM_PAGES_PER_HPAGE(level));
}

static void count_leaf(u64 spte, u32 level, s32 delta)
{
	u64 n = ck_pfn(spte);

	account_leaf(level, delta);
	if (level > PG_LEVEL_1G || !frame_is_guest(n) || !frame_is_guest(block_of((u32)n, level)))
		return;		/* reported as a wrong value already */
	if (level == PG_LEVEL_1G)
		__atomic_fetch_add(&guest_get(block_of((u32)n, level))->giant, (s16)delta, __ATOMIC_ACQ_REL);
	else if (level == PG_LEVEL_2M)
		__atomic_fetch_add(&guest_get(block_of((u32)n, level))->huge, (s16)delta, __ATOMIC_ACQ_REL);
	else
		__atomic_fetch_add(&guest_get((u32)n)->small, delta, __ATOMIC_ACQ_REL);
}

/* Everything that a table maps comes into, or goes out of, the picture. */
static void count_table(u32 n, s32 delta)
{
	const table_word *words = frame_words(n);
	u32 level = header_of(n)->role.level, i;

	for (i = 0; i < TABLE_WORDS; i++) {
		u64 spte = peek(words[i]);

		if (unlikely(ck_leaf(spte, level)))
			count_leaf(spte, level, delta);
		else if (unlikely(ck_table(spte, level)) && frame_is_table(ck_pfn(spte))) {
			if (delta > 0)
				frame_life_link((u32)ck_pfn(spte), n, (u16)i);
			else
				frame_life_unlink((u32)ck_pfn(spte));
		}
	}
}

/* True where `child` was private and now hangs below `parent`. */
bool frame_life_link(u32 child, u32 parent, u16 index)
{
	struct check *c = check_of();

	if (table_get(c, child).life != TABLE_PRIVATE)
		return false;
	count_table(child, 1);
	account_table(1);
	table_set(c, child, (union table_shadow){ .parent = parent, .index = index, .life = TABLE_LINKED });
	return true;
}

/* The link did not come about: the table is its owner's again. */
void frame_life_unlink(u32 child)
{
	table_set(check_of(), child, (union table_shadow){ .life = TABLE_PRIVATE });
	account_table(-1);
	count_table(child, -1);
}

void frame_life_adopt_root(u32 root)
{
	count_table(root, 1);
	table_set(check_of(), root, (union table_shadow){ .life = TABLE_ROOT });
	roots_list(root);
}

void frame_life_table_use(struct event *ev, u32 n, const char *what)
{
	const struct frame *f = frame_get(n);

	violation(ORACLE_FRAME_LIFE, site_of(ev), ev->addr,
		  "%s %u is %s by %s after task %u freed it at step %llu (allocated by task %u, generation %u)",
		  what, n, ev->flags & SITE_HW ? "walked" : "used", op_names[ev->op], f->freed_by,
		  (unsigned long long)f->freed_step, f->owner, f->generation);
}

static void check_target(const struct event *ev, u64 spte, u32 level)
{
	u64 n = ck_pfn(spte);
	bool leaf = ck_leaf(spte, level);
	bool known = leaf ? frame_is_guest(n) : frame_is_table(n);

	if (known && frame_state_of((u32)n) == (leaf ? FRAME_GUEST : FRAME_TABLE))
		return;
	violation(ORACLE_FRAME_LIFE, site_of(ev), ev->addr,
		  "SPTE 0x%llx (level %u) %s frame 0x%llx, which is %s", (unsigned long long)spte, level,
		  leaf ? "maps" : "links", (unsigned long long)n,
		  !known ? "of the wrong sort" : frame_state_of((u32)n) == FRAME_ISOLATED ?
		  "taken away by the host" : "free");
}

static void cut(const struct event *ev, u32 child)
{
	struct check *c = check_of();
	int mode = held_mode(task_by_id(ev->task), &kvm_of()->mmu_lock);

	if (!frame_is_table(child) || table_get(c, child).life != TABLE_LINKED)
		return;
	account_table(-1);
	table_set(c, child, (union table_shadow){
		.life = TABLE_CUT, .cut_mode = mode == LOCK_READ ? LOCK_READ : LOCK_WRITE,
	});
}

/* A store into table `n` that took effect, by software. */
void frame_life_store(const struct event *ev, u32 n, u64 old, u64 new)
{
	u32 level = header_of(n)->role.level;
	bool was_leaf = ck_leaf(old, level), is_leaf = ck_leaf(new, level);

	if (table_get(check_of(), n).life == TABLE_PRIVATE)
		return;		/* counted when it is linked */
	if (was_leaf && is_leaf && ck_pfn(old) == ck_pfn(new))
		return;
	if (is_leaf || ck_table(new, level))
		check_target(ev, new, level);
	if (is_leaf)
		count_leaf(new, level, 1);
	if (was_leaf)
		count_leaf(old, level, -1);
	if (ck_table(old, level) && !(ck_table(new, level) && ck_pfn(old) == ck_pfn(new)))
		cut(ev, (u32)ck_pfn(old));
}

/* ------------------------------------------------------------------ free and isolate */

/* SPTEs that map guest frame `n`: of 4K, and of more. */
s32 frame_life_mapped(u32 n, s32 *huge)
{
	u32 giant = block_of(n, PG_LEVEL_1G);

	*huge = __atomic_load_n(&guest_get(block_of(n, PG_LEVEL_2M))->huge, __ATOMIC_ACQUIRE);
	/* Guest frames begin where a 1G page may only where there are any. */
	if (frame_is_guest(giant))
		*huge += __atomic_load_n(&guest_get(giant)->giant, __ATOMIC_ACQUIRE);
	return __atomic_load_n(&guest_get(n)->small, __ATOMIC_ACQUIRE);
}

static void guest_frame_gone(const struct event *ev, u32 n)
{
	s32 huge, small = frame_life_mapped(n, &huge);

	if (small > 0 || huge > 0)
		violation(ORACLE_FRAME_LIFE, site_of(ev), frame_get(n),
			  "guest frame %u (host page 0x%llx) is %s while %d 4K and %d huge SPTEs map it", n,
			  (unsigned long long)frame_get(n)->page,
			  ev->operand == FRAME_FREE ? "freed" : "taken away", small, huge);
}

/* What a table that is about to be reused still contains. */
static void table_contents(const struct event *ev, u32 n, union table_shadow t)
{
	const table_word *words = frame_words(n);
	u32 i;

	for (i = 0; i < TABLE_WORDS; i++) {
		u64 spte = peek(words[i]);

		if (unlikely(ck_present(spte))) {
			violation(ORACLE_FRAME_LIFE, site_of(ev), &words[i],
				  "page table %u (level %u, gfn 0x%llx) is freed with entry %u present: 0x%llx", n,
				  header_of(n)->role.level, (unsigned long long)header_of(n)->gfn, i,
				  (unsigned long long)spte);
			return;
		}
		/* A shared sweep leaves nothing that a fault inside its RCU section could win. */
		if (unlikely(t.life == TABLE_CUT && t.cut_mode == LOCK_READ && spte != CK_FROZEN)) {
			violation(ORACLE_SPTE_TRANSITION, site_of(ev), &words[i],
				  "page table %u was cut under mmu_lock read, and entry %u was not frozen: 0x%llx",
				  n, i, (unsigned long long)spte);
			return;
		}
	}
}

static void table_gone(const struct event *ev, u32 n)
{
	struct check *c = check_of();
	union table_shadow t = table_get(c, n);

	if (t.life == TABLE_LINKED)
		violation(ORACLE_FRAME_LIFE, site_of(ev), &frame_words(t.parent)[t.index],
			  "page table %u is freed while entry %u of table %u points at it", n, t.index, t.parent);
	if (t.life == TABLE_ROOT)
		roots_freed(n);
	if (t.life != TABLE_PRIVATE)
		nx_list_freed(ev, n);
	if (t.life != TABLE_PRIVATE)
		table_contents(ev, n, t);
	table_set(c, n, (union table_shadow){ .life = TABLE_PRIVATE });
}

void frame_life_event(struct event *ev)
{
	u32 n = (u32)((struct frame *)ev->addr - arena_of()->frames->frames);

	/* Done: contents and counts are final, and the frame is not yet on a free list. */
	if (!ev->done || ev->op == OP_FRAME_ALLOC)
		return;
	if (frame_is_guest(n)) {
		if (ev->operand == FRAME_FREE || ev->operand == FRAME_ISOLATED)
			guest_frame_gone(ev, n);
	} else if (frame_is_table(n) && ev->operand == FRAME_FREE) {
		table_gone(ev, n);
	}
}
