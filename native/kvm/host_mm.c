// SPDX-License-Identifier: GPL-2.0-only
/*
 * The primary MMU: which frame backs which host page, and the ways that changes.
 *
 * faithful: every change is bracketed by the notifier and made under the page-table lock;
 *           lookups are lockless; what two operations on one page do to each other is
 *           decided under the lock (the loser finds the page gone or moved and leaves it).
 * custom:   one flat table of words, 512 of which form a 2M mapping where all say HUGE;
 *           a swapped-out page is its stamp.  1G mappings (2^18 words that also say GIANT) are
 *           there from the start and for good, as of hugetlbfs: their migration always fails.
 * stubbed:  processes, VMAs, page references, read-only and shared mappings, the LRU that asks for
 *           the age of pages.  Aging does not take ptl, which stands for many locks in the host.
 *           A 2M block, once freed, comes back as single frames.
 */
#include "host_mm.h"

#include <errno.h>

#include "../api.h"
#include "../core/flight.h"
#include "memslot.h"
#include "notifier.h"

#define BLOCK_PAGES	KVM_PAGES_PER_HPAGE(PG_LEVEL_2M)
#define GIANT_PAGES	KVM_PAGES_PER_HPAGE(PG_LEVEL_1G)
#define WRITE_SCAN(x, v) __store(x, v, ORDER_RELAXED, SITE_SCAN, __ATOMIC_RELAXED)

static inline u64 host_pte(u64 pfn)
{
	return pfn << PAGE_SHIFT | HOST_PTE_PRESENT | HOST_PTE_WRITE;
}

static inline u32 host_pte_pfn(u64 pte)
{
	return (u32)(pte >> PAGE_SHIFT);
}

static inline bool pte_present(u64 pte)
{
	return pte & HOST_PTE_PRESENT;
}

static inline bool pte_huge(u64 pte)
{
	return pte & HOST_PTE_HUGE;
}

static inline bool pte_giant(u64 pte)
{
	return pte & HOST_PTE_GIANT;
}

/* Pages of the mapping that the word is part of; a power of two. */
static inline u64 mapping_pages(u64 pte)
{
	return pte_giant(pte) ? GIANT_PAGES : pte_huge(pte) ? BLOCK_PAGES : 1;
}

/* ------------------------------------------------------------------ lookup */

/* Nothing is mapped yet and nobody else exists: plain stores. */
static int host_mm_populate(struct host_mm *mm, u64 first, u64 n)
{
	u64 flags = n == GIANT_PAGES ? HOST_PTE_HUGE | HOST_PTE_GIANT : n == BLOCK_PAGES ? HOST_PTE_HUGE : 0;
	u32 pfn = flags ? frame_alloc_guest_block(first, (u32)n) : 0;

	for (u64 i = 0; i < n; i++) {
		u32 frame = flags ? pfn + (u32)i : frame_alloc_guest(first + i);

		if (!frame || (flags && !pfn))
			return -ENOMEM;
		WRITE_PRIVATE(mm->pages[first + i].pte, host_pte(frame) | flags);
	}
	return 0;
}

/* How much from page `n` on is mapped as one: what the region's backing has, where aligned and not beyond `end`. */
static u64 backed_at_once(const struct kvm_memory_region *region, u64 n, u64 end)
{
	if (region->huge == MMUT_HUGE_1G && !(n % GIANT_PAGES) && n + GIANT_PAGES <= end)
		return GIANT_PAGES;
	return region->huge && !(n % BLOCK_PAGES) && n + BLOCK_PAGES <= end ? BLOCK_PAGES : 1;
}

int host_mm_init(struct kvm *kvm, u64 nr_pages)
{
	struct host_mm *mm = &kvm->mm;
	int r = 0;

	spin_lock_init(&mm->ptl, CLASS_HOST_PTL);
	mm->nr_pages = nr_pages;
	/* The entry of host page n belongs to guest frame n for arena_reset(): restored where touched. */
	mm->pages = frame_region_alloc(sizeof(struct host_page), arena_of()->frames->guest_first, (u32)nr_pages);
	if (!mm->pages)
		return -ENOMEM;

	for (u32 i = 0; i < kvm->nr_regions; i++) {
		const struct kvm_memory_region *region = &kvm->regions[i];
		u64 n = region->userspace_addr >> PAGE_SHIFT, end = n + region->npages;

		/* Memory that another address space maps too is there already. */
		while (!r && n < end && !READ_PRIVATE(mm->pages[n].pte)) {
			u64 nr = backed_at_once(region, n, end);

			r = host_mm_populate(mm, n, nr);
			n += nr;
		}
	}
	return r;
}

