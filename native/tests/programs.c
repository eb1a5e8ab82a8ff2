// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small programs with known answers, whose tests are closed_forms.c, endings.c and repeat.c.  The table replaces that of native/program.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../core/lock.h"
#include "../core/rcu.h"
#include "programs.h"
#include "worlds.h"

struct words {
	shared_u64 x, done, go, wrote, queued, trying;
	spinlock_t a, b;
	rwlock_t lock;
	u64 bug;
};

u64 program_bugs;

static struct words *words_of(void)
{
	return arena_of()->program_state;
}

static int setup(void)
{
	struct words *w = arena_alloc(sizeof(*w));

	if (!w)
		return -ENOMEM;
	spin_lock_init(&w->a, CLASS_USER_A);
	spin_lock_init(&w->b, CLASS_USER_B);
	rwlock_init(&w->lock, CLASS_MMU_LOCK);
	arena_of()->program_state = w;
	return 0;
}

static void count_bugs(void)
{
	program_bugs += words_of()->bug;
}

/* uneven(1, k): one write here, k writes and a read there; the read finds the one write last. */
static void uneven(struct task *task)
{
	struct words *w = words_of();
	u32 i;

	if (!task->index) {
		WRITE_ONCE(w->x, 1000);
		return;
	}
	for (i = 0; i < STRAIGHT; i++)
		WRITE_ONCE(w->x, i);
	w->bug = READ_ONCE(w->x) == 1000;
}

/* Two increments that are not atomic; whoever is last looks. */
static void lost_update(struct task *task)
{
	struct words *w = words_of();
	u64 x = READ_ONCE(w->x);

	WRITE_ONCE(w->x, x + 1);
	if (fetch_add(&w->done, 1) == 1)
		w->bug = READ_ONCE(w->x) != 2;
}

/* Two locks in opposite order around two accesses each: twelve events. */
static void opposite_locks(struct task *task)
{
	struct words *w = words_of();
	spinlock_t *first = task->index ? &w->b : &w->a, *second = task->index ? &w->a : &w->b;

	spin_lock(first);
	spin_lock(second);
	WRITE_ONCE(w->x, READ_ONCE(w->x) + 1);
	spin_unlock(second);
	spin_unlock(first);
}

static void same_order(struct task *task)
{
	struct words *w = words_of();

	spin_lock(&w->a);
	spin_lock(&w->b);
	data_write(w->x, data_read(w->x) + 1);
	spin_unlock(&w->b);
	spin_unlock(&w->a);
}

/* Waits politely for what nobody does. */
static void wait_for_nobody(struct task *task)
{
	struct words *w = words_of();

	while (!task->index && !READ_ONCE(w->go))
		cpu_relax();
}

/* Waits politely for what the other one does last. */
static void polite_spin(struct task *task)
{
	struct words *w = words_of();
	u32 i;

	for (i = 0; task->index && i < 50; i++)
		fetch_add(&w->x, 1);
	if (task->index)
		WRITE_ONCE(w->go, 1);
	while (!READ_ONCE(w->go))
		cpu_relax();
}

/* Each waits for the other to begin. */
static void after_you(struct task *task)
{
	struct words *w = words_of();
	shared_u64 *mine = task->index ? &w->go : &w->trying, *other = task->index ? &w->trying : &w->go;

	while (!READ_ONCE(*other))
		cpu_relax();
	WRITE_ONCE(*mine, 1);
}

/* Never over, and never the same: it counts. */
static void counts_for_ever(struct task *task)
{
	struct words *w = words_of();

	while (!task->index && !READ_ONCE(w->go)) {
		fetch_add(&w->x, 1);
		cpu_relax();
	}
}

/* The same wait, and after many rounds it is over by itself. */
static void slow_but_finite(struct task *task)
{
	struct words *w = words_of();
	u32 i;

	for (i = 0; !task->index && i < 700; i++) {
		READ_ONCE(w->go);
		cpu_relax();
	}
}

/* Spins without a hint; only a fair scheduler ever lets the other one end it. */
static void rude_spin(struct task *task)
{
	struct words *w = words_of();

	if (task->index)
		WRITE_ONCE(w->go, 1);
	while (!READ_ONCE(w->go))
		;
}

