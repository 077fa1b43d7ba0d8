// SPDX-License-Identifier: GPL-2.0
/*
 * The elevator `weir`: attaching it to a queue, and the module.
 *
 * The queue is frozen while it is attached and detached: no request exists.
 * Memory is allocated with NOIO then (compat/elevator.h): reclaim must not wait
 * for a queue that is frozen.
 */
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "weir_iosched.h"

#define CREATE_TRACE_POINTS
#include <trace/weir.h>

const char *const weir_class_name[WEIR_CLASSES] = {
	[WEIR_READ] = "read",
	[WEIR_SYNC] = "sync",
	[WEIR_WRITE] = "write",
	[WEIR_TRIM] = "trim",
};

const char *const weir_level_name[WEIR_LEVELS] = {
	[WEIR_RT] = "rt",
	[WEIR_BE] = "be",
	[WEIR_IDLE] = "idle",
};

const char *const weir_op_name[WEIR_OPS] = {
	[WEIR_OP_READ] = "read",
	[WEIR_OP_WRITE] = "write",
	[WEIR_OP_TRIM] = "trim",
};

/*
 * Reads and what is waited for expire first: a user notices half a second. The
 * others only have to move at all (mq-deadline has 500 ms and 5 s, too).
 */
static const struct weir_knobs defaults = {
	.expire_msec = {
		[WEIR_READ] = 500,
		[WEIR_SYNC] = 500,
		[WEIR_WRITE] = 5000,
		[WEIR_TRIM] = 10000,
	},
	.idle_age_msec = 2000,
};

static void depth_updated(struct request_queue *q, unsigned int depth)
{
	weir_set_depth(weir_queue(q), depth);
}

static int attach(struct request_queue *q, struct elevator_queue *eq)
{
	struct weir_queue *wq = kzalloc_node(sizeof(*wq), GFP_KERNEL, q->node);
	int err = -ENOMEM;
	int i;

	if (!wq)
		return err;
	wq->q = q;
	wq->single = q->nr_hw_queues == 1;
	wq->rotational = weir_rotational(q);
	wq->knobs = defaults;
	wq->flows = kvcalloc(WEIR_FLOWS, sizeof(*wq->flows), GFP_KERNEL);
	if (!wq->flows)
		goto fail_queue;
	for (i = 0; i < WEIR_FLOWS; i++)
		wq->flows[i].weight = IOPRIO_NR_LEVELS - IOPRIO_BE_NORM;
	err = weir_tick_init(wq);
	if (err)
		goto fail_flows;
	weir_set_depth(wq, weir_sched_depth(q));
	eq->elevator_data = wq;
	weir_wbt_off(q, eq);
	return 0;

fail_flows:
	kvfree(wq->flows);
fail_queue:
	kfree(wq);
	return err;
}

static void detach(struct elevator_queue *eq)
{
	struct weir_queue *wq = eq->elevator_data;

	cancel_work_sync(&wq->tick);
	WARN_ON_ONCE(atomic_read(&wq->nr_held) || atomic_read(&wq->nr_short) ||
		     atomic_read(&wq->background) || wq->first);
	weir_wbt_on(wq->q, eq);
	weir_tick_exit(wq);
	while (wq->retired) {
		struct weir_hctx *h = wq->retired;

		wq->retired = h->retired;
		kvfree(h);
	}
	kvfree(wq->flows);
	kfree(wq);
}

static void init_lanes(struct weir_hctx *h)
{
	int i, j;

	INIT_LIST_HEAD(&h->urgent);
	for (i = 0; i < WEIR_LEVELS; i++) {
		INIT_LIST_HEAD(&h->turns[i].sparse);
		INIT_LIST_HEAD(&h->turns[i].active);
		INIT_LIST_HEAD(&h->turns[i].background);
	}
	for (i = 0; i < WEIR_CLASSES; i++) {
		h->sorted[i] = RB_ROOT;
		for (j = 0; j < WEIR_LANES; j++) {
			INIT_LIST_HEAD(&h->lanes[i][j].requests);
			INIT_LIST_HEAD(&h->lanes[i][j].turn);
		}
	}
}

static int init_hctx(struct blk_mq_hw_ctx *hctx, unsigned int index)
{
	unsigned int noio = memalloc_noio_save();
	struct weir_hctx *h;

	h = kvzalloc_node(sizeof(*h), GFP_KERNEL, hctx->numa_node);
	memalloc_noio_restore(noio);
	if (!h)
		return -ENOMEM;
	h->wq = weir_queue(hctx->queue);
	h->hctx = hctx;
	timer_setup(&h->timer, weir_expired, 0);
	init_llist_head(&h->inbox);
	spin_lock_init(&h->lock);
	h->next_expiry = U64_MAX;
	init_lanes(h);
	hctx->sched_data = h;
	return 0;
}

static void exit_hctx(struct blk_mq_hw_ctx *hctx, unsigned int index)
{
	struct weir_hctx *h = hctx->sched_data;

	/* The tick looks at every hardware queue. */
	cancel_work_sync(&h->wq->tick);
	timer_shutdown_sync(&h->timer);
	WARN_ON_ONCE(h->staged || h->fresh || !llist_empty(&h->inbox));
	hctx->sched_data = NULL;
	/* So may debugfs, until detach(). */
	h->retired = h->wq->retired;
	h->wq->retired = h;
}

WEIR_DEFINE_INIT_SCHED(init_sched, attach)
WEIR_DEFINE_DEPTH_UPDATED(depth_updated_op, depth_updated)
WEIR_DEFINE_INSERT_REQUESTS(insert_requests, weir_insert)

struct elevator_type weir_elevator = {
	.ops = {
		.init_sched = init_sched,
		.exit_sched = detach,
		.init_hctx = init_hctx,
		.exit_hctx = exit_hctx,
		.depth_updated = depth_updated_op,
		.limit_depth = weir_limit_depth,
		.prepare_request = weir_prepare_request,
		.bio_merge = weir_bio_merge,
		.allow_merge = weir_allow_merge,
		.request_merge = weir_request_merge,
		.request_merged = weir_request_merged,
		.requests_merged = weir_requests_merged,
		.former_request = elv_rb_former_request,
		.next_request = elv_rb_latter_request,
		.insert_requests = insert_requests,
		.dispatch_request = weir_dispatch_request,
		.has_work = weir_has_work,
		.completed_request = weir_completed_request,
		.finish_request = weir_finish_request,
		.requeue_request = weir_finish_request,
	},
#ifdef CONFIG_BLK_DEBUG_FS
	.queue_debugfs_attrs = weir_queue_debugfs_attrs,
	.hctx_debugfs_attrs = weir_hctx_debugfs_attrs,
#endif
	.elevator_attrs = weir_sysfs_attrs,
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

MODULE_DESCRIPTION("I/O scheduler with learned device windows and writeback throttling");
MODULE_LICENSE("GPL");
MODULE_ALIAS("weir-iosched");
