// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the processes of primitives.c do.  The table of programs replaces that of native/program.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "workers.h"

#define MAGIC		0xfeedfacecafebeefULL
#define POISON		0xdeadULL

double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct common *common(void)
{
	return arena_of()->program_state;
}

static void wrong(void)
{
	__atomic_fetch_add(&common()->wrong, 1, __ATOMIC_RELAXED);
}

/*
 * The linker sends every syscall() of the core here.  Where nobody is to die a sleep has no end of its
 * own: who is never woken hangs, however fast or busy the machine is, and the watchdog tells.
 */
long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	if (number == SYS_futex && b == FUTEX_WAIT_BITSET && !common()->one_dies)
		d = 0;
	return __real_syscall(number, a, b, c, d, e, f);
}

static int setup(void)
{
	struct common *c = arena_alloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	rwlock_init(&c->rw, CLASS_MMU_LOCK);
	spin_lock_init(&c->spin, CLASS_USER_A);
	arena_of()->program_state = c;
	return 0;
}

static void check(void)
{
}

/* ------------------------------------------------------------------ bodies */

/* With fewer processors than tasks, others see a section half done only if it is given up inside. */
static void linger(u32 i)
{
	if (i % 16 == 0)
		sched_yield();
}

/* One operation in four writes; whoever has the lock must find the words whole. */
static void rw_exclusion(struct task *task)
{
	struct common *c = common();
	u32 i, w;

	for (i = 0; i < c->operations; i++) {
		u64 first;

		if ((i + task->index) % 4 == 0) {
			write_lock(&c->rw);
			first = c->words[0];
			for (w = 0; w < WORDS; w++) {
				if (c->words[w] != first)
					wrong();
				c->words[w] = first + 1;
				if (w == WORDS / 2)
					linger(i / 4);
			}
			write_unlock(&c->rw);
			__atomic_fetch_add(&c->writes, 1, __ATOMIC_RELAXED);
		} else {
			read_lock(&c->rw);
			first = c->words[0];
			for (w = WORDS; w-- > 0; ) {
				if (c->words[w] != first)
					wrong();
				if (w == WORDS / 2)
					linger(i);
			}
			read_unlock(&c->rw);
		}
	}
}

static void spin_exclusion(struct task *task)
{
	struct common *c = common();
	u32 i;

	for (i = 0; i < c->operations; i++) {
		u64 before;

		spin_lock(&c->spin);
		before = c->words[0];
		linger(i);
		c->words[0] = before + 1;
		spin_unlock(&c->spin);
		__atomic_fetch_add(&c->writes, 1, __ATOMIC_RELAXED);
	}
}

/* Readers overlap, so that the lock is never free by itself, until the writer has had its turns. */
static void writer_among_readers(struct task *task)
{
	struct common *c = common();
	u32 i, pause;

	if (!task->index) {
		/* Not before all the others read. */
		while (__atomic_load_n(&c->reads, __ATOMIC_ACQUIRE) < 16)
			cond_resched();
		for (i = 0; i < c->operations; i++) {
			write_lock(&c->rw);
			c->words[0]++;
			write_unlock(&c->rw);
		}
		WRITE_ONCE(c->flag, 1);
		return;
	}
	while (!READ_ONCE(c->flag)) {
		read_lock(&c->rw);
		__atomic_fetch_add(&c->reads, 1, __ATOMIC_RELEASE);
		for (pause = 0; pause < 200; pause++)
			cpu_pause();
		read_unlock(&c->rw);
	}
}

static void look_at_published(struct common *c)
{
	const struct object *o;
	u32 i;

	rcu_read_lock();
	o = rcu_dereference(c->published);
	for (i = 0; i < 20; i++) {
		if (o->magic != MAGIC)
			wrong();
		if (i == 10)
			linger(c->words[0]);
	}
	rcu_read_unlock();
	c->words[0]++;		/* racing readers: a hint */
}

static void read_until_done(struct common *c)
{
	while (!READ_ONCE(c->flag)) {
		look_at_published(c);
		/* With fewer processors than readers the updater needs one, too. */
		cond_resched();
	}
}

/* The updater waits for a grace period itself, poisons and uses the object again. */
static void rcu_readers_and_synchronize(struct task *task)
{
	struct common *c = common();
	u32 i;

	if (task->index) {
		read_until_done(c);
		return;
	}
	for (i = 0; i < c->operations; i++) {
		struct object *next = &c->object[(i + 1) % 2], *old = &c->object[i % 2];

		next->magic = MAGIC;
		rcu_assign_pointer(c->published, next);
		synchronize_rcu();
		old->magic = POISON;
		sched_yield();	/* a reader that is still there has time to see it */
	}
	WRITE_ONCE(c->flag, 1);
}

static void poison(struct rcu_head *head)
{
	struct object *o = container_of(head, struct object, head);

	o->magic = POISON;
	__atomic_store_n(&o->free, 1, __ATOMIC_RELEASE);
}

