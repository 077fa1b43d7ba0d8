// SPDX-License-Identifier: GPL-2.0
/*
 * The elevator "weir": first come, first served, for each hardware queue. What
 * it is built with, include/compat/elevator.h, works; the rest is to come.
 */
#include "compat/elevator.h"

struct weir_hctx {
	spinlock_t lock;		/* of staged */
	struct list_head staged;
};

struct weir_queue {
	struct request_queue *q;
	unsigned int write_depth;	/* shallow depth of background writes */
};

static void weir_depth(struct request_queue *q, unsigned int depth)
{
	struct weir_queue *wq = q->elevator->elevator_data;
	struct blk_mq_hw_ctx *hctx = weir_first_hctx(q);

	WRITE_ONCE(wq->write_depth, weir_shallow_depth(hctx, depth * 3 / 4));
	weir_set_min_shallow_depth(q, 1);
}

WEIR_DEFINE_DEPTH_UPDATED(weir_depth_updated, weir_depth)

static int weir_init_hctx(struct blk_mq_hw_ctx *hctx, unsigned int i)
{
	struct weir_hctx *wh = kzalloc_node(sizeof(*wh), GFP_KERNEL,
					    hctx->numa_node);

	if (!wh)
		return -ENOMEM;
	spin_lock_init(&wh->lock);
	INIT_LIST_HEAD(&wh->staged);
	hctx->sched_data = wh;
	weir_depth(hctx->queue, weir_hctx_depth(hctx));
	return 0;
}

static void weir_exit_hctx(struct blk_mq_hw_ctx *hctx, unsigned int i)
{
	struct weir_hctx *wh = hctx->sched_data;

	WARN_ON_ONCE(!list_empty(&wh->staged));
	kfree(wh);
}

static int weir_attach_queue(struct request_queue *q, struct elevator_queue *eq)
{
	struct weir_queue *wq = kzalloc_node(sizeof(*wq), GFP_KERNEL, q->node);

	if (!wq)
		return -ENOMEM;
	wq->q = q;
	wq->write_depth = 1;
	eq->elevator_data = wq;
	weir_wbt_off(q, eq);
	return 0;
}

WEIR_DEFINE_INIT_SCHED(weir_init_sched, weir_attach_queue)

static void weir_exit_sched(struct elevator_queue *eq)
{
	struct weir_queue *wq = eq->elevator_data;

	weir_wbt_on(wq->q, eq);
	kfree(wq);
}

static void weir_limit_depth(blk_opf_t opf, struct blk_mq_alloc_data *data)
{
	struct weir_queue *wq = data->q->elevator->elevator_data;

	if (op_is_write(opf) && !op_is_sync(opf))
		data->shallow_depth = READ_ONCE(wq->write_depth);
}

static bool weir_bio_merge(struct request_queue *q, struct bio *bio,
			   unsigned int nr_segs)
{
	struct weir_hctx *wh = weir_bio_hctx(q, bio->bi_opf)->sched_data;
	bool merged;

	spin_lock(&wh->lock);
	merged = blk_bio_list_merge(q, &wh->staged, bio, nr_segs);
	spin_unlock(&wh->lock);
	return merged;
}

static void weir_insert(struct blk_mq_hw_ctx *hctx, struct list_head *list,
			bool at_head)
{
	struct weir_hctx *wh = hctx->sched_data;

	spin_lock(&wh->lock);
	if (at_head)
		list_splice_init(list, &wh->staged);
	else
		list_splice_tail_init(list, &wh->staged);
	spin_unlock(&wh->lock);
}

WEIR_DEFINE_INSERT_REQUESTS(weir_insert_requests, weir_insert)

static struct request *weir_dispatch_request(struct blk_mq_hw_ctx *hctx)
{
	struct weir_hctx *wh = hctx->sched_data;
	struct request *rq;

	spin_lock(&wh->lock);
	rq = list_first_entry_or_null(&wh->staged, struct request, queuelist);
	if (rq)
		list_del_init(&rq->queuelist);
	spin_unlock(&wh->lock);
	return rq;
}

static bool weir_has_work(struct blk_mq_hw_ctx *hctx)
{
	struct weir_hctx *wh = hctx->sched_data;

	return !list_empty_careful(&wh->staged);
}

/* The core wants one. */
static void weir_finish_request(struct request *rq)
{
}

static ssize_t weir_write_depth_show(struct elevator_queue *eq, char *page)
{
	struct weir_queue *wq = eq->elevator_data;

	return sysfs_emit(page, "%u\n", READ_ONCE(wq->write_depth));
}

static weir_elv_attr weir_attrs[] = {
	__ATTR(write_depth, 0444, weir_write_depth_show, NULL),
	{ }
};

static struct elevator_type weir_elevator = {
	.ops = {
		.init_sched = weir_init_sched,
		.exit_sched = weir_exit_sched,
		.init_hctx = weir_init_hctx,
		.exit_hctx = weir_exit_hctx,
		.depth_updated = weir_depth_updated,
		.limit_depth = weir_limit_depth,
		.bio_merge = weir_bio_merge,
		.insert_requests = weir_insert_requests,
		.dispatch_request = weir_dispatch_request,
		.has_work = weir_has_work,
		.finish_request = weir_finish_request,
	},
	.elevator_attrs = weir_attrs,
	.elevator_name = "weir",
	.elevator_owner = THIS_MODULE,
};

static int __init weir_init(void)
{
	return elv_register(&weir_elevator);
}

static void __exit weir_exit(void)
{
	elv_unregister(&weir_elevator);
}

module_init(weir_init);
module_exit(weir_exit);

MODULE_AUTHOR("the weir developers");
MODULE_DESCRIPTION("weir: an I/O scheduler for blk-mq devices");
MODULE_LICENSE("GPL");
