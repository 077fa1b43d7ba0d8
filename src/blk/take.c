// SPDX-License-Identifier: GPL-2.0
/*
 * A hardware queue: what happens between queue_rq and the completion.
 *
 * Data moves first, in the submitter's context. Then the request is given back
 * the way the queue does it: at once, through the block layer's softirq, or,
 * after delay_ns in the heap of due times, by the queue's hrtimer or by poll.
 * A list that comes through queue_rqs takes the lock and reads the clock once,
 * and completes as one batch. A lone request, which is what most lists are, does
 * without one, and the commonest of those has a way of its own, queue_page().
 *
 * What cannot be done without sleeping (no page to be had at once, a discard
 * of gigabytes) goes to a worker and comes back the same way. So nothing is
 * lost, and blk-mq need not treat this as a blocking driver.
 *
 * A request has one owner at a time: queue_rq, the worker, or the heap. The
 * timeout handler may complete only what it has itself taken out of the heap.
 */
#include <linux/slab.h>

#include "compat/blk.h"
#include "disk.h"

#include <trace/weir_blk.h>

static struct workqueue_struct *weir_wq;

static struct request *due_to_rq(struct weir_due_entry *e)
{
	return blk_mq_rq_from_pdu(container_of(e, struct weir_cmd, due));
}

/* Requests between two owners, linked through rq_next. */
struct chain {
	struct request *first;
	struct request **tail;
};

static void chain_init(struct chain *c)
{
	c->first = NULL;
	c->tail = &c->first;
}

static void chain_add(struct chain *c, struct request *rq)
{
	rq->rq_next = NULL;
	*c->tail = rq;
	c->tail = &rq->rq_next;
}

/* Moving the data */

/* What neither reads nor writes. */
static noinline int transfer_other(struct weir_disk *wd, struct request *rq,
				   bool may_sleep)
{
	u64 pos = (u64)blk_rq_pos(rq) << SECTOR_SHIFT;
	u64 len = blk_rq_bytes(rq);

	if (req_op(rq) == REQ_OP_FLUSH)
		return 0;
	if (!may_sleep && len > WEIR_STORE_NOWAIT_BYTES)
		return -ENOMEM;
	switch (req_op(rq)) {
	case REQ_OP_DISCARD:
		weir_store_discard(&wd->store, pos, len, false, may_sleep);
		return 0;
	case REQ_OP_SECURE_ERASE:
		weir_store_discard(&wd->store, pos, len, true, may_sleep);
		return 0;
	case REQ_OP_WRITE_ZEROES:
		return weir_store_zero(&wd->store, pos, len,
				       !(rq->cmd_flags & REQ_NOUNMAP), may_sleep);
	default:
		return -EOPNOTSUPP;
	}
}

static __always_inline int transfer(struct weir_disk *wd, struct request *rq,
				    bool may_sleep)
{
	if (!wd->set.memory_backed)
		return 0;
	if (req_op(rq) == REQ_OP_READ)
		return weir_store_read(&wd->store, rq, may_sleep);
	if (req_op(rq) == REQ_OP_WRITE)
		return weir_store_write(&wd->store, rq, may_sleep);
	return transfer_other(wd, rq, may_sleep);
}

/* What read_only and bad sectors have to say about a request */
static noinline int check(struct weir_disk *wd, struct request *rq)
{
	if (wd->set.read_only && op_is_write(req_op(rq)))
		return -EIO;
	if (blk_rq_sectors(rq) &&
	    weir_disk_is_bad(wd, blk_rq_pos(rq), blk_rq_sectors(rq)))
		return -EIO;
	return 0;
}

/*
 * Do a request's work and note how it went.
 * Return: false if it has to be done again by somebody who may sleep.
 */
static __always_inline bool perform(struct weir_disk *wd, struct request *rq, bool may_sleep)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);
	int err = 0;

	if (unlikely(wd->check))
		err = check(wd, rq);
	if (likely(!err))
		err = transfer(wd, rq, may_sleep);
	if (unlikely(err)) {
		if (err == -ENOMEM && !may_sleep)
			return false;
		cmd->status = errno_to_blk_status(err);
	}
	return true;
}

/* Giving requests back */

static void count_completed(struct weir_queue *wq, struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

	this_cpu_inc(wq->counters->completed);
	if (unlikely(cmd->status))
		this_cpu_inc(wq->counters->failed);
	/* Old or new value: either will do. */
	if (unlikely(data_race(wq->watch)))
		weir_watch_complete(wq, rq);
}

/* blk-mq calls this once the request is on the CPU that is to end it. */
static void weir_complete_rq(struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

	blk_mq_end_request(rq, cmd->status);
}

static void complete_batch(struct io_comp_batch *iob)
{
	blk_mq_end_request_batch(iob);
}

