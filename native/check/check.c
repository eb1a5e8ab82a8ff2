// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dispatch: from an event to the oracles that have an opinion on it.
 *
 * custom: all of it.  An access is routed by its address range, everything else by its
 *         operation, so that an event which concerns nobody costs a few compares.  Loads are
 *         looked at once, after they were done: reading from the wrong place harms nobody
 *         before that.  Stores are looked at before as well: what is wrong then is reported
 *         before it destroys what the report is about.
 */
#include <errno.h>

#include "races.h"
#include "shadow.h"

int held_mode(const struct task *task, const void *lock)
{
	u32 i;

	for (i = 0; i < task->nr_held; i++)
		if (task->held[i].lock == lock)
			return task->held[i].mode;
	return -1;
}

u32 table_root(const struct check *c, u32 n)
{
	u32 depth;

	for (depth = 0; depth < PT64_ROOT_MAX_LEVEL; depth++) {
		union table_shadow t = table_get(c, n);

		if (t.life == TABLE_ROOT)
			return n;
		if (t.life != TABLE_LINKED)
			return 0;
		n = t.parent;
	}
	return 0;
}

/* A value that points at a table, whatever the level: a leaf's frame is a guest's. */
static inline void watch_pointer(const struct event *ev, u64 spte)
{
	if (unlikely(ck_present(spte)) && frame_is_table(ck_pfn(spte)))
		rcu_section_found(ev, (u32)ck_pfn(spte));
}

/* By software, of a table that others may see: where did it get the pointer, and which does it get now? */
static inline void watch_walk(const struct task_shadow *t, const struct event *ev, u32 n)
{
	if (unlikely(t->table_used != n))
		rcu_section_used(ev, n);
	if (!ev->done)
		return;
	watch_pointer(ev, ev->old);
	if (ev->op != OP_LOAD)
		watch_pointer(ev, ev->new);
}

static inline void watch_table(struct check *c, struct event *ev, u64 offset)
{
	u32 n = (u32)(offset / (TABLE_WORDS * 8));

	if (unlikely(frame_state_of(n) != FRAME_TABLE))
		frame_life_table_use(ev, n, "page table");
	if (!(ev->flags & (SITE_HW | SITE_PRIVATE)))
		watch_walk(&c->task[ev->task], ev, n);
	if (ev->op != OP_LOAD) {
		if (!ev->done)
			spte_before(ev, n);
		else
			spte_after(ev, n);
	} else if (!(ev->flags & SITE_HW)) {
		struct task_shadow *t = &c->task[ev->task];
		u32 slot = (offset / sizeof(table_word)) % NR_SEEN;

		t->seen[slot].addr = ev->addr;
		t->seen[slot].value = ev->old;
		t->seen[slot].section = t->sections;
		t->entries++;
	}
}

static inline void watch_access(struct check *c, struct event *ev)
{
	u64 addr = (u64)ev->addr, offset;

	if ((offset = addr - c->tables) < c->tables_size) {
		watch_table(c, ev, offset);
	} else if ((offset = addr - c->headers) < c->headers_size) {
		u32 n = (u32)(offset / sizeof(struct kvm_mmu_page));

		if (unlikely(frame_state_of(n) != FRAME_TABLE))
			frame_life_table_use(ev, n, "header of a page table");
		if (ev->op != OP_LOAD)
			roots_access(ev, n, offset % sizeof(struct kvm_mmu_page));
	} else if (addr - c->cells < c->cells_size) {
		guest_memory_access(ev);
	} else if (ev->op == OP_LOAD) {
		return;
	} else if (addr - c->vm < c->vm_size) {
		vm_state_access(ev);
	} else if (addr - c->vcpus < c->vcpus_size) {
		vcpu_state_access(ev);
	}
}

static void watch_note(struct event *ev)
{
	switch ((enum kvm_note)ev->operand) {
	case NOTE_TLB_FLUSH_RANGE:
		flush_debt_range(ev);
		break;
	case NOTE_TLB_FLUSHED:
		flush_debt_flushed(ev);
		break;
	case NOTE_ROOT_CREATED:
		roots_created(ev);
		break;
	case NOTE_ROOT_GET:
	case NOTE_ROOT_PUT:
		roots_note(ev);
		break;
	case NOTE_GUEST_ACCESS:
	case NOTE_GUEST_VALUE:
		guest_memory_note(ev);
		break;
	case NOTE_DIRTY_LOG_ON:
	case NOTE_DIRTY_LOG_OFF:
	case NOTE_DIRTY_TAKEN:
	case NOTE_DIRTY_COPIED:
		dirty_log_note(ev);
		dirty_log_armed(ev);
		break;
	case NOTE_WALK_BEGIN:
	case NOTE_WALK_YIELDED:
		progress_note(ev);
		break;
	case NOTE_RETRY:
		retry_note(ev);
		break;
	case NOTE_RETRY_OVER:
		retry_over(ev);
		break;
	case NOTE_SLOT_GONE:
	case NOTE_SLOT_EMULATED:
		withdrawn_slot(ev);
		guest_memory_slot_note(ev);
		mmio_slot_note(ev);
		if (ev->operand == NOTE_SLOT_GONE)
			write_track_gone((u32)(ev->expected & 0xff));
		break;
	case NOTE_SLOT_PLACED:
	case NOTE_SLOT_MAPPED:
		guest_memory_slot_note(ev);
		break;
	case NOTE_SLOT_LIVE:
		mmio_slot_note(ev);
		break;
	case NOTE_WRITE_TRACKED:
	case NOTE_WRITE_UNTRACKED:
		write_track_note(ev);
		break;
	case NOTE_WRITE_EMULATED:
		write_track_emulated(ev);
		break;
	case NOTE_EMULATED:
		mmio_emulated(ev);
		break;
	case NOTE_INVALIDATED:
		withdrawn_pages(ev);
		break;
	case NOTE_HW_WALK:	/* the load that follows is an event of its own */
		break;
	}
}

