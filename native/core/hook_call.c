// SPDX-License-Identifier: GPL-2.0-only
/* The stubs of hook_call.h: call the function, give every register back but the result. */
#include "hook_call.h"

/*
 * rbp keeps the frame, so that a backtrace finds its way through; the stack is aligned for the
 * callee, since the caller, who did not know of a call, need not have aligned it.
 */
#define HOOK_STUB(function) __asm__(						\
	"	.text\n"							\
	"	.hidden " #function "_stub\n"					\
	"	.globl " #function "_stub\n"					\
	"	.type " #function "_stub, @function\n"				\
	"	.p2align 4\n"							\
	#function "_stub:\n"							\
	"	.cfi_startproc\n"						\
	"	pushq %rbp\n"							\
	"	.cfi_def_cfa_offset 16\n"					\
	"	.cfi_offset %rbp, -16\n"					\
	"	movq %rsp, %rbp\n"						\
	"	.cfi_def_cfa_register %rbp\n"					\
	"	pushq %rdi\n"							\
	"	pushq %rsi\n"							\
	"	pushq %rdx\n"							\
	"	pushq %rcx\n"							\
	"	pushq %r8\n"							\
	"	pushq %r9\n"							\
	"	pushq %r10\n"							\
	"	pushq %r11\n"							\
	"	andq $-16, %rsp\n"						\
	"	call " #function "\n"						\
	"	leaq -64(%rbp), %rsp\n"						\
	"	popq %r11\n"							\
	"	popq %r10\n"							\
	"	popq %r9\n"							\
	"	popq %r8\n"							\
	"	popq %rcx\n"							\
	"	popq %rdx\n"							\
	"	popq %rsi\n"							\
	"	popq %rdi\n"							\
	"	popq %rbp\n"							\
	"	.cfi_def_cfa %rsp, 8\n"						\
	"	ret\n"								\
	"	.cfi_endproc\n"							\
	"	.size " #function "_stub, . - " #function "_stub\n")

HOOK_STUB(hook_access);
HOOK_STUB(hook_note);
HOOK_STUB(hook_begin);
HOOK_STUB(hook_end);
HOOK_STUB(contract_check);
HOOK_STUB(rcu_check_dereference);
HOOK_STUB(lockdep_acquire);
HOOK_STUB(lockdep_release);
