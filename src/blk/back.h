/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way back: requests wait for their time, and are given back to blk-mq.
 *
 * Ending is inline because every request comes by, and the commonest should be
 * given back without a call.
 */
#ifndef WEIR_BACK_H
#define WEIR_BACK_H

#include <linux/blk-mq.h>
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/smp.h>

#include "watch/watch.h"

#include "cmd.h"
#include "hctx.h"

/*
 * Count a request that is about to be given back, however that is done. Called by
 * its owner, once, from any context.
 */
static inline void weir_count_completed(struct weir_queue *wq, struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

	this_cpu_inc(wq->counters->completed);
	if (unlikely(cmd->status))
		this_cpu_inc(wq->counters->failed);
	/* Old or new value: either will do. */
	if (unlikely(data_race(wq->watch)))
		weir_watch_complete(wq, rq);
}

/* End a counted request here and now. From any context. */
static inline void weir_end(struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

	blk_mq_end_request(rq, cmd->status);
}

/* For weir_end_here(): what ends a batch. */
void weir_end_batch(struct io_comp_batch *iob);

/*
 * The same, in a batch if it can be in one; @iob may be NULL. Whoever has the batch
 * calls its complete, if that is set.
 */
static inline void weir_end_here(struct request *rq, struct io_comp_batch *iob)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

	if (!blk_mq_add_to_batch(rq, iob, cmd->status != BLK_STS_OK, weir_end_batch))
		weir_end(rq);
}

/*
 * Is this the only CPU that submits to the queue? Then there is nowhere else to
 * complete, which blk_mq_complete_request_remote() would take longer to say.
 */
static inline bool weir_only_submitter(const struct blk_mq_hw_ctx *hctx)
{
	return hctx->nr_ctx == 1 &&
	       cpumask_test_cpu(raw_smp_processor_id(), hctx->cpumask);
}

/*
 * Count and end a request the way an interrupt handler would: on the CPU that
 * submitted it if the queue's user asked for that (rq_affinity), else here. From
 * any context; @iob as for weir_end_here().
 */
static __always_inline void weir_end_interrupt(struct weir_queue *wq,
					       struct request *rq,
					       struct io_comp_batch *iob)
{
	weir_count_completed(wq, rq);
	if (weir_only_submitter(rq->mq_hctx) || !blk_mq_complete_request_remote(rq))
		weir_end_here(rq, iob);
}

/**
 * weir_wait_all() - let requests wait for their time, as the settings have it
 * @rq: the first, linked through rq_next; their bytes have moved
 *
 * Called by take.c on a queue that completes by timer or poll and has no media
 * model, with interrupts on. The requests are the heap's from here on.
 */
void weir_wait_all(struct weir_queue *wq, struct request *rq);

/**
 * weir_wait_until() - let a request wait in its queue's heap until @at_ns
 *
 * Called by drive.c, from any context, with no lock held. The request is the
 * heap's from here on.
 */
void weir_wait_until(struct weir_queue *wq, struct request *rq, u64 at_ns);

/**
 * weir_wait_cancel() - take a request out of its queue's heap
 *
 * Called by timeout.c, from any context, with no lock held.
 *
 * Return: true if it is the caller's now; false if it was not there, or waits for
 * its share of a limited bandwidth, which is no failure, however long it takes.
 */
bool weir_wait_cancel(struct weir_queue *wq, struct request *rq);

/* The queue's interrupt: weir_queue.timer has expired. In hard interrupt context. */
enum hrtimer_restart weir_timer(struct hrtimer *timer);

/* ->poll: end what is due. Return: how many requests that were. */
int weir_poll(struct blk_mq_hw_ctx *hctx, struct io_comp_batch *iob);

/* ->complete: the request is on the CPU that is to end it. */
void weir_complete_rq(struct request *rq);

#endif
