// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interpreter of flat programs.
 *
 * An instruction that touches shared state is one event; all else is private to the task and takes
 * no step.  Before each access the task says which of its earlier loads the address, the value and
 * the branches so far came from (struct dependencies), so that a memory model which orders accesses
 * by dependencies has them.
 */
#include "../core/contract.h"
#include "../core/rcu.h"
#include "flat.h"

static inline u64 value_b(const struct flat_task *t, const struct mmut_insn *i)
{
	return i->b == MMUT_NO_REGISTER ? (u64)i->imm : t->registers[i->b];
}

static inline u64 depends_b(const struct flat_task *t, const struct mmut_insn *i)
{
	return i->b == MMUT_NO_REGISTER ? 0 : t->depends[i->b];
}

static inline const struct site *site_of_insn(const struct flat *f, const struct mmut_insn *i)
{
	return &f->sites[i - f->code.insns];
}

static u64 compute(const struct flat_task *t, const struct mmut_insn *i, bool *fault)
{
	u64 a = t->registers[i->a], b = value_b(t, i);

	switch (i->op) {
	case MMUT_I_ADD:
		return a + b;
	case MMUT_I_SUB:
		return a - b;
	case MMUT_I_MUL:
		return a * b;
	case MMUT_I_AND:
		return a & b;
	case MMUT_I_OR:
		return a | b;
	case MMUT_I_XOR:
		return a ^ b;
	case MMUT_I_EQ:
		return a == b;
	case MMUT_I_NE:
		return a != b;
	case MMUT_I_LT:
		return (s64)a < (s64)b;
	case MMUT_I_LE:
		return (s64)a <= (s64)b;
	}
	/* Division rounds towards zero, as C's does; the one that overflows wraps, as addition does. */
	*fault = !b;
	if (!b)
		return 0;
	if (b == ~0ULL)
		return i->op == MMUT_I_DIV ? 0 - a : 0;
	return (u64)(i->op == MMUT_I_DIV ? (s64)a / (s64)b : (s64)a % (s64)b);
}

/* The word, or the lock, that the instruction is about; NULL after a violation that is not reported. */
static void *place_of(struct flat *f, const struct flat_task *t, const struct mmut_insn *i)
{
	const struct mmut_object *o;
	u64 n = i->index == MMUT_NO_REGISTER ? 0 : t->registers[i->index];

	if (i->object == MMUT_NO_OBJECT) {
		if (n - MMUT_POINTER < f->code.nr_words)
			return &f->words[n - MMUT_POINTER];
		violation(ORACLE_ASSERTION, site_of_insn(f, i), NULL, "%s: 0x%llx is no pointer", i->text,
			  (unsigned long long)n);
		return NULL;
	}
	o = &f->code.objects[i->object];
	if (n < o->count)
		return o->kind == MMUT_OBJECT_WORDS ? (void *)&f->words[o->first + n]
						    : (void *)&f->locks[o->first + n];
	violation(ORACLE_ASSERTION, site_of_insn(f, i), NULL, "%s: %s[%lld] of %u", i->text, o->name, (long long)n,
		  o->count);
	return NULL;
}

static u64 await(const struct site *site, void *addr, u64 value, bool until_equal)
{
	u64 seen;

	for (;;) {
		if (proc.controlled) {
			current->wait = until_equal ? wait_equal(addr, value, 8) : wait_change(addr, value, 8);
			current->state = TASK_WAITING;
			seen = hook_access(site, addr, 0, value);
		} else {
			seen = __atomic_load_n((u64 *)addr, __ATOMIC_ACQUIRE);
			if ((seen == value) != until_equal)
				seen = hook_await(site, addr, seen);
		}
		/* A store of its own that is still buffered may hide what the task waited for. */
		if ((seen == value) == until_equal)
			return seen;
	}
}

/* Say what the access at hand depends on; true if it is a load, which gets the next number. */
static void say_dependencies(struct flat_task *t, const struct mmut_insn *i)
{
	struct dependencies *d = &current->depends;

	d->known = 1;
	d->address = i->index == MMUT_NO_REGISTER ? 0 : t->depends[i->index];
	d->data = depends_b(t, i) | (i->op == MMUT_I_CMPXCHG ? t->depends[i->a] : 0);
	d->control = t->control;
	d->load = t->loads;
	d->noreturn = i->op >= MMUT_I_XCHG && i->op <= MMUT_I_FETCH_XOR && i->dst == MMUT_NO_REGISTER;
}

static void set_loaded(struct flat_task *t, u16 dst, u64 value)
{
	if (dst != MMUT_NO_REGISTER) {
		t->registers[dst] = value;
		t->depends[dst] = BIT_ULL(min(t->loads, FLAT_LOADS_TOLD));
	}
	t->loads++;
}

