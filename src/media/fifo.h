/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands in the order in which they came.
 *
 * Pure: compiled into the module and into tests/unit. The owner provides the
 * locking.
 */
#ifndef WEIR_FIFO_H
#define WEIR_FIFO_H

#include <linux/types.h>

#include "media.h"

/**
 * struct weir_fifo - linked through next and prev
 * @first: the oldest; NULL if it is empty
 * @last: the latest; of no meaning if it is empty
 */
struct weir_fifo {
	struct weir_media_cmd *first;
	struct weir_media_cmd *last;
};

/* Put one at the end, which is in no other. */
static inline void weir_fifo_push(struct weir_fifo *f, struct weir_media_cmd *c)
{
	c->next = NULL;
	c->prev = f->first ? f->last : NULL;
	c->fifo = f;
	if (f->first)
		f->last->next = c;
	else
		f->first = c;
	f->last = c;
}

/* Return: the oldest, taken out; NULL if it is empty. */
static inline struct weir_media_cmd *weir_fifo_pop(struct weir_fifo *f)
{
	struct weir_media_cmd *c = f->first;

	if (!c)
		return NULL;
	c->fifo = NULL;
	f->first = c->next;
	if (f->first)
		f->first->prev = NULL;
	return c;
}

/* Put one, which is in no other, behind those whose done_ns is not later: medium.c. */
void weir_fifo_insert(struct weir_fifo *f, struct weir_media_cmd *c);

/*
 * Take one out of the queue, wherever in the queue it is: medium.c. Return: false if it
 * is not there.
 */
bool weir_fifo_remove(struct weir_fifo *f, struct weir_media_cmd *c);

#endif
