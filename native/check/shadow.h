/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the oracles know: their own picture of the machine, built from observed events alone.
 *
 * The picture is in the arena and is restored with it: struct check is part of the state, and
 * the shadows of frames are per-frame regions that arena_reset() restores with their frame.
 *
 * Running free, several processes update it in parallel.  Each rule is then written so that
 * a late update can only hide a violation, never invent one: what makes a later rule stricter
 * (a link) is recorded before the store takes effect, what makes it laxer (a cut) after.
 */
#ifndef MMUT_CHECK_SHADOW_H
#define MMUT_CHECK_SHADOW_H

#include "../kvm/kvm_host.h"
#include "check.h"
#include "spte_bits.h"

/* Where a page table is in its life, as seen from outside. */
enum table_life {
	TABLE_PRIVATE,		/* allocated or free: nothing points at it */
	TABLE_LINKED,		/* an SPTE of `parent` points at it */
	TABLE_ROOT,
	TABLE_CUT,		/* was linked; the SPTE was overwritten */
};

/* One word, so that a parallel reader never sees half of a change. */
union table_shadow {
	u64 word;
	struct {
		u32 parent;		/* frame of the table with the SPTE */
		u16 index;		/* of that SPTE */
		u8 life;		/* enum table_life */
		u8 cut_mode;		/* enum lock_mode of the cutter */
	};
};
static_assert(sizeof(union table_shadow) == 8, "updated by one store");

struct guest_shadow {
	s32 small;		/* 4K SPTEs that map this frame */
	s16 huge;		/* 2M SPTEs that map the block; counted at its first frame */
	s16 giant;		/* 1G SPTEs, likewise */
	u64 ghost;		/* guest writes to the n-th slot page, n being this element's index */
	/* of that page, by dirty_log.c's rules */
	u32 unsaved;		/* written in this logging period and not copied since */
	u32 copied;		/* copied in this logging period */
	u32 taken;		/* its dirty bit was taken by a round that is not over: one bit a slot */
	u32 tracked;		/* writes to it are tracked: one bit a slot */
};
static_assert(sizeof(struct guest_shadow) == 32, "per-frame regions have a power of two as stride");

/* Guest memory: what belongs together as it was configured, where it is and whether as announced. */
struct check_slot {
	gfn_t place;		/* base_gfn; CHECK_NOWHERE: no vCPU can get there */
	u64 npages;
	u64 page;		/* host page of base_gfn */
	u64 ghost;		/* index of the first page's ghost */
	u32 as_id;
	u32 emulated;		/* 1: guests do not get at the memory */
	u32 live;		/* 1: user space was told that it is there, and no rule ever emulated it */
	u32 ruled;		/* 1: a rule did, which outlives the slot, as its memory does */
	u32 log_period;		/* number of the current logging period; 0: none yet */
	u32 logged;		/* user space relies on the slot's dirty log now */
};
#define CHECK_NOWHERE	(~0ULL >> 1)	/* no gfn is so near that a difference would wrap */

/* [start, end) */
struct gfn_span {
	gfn_t start, end;
};

#define NR_SEEN		8
#define NR_FOUND	16
#define CHECK_ROOTS	64

