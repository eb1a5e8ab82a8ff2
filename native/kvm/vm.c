// SPDX-License-Identifier: GPL-2.0-only
/*
 * Creating a VM from its configuration, and destroying it.
 *
 * custom:   everything is allocated here, once, in the arena; what user space would do with
 *           ioctls afterwards (regions, vCPUs) is done at once.
 * stubbed:  file descriptors, capabilities, the module.
 *
 * Regions lie one after another in host page space, each congruent to its gfns modulo the host's
 * mappings of it (2M, or 1G) so that huge mappings line up.  A region of address space 1 (SMM) that lies inside one of
 * address space 0 is the same memory, seen twice, as in a real machine.
 */
#include "vm.h"

#include <errno.h>

#include "dirty_log.h"
#include "host_mm.h"
#include "memslot.h"
#include "mmu.h"
#include "tlb.h"
#include "vcpu.h"

#define SLOT_MOVES		BIT_ULL(8)	/* of mmut_slot.flags */
#define SLOT_APIC_PAGE		BIT_ULL(9)
#define BLOCK_PAGES		KVM_PAGES_PER_HPAGE(PG_LEVEL_2M)
#define TREES_IN_FLIGHT		4	/* live, being zapped, waiting for a grace period, and one more */
#define TABLE_SLACK		64
#define NR_TABLES_MIN		512
#define SPARE_FRAMES		64	/* guest frames for migrations under way */
#define SPARE_BLOCKS		8	/* 2M blocks, where something collapses memory */

static bool region_contains(const struct mmut_slot *outer, const struct mmut_slot *inner)
{
	return outer->as_id == 0 && inner->as_id == 1 && inner->base_gfn >= outer->base_gfn &&
	       inner->base_gfn + inner->npages <= outer->base_gfn + outer->npages;
}

/* The region and its gfns are congruent modulo this. */
static u64 host_align(const struct mmut_slot *slot)
{
	return slot->huge == MMUT_HUGE_1G ? KVM_PAGES_PER_HPAGE(PG_LEVEL_1G) : BLOCK_PAGES;
}

/* The first host page from `next` on where the region may begin. */
static u64 place_region(const struct mmut_slot *slot, u64 next)
{
	u64 align = host_align(slot), first = round_down(next, align) + slot->base_gfn % align;

	return first < next ? first + align : first;
}

/* First host page of each region; returns how many host pages there are, holes included. */
static u64 layout_host_pages(const struct mmut_config *config, u64 *first)
{
	u64 next = 0;
	u32 i, j;

	for (i = 0; i < config->nr_slots; i++) {
		const struct mmut_slot *slot = &config->slots[i];

		if (slot->as_id)
			continue;
		first[i] = place_region(slot, next);
		next = first[i] + slot->npages;
	}
	for (i = 0; i < config->nr_slots; i++) {
		const struct mmut_slot *slot = &config->slots[i];

		if (!slot->as_id)
			continue;
		for (j = 0; j < config->nr_slots; j++)
			if (region_contains(&config->slots[j], slot))
				break;
		if (j < config->nr_slots) {
			first[i] = first[j] + (slot->base_gfn - config->slots[j].base_gfn);
			continue;
		}
		first[i] = place_region(slot, next);
		next = first[i] + slot->npages;
	}
	return round_up(next, BLOCK_PAGES);
}

static_assert(KVM_ARCH_NR_OBJS_PER_MEMORY_CACHE == MMUT_CACHE_OBJECTS, "the front end sizes by it");

/* Tables of one tree that maps all slots by 4K pages. */
static u64 tables_per_tree(const struct mmut_config *config)
{
	u64 tables = 1;		/* the root */

	for (u32 i = 0; i < config->nr_slots; i++) {
		const struct mmut_slot *slot = &config->slots[i];
		u64 last = slot->base_gfn + slot->npages - 1;

		for (u32 level = 2; level <= config->root_level; level++)
			tables += (last >> KVM_HPAGE_GFN_SHIFT(level)) -
				  (slot->base_gfn >> KVM_HPAGE_GFN_SHIFT(level)) + 1;
	}
	return tables;
}

static bool task_has_op(const struct mmut_task *task, u32 kind)
{
	for (u32 i = 0; i < task->nr_ops; i++)
		if (task->ops[i].kind == kind)
			return true;
	return false;
}

static u64 slot_highest_gfn(const struct mmut_slot *slot)
{
	return slot->flags & SLOT_MOVES ? max(slot->base_gfn, slot->move_gfn) : slot->base_gfn;
}

