/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The switch from one fiber to another, in line.
 *
 * No function is called and none returns: a processor predicts returns from a stack of its own,
 * which a switch does not switch.  Two fibers that are parked at the same depth behind the same
 * return addresses (nearly all are, in sched_point()) leave it right for each other.  The
 * compiler saves what it needs, since everything is clobbered but rbp, which a build with frame
 * pointers cannot name.  x87 and MXCSR control words are not saved: nobody changes them.
 */
#ifndef MMUT_SCHED_FIBER_H
#define MMUT_SCHED_FIBER_H

#include "sched.h"

#define FIBER_STACK	(128u << 10)

#define FIBER_CLOBBERS "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",	\
	"memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",			\
	"xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

void fiber_entry(void);		/* body of every fiber */

static __always_inline void fiber_switch(void **save, void **load)
{
	__asm__ __volatile__(
		"	pushq %%rbp\n"
		"	leaq 1f(%%rip), %%rax\n"
		"	pushq %%rax\n"
		"	movq %%rsp, (%%rdi)\n"
		"	movq (%%rsi), %%rsp\n"
		"	popq %%rax\n"
		"	jmpq *%%rax\n"
		"1:	popq %%rbp\n"
		: "+D"(save), "+S"(load)
		:
		: FIBER_CLOBBERS);
}

static __always_inline void fiber_to(struct task *from, struct task *next)
{
	proc.current_task = next;
	fiber_switch(&from->stack_pointer, &next->stack_pointer);
}

/* The same, to one that has not run in this execution: on an empty stack. */
static __always_inline void fiber_start(struct task *from, struct task *next)
{
	void **save = &from->stack_pointer;
	char *top = sched_of()->stacks + (u64)(next->id + 1) * FIBER_STACK;

	proc.current_task = next;
	__asm__ __volatile__(
		"	pushq %%rbp\n"
		"	leaq 1f(%%rip), %%rax\n"
		"	pushq %%rax\n"
		"	movq %%rsp, (%%rdi)\n"
		"	movq %%rsi, %%rsp\n"
		"	xorl %%ebp, %%ebp\n"	/* a backtrace ends here */
		"	call fiber_entry\n"
		"1:	popq %%rbp\n"
		: "+D"(save), "+S"(top)
		:
		: FIBER_CLOBBERS);
}

#endif
