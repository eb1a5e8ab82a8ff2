/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hook: every access to shared model state, seen before and after.
 *
 * An instrumented access is described by a static `struct site` (where, which operation,
 * which order) and a few registers.  With hooks off it is the bare instruction behind
 * one predicted branch on a word private to the process.  With hooks on hook_access()
 * announces the event, lets the scheduler decide who goes first (`point`), performs the
 * access itself (so that a memory model can delay a store), and shows the outcome to the
 * trace and to the oracles (`trace`, `watch`).  The model cannot tell the difference.
 *
 * Who fills in the callbacks is no business of this room: see native/api.c.
 */
#ifndef MMUT_CORE_HOOK_H
#define MMUT_CORE_HOOK_H

#include "hook_call.h"
#include "types.h"

enum op {
	OP_NONE,
	/* accesses to a word; hook_access() performs them */
	OP_LOAD, OP_STORE, OP_XCHG, OP_CMPXCHG, OP_ADD, OP_AND, OP_OR, OP_XOR,
	OP_AWAIT,		/* load that is enabled only once the word differs from `expected` */
	OP_FENCE,
	/* what the core itself does; announced by hook_event() */
	OP_SPIN_LOCK, OP_SPIN_UNLOCK,
	OP_SPIN_TRYLOCK,	/* after: operand 1, it is taken; 0, it was held and nothing happened */
	OP_READ_LOCK, OP_READ_UNLOCK, OP_WRITE_LOCK, OP_WRITE_UNLOCK,
	OP_MUTEX_LOCK, OP_MUTEX_UNLOCK,
	OP_NEEDBREAK,		/* operand: the answer */
	OP_YIELD,		/* cpu_relax, cond_resched: others first, where fairness asks for it */
	OP_RCU_LOCK, OP_RCU_UNLOCK,	/* addr: domain */
	OP_RCU_CALL, OP_RCU_RUN,	/* addr: rcu_head */
	OP_FRAME_ALLOC, OP_FRAME_FREE, OP_FRAME_STATE,	/* addr: struct frame, operand: new state */
	OP_DRAIN,		/* TSO: the oldest buffered store of a task becomes visible */
	/* what the model does and an oracle must know; announced by note() */
	OP_NOTE,
	OP_TASK_EXIT,
	NR_OPS
};

/* The name of each op, as traces and reports print it. */
extern const char *const op_names[NR_OPS];

enum order {
	ORDER_PLAIN,		/* data access, protected by a lock; takes part in data races */
	ORDER_RELAXED,
	ORDER_ACQUIRE,
	ORDER_RELEASE,
	ORDER_FULL,
};

/* Which fence an OP_FENCE is: its operand.  `order` says what it costs on x86. */
enum fence {
	FENCE_MB, FENCE_RMB, FENCE_WMB,
	FENCE_BEFORE_ATOMIC, FENCE_AFTER_ATOMIC, FENCE_AFTER_SPINLOCK, FENCE_AFTER_UNLOCK_LOCK,
	FENCE_AFTER_SRCU_UNLOCK, FENCE_BARRIER,
	NR_FENCES
};

/* site flags */
#define SITE_SCAN	BIT_ULL(0)	/* one of a long run of accesses: a decision only where it is hot */
#define SITE_HW		BIT_ULL(1)	/* done by the modelled CPU (page walk, guest access) */
#define SITE_BLOCK	BIT_ULL(3)	/* an atomic block begins: what it does is in this step, and may be anything */
#define SITE_PRIVATE	BIT_ULL(2)	/* the word is not published yet */
#define SITE_NO_WRITERS	BIT_ULL(4)	/* of a note: ASSERT_EXCLUSIVE_WRITER() of its address */
#define SITE_NO_ACCESS	BIT_ULL(5)	/* of a note: ASSERT_EXCLUSIVE_ACCESS() */
#define SITE_EXCLUSIVE	(SITE_NO_WRITERS | SITE_NO_ACCESS)

/*
 * Padded to its alignment, so that the linker lays the section out as an array and the
 * index of a site is the same in every process whatever the load address.
 */
struct site {
	const char *file;
	const char *func;
	const char *what;	/* the expression, as written */
	u32 line;
	/* in the order of struct event, which takes the four over as one word */
	u8 op;
	u8 size;		/* bytes; 0 where there is no word */
	u8 order;
	u8 flags;
	u8 pad[24];
} __attribute__((aligned(64)));
static_assert(sizeof(struct site) == 64, "struct site must tile its section");

static inline const char *kbasename(const char *path)
{
	const char *slash = __builtin_strrchr(path, '/');

	return slash ? slash + 1 : path;
}

extern const struct site __start_mmut_sites[] __hidden, __stop_mmut_sites[] __hidden;

/* Sites that the source has; those of a program that was loaded (proc.sites) are numbered behind them. */
#define NR_STATIC_SITES	((u32)(__stop_mmut_sites - __start_mmut_sites))