/* The same with call_rcu(): the RCU task, another process, frees. */
static void rcu_readers_and_callbacks(struct task *task)
{
	struct common *c = common();
	u32 i, n = 0;

	if (task->index) {
		read_until_done(c);
		return;
	}
	for (i = 0; i < c->operations; i++) {
		struct object *old = READ_PRIVATE(c->published), *next;

		do {
			next = &c->object[n++ % OBJECTS];
			cond_resched();
		} while (next == old || !__atomic_load_n(&next->free, __ATOMIC_ACQUIRE));
		next->free = 0;
		next->magic = MAGIC;
		rcu_assign_pointer(c->published, next);
		call_rcu(&old->head, RCU_FREE_TABLE);
	}
	WRITE_ONCE(c->flag, 1);
}

static int setup_rcu(void)
{
	u32 i;

	if (setup())
		return -ENOMEM;
	for (i = 0; i < OBJECTS; i++)
		common()->object[i].free = i > 0;
	common()->object[0].magic = MAGIC;
	WRITE_PRIVATE(common()->published, &common()->object[0]);
	return 0;
}

/* Each round: the reader is inside before the updater starts to wait, and lingers. */
static void grace_period_waits(struct task *task)
{
	struct common *c = common();
	const struct timespec linger = { .tv_nsec = 2000000 };
	u64 i;

	for (i = 0; i < c->operations; i++) {
		if (task->index) {
			rcu_read_lock();
			WRITE_ONCE(c->flag, i + 1);
			nanosleep(&linger, NULL);
			WRITE_ONCE(c->stage, i + 1);
			rcu_read_unlock();
			smp_cond_load_relaxed(&c->published, VAL == (void *)(i + 1));
		} else {
			smp_cond_load_relaxed(&c->flag, VAL == i + 1);
			synchronize_rcu();
			if (READ_ONCE(c->stage) != i + 1)
				wrong();
			WRITE_ONCE(c->published, (void *)(i + 1));
		}
	}
}

/* A ball goes to and fro; who misses the wake-up sleeps for ever. */
static void ping_pong(struct task *task)
{
	struct common *c = common();
	u32 me = task->index, round, i;

	for (round = 0; round < c->operations; round++) {
		if (round % 2 == me) {
			__atomic_store_n(&c->ball[!me].word, round + 1, __ATOMIC_RELEASE);
			lock_wake(&c->ball[!me].word, ~0u);
			continue;
		}
		/* At times the sleeper is late, at times the waker. */
		for (i = round % 64 * 8; i; i--)
			cpu_pause();
		while (__atomic_load_n(&c->ball[me].word, __ATOMIC_ACQUIRE) != round + 1)
			lock_wait(&c->ball[me].word, round ? round - 1 : 0, ~0u);
	}
}

/* Task 0 dies with something in its hands; the others want it. */
static void die(void)
{
	WRITE_ONCE(common()->flag, 1);
	raise(SIGKILL);
}

static void wait_for_death(void)
{
	smp_cond_load_relaxed(&common()->flag, VAL);
}

static void dead_writer(struct task *task)
{
	if (!task->index) {
		write_lock(&common()->rw);
		die();
	}
	wait_for_death();
	if (task->index % 2)
		read_lock(&common()->rw);
	else
		write_lock(&common()->rw);
	wrong();
}

static void dead_spinner(struct task *task)
{
	if (!task->index) {
		spin_lock(&common()->spin);
		die();
	}
	wait_for_death();
	spin_lock(&common()->spin);
	wrong();
}

static void dead_rcu_reader(struct task *task)
{
	if (!task->index) {
		rcu_read_lock();
		die();
	}
	wait_for_death();
	synchronize_rcu();
	wrong();
}

#define PROGRAM(fn, init)	{ .name = #fn, .text = #fn, .nr_tasks = 2, .setup = init, .body = fn, .check = check }

static const struct program programs[] = {
	PROGRAM(rw_exclusion, setup), PROGRAM(spin_exclusion, setup), PROGRAM(writer_among_readers, setup),
	PROGRAM(rcu_readers_and_synchronize, setup_rcu), PROGRAM(rcu_readers_and_callbacks, setup_rcu),
	PROGRAM(grace_period_waits, setup), PROGRAM(ping_pong, setup),
	PROGRAM(dead_writer, setup), PROGRAM(dead_spinner, setup), PROGRAM(dead_rcu_reader, setup),
};

const struct program *program_by_id(u32 id)
{
	return id && id <= ARRAY_SIZE(programs) ? &programs[id - 1] : NULL;
}

u32 worker_program(const char *name)
{
	u32 i;

	for (i = 1; program_by_id(i); i++)
		if (!strcmp(program_by_id(i)->name, name))
			return i;
	abort();
}

void workers_start(u64 operations, u32 one_dies)
{
	rcu_callbacks[RCU_FREE_TABLE] = poison;
	common()->operations = operations;
	common()->one_dies = one_dies;
}