static bool word_op(struct flat *f, struct flat_task *t, const struct mmut_insn *i)
{
	const struct site *site = site_of_insn(f, i);
	void *addr = place_of(f, t, i);
	u64 operand = i->op == MMUT_I_LOAD ? 0 : value_b(t, i);
	u64 expected = i->op == MMUT_I_CMPXCHG ? t->registers[i->a] : 0, old;

	if (!addr)
		return false;
	say_dependencies(t, i);
	if (i->op == MMUT_I_AWAIT_EQ || i->op == MMUT_I_AWAIT_NE)
		old = await(site, addr, operand, i->op == MMUT_I_AWAIT_EQ);
	else
		old = (t->inside ? hook_access_inside : hook_access)(site, addr, operand, expected);
	if (i->op != MMUT_I_STORE)
		set_loaded(t, i->dst, old);
	return true;
}

static bool lock_op(struct flat *f, struct flat_task *t, const struct mmut_insn *i)
{
	const struct site *site = site_of_insn(f, i);
	union flat_lock *lock = place_of(f, t, i);

	if (!lock)
		return false;
	say_dependencies(t, i);
	switch (i->op) {
	case MMUT_I_SPIN_LOCK:
		__spin_lock(&lock->spin, site);
		break;
	case MMUT_I_SPIN_UNLOCK:
		__spin_unlock(&lock->spin, site);
		break;
	case MMUT_I_SPIN_TRYLOCK:
		set_loaded(t, i->dst, __spin_trylock(&lock->spin, site));
		break;
	case MMUT_I_SPIN_IS_LOCKED:
		set_loaded(t, i->dst, __spin_is_locked(&lock->spin, site));
		break;
	case MMUT_I_MUTEX_LOCK:
		__mutex_lock(&lock->mutex, site);
		break;
	case MMUT_I_MUTEX_UNLOCK:
		__mutex_unlock(&lock->mutex, site);
		break;
	case MMUT_I_READ_LOCK:
		__read_lock(&lock->rw, site);
		break;
	case MMUT_I_READ_UNLOCK:
		__read_unlock(&lock->rw, site);
		break;
	case MMUT_I_WRITE_LOCK:
		__write_lock(&lock->rw, site);
		break;
	case MMUT_I_WRITE_UNLOCK:
		__write_unlock(&lock->rw, site);
		break;
	}
	return true;
}

/* What ends a section may be any value: one that is no section of the domain ends none. */
static void srcu_op(struct flat_task *t, const struct mmut_insn *i, const struct site *site)
{
	struct rcu_state *rcu = arena_of()->rcu;
	u64 n = t->registers[i->a] - 1;

	if (i->op != MMUT_I_SRCU_UNLOCK) {
		rcu_section_lock(&rcu->sections[i->object], site);
		t->registers[i->dst] = i->object + 1u;
		t->depends[i->dst] = 0;
	} else if (n < rcu->nr_sections && rcu->sections[n].domain == (u64)i->imm) {
		rcu_section_unlock(&rcu->sections[n], site);
	}
}

static void other_event(struct flat *f, struct flat_task *t, const struct mmut_insn *i)
{
	const struct site *site = site_of_insn(f, i);
	enum rcu_domain domain = (enum rcu_domain)i->imm;	/* below NR_RCU_DOMAINS: the loader has looked */
	void *word;

	say_dependencies(t, i);
	switch (i->op) {
	case MMUT_I_FENCE:
		hook_access(site, NULL, (u64)i->imm, 0);
		break;
	case MMUT_I_RCU_LOCK:
		__rcu_read_lock(domain, site);
		break;
	case MMUT_I_RCU_UNLOCK:
		__rcu_read_unlock(domain, site);
		break;
	case MMUT_I_SRCU_LOCK:
	case MMUT_I_SRCU_DOWN:
	case MMUT_I_SRCU_UNLOCK:
		srcu_op(t, i, site);
		break;
	case MMUT_I_RCU_SYNC:
		synchronize_rcu_domain(domain);
		break;
	case MMUT_I_YIELD:
		__cpu_relax(site);
		break;
	case MMUT_I_ATOMIC:
		hook_access(site, &f->atomic, 1, 0);
		t->inside = 1;
		break;
	case MMUT_I_NO_WRITERS:
	case MMUT_I_NO_ACCESS:
		word = place_of(f, t, i);
		if (word)
			hook_note(site, NOTE_EXCLUSIVE, word, 0);
		break;
	case MMUT_I_ATOMIC_END:
		/* What the block stored is there when the block is over, whatever the memory model. */
		hook_access_inside(site, NULL, FENCE_MB, 0);
		t->inside = 0;
		break;
	}
}

static bool event(struct flat *f, struct flat_task *t, const struct mmut_insn *i, bool final)
{
	t->quiet = 0;
	if (final) {
		const u64 *word = place_of(f, t, i);

		if (word)
			t->registers[i->dst] = *word;
		return word;
	}
	if (i->op >= MMUT_I_LOAD && i->op <= MMUT_I_AWAIT_NE)
		return word_op(f, t, i);
	if (i->op >= MMUT_I_SPIN_LOCK && i->op <= MMUT_I_WRITE_UNLOCK)
		return lock_op(f, t, i);
	other_event(f, t, i);
	return true;
}

