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
#include "weir_blk.h"

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

/*
 * Do a request's work and note how it went.
 * Return: false if it has to be done again by somebody who may sleep.
 */
static __always_inline bool perform(struct weir_disk *wd, struct request *rq, bool may_sleep)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);
	int err;

	if (unlikely(wd->set.read_only && op_is_write(req_op(rq))))
		err = -EIO;
	else
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

/* Let a list of requests wait, linked through rq_next. */
static void wait_until_due(struct weir_queue *wq, struct request *rq)
{
	struct request *next, *overflow = NULL;
	u64 at_ns = 0;

	if (wq->delay_ns || wq->how == WEIR_TIMER)
		at_ns = ktime_get_ns() + wq->delay_ns;
	spin_lock_irq(&wq->lock);
	for (; rq; rq = next) {
		struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

		next = rq->rq_next;
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

	this_cpu_inc(wq->counters->polls);
	if (!READ_ONCE(wq->due.nr))
		return 0;
	spin_lock_irq(&wq->lock);
	rq = take_due(wq, wq->delay_ns ? ktime_get_ns() : 0);
	spin_unlock_irq(&wq->lock);

	for (; rq; rq = next) {
		next = rq->rq_next;
		count_completed(wq, rq);
		blk_mq_set_request_complete(rq);
		end_here(rq, iob);
		found++;
	}
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
	if (op <= weir_op(REQ_OP_WRITE))
		this_cpu_add(wq->counters->sectors[op], blk_rq_sectors(rq));
	if (op != weir_op(REQ_OP_READ) && rq->cmd_flags & REQ_FUA)
		this_cpu_inc(wq->counters->fua);
}

/*
 * Do the work of a request that has begun.
 * Return: false if the worker has it now.
 */
static __always_inline bool work_on(struct weir_queue *wq, struct request *rq)
{
	count_begun(wq, rq, weir_op(req_op(rq)));
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

	if (unlikely(!wq->plain || (__force u32)rq->cmd_flags & others) ||
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

/*
 * The block layer has waited for its timeout. A request in the heap is taken
 * out and failed. One that is not in the heap is in other hands (the worker's,
 * or already on its way back), which will complete it.
 */
static enum blk_eh_timer_return weir_timeout(struct request *rq)
{
	struct weir_queue *wq = rq->mq_hctx->driver_data;
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);
	unsigned long flags;
	bool ours;

	spin_lock_irqsave(&wq->lock, flags);
	ours = cmd->due.pos != WEIR_NOT_DUE;
	if (ours)
		weir_due_remove(&wq->due, &cmd->due);
	spin_unlock_irqrestore(&wq->lock, flags);
	if (!ours)
		return BLK_EH_RESET_TIMER;

	pr_warn_ratelimited("%s: request at sector %llu timed out\n",
			    wq->wd->disk->disk_name,
			    (unsigned long long)blk_rq_pos(rq));
	this_cpu_inc(wq->counters->timeouts);
	cmd->status = BLK_STS_TIMEOUT;
	count_completed(wq, rq);
	blk_mq_complete_request(rq);
	return BLK_EH_DONE;
}

/* Hardware queues come and go */

static void weir_map_queues(struct blk_mq_tag_set *set)
{
	const struct weir_settings *s = set->driver_data;
	struct blk_mq_queue_map *map = set->map;

	map[HCTX_TYPE_DEFAULT].queue_offset = 0;
	map[HCTX_TYPE_DEFAULT].nr_queues = s->submit_queues;
	blk_mq_map_queues(&map[HCTX_TYPE_DEFAULT]);
	if (set->nr_maps == 1)
		return;
	/* Reads have no queues of their own: they use the default ones. */
	map[HCTX_TYPE_READ].nr_queues = 0;
	map[HCTX_TYPE_POLL].queue_offset = s->submit_queues;
	map[HCTX_TYPE_POLL].nr_queues = s->poll_queues;
	blk_mq_map_queues(&map[HCTX_TYPE_POLL]);
}

static enum weir_completion completion_of(const struct weir_settings *s,
					  unsigned int index)
{
	if (index >= s->submit_queues)
		return WEIR_POLL;
	switch (s->irqmode) {
	case WEIR_IRQ_NONE:
		return WEIR_INLINE;
	case WEIR_IRQ_TIMER:
		return WEIR_TIMER;
	default:
		return WEIR_SOFTIRQ;
	}
}

static int weir_init_hctx(struct blk_mq_hw_ctx *hctx, void *driver_data,
			  unsigned int index)
{
	struct weir_disk *wd = hctx->queue->queuedata;
	u32 depth = wd->tags->queue_depth;
	struct weir_queue *wq;

	wq = kzalloc_node(sizeof(*wq), GFP_KERNEL, hctx->numa_node);
	if (!wq)
		return -ENOMEM;
	wq->due.slot = kvmalloc_node(array_size(depth, sizeof(*wq->due.slot)),
				     GFP_KERNEL, hctx->numa_node);
	if (!wq->due.slot)
		goto free_queue;
	wq->counters = alloc_percpu(struct weir_counters);
	if (!wq->counters)
		goto free_slots;

	wq->wd = wd;
	wq->how = completion_of(&wd->set, index);
	if (wq->how == WEIR_TIMER || wq->how == WEIR_POLL)
		wq->delay_ns = wd->set.completion_nsec;
	wq->may_sleep = wd->set.blocking;
	wq->plain = wq->how == WEIR_SOFTIRQ && wd->set.memory_backed &&
		    !wd->set.read_only && !wq->may_sleep;
	spin_lock_init(&wq->lock);
	wq->due.max = depth;
	wq->armed_ns = U64_MAX;
	weir_hrtimer_setup(&wq->timer, weir_timer, CLOCK_MONOTONIC,
			   HRTIMER_MODE_ABS_PINNED);
	INIT_LIST_HEAD(&wq->deferred);
	INIT_WORK(&wq->work, weir_work);
	hctx->driver_data = wq;
	return 0;

free_slots:
	kvfree(wq->due.slot);
free_queue:
	kfree(wq);
	return -ENOMEM;
}

/* No request is left when this is called. */
static void weir_exit_hctx(struct blk_mq_hw_ctx *hctx, unsigned int index)
{
	struct weir_queue *wq = hctx->driver_data;

	hrtimer_cancel(&wq->timer);
	cancel_work_sync(&wq->work);
	free_percpu(wq->counters);
	kvfree(wq->due.slot);
	kfree(wq);
	hctx->driver_data = NULL;
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
