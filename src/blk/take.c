// SPDX-License-Identifier: GPL-2.0
/*
 * From queue_rq until a request's work is done.
 *
 * Data moves first, in the submitter's context. Then the request is given back
 * the way the queue does it: at once, through the block layer's softirq, or, when
 * its time has come, by the queue's hrtimer or by poll (back.c).
 * A list that comes through queue_rqs takes the lock and reads the clock once,
 * and completes as one batch. A lone request, which is what most lists are, does
 * without one, and the commonest of those has a way of its own, queue_page().
 *
 * What cannot be done without sleeping (no page to be had at once, a discard
 * of gigabytes) goes to a worker and comes back the same way. So nothing is
 * lost, and blk-mq need not treat this as a blocking driver.
 *
 * A request has one owner at a time: queue_rq, the worker, the media model, or the
 * heap.
 */
#include <linux/sched.h>

#include "watch/watch.h"

#include "back.h"
#include "disk.h"
#include "drive.h"
#include "move.h"
#include "take.h"
#include "verdict.h"

static struct workqueue_struct *weir_wq;

static_assert((__force u32)REQ_OP_LAST <= WEIR_NR_OPS);
static_assert((__force u32)REQ_OP_READ == 0 && (__force u32)REQ_OP_WRITE == 1);

/*
 * Do a request's work and note how it went.
 * Return: false if it has to be done again by somebody who may sleep.
 */
static __always_inline bool perform(struct weir_disk *wd, struct request *rq,
				    bool may_sleep)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);
	int err = 0;

	if (unlikely(wd->check))
		err = weir_verdict(wd, rq);
	if (likely(!err))
		err = weir_move(wd, rq, may_sleep);
	if (unlikely(err)) {
		if (err == -ENOMEM && !may_sleep)
			return false;
		cmd->status = errno_to_blk_status(err);
	}
	return true;
}

/*
 * The way back of a request whose work is done: at once, or onto the chain of
 * those that have to wait.
 */
static void finish(struct weir_queue *wq, struct request *rq,
		   struct io_comp_batch *iob, struct weir_chain *waiting)
{
	switch (wq->how) {
	case WEIR_INLINE:
		weir_count_completed(wq, rq);
		weir_end_here(rq, iob);
		break;
	case WEIR_SOFTIRQ:
		weir_end_interrupt(wq, rq, iob);
		break;
	case WEIR_TIMER:
	case WEIR_POLL:
		weir_chain_add(waiting, rq);
		break;
	}
}

/* The media model, if there is one, says when their time is; else the settings. */
static void let_wait(struct weir_queue *wq, struct request *rq)
{
	if (unlikely(wq->drive))
		weir_drive_submit(wq->drive, rq);
	else
		weir_wait_all(wq, rq);
}

/* Let what has been finished so far go. */
static __always_inline void let_go(struct weir_queue *wq,
				   struct io_comp_batch *iob,
				   struct weir_chain *waiting)
{
	if (waiting->first) {
		let_wait(wq, waiting->first);
		weir_chain_init(waiting);
	}
	if (iob->complete) {
		iob->complete(iob);
		iob->complete = NULL;
	}
}

