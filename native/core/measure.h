/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the model measures of itself besides its locks: faults and leaves taken away by place in
 * guest memory, retries by cause, how long flushes and grace periods take, callbacks.  Each task
 * writes its own table.  These calls are no schedule points, and no execution depends on them.
 */
#ifndef MMUT_CORE_MEASURE_H
#define MMUT_CORE_MEASURE_H

#include "arena.h"
#include "histogram.h"
#include "task.h"

#define MARKS_MAX	64	/* places that say why something is tried again */
#define HEAT_RANGES	64	/* at most */
#define HEAT_STRETCHES	16

/* A place that gives up what it was about, and why. */
struct mark {
	const char *cause, *func, *file;
	u64 line;
} __attribute__((aligned(32)));
static_assert(sizeof(struct mark) == 32, "struct mark must tile its section");
/* Weak: a program without the model has none. */
extern const struct mark __start_mmut_marks[] __hidden __attribute__((weak));
extern const struct mark __stop_mmut_marks[] __hidden __attribute__((weak));

enum heat { HEAT_FAULTS, HEAT_RETRIES, HEAT_ZAPS, NR_HEAT };

/* Stretches of guest memory, laid side by side in ranges of 1 << shift gfns. */
struct heat_map {
	u32 shift, ranges, nr;
	struct heat_stretch { u64 first, gfns; u32 range; } at[HEAT_STRETCHES];
};

struct measured {
	u64 retries[MARKS_MAX];
	u64 heat[NR_HEAT][HEAT_RANGES];
	u64 queued, run, backlog_max;	/* callbacks */
	struct histogram flush, grace[NR_RCU_DOMAINS];
};

/* Set-up: guest memory that is looked at in ranges; `map` has the stretches, ascending.  0 or -ENOMEM. */
int measure_guest_memory(const struct heat_map *map);

void __measure_retry(const struct mark *mark);
void __measure_fault(u64 gfn, bool retried);
void __measure_zap(u64 gfn);
u64 __measure_begin(void);
void __measure_flush(u64 since);
void __measure_grace_period(u32 domain, u64 since);
void __measure_queued(u64 backlog);
void __measure_run(void);

#define measuring()	unlikely(proc.arena->lockstat != NULL)

/* It is tried again, because of `why`. */
#define measure_retry(why) do {							\
	static const struct mark __mark						\
	__attribute__((used, section("mmut_marks"))) = {			\
		.cause = why, .func = __func__, .file = __FILE__, .line = __LINE__, \
	};									\
	if (measuring())							\
		__measure_retry(&__mark);					\
} while (0)

static inline void measure_fault(u64 gfn, bool retried)
{
	if (measuring())
		__measure_fault(gfn, retried);
}

/* A present leaf was taken away. */
static inline void measure_zap(u64 gfn)
{
	if (measuring())
		__measure_zap(gfn);
}

/* The time, for one of the calls below; 0 where nothing is measured. */
static inline u64 measure_begin(void)
{
	return measuring() ? __measure_begin() : 0;
}

static inline void measure_flush(u64 since)
{
	if (measuring())
		__measure_flush(since);
}

static inline void measure_grace_period(u32 domain, u64 since)
{
	if (measuring())
		__measure_grace_period(domain, since);
}

/* A callback was queued, and so many are, now. */
static inline void measure_queued(u64 backlog)
{
	if (measuring())
		__measure_queued(backlog);
}

static inline void measure_run(void)
{
	if (measuring())
		__measure_run();
}

#endif
