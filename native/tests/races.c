// SPDX-License-Identifier: GPL-2.0-only
/*
 * The race detector against known answers: what it must report, and what it must not.  The table of
 * programs replaces that of native/program.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../api.h"
#include "../check/races.h"
#include "../core/lock.h"
#include "../core/rcu.h"
#include "../program/program.h"
#include "tap.h"
#include "worlds.h"

#define EXECUTIONS	300

struct object { SHARED(u64) field; struct rcu_head rcu; };

struct words {
	SHARED(u64) data, flag, other;
	SHARED(struct object *) published;
	struct object object[2];
	spinlock_t a, b;
	rwlock_t lock;
};

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
	w->published.__v = &w->object[0];
	arena_of()->program_state = w;
	return 0;
}

static void no_check(void)
{
}

/* The callback of these programs: the object is anybody's again. */
static void free_object(struct rcu_head *head)
{
	struct object *o = container_of(head, struct object, rcu);

	data_write(o->field, 0);
}

/* ------------------------------------------------------------------ what must be reported */

static void message_without_release(struct task *task)
{
	struct words *w = words_of();

	if (!task->index) {
		data_write(w->data, 1);
		WRITE_ONCE(w->flag, 1);
	} else if (smp_load_acquire(&w->flag)) {
		data_read(w->data);
	}
}

static void message_without_acquire(struct task *task)
{
	struct words *w = words_of();

	if (!task->index) {
		data_write(w->data, 1);
		smp_store_release(&w->flag, 1);
	} else if (READ_ONCE(w->flag)) {
		data_read(w->data);
	}
}

static void one_side_unlocked(struct task *task)
{
	struct words *w = words_of();

	if (!task->index)
		spin_lock(&w->a);
	data_write(w->data, task->index);
	if (!task->index)
		spin_unlock(&w->a);
}

static void two_locks(struct task *task)
{
	struct words *w = words_of();
	spinlock_t *lock = task->index ? &w->a : &w->b;

	spin_lock(lock);
	data_write(w->data, task->index);
	spin_unlock(lock);
}

static void writes_under_read_lock(struct task *task)
{
	struct words *w = words_of();

	read_lock(&w->lock);
	data_write(w->data, task->index);
	read_unlock(&w->lock);
}

static void plain_and_marked(struct task *task)
{
	struct words *w = words_of();

	if (task->index)
		data_read(w->data);
	else
		WRITE_ONCE(w->data, 1);
}

static void failed_cmpxchg_orders_nothing(struct task *task)
{
	struct words *w = words_of();
	u64 old = 7;

	if (!task->index) {
		data_write(w->data, 1);
		try_cmpxchg64(&w->flag, &old, 1ULL);
	} else {
		xchg(&w->flag, 0);
		data_read(w->data);
	}
}

static void freed_without_a_grace_period(struct task *task)
{
	struct words *w = words_of();

	if (!task->index) {
		rcu_read_lock();
		data_read(READ_ONCE(w->published)->field);
		rcu_read_unlock();
	} else {
		WRITE_ONCE(w->published, &w->object[1]);
		data_write(w->object[0].field, 1);
	}
}

/* A count with one writer at a time, and marked accesses because others read it: the lock is forgotten. */
static void two_writers_of_a_count(struct task *task)
{
	struct words *w = words_of();

	if (!task->index)
		spin_lock(&w->a);
	ASSERT_EXCLUSIVE_WRITER(w->data);
	WRITE_ONCE(w->data, READ_ONCE(w->data) + 1);
	if (!task->index)
		spin_unlock(&w->a);
}

static void reader_of_what_is_freed(struct task *task)
{
	struct words *w = words_of();

	if (!task->index) {
		rcu_read_lock();
		READ_ONCE(rcu_dereference(w->published)->field);
		rcu_read_unlock();
	} else {
		WRITE_ONCE(w->published, &w->object[1]);
		ASSERT_EXCLUSIVE_ACCESS(w->object[0].field);
	}
}

/* ------------------------------------------------------------------ what must not */

static void one_writer_of_a_count(struct task *task)
{
	struct words *w = words_of();

	if (!task->index) {
		READ_ONCE(w->data);
		return;
	}
	if (task->index == 1)
		spin_lock(&w->a);
	else
		while (!__spin_trylock(&w->a, SITE(OP_SPIN_TRYLOCK, ORDER_FULL, 0, 0, "a")))
			cpu_relax();
	ASSERT_EXCLUSIVE_WRITER(w->data);
	WRITE_ONCE(w->data, READ_ONCE(w->data) + 1);
	spin_unlock(&w->a);
}

