/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The driver's part of a request, and requests on their way from one owner to
 * the next.
 */
#ifndef WEIR_CMD_H
#define WEIR_CMD_H

#include <linux/blk-mq.h>

#include "media/media.h"

#include "due.h"

/**
 * struct weir_cmd - the driver's part of a request
 * @due: its place among the requests that wait for their time
 * @status: how its work went
 * @submit_ns: when queue_rq took it, 0 if nobody watched then
 * @due_ns: when it is due, 0 if it need not wait
 * @media: the media model's part of it
 */
struct weir_cmd {
	struct weir_due_entry due;
	blk_status_t status;
	u64 submit_ns;
	u64 due_ns;
	struct weir_media_cmd media;
};

/**
 * struct weir_chain - requests between two owners, linked through rq_next
 * @first: the first, NULL if there is none
 * @tail: where the next one is linked
 */
struct weir_chain {
	struct request *first;
	struct request **tail;
};

/* Make it empty, whatever it held. */
static inline void weir_chain_init(struct weir_chain *c)
{
	c->first = NULL;
	c->tail = &c->first;
}

/* Put a request at its end, which is its only owner's. */
static inline void weir_chain_add(struct weir_chain *c, struct request *rq)
{
	rq->rq_next = NULL;
	*c->tail = rq;
	c->tail = &rq->rq_next;
}

#endif
