/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RCU-protected doubly linked lists, the kernel's rculist.h.
 *
 * Writers hold the list's lock; readers need an RCU section or the lock.  A removed node
 * keeps its next pointer, so that a reader standing on it finds its way on.
 */
#ifndef MMUT_CORE_RCULIST_H
#define MMUT_CORE_RCULIST_H

#include "rcu.h"

struct list_head {
	SHARED(struct list_head *) next;
	SHARED(struct list_head *) prev;
};

#define LIST_POISON	((struct list_head *)0xdead000000000122ULL)

/* Before the head is published. */
static inline void INIT_LIST_HEAD(struct list_head *head)
{
	WRITE_PRIVATE(head->next, head);
	WRITE_PRIVATE(head->prev, head);
}

static inline void list_add_rcu(struct list_head *node, struct list_head *head)
{
	struct list_head *first = data_read(head->next);

	WRITE_PRIVATE(node->next, first);
	WRITE_PRIVATE(node->prev, head);
	/*
	 * Release: the node's content and its next pointer before the node itself.  Pairs with
	 * rcu_dereference() in list_next_rcu().  Otherwise: writer publishes node; reader
	 * follows node->next, still the old owner's bytes.
	 */
	rcu_assign_pointer(head->next, node);
	data_write(first->prev, node);
}

static inline void list_del_rcu(struct list_head *node)
{
	struct list_head *next = data_read(node->next);
	struct list_head *prev = data_read(node->prev);

	if (unlikely(prev == LIST_POISON)) {
		violation(ORACLE_WARN, __here("list_del_rcu"), node, "list_del of a node that is on no list");
		return;
	}
	WRITE_ONCE(prev->next, next);
	data_write(next->prev, prev);
	data_write(node->prev, LIST_POISON);
}

/* The node after `pos`; the caller is in an RCU section, or holds the lock. */
#define list_next_rcu(pos)	rcu_dereference((pos)->next)
#define list_empty(head)	(READ_ONCE((head)->next) == (head))

#endif
