// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory: every guest access hits the frame that the host says backs that gfn now, and
 * no write is lost (what spec A16, A17 and Q9 are for in the end), A19 for the context.
 *
 * Independent: the gfn is translated by the configured slots and where the VMM was told they
 * are, not by memslots, page tables or TLB; the frame's state and page come from the frame table;
 * the number of writes to each page is counted here (the ghost), not read from the page.
 *
 * Controlled, a stamp must equal the ghost.  Running free it must not be below what the ghost
 * was when the access began: another CPU may have written since and not have counted yet.
 * Each write is counted after it was done, so a ghost is never ahead of memory.
 */
#include "shadow.h"

const struct check_slot *slot_of_gfn(const struct check *c, u32 as_id, gfn_t gfn)
{
	u32 i;

	for (i = 0; i < c->nr_slots; i++)
		if (c->slot[i].as_id == as_id &&
		    gfn - __atomic_load_n(&c->slot[i].place, __ATOMIC_ACQUIRE) < c->slot[i].npages)
			return &c->slot[i];
	return NULL;
}

/*
 * A slot leaves its place, and memory is withdrawn, once no CPU is in the guest with an old
 * translation; both come back before anything is published that could lead there.
 */
void guest_memory_slot_note(const struct event *ev)
{
	struct check_slot *s = &check_of()->slot[ev->expected & 0xff];

	switch ((enum kvm_note)ev->operand) {
	case NOTE_SLOT_GONE:
		__atomic_store_n(&s->place, CHECK_NOWHERE, __ATOMIC_RELEASE);
		break;
	case NOTE_SLOT_PLACED:
		__atomic_store_n(&s->place, ev->expected >> 8, __ATOMIC_RELEASE);
		break;
	case NOTE_SLOT_EMULATED:
	case NOTE_SLOT_MAPPED:
		__atomic_store_n(&s->emulated, ev->operand == NOTE_SLOT_EMULATED, __ATOMIC_RELEASE);
		break;
	default:
		break;
	}
}

/* The ghost of a host page, or NULL for a page that belongs to no slot. */
u64 *ghost_of_page(u64 page)
{
	struct check *c = check_of();
	u32 i;

	for (i = 0; i < c->nr_slots; i++)
		if (page - c->slot[i].page < c->slot[i].npages)
			return &c->guest[c->slot[i].ghost + (page - c->slot[i].page)].ghost;
	return NULL;
}

static u64 ghost_read(const u64 *ghost)
{
	return ghost ? __atomic_load_n(ghost, __ATOMIC_ACQUIRE) : 0;
}

static const char *const state_names[] = {
	[FRAME_FREE] = "free", [FRAME_TABLE] = "a page table", [FRAME_GUEST] = "guest memory",
	[FRAME_ISOLATED] = "isolated by the host",
};

/* Does the frame of `cell` back `gfn` of this vCPU, now?  Reports where it does not. */
static u64 *translate(const struct event *ev, gfn_t gfn)
{
	const struct check *c = check_of();
	const struct frame_table *frames = arena_of()->frames;
	u32 n = frames->guest_first + (u32)((struct guest_cell *)ev->addr - frames->cells);
	const struct kvm_vcpu *vcpu = &kvm_of()->vcpus[task_by_id(ev->task)->index];
	const struct check_slot *slot = slot_of_gfn(c, vcpu->as_id, gfn);
	const struct frame *f = frame_get(n);
	u8 state = frame_state_of(n);
	u64 page, place;

	if (!slot) {
		violation(ORACLE_GUEST_MEMORY, site_of(ev), ev->addr,
			  "guest access to gfn 0x%llx, which no slot contains, reaches frame %u",
			  (unsigned long long)gfn, n);
		return NULL;
	}
	shadow_of(ev)->slot = (u32)(slot - c->slot);
	place = __atomic_load_n(&slot->place, __ATOMIC_ACQUIRE);
	page = slot->page + (gfn - place);
	if (place == CHECK_NOWHERE)
		return NULL;	/* it left between two looks */
	if (__atomic_load_n(&slot->emulated, __ATOMIC_ACQUIRE))
		violation(ORACLE_GUEST_MEMORY, site_of(ev), ev->addr,
			  "guest access to gfn 0x%llx, which is emulated now, reaches frame %u",
			  (unsigned long long)gfn, n);
	if (state != FRAME_GUEST)
		violation(ORACLE_GUEST_MEMORY, site_of(ev), ev->addr,
			  "guest access to gfn 0x%llx reaches frame %u, which is %s (freed by task %u at step %llu)",
			  (unsigned long long)gfn, n, state_names[state & 3], f->freed_by,
			  (unsigned long long)f->freed_step);
	else if (f->page != page)
		violation(ORACLE_GUEST_MEMORY, site_of(ev), ev->addr,
			  "guest access to gfn 0x%llx (host page 0x%llx) reaches frame %u, "
			  "which backs host page 0x%llx",
			  (unsigned long long)gfn, (unsigned long long)page, n, (unsigned long long)f->page);
	return ghost_of_page(page);
}

