// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that wait for their time, and those whose time has come.
 *
 * A queue has a heap of due times and, unless it is polled, one timer, set to the
 * earliest of them. What is due is taken out under the queue's lock, all of it at
 * once, and ended without the lock. Whoever takes a request out of the heap owns it
 * and gives it back: the timer, poll, or the block layer's time-out.
 */
#include <linux/ktime.h>
#include <linux/math64.h>

#include "back.h"
#include "disk.h"

#include <trace/weir_blk.h>

static struct request *due_to_rq(struct weir_due_entry *e)
{
	return blk_mq_rq_from_pdu(container_of(e, struct weir_cmd, due));
}

/* Ending */

void weir_complete_rq(struct request *rq)
{
	weir_end(rq);
}

void weir_end_batch(struct io_comp_batch *iob)
{
	blk_mq_end_request_batch(iob);
}

/* Waiting */

/*
 * Set the timer to the earliest due time, if that is earlier than it is set to.
 * Caller holds wq->lock.
 */
static void arm_timer(struct weir_queue *wq)
{
	u64 next_ns = weir_due_next_ns(&wq->due);

	if (wq->how != WEIR_TIMER || next_ns >= wq->armed_ns)
		return;
	wq->armed_ns = next_ns;
	hrtimer_start(&wq->timer, ns_to_ktime(next_ns), HRTIMER_MODE_ABS_PINNED);
}

/* More requests than tags is a bug; losing one would be a worse one. */
static noinline void end_overflow(struct weir_queue *wq, struct request *rq)
{
	struct request *next;

	WARN_ON_ONCE(1);
	for (; rq; rq = next) {
		next = rq->rq_next;
		weir_count_completed(wq, rq);
		blk_mq_complete_request(rq);
	}
}

/*
 * The bandwidth limit. The disk moves one request's data after the other's, at
 * mbps; what it has not moved for want of requests it may catch up on, up to
 * BURST_NS of it, which is null_blk's.
 * Return: when the request's data has been moved.
 */
#define BURST_NS (20 * NSEC_PER_MSEC)

static u64 data_moved_ns(struct weir_queue *wq, struct request *rq, u64 now_ns)
{
	u64 cost_ns = div_u64((u64)blk_rq_bytes(rq) * NSEC_PER_SEC >> 20, wq->mbps);
	s64 old_ns = atomic64_read(&wq->wd->bandwidth_ns), new_ns;

	if (weir_op(req_op(rq)) > weir_op(REQ_OP_WRITE))
		return now_ns; /* brings no data */
	do {
		new_ns = max_t(s64, old_ns, now_ns - BURST_NS) + cost_ns;
	} while (!atomic64_try_cmpxchg(&wq->wd->bandwidth_ns, &old_ns, new_ns));
	return new_ns;
}

void weir_wait_until(struct weir_queue *wq, struct request *rq, u64 at_ns)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);
	unsigned long flags;
	bool pushed;

	spin_lock_irqsave(&wq->lock, flags);
	cmd->due_ns = at_ns;
	pushed = weir_due_push(&wq->due, &cmd->due, at_ns);
	arm_timer(wq);
	spin_unlock_irqrestore(&wq->lock, flags);
	if (unlikely(!pushed)) {
		rq->rq_next = NULL;
		end_overflow(wq, rq);
	}
}

void weir_wait_all(struct weir_queue *wq, struct request *rq)
{
	struct request *next, *overflow = NULL;
	u64 at_ns = 0, usual_ns;

	if (wq->delay_ns || wq->how == WEIR_TIMER)
		at_ns = ktime_get_ns() + wq->delay_ns;
	usual_ns = at_ns;
	spin_lock_irq(&wq->lock);
	for (; rq; rq = next) {
		struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

		next = rq->rq_next;
		if (unlikely(wq->mbps))
			at_ns = max(usual_ns, data_moved_ns(wq, rq, usual_ns - wq->delay_ns));
		cmd->due_ns = at_ns;
		if (unlikely(!weir_due_push(&wq->due, &cmd->due, at_ns))) {
			rq->rq_next = overflow;
			overflow = rq;
		}
	}
	arm_timer(wq);
	spin_unlock_irq(&wq->lock);
	if (unlikely(overflow))
		end_overflow(wq, overflow);
}

