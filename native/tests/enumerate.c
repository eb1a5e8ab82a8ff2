// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every order of a script, by plain recursion over a model of a few words: what the search of
 * sched/ is held against.  It knows nothing of sched/: neither its dependence nor its waiting.
 */
#include <string.h>

#include "../core/prng.h"
#include "scripts.h"

#define NONE	0xff

struct machine {
	u8 at[SCRIPT_TASKS];		/* next operation */
	u8 part[SCRIPT_TASKS];		/* of a grace period: 0, then 1 + the slot to look at */
	u8 last[SCRIPT_TASKS];		/* what was read last */
	u8 word[SCRIPT_WORDS];
	u8 spin[SCRIPT_SPINS];
	u8 readers[SCRIPT_RWS], writer[SCRIPT_RWS];
	u8 epoch, slot[SCRIPT_TASKS], target[SCRIPT_TASKS];
	struct { u8 word, value; } buffer[SCRIPT_TASKS][SCRIPT_OPS];	/* tso: oldest first */
	u8 buffered[SCRIPT_TASKS];
};

static struct script_trace trace;
static void (*on_end)(const struct script_trace *trace, u32 preemptions);
static u64 count, most;

/* Control flow has no event: stand before the next operation that has one. */
static const struct script_step *settle(struct machine *m, u32 t)
{
	for (;;) {
		const struct script_step *s = &script.at[t][m->at[t]];
		u32 past = m->at[t] + 1u;

		if (s->op == S_FENCE && !enumerate_tso) {
			m->at[t] = (u8)past;
			continue;
		}
		if (s->op != S_SKIP && s->op != S_SKIP_NOT)
			return s;
		if ((m->last[t] == s->a) == (s->op == S_SKIP))
			past += s->b;
		m->at[t] = (u8)past;
	}
}

static u32 next_slot(u32 t, u32 slot)
{
	return slot + (slot >= t);
}

/* All but loads and stores wait until the buffer is empty. */
static bool waits_for_buffer(const struct machine *m, u32 t, const struct script_step *s)
{
	return m->buffered[t] && s->op != S_READ && s->op != S_AWAIT && s->op != S_WRITE && s->op != S_WRITE_NEXT;
}

static bool can_run(const struct machine *m, u32 t, const struct script_step *s)
{
	if (waits_for_buffer(m, t, s))
		return false;
	switch (s->op) {
	case S_END:
		return false;
	case S_AWAIT:
		return m->word[s->object] != s->a;
	case S_SPIN:
		return !m->spin[s->object];
	case S_RLOCK:
		return !m->writer[s->object];
	case S_WLOCK:
		return !m->writer[s->object] && !m->readers[s->object];
	case S_SYNC:
		if (m->part[t]) {
			u8 epoch = m->slot[next_slot(t, m->part[t] - 1u)];

			return !epoch || epoch >= m->target[t];
		}
	}
	return true;
}

static void touch(u32 t, u32 object, bool write)
{
	trace.at[trace.count++] = (struct script_event){ .task = (u8)t, .object = { (u8)object }, .write = { write } };
}

/* What task `t` reads: its own newest store, while that is in the buffer. */
static u8 value_for(const struct machine *m, u32 t, u32 word)
{
	u32 i;

	for (i = m->buffered[t]; i-- > 0; )
		if (m->buffer[t][i].word == word)
			return m->buffer[t][i].value;
	return m->word[word];
}

static void store(struct machine *m, u32 t, u8 word, u8 value)
{
	if (!enumerate_tso) {
		m->word[word] = value;
		touch(t, OBJECT_WORD + word, true);
		return;
	}
	m->buffer[t][m->buffered[t]].word = word;
	m->buffer[t][m->buffered[t]++].value = value;
}

static void drain(struct machine *m, u32 t)
{
	u32 i;

	m->word[m->buffer[t][0].word] = m->buffer[t][0].value;
	touch(SCRIPT_TASKS + t, OBJECT_WORD + m->buffer[t][0].word, true);
	m->buffered[t]--;
	for (i = 0; i < m->buffered[t]; i++)
		m->buffer[t][i] = m->buffer[t][i + 1];
}

static bool sync_step(struct machine *m, u32 t)
{
	u32 slot;

	if (!m->part[t]) {
		m->target[t] = ++m->epoch;
		m->part[t] = 1;
		touch(t, OBJECT_EPOCH, true);
	} else {
		slot = next_slot(t, m->part[t] - 1u);
		touch(t, OBJECT_SLOT + slot, false);
		m->part[t]++;
	}
	if (next_slot(t, m->part[t] - 1u) < script.nr_tasks)
		return false;
	m->part[t] = 0;
	return true;
}

