// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the tasks do.
 *
 * A storm draws operations from a weighted mix and gfns from a range; a litmus program runs
 * its operations once, in order, and leaves what it read in registers.  Everything drawn comes
 * from the task's own data stream, so that the program of a task does not depend on how the
 * tasks are interleaved.
 */
#define _GNU_SOURCE
#include "workload.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "../core/flight.h"
#include "dirty_log.h"
#include "host_mm.h"
#include "memslot.h"
#include "mmu.h"
#include "nx.h"
#include "prefault.h"
#include "vcpu.h"
#include "vmm.h"
#include "write_track.h"
#include "zap_range.h"

#define PACE_NAP_NS	20000
#define PACE_IDLE_NAPS	10

struct workload {
	u32 nr_tasks;
	struct mmut_task tasks[MMUT_MAX_TASKS];
};

/* One task's progress through its workload; on its stack. */
struct runner {
	struct kvm *kvm;
	const struct mmut_task *def;
	struct kvm_vcpu *vcpu;		/* NULL: not a vCPU */
	u32 total_weight;
	u64 cursor;			/* sequential gfns: the next one, from gfn_first */
};

int workload_init(const struct mmut_config *config)
{
	struct workload *w = arena_alloc_bulk(sizeof(*w));	/* constant: nothing to restore */

	if (!w)
		return -ENOMEM;
	w->nr_tasks = config->nr_tasks;
	memcpy(w->tasks, config->tasks, sizeof(w->tasks));
	arena_of()->workload = w;
	return 0;
}

/* The n-th task of a kind in the configuration is the one with that index. */
static const struct mmut_task *workload_of(const struct task *task)
{
	const struct workload *w = arena_of()->workload;
	u32 index = 0;

	for (u32 i = 0; i < w->nr_tasks; i++)
		if (w->tasks[i].kind == task->kind && index++ == task->index)
			return &w->tasks[i];
	return NULL;
}

static bool stopped(void)
{
	return *(volatile u32 *)&arena_of()->stop;
}

/* ------------------------------------------------------------------ operations */

static inline u64 pick_gfn(struct runner *r)
{
	u64 n;

	if (r->def->random_gfn) {
		n = prng_below(&current->data, (u32)r->def->gfn_count);
	} else {
		n = r->cursor++;
		if (r->cursor >= r->def->gfn_count)
			r->cursor = 0;
	}
	flight_about(r->def->gfn_first + n);
	return r->def->gfn_first + n;
}

static void set_register(s32 reg, u64 value)
{
	if (reg >= 0 && reg < (s32)sizeof(current->result))
		((u8 *)&current->result)[reg] = (u8)min(value, (u64)255);
}

/* The region that `*gfn` belongs to; in the other place of a slot that moves, as if it were at home. */
static const struct kvm_memory_region *gfn_to_region(const struct runner *r, u64 *gfn)
{
	for (u32 i = 0; i < r->kvm->nr_regions; i++) {
		const struct kvm_memory_region *region = &r->kvm->regions[i];

		if (region->as_id != !!r->def->as_id)
			continue;
		if (*gfn - region->base_gfn < region->npages)
			return region;
		if (region->move_gfn != INVALID_GPA && *gfn - region->move_gfn < region->npages) {
			*gfn = region->base_gfn + (*gfn - region->move_gfn);
			return region;
		}
	}
	return NULL;
}

/* User space knows what backs a gfn, whether or not a slot says so at the moment. */
static void host_operation(struct runner *r, const struct mmut_op *op, u64 gfn)
{
	const struct kvm_memory_region *region = gfn_to_region(r, &gfn);
	u64 npages, block;
	hva_t hva;

	if (!region)
		return;
	npages = op->npages ? min(op->npages, region->base_gfn + region->npages - gfn) : 1;
	hva = region->userspace_addr + ((gfn - region->base_gfn) << PAGE_SHIFT);
	block = round_down(gfn, KVM_PAGES_PER_HPAGE(PG_LEVEL_2M));
	switch (op->kind) {
	case MMUT_OP_MIGRATE:
		for (u64 i = 0; i < npages; i++)
			host_mm_migrate(r->kvm, hva + (i << PAGE_SHIFT));
		break;
	case MMUT_OP_RECLAIM:
		host_mm_reclaim(r->kvm, hva, npages);
		break;
	case MMUT_OP_SPLIT:
		host_mm_split(r->kvm, hva);
		break;
	case MMUT_OP_AGE:
	case MMUT_OP_TEST_AGE:
		host_mm_age(r->kvm, hva, npages, op->kind == MMUT_OP_AGE);
		break;
	case MMUT_OP_COLLAPSE:
		/* Only what lies inside one region can be one mapping. */
		if (block >= region->base_gfn &&
		    block + KVM_PAGES_PER_HPAGE(PG_LEVEL_2M) <= region->base_gfn + region->npages)
			host_mm_collapse(r->kvm, hva);
		break;
	}
}

