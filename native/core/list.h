/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Doubly linked lists that are read and changed under one lock: the kernel's list.h.
 *
 * A node that was taken off is empty (it points at itself) and may be added again; whether it
 * is on a list is a question of its own, asked with list_empty() under the same lock.
 */
#ifndef MMUT_CORE_LIST_H
#define MMUT_CORE_LIST_H

#include "rculist.h"

static inline void list_add_tail(struct list_head *node, struct list_head *head)
{
	struct list_head *last = data_read(head->prev);

	data_write(node->prev, last);
	data_write(node->next, head);
	data_write(last->next, node);
	data_write(head->prev, node);
}

static inline void list_del_init(struct list_head *node)
{
	struct list_head *next = data_read(node->next), *prev = data_read(node->prev);

	data_write(prev->next, next);
	data_write(next->prev, prev);
	data_write(node->next, node);
	data_write(node->prev, node);
}

#endif
