// SPDX-License-Identifier: GPL-2.0
/*
 * Where requests wait, and merge while they do.
 *
 * A submitter pushes its requests to the inbox of their hardware queue without
 * a lock. The next dispatch takes all of them at once, oldest first. Those that
 * may go at once never come here (pick.c); the others are staged: put into the
 * lane of their flow, class and level.
 *
 * Bios merge into staged requests. With one hardware queue the elevator core's
 * hash finds a request of any flow whose end they continue, the sort tree one
 * whose start, and requests merge with each other as they are staged. Hash and
 * last_merge belong to the whole queue, and are only used where the lock of
 * the one hardware queue covers them. With several hardware queues a bio is
 * compared with the last requests of its own lane.
 */
#include <trace/events/block.h>

#include "weir_iosched.h"

static bool is_sorted(struct weir_queue *wq)
{
	return wq->single || wq->rotational;
}

static u64 expiry(struct weir_queue *wq, struct request *rq)
{
	struct weir_rq *r = weir_rq(rq);
	u64 msec = READ_ONCE(wq->knobs.expire_msec[r->class]);

	if (r->level == WEIR_IDLE)
		msec = READ_ONCE(wq->knobs.idle_age_msec);
	return rq->start_time_ns + msec * NSEC_PER_MSEC;
}

/*
 * A flow with nothing in flight, whose request is less than its share. It is the
 * share of what is in flight that counts: a lone reader at depth 1 may well be
 * served more than a deep writer, and never has more than one request there.
 */
static bool is_sparse(struct weir_queue *wq, struct request *rq)
{
	struct weir_rq *r = weir_rq(rq);
	struct weir_flow *flow = &wq->flows[r->flow];

	return !atomic64_read(&flow->inflight) &&
	       weir_cost_ns(&wq->cost[weir_op(r->class)], blk_rq_bytes(rq)) <=
	       READ_ONCE(wq->share) * READ_ONCE(flow->weight);
}

/* The lane has got its first request: its turn comes. */
static void activate(struct weir_hctx *h, struct weir_lane *lane, struct request *rq)
{
	struct weir_rq *r = weir_rq(rq);
	struct weir_turns *turns = &h->turns[r->level];

	lane->deficit = 0;
	if (weir_in_background(r->class))
		list_add_tail(&lane->turn, &turns->background);
	else if (is_sparse(h->wq, rq))
		list_add_tail(&lane->turn, &turns->sparse);
	else
		list_add_tail(&lane->turn, &turns->active);
}

/* The oldest first, as a rule; a request that merges may be older. */
static void into_lane(struct weir_hctx *h, struct request *rq)
{
	struct weir_rq *r = weir_rq(rq);
	struct weir_lane *lane = weir_lane(h, r->class, r->level, r->flow);

	if (list_empty(&lane->requests))
		activate(h, lane, rq);
	list_add_tail(&rq->queuelist, &lane->requests);
	if (is_sorted(h->wq))
		elv_rb_add(&h->sorted[r->class], rq);
	h->staged_in[r->class]++;
	h->next_expiry = min(h->next_expiry, rq->fifo_time);
}

static void out_of_lane(struct weir_hctx *h, struct request *rq)
{
	struct weir_rq *r = weir_rq(rq);
	struct weir_lane *lane = weir_lane(h, r->class, r->level, r->flow);

	list_del_init(&rq->queuelist);
	if (list_empty(&lane->requests))
		list_del_init(&lane->turn);
	if (is_sorted(h->wq)) {
		if (h->batch_next == rq)
			h->batch_next = NULL;
		elv_rb_del(&h->sorted[r->class], rq);
	}
	h->staged_in[r->class]--;
}

static void stage(struct weir_hctx *h, struct request *rq, struct list_head *merged)
{
	struct weir_queue *wq = h->wq;
	struct weir_rq *r = weir_rq(rq);

	INIT_LIST_HEAD(&rq->queuelist);
	INIT_HLIST_NODE(&rq->hash);
	rq->fifo_time = expiry(wq, rq);
	if (wq->single && blk_mq_sched_try_insert_merge(wq->q, rq, merged))
		return;
	r->staged = true;
	into_lane(h, rq);
	WRITE_ONCE(h->staged, h->staged + 1);
	if (wq->single && !(rq->cmd_flags & REQ_NOMERGE_FLAGS)) {
		elv_rqhash_add(wq->q, rq);
		if (!wq->q->last_merge)
			wq->q->last_merge = rq;
	}
}