/* Swap a page in.  ptl held.  0: no frames left. */
static u64 host_mm_swap_in(struct host_mm *mm, u64 n)
{
	u32 pfn;
	u64 pte;

	must_hold_either(&mm->ptl);
	pfn = frame_alloc_guest(n);
	if (!pfn)
		return 0;
	WRITE_ONCE(frame_cell(pfn)->stamp, data_read(mm->pages[n].swap_stamp));
	pte = host_pte(pfn);
	/*
	 * Release: the content before the mapping.  Pairs with host_mm_faultin(), whose reader gets
	 * to the content through the frame number.  Otherwise: vCPU maps the frame and reads it
	 * while the content is still on its way.
	 */
	smp_store_release(&mm->pages[n].pte, pte);
	return pte;
}

kvm_pfn_t host_mm_faultin(struct kvm *kvm, hva_t hva, bool write, bool *writable)
{
	struct host_mm *mm = &kvm->mm;
	u64 n = hva >> PAGE_SHIFT, pte;

	must_hold_none(&kvm->mmu_lock);
	pte = READ_ONCE(mm->pages[n].pte);
	if (unlikely(!pte_present(pte))) {
		spin_lock(&mm->ptl);
		pte = READ_ONCE(mm->pages[n].pte);
		if (!pte_present(pte))
			pte = host_mm_swap_in(mm, n);
		spin_unlock(&mm->ptl);
		if (!pte)
			return KVM_PFN_ERR_FAULT;
	}
	/* No reference is taken: what keeps the answer true is the caller's sequence check. */
	*writable = pte & HOST_PTE_WRITE;
	return host_pte_pfn(pte);
}

/* mmu_lock held in either mode, after the sequence check, or else the answer is a hint. */
int host_pfn_mapping_level(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn)
{
	u64 pte = READ_ONCE(kvm->mm.pages[gfn_to_hva_memslot(slot, gfn) >> PAGE_SHIFT].pte);

	if (!pte_present(pte))
		return PG_LEVEL_4K;
	return pte_giant(pte) ? PG_LEVEL_1G : pte_huge(pte) ? PG_LEVEL_2M : PG_LEVEL_4K;
}

/* ------------------------------------------------------------------ changes */

/* Host pages that an operation on [n, n + npages) must invalidate: huge mappings as a whole. */
struct extent { u64 first, end; };

static struct extent extent_of(struct host_mm *mm, u64 n, u64 npages)
{
	struct extent x = { n, n + npages };
	u64 pte = READ_ONCE(mm->pages[x.first].pte);

	x.first = round_down(x.first, mapping_pages(pte));
	pte = READ_ONCE(mm->pages[x.end - 1].pte);
	x.end = round_up(x.end, mapping_pages(pte));
	return x;
}

static void invalidate_start(struct kvm *kvm, struct extent x) __acquires(ptl)
{
	flight_begin(FLIGHT_INVALIDATE, x.first, (u32)(x.end - x.first));
	kvm_mmu_notifier_invalidate_range_start(kvm, x.first, x.end);
	note(NOTE_INVALIDATED, kvm, x.first << 32 | x.end);
	spin_lock(&kvm->mm.ptl);
}

static void invalidate_end(struct kvm *kvm, struct extent x) __releases(ptl)
{
	spin_unlock(&kvm->mm.ptl);
	kvm_mmu_notifier_invalidate_range_end(kvm, x.first, x.end);
	flight_end((u32)(x.end - x.first));
}