void vm_sizes(const struct mmut_config *config, struct vm_sizes *sizes)
{
	u64 first[MMUT_MAX_SLOTS], spare = config->spare_frames;
	u32 roles = 0;
	bool collapses = false;

	*sizes = (struct vm_sizes) { .host_pages = layout_host_pages(config, first),
				      .guest_align = BLOCK_PAGES };
	for (u32 i = 0; i < config->nr_slots; i++) {
		const struct mmut_slot *slot = &config->slots[i];

		sizes->max_gfn = max(sizes->max_gfn, slot_highest_gfn(slot) + slot->npages);
		sizes->guest_align = max(sizes->guest_align, (u32)host_align(slot));
	}
	for (u32 i = 0; i < config->nr_tasks; i++) {
		const struct mmut_task *task = &config->tasks[i];

		collapses |= task_has_op(task, MMUT_OP_COLLAPSE);
		if (task->kind != MMUT_TASK_VCPU)
			continue;
		sizes->nr_vcpus++;
		roles |= 1u << (2 * !!task->as_id + !!task->guest_mode);
	}
	if (!spare)
		spare = SPARE_FRAMES + (collapses ? SPARE_BLOCKS * BLOCK_PAGES : 0);
	sizes->nr_guest = (u32)round_up(sizes->host_pages + spare, BLOCK_PAGES);
	sizes->nr_tables = config->nr_table_frames;
	if (!sizes->nr_tables) {
		u64 trees = TREES_IN_FLIGHT * (u64)max(__builtin_popcount(roles), 1);
		u64 tables = trees * tables_per_tree(config) +
			     sizes->nr_vcpus * KVM_ARCH_NR_OBJS_PER_MEMORY_CACHE + TABLE_SLACK;

		sizes->nr_tables = (u32)max(tables, (u64)NR_TABLES_MIN);
	}
}

static bool ranges_overlap(u64 a, u64 nr_a, u64 b, u64 nr_b)
{
	return a < b + nr_b && b < a + nr_a;
}

/* At any time: a slot that moves has both its places to itself. */
static bool slots_overlap(const struct mmut_slot *a, const struct mmut_slot *b)
{
	u64 a2 = a->flags & SLOT_MOVES ? a->move_gfn : a->base_gfn;
	u64 b2 = b->flags & SLOT_MOVES ? b->move_gfn : b->base_gfn;

	return a->as_id == b->as_id &&
	       (ranges_overlap(a->base_gfn, a->npages, b->base_gfn, b->npages) ||
		ranges_overlap(a->base_gfn, a->npages, b2, b->npages) ||
		ranges_overlap(a2, a->npages, b->base_gfn, b->npages) || ranges_overlap(a2, a->npages, b2, b->npages));
}

/* The front end has said it better; this keeps a wrong caller from corrupting the arena. */
static int check_config(const struct mmut_config *config)
{
	u64 gfns = config->root_level == 5 ? BIT_ULL(45) : BIT_ULL(36);

	if (!config->tdp_mmu)
		return -EOPNOTSUPP;
	if (config->root_level != 4 && config->root_level != 5)
		return -EINVAL;
	if (config->max_level < PG_LEVEL_4K || config->max_level > KVM_MAX_HUGEPAGE_LEVEL)
		return -EINVAL;
	if ((config->pml && !config->ad_bits) || (config->initially_set && !config->manual_protect))
		return -EINVAL;
	if (config->nr_slots > MMUT_MAX_SLOTS ||
	    config->nr_slots > KVM_MEM_SLOTS_NUM || config->nr_tasks > MMUT_MAX_TASKS)
		return -EINVAL;
	for (u32 i = 0; i < config->nr_slots; i++) {
		const struct mmut_slot *slot = &config->slots[i];

		if (!slot->npages || slot->huge > MMUT_HUGE_1G || slot->as_id >= KVM_ADDRESS_SPACE_NUM ||
		    slot->npages > BIT_ULL(31) ||
		    slot->base_gfn >= gfns || slot->npages > gfns - slot->base_gfn)
			return -EINVAL;
		if ((slot->flags & SLOT_MOVES) && (slot->move_gfn >= gfns || slot->npages > gfns - slot->move_gfn ||
		    ranges_overlap(slot->base_gfn, slot->npages, slot->move_gfn, slot->npages)))
			return -EINVAL;
		for (u32 j = 0; j < i; j++)
			if (slots_overlap(slot, &config->slots[j]))
				return -EINVAL;
	}
	return 0;
}

/* What belongs to the VM as a whole; the roots' list and its lock are kvm_mmu_init_vm()'s. */
static void init_locks(struct kvm *kvm, bool exclusive_mmu_lock)
{
	rwlock_init(&kvm->mmu_lock, CLASS_MMU_LOCK);
	kvm->mmu_lock.exclusive = exclusive_mmu_lock;
	mutex_init(&kvm->slots_lock, CLASS_SLOTS_LOCK);
	mutex_init(&kvm->slots_arch_lock, CLASS_SLOTS_ARCH_LOCK);
	spin_lock_init(&kvm->mn_invalidate_lock, CLASS_MN_INVALIDATE_LOCK);
	WRITE_PRIVATE(kvm->mmu_invalidate_range_start, INVALID_GPA);
	WRITE_PRIVATE(kvm->mmu_invalidate_range_end, INVALID_GPA);
}