void weir_unstage(struct weir_hctx *h, struct request *rq)
{
	struct weir_queue *wq = h->wq;

	out_of_lane(h, rq);
	weir_rq(rq)->staged = false;
	WRITE_ONCE(h->staged, h->staged - 1);
	if (wq->single) {
		elv_rqhash_del(wq->q, rq);
		if (wq->q->last_merge == rq)
			wq->q->last_merge = NULL;
	}
}

/* What has been inserted since the last time, in that order, if that is all gone */
void weir_open_inbox(struct weir_hctx *h)
{
	if (!h->fresh)
		WRITE_ONCE(h->fresh,
			   llist_reverse_order(llist_del_all(&h->inbox)));
}

void weir_free_merged(struct list_head *merged)
{
	struct request *rq, *next;

	list_for_each_entry_safe(rq, next, merged, queuelist) {
		list_del_init(&rq->queuelist);
		blk_mq_free_request(rq);
	}
}

void weir_stage_fresh(struct weir_hctx *h, struct list_head *merged)
{
	while (h->fresh) {
		struct request *rq = llist_entry(h->fresh, struct request, ipi_list);

		h->fresh = h->fresh->next;
		stage(h, rq, merged);
	}
}

static void classify(struct request *rq)
{
	struct weir_rq *r = weir_rq(rq);
	unsigned int ioprio = req_get_ioprio(rq);
	u8 weight = IOPRIO_NR_LEVELS - IOPRIO_PRIO_LEVEL(ioprio);
	struct weir_flow *flow;

	/* Back from the driver: it is what it was. */
	if (unlikely(!weir_prepared(rq)))
		*r = (struct weir_rq){ .tgid = current->tgid };
	else if (unlikely(r->classified))
		return;
	r->classified = true;
	r->class = weir_class(rq->cmd_flags);
	r->level = weir_level(ioprio);
	r->flow = weir_flow_of(r->tgid, r->class, rq->bio);
	flow = &weir_queue(rq->q)->flows[r->flow];
	/* Written when they change only: the line is shared. */
	if (unlikely(READ_ONCE(flow->tgid) != r->tgid))
		WRITE_ONCE(flow->tgid, r->tgid);
	if (unlikely(READ_ONCE(flow->weight) != weight))
		WRITE_ONCE(flow->weight, weight);
}

/* insert_requests: any number, in the order they are to go. */
void weir_insert(struct blk_mq_hw_ctx *hctx, struct list_head *list, bool at_head)
{
	struct weir_hctx *h = hctx->sched_data;
	struct llist_node *newest = NULL, *oldest = NULL;
	struct request *rq;

	if (unlikely(at_head)) {
		spin_lock(&h->lock);
		list_for_each_entry(rq, list, queuelist) {
			trace_block_rq_insert(rq);
			classify(rq);
			WRITE_ONCE(h->staged, h->staged + 1);
		}
		list_splice_init(list, &h->urgent);
		weir_release(h);
		spin_unlock(&h->lock);
		return;
	}

	list_for_each_entry(rq, list, queuelist) {
		trace_block_rq_insert(rq);
		classify(rq);
		rq->ipi_list.next = newest;
		newest = &rq->ipi_list;
		if (!oldest)
			oldest = newest;
	}
	INIT_LIST_HEAD(list);
	if (newest)
		llist_add_batch(newest, oldest, &h->inbox);
}

/*
 * A bio that grew a request at its front has moved it in the sort tree. Only
 * one of the last few can it have been (blk_bio_list_merge looks at no more).
 */
static void resort_tail(struct weir_hctx *h, struct weir_lane *lane, u8 class)
{
	struct request *rq;
	int few = 8;

	list_for_each_entry_reverse(rq, &lane->requests, queuelist) {
		elv_rb_del(&h->sorted[class], rq);
		elv_rb_add(&h->sorted[class], rq);
		if (!--few)
			break;
	}
}

/* A driver that is full asks for no request: they pile up in the inbox. */
static bool waits_for_driver(struct blk_mq_hw_ctx *hctx, struct weir_hctx *h)
{
	return (hctx->dispatch_busy || !list_empty_careful(&hctx->dispatch)) &&
	       (!llist_empty(&h->inbox) || READ_ONCE(h->fresh));
}

