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
#include <linux/sizes.h>

#include "back.h"
#include "disk.h"
#include "unplug.h"

#include <trace/weir_blk.h>

static struct request *due_to_rq(struct weir_due_entry *e)
{
	return blk_mq_rq_from_pdu(container_of(e, struct weir_cmd, due));
}

/* Discards and zeroes bring no data. */
static u32 data_bytes(const struct request *rq)
{
	return weir_op(req_op(rq)) > weir_op(REQ_OP_WRITE) ? 0 : blk_rq_bytes(rq);
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

bool weir_learn_only_cpu(struct weir_queue *wq, const struct request *rq)
{
	const struct blk_mq_hw_ctx *hctx = rq->mq_hctx;
	int only = hctx->nr_ctx == 1 ? cpumask_first(hctx->cpumask) : WEIR_CPU_NONE;

	WRITE_ONCE(wq->only_cpu, only);
	return only == raw_smp_processor_id();
}

/* Bursts */

/*
 * From one timer that takes long to the next in the same interrupt it takes less, with one
 * between them that ends a lone small request; and more if one comes again, WEIR_BREATH_NS later.
 */
#define GAP_NS 7000

/**
 * struct weir_burst - what timers have done on a CPU with interrupts off
 * @began_ns: when the first of them began
 * @ended_ns: when the last one that took long was done
 */
struct weir_burst {
	u64 began_ns;
	u64 ended_ns;
};

static DEFINE_PER_CPU(struct weir_burst, bursts);

bool weir_burst_begin(u64 now_ns)
{
	struct weir_burst *b = this_cpu_ptr(&bursts);

	if (now_ns - b->ended_ns > GAP_NS)
		b->began_ns = now_ns;
	return now_ns - b->began_ns <= WEIR_BURST_NS;
}

void weir_burst_end(void)
{
	this_cpu_write(bursts.ended_ns, ktime_get_ns());
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

/*
 * The heap takes nothing: the disk has gone. Otherwise more requests than tags are a bug;
 * losing one would be a worse one.
 */
static noinline void end_overflow(struct weir_queue *wq, struct request *rq)
{
	bool gone = READ_ONCE(wq->wd->gone);
	struct request *next;

	WARN_ON_ONCE(!gone);
	for (; rq; rq = next) {
		next = rq->rq_next;
		if (gone) {
			weir_unplug_end(wq, rq);
			continue;
		}
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
	u64 cost_ns = div_u64((u64)data_bytes(rq) * NSEC_PER_SEC >> 20, wq->mbps);
	s64 old_ns = atomic64_read(&wq->wd->bandwidth_ns), new_ns;

	if (!cost_ns)
		return now_ns;
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

void weir_wait_begin(struct weir_queue *wq, struct request *rq)
{
	u64 at_ns = 0, usual_ns;

	if (wq->delay_ns || wq->how == WEIR_TIMER)
		at_ns = ktime_get_ns() + wq->delay_ns;
	usual_ns = at_ns;
	for (; rq; rq = rq->rq_next) {
		struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

		if (unlikely(wq->mbps))
			at_ns = max(usual_ns, data_moved_ns(wq, rq, usual_ns - wq->delay_ns));
		cmd->due_ns = at_ns;
	}
}

void weir_wait_all(struct weir_queue *wq, struct request *rq)
{
	struct request *next, *overflow = NULL;

	spin_lock_irq(&wq->lock);
	for (; rq; rq = next) {
		struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

		next = rq->rq_next;
		if (unlikely(!weir_due_push(&wq->due, &cmd->due, cmd->due_ns))) {
			rq->rq_next = overflow;
			overflow = rq;
		}
	}
	arm_timer(wq);
	spin_unlock_irq(&wq->lock);
	if (unlikely(overflow))
		end_overflow(wq, overflow);
}

enum weir_cancelled weir_wait_cancel(struct weir_queue *wq, struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);
	enum weir_cancelled found = WEIR_ELSEWHERE;
	unsigned long flags;

	spin_lock_irqsave(&wq->lock, flags);
	if (cmd->due.pos != WEIR_NOT_DUE) {
		found = weir_due_at_ns(&wq->due, &cmd->due) > ktime_get_ns() ?
			WEIR_NOT_YET_DUE : WEIR_WAS_DUE;
		/* A bandwidth limit is no failure, however long the wait. */
		if (found == WEIR_NOT_YET_DUE && wq->mbps)
			found = WEIR_ELSEWHERE;
	}
	if (found != WEIR_ELSEWHERE)
		weir_due_remove(&wq->due, &cmd->due);
	spin_unlock_irqrestore(&wq->lock, flags);
	return found;
}

/* Empty the heap, due or not. Caller holds the queue's lock. */
static void take_all(struct weir_due *due, struct weir_chain *c)
{
	u32 i;

	for (i = 0; i < due->nr; i++) {
		due->slot[i].entry->pos = WEIR_NOT_DUE;
		weir_chain_add(c, due_to_rq(due->slot[i].entry));
	}
	due->nr = 0;
}

struct request *weir_wait_close(struct weir_queue *wq)
{
	struct weir_chain c;
	unsigned long flags;

	weir_chain_init(&c);
	spin_lock_irqsave(&wq->lock, flags);
	take_all(&wq->due, &c);
	wq->due.max = 0;
	spin_unlock_irqrestore(&wq->lock, flags);
	return c.first;
}

/*
 * Their time has come. So many are ended at a time, or those that bring so many bytes, as
 * interrupts are off meanwhile: the kernel releases the pages of a request there, a MiB of
 * single ones in 23000 instructions. Others that are due have to wait for WEIR_BREATH_NS.
 */
#define MOST_AT_ONCE 32
#define MOST_BYTES_AT_ONCE SZ_1M

/* A request of so many bytes takes no longer than others. */
#define SMALL_BYTES SZ_64K

/* Is there nothing to end but a small request, which the timer was set for? */
static bool is_lone_and_small(const struct weir_due *due)
{
	return due->nr == 1 && data_bytes(due_to_rq(due->slot[0].entry)) <= SMALL_BYTES;
}

/* May all that is in the heap be ended at once? */
static bool is_little(const struct weir_due *due)
{
	u64 bytes = 0;
	u32 i;

	if (due->nr == 1)
		return true;
	if (due->nr > MOST_AT_ONCE)
		return false;
	for (i = 0; i < due->nr; i++)
		bytes += data_bytes(due_to_rq(due->slot[i].entry));
	return bytes <= MOST_BYTES_AT_ONCE;
}

/*
 * Take what is due out of the heap, or as much as may be ended at once, linked through
 * rq_next. Caller holds wq->lock.
 */
static struct request *take_due(struct weir_queue *wq, u64 now_ns)
{
	struct weir_due_entry *e;
	struct weir_chain c;
	u32 i, bytes = 0;

	weir_chain_init(&c);
	if (weir_due_all(&wq->due, now_ns) && is_little(&wq->due)) {
		take_all(&wq->due, &c);
		return c.first;
	}
	for (i = 0; i < MOST_AT_ONCE && bytes < MOST_BYTES_AT_ONCE; i++) {
		e = weir_due_pop(&wq->due, now_ns);
		if (!e)
			break;
		bytes += data_bytes(due_to_rq(e));
		weir_chain_add(&c, due_to_rq(e));
	}
	return c.first;
}

/*
 * Set the timer again, from its own handler. Its core does that for less when
 * the handler only names the time; but if somebody has started it meanwhile,
 * on an earlier due time, it must not be touched. What is due and was left has to wait
 * for a while; who puts a request into the heap does not change that. Caller holds
 * wq->lock.
 */
static enum hrtimer_restart rearm_timer(struct weir_queue *wq, u64 now_ns)
{
	u64 at_ns;

	if (hrtimer_is_queued(&wq->timer)) {
		arm_timer(wq);
		return HRTIMER_NORESTART;
	}
	wq->armed_ns = weir_due_next_ns(&wq->due);
	if (wq->armed_ns == U64_MAX)
		return HRTIMER_NORESTART;
	at_ns = wq->armed_ns;
	if (unlikely(at_ns <= now_ns))
		at_ns = now_ns + WEIR_BREATH_NS;
	hrtimer_set_expires(&wq->timer, ns_to_ktime(at_ns));
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
	weir_burst_end();
}

/*
 * The queue's interrupt. It takes all that is due by now; with one small request waiting,
 * which the timer was set for, there is no need to ask the clock.
 */
enum hrtimer_restart weir_timer(struct hrtimer *timer)
{
	struct weir_queue *wq = container_of(timer, struct weir_queue, timer);
	enum hrtimer_restart again;
	struct request *rq = NULL;
	u64 now_ns;
	bool lone;

	this_cpu_inc(wq->counters->interrupts);
	spin_lock(&wq->lock);
	lone = is_lone_and_small(&wq->due);
	now_ns = lone ? wq->armed_ns : ktime_get_ns();
	if (lone || weir_burst_begin(now_ns))
		rq = take_due(wq, now_ns);
	again = rearm_timer(wq, now_ns);
	spin_unlock(&wq->lock);

	if (rq && lone)
		weir_end_interrupt(wq, rq, NULL);
	else if (rq)
		end_many(wq, rq);
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
		found++;
		if (weir_is_lost(rq))
			continue;
		weir_count_completed(wq, rq);
		blk_mq_set_request_complete(rq);
		weir_end_here(rq, iob);
	}
	trace_weir_blk_poll(hctx->queue, hctx->queue_num, found, waiting);
	return found;
}
