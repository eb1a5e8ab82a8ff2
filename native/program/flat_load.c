// SPDX-License-Identifier: GPL-2.0-only
/* From a configuration's flat program to one in the arena: checked, copied, with sites and names. */
#include <errno.h>
#include <string.h>

#include "../core/rcu.h"
#include "flat.h"

enum uses { USES_DST = 1, USES_A = 2, USES_B = 4, USES_WORD = 8, USES_LOCK = 16, USES_TARGET = 32, IS_FINAL = 64 };

/* What each instruction needs, and the event it is. */
static const struct insn_info {
	u8 uses, event;		/* event 0: none of its own */
} infos[MMUT_NR_INSN_OPS] = {
	[MMUT_I_MOVE] = { USES_DST | USES_B, 0 },
	[MMUT_I_ADD ... MMUT_I_LE] = { USES_DST | USES_A | USES_B, 0 },
	[MMUT_I_ADDRESS] = { USES_DST | USES_WORD, 0 },
	[MMUT_I_JUMP] = { USES_TARGET, 0 },
	[MMUT_I_JUMP_ZERO ... MMUT_I_JUMP_NONZERO] = { USES_A | USES_TARGET, 0 },
	[MMUT_I_CONTROL] = { USES_DST, 0 },
	[MMUT_I_JOIN] = { USES_A, 0 },
	[MMUT_I_CHECK] = { USES_A, 0 },
	[MMUT_I_ATOMIC_END] = { 0, OP_FENCE },
	[MMUT_I_REGISTER] = { USES_DST | IS_FINAL, 0 },
	[MMUT_I_RULE] = { USES_A | IS_FINAL, 0 },
	[MMUT_I_DISCARD] = { USES_A | IS_FINAL, 0 },
	[MMUT_I_LOAD] = { USES_DST | USES_WORD, OP_LOAD },
	[MMUT_I_STORE] = { USES_B | USES_WORD, OP_STORE },
	[MMUT_I_XCHG] = { USES_DST | USES_B | USES_WORD, OP_XCHG },
	[MMUT_I_CMPXCHG] = { USES_DST | USES_A | USES_B | USES_WORD, OP_CMPXCHG },
	[MMUT_I_FETCH_ADD] = { USES_DST | USES_B | USES_WORD, OP_ADD },
	[MMUT_I_FETCH_AND] = { USES_DST | USES_B | USES_WORD, OP_AND },
	[MMUT_I_FETCH_OR] = { USES_DST | USES_B | USES_WORD, OP_OR },
	[MMUT_I_FETCH_XOR] = { USES_DST | USES_B | USES_WORD, OP_XOR },
	[MMUT_I_AWAIT_EQ ... MMUT_I_AWAIT_NE] = { USES_DST | USES_B | USES_WORD, OP_AWAIT },
	[MMUT_I_FENCE] = { 0, OP_FENCE },
	[MMUT_I_SPIN_LOCK] = { USES_LOCK, OP_SPIN_LOCK },
	[MMUT_I_SPIN_UNLOCK] = { USES_LOCK, OP_SPIN_UNLOCK },
	[MMUT_I_SPIN_TRYLOCK] = { USES_DST | USES_LOCK, OP_SPIN_TRYLOCK },
	[MMUT_I_SPIN_IS_LOCKED] = { USES_DST | USES_LOCK, OP_LOAD },
	[MMUT_I_MUTEX_LOCK] = { USES_LOCK, OP_MUTEX_LOCK },
	[MMUT_I_MUTEX_UNLOCK] = { USES_LOCK, OP_MUTEX_UNLOCK },
	[MMUT_I_READ_LOCK] = { USES_LOCK, OP_READ_LOCK },
	[MMUT_I_READ_UNLOCK] = { USES_LOCK, OP_READ_UNLOCK },
	[MMUT_I_WRITE_LOCK] = { USES_LOCK, OP_WRITE_LOCK },
	[MMUT_I_WRITE_UNLOCK] = { USES_LOCK, OP_WRITE_UNLOCK },
	[MMUT_I_RCU_LOCK] = { 0, OP_RCU_LOCK },
	[MMUT_I_RCU_UNLOCK] = { 0, OP_RCU_UNLOCK },
	[MMUT_I_SRCU_LOCK ... MMUT_I_SRCU_DOWN] = { USES_DST, OP_RCU_LOCK },
	[MMUT_I_SRCU_UNLOCK] = { USES_A, OP_RCU_UNLOCK },
	[MMUT_I_YIELD] = { 0, OP_YIELD },
	[MMUT_I_ATOMIC] = { 0, OP_XCHG },
	[MMUT_I_NO_WRITERS ... MMUT_I_NO_ACCESS] = { USES_WORD, OP_NOTE },
};

static bool is_register(const struct mmut_flat *code, u16 n)
{
	return n < code->nr_registers;
}

