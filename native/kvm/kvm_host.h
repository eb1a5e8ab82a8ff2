/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine: struct kvm, vCPUs, memslots, page-table headers, faults.
 *
 * faithful: names, fields and who protects what (kernel: kvm_host.h, mmu_internal.h, tdp_iter.h).
 * custom:   fixed sizes, no allocation: everything is in the arena; frame numbers are pfns.
 * stubbed:  what has no part in the concurrency of the MMU (registers, interrupts, devices).
 *
 * The protection of each field is written beside it as (lock) or (lock1, lock2 to write).
 */
#ifndef MMUT_KVM_HOST_H
#define MMUT_KVM_HOST_H

#include "../core/frame.h"
#include "../core/lock.h"
#include "../core/rcu.h"
#include "../core/rculist.h"
#include "../core/refcount.h"
#include "bugs.h"

typedef u64 gfn_t;
typedef u64 gpa_t;
typedef u64 hpa_t;
typedef u64 hva_t;
typedef u64 kvm_pfn_t;

#define KVM_MAX_VCPUS		24
#define KVM_ADDRESS_SPACE_NUM	2
#define KVM_MEM_SLOTS_NUM	8
#define INVALID_PAGE		(~0ULL)
#define INVALID_GPA		(~0ULL)
#define KVM_PFN_ERR_FAULT	(BIT_ULL(62) | 2)	/* resolved to an error */
#define KVM_PFN_NOSLOT		BIT_ULL(63)
#define is_error_pfn(pfn)	(!!((pfn) & BIT_ULL(62)))
#define is_noslot_pfn(pfn)	((pfn) == KVM_PFN_NOSLOT)

enum pg_level { PG_LEVEL_NONE, PG_LEVEL_4K, PG_LEVEL_2M, PG_LEVEL_1G, PG_LEVEL_512G, PG_LEVEL_256T };
#define PT64_ROOT_MAX_LEVEL		5
#define KVM_MAX_HUGEPAGE_LEVEL		PG_LEVEL_1G
#define KVM_HPAGE_GFN_SHIFT(level)	(((level) - 1) * 9)
#define KVM_PAGES_PER_HPAGE(level)	(1ULL << KVM_HPAGE_GFN_SHIFT(level))

/* One SPTE as it lies in a table.  The kernel's tdp_ptep_t is a pointer to it. */
typedef table_word *tdp_ptep_t;

/* ------------------------------------------------------------------ page-table headers */

union kvm_mmu_page_role {
	u32 word;
	struct {
		u32 level : 4;
		u32 direct : 1;
		u32 access : 3;
		u32 invalid : 1;	/* never set here: see kvm_mmu_page.invalid */
		u32 ad_disabled : 1;
		u32 guest_mode : 1;
		u32 smm : 8;
		u32 : 13;
	};
};

/* Header of one table; mmu_pages[pfn] (the kernel's page->private). */
struct kvm_mmu_page {
	struct list_head link;		/* roots: tdp_mmu_roots (tdp_mmu_pages_lock to write, RCU to read) */
	struct rcu_head rcu_head;
	gfn_t gfn;			/* immutable once published */
	tdp_ptep_t ptep;		/* the SPTE that points here; NULL: a root (immutable) */
	table_word *spt;		/* this table's words (immutable) */
	union kvm_mmu_page_role role;	/* immutable */
	SHARED(u32) invalid;		/* role.invalid: 0 to 1 once, mmu_lock write; read anywhere */
	SHARED(u32) scheduled_to_zap;	/* tdp_mmu_scheduled_root_to_zap (slots_lock, also mmu_lock write to set) */
	refcount_t tdp_mmu_root_count;
	u32 pfn;			/* own frame number (immutable) */
	SHARED(u32) nx_huge_page_disallowed;	/* set before publication; cleared under tdp_mmu_pages_lock */
	struct list_head possible_nx_huge_page_link;	/* tdp_mmu_pages_lock; empty: on no list */
	u8 tdp_mmu_page;
	u8 pad[31];
};
static_assert(sizeof(struct kvm_mmu_page) == 128, "headers are a per-frame region");

