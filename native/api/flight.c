// SPDX-License-Identifier: GPL-2.0-only
/* The flight recorder, and the names that its records need. */
#include <stdio.h>
#include <string.h>

#include "api.h"
#include "check/check.h"
#include "core/flight.h"
#include "core/task.h"
#include "kvm/kvm_host.h"

static_assert(sizeof(struct mmut_flight_record) == sizeof(struct flight_record) &&
	      offsetof(struct mmut_flight_record, value) == offsetof(struct flight_record, value) &&
	      offsetof(struct mmut_flight_record, kind) == offsetof(struct flight_record, kind) &&
	      offsetof(struct mmut_flight_record, task) == offsetof(struct flight_record, task),
	      "records are handed out as they are");
static_assert((int)MMUT_FLIGHT_PIECE_MAX >= FLIGHT_RECORDS + FLIGHT_OPEN, "a ring is one piece");

static const char *const fault_results[] = {
	[RET_PF_CONTINUE] = "continue", [RET_PF_RETRY] = "retry", [RET_PF_EMULATE] = "emulate",
	[RET_PF_WRITE_PROTECTED] = "write-protected", [RET_PF_INVALID] = "invalid", [RET_PF_FIXED] = "fixed",
	[RET_PF_SPURIOUS] = "spurious",
};
static const char *const requests[] = {
	[KVM_REQ_TLB_FLUSH] = "tlb-flush", [KVM_REQ_FREE_OBSOLETE_ROOTS] = "free-obsolete-roots",
	[KVM_REQ_APIC_PAGE_RELOAD] = "apic-page-reload",
};

int mmut_flight_get(struct mmut_flight *out)
{
	const struct arena *arena = arena_of();

	if (!arena->flight)
		return -1;
	*out = (struct mmut_flight){
		.origin = arena->flight->origin, .tick = lockstat_ns_per_tick(),
		.holds_sampled = arena->controlled ? 1 : LOCKSTAT_SAMPLE, .accesses = arena->controlled,
	};
	return 0;
}

static bool is_address(u8 kind)
{
	return kind == FLIGHT_WAIT || kind == FLIGHT_HOLD || kind == FLIGHT_YIELD || kind == FLIGHT_VIOLATION;
}

/* `count` records of a ring of `size`, from number `first` on. */
static void hand_out(u32 task, struct mmut_flight_record *to, const struct flight_record *ring, u64 size, u64 first,
		     u64 count)
{
	u64 i;

	for (i = 0; i < count; i++) {
		memcpy(&to[i], &ring[(first + i) % size], sizeof(*to));
		to[i].task = (u16)task;
		if (is_address(to[i].kind) && to[i].arg)
			to[i].arg -= (u64)arena_of();
	}
}

static void hand_out_ring(u32 task, struct mmut_flight_piece *piece, struct mmut_flight_record *records)
{
	const struct flight_ring *ring = &arena_of()->flight->ring[task];
	u64 head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);

	piece->count = min(head, (u64)FLIGHT_RECORDS);
	piece->first = head - piece->count;
	piece->open = min(ring->depth, (u32)FLIGHT_OPEN);
	hand_out(task, records, ring->at, FLIGHT_RECORDS, piece->first, piece->count);
	hand_out(task, records + piece->count, ring->open, FLIGHT_OPEN, 0, piece->open);
}

int mmut_flight_piece(uint32_t n, struct mmut_flight_piece *piece, struct mmut_flight_record *records)
{
	const struct flight *flight = arena_of()->flight;
	const struct flight_copy *copy;
	u32 tasks = flight ? flight->nr_tasks : 0, slot;

	memset(piece, 0, sizeof(*piece));
	piece->task = tasks ? n % tasks : 0;
	if (n < tasks) {
		hand_out_ring(n, piece, records);
		return 0;
	}
	slot = tasks ? n / tasks - 1 : 0;
	if (slot >= tasks * FLIGHT_KEPT)
		return -1;
	if (!flight->copied[slot / FLIGHT_KEPT][slot % FLIGHT_KEPT])
		return 0;
	copy = flight_copy_of(flight, slot / FLIGHT_KEPT, slot % FLIGHT_KEPT, piece->task);
	piece->first = copy->first;
	piece->count = copy->count;
	piece->open = copy->nr_open;
	hand_out(piece->task, records, copy->at, FLIGHT_AROUND, 0, copy->count);
	hand_out(piece->task, records + copy->count, copy->open, FLIGHT_OPEN, 0, copy->nr_open);
	return 0;
}

const char *mmut_flight_kind_name(uint32_t kind)
{
	return kind < NR_FLIGHT_KINDS ? flight_kind_names[kind] : NULL;
}

const char *mmut_fault_result_name(uint32_t result)
{
	return result < ARRAY_SIZE(fault_results) ? fault_results[result] : NULL;
}

const char *mmut_request_name(uint32_t request)
{
	return request < ARRAY_SIZE(requests) ? requests[request] : NULL;
}