static void defer(struct weir_queue *wq, struct request *rq)
{
	unsigned long flags;

	this_cpu_inc(wq->counters->deferred);
	spin_lock_irqsave(&wq->lock, flags);
	list_add_tail(&rq->queuelist, &wq->deferred);
	/* Inside, or a worker at work could end it, and the queue with it. */
	queue_work(weir_wq, &wq->work);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void weir_work(struct work_struct *work)
{
	struct weir_queue *wq = container_of(work, struct weir_queue, work);
	DEFINE_IO_COMP_BATCH(iob);
	struct request *rq, *next;
	struct weir_chain waiting;
	LIST_HEAD(todo);

	weir_chain_init(&waiting);
	spin_lock_irq(&wq->lock);
	list_splice_init(&wq->deferred, &todo);
	spin_unlock_irq(&wq->lock);

	list_for_each_entry_safe(rq, next, &todo, queuelist) {
		list_del_init(&rq->queuelist);
		perform(wq->wd, rq, true);
		weir_watch_deferred(rq);
		finish(wq, rq, &iob, &waiting);
		let_go(wq, &iob, &waiting);
		cond_resched();
	}
}

static __always_inline void begin(struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

	cmd->due.pos = WEIR_NOT_DUE;
	cmd->status = BLK_STS_OK;
	blk_mq_start_request(rq);
}

static __always_inline void count_begun(struct weir_queue *wq,
					struct request *rq, unsigned int op)
{
	this_cpu_inc(wq->counters->ops[op & (WEIR_NR_OPS - 1)]);
	this_cpu_add(wq->counters->sectors[op & (WEIR_NR_OPS - 1)],
		     blk_rq_sectors(rq));
	if (op != weir_op(REQ_OP_READ) && rq->cmd_flags & REQ_FUA)
		this_cpu_inc(wq->counters->fua);
}

/*
 * Do the work of a request that has begun.
 * Return: false if the worker has it now.
 */
static __always_inline bool work_on(struct weir_queue *wq, struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

	count_begun(wq, rq, weir_op(req_op(rq)));
	cmd->submit_ns = 0;
	/* Old or new value: either will do. */
	if (unlikely(data_race(wq->watch)))
		weir_watch_submit(rq);
	if (perform(wq->wd, rq, wq->may_sleep))
		return true;
	defer(wq, rq);
	return false;
}

/* Any lone request. */
static noinline void queue_any(struct weir_queue *wq, struct request *rq)
{
	if (!work_on(wq, rq))
		return;
	switch (wq->how) {
	case WEIR_INLINE:
		weir_count_completed(wq, rq);
		weir_end(rq);
		break;
	case WEIR_SOFTIRQ:
		weir_end_interrupt(wq, rq, NULL);
		break;
	case WEIR_TIMER:
	case WEIR_POLL:
		rq->rq_next = NULL;
		let_wait(wq, rq);
		break;
	}
}

/*
 * The commonest lone request: a page that is there, read or written, on a queue
 * that completes at once. Nothing of what the others need is needed here.
 * Return: false if the request is another one; nothing has been done then.
 */
static __always_inline bool queue_page(struct weir_queue *wq, struct request *rq)
{
	const u32 others = ((__force u32)REQ_OP_MASK & ~1) | (__force u32)REQ_FUA;
	unsigned int op = weir_op(req_op(rq));

	/* Old or new value: either will do. */
	if (unlikely(!data_race(wq->plain) || (__force u32)rq->cmd_flags & others) ||
	    unlikely(!weir_move_page(&wq->wd->store, rq, op)))
		return false;
	this_cpu_inc(wq->counters->pages[op]);
	if (weir_only_submitter(rq->mq_hctx) || !blk_mq_complete_request_remote(rq))
		blk_mq_end_request(rq, BLK_STS_OK);
	return true;
}

static __always_inline void queue_one(struct request *rq)
{
	struct weir_queue *wq = rq->mq_hctx->driver_data;

	begin(rq);
	if (!queue_page(wq, rq))
		queue_any(wq, rq);
}

blk_status_t weir_queue_rq(struct blk_mq_hw_ctx *hctx,
			   const struct blk_mq_queue_data *bd)
{
	queue_one(bd->rq);
	return BLK_STS_OK;
}

/* All requests are of one disk, but not always of one hardware queue. */
static noinline void queue_many(weir_rq_list *list)
{
	struct weir_queue *wq = NULL;
	DEFINE_IO_COMP_BATCH(iob);
	struct weir_chain waiting;
	struct request *rq;

	weir_chain_init(&waiting);
	while ((rq = rq_list_pop(list))) {
		struct blk_mq_hw_ctx *hctx = rq->mq_hctx;

		if (hctx->driver_data != wq) {
			let_go(wq, &iob, &waiting);
			wq = hctx->driver_data;
			this_cpu_inc(wq->counters->batches);
		}
		begin(rq);
		if (work_on(wq, rq))
			finish(wq, rq, &iob, &waiting);
	}
	let_go(wq, &iob, &waiting);
}

void weir_queue_rqs(weir_rq_list *list)
{
	struct request *rq = weir_take_lone(list);

	if (likely(rq))
		queue_one(rq);
	else
		queue_many(list);
}

int weir_take_init(void)
{
	/* Swap and writeback may depend on it: a rescuer must exist. */
	weir_wq = alloc_workqueue("weir-blk", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	return weir_wq ? 0 : -ENOMEM;
}

void weir_take_exit(void)
{
	destroy_workqueue(weir_wq);
}
