/* SPDX-License-Identifier: GPL-2.0 */
/* What blk-mq hands the driver, and the worker for what may have to sleep. */
#ifndef WEIR_TAKE_H
#define WEIR_TAKE_H

#include <linux/blk-mq.h>
#include <linux/workqueue.h>

#include "compat/blk.h"

struct weir_queue;

/*
 * ->queue_rq and ->queue_rqs: take a request, or a list of them, do their work and
 * let each go its way back. Called by blk-mq in process context with interrupts on,
 * under rcu_read_lock() or, with blocking=1, SRCU. Every request is taken, but for
 * those that a fault rule refuses with BLK_STS_RESOURCE.
 */
blk_status_t weir_queue_rq(struct blk_mq_hw_ctx *hctx,
			   const struct blk_mq_queue_data *bd);
void weir_queue_rqs(weir_rq_list *list);

/**
 * weir_defer() - let the worker do a request's work, and send it on
 *
 * Called for a request that has begun and whose work is not done: by take.c if that
 * would have to sleep, by inject.c when it has waited long enough. From any context,
 * with no lock held.
 */
void weir_defer(struct weir_queue *wq, struct request *rq);

/* weir_queue.work: do what these could not without sleeping. In a worker. */
void weir_work(struct work_struct *work);

/*
 * The worker, for all disks. Made before the first disk is; unmade after the last
 * one is gone. Return: 0 or -ENOMEM.
 */
int weir_take_init(void);
void weir_take_exit(void);

#endif
