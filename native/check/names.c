// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names for addresses: what a report calls the object of an event.
 *
 * custom: logical names (level, gfn, vCPU, page), so that two runs of one failure read alike
 *         whatever frames they used.
 */
#include <stdio.h>

#include "shadow.h"

struct named { u32 offset, size; const char *name; };

#define FIELD(type, field)	{ offsetof(type, field), sizeof(((type *)0)->field), #field }

static const struct named vm_fields[] = {
	FIELD(struct kvm, mmu_lock), FIELD(struct kvm, mmu_invalidate_seq), FIELD(struct kvm, emulated_slots),
	FIELD(struct kvm, mmu_invalidate_in_progress), FIELD(struct kvm, mmu_invalidate_range_start),
	FIELD(struct kvm, mmu_invalidate_range_end), FIELD(struct kvm, memslots), FIELD(struct kvm, slots_lock),
	FIELD(struct kvm, slots_arch_lock), FIELD(struct kvm, mn_invalidate_lock),
	FIELD(struct kvm, mn_active_invalidate_count), FIELD(struct kvm, tdp_mmu_pages_lock),
	FIELD(struct kvm, possible_nx_huge_pages), FIELD(struct kvm, nr_possible_nx_huge_pages),
	FIELD(struct kvm, tdp_mmu_roots), FIELD(struct kvm, tdp_mmu_pages), FIELD(struct kvm, stat_pages),
	FIELD(struct kvm, mm.ptl), FIELD(struct kvm, stat_remote_tlb_flush),
	FIELD(struct kvm, stat_remote_tlb_flush_requests),
};
static const struct named vcpu_fields[] = {
	FIELD(struct kvm_vcpu, mode), FIELD(struct kvm_vcpu, requests), FIELD(struct kvm_vcpu, guest_exits),
};
static const struct named header_fields[] = {
	FIELD(struct kvm_mmu_page, link), FIELD(struct kvm_mmu_page, rcu_head),
	FIELD(struct kvm_mmu_page, invalid), FIELD(struct kvm_mmu_page, scheduled_to_zap),
	FIELD(struct kvm_mmu_page, tdp_mmu_root_count), FIELD(struct kvm_mmu_page, nx_huge_page_disallowed),
	FIELD(struct kvm_mmu_page, possible_nx_huge_page_link),
};
static const struct named frame_fields[] = { FIELD(struct frame_table, lock) };
static const struct named rcu_fields[] = {
	FIELD(struct rcu_state, epoch), FIELD(struct rcu_state, callbacks), FIELD(struct rcu_state, queued),
};

#define LOOK_UP(base, addr, fields)	look_up((u64)(addr) - (u64)(base), fields, ARRAY_SIZE(fields))

static const char *look_up(u64 offset, const struct named *fields, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (offset - fields[i].offset < fields[i].size)
			return fields[i].name;
	return NULL;
}

static bool name_frame_memory(u64 addr, char *buf, size_t n)
{
	const struct frame_table *frames = arena_of()->frames;
	const struct kvm *kvm = kvm_of();
	u64 offset = addr - (u64)frames->tables;

	if (offset < (u64)frames->nr_tables * TABLE_WORDS * 8 && kvm) {
		const struct kvm_mmu_page *sp = &kvm->mmu_pages[offset / (TABLE_WORDS * 8)];
		u64 index = offset / 8 % TABLE_WORDS;

		snprintf(buf, n, "spte L%u gfn 0x%llx", sp->role.level, (unsigned long long)
			 (sp->gfn + (sp->role.level ? index << KVM_HPAGE_GFN_SHIFT(sp->role.level) : 0)));
		return true;
	}
	offset = addr - (u64)frames->cells;
	if (offset < (u64)frames->nr_guest * sizeof(struct guest_cell)) {
		u32 frame = frames->guest_first + (u32)(offset / sizeof(struct guest_cell));

		snprintf(buf, n, "guest page 0x%llx", (unsigned long long)frame_get(frame)->page);
		return true;
	}
	offset = addr - (u64)frames->frames;
	if (offset < (u64)(frames->guest_first + frames->nr_guest) * sizeof(struct frame)) {
		snprintf(buf, n, "frame %llu", (unsigned long long)(offset / sizeof(struct frame)));
		return true;
	}
	return false;
}

