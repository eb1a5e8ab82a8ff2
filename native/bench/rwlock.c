// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmu_lock's rwlock_t against pthread_rwlock_t, both between processes.
 *
 *	rwlock pairs ROUNDS			ns of an uncontended pair: ours read, write; theirs read, write
 *	rwlock mix PROCESSES MILLISECONDS ROUNDS	for each round, for either lock: million operations
 *						a second, p99 of the waits in ns, operations of the
 *						slowest process over those of the quickest
 *
 * The mix: 5 % of the operations write, 8 words are read or written under the lock, and 32
 * multiplications are done without it.  The words must agree, or the lock is broken.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <x86intrin.h>

#include "bench.h"
#include "../core/lock.h"

#define PAIRS		2000000u
#define WORDS		8
#define THINK		32
#define WRITE_PERCENT	5
#define SAMPLE		16		/* one operation in so many has its wait timed */
#define BUCKETS		4096		/* of the histogram of waits: 8 to the power of two */
#define MAX_PROCESSES	16

enum which { OURS, THEIRS, NR_LOCKS };

struct worker_result {
	u64 operations, torn;
	u32 waits[BUCKETS];
};

struct shared {
	pthread_rwlock_t theirs __cacheline_aligned;
	u64 words[WORDS] __cacheline_aligned;
	u32 go __cacheline_aligned, stop;
	struct worker_result result[MAX_PROCESSES];
};

static rwlock_t *ours;
static struct shared *shared;

static __always_inline void lock_for(enum which which, bool write)
{
	if (which == OURS && write)
		write_lock(ours);
	else if (which == OURS)
		read_lock(ours);
	else if (write)
		pthread_rwlock_wrlock(&shared->theirs);
	else
		pthread_rwlock_rdlock(&shared->theirs);
}

static __always_inline void unlock_for(enum which which, bool write)
{
	if (which == THEIRS)
		pthread_rwlock_unlock(&shared->theirs);
	else if (write)
		write_unlock(ours);
	else
		read_unlock(ours);
}

/* An eighth of a power of two each: a relative error of 12 % at most. */
static u32 bucket_of(u64 ticks)
{
	u32 top;

	if (ticks < 8)
		return (u32)ticks;
	top = 63 - (u32)__builtin_clzll(ticks);
	return min((top - 2) * 8 + (u32)(ticks >> (top - 3) & 7), BUCKETS - 1u);
}

static double ticks_of(u32 bucket)
{
	u32 top = bucket / 8 + 2;

	return bucket < 8 ? bucket : (double)(8 + bucket % 8) * (double)(1ULL << (top - 3));
}

static noinline void under_lock(struct worker_result *r, bool write)
{
	volatile u64 *word = shared->words;
	u64 first = word[0];
	u32 i;

	for (i = 0; i < WORDS; i++) {
		if (word[i] != first)
			r->torn++;
		if (write)
			word[i] = first + 1;
	}
}

static noinline u64 think(u64 x)
{
	u32 i;

	for (i = 0; i < THINK; i++) {
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		__asm__ volatile("" : "+r"(x));
	}
	return x;
}

static __always_inline void operate(enum which which, struct worker_result *r)
{
	u64 random = (u64)getpid(), n, start;
	bool write;

	for (n = 0; !__atomic_load_n(&shared->stop, __ATOMIC_RELAXED); n++) {
		random = think(random);
		write = (random >> 33) % 100 < WRITE_PERCENT;
		start = n % SAMPLE ? 0 : __rdtsc();
		lock_for(which, write);
		if (start)
			r->waits[bucket_of(__rdtsc() - start)]++;
		under_lock(r, write);
		unlock_for(which, write);
	}
	r->operations = n;
}