/* ptl held, and the whole block invalidated. */
static void split_block(struct host_mm *mm, u64 n)
{
	u64 first = round_down(n, BLOCK_PAGES), i;

	must_hold_either(&mm->ptl);
	for (i = first; i < first + BLOCK_PAGES; i++)
		WRITE_SCAN(mm->pages[i].pte, READ_SCAN(mm->pages[i].pte) & ~HOST_PTE_HUGE);
}

/*
 * The word of page `n`, ready to be changed alone: 0 where there is nothing, or where the
 * page became part of a huge mapping that this invalidation does not cover, or is part of a 1G
 * one, which stays.  ptl held.
 */
static u64 claim_page(struct host_mm *mm, u64 n, struct extent x)
{
	u64 block = round_down(n, BLOCK_PAGES), pte;

	must_hold_either(&mm->ptl);
	pte = READ_ONCE(mm->pages[n].pte);
	if (!pte_present(pte))
		return 0;
	if (!pte_huge(pte))
		return pte;
	if (pte_giant(pte) || block < x.first || block + BLOCK_PAGES > x.end)
		return 0;
	split_block(mm, n);
	return pte & ~HOST_PTE_HUGE;
}

/*
 * The migration of a 1G page, which fails and leaves it where it was: what it would be copied to is
 * too much to find.  Unmapped in between, nobody may touch it, which one frame stands for.
 */
static bool migrate_giant(struct kvm *kvm, u64 n, u32 pfn)
{
	struct extent x = extent_of(&kvm->mm, n, 1);

	must_hold_none(&kvm->mmu_lock);
	invalidate_start(kvm, x);
	frame_set_state(pfn, FRAME_ISOLATED);
	frame_set_state(pfn, FRAME_GUEST);
	invalidate_end(kvm, x);
	return true;
}

bool host_mm_migrate(struct kvm *kvm, hva_t hva)
{
	struct host_mm *mm = &kvm->mm;
	u64 n = hva >> PAGE_SHIFT, pte;
	struct extent x;
	u32 old, new = 0;

	must_hold_none(&kvm->mmu_lock);
	pte = READ_ONCE(mm->pages[n].pte);
	if (!pte_present(pte))
		return false;
	if (pte_giant(pte))
		return migrate_giant(kvm, n, host_pte_pfn(pte));
	x = extent_of(mm, n, 1);
	invalidate_start(kvm, x);
	pte = claim_page(mm, n, x);
	if (pte)
		new = frame_alloc_guest(n);
	if (new) {
		old = host_pte_pfn(pte);
		/* No guest access from here: the copy below would miss it. */
		frame_set_state(old, FRAME_ISOLATED);
		WRITE_ONCE(frame_cell(new)->stamp, READ_ONCE(frame_cell(old)->stamp));
		/* Release: content before mapping, as in host_mm_swap_in(). */
		smp_store_release(&mm->pages[n].pte, host_pte(new));
		frame_free(old);
	}
	invalidate_end(kvm, x);
	return new;
}

static bool reclaim_page(struct host_mm *mm, u64 n, struct extent x)
{
	u64 pte = claim_page(mm, n, x);
	u32 pfn = host_pte_pfn(pte);

	must_hold_either(&mm->ptl);
	if (!pte)
		return false;
	frame_set_state(pfn, FRAME_ISOLATED);
	data_write(mm->pages[n].swap_stamp, READ_ONCE(frame_cell(pfn)->stamp));
	WRITE_ONCE(mm->pages[n].pte, 0);
	frame_free(pfn);
	return true;
}

bool host_mm_reclaim(struct kvm *kvm, hva_t hva, u64 npages)
{
	u64 n = hva >> PAGE_SHIFT;
	struct extent x = extent_of(&kvm->mm, n, npages);
	bool done = false;

	must_hold_none(&kvm->mmu_lock);
	invalidate_start(kvm, x);
	for (u64 i = n; i < n + npages; i++)
		done |= reclaim_page(&kvm->mm, i, x);
	invalidate_end(kvm, x);
	return done;
}