/* A19: a CPU that runs the guest is in no section and holds nothing. */
static void guest_mode_context(const struct event *ev)
{
	const struct task *task = task_by_id(ev->task);

	if (task->nr_held)
		violation(ORACLE_LOCK_CONTRACT, site_of(ev), task->held[0].lock,
			  "in guest mode with %s held", lock_class_names[task->held[0].class]);
	if (task->rcu[RCU_SCHED].nesting || task->rcu[RCU_MEMSLOTS].nesting)
		violation(ORACLE_LOCK_CONTRACT, site_of(ev), NULL, "in guest mode inside %s read section",
			  task->rcu[RCU_SCHED].nesting ? "an RCU" : "an SRCU");
}

/*
 * The CPU that accesses memory has said that it is in guest mode, or no kick would find it.  Once
 * kicked it may finish the access that it is in, and leaves before the next: a second one at the
 * same count of exits ignores the interrupt.
 */
static void guest_mode_announced(const struct event *ev)
{
	struct task_shadow *t = shadow_of(ev);
	const struct kvm_vcpu *vcpu = &kvm_of()->vcpus[task_by_id(ev->task)->index];
	u64 kicked_at = 0;

	switch (peek(vcpu->mode)) {
	case EXITING_GUEST_MODE:
		kicked_at = peek(vcpu->guest_exits) + 1;
		if (t->kicked_at == kicked_at)
			violation(ORACLE_LOCK_CONTRACT, site_of(ev), &vcpu->mode,
				  "vcpu%u was kicked, and stays in the guest for a second access", vcpu->vcpu_id);
		break;
	case OUTSIDE_GUEST_MODE:
		violation(ORACLE_LOCK_CONTRACT, site_of(ev), &vcpu->mode,
			  "vcpu%u runs the guest, and others see it outside", vcpu->vcpu_id);
		break;
	}
	t->kicked_at = kicked_at;
}

void guest_memory_note(struct event *ev)
{
	struct task_shadow *t = shadow_of(ev);
	u64 *ghost;

	if (ev->operand == NOTE_GUEST_VALUE) {
		t->cell = NULL;
		return;
	}
	guest_mode_context(ev);
	guest_mode_announced(ev);
	t->granted = 0;		/* back in the guest: what it made writable is marked by now */
	t->cell = ev->addr;
	t->gfn = ev->expected >> 1;
	ghost = translate(ev, t->gfn);
	t->ghost_floor = ghost_read(ghost);
}

static void check_stamp(const struct event *ev, gfn_t gfn, u64 stamp, u64 floor, u64 ghost)
{
	if (arena_of()->controlled ? stamp == ghost : stamp >= floor)
		return;
	violation(ORACLE_GUEST_MEMORY, site_of(ev), ev->addr,
		  "gfn 0x%llx holds stamp %llu after %llu guest writes: %s",
		  (unsigned long long)gfn, (unsigned long long)stamp,
		  (unsigned long long)(arena_of()->controlled ? ghost : floor),
		  stamp < ghost ? "a write was lost" : "a write that nobody made");
}

static void hw_access(struct event *ev)
{
	struct task_shadow *t = shadow_of(ev);
	u64 *ghost;

	if (t->cell != ev->addr) {
		violation(ORACLE_GUEST_MEMORY, site_of(ev), ev->addr,
			  "a guest access that was not announced: no gfn to check it by");
		return;
	}
	if (!ev->done) {
		/* Between the announcement and here others ran; what holds now is what counts. */
		ghost = translate(ev, t->gfn);
		t->ghost_floor = ghost_read(ghost);
		if (ghost && ev->op != OP_LOAD) {
			dirty_log_write(ev, t->slot, t->gfn);
			write_track_written(ev, t->slot, t->gfn);
		}
		return;
	}
	ghost = translate(ev, t->gfn);
	if (!ghost)
		return;
	check_stamp(ev, t->gfn, ev->old, t->ghost_floor, ghost_read(ghost));
	if (ev->new != ev->old) {
		shadow_touch(arena_of()->frames->guest_first +
			     (u32)(container_of(ghost, struct guest_shadow, ghost) - check_of()->guest));
		__atomic_fetch_add(ghost, ev->new - ev->old, __ATOMIC_RELEASE);
		dirty_log_written(kvm_of()->vcpus[task_by_id(ev->task)->index].as_id, ghost);
	}
}

/* An access to a guest cell: by a guest, or by the host that copies it. */
void guest_memory_access(struct event *ev)
{
	const struct frame_table *frames = arena_of()->frames;
	u32 n;

	if (ev->flags & SITE_HW) {
		hw_access(ev);
		return;
	}
	n = frames->guest_first + (u32)((struct guest_cell *)ev->addr - frames->cells);
	if (frame_state_of(n) == FRAME_FREE)
		violation(ORACLE_FRAME_LIFE, site_of(ev), ev->addr,
			  "guest frame %u is used after task %u freed it at step %llu", n,
			  frame_get(n)->freed_by, (unsigned long long)frame_get(n)->freed_step);
}
