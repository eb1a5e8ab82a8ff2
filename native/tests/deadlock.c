// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text of a deadlock and of a run without progress: who waits for whom.  That a scheduler
 * finds and reports them is tested in schedules.c.
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
