// SPDX-License-Identifier: GPL-2.0-only
/* Programs in C: loading them, and what they call.  See native.h. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MMUTORTURE_ABI_ONLY
#include "../core/contract.h"
#include "../core/rcu.h"
#include "../include/mmutorture.h"
#include "flat.h"
#include "native.h"

static_assert(sizeof(struct mmut_site) == sizeof(struct site), "sites are copied as they are");
static_assert(sizeof(union flat_lock) + sizeof(u64) <= MMUTORTURE_LOCK_BYTES, "a lock, and a word that says which");

/* In the arena. */
struct native {
	const void *object;		/* bulk: the bytes of the shared object */
	u64 object_size;
	char *state;
	u64 state_size;
	s64 observed[MMUT_REGISTERS];
};

/* What a lock of a program consists of. */
struct native_lock {
	union flat_lock lock;
	u64 tag;			/* LOCK_TAG + the kind it was initialised as */
};
#define LOCK_TAG	0x6d6d75746c6f636bULL	/* "mmutlock" */

static struct mmut_module *module;	/* of this process */
static void *handle;
static char error[256];

static const u8 ops[MMUT_NR_ACCESSES] = {
	[MMUT_LOAD] = OP_LOAD, [MMUT_STORE] = OP_STORE, [MMUT_XCHG] = OP_XCHG, [MMUT_CMPXCHG] = OP_CMPXCHG,
	[MMUT_ADD] = OP_ADD, [MMUT_AND] = OP_AND, [MMUT_OR] = OP_OR, [MMUT_AWAIT] = OP_AWAIT,
	[MMUT_FENCE] = OP_FENCE, [MMUT_SPIN_LOCK] = OP_SPIN_LOCK, [MMUT_SPIN_UNLOCK] = OP_SPIN_UNLOCK,
	[MMUT_SPIN_TRYLOCK] = OP_SPIN_TRYLOCK, [MMUT_MUTEX_LOCK] = OP_MUTEX_LOCK,
	[MMUT_MUTEX_UNLOCK] = OP_MUTEX_UNLOCK, [MMUT_READ_LOCK] = OP_READ_LOCK,
	[MMUT_READ_UNLOCK] = OP_READ_UNLOCK, [MMUT_WRITE_LOCK] = OP_WRITE_LOCK,
	[MMUT_WRITE_UNLOCK] = OP_WRITE_UNLOCK, [MMUT_RCU_LOCK] = OP_RCU_LOCK, [MMUT_RCU_UNLOCK] = OP_RCU_UNLOCK,
	[MMUT_YIELD] = OP_YIELD, [MMUT_CHECK] = OP_NONE, [MMUT_OBSERVE] = OP_NONE,
	[MMUT_NO_WRITERS] = OP_NOTE, [MMUT_NO_ACCESS] = OP_NOTE,
};

static struct native *native_of(void)
{
	return arena_of()->program_state;
}

static const struct site *site_of_user(const struct mmut_site *site)
{
	return proc.sites ? proc.sites + (site - module->sites) : NULL;
}

/* ---------------------------------------------------------------- what a program calls */

static bool in_state(const void *addr)
{
	return (u64)addr - (u64)native_of()->state < native_of()->state_size;
}

/* Before and after the tasks nobody else is there: the access is done, and is no event. */
static u64 access_alone(const struct site *site, void *addr, u64 operand, u64 expected)
{
	struct event ev = {
		.addr = addr, .operand = operand, .expected = expected, .op = site->op, .size = site->size,
	};

	hook_perform(&ev);
	return ev.old;
}

static u64 host_access(const struct mmut_site *user, void *addr, u64 operand, u64 expected)
{
	const struct site *site = site_of_user(user);

	if (addr && !in_state(addr)) {
		violation(ORACLE_ASSERTION, site, NULL, "%s is not in STATE: what tasks share has to be", site->what);
		return 0;
	}
	if (site->op == OP_NOTE) {
		hook_note(site, NOTE_EXCLUSIVE, addr, 0);
		return 0;
	}
	if (current->id == TASK_BOSS)
		return access_alone(site, addr, operand, expected);
	return hook_access(site, addr, operand, expected);
}