static bool object_fits(const struct mmut_flat *code, const struct mmut_insn *i)
{
	u8 uses = infos[i->op].uses;

	if (i->object == MMUT_NO_OBJECT)
		return (uses & USES_WORD) && is_register(code, i->index);
	if (i->object >= code->nr_objects)
		return false;
	return (code->objects[i->object].kind == MMUT_OBJECT_WORDS) == !!(uses & USES_WORD);
}

static bool insn_is_valid(const struct mmut_flat *code, u32 at, u32 final)
{
	const struct mmut_insn *i = &code->insns[at];
	u8 uses = i->op < MMUT_NR_INSN_OPS ? infos[i->op].uses : 0;

	if (i->op >= MMUT_NR_INSN_OPS || i->order > ORDER_FULL)
		return false;
	if ((uses & USES_DST) && !is_register(code, i->dst) &&
	    !(i->dst == MMUT_NO_REGISTER && i->op >= MMUT_I_XCHG && i->op <= MMUT_I_FETCH_XOR))
		return false;
	if ((uses & USES_A) && !is_register(code, i->a))
		return false;
	if ((uses & USES_B) && i->b != MMUT_NO_REGISTER && !is_register(code, i->b))
		return false;
	if (i->index != MMUT_NO_REGISTER && !is_register(code, i->index))
		return false;
	if ((uses & (USES_WORD | USES_LOCK)) && !object_fits(code, i))
		return false;
	if ((uses & USES_TARGET) && (u64)i->imm >= code->nr_insns)
		return false;
	if (i->op == MMUT_I_FENCE && (u64)i->imm >= NR_FENCES)
		return false;
	/* The boss has no events; a task has no say about the outcome. */
	return at >= final ? i->op <= MMUT_I_LOAD && i->op != MMUT_I_ATOMIC_END : !(uses & IS_FINAL);
}

static bool program_is_valid(const struct mmut_flat *code, u32 nr_tasks)
{
	u32 i;

	if (nr_tasks + 1 > ARRAY_SIZE(code->entry) || code->nr_observed > MMUT_REGISTERS || !code->nr_insns ||
	    code->nr_registers >= MMUT_NO_REGISTER || code->insns[code->nr_insns - 1].op != MMUT_I_EXIT)
		return false;
	for (i = 0; i <= nr_tasks; i++)
		if (code->entry[i] >= code->nr_insns)
			return false;
	for (i = 0; i < code->nr_objects; i++) {
		const struct mmut_object *o = &code->objects[i];

		if (o->kind == MMUT_OBJECT_WORDS && (u64)o->first + o->count > code->nr_words)
			return false;
	}
	for (i = 0; i < code->nr_insns; i++)
		if (!insn_is_valid(code, i, code->entry[nr_tasks]))
			return false;
	for (i = 0; i < code->nr_observed; i++) {
		const struct mmut_observed *o = &code->observed[i];

		if (o->task == MMUT_FINAL ? o->place >= code->nr_words
					  : o->task >= nr_tasks || o->place >= code->nr_registers)
			return false;
	}
	return true;
}

static void *copy(const void *from, u64 size)
{
	void *to = arena_alloc_bulk(size + 1);

	if (to)
		memcpy(to, from, size);
	return to;
}

/* Which task an instruction belongs to: entries ascend. */
static const char *task_of(const struct flat *f, u32 at)
{
	u32 task = 0;

	while (task < f->nr_tasks && f->code.entry[task + 1] <= at)
		task++;
	return task < f->nr_tasks ? arena_of()->tasks[arena_of()->nr_tasks - f->nr_tasks + task].name : "final";
}

static int make_sites(struct flat *f)
{
	struct site *sites = arena_alloc_bulk(f->code.nr_insns * sizeof(*sites));
	u32 i;

	if (!sites)
		return -ENOMEM;
	for (i = 0; i < f->code.nr_insns; i++) {
		const struct mmut_insn *insn = &f->code.insns[i];
		u8 event = infos[insn->op].event;

		sites[i] = (struct site){
			.file = f->code.file, .func = task_of(f, i), .what = insn->text, .line = insn->line,
			.op = event, .order = insn->order,
			.size = event >= OP_LOAD && event <= OP_AWAIT ? 8 : 0,
		};
		if (insn->op == MMUT_I_SPIN_IS_LOCKED)
			sites[i].size = 4;
		if (event == OP_RCU_LOCK || event == OP_RCU_UNLOCK)
			sites[i].size = 8;
		if (insn->op == MMUT_I_ATOMIC || insn->op == MMUT_I_ATOMIC_END)
			sites[i].order = ORDER_FULL;
		if (insn->op == MMUT_I_ATOMIC) {
			sites[i].flags = SITE_BLOCK;
			arena_of()->blocks = 1;
		}
		if (event == OP_NOTE)
			sites[i].flags = insn->op == MMUT_I_NO_WRITERS ? SITE_NO_WRITERS : SITE_NO_ACCESS;
	}
	arena_of()->nr_sites = f->code.nr_insns;
	f->sites = proc.sites = arena_of()->sites = sites;
	return 0;
}