/* ------------------------------------------------------------------ caches and faults */

#define KVM_ARCH_NR_OBJS_PER_MEMORY_CACHE 40
#define PT64_ROOT_MIN_CACHE	5

/* A private stack of preallocated table frames; owner only, no lock. */
struct kvm_mmu_memory_cache {
	u32 nobjs;
	u32 capacity;
	u64 init_value;			/* every word of an object (SHADOW_NONPRESENT_VALUE) */
	u32 objects[KVM_ARCH_NR_OBJS_PER_MEMORY_CACHE];	/* frame numbers, already filled */
};

enum { RET_PF_CONTINUE, RET_PF_RETRY, RET_PF_EMULATE, RET_PF_WRITE_PROTECTED, RET_PF_INVALID,
       RET_PF_FIXED, RET_PF_SPURIOUS };

#define PFERR_PRESENT_MASK	BIT_ULL(0)
#define PFERR_WRITE_MASK	BIT_ULL(1)
#define PFERR_USER_MASK		BIT_ULL(2)
#define PFERR_RSVD_MASK		BIT_ULL(3)
#define PFERR_FETCH_MASK	BIT_ULL(4)

struct kvm_memory_slot;

/* The collateral of one fault: on the stack of the faulting vCPU, shared with nobody. */
struct kvm_page_fault {
	/* inputs, set once by kvm_mmu_do_page_fault() */
	const gpa_t addr;
	const u64 error_code;
	const bool prefetch;
	const bool exec;
	const bool write;
	const bool present;
	const bool is_tdp;
	const bool nx_huge_page_workaround_enabled;
	/* working state */
	u8 max_level;
	u8 req_level;
	u8 goal_level;
	gfn_t gfn;
	struct kvm_memory_slot *slot;	/* may be NULL */
	u64 mmu_seq;
	kvm_pfn_t pfn;
	bool map_writable;
	bool huge_page_disallowed;	/* an instruction fetch, and huge pages are not executable */
};

/* Reserved bits by [bit 7 set][level - 1], computed once when the MMU is initialised. */
struct rsvd_bits_validate {
	u64 rsvd_bits_mask[2][PT64_ROOT_MAX_LEVEL];
	u64 bad_mt_xwr;
};

/* ------------------------------------------------------------------ memslots */

#define KVM_MEM_LOG_DIRTY_PAGES	BIT_ULL(0)
#define KVM_MEM_READONLY	BIT_ULL(1)
#define KVM_MEMSLOT_INVALID	BIT_ULL(16)

/* Never changed while reachable from the active set; replaced whole. */
struct kvm_memory_slot {
	gfn_t base_gfn;
	u64 npages;
	u64 userspace_addr;		/* hva of base_gfn: host page number << PAGE_SHIFT */
	u32 flags;
	u16 id;
	u16 as_id;
	shared_u64 *dirty_bitmap;	/* one bit a page, set and reaped atomically; NULL: not logged */
};

/* One of two sets per address space: the inactive one is edited, then the pointer is swapped. */
struct kvm_memslots {
	u64 generation;			/* bit 63: update in progress */
	u32 nr;
	u32 pad;
	struct kvm_memory_slot slots[KVM_MEM_SLOTS_NUM];	/* sorted by base_gfn */
};
#define KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS BIT_ULL(63)

/* What user space says about a slot, whether it exists at the moment or not; constant. */
struct kvm_memory_region {
	gfn_t base_gfn;
	u64 npages;
	u64 userspace_addr;
	u16 as_id;
	u16 huge;			/* enum mmut_huge: how the host backs it where aligned */
	u32 flags;			/* at boot */
	gfn_t move_gfn;			/* the other place, for a slot that moves; INVALID_GPA: none */
	shared_u64 *dirty_bitmap;	/* storage; part of the slot while it is logged */
	shared_u64 *write_tracked;	/* one bit a page of the slot (mmu_lock write to set) */
	shared_u64 *got;		/* user space's copy of the log, as last got (slots_lock) */
};

