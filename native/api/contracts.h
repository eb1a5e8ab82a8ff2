/* SPDX-License-Identifier: GPL-2.0-only */
/* Lock contracts, and how often each was come by, in which mode. */
#ifndef MMUT_API_CONTRACTS_H
#define MMUT_API_CONTRACTS_H

#include <stdint.h>

/* cffi: begin */

/* A contract of a function, and how often tasks came by it, by the mode in which they held the lock. */
struct mmut_contract {
	char func[48], file[48], lock[32];
	uint32_t line, kind;		/* kind: index of mmut_contract_name() */
	uint64_t none, read, write;
};
const char *mmut_contract_name(uint32_t kind);
int mmut_contract_get(uint32_t n, struct mmut_contract *row);		/* -1 past the last; no world: counts are 0 */
/* The counts alone: none, read and write of each row.  Returns how many rows there are. */
uint32_t mmut_contract_counts(uint64_t *counts, uint32_t rows);

/* cffi: end */

#endif
