// SPDX-License-Identifier: GPL-2.0
/*
 * From queue_rq until a request's work is done.
 *
 * Data moves in the submitter's context. Then the request is given back the way the
 * queue does it: at once, through the block layer's softirq, or, when its time has
 * come, by the queue's hrtimer or by poll (back.c). Its time begins when it arrives,
 * with the whole list it came in, and before any byte of these is moved: a drive does
 * not wait for our copies. It is given back at the later of both.
 * A list that comes through queue_rqs reads the clock once, and what need not wait
 * completes as one batch. A lone request, which is what most lists are, does
 * without one, and the commonest of those has a way of its own, queue_page().
 *
 * What cannot be done without sleeping (no page to be had at once, a discard
 * of gigabytes) goes to a worker and comes back the same way. So nothing is
 * lost, and blk-mq need not treat this as a blocking driver.
 *
 * A request has one owner at a time: queue_rq, the worker, the media model, or the
 * heap. Only with a media model does it have two for a while, the model and whoever
 * moves its bytes: drive.c has them meet.
 */
#include <linux/sched.h>

#include "watch/watch.h"

#include "back.h"
#include "disk.h"
#include "drive.h"
#include "inject.h"
#include "move.h"
#include "take.h"
#include "wrong.h"

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
	int err;

	/* Who has met a fault has it, even if there are no rules any more. */
	if (unlikely(wd->check || cmd->fault.act))
		return weir_wrong_move(wd, rq, may_sleep);
	err = weir_move(wd, rq, may_sleep);
	if (unlikely(err)) {
		if (err == -ENOMEM && !may_sleep)
			return false;
		cmd->status = errno_to_blk_status(err);
	}
	return true;
}

/* Does a queue complete when the time has come, and not at once? */
static bool is_timed(const struct weir_queue *wq)
{
	return wq->how == WEIR_TIMER || wq->how == WEIR_POLL;
}

/* Requests arrive at a timed queue, linked through rq_next: their time begins. */
static void arrive(struct weir_queue *wq, struct request *rq)
{
	if (unlikely(wq->drive))
		weir_drive_submit(wq->drive, rq);
	else
		weir_wait_begin(wq, rq);
}

/*
 * The way back of a request whose work is done. @ready: those that may wait together,
 * because nobody was held up by bytes that moved
 */
static void finish(struct weir_queue *wq, struct request *rq,
		   struct io_comp_batch *iob, struct weir_chain *ready)
{
	if (wq->how == WEIR_INLINE) {
		if (weir_is_lost(rq))
			return;
		weir_count_completed(wq, rq);
		weir_end_here(rq, iob);
	} else if (wq->how == WEIR_SOFTIRQ) {
		weir_end_interrupt(wq, rq, iob);
	} else if (unlikely(wq->drive)) {
		weir_drive_moved(wq, rq);
	} else if (ready && !wq->wd->set.memory_backed) {
		weir_chain_add(ready, rq);
	} else {
		rq->rq_next = NULL;
		weir_wait_all(wq, rq);
	}
}

void weir_defer(struct weir_queue *wq, struct request *rq)
{
	unsigned long flags;

	this_cpu_inc(wq->counters->deferred);
	spin_lock_irqsave(&wq->lock, flags);
	list_add_tail(&rq->queuelist, &wq->deferred);
	/* Inside, or a worker at work could end it, and the queue with it. */
	queue_work(weir_wq, &wq->work);
	spin_unlock_irqrestore(&wq->lock, flags);
}

/* What begins its work with the worker, as it has waited for inject.c, arrives now. */
static void work_on(struct weir_queue *wq, struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

	if (cmd->fault.waited && is_timed(wq)) {
		rq->rq_next = NULL;
		arrive(wq, rq);
	}
	/* What has waited, too: nothing of it may stay with the tag. */
	weir_wrong_move(wq->wd, rq, true);
	weir_watch_deferred(rq);
	finish(wq, rq, NULL, NULL);
}

