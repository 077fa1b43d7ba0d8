// SPDX-License-Identifier: GPL-2.0
/*
 * Where requests wait, and merge while they do.
 *
 * A submitter pushes its requests to the inbox of their stage without a lock. The next
 * dispatch takes all of them at once, oldest first. Those that may go at once never
 * come here (pick.c); the others are staged.
 *
 * Bios merge into staged requests. Where one stage is all there is, the elevator
 * core's hash finds a request whose end they continue, on a disk with an arm the sort
 * tree one whose start, and requests merge with each other as they are staged. Hash
 * and last_merge belong to the whole queue, and are only used where the one lock
 * covers them. With several stages a bio is compared with the last requests of its own.
 *
 * Discards stay out of hash and last_merge: the core merges those of several ranges
 * without telling the elevator that a staged one is gone.
 */
#include <trace/events/block.h>

#include "weir_iosched.h"

static bool is_hashed(struct weir_queue *wq, struct request *rq)
{
	return wq->single && req_op(rq) != REQ_OP_DISCARD &&
	       !(rq->cmd_flags & REQ_NOMERGE_FLAGS);
}

static void stage(struct weir_stage *s, struct request *rq, struct list_head *merged)
{
	struct weir_queue *wq = s->wq;
	struct weir_rq *r = weir_rq(rq);
	bool hashed = is_hashed(wq, rq);

	INIT_LIST_HEAD(&rq->queuelist);
	INIT_HLIST_NODE(&rq->hash);
	r->start = weir_flow_start(wq, rq);
	if (hashed && blk_mq_sched_try_insert_merge(wq->q, rq, merged))
		return;
	r->staged = true;
	weir_order_add(s, rq);
	WRITE_ONCE(s->staged, s->staged + 1);
	if (hashed) {
		elv_rqhash_add(wq->q, rq);
		if (!wq->q->last_merge)
			wq->q->last_merge = rq;
	}
}

void weir_unstage(struct weir_stage *s, struct request *rq)
{
	struct weir_queue *wq = s->wq;

	weir_order_del(s, rq);
	weir_rq(rq)->staged = false;
	WRITE_ONCE(s->staged, s->staged - 1);
	if (wq->single) {
		elv_rqhash_del(wq->q, rq);
		if (wq->q->last_merge == rq)
			wq->q->last_merge = NULL;
	}
}

/* What has been inserted since the last time, in that order, if that is all gone */
void weir_open_inbox(struct weir_stage *s)
{
	if (!s->fresh)
		WRITE_ONCE(s->fresh, llist_reverse_order(llist_del_all(&s->inbox)));
}

void weir_free_merged(struct list_head *merged)
{
	struct request *rq, *next;

	list_for_each_entry_safe(rq, next, merged, queuelist) {
		list_del_init(&rq->queuelist);
		blk_mq_free_request(rq);
	}
}

void weir_stage_fresh(struct weir_stage *s, struct list_head *merged)
{
	while (s->fresh) {
		struct request *rq = llist_entry(s->fresh, struct request, ipi_list);

		s->fresh = s->fresh->next;
		stage(s, rq, merged);
	}
}

/* Back from the driver, or of no interest to a scheduler: before all others */
static void insert_urgent(struct weir_stage *s, struct list_head *list)
{
	struct request *rq;

	spin_lock(&s->lock);
	list_for_each_entry(rq, list, queuelist) {
		trace_block_rq_insert(rq);
		weir_classify(s->wq, rq);
		WRITE_ONCE(s->staged, s->staged + 1);
	}
	list_splice_init(list, &s->urgent);
	WRITE_ONCE(s->asleep, false);
	spin_unlock(&s->lock);
}

/* Is there a request that nobody has looked at yet whether it may go? */
static bool has_news(struct weir_stage *s)
{
	int i;

	for (i = 0; i < WEIR_LEVELS; i++)
		if (s->line[i].nr && !READ_ONCE(s->line[i].waiter.waiting))
			return true;
	return false;
}

/*
 * The stage sleeps: what joins those that wait is staged here, and nobody has to run
 * the hardware queue for it.
 */
static void insert_asleep(struct weir_stage *s)
{
	LIST_HEAD(merged);

	spin_lock(&s->lock);
	weir_stage_fresh(s, &merged);
	weir_open_inbox(s);
	weir_stage_fresh(s, &merged);
	if (has_news(s))
		WRITE_ONCE(s->asleep, false);
	else
		weir_credit_update(s);
	spin_unlock(&s->lock);
	weir_free_merged(&merged);
}

void weir_insert(struct blk_mq_hw_ctx *hctx, struct list_head *list, bool at_head)
{
	struct weir_stage *s = hctx->sched_data;
	struct llist_node *newest = NULL, *oldest = NULL;
	struct request *rq;

	if (unlikely(at_head)) {
		insert_urgent(s, list);
		return;
	}
	list_for_each_entry(rq, list, queuelist) {
		trace_block_rq_insert(rq);
		weir_classify(s->wq, rq);
		rq->ipi_list.next = newest;
		newest = &rq->ipi_list;
		if (!oldest)
			oldest = newest;
	}
	INIT_LIST_HEAD(list);
	if (!newest)
		return;
	llist_add_batch(newest, oldest, &s->inbox);
	if (READ_ONCE(s->asleep))
		insert_asleep(s);
}

