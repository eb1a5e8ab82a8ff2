// SPDX-License-Identifier: GPL-2.0-only
/* Outcomes: what a litmus scenario or a program has observed at its end, counted. */
#include <string.h>

#include "run_log.h"
#include "sched/lkmm.h"
#include "sched/sched.h"

/* The registers that a litmus program names, in the order that rules and outcomes use. */
void outcomes_init(struct run_log *log)
{
	const struct mmut_config *config = &log->config;
	u32 i, r, o;

	for (i = 0; i < config->nr_tasks; i++)
		for (r = 0; r < 8; r++)
			for (o = 0; o < config->tasks[i].nr_ops; o++)
				if (config->tasks[i].ops[o].reg == (s32)r && log->nr_registers < REGISTERS_MAX) {
					log->registers[log->nr_registers].task = (u8)(FIRST_TASK + i);
					log->registers[log->nr_registers++].reg = (u8)r;
					break;
				}
}

void outcomes_forget(struct run_log *log)
{
	log->nr_outcomes = log->outcomes_full = 0;
	memset(log->outcome_slots, 0, sizeof(log->outcome_slots));
}

static bool rule_matches(const struct mmut_rule *rule, const s64 *values)
{
	u32 i;

	for (i = 0; i < rule->nr_terms; i++)
		if ((values[rule->terms[i].reg] == rule->terms[i].value) == !!rule->terms[i].not_equal)
			return false;
	return true;
}

/* The row of an outcome, a new one where it was not seen before; NULL: the table is full. */
static struct outcome *find_outcome(struct run_log *log, const struct program_outcome *seen)
{
	u64 size = seen->nr_values * sizeof(s64), at = 0;
	struct outcome *o;
	u32 i;

	for (i = 0; i < seen->nr_values; i++)
		at = mix64(at ^ (u64)seen->values[i]);
	for (at %= ARRAY_SIZE(log->outcome_slots); log->outcome_slots[at]; ) {
		o = &log->outcomes[log->outcome_slots[at] - 1];
		if (!memcmp(o->values, seen->values, size))
			return o;
		at = (at + 1) % ARRAY_SIZE(log->outcome_slots);
	}
	if (log->nr_outcomes == OUTCOMES_MAX) {
		log->outcomes_full = 1;
		return NULL;
	}
	o = &log->outcomes[log->nr_outcomes++];
	log->outcome_slots[at] = (u16)log->nr_outcomes;
	*o = (struct outcome){ .rule = seen->rule };
	memcpy(o->values, seen->values, size);
	return o;
}

/* The registers of a litmus scenario, and the first of its rules that holds. */
static void litmus_outcome(struct program_outcome *out)
{
	const struct run_log *log = run_log();
	u32 i;

	out->nr_values = log->nr_registers;
	for (i = 0; i < log->nr_registers; i++)
		out->values[i] = ((const u8 *)&task_by_id(log->registers[i].task)->result)[log->registers[i].reg];
	for (i = 0; i < log->config.nr_rules && out->rule == ~0u; i++)
		if (rule_matches(&log->config.rules[i], out->values))
			out->rule = i;
}

void outcome_count(void)
{
	const struct program *program = run_program();
	struct run_log *log = run_log();
	struct program_outcome seen;
	struct lkmm *lkmm = sched_of()->lkmm;
	struct outcome *o;

	if (lkmm && !lkmm_allows_end(lkmm)) {
		sched_of()->endless = 1;
		return;
	}
	seen.nr_values = 0;
	seen.rule = ~0u;
	seen.discard = false;
	if (!program)
		litmus_outcome(&seen);
	else if (program->finish)
		program->finish(&seen);
	if (seen.discard)
		return;
	sched_of()->racy = lkmm && lkmm_plain_races(lkmm);
	o = seen.nr_values ? find_outcome(log, &seen) : NULL;
	if (o)
		o->count++;
	if (o && sched_of())
		sched_of()->log->outcome = (u32)(o - log->outcomes);
	if (seen.rule < log->config.nr_rules && log->config.rules[seen.rule].forbidden)
		violation(ORACLE_OUTCOME, __here("outcome"), NULL,
			  "outcome rule %u, declared forbidden, holds", seen.rule + 1);
}

int mmut_outcome_get(uint32_t n, int64_t *values, uint64_t *count, uint32_t *rule)
{
	const struct outcome *o;

	if (n >= run_log()->nr_outcomes)
		return -1;
	o = &run_log()->outcomes[n];
	memcpy(values, o->values, sizeof(o->values));
	*count = o->count;
	*rule = o->rule;
	return 0;
}

int mmut_outcomes_full(void)
{
	return run_log()->outcomes_full != 0;
}
