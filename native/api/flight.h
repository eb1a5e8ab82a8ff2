/* SPDX-License-Identifier: GPL-2.0-only */
/* The flight recorder: what each task did, with times. */
#ifndef MMUT_API_FLIGHT_H
#define MMUT_API_FLIGHT_H

#include <stdint.h>

/* cffi: begin */

/* A record of the flight recorder: struct flight_record of the core; addresses count from the arena. */
struct mmut_flight_record {
	uint64_t begin, end, arg;
	uint32_t value;
	uint16_t site, other_site;
	uint8_t kind, mode, other, flags;
	uint16_t lock_class;		/* or, of a fault, how many more like it followed in a row */
	uint16_t task;
};
/* Records [first, first + count) of a task, and behind them `open` that have not ended. */
enum { MMUT_FLIGHT_PIECE_MAX = 8192 + 16 };
struct mmut_flight_piece { uint32_t task, open; uint64_t first, count; };
struct mmut_flight {
	uint64_t origin;		/* time 0 */
	double tick;			/* ns, or steps where controlled, in one of the records */
	uint32_t holds_sampled;		/* of holds that nobody waited for one in so many is recorded */
	uint32_t accesses;		/* 1: guest accesses are operations; 0: of them faults are recorded */
};

int mmut_flight_get(struct mmut_flight *flight);	/* -1: nothing is recorded */
/* The rings, one of each task, and then what was kept of them around long waits; -1 past the last. */
int mmut_flight_piece(uint32_t n, struct mmut_flight_piece *piece, struct mmut_flight_record *records);
const char *mmut_flight_kind_name(uint32_t kind);	/* NULL past the last, as all of these */
const char *mmut_fault_result_name(uint32_t result);
const char *mmut_request_name(uint32_t request);

/* cffi: end */

#endif