/* What only the final part has. */
static void conclude(struct flat *f, struct flat_task *t, const struct mmut_insn *i, struct program_outcome *out)
{
	switch (i->op) {
	case MMUT_I_REGISTER:
		t->registers[i->dst] = (u64)i->imm < f->nr_tasks ? f->tasks[i->imm].registers[i->index] : 0;
		break;
	case MMUT_I_RULE:
		if (t->registers[i->a] && out->rule == ~0u)
			out->rule = (u32)i->imm;
		break;
	case MMUT_I_DISCARD:
		out->discard |= !t->registers[i->a];
		break;
	}
}

/* An instruction that is no event; false: the task ends here. */
static bool quiet_op(struct flat *f, struct flat_task *t, const struct mmut_insn *i, struct program_outcome *out)
{
	bool fault = false;
	void *word;

	switch (i->op) {
	case MMUT_I_EXIT:
		return false;
	case MMUT_I_MOVE:
		t->registers[i->dst] = value_b(t, i);
		t->depends[i->dst] = depends_b(t, i);
		break;
	case MMUT_I_ADDRESS:
		word = place_of(f, t, i);
		if (!word)
			return false;
		t->registers[i->dst] = MMUT_POINTER + (u64)((u64 *)word - f->words);
		t->depends[i->dst] = i->index == MMUT_NO_REGISTER ? 0 : t->depends[i->index];
		break;
	case MMUT_I_JUMP:
		t->pc = (u32)i->imm;
		break;
	case MMUT_I_JUMP_ZERO:
	case MMUT_I_JUMP_NONZERO:
		t->control |= t->depends[i->a];
		if (!t->registers[i->a] == (i->op == MMUT_I_JUMP_ZERO))
			t->pc = (u32)i->imm;
		break;
	case MMUT_I_CONTROL:
		t->registers[i->dst] = t->control;
		t->depends[i->dst] = 0;
		break;
	case MMUT_I_JOIN:
		t->control = t->registers[i->a];
		break;
	case MMUT_I_CHECK:
		if (!t->registers[i->a])
			violation(ORACLE_ASSERTION, site_of_insn(f, i), NULL, "%s", i->text);
		break;
	case MMUT_I_REGISTER:
	case MMUT_I_RULE:
	case MMUT_I_DISCARD:
		conclude(f, t, i, out);
		break;
	default:
		t->registers[i->dst] = compute(t, i, &fault);
		t->depends[i->dst] = t->depends[i->a] | depends_b(t, i);
		if (fault)
			violation(ORACLE_ASSERTION, site_of_insn(f, i), NULL, "%s: division by zero", i->text);
	}
	return true;
}

void flat_run(struct flat *f, struct flat_task *t, struct program_outcome *out)
{
	for (;;) {
		const struct mmut_insn *i = &f->code.insns[t->pc++];

		if (i->op >= MMUT_I_LOAD || i->op == MMUT_I_ATOMIC_END) {
			if (!event(f, t, i, out != NULL))
				return;
			continue;
		}
		if (!quiet_op(f, t, i, out))
			return;
		if (unlikely(++t->quiet > FLAT_QUIET_MAX)) {
			violation(ORACLE_NO_PROGRESS, site_of_insn(f, i), NULL,
				  "a loop without any shared access does not end");
			return;
		}
	}
}

static int flat_setup(void)
{
	return 0;	/* flat_load() has done it */
}

static void flat_body(struct task *task)
{
	struct flat *f = flat_of();

	flat_run(f, &f->tasks[task->index], NULL);
}

static u64 flat_own_state(const struct task *task)
{
	const struct flat *f = flat_of();
	const struct flat_task *t = &f->tasks[task->index];
	u64 hash = t->pc;
	u32 i;

	for (i = 0; i < f->code.nr_registers; i++)
		hash = mix64(hash ^ t->registers[i]) + i;
	return hash;
}

static void flat_finish(struct program_outcome *out)
{
	struct flat *f = flat_of();
	u32 i;

	flat_run(f, &f->tasks[f->nr_tasks], out);
	out->nr_values = f->code.nr_observed;
	for (i = 0; i < f->code.nr_observed; i++) {
		const struct mmut_observed *o = &f->code.observed[i];

		out->values[i] = (s64)(o->task == MMUT_FINAL ? f->words[o->place]
							     : f->tasks[o->task].registers[o->place]);
	}
}

const struct program program_flat = {
	.name = "flat",
	.text = "the program that a file of the user describes",
	.load = flat_load,
	.setup = flat_setup,
	.body = flat_body,
	.finish = flat_finish,
	.own_state = flat_own_state,
	.no_callbacks = true,
};