struct kvm_gfn_range {
	const struct kvm_memory_slot *slot;
	gfn_t start, end;		/* [start, end) */
	bool may_block;
};

/* ------------------------------------------------------------------ vCPU */

enum { OUTSIDE_GUEST_MODE, IN_GUEST_MODE, EXITING_GUEST_MODE, READING_SHADOW_PAGE_TABLES };

enum { KVM_REQ_TLB_FLUSH, KVM_REQ_FREE_OBSOLETE_ROOTS, KVM_REQ_APIC_PAGE_RELOAD };

#define PML_LOG_NR_ENTRIES 16
#define TLB_ENTRIES	32
#define PSC_ENTRIES	8

/* What the CPU cached: a leaf translation, or (paging-structure cache) a pointer to a table. */
struct tlb_entry {
	gfn_t gfn;			/* base of the page, or of the table's range */
	u32 pfn;
	u8 level;			/* leaf level; for a table: level of the table */
	u8 valid : 1, executable : 1;
	u8 writable, dirty;
};

/* Private to its vCPU's CPU. */
struct tlb {
	struct tlb_entry leaf[TLB_ENTRIES];	/* direct mapped by gfn */
	struct tlb_entry table[PSC_ENTRIES];	/* paging-structure cache, direct mapped */
	u64 flushes;
};

/* Where the last lockless walk of a fault ended: a leaf, or no sptep. */
struct kvm_lockless_walk {
	tdp_ptep_t sptep;
	u64 spte;			/* *sptep as the walk read it */
};

struct kvm_mmu {			/* per vCPU, owned by its thread */
	hpa_t root_hpa;			/* frame number of the root table; INVALID_PAGE: load before entry */
	union kvm_mmu_page_role root_role;
};

struct kvm_vcpu {
	/* polled and kicked by others */
	SHARED(u32) mode __cacheline_aligned;	/* OUTSIDE/IN/EXITING; cmpxchg by kickers */
	SHARED(u64) requests;			/* bit set, atomic */
	SHARED(u64) guest_exits;		/* moves on at every exit: what a kicker waits for (the IPI's ack) */
	/* own */
	struct kvm *kvm __cacheline_aligned;
	u16 vcpu_id;
	u16 as_id;			/* 1: in SMM */
	u8 guest_mode;			/* runs L2 without TDP: a root of its own role */
	struct kvm_mmu mmu;
	struct kvm_mmu_memory_cache mmu_page_cache;	/* table frames (header comes with the frame) */
	struct kvm_lockless_walk walk;	/* fast_page_fault() */
	struct tlb tlb;
	/* page-modification log: filled by the CPU when it sets a D bit, emptied at every exit; own */
	u32 nr_pml;
	u64 pml[PML_LOG_NR_ENTRIES];
	/* the last gfn found to be without memory, and the memslots that said so; own */
	gfn_t mmio_gfn;
	u64 mmio_gen;
	u32 mmio_valid;
	u32 apic_access_pfn;		/* what the CPU was told the APIC access page is (VMCS); 0: nothing; own */
	/* statistics, own */
	u64 stat_faults, stat_retries, stat_spurious, stat_fixed, stat_lost_cmpxchg, stat_accesses, stat_exits,
	    stat_emulated;
};

/* ------------------------------------------------------------------ host mm (primary MMU) */

/*
 * One word per host page, changed under ptl, read locklessly by KVM:
 * pfn << 12 | HOST_PTE_PRESENT | HOST_PTE_WRITE | HOST_PTE_HUGE | HOST_PTE_GIANT; a non-present word is 0.
 */
