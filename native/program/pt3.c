// SPDX-License-Identifier: GPL-2.0-only
/*
 * pt3: the kernel of the TDP MMU's concurrency in some seventy events.
 *
 * Two faulters map two pages each: a reader-writer lock for read, an RCU section, two levels of
 * compare-exchange, and a spinlock around the count of tables.  One zapper, twice: the lock
 * for write, the top entry out, both leaves out.  Afterwards the counters must equal a recount.
 *
 * The same test was written for other systematic testers, so that schedules a second can be
 * held against theirs.
 */
#include <errno.h>

#include "../core/lock.h"
#include "../core/rcu.h"
#include "program.h"

#define FAULTS	2
#define ZAPS	2
#define PAGES	4

struct pt3 {
	rwlock_t mmu_lock;
	spinlock_t tables_lock;
	shared_u64 root;		/* 0: not present */
	shared_u64 leaf[PAGES];
	shared_u64 tables;		/* under tables_lock */
	atomic64_t leaves;
};

static struct pt3 *pt3_of(void)
{
	return arena_of()->program_state;
}

static int pt3_setup(void)
{
	struct pt3 *p = arena_alloc(sizeof(*p));

	if (!p)
		return -ENOMEM;
	rwlock_init(&p->mmu_lock, CLASS_MMU_LOCK);
	spin_lock_init(&p->tables_lock, CLASS_TDP_MMU_PAGES_LOCK);
	arena_of()->program_state = p;
	return 0;
}

/* Link a table where there is none; of two that try at once one wins, and counts it. */
static void link_table(struct pt3 *p, shared_u64 *entry)
{
	u64 old = READ_ONCE(*entry);

	if (old || !try_cmpxchg64(entry, &old, 1ULL))
		return;
	spin_lock(&p->tables_lock);
	data_write(p->tables, data_read(p->tables) + 1);
	spin_unlock(&p->tables_lock);
}

static void fault(struct pt3 *p, u32 page)
{
	u64 old;

	read_lock(&p->mmu_lock);
	rcu_read_lock();
	link_table(p, &p->root);
	old = READ_ONCE(p->leaf[page]);
	if (!old && try_cmpxchg64(&p->leaf[page], &old, page + 1ULL))
		atomic64_inc(&p->leaves);
	rcu_read_unlock();
	read_unlock(&p->mmu_lock);
}

static void zap(struct pt3 *p)
{
	u64 removed;
	u32 i;

	write_lock(&p->mmu_lock);
	removed = xchg(&p->root, 0);
	spin_lock(&p->tables_lock);
	data_write(p->tables, data_read(p->tables) - removed);
	spin_unlock(&p->tables_lock);
	for (i = 0; i < 2; i++)
		if (xchg(&p->leaf[i], 0))
			atomic64_dec(&p->leaves);
	write_unlock(&p->mmu_lock);
}

static void pt3_body(struct task *task)
{
	struct pt3 *p = pt3_of();
	u32 i;

	if (task->index == 2) {
		for (i = 0; i < ZAPS; i++)
			zap(p);
		return;
	}
	for (i = 0; i < FAULTS; i++)
		fault(p, task->index + i);
}

static void pt3_check(void)
{
	const struct pt3 *p = pt3_of();
	u64 leaves = 0, tables = READ_PRIVATE(p->root);
	u32 i;

	for (i = 0; i < PAGES; i++)
		leaves += READ_PRIVATE(p->leaf[i]) != 0;
	if (leaves != (u64)READ_PRIVATE(p->leaves) || tables != READ_PRIVATE(p->tables))
		violation(ORACLE_QUIESCENCE, __here("pt3"), p, "%llu leaves, %lld counted; %llu tables, %llu counted",
			  (unsigned long long)leaves, (long long)READ_PRIVATE(p->leaves),
			  (unsigned long long)tables, (unsigned long long)READ_PRIVATE(p->tables));
}

const struct program program_pt3 = {
	.name = "pt3",
	.text = "two faulters and a zapper on a page table in miniature",
	.nr_tasks = 3,
	.setup = pt3_setup,
	.body = pt3_body,
	.check = pt3_check,
	.no_callbacks = true,
	.races = true,
};
