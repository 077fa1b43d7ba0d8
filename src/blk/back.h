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
#include "cut.h"
#include "hctx.h"

/*
 * How long interrupts are on before a timer goes on with what takes long: so long that
 * the timer's core does not come straight back.
 */
#define WEIR_BREATH_NS 8000

/* How long timers may have run in an interrupt before one that takes long begins. */
#define WEIR_BURST_NS 20000

/**
 * weir_burst_begin() - may a timer do what takes long?
 *
 * Called by timers, in hard interrupt context. Their core runs all that have expired, one
 * after another, and up to three times those that have again meanwhile, before interrupts
 * are on.
 *
 * Return: false if it is to come again after WEIR_BREATH_NS.
 */
bool weir_burst_begin(u64 now_ns);

/* It has done that. Called likewise. */
void weir_burst_end(void);

/*
 * Count a request that is about to be given back, however that is done. Called by
 * its owner, once, from any context.
 */
static inline void weir_count_completed(struct weir_queue *wq, struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

	this_cpu_inc(wq->counters->completed);
	/* Old or new value: either will do. */
	if (unlikely(data_race(wq->cut)))
		weir_cut_complete(wq, rq);
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

/* weir_only_submitter(), when it is asked for the first time. */
bool weir_learn_only_cpu(struct weir_queue *wq, const struct request *rq);

/*
 * Is this the only CPU that submits to the queue? Then there is nowhere else to
 * complete, which blk_mq_complete_request_remote() would take longer to say.
 */
static __always_inline bool weir_only_submitter(struct weir_queue *wq,
						const struct request *rq)
{
	/* Whoever learns it writes the same. */
	int only = data_race(wq->only_cpu);

	return likely(only == raw_smp_processor_id()) ||
	       (only == WEIR_CPU_UNKNOWN && weir_learn_only_cpu(wq, rq));
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
	if (weir_is_lost(rq))
		return;
	weir_count_completed(wq, rq);
	if (weir_only_submitter(wq, rq) || !blk_mq_complete_request_remote(rq))
		weir_end_here(rq, iob);
}

/**
 * weir_wait_begin() - requests have arrived: when are they due?
 * @rq: the first, linked through rq_next
 *
 * Called by take.c on a queue that completes by timer or poll and has no media
 * model, before their bytes move: the time goes on meanwhile. From any context. The
 * settings say how long they wait; weir_cmd.due_ns has it then.
 */
void weir_wait_begin(struct weir_queue *wq, struct request *rq);

/**
 * weir_wait_all() - let requests wait until they are due
 * @rq: the first, linked through rq_next; weir_wait_begin() was called for them, and
 *      their bytes have moved
 *
 * Called likewise, with interrupts on. The requests are the heap's from here on.
 */
void weir_wait_all(struct weir_queue *wq, struct request *rq);

/**
 * weir_wait_until() - let a request wait in its queue's heap until @at_ns
 *
 * Called by drive.c, from any context, with no lock held. The request is the
 * heap's from here on.
 */
void weir_wait_until(struct weir_queue *wq, struct request *rq, u64 at_ns);

/* What weir_wait_cancel() found. */
enum weir_cancelled {
	WEIR_ELSEWHERE,		/* it was not there, or waits for its share of a
				 * limited bandwidth, which is no failure, however
				 * long it takes
				 */
	WEIR_NOT_YET_DUE,	/* taken out; the caller's now */
	WEIR_WAS_DUE,		/* the same, and only nobody came for it */
};

/**
 * weir_wait_cancel() - take a request out of its queue's heap
 *
 * Called by timeout.c, from any context, with no lock held.
 */
enum weir_cancelled weir_wait_cancel(struct weir_queue *wq, struct request *rq);

/**
 * weir_wait_close() - empty a queue's heap, for good
 *
 * Called by unplug.c with wd->gone set. Requests that want to wait from then on end at
 * once, with EIO.
 *
 * Return: what was in it, linked through rq_next; the caller's now.
 */
struct request *weir_wait_close(struct weir_queue *wq);

/* The queue's interrupt: weir_queue.timer has expired. In hard interrupt context. */
enum hrtimer_restart weir_timer(struct hrtimer *timer);

/* ->poll: end what is due. Return: how many requests that were. */
int weir_poll(struct blk_mq_hw_ctx *hctx, struct io_comp_batch *iob);

/* ->complete: the request is on the CPU that is to end it. */
void weir_complete_rq(struct request *rq);

#endif
