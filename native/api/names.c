// SPDX-License-Identifier: GPL-2.0-only
/* Names of what there is, for Python. */
#include <string.h>

#include "api.h"
#include "check/check.h"
#include "core/lock.h"
#include "kvm/kvm_host.h"
#include "program/program.h"
#include "sched/sched.h"
#include "text.h"

#ifndef MMUTORTURE_BUILD_ID
#define MMUTORTURE_BUILD_ID "unknown"
#endif
#ifndef MMUTORTURE_BUILD_KIND
#define MMUTORTURE_BUILD_KIND "unknown"
#endif

const char *mmut_build_id(void)
{
	return MMUTORTURE_BUILD_ID;
}

const char *mmut_build_kind(void)
{
	return MMUTORTURE_BUILD_KIND;
}

const char *mmut_oracle_name(uint32_t n)
{
	return n < NR_ORACLES ? oracle_names[n] : NULL;
}

const char *mmut_oracle_text(uint32_t n)
{
	return n < NR_ORACLES ? oracle_texts[n] : NULL;
}

const char *mmut_strategy_name(uint32_t n)
{
	return strategy_by_id(n) ? strategy_by_id(n)->name : NULL;
}

const char *mmut_strategy_text(uint32_t n)
{
	return strategy_by_id(n) ? strategy_by_id(n)->text : NULL;
}

static const struct { const char *name, *kind; } op_kinds[MMUT_NR_OP_KINDS] = {
	[MMUT_OP_READ] = { "read", "vcpu" }, [MMUT_OP_WRITE] = { "write", "vcpu" },
	[MMUT_OP_MIGRATE] = { "migrate", "host-mm" }, [MMUT_OP_RECLAIM] = { "reclaim", "host-mm" },
	[MMUT_OP_COLLAPSE] = { "collapse", "host-mm" }, [MMUT_OP_SPLIT] = { "split", "host-mm" },
	[MMUT_OP_FAST_ZAP] = { "fast-zap", "vmm" }, [MMUT_OP_SLOT_RECREATE] = { "slot-recreate", "vmm" },
	[MMUT_OP_DIRTY_LOG_ON] = { "dirty-log-on", "vmm" }, [MMUT_OP_DIRTY_LOG_OFF] = { "dirty-log-off", "vmm" },
	[MMUT_OP_DIRTY_LOG_GET] = { "dirty-log-get", "vmm" },
	[MMUT_OP_EXEC] = { "exec", "vcpu" }, [MMUT_OP_NX_RECOVER] = { "nx-recover", "nx-recovery" },
	[MMUT_OP_WRITE_TRACK] = { "write-track", "vmm" },
	[MMUT_OP_DIRTY_LOG_CLEAR] = { "dirty-log-clear", "vmm" },
	[MMUT_OP_AGE] = { "age", "host-mm" }, [MMUT_OP_TEST_AGE] = { "test-age", "host-mm" },
	[MMUT_OP_PREFAULT] = { "prefault", "vcpu" },
	[MMUT_OP_ZAP_GFN_RANGE] = { "zap-gfn-range", "vmm" }, [MMUT_OP_SLOT_MOVE] = { "slot-move", "vmm" },
	[MMUT_OP_APIC_ACCESS] = { "apic-access", "vcpu" }, [MMUT_OP_MMU_RESET] = { "mmu-reset", "vcpu" },
};

const char *mmut_op_name(uint32_t kind)
{
	return kind < MMUT_NR_OP_KINDS ? op_kinds[kind].name : NULL;
}

const char *mmut_op_task_kind(uint32_t kind)
{
	return kind < MMUT_NR_OP_KINDS ? op_kinds[kind].kind : NULL;
}

const char *mmut_event_op_name(uint32_t op)
{
	return op < NR_OPS ? op_names[op] : NULL;
}

const char *mmut_task_kind_name(uint32_t kind)
{
	return kind < NR_TASK_KINDS ? task_kind_names[kind] : NULL;
}

const char *mmut_lock_class_name(uint32_t n)
{
	return n < NR_LOCK_CLASSES ? lock_class_names[n] : NULL;
}

const char *mmut_program_name(uint32_t n)
{
	return program_by_id(n) ? program_by_id(n)->name : NULL;
}

int mmut_bug(uint32_t n, struct mmut_bug_info *info)
{
	const struct bug_info *b;

	if (n >= NR_BUGS)
		return -1;
	b = &bug_table[n];
	*info = (struct mmut_bug_info){
		.name = b->name, .slug = b->slug, .commit = b->commit, .scenario = b->scenario,
		.profile = b->profile, .memory = b->memory, .oracles = b->oracles, .text = b->text,
		.depth = b->depth,
	};
	return 0;
}

int mmut_place_get(uint32_t n, struct mmut_place *row)
{
	const struct site *site;
	const char *native;

	if (n >= NR_STATIC_SITES + arena_of()->nr_sites)
		return -1;
	site = site_by_id(n);
	native = strstr(site->file, "native/");
	memset(row, 0, sizeof(*row));
	COPY(row->file, native ? native : site->file);
	COPY(row->func, site->func);
	COPY(row->what, site->what);
	row->line = site->line;
	return 0;
}

int mmut_address_name(uint64_t addr, char *name, uint32_t size)
{
	check_object_name((const void *)((u64)arena_of() + addr), name, size);
	return *name && *name != '+' ? 0 : -1;
}
