// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the planted violations: see plant.h.
 *
 *	oracles --list | oracles [NAME...]
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../api.h"
#include "../kvm/mmu_page.h"
#include "../kvm/spte.h"
#include "../program/program.h"
#include "plant.h"
#include "tap.h"
#include "worlds.h"

static jmp_buf env;

static void stop(void)
{
	longjmp(env, 1);
}

/* No small programs here. */
const struct program *program_by_id(u32 id)
{
	return NULL;
}

table_word *sptep_of(struct machine *m, gfn_t gfn, u32 level)
{
	u32 n = m->root->pfn, at;

	for (at = m->root->role.level; at > level; at--)
		n = (u32)ck_pfn(READ_PRIVATE(frame_words(n)[(gfn >> KVM_HPAGE_GFN_SHIFT(at)) % TABLE_WORDS]));
	return &frame_words(n)[(gfn >> KVM_HPAGE_GFN_SHIFT(level)) % TABLE_WORDS];
}

struct kvm_mmu_page *new_table(struct machine *m)
{
	u32 n = frame_alloc_table(), i;
	struct kvm_mmu_page *sp = pfn_to_sp(n);

	for (i = 0; i < TABLE_WORDS; i++)
		WRITE_PRIVATE(frame_words(n)[i], SHADOW_NONPRESENT_VALUE);
	tdp_mmu_init_sp(sp, sptep_of(m, EMPTY_GFN(5), PG_LEVEL_2M), EMPTY_GFN(5), pfn_to_sp(m->l1)->role);
	return sp;
}

void link_new(struct machine *m, const struct kvm_mmu_page *sp)
{
	xchg(sptep_of(m, EMPTY_GFN(5), PG_LEVEL_2M), (m->table & ~CK_ADDR) | (u64)sp->pfn << PAGE_SHIFT);
}

static struct mmut_task a_task(const char *name, u32 kind, u32 op)
{
	struct mmut_task task = {
		.kind = kind, .operations = 1, .nr_ops = 1, .gfn_count = 16,
		.ops[0] = { .kind = op, .weight = 1, .npages = 1, .reg = -1 },
	};

	snprintf(task.name, sizeof(task.name), "%s", name);
	return task;
}

static void create(struct machine *m, enum plant_world world)
{
	static struct mmut_config config;

	config = (struct mmut_config){
		.seed = 1, .oracles = ~0ULL, .checks = 1, .controlled = 1, .decisions_max = 1,
		.tdp_mmu = 1, .root_level = 4, .max_level = PG_LEVEL_2M, .ad_bits = 1, .populate = 1,
		.nx_huge_pages = world == WORLD_NX,
		.manual_protect = world == WORLD_ALL_SET, .initially_set = world == WORLD_ALL_SET,
		.nr_slots = 2,
		.slots[0] = { .npages = 16, .flags = world == WORLD_DIRTY_LOG || world == WORLD_ALL_SET },
		.slots[1] = { .base_gfn = HUGE_GFN, .npages = 512, .huge = 1 },
		.nr_tasks = 3,
		.tasks[0] = a_task("vcpu0", MMUT_TASK_VCPU, MMUT_OP_READ),
		.tasks[1] = a_task("vcpu1", MMUT_TASK_VCPU, MMUT_OP_READ),
		.tasks[2] = a_task("host0", MMUT_TASK_HOST_MM, MMUT_OP_MIGRATE),
	};
	world_open(&config);
	m->kvm = kvm_of();
	m->root = container_of(READ_PRIVATE(m->kvm->tdp_mmu_roots.next), struct kvm_mmu_page, link);
	m->leaf_at = sptep_of(m, LEAF_GFN, PG_LEVEL_4K);
	m->huge_at = sptep_of(m, HUGE_GFN, PG_LEVEL_2M);
	m->table_at = sptep_of(m, LEAF_GFN, PG_LEVEL_2M);
	m->leaf = READ_PRIVATE(*m->leaf_at);
	m->huge = READ_PRIVATE(*m->huge_at);
	m->table = READ_PRIVATE(*m->table_at);
	m->frame = (u32)ck_pfn(m->leaf);
	m->huge_frame = (u32)ck_pfn(m->huge);
	m->l1 = (u32)ck_pfn(m->table);
}

/* As between two executions; the tasks have no bodies to run. */
static void reset(void)
{
	u32 i;

	arena_reset();
	for (i = 0; i < arena_of()->nr_tasks; i++)
		task_by_id(i)->state = TASK_DONE;
	proc.stop = stop;
	proc.watch = check_watch;
	proc.scheduled = NULL;
	proc.point = NULL;
	proc.block = NULL;
	proc.access = NULL;
	proc.trace = NULL;
	proc.chance = NULL;
	proc.controlled = 0;
	proc.hooks = 1;
	become(BOSS);
}

static const char *verdict(const struct plant *p)
{
	const struct failure *f = &arena_of()->failure;

	if (!p->text)
		return f->set ? complain("%s says \"%s\", and nothing is wrong", oracle_names[f->oracle], f->message)
			      : NULL;
	if (!f->set)
		return complain("%s is silent; it should say \"%s\"", oracle_names[p->oracle], p->text);
	if (f->oracle != p->oracle || !strstr(f->message, p->text))
		return complain("%s says \"%s\"; %s should say \"%s\"", oracle_names[f->oracle], f->message,
				oracle_names[p->oracle], p->text);
	return NULL;
}

static const char *run(const struct plant *p, struct machine *m)
{
	reset();
	if (!setjmp(env))
		check_quiescent();
	if (arena_of()->failure.set)
		return complain("the machine is not in order before the case: %s", arena_of()->failure.message);
	reset();
	/* Cases link and cut by hand, and keep no books. */
	if (p->oracle != ORACLE_ACCOUNTING)
		arena_of()->oracle_mask &= ~BIT_ULL(ORACLE_ACCOUNTING);
	become(p->task);
	if (!setjmp(env)) {
		p->body(m);
		if (p->finally) {
			become(BOSS);
			p->finally();
		}
	}
	return verdict(p);
}

int main(int argc, char **argv)
{
	const struct plant *p;
	struct machine m;
	u32 world;

	for (p = __start_mmut_plants; p < __stop_mmut_plants && tap_list_wanted(argc, argv); p++)
		printf("%s %s\n", oracle_names[p->oracle], p->name);
	if (tap_list_wanted(argc, argv))
		return 0;
	for (world = 0; world < NR_PLANT_WORLDS; world++) {
		create(&m, world);
		for (p = __start_mmut_plants; p < __stop_mmut_plants; p++)
			if (p->world == world && tap_selected(argc, argv, p->name))
				tap_result(p->name, run(p, &m));
		mmut_world_detach();
	}
	return tap_end();
}