/* Two ioctls on the vCPU: running the guest has come back to user space, which asks for this one. */
static void prefault_operation(struct runner *r, u64 gfn)
{
	static_check_off("from outside or inside guest mode, which is in a section or not");
	kvm_vcpu_put(r->vcpu);
	kvm_vcpu_load(r->vcpu);
	kvm_arch_vcpu_pre_fault_memory(r->vcpu, gfn << PAGE_SHIFT);
}

static void vmm_operation(struct runner *r, const struct mmut_op *op)
{
	if (op->slot >= r->kvm->nr_regions)
		return;
	switch (op->kind) {
	case MMUT_OP_FAST_ZAP:
		vmm_fast_zap(r->kvm);
		break;
	case MMUT_OP_ZAP_GFN_RANGE:
		kvm_toggle_slot_emulated(r->kvm, op->slot);
		break;
	case MMUT_OP_SLOT_MOVE:
		kvm_move_memslot(r->kvm, op->slot);
		break;
	case MMUT_OP_SLOT_RECREATE:
		vmm_slot_recreate(r->kvm, op->slot);
		break;
	case MMUT_OP_DIRTY_LOG_ON:
	case MMUT_OP_DIRTY_LOG_OFF:
		kvm_set_memslot_dirty_logging(r->kvm, op->slot, op->kind == MMUT_OP_DIRTY_LOG_ON);
		break;
	case MMUT_OP_DIRTY_LOG_GET:
		kvm_get_dirty_log(r->kvm, op->slot);
		break;
	}
}

/* As user space does: chunks of 64 pages, the bits it got before; a litmus clears the whole slot. */
static void clear_dirty_log(struct runner *r, const struct mmut_op *op)
{
	const struct kvm_memory_region *region = &r->kvm->regions[op->slot];
	u64 first = 0, npages, gfn;

	if (op->slot >= r->kvm->nr_regions)
		return;
	npages = region->npages;

	if (!r->def->sequential) {
		gfn = pick_gfn(r);
		if (gfn - region->base_gfn < region->npages)
			first = round_down(gfn - region->base_gfn, 64ULL);
		npages = max(op->npages, (u64)64);
	}
	kvm_clear_dirty_log(r->kvm, op->slot, first, npages);
}

/* One page of the slot: tracked from now on, or no longer. */
static void write_track_operation(struct runner *r, const struct mmut_op *op)
{
	const struct kvm_memory_region *region = &r->kvm->regions[op->slot];
	u64 gfn = r->def->sequential ? region->base_gfn : pick_gfn(r);

	if (op->slot >= r->kvm->nr_regions)
		return;
	if (gfn - region->base_gfn >= region->npages)
		gfn = region->base_gfn + gfn % region->npages;
	if (kvm_write_track_add_gfn(r->kvm, region->as_id, gfn))
		kvm_write_track_remove_gfn(r->kvm, region->as_id, gfn);
}

static inline void do_operation(struct runner *r, const struct mmut_op *op)
{
	u64 value;

	switch (op->kind) {
	case MMUT_OP_READ:
	case MMUT_OP_WRITE:
		if (!r->vcpu)
			return;
		kvm_vcpu_access(r->vcpu, r->def->sequential ? op->gfn : pick_gfn(r),
				op->kind == MMUT_OP_WRITE, &value);
		if (r->def->sequential)
			set_register(op->reg, value);
		break;
	case MMUT_OP_APIC_ACCESS:
		if (r->vcpu)
			kvm_vcpu_apic_access(r->vcpu);
		break;
	case MMUT_OP_MMU_RESET:
		if (r->vcpu)
			kvm_vcpu_mmu_reset(r->vcpu);
		break;
	case MMUT_OP_PREFAULT:
		if (r->vcpu)
			prefault_operation(r, r->def->sequential ? op->gfn : pick_gfn(r));
		break;
	case MMUT_OP_EXEC:
		if (r->vcpu)
			kvm_vcpu_fetch(r->vcpu, r->def->sequential ? op->gfn : pick_gfn(r), &value);
		break;
	case MMUT_OP_NX_RECOVER:
		kvm_recover_nx_huge_pages(r->kvm);
		break;
	case MMUT_OP_WRITE_TRACK:
		write_track_operation(r, op);
		break;
	case MMUT_OP_DIRTY_LOG_CLEAR:
		clear_dirty_log(r, op);
		break;
	case MMUT_OP_MIGRATE:
	case MMUT_OP_RECLAIM:
	case MMUT_OP_COLLAPSE:
	case MMUT_OP_SPLIT:
	case MMUT_OP_AGE:
	case MMUT_OP_TEST_AGE:
		host_operation(r, op, r->def->sequential ? op->gfn : pick_gfn(r));
		break;
	default:
		vmm_operation(r, op);
	}
}

/* Free running, an access that hits is over in nanoseconds: of accesses those that fault are recorded, as faults. */
static inline bool is_recorded(const struct mmut_op *op)
{
	return arena_of()->controlled ||
	       (op->kind != MMUT_OP_READ && op->kind != MMUT_OP_WRITE && op->kind != MMUT_OP_EXEC);
}