static u64 host_await(const struct mmut_site *user, void *addr, u64 seen)
{
	const struct site *site = site_of_user(user);

	if (in_state(addr) && current->id != TASK_BOSS)
		return hook_await(site, addr, seen);
	violation(ORACLE_ASSERTION, site, NULL, "nobody can end a wait for %s", site->what);
	return seen;
}

static u64 lock_kind(u8 op)
{
	if (op == OP_READ_LOCK || op == OP_READ_UNLOCK || op == OP_WRITE_LOCK || op == OP_WRITE_UNLOCK)
		return OP_READ_LOCK;
	return op == OP_MUTEX_LOCK || op == OP_MUTEX_UNLOCK ? OP_MUTEX_LOCK : OP_SPIN_LOCK;
}

static void host_lock_init(void *addr, u32 op)
{
	struct native_lock *lock = addr;

	lock->tag = LOCK_TAG + ops[op];
	if (ops[op] == OP_READ_LOCK)
		rwlock_init(&lock->lock.rw, CLASS_PROGRAM_LOCK);
	else
		spin_lock_init(&lock->lock.spin, ops[op] == OP_MUTEX_LOCK ? CLASS_PROGRAM_MUTEX : CLASS_PROGRAM_LOCK);
}

static u64 host_lock(const struct mmut_site *user, void *addr)
{
	const struct site *site = site_of_user(user);
	struct native_lock *lock = addr;

	if (!in_state(addr) || lock->tag != LOCK_TAG + lock_kind(site->op)) {
		violation(ORACLE_ASSERTION, site, NULL,
			  "%s of %s, which is no such lock in STATE that SETUP initialised",
			  op_names[site->op], site->what);
		return 0;
	}
	switch (site->op) {
	case OP_SPIN_LOCK:
	case OP_MUTEX_LOCK:
		__spin_lock(&lock->lock.spin, site);
		break;
	case OP_SPIN_UNLOCK:
	case OP_MUTEX_UNLOCK:
		__spin_unlock(&lock->lock.spin, site);
		break;
	case OP_SPIN_TRYLOCK:
		return __spin_trylock(&lock->lock.spin, site);
	case OP_READ_LOCK:
		__read_lock(&lock->lock.rw, site);
		break;
	case OP_READ_UNLOCK:
		__read_unlock(&lock->lock.rw, site);
		break;
	case OP_WRITE_LOCK:
		__write_lock(&lock->lock.rw, site);
		break;
	case OP_WRITE_UNLOCK:
		__write_unlock(&lock->lock.rw, site);
		break;
	}
	return 1;
}

static void host_rcu(const struct mmut_site *user, u32 domain)
{
	const struct site *site = site_of_user(user);

	if (site->op == OP_RCU_LOCK)
		__rcu_read_lock(domain ? RCU_MEMSLOTS : RCU_SCHED, site);
	else
		__rcu_read_unlock(domain ? RCU_MEMSLOTS : RCU_SCHED, site);
}

static void host_synchronize(u32 domain)
{
	synchronize_rcu_domain(domain ? RCU_MEMSLOTS : RCU_SCHED);
}

static void host_yield(const struct mmut_site *user)
{
	__cpu_relax(site_of_user(user));
}

static void host_check(const struct mmut_site *user)
{
	const struct site *site = site_of_user(user);

	violation(ORACLE_ASSERTION, site, NULL, "check(%s)", site->what);
}

/* Where in an outcome the values of this observe() are: they stand in the order of their lines. */
static u32 place_of_observed(const struct mmut_site *user)
{
	const struct mmut_site *site;
	u32 n = 0;

	for (site = module->sites; site < module->sites_end; site++)
		n += site->op == MMUT_OBSERVE &&
		     (site->line < user->line || (site->line == user->line && site < user));
	return n;
}

static void host_observe(const struct mmut_site *user, s64 value)
{
	u32 n = place_of_observed(user);

	if (n < MMUT_REGISTERS)
		native_of()->observed[n] = value;
}

static const struct mmut_host host = {
	.access = host_access, .await = host_await, .lock = host_lock, .lock_init = host_lock_init,
	.rcu = host_rcu, .synchronize = host_synchronize, .yield = host_yield,
	.check = host_check, .observe = host_observe,
};

/* ---------------------------------------------------------------- loading */