/* A driver that is full asks for no request: they pile up in the inbox. */
static bool waits_for_driver(struct blk_mq_hw_ctx *hctx, struct weir_stage *s)
{
	return (hctx->dispatch_busy || !list_empty_careful(&hctx->dispatch)) &&
	       (!llist_empty(&s->inbox) || READ_ONCE(s->fresh));
}

/*
 * Stage all, without dispatching. Whoever inserted one of these may be about to
 * ask weir_has_work(), and must not see nothing in between: something counts as
 * staged, and the stage as awake, from before the inbox is empty until all is staged.
 */
static void open_for_merging(struct weir_stage *s, struct list_head *merged)
{
	WRITE_ONCE(s->staged, s->staged + 1);
	WRITE_ONCE(s->asleep, false);
	weir_stage_fresh(s, merged);
	/* llist_del_all() orders what is above before it. */
	weir_open_inbox(s);
	weir_stage_fresh(s, merged);
	WRITE_ONCE(s->staged, s->staged - 1);
}

static bool merge_bio(struct weir_stage *s, struct bio *bio, unsigned int nr_segs,
		      struct request **merged)
{
	struct request_queue *q = s->wq->q;

	if (s->wq->single)
		return blk_mq_sched_try_merge(q, bio, nr_segs, merged);
	return blk_bio_list_merge(q, &s->recent, bio, nr_segs);
}

bool weir_bio_merge(struct request_queue *q, struct bio *bio, unsigned int nr_segs)
{
	struct blk_mq_hw_ctx *hctx = weir_bio_hctx(q, bio->bi_opf);
	struct weir_stage *s = hctx->sched_data;
	struct request *merged = NULL;
	LIST_HEAD(merged_too);
	bool ret, run = false;

	/* Nothing waits: nothing to merge with, and no lock to take. */
	if (likely(!READ_ONCE(s->staged) && !waits_for_driver(hctx, s)))
		return false;

	spin_lock(&s->lock);
	if (waits_for_driver(hctx, s)) {
		run = s->asleep;
		open_for_merging(s, &merged_too);
	}
	ret = merge_bio(s, bio, nr_segs, &merged);
	if (ret)
		weir_credit_update(s);
	spin_unlock(&s->lock);

	if (merged)
		blk_mq_free_request(merged);
	weir_free_merged(&merged_too);
	if (run)
		blk_mq_run_hw_queue(hctx, true);
	return ret;
}

/*
 * No bio goes into a request of another class or level: it would wait as that does. Nor
 * one that an interrupt is to complete into one that ends when its submitter polls.
 */
bool weir_allow_merge(struct request_queue *q, struct request *rq, struct bio *bio)
{
	enum weir_class class = weir_class(bio->bi_opf);
	u8 level = weir_rq(rq)->level;

	return weir_rq(rq)->class == class && !((rq->cmd_flags ^ bio->bi_opf) & REQ_POLLED) &&
	       weir_level(bio->bi_ioprio, class) == (level == WEIR_LIGHT ? WEIR_BE : level);
}

/* On a disk with an arm: a staged request that starts where the bio ends. */
int weir_request_merge(struct request_queue *q, struct request **req, struct bio *bio)
{
	struct weir_stage *s = weir_bio_hctx(q, bio->bi_opf)->sched_data;
	enum weir_class class = weir_class(bio->bi_opf);
	struct request *rq;

	if (!s->wq->rotational || class == WEIR_TRIM)
		return ELEVATOR_NO_MERGE;
	rq = elv_rb_find(&s->line[weir_level(bio->bi_ioprio, class)].sorted.rb_root,
			 bio_end_sector(bio));
	if (!rq || !elv_bio_merge_ok(rq, bio))
		return ELEVATOR_NO_MERGE;
	*req = rq;
	return ELEVATOR_FRONT_MERGE;
}

/*
 * A bio has become part of rq; under s->lock, by way of weir_bio_merge(). At its front:
 * it is at another place in sector order.
 */
void weir_request_merged(struct request_queue *q, struct request *rq,
			 enum elv_merge type)
{
	struct weir_stage *s = rq->mq_hctx->sched_data;

	if (type == ELEVATOR_FRONT_MERGE && s->wq->rotational)
		weir_order_moved(s, rq);
}

/*
 * next has become part of rq, which is staged. It may be, too, or be about to.
 * What somebody waits for must not wait longer for it.
 */
void weir_requests_merged(struct request_queue *q, struct request *rq,
			  struct request *next)
{
	struct weir_stage *s = rq->mq_hctx->sched_data;
	struct weir_rq *r = weir_rq(rq), *n = weir_rq(next);

	if (n->staged)
		weir_unstage(s, next);
	weir_flow_merged(s->wq, next);
	if (n->level < r->level || (n->level == r->level && (s64)(n->start - r->start) < 0)) {
		u8 level = r->level;

		weir_order_del(s, rq);
		r->class = min_t(u8, r->class, n->class);
		r->level = min_t(u8, r->level, n->level);
		r->start = n->start;
		weir_order_add(s, rq);
		weir_credit_leave(s, level);
	}
	weir_credit_leave(s, n->level);
}