static inline void perform(struct runner *r, const struct mmut_op *op)
{
	const bool recorded = flight_on() && is_recorded(op);

	if (recorded)
		flight_begin(FLIGHT_OPERATION, r->def->sequential ? op->gfn : FLIGHT_NO_GFN, op->kind);
	do_operation(r, op);
	if (recorded)
		flight_end(op->kind);
	current->operations++;
}

/* ------------------------------------------------------------------ life of a task */

static inline const struct mmut_op *pick_op(const struct runner *r)
{
	const struct mmut_op *op = r->def->ops;
	u32 draw;

	if (r->def->nr_ops == 1)
		return op;
	for (draw = prng_below(&current->data, r->total_weight); draw >= op->weight; op++)
		draw -= op->weight;
	return op;
}

static u64 guest_faults(const struct kvm *kvm)
{
	u64 faults = 0;

	for (u32 i = 0; i < kvm->online_vcpus; i++)
		faults += __atomic_load_n(&kvm->vcpus[i].stat_faults, __ATOMIC_RELAXED);
	return faults;
}

/*
 * Free running: so many guest faults for each operation, whatever the speed of the machine.  A
 * guest that has stopped faulting waits for us, not we for it.
 */
static void pace(const struct runner *r, u64 *last)
{
	const struct timespec nap = { .tv_nsec = PACE_NAP_NS };
	u64 faults = guest_faults(r->kvm), seen = faults;
	u32 idle = 0;

	if (!r->def->pace_faults || arena_of()->controlled)
		return;
	while (!stopped() && faults - *last < r->def->pace_faults && idle < PACE_IDLE_NAPS) {
		nanosleep(&nap, NULL);
		faults = guest_faults(r->kvm);
		idle = faults == seen ? idle + 1 : 0;
		seen = faults;
	}
	*last = faults;
}

static void run_storm(struct runner *r)
{
	const bool controlled = arena_of()->controlled;
	u64 last = guest_faults(r->kvm);

	for (u32 i = 0; i < r->def->nr_ops; i++)
		r->total_weight += r->def->ops[i].weight;
	if (!r->total_weight)
		return;
	for (u64 n = 0; controlled ? n < r->def->operations : !stopped(); n++) {
		perform(r, pick_op(r));
		pace(r, &last);
	}
}

static void run_litmus(struct runner *r)
{
	for (u32 i = 0; i < min(r->def->nr_ops, r->def->operations) && !stopped(); i++)
		perform(r, &r->def->ops[i]);
}

void task_body(struct task *task)
{
	struct runner r = { .kvm = kvm_of(), .def = workload_of(task) };

	static_check_off("only a vCPU is in a section");
	if (!r.def || !r.def->nr_ops || (arena_of()->controlled && !r.def->operations))
		return;
	if (task->kind == TASK_KIND_VCPU) {
		r.vcpu = &r.kvm->vcpus[task->index];
		kvm_vcpu_load(r.vcpu);
	}
	if (r.def->sequential)
		run_litmus(&r);
	else
		run_storm(&r);
	if (r.vcpu)
		kvm_vcpu_put(r.vcpu);
}

/* ------------------------------------------------------------------ set-up */

static bool same_role_before(const struct kvm *kvm, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (kvm->vcpus[i].as_id == kvm->vcpus[n].as_id &&
		    kvm->vcpus[i].guest_mode == kvm->vcpus[n].guest_mode)
			return true;
	return false;
}

static void populate_role(struct kvm *kvm, struct kvm_vcpu *vcpu)
{
	kvm_vcpu_load(vcpu);
	while (!kvm_mmu_root_loaded(vcpu))
		if (kvm_mmu_load(vcpu))
			return kvm_vcpu_put(vcpu);
	for (u32 i = 0; i < kvm->nr_regions; i++) {
		const struct kvm_memory_region *region = &kvm->regions[i];

		if (region->as_id != vcpu->as_id)
			continue;
		for (u64 gfn = region->base_gfn; gfn < region->base_gfn + region->npages; gfn++)
			kvm_mmu_page_fault(vcpu, gfn << PAGE_SHIFT, PFERR_USER_MASK);
	}
	kvm_vcpu_put(vcpu);
}

/* The first vCPU of each role does it for all: the roots are shared.  Not counted as faults. */
void workload_populate(struct kvm *kvm)
{
	for (u32 i = 0; i < kvm->online_vcpus; i++) {
		struct kvm_vcpu *vcpu = &kvm->vcpus[i];

		if (same_role_before(kvm, i))
			continue;
		populate_role(kvm, vcpu);
		vcpu->stat_faults = vcpu->stat_retries = vcpu->stat_spurious = vcpu->stat_fixed = 0;
		vcpu->stat_lost_cmpxchg = vcpu->stat_emulated = 0;
	}
}