/* End a request here and now, in a batch if it can be in one. */
static void end_here(struct request *rq, struct io_comp_batch *iob)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

	if (!blk_mq_add_to_batch(rq, iob, cmd->status != BLK_STS_OK,
				 complete_batch))
		weir_complete_rq(rq);
}

/*
 * Is this the only CPU that submits to the queue? Then there is nowhere else to
 * complete, which blk_mq_complete_request_remote() would take longer to say.
 */
static bool only_submitter(const struct blk_mq_hw_ctx *hctx)
{
	return hctx->nr_ctx == 1 &&
	       cpumask_test_cpu(raw_smp_processor_id(), hctx->cpumask);
}

/*
 * End a request the way an interrupt handler would: on the CPU that submitted
 * it if the queue's user asked for that (rq_affinity), else here.
 */
static __always_inline void end_interrupt(struct weir_queue *wq,
					  struct request *rq,
					  struct io_comp_batch *iob)
{
	count_completed(wq, rq);
	if (only_submitter(rq->mq_hctx) || !blk_mq_complete_request_remote(rq))
		end_here(rq, iob);
}

/* Waiting for the time to come */

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
		count_completed(wq, rq);
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

void weir_queue_wait(struct weir_queue *wq, struct request *rq, u64 at_ns)
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

/* Let a list of requests wait, linked through rq_next. */
static void wait_until_due(struct weir_queue *wq, struct request *rq)
{
	struct request *next, *overflow = NULL;
	u64 at_ns = 0, usual_ns;

	if (unlikely(wq->drive)) {
		weir_drive_submit(wq->drive, rq);
		return;
	}
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

/*
 * Take what is due out of the heap, linked through rq_next. Caller holds
 * wq->lock.
 */
static struct request *take_due(struct weir_queue *wq, u64 now_ns)
{
	struct weir_due_entry *e;
	struct chain c;
	u32 i;

	chain_init(&c);
	if (weir_due_all(&wq->due, now_ns)) {
		for (i = 0; i < wq->due.nr; i++) {
			e = wq->due.slot[i].entry;
			e->pos = WEIR_NOT_DUE;
			chain_add(&c, due_to_rq(e));
		}
		wq->due.nr = 0;
	} else {
		while ((e = weir_due_pop(&wq->due, now_ns)))
			chain_add(&c, due_to_rq(e));
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
		end_interrupt(wq, rq, &iob);
	}
	if (iob.complete)
		iob.complete(&iob);
}

/*
 * The queue's interrupt. It takes all that is due by now; with one request
 * waiting, which the timer was set for, there is no need to ask the clock.
 */
static enum hrtimer_restart weir_timer(struct hrtimer *timer)
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
		end_interrupt(wq, rq, NULL);
	return again;
}

static int weir_poll(struct blk_mq_hw_ctx *hctx, struct io_comp_batch *iob)
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
		count_completed(wq, rq);
		blk_mq_set_request_complete(rq);
		end_here(rq, iob);
		found++;
	}
	trace_weir_blk_poll(hctx->queue, hctx->queue_num, found, waiting);
	return found;
}

/* Taking requests */

/*
 * The way back of a request whose work is done: at once, or onto the chain of
 * those that have to wait.
 */
static void finish(struct weir_queue *wq, struct request *rq,
		   struct io_comp_batch *iob, struct chain *waiting)
{
	switch (wq->how) {
	case WEIR_INLINE:
		count_completed(wq, rq);
		end_here(rq, iob);
		break;
	case WEIR_SOFTIRQ:
		end_interrupt(wq, rq, iob);
		break;
	case WEIR_TIMER:
	case WEIR_POLL:
		chain_add(waiting, rq);
		break;
	}
}