static void keeps_a_lock(struct task *task)
{
	if (task->index)
		spin_lock(&words_of()->a);
}

static void stays_in_rcu(struct task *task)
{
	if (task->index)
		rcu_read_lock();
}

/* A reader that comes when a writer queues must not overtake it, though others read. */
static void fair_queue(struct task *task)
{
	struct words *w = words_of();

	switch (task->index) {
	case 0:
		read_lock(&w->lock);
		WRITE_ONCE(w->go, 1);
		while (!rwlock_needbreak(&w->lock))
			cpu_relax();
		WRITE_ONCE(w->queued, 1);
		smp_cond_load_relaxed(&w->trying, VAL);
		read_unlock(&w->lock);
		return;
	case 1:
		smp_cond_load_relaxed(&w->go, VAL);
		write_lock(&w->lock);
		WRITE_ONCE(w->wrote, 1);
		write_unlock(&w->lock);
		return;
	default:
		smp_cond_load_relaxed(&w->queued, VAL);
		WRITE_ONCE(w->trying, 1);
		read_lock(&w->lock);
		w->bug = !READ_ONCE(w->wrote);
		read_unlock(&w->lock);
	}
}

/* ---- what must not be in a core that repeats itself: see repeat.c */

static void looks_at_the_clock(struct task *task)
{
	struct words *w = words_of();

	WRITE_ONCE(w->x, task->index);
	if (task->index)
		return;
	WRITE_ONCE(w->go, 1);
	WRITE_ONCE(w->done, __builtin_ia32_rdtsc());
	WRITE_ONCE(w->queued, 1);
}

static void stores_an_address(struct task *task)
{
	struct words *w = words_of();

	WRITE_ONCE(w->x, task->index);
	if (task->index)
		return;
	WRITE_ONCE(w->go, 1);
	WRITE_ONCE(w->done, mix64((u64)malloc(24)));	/* kept, so that the next one is elsewhere */
	WRITE_ONCE(w->queued, 1);
}

static void follows_null(struct task *task)
{
	struct words *w = words_of();
	volatile u64 *volatile none = NULL;

	if (task->index)
		WRITE_ONCE(w->x, 1);
	else if (READ_ONCE(w->x))
		*none = 1;
}

static void aborts(struct task *task)
{
	struct words *w = words_of();

	if (task->index)
		WRITE_ONCE(w->x, 1);
	else if (READ_ONCE(w->x))
		abort();
}

#define PROGRAM(tasks, fn)	{ .name = #fn, .text = #fn, .nr_tasks = tasks, .setup = setup, .body = fn, \
				  .check = count_bugs }

static const struct program programs[] = {
	PROGRAM(2, uneven), PROGRAM(2, lost_update), PROGRAM(2, opposite_locks), PROGRAM(2, same_order),
	PROGRAM(2, wait_for_nobody), PROGRAM(2, polite_spin), PROGRAM(2, after_you), PROGRAM(2, counts_for_ever),
	PROGRAM(2, slow_but_finite), PROGRAM(2, rude_spin),
	PROGRAM(2, keeps_a_lock), PROGRAM(2, stays_in_rcu), PROGRAM(3, fair_queue),
	PROGRAM(2, looks_at_the_clock), PROGRAM(2, stores_an_address), PROGRAM(2, follows_null), PROGRAM(2, aborts),
};

const struct program *program_by_id(u32 id)
{
	if (id == ARRAY_SIZE(programs) + 1)
		return &script_program;
	return id && id <= ARRAY_SIZE(programs) ? &programs[id - 1] : NULL;
}

u32 program_id(const char *name)
{
	u32 i;

	for (i = 1; program_by_id(i); i++)
		if (!strcmp(program_by_id(i)->name, name))
			return i;
	abort();
}

struct mmut_config program_config(const char *name, const char *strategy)
{
	struct mmut_config config = {
		.seed = 0x5eed, .oracles = ~0ULL, .checks = 1, .controlled = 1, .pct_depth = 2,
		.strategy = strategy_named(strategy), .program = program_id(name),
	};

	config.nr_tasks = program_by_id(config.program)->nr_tasks;
	all_tasks_run_the_program(&config);
	return config;
}