static void alone_after_a_grace_period(struct task *task)
{
	struct words *w = words_of();

	if (!task->index) {
		rcu_read_lock();
		READ_ONCE(rcu_dereference(w->published)->field);
		rcu_read_unlock();
	} else {
		WRITE_ONCE(w->published, &w->object[1]);
		synchronize_rcu();
		ASSERT_EXCLUSIVE_ACCESS(w->object[0].field);
	}
}

static void message(struct task *task)
{
	struct words *w = words_of();

	if (!task->index) {
		data_write(w->data, 1);
		smp_store_release(&w->flag, 1);
	} else if (smp_load_acquire(&w->flag)) {
		data_read(w->data);
	}
}

static void message_by_fences(struct task *task)
{
	struct words *w = words_of();

	if (!task->index) {
		data_write(w->data, 1);
		smp_wmb();
		WRITE_ONCE(w->flag, 1);
	} else if (READ_ONCE(w->flag)) {
		smp_rmb();
		data_read(w->data);
	}
}

static void release_sequence(struct task *task)
{
	struct words *w = words_of();

	switch (task->index) {
	case 0:
		data_write(w->data, 1);
		smp_store_release(&w->flag, 1);
		return;
	case 1:
		fetch_add(&w->flag, 2);
		return;
	default:
		if (smp_load_acquire(&w->flag) & 1)
			data_read(w->data);
	}
}

static void marked_and_marked(struct task *task)
{
	struct words *w = words_of();

	WRITE_ONCE(w->data, READ_ONCE(w->data) + 1);
}

static void one_lock(struct task *task)
{
	struct words *w = words_of();

	spin_lock(&w->a);
	data_write(w->data, data_read(w->data) + 1);
	spin_unlock(&w->a);
}

static void reader_and_writer(struct task *task)
{
	struct words *w = words_of();

	if (task->index) {
		read_lock(&w->lock);
		data_read(w->data);
		read_unlock(&w->lock);
	} else {
		write_lock(&w->lock);
		data_write(w->data, 1);
		write_unlock(&w->lock);
	}
}

static void freed_after_a_grace_period(struct task *task)
{
	struct words *w = words_of();

	if (!task->index) {
		rcu_read_lock();
		data_read(rcu_dereference(w->published)->field);
		rcu_read_unlock();
	} else {
		WRITE_ONCE(w->published, &w->object[1]);
		synchronize_rcu();
		data_write(w->object[0].field, 1);
	}
}

static void initialised_before_it_is_published(struct task *task)
{
	struct words *w = words_of();

	if (!task->index) {
		rcu_read_lock();
		data_read(rcu_dereference(w->published)->field);
		rcu_read_unlock();
	} else {
		data_write(w->object[1].field, 1);
		rcu_assign_pointer(w->published, &w->object[1]);
	}
}

static void freed_by_a_callback(struct task *task)
{
	struct words *w = words_of();

	if (!task->index) {
		rcu_read_lock();
		data_read(rcu_dereference(w->published)->field);
		rcu_read_unlock();
	} else {
		WRITE_ONCE(w->published, &w->object[1]);
		call_rcu(&w->object[0].rcu, RCU_FREE_TABLE);
	}
}

/* ------------------------------------------------------------------ what is in conflict, and how */

static void all_sorts_of_conflicts(struct task *task)
{
	struct words *w = words_of();

	spin_lock(&w->a);
	data_write(w->data, task->index);
	spin_unlock(&w->a);
	if (!task->index)
		WRITE_ONCE(w->flag, 1);
	else
		READ_ONCE(w->flag);
	if (!task->index)
		WRITE_ONCE(w->other, 1);
}

#define PROGRAM(tasks, fn)	{ .name = #fn, .text = #fn, .nr_tasks = tasks, .races = true, .setup = setup, \
				  .body = fn, .check = no_check }

static const struct program programs[] = {
	PROGRAM(2, message_without_release), PROGRAM(2, message_without_acquire), PROGRAM(2, one_side_unlocked),
	PROGRAM(2, two_locks), PROGRAM(2, writes_under_read_lock), PROGRAM(2, plain_and_marked),
	PROGRAM(2, failed_cmpxchg_orders_nothing), PROGRAM(2, freed_without_a_grace_period),
#define NR_ASSERTED	8
	PROGRAM(2, two_writers_of_a_count), PROGRAM(2, reader_of_what_is_freed),
#define NR_RACY	10
	PROGRAM(2, message), PROGRAM(2, message_by_fences), PROGRAM(3, release_sequence), PROGRAM(3, marked_and_marked),
	PROGRAM(3, one_lock), PROGRAM(3, reader_and_writer), PROGRAM(2, freed_after_a_grace_period),
	PROGRAM(2, initialised_before_it_is_published), PROGRAM(2, freed_by_a_callback),
	PROGRAM(3, one_writer_of_a_count), PROGRAM(2, alone_after_a_grace_period),
	PROGRAM(2, all_sorts_of_conflicts),
};