static bool name_vm_memory(u64 addr, char *buf, size_t n)
{
	const struct kvm *kvm = kvm_of();
	const char *field = addr - (u64)kvm < sizeof(*kvm) ? LOOK_UP(kvm, addr, vm_fields) : NULL;
	u64 offset = addr - (u64)kvm->vcpus;

	if (field) {
		snprintf(buf, n, "%s", field);
		return true;
	}
	if (offset < kvm->online_vcpus * sizeof(struct kvm_vcpu)) {
		field = LOOK_UP(0, offset % sizeof(struct kvm_vcpu), vcpu_fields);
		snprintf(buf, n, "vcpu%llu.%s", (unsigned long long)(offset / sizeof(struct kvm_vcpu)),
			 field ? field : "?");
		return true;
	}
	offset = addr - (u64)kvm->mmu_pages;
	if (offset < arena_of()->frames->nr_tables * sizeof(struct kvm_mmu_page)) {
		const struct kvm_mmu_page *sp = &kvm->mmu_pages[offset / sizeof(*sp)];

		field = LOOK_UP(0, offset % sizeof(*sp), header_fields);
		snprintf(buf, n, "%s L%u gfn 0x%llx .%s", sp->ptep ? "table" : "root", sp->role.level,
			 (unsigned long long)sp->gfn, field ? field : "?");
		return true;
	}
	offset = addr - (u64)kvm->mm.pages;
	if (offset < kvm->mm.nr_pages * sizeof(struct host_page)) {
		snprintf(buf, n, "host page 0x%llx", (unsigned long long)(offset / sizeof(struct host_page)));
		return true;
	}
	return false;
}

/* Bitmaps lie outside struct kvm, one word for 64 pages. */
static bool name_bitmap(u64 addr, char *buf, size_t n)
{
	const struct kvm *kvm = kvm_of();
	u32 i;

	for (i = 0; i < kvm->nr_regions; i++) {
		const struct kvm_memory_region *r = &kvm->regions[i];
		u64 offset = addr - (u64)r->dirty_bitmap;

		if (!r->dirty_bitmap || offset >= (r->npages + 63) / 64 * 8)
			continue;
		snprintf(buf, n, "dirty bits of slot %u from gfn 0x%llx", i,
			 (unsigned long long)(r->base_gfn + offset / 8 * 64));
		return true;
	}
	return false;
}

/* What a loaded program calls its memory. */
static bool name_program_memory(u64 addr, char *buf, size_t n)
{
	const struct arena *arena = arena_of();
	u32 i;

	for (i = 0; i < arena->nr_named; i++) {
		const struct named_memory *m = &arena->named[i];
		u64 offset = addr - m->addr;

		if (offset >= (u64)m->size * m->count)
			continue;
		if (m->count == 1)
			snprintf(buf, n, "%s", m->name);
		else
			snprintf(buf, n, "%s[%llu]", m->name, (unsigned long long)(offset / m->size));
		return true;
	}
	return false;
}

static bool name_core_memory(u64 addr, char *buf, size_t n)
{
	const struct arena *arena = arena_of();
	const char *field = NULL;
	u64 offset = addr - (u64)arena->tasks;

	if (offset < arena->nr_tasks * sizeof(struct task)) {
		const struct task *task = &arena->tasks[offset / sizeof(struct task)];

		offset %= sizeof(struct task);
		snprintf(buf, n, "%s.%s", task->name,
			 offset - offsetof(struct task, rcu[RCU_SCHED]) < sizeof(struct rcu_slot) ? "rcu" :
			 offset - offsetof(struct task, rcu[RCU_MEMSLOTS]) < sizeof(struct rcu_slot) ? "srcu" : "?");
		return true;
	}
	if (addr - (u64)arena->frames < sizeof(*arena->frames))
		field = LOOK_UP(arena->frames, addr, frame_fields);
	else if (arena->rcu && addr - (u64)arena->rcu < sizeof(*arena->rcu))
		field = LOOK_UP(arena->rcu, addr, rcu_fields);
	if (field)
		snprintf(buf, n, "%s.%s", field == frame_fields[0].name ? "frames" : "rcu", field);
	return field;
}

void check_object_name(const void *addr, char *buf, size_t n)
{
	u64 a = (u64)addr;

	if (!addr)
		snprintf(buf, n, "-");
	else if (!(arena_of()->frames && name_frame_memory(a, buf, n)) &&
		 !(kvm_of() && (name_vm_memory(a, buf, n) || name_bitmap(a, buf, n))) &&
		 !name_program_memory(a, buf, n) && !name_core_memory(a, buf, n))
		snprintf(buf, n, "+0x%llx", (unsigned long long)(a - (u64)arena_of()));
}