/* Let what has been finished so far go. */
static void let_go(struct weir_queue *wq, struct io_comp_batch *iob,
		   struct chain *waiting)
{
	if (waiting->first) {
		wait_until_due(wq, waiting->first);
		chain_init(waiting);
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

static void weir_work(struct work_struct *work)
{
	struct weir_queue *wq = container_of(work, struct weir_queue, work);
	DEFINE_IO_COMP_BATCH(iob);
	struct request *rq, *next;
	struct chain waiting;
	LIST_HEAD(todo);

	chain_init(&waiting);
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
		count_completed(wq, rq);
		weir_complete_rq(rq);
		break;
	case WEIR_SOFTIRQ:
		end_interrupt(wq, rq, NULL);
		break;
	case WEIR_TIMER:
	case WEIR_POLL:
		rq->rq_next = NULL;
		wait_until_due(wq, rq);
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
	    unlikely(!weir_store_copy_page(&wq->wd->store, rq, op)))
		return false;
	this_cpu_inc(wq->counters->pages[op]);
	if (only_submitter(rq->mq_hctx) || !blk_mq_complete_request_remote(rq))
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

static blk_status_t weir_queue_rq(struct blk_mq_hw_ctx *hctx,
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
	struct chain waiting;
	struct request *rq;

	chain_init(&waiting);
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

static void weir_queue_rqs(weir_rq_list *list)
{
	struct request *rq = weir_take_lone(list);

	if (likely(rq))
		queue_one(rq);
	else
		queue_many(list);
}

/* Fail a request that took too long, and is in nobody's hands any more. */
static void fail_late(struct weir_queue *wq, struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

	pr_warn_ratelimited("%s: request at sector %llu timed out\n",
			    wq->wd->disk->disk_name,
			    (unsigned long long)blk_rq_pos(rq));
	this_cpu_inc(wq->counters->timeouts);
	cmd->status = BLK_STS_TIMEOUT;
	count_completed(wq, rq);
	blk_mq_complete_request(rq);
}

/*
 * The block layer has waited for its timeout. A request in the heap is taken
 * out and failed. One that is not in the heap is in other hands (the worker's,
 * or already on its way back), which will complete it; one that waits for its
 * share of a limited bandwidth will have it.
 */
static enum blk_eh_timer_return weir_timeout(struct request *rq)
{
	struct weir_queue *wq = rq->mq_hctx->driver_data;
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);
	unsigned long flags;
	bool ours;

	/* It may be the model's, and then the heap's. */
	if (wq->drive && weir_drive_cancel(wq->drive, rq)) {
		trace_weir_blk_timeout(rq, true);
		fail_late(wq, rq);
		return BLK_EH_DONE;
	}
	spin_lock_irqsave(&wq->lock, flags);
	ours = cmd->due.pos != WEIR_NOT_DUE;
	/* A bandwidth limit is no failure, however long the wait. */
	if (ours && wq->mbps &&
	    wq->due.slot[cmd->due.pos].at_ns > ktime_get_ns())
		ours = false;
	if (ours)
		weir_due_remove(&wq->due, &cmd->due);
	spin_unlock_irqrestore(&wq->lock, flags);
	trace_weir_blk_timeout(rq, ours);
	if (!ours)
		return BLK_EH_RESET_TIMER;

	fail_late(wq, rq);
	return BLK_EH_DONE;
}

/* Hardware queues come and go */

static enum weir_completion completion_of(const struct weir_disk *wd,
					  unsigned int index)
{
	if (index >= wd->tags->submit_queues)
		return WEIR_POLL;
	if (wd->drive || wd->set.mbps)
		return WEIR_TIMER;
	switch (wd->set.irqmode) {
	case WEIR_IRQ_NONE:
		return WEIR_INLINE;
	case WEIR_IRQ_TIMER:
		return WEIR_TIMER;
	default:
		return WEIR_SOFTIRQ;
	}
}

static void set_short_way(struct weir_queue *wq)
{
	const struct weir_disk *wd = wq->wd;
	bool short_way = wq->how == WEIR_SOFTIRQ && wd->set.memory_backed &&
			 !wd->check && !wq->may_sleep;

	weir_watch_update(wq, short_way);
}

/* What depends on how the queue completes. No request is in it. */
static void set_completion(struct weir_queue *wq, unsigned int index)
{
	const struct weir_settings *s = &wq->wd->set;

	wq->how = completion_of(wq->wd, index);
	wq->delay_ns = 0;
	wq->drive = wq->wd->drive;
	if (wq->how == WEIR_POLL || s->irqmode == WEIR_IRQ_TIMER)
		wq->delay_ns = s->completion_nsec;
	if (wq->how == WEIR_POLL && (wq->mbps || wq->drive) && !wq->delay_ns)
		wq->delay_ns = 1; /* for poll to look at the clock */
	set_short_way(wq);
}

static void map_some(struct blk_mq_queue_map *map, u32 offset, u32 nr)
{
	map->queue_offset = offset;
	map->nr_queues = nr;
	if (nr)
		blk_mq_map_queues(map);
}

/*
 * Called when the tag set is made, and when the number of its queues changes:
 * with the new number, and again with the old one if there is no memory for
 * the new one.
 */
static void weir_map_queues(struct blk_mq_tag_set *set)
{
	struct weir_tags *tags = container_of(set, struct weir_tags, set);

	if (set->nr_hw_queues != tags->submit_queues + tags->poll_queues) {
		tags->submit_queues = tags->old_submit_queues;
		tags->poll_queues = tags->old_poll_queues;
	}
	tags->mapped = true;
	map_some(&set->map[HCTX_TYPE_DEFAULT], 0, tags->submit_queues);
	/* Reads have no queues of their own: they use the default ones. */
	map_some(&set->map[HCTX_TYPE_READ], 0, 0);
	map_some(&set->map[HCTX_TYPE_POLL], tags->submit_queues, tags->poll_queues);
}

static struct weir_queue *queue_create(struct weir_disk *wd, int node)
{
	u32 depth = wd->tags->set.queue_depth;
	struct weir_queue *wq;

	wq = kzalloc_node(sizeof(*wq), GFP_KERNEL, node);
	if (!wq)
		return NULL;
	wq->due.slot = kvmalloc_node(array_size(depth, sizeof(*wq->due.slot)),
				     GFP_KERNEL, node);
	if (!wq->due.slot)
		goto free_queue;
	wq->counters = alloc_percpu(struct weir_counters);
	if (!wq->counters)
		goto free_slots;

	wq->wd = wd;
	wq->mbps = wd->set.mbps;
	wq->may_sleep = wd->set.blocking;
	spin_lock_init(&wq->lock);
	wq->due.max = depth;
	wq->armed_ns = U64_MAX;
	weir_hrtimer_setup(&wq->timer, weir_timer, CLOCK_MONOTONIC,
			   HRTIMER_MODE_ABS_PINNED);
	INIT_LIST_HEAD(&wq->deferred);
	INIT_WORK(&wq->work, weir_work);
	weir_watch_add(wq);
	return wq;

free_slots:
	kvfree(wq->due.slot);
free_queue:
	kfree(wq);
	return NULL;
}

/*
 * When the number of queues changes, blk-mq makes all of them anew, and depends
 * on it that what it had before it can have again. So they stay until the disk
 * is off, with what they have counted.
 */
static int weir_init_hctx(struct blk_mq_hw_ctx *hctx, void *driver_data,
			  unsigned int index)
{
	struct weir_disk *wd = hctx->queue->queuedata;
	struct weir_queue *wq = wd->queues[index];

	if (!wq) {
		wq = queue_create(wd, hctx->numa_node);
		if (!wq)
			return -ENOMEM;
	}
	set_completion(wq, index);
	/* Whoever reads counters finds it complete. */
	smp_store_release(&wd->queues[index], wq);
	hctx->driver_data = wq;
	return 0;
}

/* No request is left when this is called. */
static void weir_exit_hctx(struct blk_mq_hw_ctx *hctx, unsigned int index)
{
	struct weir_queue *wq = hctx->driver_data;

	hrtimer_cancel(&wq->timer);
	wq->armed_ns = U64_MAX;
	cancel_work_sync(&wq->work);
	hctx->driver_data = NULL;
}

int weir_queues_create(struct weir_disk *wd)
{
	/* Each kind of queue has at most one per CPU. */
	wd->max_queues = 2 * nr_cpu_ids;
	wd->queues = kcalloc(wd->max_queues, sizeof(*wd->queues), GFP_KERNEL);
	return wd->queues ? 0 : -ENOMEM;
}

void weir_queues_destroy(struct weir_disk *wd)
{
	u32 i;

	for (i = 0; i < wd->max_queues; i++) {
		struct weir_queue *wq = wd->queues[i];

		if (!wq)
			continue;
		weir_watch_del(wq);
		free_percpu(wq->counters);
		kvfree(wq->due.slot);
		kfree(wq);
	}
	kfree(wd->queues);
	wd->queues = NULL;
}

void weir_queues_retime(struct weir_disk *wd)
{
	struct blk_mq_hw_ctx *hctx;
	unsigned long i;

	queue_for_each_hw_ctx(wd->disk->queue, hctx, i)
		set_completion(hctx->driver_data, i);
}

void weir_queues_check(struct weir_disk *wd)
{
	u32 i;

	for (i = 0; i < wd->max_queues; i++)
		if (wd->queues[i])
			set_short_way(wd->queues[i]);
}

const struct blk_mq_ops weir_mq_ops = {
	.queue_rq	= weir_queue_rq,
	.queue_rqs	= weir_queue_rqs,
	.complete	= weir_complete_rq,
	.timeout	= weir_timeout,
	.poll		= weir_poll,
	.map_queues	= weir_map_queues,
	.init_hctx	= weir_init_hctx,
	.exit_hctx	= weir_exit_hctx,
};

static_assert((__force u32)REQ_OP_LAST <= WEIR_NR_OPS);
static_assert((__force u32)REQ_OP_READ == 0 && (__force u32)REQ_OP_WRITE == 1);

int weir_queue_init(void)
{
	/* Swap and writeback may depend on it: a rescuer must exist. */
	weir_wq = alloc_workqueue("weir-blk", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	return weir_wq ? 0 : -ENOMEM;
}

void weir_queue_exit(void)
{
	destroy_workqueue(weir_wq);
}