bool host_mm_split(struct kvm *kvm, hva_t hva)
{
	u64 n = round_down(hva >> PAGE_SHIFT, BLOCK_PAGES);
	struct extent x = { n, n + BLOCK_PAGES };
	u64 pte = READ_ONCE(kvm->mm.pages[n].pte);
	bool done;

	must_hold_none(&kvm->mmu_lock);
	if (!pte_huge(pte) || pte_giant(pte))
		return false;
	invalidate_start(kvm, x);
	done = pte_huge(READ_ONCE(kvm->mm.pages[n].pte));
	if (done)
		split_block(&kvm->mm, n);
	invalidate_end(kvm, x);
	return done;
}

/* ------------------------------------------------------------------ collapse */

enum collapse { COLLAPSE_NOTHING, COLLAPSE_IN_PLACE, COLLAPSE_COPY };

/* What has to be done to the block at `first`; a hint without ptl, as khugepaged's scan. */
static enum collapse collapse_scan(struct host_mm *mm, u64 first)
{
	u64 pte = READ_ONCE(mm->pages[first].pte);
	u64 pfn = host_pte_pfn(pte), i;

	if (pte_huge(pte))
		return COLLAPSE_NOTHING;
	if (!pte_present(pte) || pfn % BLOCK_PAGES)
		return COLLAPSE_COPY;
	for (i = 1; i < BLOCK_PAGES; i++) {
		pte = READ_SCAN(mm->pages[first + i].pte);
		if (!pte_present(pte) || host_pte_pfn(pte) != pfn + i)
			return COLLAPSE_COPY;
	}
	return COLLAPSE_IN_PLACE;
}

static void collapse_in_place(struct host_mm *mm, u64 first)
{
	for (u64 i = first; i < first + BLOCK_PAGES; i++)
		WRITE_SCAN(mm->pages[i].pte, READ_SCAN(mm->pages[i].pte) | HOST_PTE_HUGE);
}

static void collapse_copy(struct host_mm *mm, u64 first, u32 block)
{
	for (u64 i = 0; i < BLOCK_PAGES; i++) {
		struct host_page *page = &mm->pages[first + i];
		u64 pte = READ_SCAN(page->pte), stamp;
		u32 old = pte_present(pte) ? host_pte_pfn(pte) : 0;

		if (old) {
			frame_set_state(old, FRAME_ISOLATED);
			stamp = READ_SCAN(frame_cell(old)->stamp);
		} else {
			stamp = data_read(page->swap_stamp);
		}
		WRITE_SCAN(frame_cell(block + (u32)i)->stamp, stamp);
		/* Release: content before mapping, as in host_mm_swap_in(). */
		smp_store_release(&page->pte, host_pte(block + i) | HOST_PTE_HUGE);
		if (old)
			frame_free(old);
	}
}

bool host_mm_collapse(struct kvm *kvm, hva_t hva)
{
	struct host_mm *mm = &kvm->mm;
	u64 first = round_down(hva >> PAGE_SHIFT, BLOCK_PAGES), i;
	struct extent x = { first, first + BLOCK_PAGES };
	enum collapse what = collapse_scan(mm, first);
	u32 block = 0;

	must_hold_none(&kvm->mmu_lock);
	if (what == COLLAPSE_COPY)
		block = frame_alloc_guest_block(first, BLOCK_PAGES);
	if (what == COLLAPSE_NOTHING || (what == COLLAPSE_COPY && !block))
		return false;

	invalidate_start(kvm, x);
	what = collapse_scan(mm, first);
	if (what == COLLAPSE_IN_PLACE) {
		collapse_in_place(mm, first);
	} else if (what == COLLAPSE_COPY && block) {
		collapse_copy(mm, first, block);
		block = 0;
	} else {
		what = COLLAPSE_NOTHING;
	}
	invalidate_end(kvm, x);

	for (i = 0; block && i < BLOCK_PAGES; i++)
		frame_free(block + (u32)i);
	return what != COLLAPSE_NOTHING;
}

/* ------------------------------------------------------------------ aging */

bool host_mm_age(struct kvm *kvm, hva_t hva, u64 npages, bool clear)
{
	const u64 n = hva >> PAGE_SHIFT;

	return clear ? kvm_mmu_notifier_clear_young(kvm, n, n + npages) :
		       kvm_mmu_notifier_test_young(kvm, n, n + npages);
}
