// SPDX-License-Identifier: GPL-2.0
/*
 * Hardware queues come and go: when the disk does, and when their number changes.
 * How a queue gives its requests back follows from the settings, whether there is a
 * media model, and whether it is polled; it changes only while there is no request.
 */
#include <linux/slab.h>

#include "compat/blk.h"
#include "config/config.h"
#include "watch/watch.h"

#include "back.h"
#include "cut.h"
#include "disk.h"
#include "hctx.h"
#include "inject.h"
#include "take.h"
#include "timeout.h"

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

	WRITE_ONCE(wq->cut, weir_cut_on(&wd->cut));
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

/* The memory of a queue with @depth tags, zeroed; NULL if there is none. */
static struct weir_queue *queue_alloc(u32 depth, int node)
{
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
	return wq;

free_slots:
	kvfree(wq->due.slot);
free_queue:
	kfree(wq);
	return NULL;
}

static void queue_free(struct weir_queue *wq)
{
	free_percpu(wq->counters);
	kvfree(wq->due.slot);
	kfree(wq);
}

static struct weir_queue *queue_create(struct weir_disk *wd, int node)
{
	u32 depth = wd->tags->set.queue_depth;
	struct weir_queue *wq = queue_alloc(depth, node);

	if (!wq)
		return NULL;
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

	if (weir_inject_init_hctx(wd))
		return -EFAULT; /* as null_blk */
	if (!wq) {
		wq = queue_create(wd, hctx->numa_node);
		if (!wq)
			return -ENOMEM;
	}
	set_completion(wq, index);
	wq->only_cpu = WEIR_CPU_UNKNOWN;
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
		queue_free(wq);
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

int weir_disk_set_queues(struct weir_disk *wd, const struct weir_settings *s)
{
	struct weir_tags *tags = wd->tags;
	const int nr = s->submit_queues + s->poll_queues;
	int err = 0;

	lockdep_assert_held(&wd->mutex);
	if (tags->submit_queues == s->submit_queues &&
	    tags->poll_queues == s->poll_queues)
		return 0;
	if (tags->owner != wd) {
		pr_err("%s: the queues of a shared tag set cannot change\n", wd->name);
		return -EINVAL;
	}
	tags->old_submit_queues = tags->submit_queues;
	tags->old_poll_queues = tags->poll_queues;
	tags->submit_queues = s->submit_queues;
	tags->poll_queues = s->poll_queues;
	tags->mapped = false;
	weir_update_nr_hw_queues(&tags->set, wd->disk->queue, nr);
	if (!tags->mapped || tags->set.nr_hw_queues != nr) {
		/* It may have given up before it asked for a map. */
		tags->submit_queues = tags->old_submit_queues;
		tags->poll_queues = tags->old_poll_queues;
		err = -ENOMEM;
	}
	WRITE_ONCE(wd->set.submit_queues, tags->submit_queues);
	WRITE_ONCE(wd->set.poll_queues, tags->poll_queues);
	if (err)
		pr_err("%s: no memory for %d hardware queues\n", wd->name, nr);
	return err;
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