/* What user space will ever back, and the first memslots. */
static int create_regions(struct kvm *kvm, const struct mmut_config *config)
{
	u64 first[MMUT_MAX_SLOTS];

	layout_host_pages(config, first);
	kvm->nr_regions = config->nr_slots;
	for (u32 i = 0; i < config->nr_slots; i++) {
		const struct mmut_slot *slot = &config->slots[i];
		struct kvm_memory_region *region = &kvm->regions[i];

		*region = (struct kvm_memory_region) {
			.base_gfn = slot->base_gfn, .npages = slot->npages, .as_id = (u16)slot->as_id,
			.userspace_addr = first[i] << PAGE_SHIFT, .huge = (u16)slot->huge,
			.flags = slot->flags & 1 ? (u32)KVM_MEM_LOG_DIRTY_PAGES : 0,
			.move_gfn = slot->flags & SLOT_MOVES ? slot->move_gfn : INVALID_GPA,
			.dirty_bitmap = arena_alloc(8 * DIRTY_BITMAP_WORDS(slot->npages)),
			.got = arena_alloc(8 * DIRTY_BITMAP_WORDS(slot->npages)),
			.write_tracked = arena_alloc(8 * DIRTY_BITMAP_WORDS(slot->npages)),
		};
		if (!region->dirty_bitmap || !region->got || !region->write_tracked)
			return -ENOMEM;
	}
	kvm->apic_region = -1;
	for (u32 i = 0; i < config->nr_slots; i++)
		if (config->slots[i].flags & SLOT_APIC_PAGE)
			kvm->apic_region = (s32)i;
	kvm_init_memslots(kvm);
	return 0;
}

static int create_vcpus(struct kvm *kvm, const struct mmut_config *config, u32 nr_vcpus)
{
	u32 i, n = 0;
	int r;

	kvm->vcpus = arena_alloc(max(nr_vcpus, 1u) * sizeof(*kvm->vcpus));
	if (!kvm->vcpus)
		return -ENOMEM;
	for (i = 0; i < config->nr_tasks; i++) {
		const struct mmut_task *task = &config->tasks[i];

		if (task->kind != MMUT_TASK_VCPU)
			continue;
		kvm_vcpu_init(kvm, (u16)n, task->as_id ? 1 : 0, task->guest_mode);
		r = kvm_mmu_create(&kvm->vcpus[n]);
		if (r)
			return r;
		kvm->online_vcpus = ++n;
	}
	return 0;
}

int kvm_create_vm(const struct mmut_config *config)
{
	struct vm_sizes sizes;
	struct kvm *kvm;
	int r = check_config(config);

	if (r)
		return r;
	vm_sizes(config, &sizes);
	if (sizes.nr_vcpus > KVM_MAX_VCPUS)
		return -EINVAL;
	kvm = arena_alloc(sizeof(*kvm));
	if (!kvm)
		return -ENOMEM;
	arena_of()->kvm = kvm;
	kvm->bugs = config->bugs & (BIT_ULL(NR_BUGS) - 1);
	kvm->config = (struct kvm_config) {
		.tdp_mmu = config->tdp_mmu, .root_level = (u8)config->root_level,
		.max_level = (u8)config->max_level, .ad_enabled = config->ad_bits,
		.nx_huge_pages = config->nx_huge_pages, .eager_split = config->eager_split,
		.manual_protect = config->manual_protect, .initially_set = config->initially_set,
		.legacy_roots = config->profile == MMUT_PROFILE_LEGACY_ROOTS,
		.zap_roots_write = config->zap_roots_write,
		.mmio_gen_mask = BIT_ULL(config->mmio_generation_bits ? config->mmio_generation_bits : 19) - 1,
		.pml = config->pml, .max_gfn = sizes.max_gfn,
		/* Base profile of A14: the shortcut came later and hides it. */
		.spurious_shortcut = !(config->bugs & BIT_ULL(BUG_A14)),
	};
	init_locks(kvm, config->exclusive_mmu_lock);

	/* The frames exist: whoever builds the arena asked vm_sizes() how many. */
	if (!arena_of()->frames || arena_of()->frames->nr_guest < sizes.host_pages)
		return -EINVAL;
	kvm->mmu_pages = frame_region_alloc(sizeof(struct kvm_mmu_page), 0, sizes.nr_tables);
	if (!kvm->mmu_pages)
		return -ENOMEM;
	r = create_regions(kvm, config);
	if (!r)
		r = kvm_mmu_init_vm(kvm);
	if (!r)
		r = create_vcpus(kvm, config, sizes.nr_vcpus);
	if (!r)
		r = host_mm_init(kvm, sizes.host_pages);
	return r;
}

/*
 * As the last reference to the VM goes: the address space is released (zap all), every vCPU
 * drops its root and what it has cached, then the MMU itself must find nothing left.
 */
void kvm_destroy_vm(struct kvm *kvm)
{
	u32 i;

	must_hold_none(&kvm->mmu_lock);
	kvm_mmu_zap_all(kvm);
	for (i = 0; i < kvm->online_vcpus; i++) {
		struct kvm_vcpu *vcpu = &kvm->vcpus[i];

		kvm_mmu_free_roots(vcpu);
		kvm_mmu_destroy(vcpu);
		kvm_vcpu_flush_tlb_local(vcpu);
		WRITE_PRIVATE(vcpu->requests, 0);
	}
	kvm_mmu_uninit_vm(kvm);
	rcu_barrier_quiescent();
}