/* What one task has seen and owes; written by that task only. */
struct task_shadow {
	struct {
		const void *addr;
		u64 value;
		u64 section;		/* sections, when it was */
	} seen[NR_SEEN];		/* last value read or written, by address */
	u64 sections;			/* RCU sections that this task has left, see rcu_section.c */
	struct {
		u32 table, section;	/* sections (its lower half), when the task came upon it */
	} found[NR_FOUND];		/* page tables, by frame number */
	u64 calm_since;			/* check.write_locks as the vCPU left the guest; ~0: while somebody wrote */
	u32 table_used;			/* the table whose use was judged last, in this section; 0: none yet */
	const void *cell;		/* guest access announced: cell, ... */
	gfn_t gfn;			/* ... for this gfn, */
	u32 slot;			/* ... in this element of check.slot; */
	u64 ghost_floor;		/* the writes known before it began */
	u64 granted;			/* 1 + gfn that this task's fast fault made writable and has yet to mark */
	u64 kicked_at;			/* 1 + guest_exits, where the last access found the vCPU kicked */
	struct debt {
		const void *addr;	/* NULL: nothing owed; of what is owed the oldest */
		u64 old;
		u16 site;
		struct gfn_span owed;	/* gfns, of all of it, that no flush has covered */
		struct gfn_span paid;	/* by the last flush, which did not cover it; empty: there was none */
	} leaf_debt, table_debt, slots_debt;
	struct gfn_span flush;		/* asked of the flush that is coming; empty: everything */
	struct gfn_span flushed;	/* by the last one since mmu_lock was left; empty: everything, or none */
	const void *walk;		/* the iterator of this task's walk; ... */
	gfn_t walk_yielded;		/* ... where it dropped mmu_lock last */
	u32 linking;			/* child that this task's pending store would link */
	u32 last_put;			/* root whose count this task brought to zero; 0: none */
	u32 resumed;			/* mmu_lock was dropped and taken again inside a walk */
	u32 entries;			/* SPTEs read since mmu_lock was taken, or tables taken off the NX list */
	u32 retrying;			/* tries that came to nothing since somebody else could run; 0: none */
} __cacheline_aligned;

struct check {
	/* address ranges, for dispatch */
	u64 tables, tables_size;
	u64 headers, headers_size;
	u64 cells, cells_size;
	u64 vcpus, vcpus_size;
	u64 vm, vm_size;
	union table_shadow *table;	/* by frame number */
	struct guest_shadow *guest;	/* by frame number - guest_first */
	u32 nr_slots, pad;
	struct check_slot slot[KVM_MEM_SLOTS_NUM];
	u64 nr_ghosts;
	u64 generation[KVM_ADDRESS_SPACE_NUM];	/* of the memslots before the last swap; ~0: none yet */
	u32 readers;			/* tasks in an SRCU section, one bit each */
	u32 old_readers[KVM_ADDRESS_SPACE_NUM];	/* of those, who entered before the last swap of memslots */
	u32 log_periods;
	u32 nr_tracked;			/* gfns that are write-tracked */
	u32 roots[CHECK_ROOTS];		/* frames of roots that were announced and not yet freed */
	s64 tables_linked, leaves[PG_LEVEL_1G];	/* what the tables contain, by stores seen; leaves by level - 1 */
	s32 mmu_readers __cacheline_aligned;	/* who holds mmu_lock, by lock events */
	s32 mmu_writers;
	u64 write_locks;		/* how often mmu_lock was taken for write */
	struct task_shadow task[MAX_MODEL_TASKS];
};

#define check_of()		(arena_of()->check)
#define shadow_of(ev)		(&check_of()->task[(ev)->task])
#define site_of(ev)		site_by_id((ev)->site)

/* Raw looks at the machine: an oracle's read is no event. */
#define peek(x)			__atomic_load_n(&(x).__v, __ATOMIC_RELAXED)

static inline u8 frame_state_of(u32 n)
{
	return __atomic_load_n(&frame_get(n)->state, __ATOMIC_ACQUIRE);
}

/* Only an execution that is reset needs it; running free, the dirty list has no lock. */
static inline void shadow_touch(u32 n)
{
	if (arena_of()->controlled)
		frame_touch(n);
}

static inline union table_shadow table_get(const struct check *c, u32 n)
{
	return (union table_shadow){ .word = __atomic_load_n(&c->table[n].word, __ATOMIC_ACQUIRE) };
}

static inline void table_set(struct check *c, u32 n, union table_shadow t)
{
	shadow_touch(n);
	__atomic_store_n(&c->table[n].word, t.word, __ATOMIC_RELEASE);
}

static inline struct kvm_mmu_page *header_of(u32 n)
{
	return &kvm_of()->mmu_pages[n];
}

/* How the task holds a lock: enum lock_mode, or -1. */
int held_mode(const struct task *task, const void *lock);

/* The root above table `n`, or 0 where it hangs below none. */
u32 table_root(const struct check *c, u32 n);