const char *native_error(void)
{
	return error;
}

void native_close(void)
{
	if (handle)
		dlclose(handle);
	handle = module = NULL;
}

int native_open(const void *bytes, u64 size)
{
	char path[64];
	int fd;

	native_close();
	snprintf(error, sizeof(error), "the compiled program cannot be loaded");
	fd = memfd_create("mmut:program", MFD_CLOEXEC);
	if (fd < 0)
		return -EINVAL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, bytes, size) == (ssize_t)size)
		handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		snprintf(error, sizeof(error), "the compiled program cannot be loaded: %s", dlerror() ?: path);
	close(fd);
	module = handle ? dlsym(handle, "mmut_module") : NULL;
	if (!module || module->abi != MMUTORTURE_ABI) {
		native_close();
		return -EINVAL;
	}
	module->host = &host;
	return 0;
}

const char *native_task_name(u32 n)
{
	return module && n < (u64)(module->tasks_end - module->tasks) ? module->tasks[n].name : NULL;
}

const char *native_label(u32 n)
{
	const struct mmut_site *site;

	for (site = module ? module->sites : NULL; module && site < module->sites_end; site++)
		if (site->op == MMUT_OBSERVE && place_of_observed(site) == n)
			return site->what;
	return NULL;
}

static const char *copy_string(char **at, const char *from)
{
	char *to = *at;

	*at = stpcpy(to, from) + 1;
	return to;
}

/* The object is at another address in each process: sites and their strings are in the arena. */
static int copy_sites(void)
{
	u32 i, n = (u32)(module->sites_end - module->sites);
	struct site *sites = arena_alloc_bulk((n + 1) * sizeof(*sites));
	u64 bytes = 1;
	char *at;

	for (i = 0; i < n; i++)
		bytes += strlen(module->sites[i].file) + strlen(module->sites[i].func) +
			 strlen(module->sites[i].what) + 3;
	at = arena_alloc_bulk(bytes);
	if (!sites || !at)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		const struct mmut_site *user = &module->sites[i];

		sites[i] = (struct site){
			.file = copy_string(&at, user->file), .func = copy_string(&at, user->func),
			.what = copy_string(&at, user->what), .line = user->line,
			.op = ops[user->op], .size = user->size, .order = user->order,
			.flags = user->op == MMUT_NO_WRITERS ? SITE_NO_WRITERS :
				 user->op == MMUT_NO_ACCESS ? SITE_NO_ACCESS : 0,
		};
	}
	proc.sites = arena_of()->sites = sites;
	arena_of()->nr_sites = n;
	return 0;
}

static int native_load(const struct mmut_config *config)
{
	struct native *n = arena_alloc(sizeof(*n));
	u64 size = config->object_size;
	void *object = arena_alloc_bulk(size);

	if (!config->object || native_open(config->object, size) ||
	    config->nr_tasks != (u64)(module->tasks_end - module->tasks))
		return -EINVAL;
	if (!n || !object)
		return -ENOMEM;
	n->object = memcpy(object, config->object, size);
	n->object_size = size;
	n->state_size = module->state_size;
	n->state = arena_alloc(n->state_size + sizeof(u64));	/* a wait reads eight bytes */
	if (!n->state)
		return -ENOMEM;
	arena_of()->program_state = n;
	*module->state = n->state;
	return copy_sites();
}

static int native_attach(void)
{
	int err = native_open(native_of()->object, native_of()->object_size);

	if (!err)
		*module->state = native_of()->state;
	return err;
}

/* ---------------------------------------------------------------- the program */

static int native_setup(void)
{
	if (module->setup)
		module->setup();
	return 0;
}

static void native_body(struct task *task)
{
	module->tasks[task->index].body();
}

static void native_finish(struct program_outcome *out)
{
	if (module->finally)
		module->finally();
	while (out->nr_values < MMUT_REGISTERS && native_label(out->nr_values))
		out->nr_values++;
	memcpy(out->values, native_of()->observed, sizeof(out->values));
}

const struct program program_native = {
	.name = "native",
	.text = "a program that the user wrote in C",
	.load = native_load,
	.attach = native_attach,
	.setup = native_setup,
	.body = native_body,
	.finish = native_finish,
	.no_callbacks = true,
};
