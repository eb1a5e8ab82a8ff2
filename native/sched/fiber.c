// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fibers: every task of an exploration on a stack of its own, in one process.
 *
 * The switch saves what the System V ABI says a callee must keep and leaves by an indirect
 * jump instead of `ret`, whose return-address prediction would always be wrong here.  x87
 * and MXCSR control words are not saved: nobody changes them.
 */
#include "sched.h"

#define STACK_SIZE	(128u << 10)

void fiber_switch(void **save, void *load);
__asm__(
"	.text\n"
"	.hidden fiber_switch\n"
"	.globl fiber_switch\n"
"	.type fiber_switch, @function\n"
"	.p2align 4\n"
"fiber_switch:\n"
"	pushq %rbp\n"
"	pushq %rbx\n"
"	pushq %r12\n"
"	pushq %r13\n"
"	pushq %r14\n"
"	pushq %r15\n"
"	movq %rsp, (%rdi)\n"
"	movq %rsi, %rsp\n"
"	popq %r15\n"
"	popq %r14\n"
"	popq %r13\n"
"	popq %r12\n"
"	popq %rbx\n"
"	popq %rbp\n"
"	popq %rcx\n"
"	jmpq *%rcx\n"
"	.size fiber_switch, . - fiber_switch\n"
);

static noinline void fiber_entry(void)
{
	task_main(current);
	sched_task_exit();
	__builtin_unreachable();
}

void fiber_prepare(struct task *task)
{
	void **top = (void **)(sched_of()->stacks + (u64)(task->id + 1) * STACK_SIZE);
	u32 i;

	/* As if fiber_entry() had been called: its frame expects the stack 8 off a 16-byte boundary. */
	*--top = NULL;
	*--top = NULL;
	*--top = NULL;				/* return address: never used */
	*--top = (void *)fiber_entry;
	for (i = 0; i < 6; i++)
		*--top = NULL;
	task->stack_pointer = top;
}

static void fiber_to(struct task *from, struct task *next)
{
	proc.current_task = next;
	fiber_switch(&from->stack_pointer, next->stack_pointer);
}

static void fiber_leave(struct task *from)
{
	fiber_to(from, task_by_id(TASK_BOSS));
}

const struct transfer fiber_transfer = { .to = fiber_to, .leave = fiber_leave };
