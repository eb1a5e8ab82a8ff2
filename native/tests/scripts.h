/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scripts: little programs as data, with two meanings.  `script_program` runs them on the core's
 * primitives; enumerate.c runs them on a model of a few words, in every order there is.
 */
#ifndef MMUT_TESTS_SCRIPTS_H
#define MMUT_TESTS_SCRIPTS_H

#include "../program/program.h"

#define SCRIPT_TASKS	8
#define SCRIPT_OPS	32
#define SCRIPT_WORDS	10
#define SCRIPT_SPINS	3
#define SCRIPT_RWS	2

enum script_op {
	S_END, S_READ, S_WRITE, S_WRITE_NEXT,	/* of what was read last, plus one */
	S_CAS, S_XCHG, S_ADD, S_AWAIT,		/* until the word differs from `a` */
	S_SPIN, S_UNSPIN, S_RLOCK, S_RUNLOCK, S_WLOCK, S_WUNLOCK,
	S_RCU, S_UNRCU, S_SYNC,
	S_TRYSPIN,		/* read: 1, it is taken */
	S_SKIP,			/* `b` operations further on, if what was read last is `a`; no event */
	S_SKIP_NOT,
	S_FENCE,
	S_NEEDBREAK,		/* of rwlock 0: the answer is as if read */
	NR_SCRIPT_OPS
};

struct script_step { u8 op, object, a, b; };

struct script {
	u32 nr_tasks;
	struct script_step at[SCRIPT_TASKS][SCRIPT_OPS];
};
extern struct script script;

/* One access of an event to an object, by number: 0 is none. */
enum { OBJECT_WORD = 1, OBJECT_SPIN = 20, OBJECT_RW = 30, OBJECT_EPOCH = 40, OBJECT_SLOT = 50 };
struct script_event { u8 task, object[2], write[2]; };

#define SCRIPT_EVENTS	256
struct script_trace {
	u32 count;
	struct script_event at[SCRIPT_EVENTS];
};

/* The same for all orders of one class: hash of the smallest linearisation. */
u64 script_class(const struct script_trace *trace);

/* The model has store buffers: what one makes visible is an event of task SCRIPT_TASKS + its owner. */
extern bool enumerate_tso;

/* Every order, each once: calls `seen` at the end of each; how many, or ~0 if more than `limit`. */
u64 enumerate(void (*seen)(const struct script_trace *trace, u32 preemptions), u64 limit);

/* What an event of the core touched, in the numbering above; false: nothing that counts. */
bool script_event_of(const struct event *ev, struct script_event *out);

#endif
