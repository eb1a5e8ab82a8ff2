/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The oracles: independent observers of what the model does, told by the hooks of the core.
 *
 * None of them asks the model for its opinion, none reads a bug switch, and none changes
 * anything that the model can see.  See check.c for how an event reaches them.
 */
#ifndef MMUT_CHECK_CHECK_H
#define MMUT_CHECK_CHECK_H

#include "../core/hook.h"

/*
 * Set-up: after kvm_create_vm() and before arena_checkpoint().  Takes the state of the machine as
 * it finds it, so it comes after a population that ran without hooks.  0 or -ENOMEM.
 */
int check_init(void);

/* proc.watch: each hooked event before (done == 0) and after (done == 1); notes once. */
void check_watch(struct event *ev);

/* Boss: every task has ended and the RCU callbacks were run; before teardown. */
void check_quiescent(void);
/* Boss: after kvm_destroy_vm() and the RCU callbacks. */
void check_teardown(void);

/* Who waits for whom, as one line of text; for the scheduler when nobody can run. */
void check_deadlock(char *buf, size_t n);
/* What each unfinished task is doing, as one line of text; for a run that makes no progress. */
void check_no_progress(char *buf, size_t n);

/* "mmu_lock", "vcpu1.guest_exits", "spte L1 gfn 0x40", ...: a name for an address of the machine. */
void check_object_name(const void *addr, char *buf, size_t n);

#endif