static void worker(u32 n, enum which which)
{
	struct worker_result *r = &shared->result[n];

	proc.current_task = task_by_id(FIRST_TASK + n);
	while (!__atomic_load_n(&shared->go, __ATOMIC_ACQUIRE))
		sched_yield();
	if (which == OURS)
		operate(OURS, r);
	else
		operate(THEIRS, r);
	_exit(0);
}

static double p99_ticks(u32 processes)
{
	u64 total = 0, seen = 0;
	u32 b, i;

	for (i = 0; i < processes; i++)
		for (b = 0; b < BUCKETS; b++)
			total += shared->result[i].waits[b];
	for (b = 0; b < BUCKETS; b++) {
		for (i = 0; i < processes; i++)
			seen += shared->result[i].waits[b];
		if (seen * 100 >= total * 99)
			break;
	}
	return ticks_of(b);
}

static void round_of(enum which which, u32 processes, u32 milliseconds)
{
	u64 start, end, ticks, total = 0, least = ~0ULL, most = 0;
	u32 i;

	memset(shared->result, 0, sizeof(shared->result));
	memset(shared->words, 0, sizeof(shared->words));
	shared->go = shared->stop = 0;
	for (i = 0; i < processes; i++)
		if (!fork())
			worker(i, which);
	usleep(2000);
	start = now_ns();
	ticks = __rdtsc();
	__atomic_store_n(&shared->go, 1, __ATOMIC_RELEASE);
	usleep(milliseconds * 1000);
	__atomic_store_n(&shared->stop, 1, __ATOMIC_RELEASE);
	end = now_ns();
	ticks = __rdtsc() - ticks;
	while (wait(NULL) > 0)
		;
	for (i = 0; i < processes; i++) {
		const struct worker_result *r = &shared->result[i];

		if (r->torn) {
			fprintf(stderr, "%s let a reader see half of a write\n",
				which == OURS ? "rwlock_t" : "pthread_rwlock_t");
			exit(1);
		}
		total += r->operations;
		least = min(least, r->operations);
		most = max(most, r->operations);
	}
	printf("%.3f %.0f %.3f\n", (double)total * 1e3 / (double)(end - start),
	       p99_ticks(processes) * (double)(end - start) / (double)ticks, (double)least / (double)max(most, (u64)1));
}

static double pair_ns(enum which which, bool write)
{
	u64 start = cpu_ns();
	u32 i;

	if (which == OURS)
		for (i = 0; i < PAIRS; i++) {
			lock_for(OURS, write);
			unlock_for(OURS, write);
		}
	else
		for (i = 0; i < PAIRS; i++) {
			lock_for(THEIRS, write);
			unlock_for(THEIRS, write);
		}
	return (double)(cpu_ns() - start) / PAIRS;
}

int main(int argc, char **argv)
{
	bool mix = argc > 1 && !strcmp(argv[1], "mix");
	u32 processes = mix && argc > 2 ? (u32)atoi(argv[2]) : 1;
	u32 milliseconds = mix && argc > 3 ? (u32)atoi(argv[3]) : 100;
	u32 rounds = argc > (mix ? 4 : 2) ? (u32)atoi(argv[mix ? 4 : 2]) : 3, round;
	pthread_rwlockattr_t attr;

	processes = min(processes, (u32)MAX_PROCESSES);
	make_bare_world(processes);
	ours = arena_alloc(sizeof(*ours));
	shared = share(sizeof(*shared));
	rwlock_init(ours, CLASS_MMU_LOCK);
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_rwlock_init(&shared->theirs, &attr);
	for (round = 0; round < rounds; round++) {
		if (mix) {
			round_of(OURS, processes, milliseconds);
			round_of(THEIRS, processes, milliseconds);
			continue;
		}
		proc.current_task = task_by_id(FIRST_TASK);
		printf("%.3f ", pair_ns(OURS, false));
		printf("%.3f ", pair_ns(OURS, true));
		printf("%.3f ", pair_ns(THEIRS, false));
		printf("%.3f\n", pair_ns(THEIRS, true));
	}
	return 0;
}
