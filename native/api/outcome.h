/* SPDX-License-Identifier: GPL-2.0-only */
/* Outcomes: what litmus scenarios and programs have observed at their ends, counted. */
#ifndef MMUT_API_OUTCOME_H
#define MMUT_API_OUTCOME_H

#include <stdint.h>

/* cffi: begin */

/* Outcomes seen: MMUT_REGISTERS values, numbered as in mmut_term; rule: index that matched, or ~0. */
int mmut_outcome_get(uint32_t n, int64_t *values, uint64_t *count, uint32_t *rule);
int mmut_outcomes_full(void);		/* 1: there were more than the table holds */

/* cffi: end */

#endif