void check_watch(struct event *ev)
{
	struct check *c = check_of();

	if (arena_of()->races)
		races_watch(ev);
	if (likely(ev->op >= OP_LOAD && ev->op <= OP_XOR)) {
		if (ev->op != OP_LOAD || ev->done || (ev->flags & SITE_HW))
			watch_access(c, ev);
		return;
	}
	switch (ev->op) {
	case OP_READ_LOCK:
	case OP_WRITE_LOCK:
		mmu_lock_event(ev);
		break;
	case OP_READ_UNLOCK:
	case OP_WRITE_UNLOCK:
		flush_debt_leave_lock(ev);
		roots_leave_lock(ev);
		rcu_section_left(ev);
		mmu_lock_event(ev);
		break;
	case OP_NEEDBREAK:
		needbreak_event(ev);
		break;
	case OP_RCU_LOCK:
		srcu_event(ev);
		break;
	case OP_MUTEX_UNLOCK:
		flush_debt_leave_slots(ev);
		break;
	case OP_RCU_UNLOCK:
		flush_debt_leave_rcu(ev);
		rcu_section_left(ev);
		srcu_event(ev);
		break;
	case OP_FRAME_ALLOC:
	case OP_FRAME_FREE:
	case OP_FRAME_STATE:
		frame_life_event(ev);
		break;
	case OP_NOTE:
		watch_note(ev);
		break;
	}
}

/* Slots of the configuration; two that share host memory share its ghosts. */
static void init_slots(struct check *c, const struct kvm *kvm)
{
	u32 i, j;

	for (i = 0; i < kvm->nr_regions; i++) {
		const struct kvm_memory_region *r = &kvm->regions[i];
		struct check_slot *s = &c->slot[i];

		s->place = r->base_gfn;
		s->npages = r->npages;
		s->page = r->userspace_addr >> PAGE_SHIFT;
		s->as_id = r->as_id;
		s->live = 1;
		s->logged = r->flags & KVM_MEM_LOG_DIRTY_PAGES;
		for (j = 0; j < i; j++)
			if (s->page - c->slot[j].page < c->slot[j].npages &&
			    s->page + s->npages <= c->slot[j].page + c->slot[j].npages)
				break;
		if (j < i) {
			s->ghost = c->slot[j].ghost + (s->page - c->slot[j].page);
		} else {
			s->ghost = c->nr_ghosts;
			c->nr_ghosts += s->npages;
		}
	}
	c->nr_slots = kvm->nr_regions;
}

/* What the machine looks like now, where population ran unobserved. */
static void adopt(struct check *c, struct kvm *kvm)
{
	const struct frame_table *frames = arena_of()->frames;
	struct list_head *pos;
	u64 page;

	for (pos = peek(kvm->tdp_mmu_roots.next); pos != &kvm->tdp_mmu_roots; pos = peek(pos->next))
		frame_life_adopt_root(container_of(pos, struct kvm_mmu_page, link)->pfn);
	for (page = 0; page < kvm->mm.nr_pages; page++) {
		u64 pte = peek(kvm->mm.pages[page].pte), *ghost = ghost_of_page(page);

		if (!ghost)
			continue;
		if (pte & HOST_PTE_PRESENT)
			*ghost = peek(frames->cells[(pte >> PAGE_SHIFT) - frames->guest_first].stamp);
		else
			*ghost = peek(kvm->mm.pages[page].swap_stamp);
	}
}

int check_init(void)
{
	struct frame_table *frames = arena_of()->frames;
	struct kvm *kvm = kvm_of();
	struct check *c = arena_alloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->table = frame_region_alloc(sizeof(*c->table), 0, frames->nr_tables);
	c->guest = frame_region_alloc(sizeof(*c->guest), frames->guest_first, frames->nr_guest);
	if (!c->table || !c->guest)
		return -ENOMEM;
	c->tables = (u64)frames->tables;
	c->tables_size = (u64)frames->nr_tables * TABLE_WORDS * 8;
	c->headers = (u64)kvm->mmu_pages;
	c->headers_size = frames->nr_tables * sizeof(struct kvm_mmu_page);
	c->cells = (u64)frames->cells;
	c->cells_size = frames->nr_guest * sizeof(struct guest_cell);
	c->vcpus = (u64)kvm->vcpus;
	c->vcpus_size = kvm->online_vcpus * sizeof(struct kvm_vcpu);
	c->vm = (u64)kvm;
	c->vm_size = sizeof(*kvm);
	arena_of()->check = c;
	c->generation[0] = c->generation[1] = ~0ULL;
	init_slots(c, kvm);
	if (c->nr_ghosts > frames->nr_guest)	/* a ghost lives beside a guest frame */
		return -EINVAL;
	adopt(c, kvm);
	dirty_log_adopt(c, kvm);
	return 0;
}