/*
 * Stage all, without dispatching. Whoever inserted one of these may be about to
 * ask weir_has_work(), and must not see nothing in between: something counts as
 * staged from before the inbox is empty until all of it is. Nor may it be told
 * that the queue is held, if what came has not been looked at. True: it was.
 */
static bool open_for_merging(struct weir_hctx *h, struct list_head *merged)
{
	WRITE_ONCE(h->staged, h->staged + 1);
	weir_stage_fresh(h, merged);
	/* llist_del_all() orders the count above before it. */
	weir_open_inbox(h);
	weir_stage_fresh(h, merged);
	WRITE_ONCE(h->staged, h->staged - 1);
	return weir_release(h);
}

bool weir_bio_merge(struct request_queue *q, struct bio *bio, unsigned int nr_segs)
{
	struct blk_mq_hw_ctx *hctx = weir_bio_hctx(q, bio->bi_opf);
	struct weir_hctx *h = hctx->sched_data;
	struct weir_queue *wq = h->wq;
	struct request *merged = NULL;
	LIST_HEAD(merged_too);
	bool ret, run = false;

	/* Nothing waits: nothing to merge with, and no lock to take. */
	if (likely(!READ_ONCE(h->staged) && !waits_for_driver(hctx, h)))
		return false;

	spin_lock(&h->lock);
	if (waits_for_driver(hctx, h))
		run = open_for_merging(h, &merged_too);
	if (wq->single) {
		ret = blk_mq_sched_try_merge(q, bio, nr_segs, &merged);
	} else {
		u8 class = weir_class(bio->bi_opf);
		struct weir_lane *lane =
			weir_lane(h, class, weir_level(bio->bi_ioprio),
				  weir_flow_of(current->tgid, class, bio));

		ret = blk_bio_list_merge(q, &lane->requests, bio, nr_segs);
		if (ret && wq->rotational)
			resort_tail(h, lane, class);
	}
	spin_unlock(&h->lock);

	if (merged)
		blk_mq_free_request(merged);
	weir_free_merged(&merged_too);
	if (run)
		blk_mq_run_hw_queue(hctx, true);
	return ret;
}

/* No bio goes into a request of another class: it would wait as that does. */
bool weir_allow_merge(struct request_queue *q, struct request *rq, struct bio *bio)
{
	return weir_rq(rq)->class == weir_class(bio->bi_opf);
}

/* With one hardware queue: a staged request that starts where the bio ends. */
int weir_request_merge(struct request_queue *q, struct request **req, struct bio *bio)
{
	struct weir_hctx *h = weir_bio_hctx(q, bio->bi_opf)->sched_data;
	enum weir_class class = weir_class(bio->bi_opf);
	struct request *rq;

	if (class == WEIR_TRIM)
		return ELEVATOR_NO_MERGE;
	rq = elv_rb_find(&h->sorted[class], bio_end_sector(bio));
	if (!rq || !elv_bio_merge_ok(rq, bio))
		return ELEVATOR_NO_MERGE;
	*req = rq;
	return ELEVATOR_FRONT_MERGE;
}

/* A bio has become part of rq; under h->lock, by way of weir_bio_merge(). */
void weir_request_merged(struct request_queue *q, struct request *rq,
			 enum elv_merge type)
{
	struct weir_hctx *h = rq->mq_hctx->sched_data;
	struct rb_root *sorted = &h->sorted[weir_rq(rq)->class];

	if (type == ELEVATOR_FRONT_MERGE) {
		elv_rb_del(sorted, rq);
		elv_rb_add(sorted, rq);
	}
}

/*
 * next has become part of rq, which is staged. It may be, too, or be about to.
 * What somebody waits for must not wait longer for it.
 */
void weir_requests_merged(struct request_queue *q, struct request *rq,
			  struct request *next)
{
	struct weir_hctx *h = rq->mq_hctx->sched_data;
	struct weir_rq *r = weir_rq(rq), *n = weir_rq(next);

	if (n->staged)
		weir_unstage(h, next);
	rq->fifo_time = min(rq->fifo_time, next->fifo_time);
	h->next_expiry = min(h->next_expiry, rq->fifo_time);
	if (n->class < r->class || n->level < r->level) {
		out_of_lane(h, rq);
		r->class = min_t(u8, r->class, n->class);
		r->level = min_t(u8, r->level, n->level);
		into_lane(h, rq);
	}
}