static inline u32 site_id(const struct site *site);
static inline const struct site *site_by_id(u32 id);

#define SITE(op_, order_, size_, flags_, what_) ({				\
	static const struct site __site						\
	__attribute__((used, section("mmut_sites"))) = {			\
		.file = __FILE__, .func = __func__, .what = what_,		\
		.line = __LINE__, .op = op_, .order = order_, .size = size_,	\
		.flags = flags_,						\
	};									\
	&__site; })

/* One event: what a task is about to do, and afterwards what it did.  Lives in the arena. */
struct event {
	void *addr;
	u64 operand;		/* stored, added, or-ed, and-ed; for notes: the note */
	u64 expected;		/* cmpxchg: compared; await: must differ from this */
	u64 old;		/* after: what was there */
	u64 new;		/* after: what is there now */
	u8 op;
	u8 size;
	u8 order;
	u8 flags;
	u16 site;
	u8 task;
	u8 done;		/* 1: old and new are valid */
};
static_assert(sizeof(struct event) == 48, "event is copied into rings and read by Python");
static_assert(offsetof(struct event, op) == 40 && offsetof(struct site, op) % 4 == 0, "they are copied as words");

struct task;
struct arena;

/* hook_access(), hook_begin() and hook_end() all in one function: nothing returns right after a switch. */
struct scheduled {
	u64 (*access)(const struct site *site, void *addr, u64 operand, u64 expected);
	void (*begin)(const struct site *site, void *addr, u64 operand);
	void (*end)(const struct site *site, void *addr, u64 operand);
};

/* What one process keeps for itself: where the arena is, who runs, and which hooks are on. */
struct proc {
	bool hooks;		/* any callback below is set: the one byte on the hot path */
	bool controlled;	/* a scheduler decides the order (fibers or baton) */
	const struct scheduled *scheduled;	/* ... and does what hook.c would by the callbacks below; or NULL */
	struct task *current_task;
	struct arena *arena;
	struct flight *flight;	/* of the arena; NULL: nothing is recorded */
	const struct site *sites;	/* of the program in the arena; NULL: it has none */
	void (*point)(struct event *ev);		/* decide; returns when `ev` may happen */
	u64 (*access)(struct event *ev);		/* memory model; NULL: perform directly */
	void (*block)(const void *addr, u64 value, u32 size);	/* wait until *addr != value */
	bool (*chance)(void);		/* a yes-or-no that is the strategy's; NULL: no */
	void (*trace)(const struct event *ev);		/* after: digest, rings */
	void (*watch)(struct event *ev);		/* oracles: before (done == 0) and after (done == 1) */
	const u64 *yield_frame;		/* of the task that yields: saved registers, return address, its frames */
	void (*stop)(void);		/* leave the model: a violation, or the end of the run */
};
extern struct proc proc __hidden;

static inline u32 site_id(const struct site *site)
{
	u64 at = (u64)site - (u64)__start_mmut_sites, end = (u64)__stop_mmut_sites - (u64)__start_mmut_sites;

	return likely(at < end) ? (u32)(at / sizeof(*site)) : NR_STATIC_SITES + (u32)(site - proc.sites);
}

static inline const struct site *site_by_id(u32 id)
{
	return likely(id < NR_STATIC_SITES) ? __start_mmut_sites + id : proc.sites + (id - NR_STATIC_SITES);
}

#define current		(proc.current_task)

#ifdef MMUTORTURE_NOHOOKS	/* benchmark build only: proves what the hooks cost */
#define hooks_on()	false
#else
#define hooks_on()	unlikely(proc.hooks)
#endif

u64 hook_access(const struct site *site, void *addr, u64 operand, u64 expected);
/* The same without a schedule point: part of what the last one announced. */
u64 hook_access_inside(const struct site *site, void *addr, u64 operand, u64 expected);
/* Perform a described access on memory, now: what a memory model calls when it lets one through. */
void hook_perform(struct event *ev);

/* An event without a word to access: _begin is the schedule point, _end reports the outcome. */
void hook_begin(const struct site *site, void *addr, u64 operand);
void hook_end(const struct site *site, void *addr, u64 operand);

/*
 * Tell the oracles a fact that is no access (a flush completed, a slot is gone).  `what` is
 * an enum of the room that notes it.  Not a schedule point; costs nothing with hooks off.
 */
void hook_note(const struct site *site, u64 what, void *addr, u64 value);
#define note(what, addr, value) do {						\
	if (hooks_on())								\
		hook_call(hook_note, SITE(OP_NOTE, ORDER_PLAIN, 0, 0, #what),	\
			  what, (addr), value);					\
} while (0)

/* The note of an exclusive access: the flags of its site say which, and it is nobody else's. */
#define NOTE_EXCLUSIVE	(~0ULL)

/* Contention or a reschedule may come at any moment: does the strategy say it is here now? */
bool hook_chance(void);

#endif
