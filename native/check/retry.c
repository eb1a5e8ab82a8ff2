// SPDX-License-Identifier: GPL-2.0-only
/*
 * Retry loops as waiting: a fault that comes to nothing and is tried again waits for somebody to
 * change something, and neither a lock nor a word that is awaited says so.
 *
 * Independent: a task says only that a try came to nothing; who can run is the scheduler's
 * record.  Where every task that has not ended waits for a word that stays as it is, or retries, and each
 * of the latter has tried many times since, nobody will ever change anything.
 *
 * Controlled only: running free, there is no record, and a task that does not run may do so any moment.
 */
#include "shadow.h"

/* With store buffers what one of them wrote may arrive late, though not this late. */
#define RETRIES_MAX	100

static bool may_change_something(const struct task *task)
{
	if (task->state == TASK_DONE || check_of()->task[task->id].retrying)
		return false;
	return task->state != TASK_WAITING || wait_over(&task->wait);
}

void retry_note(const struct event *ev)
{
	struct check *c = check_of();
	struct task_shadow *t = shadow_of(ev);
	u32 fewest = ++t->retrying, i;
	char text[300];

	if (!arena_of()->controlled || ev->task == TASK_BOSS)
		return;
	for (i = 1; i < arena_of()->nr_tasks; i++) {
		if (may_change_something(task_by_id(i))) {
			t->retrying = 1;
			return;
		}
		if (c->task[i].retrying)
			fewest = min(fewest, c->task[i].retrying);
	}
	if (fewest < RETRIES_MAX)
		return;
	check_no_progress(text, sizeof(text));
	violation(ORACLE_DEADLOCK, site_of(ev), NULL, "%u tries came to nothing, and nobody else can run: %s", fewest,
		  text);
}

/* One got through: what the others tried before that says nothing about what their next try will come to. */
void retry_over(const struct event *ev)
{
	struct check *c = check_of();

	if (!shadow_of(ev)->retrying)
		return;
	for (u32 i = 1; i < arena_of()->nr_tasks; i++)
		c->task[i].retrying = min(c->task[i].retrying, 1u);
	shadow_of(ev)->retrying = 0;
}