#define HOST_PTE_PRESENT	BIT_ULL(0)
#define HOST_PTE_WRITE		BIT_ULL(1)
#define HOST_PTE_HUGE		BIT_ULL(2)	/* part of a 2M host mapping */
#define HOST_PTE_GIANT		BIT_ULL(3)	/* and HUGE: part of a 1G one, as of hugetlbfs */
struct host_page {
	SHARED(u64) pte;
	SHARED(u64) swap_stamp;		/* content of a reclaimed page (ptl) */
};

struct host_mm {
	spinlock_t ptl;
	u64 nr_pages;
	struct host_page *pages;	/* by host page number (hva >> PAGE_SHIFT) */
};

/* ------------------------------------------------------------------ VM */

struct kvm_config {			/* fixed when the VM is created */
	bool tdp_mmu;			/* read-only parameter; false is refused until there is a shadow MMU */
	u8 root_level;			/* 4 or 5 */
	u8 max_level;			/* largest leaf: PG_LEVEL_4K, 2M or 1G */
	bool ad_enabled;		/* EPT A/D bits */
	bool pml;			/* dirty logging by the D bit; else by write protection */
	bool nx_huge_pages;		/* huge pages are not executable */
	bool eager_split;		/* a log that is enabled, or cleared, splits huge pages first */
	bool manual_protect;		/* KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE */
	bool initially_set;		/* KVM_DIRTY_LOG_INITIALLY_SET */
	bool legacy_roots;		/* profile: a valid root lives as long as its vCPUs' references */
	bool zap_roots_write;		/* invalidated roots are zapped with mmu_lock held for write */
	u64 mmio_gen_mask;		/* how much of the memslots' generation an MMIO SPTE has room for */
	gfn_t max_gfn;			/* exclusive: what MAXPHYADDR allows */
	bool spurious_shortcut;		/* a fault that finds its access allowed by now changes nothing */
};

struct kvm {
	rwlock_t mmu_lock __cacheline_aligned;

	/* notifier state: written with mmu_lock held for write, read with it held in either mode,
	 * or as a hint without it (kvm_mmu_faultin_pfn) */
	SHARED(u64) mmu_invalidate_seq __cacheline_aligned;
	SHARED(s64) mmu_invalidate_in_progress;
	SHARED(gfn_t) mmu_invalidate_range_start;	/* INVALID_GPA: none yet */
	SHARED(gfn_t) mmu_invalidate_range_end;
	SHARED(struct kvm_memslots *) memslots[KVM_ADDRESS_SPACE_NUM];	/* slots_lock to write, SRCU to read */

	SHARED(u64) emulated_slots;	/* bit n: slot n is emulated, not mapped (slots_lock to write; read anywhere) */

	SHARED(u64) nr_write_tracked;	/* gfns, in all slots (mmu_lock write to set) */

	struct mutex slots_lock __cacheline_aligned;
	struct mutex slots_arch_lock;
	spinlock_t mn_invalidate_lock;
	SHARED(u64) mn_active_invalidate_count;	/* mn_invalidate_lock */

	spinlock_t tdp_mmu_pages_lock __cacheline_aligned;
	struct list_head tdp_mmu_roots;		/* tdp_mmu_pages_lock to write, RCU or mmu_lock to read */
	struct list_head possible_nx_huge_pages;	/* tdp_mmu_pages_lock: tables in the way of a huge page */
	SHARED(u64) nr_possible_nx_huge_pages;	/* tdp_mmu_pages_lock to write */
	atomic64_t tdp_mmu_pages;		/* tables linked below roots: leak check at teardown */
	atomic64_t stat_pages[3];		/* leaves of size 4K, 2M, 1G */

	/* constant after kvm_create_vm() */
	struct kvm_config config __cacheline_aligned;
	u64 bugs;				/* BUG_* switches that are on */
	struct rsvd_bits_validate shadow_zero_check;
	struct kvm_mmu_page *mmu_pages;		/* header of table frame n */
	struct kvm_vcpu *vcpus;
	u32 online_vcpus;
	u32 nr_regions;
	s32 apic_region;			/* its first page is the APIC access page; -1: there is none */
	struct kvm_memory_region regions[KVM_MEM_SLOTS_NUM];	/* by slot id */
	struct kvm_memslots sets[KVM_ADDRESS_SPACE_NUM][2];
	struct host_mm mm;