static void step(struct machine *m, u32 t, const struct script_step *s)
{
	u8 *word = &m->word[s->object];
	bool write = true, done = true;

	switch (s->op) {
	case S_READ:
	case S_AWAIT:
		m->last[t] = value_for(m, t, s->object);
		write = false;
		break;
	case S_WRITE:
		store(m, t, s->object, s->a);
		break;
	case S_WRITE_NEXT:
		store(m, t, s->object, (u8)(m->last[t] + 1));
		break;
	case S_CAS:
		write = *word == s->a;
		m->last[t] = *word;
		if (write)
			*word = s->b;
		break;
	case S_XCHG:
		m->last[t] = *word;
		*word = s->a;
		break;
	case S_ADD:
		m->last[t] = *word;
		*word = (u8)(*word + s->a);
		break;
	case S_SPIN:
	case S_UNSPIN:
		m->spin[s->object] = s->op == S_SPIN;
		touch(t, OBJECT_SPIN + s->object, true);
		break;
	case S_TRYSPIN:
		m->last[t] = !m->spin[s->object];
		m->spin[s->object] = 1;
		touch(t, OBJECT_SPIN + s->object, m->last[t]);
		break;
	case S_RLOCK:
	case S_RUNLOCK:
		m->readers[s->object] = (u8)(m->readers[s->object] + (s->op == S_RLOCK ? 1 : -1));
		touch(t, OBJECT_RW + s->object, false);
		break;
	case S_WLOCK:
	case S_WUNLOCK:
		m->writer[s->object] = s->op == S_WLOCK;
		touch(t, OBJECT_RW + s->object, true);
		break;
	case S_RCU:
		m->slot[t] = m->epoch;
		touch(t, OBJECT_SLOT + t, true);
		trace.at[trace.count - 1].object[1] = OBJECT_EPOCH;
		break;
	case S_UNRCU:
		m->slot[t] = 0;
		touch(t, OBJECT_SLOT + t, true);
		break;
	case S_SYNC:
		done = sync_step(m, t);
		break;
	}
	if (s->op >= S_READ && s->op <= S_AWAIT && s->op != S_WRITE && s->op != S_WRITE_NEXT)
		touch(t, OBJECT_WORD + s->object, write);
	if (done)
		m->at[t]++;
}

static void explore(const struct machine *before, u32 running, u32 preemptions)
{
	const struct script_step *next[SCRIPT_TASKS];
	struct machine now = *before;
	bool can[SCRIPT_TASKS];
	u32 t, enabled = 0;

	for (t = 0; t < script.nr_tasks; t++) {
		next[t] = settle(&now, t);
		can[t] = can_run(&now, t, next[t]);
		enabled += can[t] || now.buffered[t];
	}
	if (!enabled) {
		if (++count <= most)
			on_end(&trace, preemptions);
		return;
	}
	for (t = 0; t < script.nr_tasks && count <= most; t++) {
		struct machine m = now;
		u32 length = trace.count;

		if (!can[t])
			continue;
		step(&m, t, next[t]);
		explore(&m, t, preemptions + (running != NONE && t != running && can[running]));
		trace.count = length;
	}
	for (t = 0; t < script.nr_tasks && count <= most; t++) {
		struct machine m = now;
		u32 length = trace.count;

		if (!now.buffered[t])
			continue;
		drain(&m, t);
		explore(&m, running, preemptions);
		trace.count = length;
	}
}

u64 enumerate(void (*seen)(const struct script_trace *trace, u32 preemptions), u64 limit)
{
	struct machine m = { .epoch = 1 };

	count = 0;
	most = limit;
	on_end = seen;
	trace.count = 0;
	explore(&m, NONE, 0);
	return count <= limit ? count : ~0ULL;
}

/* ------------------------------------------------------------------ classes */

static bool conflict(const struct script_event *a, const struct script_event *b)
{
	u32 i, j;

	if (a->task == b->task)
		return true;
	for (i = 0; i < 2; i++)
		for (j = 0; j < 2; j++)
			if (a->object[i] && a->object[i] == b->object[j] && (a->write[i] || b->write[j]))
				return true;
	return false;
}

/* The smallest linearisation: again and again the lowest task whose next event nothing left precedes. */
u64 script_class(const struct script_trace *tr)
{
	bool gone[SCRIPT_EVENTS] = { false };
	u64 hash = tr->count;
	u32 n, i, j, best;

	for (n = 0; n < tr->count; n++) {
		best = tr->count;
		for (i = 0; i < tr->count; i++) {
			if (gone[i] || (best < tr->count && tr->at[i].task >= tr->at[best].task))
				continue;
			for (j = 0; j < i && (gone[j] || !conflict(&tr->at[j], &tr->at[i])); j++)
				;
			if (j == i)
				best = i;
		}
		gone[best] = true;
		hash = mix64(hash ^ mix64((u64)tr->at[best].task << 8 | tr->at[best].write[0]));
	}
	return hash;
}
