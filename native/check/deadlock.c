// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who waits for whom: the text of a deadlock, and of a run that makes no progress.
 *
 * custom: the wait-for graph is read off each task's announced event and held-lock stack. An
 *         edge leads from a waiting task to a task that has what it waits for: a holder of
 *         the lock, the vCPU whose exit is awaited, the reader whose RCU section is open.
 *         Reported is the cycle where there is one, else everybody who waits.
 */
#include <stdarg.h>
#include <stdio.h>

#include "shadow.h"

struct text {
	char *buf;
	size_t size, used;
};

static void __printf(2, 3) say(struct text *t, const char *fmt, ...)
{
	va_list args;
	int n;

	if (t->used + 1 >= t->size)
		return;
	va_start(args, fmt);
	n = vsnprintf(t->buf + t->used, t->size - t->used, fmt, args);
	va_end(args);
	if (n > 0)
		t->used = min(t->used + (size_t)n, t->size - 1);
}

static bool waits(const struct task *task)
{
	return task->state == TASK_WAITING;
}

/* A queued lock waits on an inner word, but what it wants is the lock. */
static const void *wanted(const struct task *task)
{
	return task->pending.op == OP_AWAIT ? task->wait.addr : task->pending.addr;
}

static bool is_lock_op(u8 op)
{
	return op == OP_SPIN_LOCK || op == OP_MUTEX_LOCK || op == OP_READ_LOCK || op == OP_WRITE_LOCK;
}

/* Does `task` wait for something that only `other` can give? */
static bool waits_for(const struct task *task, const struct task *other)
{
	const void *addr = wanted(task);
	u32 d;

	if (!waits(task) || task == other || other->state == TASK_DONE)
		return false;
	if (is_lock_op(task->pending.op)) {
		int mode = held_mode(other, addr);

		if (mode >= 0)	/* readers exclude each other only through a writer in between */
			return task->pending.op != OP_READ_LOCK || mode == LOCK_WRITE;
		/* A fair lock: a reader also waits for the writers that wait before it. */
		return task->pending.op == OP_READ_LOCK && waits(other) && other->pending.op == OP_WRITE_LOCK &&
		       wanted(other) == addr;
	}
	for (d = 0; d < NR_RCU_DOMAINS; d++)
		if (addr == &other->rcu[d].epoch)
			return true;
	if (other->kind == TASK_KIND_VCPU && kvm_of()) {
		const struct kvm_vcpu *vcpu = &kvm_of()->vcpus[other->index];

		if (addr == &vcpu->guest_exits || addr == &vcpu->mode)
			return true;
	}
	return false;
}

/* The locks of a program are one class; their names tell them apart. */
static void say_held(struct text *t, const struct held_lock *held)
{
	char name[64];

	if (held->class >= CLASS_PROGRAM_LOCK)
		check_object_name(held->lock, name, sizeof(name));
	say(t, "%s%s", held->class >= CLASS_PROGRAM_LOCK ? name : lock_class_names[held->class],
	    held->class != CLASS_MMU_LOCK ? "" : held->mode == LOCK_READ ? " (read)" : " (write)");
}

static void say_task(struct text *t, const struct task *task)
{
	const struct site *site = site_by_id(task->pending.site);
	char name[64];
	u32 i;

	check_object_name(wanted(task), name, sizeof(name));
	say(t, "%s %s %s of %s in %s():%u", task->name, waits(task) ? "waits at" : "is at",
	    op_names[task->pending.op], name, site->func, site->line);
	for (i = 0; i < task->nr_held && i < MAX_HELD; i++) {
		say(t, "%s ", i ? "," : ", holding");
		say_held(t, &task->held[i]);
	}
	if (task->rcu[RCU_SCHED].nesting)
		say(t, ", in an RCU section");
	if (task->rcu[RCU_MEMSLOTS].nesting)
		say(t, ", in an SRCU section");
}

/* Follow edges from `start` back to it; the path is in `next`. Depth first, each task once. */
static bool find_cycle(u32 start, u32 at, u8 *next, task_set *visited)
{
	u32 i;

	for (i = 0; i < arena_of()->nr_tasks; i++) {
		if (!waits_for(task_by_id(at), task_by_id(i)))
			continue;
		next[at] = (u8)i;
		if (i == start)
			return true;
		if (task_in(*visited, i))
			continue;
		task_add(visited, i);
		if (find_cycle(start, i, next, visited))
			return true;
	}
	return false;
}

void check_deadlock(char *buf, size_t n)
{
	struct text t = { .buf = buf, .size = n };
	u8 next[MAX_TASKS];
	u32 start, at;

	for (start = 0; start < arena_of()->nr_tasks; start++) {
		task_set visited = task_bit(start);

		if (!find_cycle(start, start, next, &visited))
			continue;
		say(&t, "cycle: ");
		for (at = start; ; ) {
			say_task(&t, task_by_id(at));
			at = next[at];
			if (at == start)
				break;
			say(&t, " -> ");
		}
		say(&t, " -> %s", task_by_id(start)->name);
		return;
	}
	check_no_progress(t.buf + t.used, t.size - t.used);
}

void check_no_progress(char *buf, size_t n)
{
	struct text t = { .buf = buf, .size = n };
	u32 i, said = 0;

	if (n)
		buf[0] = 0;
	for (i = 1; i < arena_of()->nr_tasks; i++) {
		const struct task *task = task_by_id(i);

		if (task->state == TASK_DONE || task->absent)
			continue;
		say(&t, "%s", said++ ? "; " : "");
		say_task(&t, task);
	}
}