	atomic64_t stat_remote_tlb_flush __cacheline_aligned;
	atomic64_t stat_remote_tlb_flush_requests;
};

#define kvm_of()	(arena_of()->kvm)

/* The switch that brings a historical bug back; a constant of the VM, not an access. */
#define bug(kvm, name)	unlikely((kvm)->bugs & BIT_ULL(BUG_##name))

static inline struct kvm_mmu_page *sptep_to_sp(tdp_ptep_t sptep)
{
	u64 index = (u64)(sptep - arena_of()->frames->tables) / TABLE_WORDS;

	return &kvm_of()->mmu_pages[index];
}

static inline struct kvm_mmu_page *pfn_to_sp(kvm_pfn_t pfn)
{
	return &kvm_of()->mmu_pages[pfn];
}

/* Facts that the model tells the oracles: see note() in core/hook.h. */
enum kvm_note {
	NOTE_TLB_FLUSHED,	/* addr: kvm; a remote flush by this task is complete */
	NOTE_TLB_FLUSH_RANGE,	/* addr: struct kvm_gfn_range: no more than this is asked of the flush that follows */
	NOTE_ROOT_GET,		/* addr: root; value: new count */
	NOTE_ROOT_PUT,		/* addr: root */
	NOTE_ROOT_CREATED,	/* addr: root, already listed */
	NOTE_SLOT_GONE,		/* value: id: no vCPU can reach the slot at the place where it was */
	NOTE_SLOT_PLACED,	/* value: base_gfn << 8 | id: it is about to be published there */
	NOTE_SLOT_LIVE,		/* value: id: the update that put it there is over, and user space is told so */
	NOTE_EMULATED,		/* addr: vcpu; value: gfn: there is no memory, an emulator gets the access */
	NOTE_WRITE_EMULATED,	/* addr: vcpu; value: gfn: somebody wants to see this write, an emulator makes it */
	NOTE_WRITE_TRACKED,	/* value: gfn << 1 | as_id: from now on each guest write to it exits */
	NOTE_WRITE_UNTRACKED,	/* value: gfn << 1 | as_id: no longer so */
	NOTE_SLOT_EMULATED,	/* value: id: memory of the slot is out of the guests' reach from now on */
	NOTE_SLOT_MAPPED,	/* value: id: it is about to be let in again */
	NOTE_GUEST_ACCESS,	/* addr: cell; value: gfn << 1 | write: the CPU is about to touch it */
	NOTE_GUEST_VALUE,	/* addr: cell; value: stamp read, or stamp after the write */
	NOTE_RETRY,		/* addr: vcpu; a fault came to nothing and is tried again at once */
	NOTE_RETRY_OVER,	/* addr: vcpu; it did not */
	NOTE_HW_WALK,		/* addr: sptep that the CPU's walker is about to read */
	NOTE_DIRTY_LOG_ON,	/* addr: region; value: its id: logging is in force, user space copies all of it */
	NOTE_DIRTY_LOG_OFF,	/* value: region id: user space relies on the log no longer */
	NOTE_DIRTY_TAKEN,	/* addr: word of a dirty bitmap; value: bits that user space will be given */
	NOTE_DIRTY_COPIED,	/* addr: word of a dirty bitmap; value: bits: user space copies these pages now */
	NOTE_INVALIDATED,	/* addr: kvm: start has returned for host pages [value >> 32, value & ~0u) */
	NOTE_WALK_BEGIN,	/* addr: iterator; value: first gfn */
	NOTE_WALK_YIELDED,	/* addr: iterator; value: gfn it has got to; mmu_lock is about to be dropped */
};

#endif
