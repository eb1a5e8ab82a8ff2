// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text of a deadlock and of a run without progress: who waits for whom.  That a scheduler
 * finds and reports them is tested in endings.c.  And tries that come to nothing, where nobody
 * is left to change that, which no scheduler can see.
 */
#include "plant.h"

static void waits_for_lock(u32 id, u8 op, void *lock)
{
	struct task *task = task_by_id(id);

	task->state = TASK_WAITING;
	task->pending.op = op;
	task->pending.addr = lock;
}

static void waits_for_word(u32 id, const void *addr)
{
	struct task *task = task_by_id(id);

	task->state = TASK_WAITING;
	task->pending.op = OP_AWAIT;
	task->wait.addr = addr;
}

/* vcpu0 has mmu_lock for write and wants slots_lock, which vcpu1 has. */
static void half_a_cycle(struct machine *m)
{
	write_lock(&m->kvm->mmu_lock);
	waits_for_lock(VCPU0, OP_MUTEX_LOCK, &m->kvm->slots_lock);
	become(VCPU1);
	mutex_lock(&m->kvm->slots_lock);
}

/* As the scheduler does when nobody can run. */
static void report(void)
{
	char text[300] = "";

	check_deadlock(text, sizeof(text));
	violation(ORACLE_DEADLOCK, __here("deadlock"), NULL, "%s", text);
}

PLANT(two_tasks_want_each_others_lock, DEADLOCK, VCPU0, "cycle: vcpu0 waits at mutex_lock of slots_lock")
{
	half_a_cycle(m);
	waits_for_lock(VCPU1, OP_READ_LOCK, &m->kvm->mmu_lock);
	report();
}

PLANT(the_cycle_names_what_the_other_holds, DEADLOCK, VCPU0, "vcpu1 waits at read_lock of mmu_lock")
{
	half_a_cycle(m);
	waits_for_lock(VCPU1, OP_READ_LOCK, &m->kvm->mmu_lock);
	report();
}

PLANT(a_lock_against_the_exit_of_a_guest, DEADLOCK, VCPU0, "-> vcpu1 waits at await of vcpu0.guest_exits")
{
	half_a_cycle(m);
	waits_for_word(VCPU1, &m->kvm->vcpus[0].guest_exits);
	report();
}

PLANT(a_grace_period_against_its_reader, DEADLOCK, VCPU0, "-> vcpu1 waits at await of vcpu0.rcu")
{
	rcu_read_lock();
	half_a_cycle(m);
	waits_for_word(VCPU1, &task_by_id(VCPU0)->rcu[RCU_SCHED].epoch);
	report();
}

PLANT(a_wait_that_is_no_cycle_lists_everybody, DEADLOCK, VCPU0, "vcpu0 waits at mutex_lock of slots_lock")
{
	char text[300] = "";

	waits_for_lock(VCPU0, OP_MUTEX_LOCK, &m->kvm->slots_lock);
	check_deadlock(text, sizeof(text));
	if (text[0] == 'c')
		violation(ORACLE_DEADLOCK, __here("no cycle"), NULL, "not a cycle: %s", text + 1);
	violation(ORACLE_DEADLOCK, __here("waiting"), NULL, "%s", text);
}

PLANT(a_short_buffer_cuts_the_text_and_no_more, NO_PROGRESS, VCPU0, "vcpu0 waits at mutex|untouched")
{
	char text[40] = "";

	waits_for_lock(VCPU0, OP_MUTEX_LOCK, &m->kvm->slots_lock);
	text[21] = 'x';
	check_no_progress(text, 21);
	violation(ORACLE_NO_PROGRESS, __here("text"), NULL, "%s|%s", text, text[21] == 'x' ? "untouched" : "overrun");
}

/* ------------------------------------------------------------------ retry loops */

#define MANY	100

/* `id` has its page fault handled, in vain, and tries again. */
static void tries_in_vain(struct machine *m, u32 id, u32 times)
{
	become(id);
	task_by_id(id)->state = TASK_READY;
	while (times--)
		note(NOTE_RETRY, &m->kvm->vcpus[current->index], 0);
}

CLEAN(a_try_that_comes_to_something_starts_the_count_again, DEADLOCK, VCPU0)
{
	tries_in_vain(m, VCPU0, MANY - 1);
	note(NOTE_RETRY_OVER, &m->kvm->vcpus[0], 0);
	tries_in_vain(m, VCPU0, MANY - 1);
}

CLEAN(tries_come_to_nothing_while_another_can_run, DEADLOCK, VCPU0)
{
	task_by_id(VCPU1)->state = TASK_READY;
	tries_in_vain(m, VCPU0, 3 * MANY);
}

CLEAN(tries_count_from_when_nobody_else_can_run, DEADLOCK, VCPU0)
{
	task_by_id(VCPU1)->state = TASK_READY;
	tries_in_vain(m, VCPU0, MANY);
	task_by_id(VCPU1)->state = TASK_DONE;
	tries_in_vain(m, VCPU0, MANY - 2);
}

CLEAN(tries_come_to_nothing_while_the_other_has_hardly_tried, DEADLOCK, VCPU0)
{
	tries_in_vain(m, VCPU1, 1);
	tries_in_vain(m, VCPU0, 3 * MANY);
}

CLEAN(tries_come_to_nothing_while_a_wait_is_over, DEADLOCK, VCPU0)
{
	waits_for_word(VCPU1, &m->kvm->vcpus[0].guest_exits);
	task_by_id(VCPU1)->wait = wait_change(&m->kvm->vcpus[0].guest_exits, ~0ULL, 8);
	tries_in_vain(m, VCPU0, 3 * MANY);
}

PLANT(the_last_task_tries_for_ever, DEADLOCK, VCPU0, "100 tries came to nothing, and nobody else can run: vcpu0")
{
	tries_in_vain(m, VCPU0, MANY);
}

PLANT(tries_wait_for_each_other, DEADLOCK, VCPU0, "tries came to nothing, and nobody else can run: vcpu0 is at")
{
	tries_in_vain(m, VCPU0, 1);
	tries_in_vain(m, VCPU1, MANY);
	tries_in_vain(m, VCPU0, MANY - 1);
}

PLANT(tries_against_a_wait_for_their_task, DEADLOCK, VCPU0, "vcpu1 waits at await of vcpu0.guest_exits")
{
	waits_for_word(VCPU1, &m->kvm->vcpus[0].guest_exits);
	task_by_id(VCPU1)->wait = wait_change(&m->kvm->vcpus[0].guest_exits,
					      READ_PRIVATE(m->kvm->vcpus[0].guest_exits), 8);
	tries_in_vain(m, VCPU0, MANY);
}
