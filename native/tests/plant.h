/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Planted violations: each case breaks one rule on a small real machine, and the oracle that
 * owns the rule must say so, in its own words; clean cases do what is allowed, and every
 * oracle must be silent.
 *
 *	PLANT(name_of_the_broken_rule, ORACLE, task, "part of the message") { ... }
 *	CLEAN(name_of_what_is_allowed, ORACLE, task) { ... }
 *
 * The body runs as `task` with hooks on and all oracles watching.  A violation leaves it, as it
 * leaves the model.  The machine is reset before each case, and must then be in order.
 *
 * The machine: 4 levels, two vCPUs and a host-mm task; slot 0 is gfns [0, 16), mapped by 4K
 * pages, slot 1 is gfns [512, 1024), mapped by one 2M page.  Everything is populated.
 */
#ifndef MMUT_TESTS_PLANT_H
#define MMUT_TESTS_PLANT_H

#include "../check/check.h"
#include "../check/spte_bits.h"
#include "../kvm/kvm_host.h"

enum { BOSS, RCU, VCPU0, VCPU1, HOST0 };	/* tasks */

struct machine {
	struct kvm *kvm;
	struct kvm_mmu_page *root;
	table_word *leaf_at, *huge_at, *table_at;	/* of gfn 3, of gfn 512, and the link above gfn 3 */
	u64 leaf, huge, table;				/* what is there */
	u32 frame, huge_frame, l1;			/* what that points at */
};

#define LEAF_GFN	3ULL
#define HUGE_GFN	512ULL
#define EMPTY_GFN(n)	((gfn_t)(n) << 9)	/* n from 2: no table covers it */

enum plant_world {
	WORLD_PLAIN,
	WORLD_DIRTY_LOG,	/* slot 0 is logged from the start */
	WORLD_ALL_SET,		/* as well, and its log began with all bits set */
	WORLD_NX,		/* huge pages are not executable */
	NR_PLANT_WORLDS,
};

struct plant {
	const char *name, *text;		/* text NULL: clean */
	void (*body)(struct machine *m);
	void (*finally)(void);			/* the check that must notice; may be NULL */
	u16 oracle, task, world;
} __attribute__((aligned(64)));
static_assert(sizeof(struct plant) == 64, "plants tile their section");

extern const struct plant __start_mmut_plants[], __stop_mmut_plants[];

#define __PLANT(name_, text_, finally_, oracle_, task_, world_)				\
	static void name_(struct machine *m);						\
	static const struct plant plant_##name_						\
	__attribute__((used, section("mmut_plants"))) = {				\
		.name = #name_, .text = text_, .body = name_, .finally = finally_,	\
		.oracle = oracle_, .task = task_, .world = world_,			\
	};										\
	static void name_(struct machine *m)

#define PLANT(name_, oracle_, task_, text_)						\
	__PLANT(name_, text_, NULL, ORACLE_##oracle_, task_, WORLD_PLAIN)
#define CLEAN(name_, oracle_, task_)							\
	__PLANT(name_, NULL, NULL, ORACLE_##oracle_, task_, WORLD_PLAIN)

/* The SPTE of `gfn` in the table of `level`, which exists. */
table_word *sptep_of(struct machine *m, gfn_t gfn, u32 level);

/* A new, empty table for EMPTY_GFN(5), as it should be; its owner may still spoil it. */
struct kvm_mmu_page *new_table(struct machine *m);
/* It is linked where it belongs; the locks are the caller's. */
void link_new(struct machine *m, const struct kvm_mmu_page *sp);

/* The rest of the body is done by another task. */
static inline void become(u32 task)
{
	proc.current_task = task_by_id(task);
}

/* Change a word behind everybody's back: no event, but restored by the reset. */
#define poke(word, value) do {								\
	u32 __n = frame_of_addr(&(word));						\
											\
	if (__n)									\
		frame_touch(__n);							\
	WRITE_PRIVATE(word, value);							\
} while (0)

static inline void poke_frame_state(u32 n, enum frame_state state)
{
	frame_touch(n);
	frame_get(n)->state = (u8)state;
}

static inline bool replace(table_word *at, u64 old, u64 new)
{
	return try_cmpxchg64(at, &old, new);
}

/* What the CPU does for the guest: is in it, says where it is going, goes there, says what it found. */
static inline void guest_announce(u32 frame, gfn_t gfn, bool write)
{
	struct kvm_vcpu *vcpu = &kvm_of()->vcpus[current->index];

	if (READ_PRIVATE(vcpu->mode) == OUTSIDE_GUEST_MODE)
		WRITE_PRIVATE(vcpu->mode, IN_GUEST_MODE);
	note(NOTE_GUEST_ACCESS, frame_cell(frame), gfn << 1 | write);
}

static inline u64 guest_read(u32 frame, gfn_t gfn)
{
	u64 stamp;

	guest_announce(frame, gfn, false);
	stamp = hw_load(frame_cell(frame)->stamp);
	note(NOTE_GUEST_VALUE, frame_cell(frame), stamp);
	return stamp;
}

static inline void guest_write(u32 frame, gfn_t gfn)
{
	u64 stamp;

	guest_announce(frame, gfn, true);
	stamp = hw_fetch_add(&frame_cell(frame)->stamp, 1) + 1;
	note(NOTE_GUEST_VALUE, frame_cell(frame), stamp);
}

#endif