void weir_work(struct work_struct *work)
{
	struct weir_queue *wq = container_of(work, struct weir_queue, work);
	struct request *rq, *next;
	LIST_HEAD(todo);

	spin_lock_irq(&wq->lock);
	list_splice_init(&wq->deferred, &todo);
	spin_unlock_irq(&wq->lock);

	list_for_each_entry_safe(rq, next, &todo, queuelist) {
		list_del_init(&rq->queuelist);
		work_on(wq, rq);
		cond_resched();
	}
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

/* What is to be noted of a request that has been started. */
static __always_inline void note_begun(struct weir_queue *wq, struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

	count_begun(wq, rq, weir_op(req_op(rq)));
	cmd->status = BLK_STS_OK;
	cmd->submit_ns = 0;
	cmd->write = NULL;
	cmd->taken = false;
	/* Old or new value: either will do. */
	if (unlikely(data_race(wq->watch)))
		weir_watch_submit(rq);
}

/*
 * A request has been started: does it meet a fault before anything is done with it?
 * Return: WEIR_GO_ON, or who has it now; WEIR_REFUSED only with @may_refuse.
 */
static __always_inline enum weir_next begin(struct weir_queue *wq, struct request *rq,
					    bool may_refuse)
{
	enum weir_next next = WEIR_GO_ON;

	if (unlikely(wq->wd->check)) {
		next = weir_inject(wq->wd, rq, may_refuse);
		if (next == WEIR_TAKEN || next == WEIR_REFUSED)
			return next;
	}
	note_begun(wq, rq);
	if (unlikely(next == WEIR_WAITS) && weir_inject_wait(wq->wd, rq))
		return WEIR_TAKEN;
	return WEIR_GO_ON;
}

/* Any lone request. */
static noinline blk_status_t queue_any(struct weir_queue *wq, struct request *rq,
				       bool may_refuse)
{
	enum weir_next next = begin(wq, rq, may_refuse);

	if (unlikely(next != WEIR_GO_ON))
		return next == WEIR_REFUSED ? BLK_STS_RESOURCE : BLK_STS_OK;
	if (is_timed(wq)) {
		rq->rq_next = NULL;
		arrive(wq, rq);
	}
	if (likely(perform(wq->wd, rq, wq->may_sleep)))
		finish(wq, rq, NULL, NULL);
	else
		weir_defer(wq, rq);
	return BLK_STS_OK;
}

/* The way back of a page, which went well. */
static __always_inline void finish_page(struct weir_queue *wq, struct request *rq)
{
	if (weir_is_lost(rq)) {
		/* Whoever finds it counts it among the completed once more. */
		this_cpu_dec(wq->counters->completed);
		((struct weir_cmd *)blk_mq_rq_to_pdu(rq))->submit_ns = 0;
		return;
	}
	if (likely(weir_only_submitter(wq, rq))) {
		blk_mq_end_request(rq, BLK_STS_OK);
		return;
	}
	((struct weir_cmd *)blk_mq_rq_to_pdu(rq))->status = BLK_STS_OK;
	if (!blk_mq_complete_request_remote(rq))
		blk_mq_end_request(rq, BLK_STS_OK);
}

/*
 * The commonest lone request: a page that is there, read or written, on a queue
 * that completes at once. Nothing of what the others need is needed here. One copy
 * for each of the two operations costs less than asking which one it is.
 * Return: false if the request is another one; it is to be done by queue_any() then.
 */
static __always_inline bool queue_page(struct weir_queue *wq, struct request *rq,
				       unsigned int op)
{
	if (unlikely(!weir_move_page(&wq->wd->store, rq, op)))
		return false;
	this_cpu_inc(wq->counters->pages[op]);
	finish_page(wq, rq);
	return true;
}

static __always_inline blk_status_t queue_one(struct request *rq, bool may_refuse)
{
	const u32 others = ((__force u32)REQ_OP_MASK & ~1) | (__force u32)REQ_FUA;
	struct weir_queue *wq = rq->mq_hctx->driver_data;

	blk_mq_start_request(rq);
	/* Old or new value: either will do. */
	if (likely(blk_rq_bytes(rq) == data_race(wq->plain_bytes) &&
		   !((__force u32)rq->cmd_flags & others))) {
		if (weir_op(req_op(rq)) == weir_op(REQ_OP_READ) ?
		    queue_page(wq, rq, weir_op(REQ_OP_READ)) :
		    queue_page(wq, rq, weir_op(REQ_OP_WRITE)))
			return BLK_STS_OK;
	}
	return queue_any(wq, rq, may_refuse);
}

blk_status_t weir_queue_rq(struct blk_mq_hw_ctx *hctx,
			   const struct blk_mq_queue_data *bd)
{
	return queue_one(bd->rq, true);
}

/* Do the work of requests of one hardware queue that have come together. */
static void work_off(struct weir_queue *wq, struct request *rq)
{
	DEFINE_IO_COMP_BATCH(iob);
	struct weir_chain ready;
	struct request *next;

	this_cpu_inc(wq->counters->batches);
	weir_chain_init(&ready);
	if (is_timed(wq))
		arrive(wq, rq);
	for (; rq; rq = next) {
		next = rq->rq_next;
		if (likely(perform(wq->wd, rq, wq->may_sleep)))
			finish(wq, rq, &iob, &ready);
		else
			weir_defer(wq, rq);
	}
	if (ready.first)
		weir_wait_all(wq, ready.first);
	if (iob.complete)
		iob.complete(&iob);
}

/* All requests are of one disk, but not always of one hardware queue. */
static noinline void queue_many(weir_rq_list *list)
{
	struct weir_queue *wq = NULL;
	struct weir_chain begun;
	struct request *rq;

	weir_chain_init(&begun);
	while ((rq = rq_list_pop(list))) {
		struct weir_queue *next = rq->mq_hctx->driver_data;

		if (next != wq && begun.first) {
			work_off(wq, begun.first);
			weir_chain_init(&begun);
		}
		wq = next;
		blk_mq_start_request(rq);
		if (begin(wq, rq, false) == WEIR_GO_ON)
			weir_chain_add(&begun, rq);
	}
	if (begun.first)
		work_off(wq, begun.first);
}

void weir_queue_rqs(weir_rq_list *list)
{
	struct request *rq;

	if (likely(weir_take_lone(list, &rq)))
		queue_one(rq, false);
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
