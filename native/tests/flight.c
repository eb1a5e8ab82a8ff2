// SPDX-License-Identifier: GPL-2.0-only
/* The flight recorder: which holds are recorded, and what of the rest; by tasks that take turns here. */
#include "../core/flight.h"
#include "plant.h"

#define EXPECT(cond) do {								\
	if (!(cond))									\
		violation(ORACLE_WARN, __here(#cond), NULL, "not so: %s", #cond);	\
} while (0)

/* From now on everything is recorded, into rings of this case's own. */
static struct flight *recorder(void)
{
	EXPECT(!flight_init(arena_of()->nr_tasks));
	proc.flight = arena_of()->flight;
	return proc.flight;
}

static void recorder_off(void)
{
	proc.flight = arena_of()->flight = NULL;
}

/* What a task does that finds mmu_lock taken, up to its sleep. */
static void begin_to_wait(struct machine *m, u32 task, u32 hint)
{
	become(task);
	flight_wait(&m->kvm->mmu_lock, CLASS_MMU_LOCK, LOCK_READ, hint, __here("wait"));
}

CLEAN(a_hold_is_recorded_that_somebody_waited_for, WARN, VCPU0)
{
	const struct flight *flight = recorder();
	const struct flight_record *hold = &flight->ring[VCPU0].at[0], *wait = &flight->ring[VCPU1].at[0];
	u64 since;

	write_lock(&m->kvm->mmu_lock);
	begin_to_wait(m, VCPU1, HOST0);	/* the hint is wrong: it holds nothing */
	since = flight->ring[VCPU1].open[0].begin;
	become(VCPU0);
	write_unlock(&m->kvm->mmu_lock);
	EXPECT(flight->ring[VCPU0].head == 1 && hold->kind == FLIGHT_HOLD && hold->mode == LOCK_WRITE);
	EXPECT(hold->other == VCPU1 && hold->flags == FLIGHT_EARLIER && hold->begin == since);

	become(VCPU1);
	read_lock(&m->kvm->mmu_lock);
	EXPECT(flight->ring[VCPU1].head == 1 && !flight->ring[VCPU1].depth && wait->kind == FLIGHT_WAIT);
	EXPECT(wait->other == VCPU0 && wait->other_site == hold->site && wait->begin == since);
	EXPECT(hold->end <= wait->end);
	read_unlock(&m->kvm->mmu_lock);
	/* It was waited for, so its beginning is known. */
	EXPECT(flight->ring[VCPU1].head == 2 && wait[1].kind == FLIGHT_HOLD && !wait[1].flags);
	EXPECT(wait[1].begin == wait->end && wait[1].value == 1);
	recorder_off();
}

CLEAN(a_hold_is_not_recorded_that_nobody_waited_for, WARN, VCPU0)
{
	const struct flight *flight = recorder();

	write_lock(&m->kvm->mmu_lock);
	begin_to_wait(m, VCPU1, VCPU0);
	become(VCPU0);
	write_unlock(&m->kvm->mmu_lock);
	EXPECT(flight->ring[VCPU0].head == 1);
	/* The mark is of the first time. */
	write_lock(&m->kvm->mmu_lock);
	write_unlock(&m->kvm->mmu_lock);
	EXPECT(flight->ring[VCPU0].head == 1);
	recorder_off();
}

CLEAN(every_reader_in_the_way_is_recorded, WARN, VCPU0)
{
	const struct flight *flight = recorder();

	read_lock(&m->kvm->mmu_lock);
	become(VCPU1);
	read_lock(&m->kvm->mmu_lock);
	become(HOST0);
	flight_wait(&m->kvm->mmu_lock, CLASS_MMU_LOCK, LOCK_WRITE, VCPU1, __here("wait"));
	EXPECT(flight->ring[HOST0].open[0].other == VCPU1);
	become(VCPU0);
	read_unlock(&m->kvm->mmu_lock);
	become(VCPU1);
	read_unlock(&m->kvm->mmu_lock);
	EXPECT(flight->ring[VCPU0].head == 1 && flight->ring[VCPU0].at[0].value == 2);
	EXPECT(flight->ring[VCPU1].head == 1 && flight->ring[VCPU1].at[0].value == 1);
	recorder_off();
}

CLEAN(what_is_too_deep_is_left_out, WARN, VCPU0)
{
	const struct flight_ring *ring = &recorder()->ring[VCPU0];
	u32 i;

	for (i = 0; i < FLIGHT_OPEN + 3; i++)
		flight_begin(FLIGHT_OPERATION, i, 0);
	EXPECT(ring->depth == FLIGHT_OPEN + 3 && !ring->head);
	for (i = 0; i < FLIGHT_OPEN + 3; i++)
		flight_end(0);
	EXPECT(!ring->depth && ring->head == FLIGHT_OPEN && ring->at[0].arg == FLIGHT_OPEN - 1);
	flight_end(0);
	EXPECT(!ring->depth && ring->head == FLIGHT_OPEN);
	recorder_off();
}

/* One fault on `gfn` that ends so. */
static void fault(u64 gfn, u32 result)
{
	flight_begin(FLIGHT_FAULT, gfn, RET_PF_INVALID);
	if (result == RET_PF_RETRY)
		flight_end_of_try(result);
	else
		flight_end(result);
}

CLEAN(tries_in_a_row_are_one_record, WARN, VCPU0)
{
	const struct flight_ring *ring = &recorder()->ring[VCPU0];
	const bool controlled = proc.controlled;

	proc.controlled = true;
	fault(3, RET_PF_RETRY);
	fault(3, RET_PF_RETRY);
	EXPECT(ring->head == 2);	/* under a scheduler each counts */
	flight_forget();
	proc.controlled = false;
	fault(3, RET_PF_RETRY);
	arena_of()->step++;
	fault(3, RET_PF_RETRY);
	fault(3, RET_PF_RETRY);
	EXPECT(ring->head == 1 && ring->at[0].more == 2 && ring->at[0].begin < ring->at[0].end);
	fault(3, RET_PF_FIXED);
	fault(3, RET_PF_FIXED);
	fault(3, RET_PF_RETRY);
	fault(4, RET_PF_RETRY);
	proc.controlled = controlled;
	EXPECT(ring->head == 5 && !ring->at[1].more && !ring->at[2].more && !ring->at[4].more);
	recorder_off();
}

CLEAN(what_was_around_a_long_wait_is_kept_when_no_lock_is_held, WARN, VCPU0)
{
	struct flight *flight = recorder();
	const struct flight_copy *copy = flight_copy_of(flight, VCPU1, 0, VCPU0);

	fault(3, RET_PF_FIXED);
	begin_to_wait(m, VCPU1, 0);
	arena_of()->step += 5;
	read_lock(&m->kvm->mmu_lock);
	flight_begin(FLIGHT_ZAP, 0, 0);
	flight_end(0);
	EXPECT(flight->longest[VCPU1][0] && !flight->copied[VCPU1][0]);
	read_unlock(&m->kvm->mmu_lock);
	become(VCPU0);
	flight_begin(FLIGHT_OPERATION, 7, 0);
	become(VCPU1);
	fault(5, RET_PF_FIXED);
	EXPECT(flight->copied[VCPU1][0] && copy->count == 1 && copy->at[0].arg == 3);
	EXPECT(copy->nr_open == 1 && copy->open[0].arg == 7);
	recorder_off();
}