bool weir_wait_cancel(struct weir_queue *wq, struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);
	unsigned long flags;
	bool ours;

	spin_lock_irqsave(&wq->lock, flags);
	ours = cmd->due.pos != WEIR_NOT_DUE;
	/* A bandwidth limit is no failure, however long the wait. */
	if (ours && wq->mbps &&
	    wq->due.slot[cmd->due.pos].at_ns > ktime_get_ns())
		ours = false;
	if (ours)
		weir_due_remove(&wq->due, &cmd->due);
	spin_unlock_irqrestore(&wq->lock, flags);
	return ours;
}

/* Their time has come. */

/*
 * Take what is due out of the heap, linked through rq_next. Caller holds
 * wq->lock.
 */
static struct request *take_due(struct weir_queue *wq, u64 now_ns)
{
	struct weir_due_entry *e;
	struct weir_chain c;
	u32 i;

	weir_chain_init(&c);
	if (weir_due_all(&wq->due, now_ns)) {
		for (i = 0; i < wq->due.nr; i++) {
			e = wq->due.slot[i].entry;
			e->pos = WEIR_NOT_DUE;
			weir_chain_add(&c, due_to_rq(e));
		}
		wq->due.nr = 0;
	} else {
		while ((e = weir_due_pop(&wq->due, now_ns)))
			weir_chain_add(&c, due_to_rq(e));
	}
	return c.first;
}

/*
 * Set the timer again, from its own handler. Its core does that for less when
 * the handler only names the time; but if somebody has started it meanwhile,
 * on an earlier due time, it must not be touched. Caller holds wq->lock.
 */
static enum hrtimer_restart rearm_timer(struct weir_queue *wq)
{
	if (hrtimer_is_queued(&wq->timer)) {
		arm_timer(wq);
		return HRTIMER_NORESTART;
	}
	wq->armed_ns = weir_due_next_ns(&wq->due);
	if (wq->armed_ns == U64_MAX)
		return HRTIMER_NORESTART;
	hrtimer_set_expires(&wq->timer, ns_to_ktime(wq->armed_ns));
	return HRTIMER_RESTART;
}

static noinline void end_many(struct weir_queue *wq, struct request *rq)
{
	DEFINE_IO_COMP_BATCH(iob);
	struct request *next;

	for (; rq; rq = next) {
		next = rq->rq_next;
		weir_end_interrupt(wq, rq, &iob);
	}
	if (iob.complete)
		iob.complete(&iob);
}

/*
 * The queue's interrupt. It takes all that is due by now; with one request
 * waiting, which the timer was set for, there is no need to ask the clock.
 */
enum hrtimer_restart weir_timer(struct hrtimer *timer)
{
	struct weir_queue *wq = container_of(timer, struct weir_queue, timer);
	enum hrtimer_restart again;
	struct request *rq;

	this_cpu_inc(wq->counters->interrupts);
	spin_lock(&wq->lock);
	rq = take_due(wq, wq->due.nr == 1 ? wq->armed_ns : ktime_get_ns());
	again = rearm_timer(wq);
	spin_unlock(&wq->lock);

	if (rq && rq->rq_next)
		end_many(wq, rq);
	else if (rq)
		weir_end_interrupt(wq, rq, NULL);
	return again;
}

int weir_poll(struct blk_mq_hw_ctx *hctx, struct io_comp_batch *iob)
{
	struct weir_queue *wq = hctx->driver_data;
	struct request *rq, *next;
	int found = 0;
	u32 waiting;

	this_cpu_inc(wq->counters->polls);
	if (!READ_ONCE(wq->due.nr))
		return 0;
	spin_lock_irq(&wq->lock);
	rq = take_due(wq, wq->delay_ns ? ktime_get_ns() : 0);
	waiting = wq->due.nr;
	spin_unlock_irq(&wq->lock);

	for (; rq; rq = next) {
		next = rq->rq_next;
		weir_count_completed(wq, rq);
		blk_mq_set_request_complete(rq);
		weir_end_here(rq, iob);
		found++;
	}
	trace_weir_blk_poll(hctx->queue, hctx->queue_num, found, waiting);
	return found;
}