static void init_lock(union flat_lock *lock, u32 kind)
{
	if (kind == MMUT_OBJECT_SPINLOCK)
		spin_lock_init(&lock->spin, CLASS_PROGRAM_LOCK);
	else if (kind == MMUT_OBJECT_MUTEX)
		mutex_init(&lock->mutex, CLASS_PROGRAM_MUTEX);
	else
		rwlock_init(&lock->rw, CLASS_PROGRAM_LOCK);
}

static int make_memory(struct flat *f)
{
	struct named_memory *named = arena_alloc_bulk((f->code.nr_objects + 1) * sizeof(*named));
	u32 i, n, locks = 0;

	for (i = 0; i < f->code.nr_objects; i++)
		if (f->code.objects[i].kind != MMUT_OBJECT_WORDS)
			locks += f->code.objects[i].count;
	f->words = arena_alloc((f->code.nr_words + 1) * sizeof(*f->words));
	f->locks = arena_alloc((locks + 1) * sizeof(*f->locks));
	if (!named || !f->words || !f->locks)
		return -ENOMEM;
	memcpy(f->words, f->code.initial, f->code.nr_words * sizeof(*f->words));
	locks = 0;
	for (i = 0; i < f->code.nr_objects; i++) {
		struct mmut_object *o = (struct mmut_object *)&f->code.objects[i];
		bool words = o->kind == MMUT_OBJECT_WORDS;

		if (!words) {
			o->first = locks;
			for (n = 0; n < o->count; n++)
				init_lock(&f->locks[locks++], o->kind);
		}
		named[i].addr = words ? (u64)&f->words[o->first] : (u64)&f->locks[o->first];
		named[i].size = words ? sizeof(*f->words) : sizeof(*f->locks);
		named[i].count = o->count;
		memcpy(named[i].name, o->name, sizeof(named[i].name) - 1);
	}
	named[i] = (struct named_memory){ .addr = (u64)&f->atomic, .size = 8, .count = 1, .name = "atomic" };
	arena_of()->named = named;
	arena_of()->nr_named = i + 1;
	return 0;
}

static int make_registers(struct flat *f)
{
	u32 i, n = f->code.nr_registers;
	u64 *memory = arena_alloc((f->nr_tasks + 1) * 2 * (n + 1) * sizeof(u64));

	if (!memory)
		return -ENOMEM;
	for (i = 0; i <= f->nr_tasks; i++) {
		f->tasks[i].registers = memory + 2 * i * n;
		f->tasks[i].depends = memory + (2 * i + 1) * n;
		f->tasks[i].pc = f->code.entry[i];
	}
	return 0;
}

/* Each statement that begins a section of SRCU has one, whose number is its object. */
static int make_sections(struct flat *f)
{
	struct rcu_state *rcu = arena_of()->rcu;
	u32 i, n = 0;

	rcu->sections = arena_alloc(RCU_SECTIONS * sizeof(*rcu->sections));
	if (!rcu->sections)
		return -ENOMEM;
	for (i = 0; i < f->code.nr_insns; i++) {
		struct mmut_insn *insn = (struct mmut_insn *)&f->code.insns[i];

		if (insn->op != MMUT_I_SRCU_LOCK && insn->op != MMUT_I_SRCU_DOWN)
			continue;
		if (n == RCU_SECTIONS || (u64)insn->imm >= NR_RCU_DOMAINS)
			return -EINVAL;
		rcu->sections[n].domain = (u32)insn->imm;
		rcu->sections[n].down = insn->op == MMUT_I_SRCU_DOWN;
		insn->object = (u16)n++;
	}
	rcu->nr_sections = n;
	return 0;
}

int flat_load(const struct mmut_config *config)
{
	const struct mmut_flat *code = config->flat;
	u32 nr_tasks = config->nr_tasks;
	struct flat *f;

	if (!code || !program_is_valid(code, nr_tasks))
		return -EINVAL;
	f = arena_alloc(sizeof(*f) + (nr_tasks + 1) * sizeof(f->tasks[0]));
	if (!f)
		return -ENOMEM;
	f->code = *code;
	f->nr_tasks = nr_tasks;
	f->code.insns = copy(code->insns, code->nr_insns * sizeof(*code->insns));
	f->code.objects = copy(code->objects, code->nr_objects * sizeof(*code->objects));
	f->code.initial = copy(code->initial, code->nr_words * sizeof(*code->initial));
	if (!f->code.insns || !f->code.objects || !f->code.initial)
		return -ENOMEM;
	arena_of()->program_state = f;
	return make_sites(f) ?: make_memory(f) ?: make_registers(f) ?: make_sections(f);
}
