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
	[WEIR_LIGHT] = "light",
	[WEIR_BE] = "be",
	[WEIR_BG] = "bg",
	[WEIR_IDLE] = "idle",
};

const char *const weir_op_name[WEIR_OPS] = {
	[WEIR_OP_READ] = "read",
	[WEIR_OP_WRITE] = "write",
	[WEIR_OP_TRIM] = "trim",
};

/*
 * Reads and what is waited for: a user notices half a second. The others only have to
 * move at all (mq-deadline has 500 ms and 5 s, too).
 */
static const struct weir_knobs defaults = {
	.age_msec = {
		[WEIR_RT] = 500,
		[WEIR_LIGHT] = 500,
		[WEIR_BE] = 500,
		[WEIR_BG] = 5000,
		[WEIR_IDLE] = 2000,
	},
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
	wq->rotational = weir_rotational(q);
	wq->single = q->nr_hw_queues == 1 || wq->rotational;
	wq->knobs = defaults;
	spin_lock_init(&wq->wait_lock);
	wq->leases_at = jiffies;
	for (i = 0; i < WEIR_LEVELS; i++)
		wq->waiters[i] = RB_ROOT_CACHED;
	weir_hrtimer_setup(&wq->timer, weir_credit_timer, CLOCK_MONOTONIC,
			   HRTIMER_MODE_REL_SOFT);
	wq->flows = kvcalloc(WEIR_FLOWS, sizeof(*wq->flows), GFP_KERNEL);
	if (!wq->flows)
		goto fail_queue;
	INIT_DEFERRABLE_WORK(&wq->release, weir_flows_release);
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

static void free_stages(struct weir_queue *wq)
{
	while (wq->stages) {
		struct weir_stage *s = wq->stages;

		wq->stages = s->next;
		kvfree(s);
	}
}

static void detach(struct elevator_queue *eq)
{
	struct weir_queue *wq = eq->elevator_data;
	int i;

	hrtimer_cancel(&wq->timer);
	cancel_work_sync(&wq->tick);
	WARN_ON_ONCE(wq->waiting || atomic_read(&wq->background));
	for (i = 0; i < WEIR_LEVELS; i++)
		WARN_ON_ONCE(atomic64_read(&wq->charged[i]));
	weir_wbt_on(wq->q, eq);
	weir_tick_exit(wq);
	free_stages(wq);
	weir_flows_exit(wq);
	kfree(wq);
}

static struct weir_stage *new_stage(struct weir_queue *wq, struct blk_mq_hw_ctx *hctx)
{
	unsigned int noio = memalloc_noio_save();
	struct weir_stage *s = kvzalloc_node(sizeof(*s), GFP_KERNEL, hctx->numa_node);
	int i;

	memalloc_noio_restore(noio);
	if (!s)
		return NULL;
	s->wq = wq;
	s->hctx = hctx;
	spin_lock_init(&s->lock);
	init_llist_head(&s->inbox);
	INIT_LIST_HEAD(&s->urgent);
	INIT_LIST_HEAD(&s->recent);
	for (i = 0; i < WEIR_LEVELS; i++) {
		s->line[i].sorted = RB_ROOT_CACHED;
		s->line[i].waiter.stage = s;
		s->line[i].waiter.level = i;
	}
	/* Until detach: debugfs may still look at it when its hardware queue is gone. */
	s->next = wq->stages;
	wq->stages = s;
	return s;
}

/* A stage for each hardware queue; all of a disk with an arm share one. */
static int init_hctx(struct blk_mq_hw_ctx *hctx, unsigned int index)
{
	struct weir_queue *wq = weir_queue(hctx->queue);

	hctx->sched_data = wq->rotational && wq->stages ? wq->stages : new_stage(wq, hctx);
	return hctx->sched_data ? 0 : -ENOMEM;
}

static void exit_hctx(struct blk_mq_hw_ctx *hctx, unsigned int index)
{
	struct weir_stage *s = hctx->sched_data;

	WARN_ON_ONCE(s->staged || s->fresh || !llist_empty(&s->inbox));
	hctx->sched_data = NULL;
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
		.requeue_request = weir_requeue_request,
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
	int err;

	weir_group_register();
	err = elv_register(&weir_elevator);
	if (err)
		weir_group_unregister();
	return err;
}

static void __exit weir_exit(void)
{
	elv_unregister(&weir_elevator);
	weir_group_unregister();
}

module_init(weir_init);
module_exit(weir_exit);

MODULE_DESCRIPTION("I/O scheduler with learned device windows and writeback throttling");
MODULE_LICENSE("GPL");
MODULE_VERSION(WEIR_VERSION);
MODULE_ALIAS("weir-iosched");
