// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quiescence: spec 5.4, when no task is in the MMU and all callbacks were run.
 * Q1 to Q6 and Q9, A15, A20, and that each allocated table is in exactly one place.
 *
 * Independent: it reads the machine itself, raw, and compares one part with another; only the
 * number of guest writes (ghost) comes from earlier observation.  So it also serves runs
 * whose hooks were off: then the ghosts are not asked.
 */
#include "shadow.h"

#define Q(cond, addr, ...) do {							\
	if (unlikely(!(cond)))							\
		violation(ORACLE_QUIESCENCE, __here(#cond), addr, __VA_ARGS__);	\
} while (0)

#define LLX(x)	((unsigned long long)(x))

/* What a walk over all listed roots finds. */
struct recount {
	struct kvm *kvm;
	u32 tables;		/* roots included */
	u32 roots;
	s64 leaves[PG_LEVEL_1G + 1];
	u32 as_id;
};

/* The existing slot that contains gfn. */
static const struct kvm_memory_slot *active_slot(struct kvm *kvm, u32 as_id, gfn_t gfn)
{
	const struct kvm_memslots *set = peek(kvm->memslots[as_id]);
	u32 i;

	for (i = 0; set && i < set->nr; i++)
		if (gfn - set->slots[i].base_gfn < set->slots[i].npages)
			return &set->slots[i];
	return NULL;
}

/* A15 allows a huge writable leaf where a log began all set and no bit of its range was cleared. */
static bool all_marked(const struct recount *r, const struct kvm_memory_slot *slot, u64 rel, u64 npages)
{
	u64 i;

	for (i = rel; i < rel + npages && i < slot->npages; i++)
		if (!(peek(slot->dirty_bitmap[i / 64]) & BIT_ULL(i % 64)))
			return false;
		else if (!(i % 64) && !~peek(slot->dirty_bitmap[i / 64]))
			i += 63;
	return r->kvm->config.initially_set;
}

/* Q6: a page that can be written, or was, without KVM noticing is marked. */
static void check_dirty(const struct recount *r, const struct kvm_memory_slot *slot, const void *sptep,
			gfn_t gfn, u64 spte, u32 level)
{
	u64 rel = gfn - slot->base_gfn;
	bool by_d = r->kvm->config.pml && !(spte & CK_AD_TYPE);
	u64 needed;

	if (!(slot->flags & KVM_MEM_LOG_DIRTY_PAGES) || !slot->dirty_bitmap)
		return;
	Q(level == PG_LEVEL_4K || !(spte & CK_W) || all_marked(r, slot, rel, KVM_PAGES_PER_HPAGE(level)), sptep,
	  "gfn 0x%llx of a dirty-logged slot is mapped huge and writable", LLX(gfn));
	/* D without W: split from a write-protected huge page; the next write faults, and is logged then. */
	needed = by_d ? CK_W | CK_D : CK_W;
	if (level != PG_LEVEL_4K || (spte & needed) != needed)
		return;
	Q(peek(slot->dirty_bitmap[rel / 64]) & BIT_ULL(rel % 64), sptep,
	  "gfn 0x%llx is %s and its dirty bit is clear", LLX(gfn), by_d ? "dirty" : "writable");
}

/* Q3: each leaf maps what the host maps there. */
static void check_leaf(struct recount *r, const void *sptep, gfn_t gfn, u64 spte, u32 level)
{
	const struct kvm_memory_slot *slot = active_slot(r->kvm, r->as_id, gfn);
	u64 i, page, npages = KVM_PAGES_PER_HPAGE(level);
	/* The host's 1G mappings never change but as a whole: a look at each 2M of one is enough. */
	const u64 step = level == PG_LEVEL_1G ? KVM_PAGES_PER_HPAGE(PG_LEVEL_2M) : 1;

	Q(slot && !(slot->flags & KVM_MEMSLOT_INVALID), sptep,
	  "an SPTE maps gfn 0x%llx, and no slot contains it: 0x%llx", LLX(gfn), LLX(spte));
	if (!slot)
		return;
	Q(!(peek(r->kvm->emulated_slots) & BIT_ULL(slot->id)), sptep,
	  "gfn 0x%llx is emulated, and an SPTE maps it: 0x%llx", LLX(gfn), LLX(spte));
	Q(gfn + npages <= slot->base_gfn + slot->npages, sptep, "a huge SPTE at gfn 0x%llx reaches beyond its slot",
	  LLX(gfn));
	page = (slot->userspace_addr >> PAGE_SHIFT) + (gfn - slot->base_gfn);
	for (i = 0; i < npages && page + i < r->kvm->mm.nr_pages; i += step) {
		u64 pte = peek(r->kvm->mm.pages[page + i].pte);

		Q((pte & HOST_PTE_PRESENT) && pte >> PAGE_SHIFT == ck_pfn(spte) + i, sptep,
		  "gfn 0x%llx is mapped to frame %llu, and the host has 0x%llx there", LLX(gfn + i),
		  LLX(ck_pfn(spte) + i), LLX(pte));
		Q(!(spte & CK_W) || (pte & HOST_PTE_WRITE), sptep, "gfn 0x%llx is writable, and not for the host",
		  LLX(gfn + i));
	}
	check_dirty(r, slot, sptep, gfn, spte, level);
}

static void walk_table(struct recount *r, u32 n, u32 level, gfn_t base)
{
	table_word *words = frame_words(n);
	u32 i;

	r->tables++;
	for (i = 0; i < TABLE_WORDS; i++) {
		u64 spte = peek(words[i]), pfn = ck_pfn(spte);
		gfn_t gfn = base + ((u64)i << KVM_HPAGE_GFN_SHIFT(level));

		if (likely(spte == CK_NONPRESENT))
			continue;
		Q(spte != CK_FROZEN, &words[i], "entry %u of reachable table %u is frozen", i, n);
		if (ck_mmio(spte)) {
			const struct kvm_memslots *set = peek(r->kvm->memslots[r->as_id]);

			Q(level == PG_LEVEL_4K && pfn == gfn, &words[i],
			  "an MMIO SPTE at level %u for gfn 0x%llx: 0x%llx", level, LLX(gfn), LLX(spte));
			Q(ck_mmio_generation(spte) != (set->generation & r->kvm->config.mmio_gen_mask) ||
			  !active_slot(r->kvm, r->as_id, gfn), &words[i],
			  "gfn 0x%llx has memory, and a current MMIO SPTE says that it has not", LLX(gfn));
			continue;
		}
		Q(ck_present(spte), &words[i], "entry %u of table %u is 0x%llx", i, n, LLX(spte));
		if (!ck_present(spte))
			continue;
		if (ck_leaf(spte, level)) {
			Q(level <= r->kvm->config.max_level, &words[i], "leaf at level %u", level);
			r->leaves[min(level, (u32)PG_LEVEL_1G)]++;
			check_leaf(r, &words[i], gfn, spte, level);
			continue;
		}
		Q(frame_is_table(pfn) && frame_state_of((u32)pfn) == FRAME_TABLE, &words[i],
		  "entry %u of table %u points at frame %llu, which is no table", i, n, LLX(pfn));
		if (!frame_is_table(pfn) || frame_state_of((u32)pfn) != FRAME_TABLE)
			continue;
		/* ptep is one address, so a table that is linked twice fails here once. */
		Q(header_of((u32)pfn)->ptep == &words[i] && header_of((u32)pfn)->role.level == level - 1 &&
		  header_of((u32)pfn)->gfn == gfn, &words[i], "table %llu is not the child of entry %u of table %u",
		  LLX(pfn), i, n);
		walk_table(r, (u32)pfn, level - 1, gfn);
	}
}

/* Q1, Q5 */
static void check_root(struct recount *r, struct kvm_mmu_page *sp)
{
	const struct list_head *pos;
	u32 refs = 0, i, count = peek(sp->tdp_mmu_root_count), invalid = peek(sp->invalid), own = !invalid;

	for (i = 0; i < r->kvm->online_vcpus; i++)
		refs += r->kvm->vcpus[i].mmu.root_hpa == sp->pfn;
	Q(frame_state_of(sp->pfn) == FRAME_TABLE, sp, "root %u is listed and free", sp->pfn);
	Q(!peek(sp->scheduled_to_zap), sp, "root %u was scheduled to be zapped and was not", sp->pfn);
	Q(!invalid || refs, sp, "root %u is invalid, no vCPU uses it, and it is still there", sp->pfn);
	if (r->kvm->config.legacy_roots) {
		own = 0;
		Q(refs, sp, "root %u is listed, and no vCPU uses it", sp->pfn);
	}
	Q(count == refs + own, sp, "root %u has %u references: %u of vCPUs and %u of the MMU are accounted for",
	  sp->pfn, count, refs, own);
	for (pos = peek(sp->link.next); !invalid && pos != &r->kvm->tdp_mmu_roots; pos = peek(pos->next)) {
		const struct kvm_mmu_page *other = container_of(pos, struct kvm_mmu_page, link);

		Q(peek(other->invalid) || other->role.word != sp->role.word, other,
		  "roots %u and %u are both valid with role 0x%x", sp->pfn, other->pfn, sp->role.word);
	}
	r->roots++;
	r->as_id = sp->role.smm ? 1 : 0;
	walk_table(r, sp->pfn, sp->role.level, 0);
}

static u32 check_caches(struct kvm *kvm)
{
	u32 i, j, cached = 0;

	for (i = 0; i < kvm->online_vcpus; i++) {
		const struct kvm_mmu_memory_cache *mc = &kvm->vcpus[i].mmu_page_cache;

		Q(mc->nobjs <= KVM_ARCH_NR_OBJS_PER_MEMORY_CACHE, mc, "vcpu%u caches %u tables", i, mc->nobjs);
		for (j = 0; j < mc->nobjs && j < KVM_ARCH_NR_OBJS_PER_MEMORY_CACHE; j++)
			Q(frame_state_of(mc->objects[j]) == FRAME_TABLE, mc, "vcpu%u caches table %u, which is free",
			  i, mc->objects[j]);
		cached += mc->nobjs;
	}
	return cached;
}

static u32 tables_allocated(void)
{
	const struct frame_table *frames = arena_of()->frames;

	return frames->nr_tables - 1 - frames->free_tables.count;
}

static void check_counters(struct recount *r, u32 cached)
{
	struct kvm *kvm = r->kvm;
	u32 level;

	Q(tables_allocated() == r->tables + cached, NULL,
	  "%u page tables are allocated: %u reachable from listed roots, %u in vCPU caches", tables_allocated(),
	  r->tables, cached);
	Q(peek(kvm->tdp_mmu_pages) == (s64)r->tables - r->roots, &kvm->tdp_mmu_pages,
	  "tdp_mmu_pages is %lld, a recount finds %u", (long long)peek(kvm->tdp_mmu_pages), r->tables - r->roots);
	for (level = PG_LEVEL_4K; level <= PG_LEVEL_1G; level++)
		Q(peek(kvm->stat_pages[level - 1]) == r->leaves[level], &kvm->stat_pages[level - 1],
		  "%lld leaves of level %u are accounted for, a recount finds %lld",
		  (long long)peek(kvm->stat_pages[level - 1]), level, (long long)r->leaves[level]);
}

/* Q2, and what tasks must have given back. */
static void check_idle(struct kvm *kvm)
{
	const struct arena *arena = arena_of();
	u32 i;

	Q(!peek(kvm->mmu_invalidate_in_progress), kvm, "mmu_invalidate_in_progress is %lld",
	  (long long)peek(kvm->mmu_invalidate_in_progress));
	Q(!peek(kvm->mn_active_invalidate_count), kvm, "mn_active_invalidate_count is %llu",
	  LLX(peek(kvm->mn_active_invalidate_count)));
	for (i = 0; i < KVM_ADDRESS_SPACE_NUM; i++) {
		const struct kvm_memslots *set = peek(kvm->memslots[i]);

		Q(!set || !(set->generation & KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS), set,
		  "a memslot update of address space %u is still in progress", i);
	}
	for (i = 0; i < arena->nr_tasks; i++) {
		const struct task *task = task_by_id(i);

		Q(!task->nr_held, task->held[0].lock, "%s ended with %s held", task->name,
		  lock_class_names[task->held[0].class]);
		Q(!task->rcu[RCU_SCHED].nesting && !task->rcu[RCU_MEMSLOTS].nesting, task,
		  "%s ended inside a read section", task->name);
	}
	Q(!kvm->tdp_mmu_pages_lock.word && !kvm->mn_invalidate_lock.word && !kvm->slots_lock.lock.word &&
	  !kvm->slots_arch_lock.lock.word && !kvm->mm.ptl.word && !arena->frames->lock.word, NULL,
	  "a spinlock or mutex is held by nobody who is left");
	Q(!arena->rcu->pending, arena->rcu, "%llu RCU callbacks were not run", LLX(arena->rcu->pending));
}

/* ------------------------------------------------------------------ Q9: TLBs */

/* The entry that translates `gfn` at `level` or above it; its level in *found, 0 if there is none. */
static u64 translate(u32 root, gfn_t gfn, u32 level, u32 *found)
{
	u32 n = root, at = header_of(root)->role.level;

	for (;; at--) {
		u64 spte = peek(frame_words(n)[(gfn >> KVM_HPAGE_GFN_SHIFT(at)) % TABLE_WORDS]);

		*found = ck_present(spte) ? at : 0;
		if (!ck_table(spte, at) || at == level || !frame_is_table(ck_pfn(spte)))
			return spte;
		n = (u32)ck_pfn(spte);
	}
}

/*
 * Without A/D bits aging takes R, W and X away to see who comes back, and does not flush; W follows only
 * when it is needed.  A CPU may go on writing meanwhile, as long as no log relies on a fault (A16).
 */
static bool aged_under_tlb(u32 as_id, gfn_t gfn, u64 spte)
{
	const struct kvm_memory_slot *slot = active_slot(kvm_of(), as_id, gfn);
	u64 rel;

	if ((spte & CK_AD_TYPE) != CK_AD_DISABLED || !(spte & CK_MMU_W) || !slot)
		return false;
	rel = gfn - slot->base_gfn;
	return !(slot->flags & KVM_MEM_LOG_DIRTY_PAGES) || !slot->dirty_bitmap ||
	       (peek(slot->dirty_bitmap[rel / 64]) & BIT_ULL(rel % 64));
}

static void check_tlb_leaf(u32 vcpu, u32 root, const struct tlb_entry *e)
{
	const u32 as_id = kvm_of()->vcpus[vcpu].as_id;
	u64 i, nr;

	/* At once what one entry of the page tables answers for, unless the dirty log has a say. */
	for (i = 0; i < KVM_PAGES_PER_HPAGE(e->level); i += nr) {
		gfn_t gfn = e->gfn + i;
		u32 at;
		u64 spte = translate(root, gfn, PG_LEVEL_4K, &at);
		u64 pfn = at ? ck_pfn(spte) + (gfn & (KVM_PAGES_PER_HPAGE(at) - 1)) : 0;

		nr = at && (!e->writable || (spte & CK_W)) ?
		     KVM_PAGES_PER_HPAGE(at) - (gfn & (KVM_PAGES_PER_HPAGE(at) - 1)) : 1;
		Q(at && ck_leaf(spte, at) && pfn == e->pfn + i, e,
		  "the TLB of vcpu%u maps gfn 0x%llx to frame %llu, and the page tables have 0x%llx", vcpu, LLX(gfn),
		  LLX(e->pfn + i), LLX(spte));
		Q(!e->writable || (spte & CK_W) || aged_under_tlb(as_id, gfn, spte), e,
		  "the TLB of vcpu%u may write gfn 0x%llx, and 0x%llx may not", vcpu, LLX(gfn), LLX(spte));
		Q(!e->writable || !e->dirty || (spte & CK_D) || (spte & CK_AD_TYPE) == CK_AD_DISABLED, e,
		  "the TLB of vcpu%u would write gfn 0x%llx without setting D: 0x%llx", vcpu, LLX(gfn), LLX(spte));
	}
}

static void check_tlb(struct kvm *kvm, u32 id)
{
	const struct kvm_vcpu *vcpu = &kvm->vcpus[id];
	u64 root = vcpu->mmu.root_hpa, i;

	/* A request that waits will empty it, and the next root comes with a flush. */
	if (peek(vcpu->requests) & (BIT_ULL(KVM_REQ_TLB_FLUSH) | BIT_ULL(KVM_REQ_FREE_OBSOLETE_ROOTS)))
		return;
	if (!frame_is_table(root) || frame_state_of((u32)root) != FRAME_TABLE || peek(header_of((u32)root)->invalid))
		return;
	for (i = 0; i < TLB_ENTRIES; i++)
		if (vcpu->tlb.leaf[i].valid)
			check_tlb_leaf(id, (u32)root, &vcpu->tlb.leaf[i]);
	for (i = 0; i < PSC_ENTRIES; i++) {
		const struct tlb_entry *e = &vcpu->tlb.table[i];
		u64 spte;
		u32 at;

		if (!e->valid)
			continue;
		spte = translate((u32)root, e->gfn, e->level + 1u, &at);
		Q(at == e->level + 1u && ck_table(spte, at) && ck_pfn(spte) == e->pfn, e,
		  "vcpu%u caches table %u for gfn 0x%llx level %u, and the page tables have 0x%llx", id, e->pfn,
		  LLX(e->gfn), e->level, LLX(spte));
	}
}

/* ------------------------------------------------------------------ guest memory */

static void check_page(struct kvm *kvm, u64 page)
{
	const struct frame_table *frames = arena_of()->frames;
	const u64 *ghost = ghost_of_page(page);
	u64 pte, n, stamp;

	if (!ghost || page >= kvm->mm.nr_pages)
		return;
	pte = peek(kvm->mm.pages[page].pte);
	n = pte >> PAGE_SHIFT;
	if (pte & HOST_PTE_PRESENT) {
		Q(frame_is_guest(n) && frame_state_of((u32)n) == FRAME_GUEST && frame_get((u32)n)->page == page,
		  &kvm->mm.pages[page], "host page 0x%llx is backed by frame %llu, which is not its own", LLX(page),
		  LLX(n));
		if (!frame_is_guest(n))
			return;
		stamp = peek(frames->cells[n - frames->guest_first].stamp);
	} else {
		stamp = peek(kvm->mm.pages[page].swap_stamp);
	}
	/* A run that nobody watched has no ghosts. */
	if (proc.watch == check_watch && stamp != *ghost)
		violation(ORACLE_GUEST_MEMORY, __here("stamp == ghost"), &kvm->mm.pages[page],
			  "host page 0x%llx holds stamp %llu after %llu guest writes", LLX(page), LLX(stamp),
			  LLX(*ghost));
}

/* All pages, or after a reset those that can have changed: a ghost is restored with a frame. */
static void check_memory(struct check *c, struct kvm *kvm)
{
	const struct frame_table *frames = arena_of()->frames;
	u32 i, j;
	u64 page;

	if (!arena_of()->checkpointed || !arena_of()->controlled) {
		for (page = 0; page < kvm->mm.nr_pages; page++)
			check_page(kvm, page);
		return;
	}
	for (i = 0; i < *frames->nr_dirty; i++) {
		u32 n = frames->dirty[i];

		if (!frame_is_guest(n))
			continue;
		Q(frame_state_of(n) != FRAME_ISOLATED, frame_get(n), "guest frame %u was isolated and never freed", n);
		check_page(kvm, frame_get(n)->page);
		for (j = 0; j < c->nr_slots; j++)
			if (n - frames->guest_first - c->slot[j].ghost < c->slot[j].npages)
				check_page(kvm, c->slot[j].page + (n - frames->guest_first - c->slot[j].ghost));
	}
}

void check_quiescent(void)
{
	struct kvm *kvm = kvm_of();
	struct recount r = { .kvm = kvm };
	struct list_head *pos;
	u32 i;

	check_idle(kvm);
	for (pos = peek(kvm->tdp_mmu_roots.next); pos != &kvm->tdp_mmu_roots; pos = peek(pos->next)) {
		Q(r.roots < CHECK_ROOTS, pos, "the list of roots does not end");
		if (r.roots == CHECK_ROOTS)
			break;
		check_root(&r, container_of(pos, struct kvm_mmu_page, link));
	}
	check_counters(&r, check_caches(kvm));
	for (i = 0; i < kvm->online_vcpus; i++)
		check_tlb(kvm, i);
	check_memory(check_of(), kvm);
	nx_list_quiescent(kvm);
	/* A run that nobody watched has no record of what was written when. */
	if (proc.watch == check_watch)
		dirty_log_quiescent(kvm);
}

/* Q7 */
void check_teardown(void)
{
	struct kvm *kvm = kvm_of();
	u32 i;

	Q(peek(kvm->tdp_mmu_roots.next) == &kvm->tdp_mmu_roots, &kvm->tdp_mmu_roots,
	  "a root is still listed after teardown");
	Q(!peek(kvm->tdp_mmu_pages), &kvm->tdp_mmu_pages, "tdp_mmu_pages is %lld after teardown",
	  (long long)peek(kvm->tdp_mmu_pages));
	for (i = 0; i < ARRAY_SIZE(kvm->stat_pages); i++)
		Q(!peek(kvm->stat_pages[i]), &kvm->stat_pages[i], "%lld leaves of level %u are left after teardown",
		  (long long)peek(kvm->stat_pages[i]), i + 1);
	Q(!arena_of()->rcu->pending, arena_of()->rcu, "%llu RCU callbacks were not run after teardown",
	  LLX(arena_of()->rcu->pending));
	Q(!tables_allocated(), NULL, "%u page tables are never freed", tables_allocated());
}