const struct program *program_by_id(u32 id)
{
	return id && id <= ARRAY_SIZE(programs) ? &programs[id - 1] : NULL;
}

/* ------------------------------------------------------------------ the cases */

static u8 seen[1 << 16];	/* of the last world */

static const char *explore(u32 n, const char *strategy, u32 memory)
{
	struct mmut_config config = {
		.seed = 0x5ace, .oracles = ~0ULL, .checks = 1, .controlled = 1, .memory = memory, .program = n + 1,
		.nr_tasks = programs[n].nr_tasks, .pct_depth = 3, .strategy = strategy_named(strategy),
	};
	static char said[500];
	struct mmut_failure f;

	all_tasks_run_the_program(&config);
	world_open(&config);
	rcu_callbacks[RCU_FREE_TABLE] = free_object;
	mmut_explore(0, EXECUTIONS, 0);
	mmut_failure_get(&f);
	mmut_conflicts_get(seen, sizeof(seen));
	snprintf(said, sizeof(said), "%s: %s", f.set ? mmut_oracle_name(f.oracle) : "nothing", f.message);
	mmut_world_detach();
	return said;
}

/* In every memory model and by two strategies: it is no matter of luck. */
static const char *all_cases(u32 first, u32 end, const char *wanted)
{
	static const char *const names[] = { "random", "mix" };
	u32 n, s, memory;

	for (n = first; n < end; n++)
		for (s = 0; s < ARRAY_SIZE(names); s++)
			for (memory = MMUT_MEMORY_SC; memory <= MMUT_MEMORY_TSO; memory++) {
				const char *said = explore(n, names[s], memory);

				if (strncmp(said, wanted, strlen(wanted)))
					return complain("%s, by %s: %s", programs[n].name, names[s], said);
			}
	return NULL;
}

static const char *races_are_reported(void)
{
	return all_cases(0, NR_ASSERTED, "data-race: data-race in ") ?:
	       all_cases(NR_ASSERTED, NR_RACY, "data-race: assert: race in ");
}

static const char *what_is_ordered_is_not(void)
{
	return all_cases(NR_RACY, ARRAY_SIZE(programs), "nothing");
}

static const char *both_sides_are_named(void)
{
	const char *said = explore(2, "random", MMUT_MEMORY_SC);

	return strstr(said, "one_side_unlocked / one_side_unlocked") && strstr(said, "lock_a") &&
	       strstr(said, "holding no lock") && strstr(said, "; value ") && strstr(said, "; missing edge: no release") &&
	       strstr(said, "task0") && strstr(said, "task1") ? NULL : complain("%s", said);
}

/* Of the only access to a word in all_sorts_of_conflicts() that is `op`. */
static u8 seen_of(const char *what, u8 op)
{
	u32 i;

	for (i = 0; i < NR_STATIC_SITES; i++) {
		const struct site *site = site_by_id(i);

		if (!strcmp(site->func, "all_sorts_of_conflicts") && !strcmp(site->what, what) && site->op == op)
			return seen[i];
	}
	return 0;
}

static const char *conflicts_are_told_apart(void)
{
	u8 ordered = CONFLICT_RAN | CONFLICT_SEEN, all = ordered | CONFLICT_UNORDERED;
	const char *said = explore(ARRAY_SIZE(programs) - 1, "random", MMUT_MEMORY_SC);

	return seen_of("w->data", OP_STORE) == ordered && seen_of("w->flag", OP_STORE) == all &&
	       seen_of("w->flag", OP_LOAD) == all && seen_of("w->other", OP_STORE) == CONFLICT_RAN ? NULL :
	       complain("%s: data %u, flag %u and %u, other %u", said, seen_of("w->data", OP_STORE),
			seen_of("w->flag", OP_STORE), seen_of("w->flag", OP_LOAD), seen_of("w->other", OP_STORE));
}

#define CASE(fn)	{ #fn, fn }

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		CASE(races_are_reported), CASE(what_is_ordered_is_not), CASE(both_sides_are_named),
		CASE(conflicts_are_told_apart),
	};

	return tap_main(argc, argv, cases, ARRAY_SIZE(cases));
}
