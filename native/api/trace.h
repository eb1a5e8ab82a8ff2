/* SPDX-License-Identifier: GPL-2.0-only */
/* One execution, event by event, and the call chains behind its events. */
#ifndef MMUT_API_TRACE_H
#define MMUT_API_TRACE_H

#include <stdint.h>

/* cffi: begin */

/* One traced event, for people: names resolved, addresses as arena offsets. */
struct mmut_trace_event {
	uint64_t step, addr, old_value, new_value, operand;
	uint32_t task, op, line, order;
	char file[48], func[48], what[64];
	char object[64];		/* logical name: "spte L1 gfn 0x40", "mmu_lock", "vcpu0.mode" */
	uint32_t anchor, occurrence;	/* hash of the object, which time the task did this to it: struct mmut_anchor */
	uint32_t stack;			/* number of its call chain, for mmut_stack(); 0: not asked for */
};
int mmut_trace_event(uint64_t index, struct mmut_trace_event *event);

/*
 * Traced executions note the call chains of the events of steps first..last from now on; 0, 0:
 * of none.  A chain is functions, innermost first, by their places in the core's file: how many.
 */
void mmut_want_stacks(uint64_t first, uint64_t last);
uint32_t mmut_stack(uint32_t number, uint32_t *functions, uint32_t capacity);

/*
 * One execution in config.check_every runs twice.  0: one did other things the second time, and
 * exploring stopped there; -1: none has.
 */
struct mmut_differs { uint64_t iteration, first, second, other_event; };
int mmut_differs(struct mmut_differs *differs);

/* cffi: end */

#endif
