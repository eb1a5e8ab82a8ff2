/* SPDX-License-Identifier: GPL-2.0-only */
/* A program of a user as data: what native/program/flat.c interprets. */
#ifndef MMUT_API_FLAT_H
#define MMUT_API_FLAT_H

#include "config.h"

/* cffi: begin */

/*
 * A flat program: tasks as arrays of instructions over 64-bit registers and shared words, run by an
 * interpreter inside the tasks.  Only the instructions from MMUT_I_LOAD on are events.
 *
 *	dst, a, b, index: registers; b and index may be MMUT_NO_REGISTER, then b stands for `imm`
 *	where: object, and `index` an index into it; without an object `index` holds a pointer
 */
enum mmut_insn_op {
	MMUT_I_MOVE,			/* dst = b */
	MMUT_I_ADD, MMUT_I_SUB, MMUT_I_MUL, MMUT_I_DIV, MMUT_I_MOD, MMUT_I_AND, MMUT_I_OR, MMUT_I_XOR,
	MMUT_I_EQ, MMUT_I_NE, MMUT_I_LT, MMUT_I_LE,	/* dst = a op b; signed */
	MMUT_I_ADDRESS,			/* dst = pointer to `where` */
	MMUT_I_JUMP, MMUT_I_JUMP_ZERO, MMUT_I_JUMP_NONZERO,	/* to imm, where a is so */
	MMUT_I_CONTROL, MMUT_I_JOIN,	/* dst = what branches depended on so far; what follows depends on a again */
	MMUT_I_CHECK,			/* violation of `assertion` where a is 0 */
	MMUT_I_ATOMIC_END,
	MMUT_I_EXIT,
	MMUT_I_REGISTER,		/* final part: dst = register `index` of task `imm` */
	MMUT_I_RULE,			/* final part: outcome rule imm holds where a is not 0 */
	MMUT_I_DISCARD,			/* final part: this execution does not count, where a is 0 */
	MMUT_I_LOAD,			/* dst = word */
	MMUT_I_STORE,			/* word = b */
	/* of these dst may be MMUT_NO_REGISTER: nobody wants the value */
	MMUT_I_XCHG,			/* dst = word, word = b */
	MMUT_I_CMPXCHG,			/* dst = word, word = b where it was a */
	MMUT_I_FETCH_ADD, MMUT_I_FETCH_AND, MMUT_I_FETCH_OR, MMUT_I_FETCH_XOR,	/* dst = word, word op= b */
	MMUT_I_AWAIT_EQ, MMUT_I_AWAIT_NE,	/* dst = word, once it is, or is not, b */
	MMUT_I_FENCE,			/* imm: enum fence of the core */
	MMUT_I_SPIN_LOCK, MMUT_I_SPIN_UNLOCK,
	MMUT_I_SPIN_TRYLOCK, MMUT_I_SPIN_IS_LOCKED,	/* dst: 1 or 0 */
	MMUT_I_MUTEX_LOCK, MMUT_I_MUTEX_UNLOCK,
	MMUT_I_READ_LOCK, MMUT_I_READ_UNLOCK, MMUT_I_WRITE_LOCK, MMUT_I_WRITE_UNLOCK,
	MMUT_I_RCU_LOCK, MMUT_I_RCU_UNLOCK, MMUT_I_RCU_SYNC,	/* imm: 0 RCU, 1 and 2 SRCU */
	MMUT_I_SRCU_LOCK, MMUT_I_SRCU_DOWN,	/* dst = a section of domain imm; of DOWN: any task may end it */
	MMUT_I_SRCU_UNLOCK,		/* ends section a */
	MMUT_I_YIELD,			/* others first */
	MMUT_I_ATOMIC,			/* up to ATOMIC_END no other task runs */
	MMUT_I_NO_WRITERS, MMUT_I_NO_ACCESS,	/* assertions of the word: see core/atomic.h */
	MMUT_NR_INSN_OPS,
};

enum { MMUT_NO_REGISTER = 0xffff, MMUT_NO_OBJECT = 0xffff, MMUT_FINAL = 0xffff, MMUT_POINTER = 0x40000000 };

struct mmut_insn {
	uint8_t op;			/* enum mmut_insn_op */
	uint8_t order;			/* enum order of the core: plain, relaxed, acquire, release, full */
	uint16_t dst, a, b, index, object;
	uint32_t line;			/* in the program's file */
	int64_t imm;
	char text[48];			/* as the user wrote it, for reports */
};

enum mmut_object_kind { MMUT_OBJECT_WORDS, MMUT_OBJECT_SPINLOCK, MMUT_OBJECT_MUTEX, MMUT_OBJECT_RWLOCK };
struct mmut_object {
	char name[24];
	uint32_t kind;			/* enum mmut_object_kind */
	uint32_t count;			/* 1: a single word or lock; more: an array of them */
	uint32_t first;			/* words: place in `initial` and in memory */
	uint32_t pad;
};

/* What an outcome consists of: a register of a task, or a word as it is at the end. */
struct mmut_observed { uint32_t task, place; };	/* MMUT_FINAL: place is that of a word */

struct mmut_flat {
	const struct mmut_insn *insns;
	const struct mmut_object *objects;
	const int64_t *initial;		/* of the words; MMUT_POINTER + n is a pointer to word n */
	uint32_t nr_insns, nr_objects, nr_words, nr_registers, nr_observed, pad;
	uint32_t entry[MMUT_PROGRAM_TASKS + 1];	/* first instruction of each task; after the last: of the final part */
	struct mmut_observed observed[MMUT_REGISTERS];
	char file[64];
};

/* cffi: end */

#endif