/* A look at what the tables of an address space map, when nobody else runs. */
struct leaf {
	const void *sptep;
	u64 spte;
	gfn_t gfn;
	u32 level;
};
struct leaves {
	gfn_t start, end;			/* [start, end) */
	u32 as_id;
	bool valid_only;			/* invalid roots not */
	bool mmio;				/* MMIO SPTEs instead of leaves */
	void (*tell)(const struct leaves *range, u32 root, const struct leaf *leaf);
	const struct site *site;		/* for whoever is told */
	const char *what;
	const void *arg;
};
void each_leaf(const struct leaves *range);

/* One check of an event by one oracle. */
const struct check_slot *slot_of_gfn(const struct check *c, u32 as_id, gfn_t gfn);
void guest_memory_note(struct event *ev);
void guest_memory_access(struct event *ev);
void guest_memory_slot_note(const struct event *ev);
u64 *ghost_of_page(u64 page);

void dirty_log_note(const struct event *ev);
void dirty_log_write(const struct event *ev, u32 slot, gfn_t gfn);
void dirty_log_written(u32 as_id, u64 *ghost);
void dirty_log_granted(const struct event *ev, gfn_t gfn);
void dirty_log_adopt(struct check *c, struct kvm *kvm);
void dirty_log_quiescent(struct kvm *kvm);

void dirty_log_armed(const struct event *ev);

void withdrawn_pages(const struct event *ev);
void withdrawn_slot(const struct event *ev);
void withdrawn_install(const struct event *ev, u32 n, gfn_t gfn, u64 spte);

void mmio_slot_note(const struct event *ev);
void mmio_rule_changes(u64 slots);
void mmio_emulated(const struct event *ev);
void mmio_install(const struct event *ev, u32 n, gfn_t gfn, u64 spte);

void write_track_note(const struct event *ev);
void write_track_emulated(const struct event *ev);
void write_track_gone(u32 slot);
void write_track_store(const struct event *ev, u32 n, const struct leaf *leaf);
void write_track_written(const struct event *ev, u32 slot, gfn_t gfn);
bool tlb_must_wait(const struct kvm_vcpu *vcpu);

void account_table(s64 delta);
void account_leaf(u32 level, s64 delta);
void accounting_check(const struct event *ev);

void nx_list_store(const struct event *ev);
void nx_list_add(const struct event *ev, u32 n);
void nx_flag_changed(const struct event *ev, u32 n);
void nx_list_freed(const struct event *ev, u32 n);
void nx_list_quiescent(struct kvm *kvm);

void frame_life_event(struct event *ev);
void frame_life_table_use(struct event *ev, u32 n, const char *what);
void frame_life_store(const struct event *ev, u32 n, u64 old, u64 new);
bool frame_life_link(u32 child, u32 parent, u16 index);
void frame_life_unlink(u32 child);
void frame_life_adopt_root(u32 root);
s32 frame_life_mapped(u32 n, s32 *huge);

void spte_before(struct event *ev, u32 n);
void spte_after(struct event *ev, u32 n);

void rcu_section_left(const struct event *ev);
void rcu_section_found(const struct event *ev, u32 table);
void rcu_section_listed(const struct event *ev, u32 table);
void rcu_section_used(const struct event *ev, u32 table);
void rcu_section_compare_exchange(const struct event *ev);

void flush_debt_store(const struct event *ev, u32 n, u64 old, u64 new);
void flush_debt_range(const struct event *ev);
void flush_debt_flushed(const struct event *ev);
void flush_debt_leave_lock(const struct event *ev);
void flush_debt_leave_rcu(const struct event *ev);
void flush_debt_leave_slots(const struct event *ev);

void progress_note(const struct event *ev);

void roots_access(struct event *ev, u32 n, u32 offset);
void roots_created(const struct event *ev);
void roots_note(const struct event *ev);
void roots_list(u32 n);
void roots_freed(u32 n);
void roots_list_store(const struct event *ev);
void roots_leave_lock(const struct event *ev);
void roots_publish(const struct event *ev);

void retry_note(const struct event *ev);
void retry_over(const struct event *ev);

void vm_state_access(struct event *ev);
void srcu_event(const struct event *ev);
void vcpu_state_access(struct event *ev);
void mmu_lock_event(struct event *ev);
void needbreak_event(const struct event *ev);

#endif
