// SPDX-License-Identifier: GPL-2.0
/*
 * The media model in its place: the lock, the timer and the memory that the pure
 * media.c leaves to its owner.
 *
 * A request goes to the model when it arrives, and its bytes move meanwhile, as a
 * drive's do. When they have, and the model has decided, it waits in its hardware
 * queue's heap like any other. What the model
 * cannot decide yet is in nobody's hands but the model's; the drive's own timer
 * lets the model live on when there is such a request, so that a polled queue
 * that nobody polls holds up no other.
 *
 * One lock for the disk: it is one device, and what is simulated is how its
 * users wait for each other. No disk without a model comes here.
 *
 * Locks: a queue's lock is taken after weir_drive.lock has been dropped; both are
 * taken from hard interrupts. weir_disk.drive changes while there is no request,
 * under the disk's mutex and drive_mutex; a reader that is no request holds one
 * of these.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat/blk.h"
#include "config/config.h"
#include "config/model_config.h"
#include "media/media.h"
#include "watch/watch.h"

#include "back.h"
#include "cmd.h"
#include "cut.h"
#include "disk.h"
#include "drive.h"
#include "hctx.h"
#include "unplug.h"

/**
 * struct weir_drive - a disk's media model
 * @lock: protects @media and @armed_ns
 * @media: the model, in memory of its own
 * @model: the numbers it has; under the disk's mutex
 * @armed_ns: the time @timer is set to, U64_MAX when it is not
 * @timer: lets the model decide what it could not
 */
struct weir_drive {
	spinlock_t lock; /* see above */
	struct weir_media *media;
	struct weir_model model;
	u64 armed_ns;
	struct hrtimer timer;
};

static struct request *cmd_to_rq(struct weir_media_cmd *c)
{
	return blk_mq_rq_from_pdu(container_of(c, struct weir_cmd, media));
}

/* One of two has happened to a request; after both it waits for its time. */
static void meet(struct weir_queue *wq, struct request *rq, int what)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

	/* Without the other one it is somebody else's from here on. */
	if (atomic_fetch_or(what, &cmd->met) == (what ^ (WEIR_MOVED | WEIR_DECIDED)))
		weir_wait_until(wq, rq, cmd->media.done_ns);
	else if (what == WEIR_MOVED && unlikely(READ_ONCE(wq->wd->gone)) &&
		 weir_drive_cancel(wq->drive, rq))
		weir_unplug_end(wq, rq);	/* see unplug.c */
}

/* What has been decided goes to its hardware queues. Without locks. */
static void hand_out(struct weir_media_cmd *c)
{
	struct weir_media_cmd *next;

	for (; c; c = next) {
		struct request *rq = cmd_to_rq(c);
		struct weir_queue *wq = rq->mq_hctx->driver_data;

		next = c->next;
		if (unlikely(READ_ONCE(wq->watch)))
			weir_watch_media(wq, rq, c->submit_ns, c->done_ns, c->part_ns);
		meet(wq, rq, WEIR_DECIDED);
	}
}

/* Set the timer to when the model wants to be called, or later. Caller holds d->lock. */
static void arm(struct weir_drive *d, u64 not_before_ns)
{
	u64 next_ns = weir_media_next_ns(d->media);

	if (next_ns >= d->armed_ns)
		return;
	d->armed_ns = next_ns;
	hrtimer_start(&d->timer, ns_to_ktime(max(next_ns, not_before_ns)),
		      HRTIMER_MODE_ABS_PINNED);
}

static enum hrtimer_restart drive_timer(struct hrtimer *timer)
{
	struct weir_drive *d = container_of(timer, struct weir_drive, timer);
	struct weir_media_cmd *decided = NULL;
	u64 now_ns = ktime_get_ns();
	bool more = true, begun;

	spin_lock(&d->lock);
	d->armed_ns = U64_MAX;
	begun = weir_burst_begin(now_ns);
	if (begun)
		decided = weir_media_step(d->media, now_ns, &more);
	arm(d, more ? now_ns + WEIR_BREATH_NS : 0);
	spin_unlock(&d->lock);
	hand_out(decided);
	if (begun)
		weir_burst_end();
	return HRTIMER_NORESTART;
}

/*
 * Let the drive live until now, in process context: with the lock, and interrupts off,
 * for a step at a time.
 */
static void live(struct weir_drive *d, u64 now_ns)
{
	struct weir_media_cmd *decided;
	unsigned long flags;
	bool more;

	do {
		spin_lock_irqsave(&d->lock, flags);
		decided = weir_media_step(d->media, now_ns, &more);
		if (!more)
			arm(d, 0);
		spin_unlock_irqrestore(&d->lock, flags);
		hand_out(decided);
	} while (more);
}

/* Likewise, before somebody looks at what it has counted. */
static void settle(struct weir_drive *d)
{
	u64 now_ns = ktime_get_ns();
	bool settled;

	live(d, now_ns);
	do {
		spin_lock_irq(&d->lock);
		settled = weir_media_settle(d->media, now_ns);
		spin_unlock_irq(&d->lock);
	} while (!settled);
}

static enum weir_media_op media_op(const struct request *rq)
{
	switch (req_op(rq)) {
	case REQ_OP_READ:
		return WEIR_MEDIA_READ;
	case REQ_OP_FLUSH:
		return WEIR_MEDIA_FLUSH;
	case REQ_OP_DISCARD:
	case REQ_OP_SECURE_ERASE:
		return WEIR_MEDIA_DISCARD;
	case REQ_OP_WRITE_ZEROES:
		return rq->cmd_flags & REQ_NOUNMAP ? WEIR_MEDIA_ZEROES :
						     WEIR_MEDIA_DISCARD;
	default:
		return WEIR_MEDIA_WRITE;
	}
}

static void fill(struct weir_media_cmd *c, const struct request *rq)
{
	c->op = media_op(rq);
	c->fua = rq->cmd_flags & REQ_FUA;
	c->queue = rq->mq_hctx->queue_num;
	c->sector = blk_rq_pos(rq);
	c->sectors = blk_rq_sectors(rq);
	/* The model knows of one range: of a discard of several it takes the first. */
	if (weir_has_ranges(rq))
		c->sectors = bio_sectors(rq->bio);
	if (c->op == WEIR_MEDIA_FLUSH) {
		c->sector = 0;
		c->sectors = 0;
	}
}

void weir_drive_submit(struct weir_drive *d, struct request *rq)
{
	u64 now_ns = ktime_get_ns();
	struct request *next;
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	for (; rq; rq = next) {
		struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

		next = rq->rq_next;
		atomic_set(&cmd->met, 0);
		fill(&cmd->media, rq);
		weir_media_submit(d->media, &cmd->media, now_ns);
	}
	spin_unlock_irqrestore(&d->lock, flags);
	live(d, now_ns);
}

void weir_drive_moved(struct weir_queue *wq, struct request *rq)
{
	meet(wq, rq, WEIR_MOVED);
}

bool weir_drive_cancel(struct weir_drive *d, struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);
	unsigned long flags;
	bool ours;

	/*
	 * Before it has moved, its bytes are in the hands of whoever moves them. Asked with the
	 * lock: until it is submitted, @met is what the tag's last request left.
	 */
	spin_lock_irqsave(&d->lock, flags);
	ours = atomic_read_acquire(&cmd->met) & WEIR_MOVED &&
	       weir_media_cancel(d->media, &cmd->media);
	spin_unlock_irqrestore(&d->lock, flags);
	return ours;
}

/* Making, changing and unmaking; under the disk's mutex. */

static struct weir_drive *drive_create(struct weir_disk *wd, const struct weir_model *model)
{
	const u64 capacity = (u64)wd->set.size << 20;
	const u32 nr_queues = wd->max_queues;
	struct weir_drive *d;
	void *memory;

	d = kvzalloc_node(sizeof(*d), GFP_KERNEL, wd->set.home_node);
	if (!d)
		return NULL;
	/* Pages: aligned, however small. */
	memory = vzalloc_node(weir_media_bytes(model, capacity, nr_queues),
			      wd->set.home_node);
	if (!memory) {
		kvfree(d);
		return NULL;
	}
	spin_lock_init(&d->lock);
	d->model = *model;
	d->media = weir_media_init(memory, model, capacity, nr_queues);
	d->armed_ns = U64_MAX;
	weir_hrtimer_setup(&d->timer, drive_timer, CLOCK_MONOTONIC,
			   HRTIMER_MODE_ABS_PINNED);
	return d;
}

/* No request is in it. */
static void drive_destroy(struct weir_drive *d)
{
	if (!d)
		return;
	hrtimer_cancel(&d->timer);
	vfree(d->media); /* which lies at the beginning of its memory */
	kvfree(d);
}

static bool fits(const struct weir_disk *wd, const struct weir_model *model)
{
	if (!wd->set.mbps || model->kind == WEIR_KIND_NONE)
		return true;
	pr_err("%s: mbps=%lld: not 0 with a profile, which has bus_mbps and cap_mbps\n",
	       wd->name, wd->set.mbps);
	return false;
}

/*
 * Whoever wants a model wants to know where its times come from: they are kept,
 * unless the user has chosen.
 */
static int keep_times(struct weir_disk *wd, bool on)
{
	return READ_ONCE(wd->timing_chosen) ? 0 : weir_watch_timing(wd, on);
}

int weir_drive_start(struct weir_disk *wd, const struct weir_model *model)
{
	int err;

	lockdep_assert_held(&wd->mutex);
	wd->drive = NULL;
	if (!fits(wd, model))
		return -EINVAL;
	err = keep_times(wd, model->kind != WEIR_KIND_NONE);
	if (err || model->kind == WEIR_KIND_NONE)
		return err;
	wd->drive = drive_create(wd, model);
	return wd->drive ? 0 : -ENOMEM;
}

void weir_drive_stop(struct weir_disk *wd)
{
	drive_destroy(wd->drive);
	wd->drive = NULL;
}

/* Return: 0 or -ENOMEM. */
static int retune(struct weir_drive *d, const struct weir_model *model)
{
	struct weir_quantiles *times;

	times = kvcalloc(WEIR_MODEL_NR_OPS, sizeof(*times), GFP_KERNEL);
	if (!times)
		return -ENOMEM;
	weir_media_compile(model, times);
	/* What happened until now happened with the old numbers. */
	live(d, ktime_get_ns());
	spin_lock_irq(&d->lock);
	weir_media_retune(d->media, model, times);
	d->model = *model;
	arm(d, 0);
	spin_unlock_irq(&d->lock);
	kvfree(times);
	return 0;
}

void weir_drive_scale_timeout(struct weir_disk *wd, s64 from)
{
	struct request_queue *q = wd->disk->queue;
	const s64 to = wd->drive ? wd->drive->model.speed : 1;

	/* In jiffies. The user may have chosen it: as many times longer than that. */
	if (to != from)
		blk_queue_rq_timeout(q, clamp_t(u64, div_u64((u64)q->rq_timeout * to, from),
						1, INT_MAX));
}

/* Does the disk say the same of itself with other settings? */
static bool reports_same(const struct weir_settings *a, const struct weir_settings *b)
{
	return a->rotational == b->rotational && a->write_cache == b->write_cache;
}

/*
 * The disk says something else of itself. Called while the queue is frozen: whether a write
 * is volatile, and whether anybody flushes it, has to depend on the same drive.
 */
static void report(struct weir_disk *wd, const struct weir_settings *set)
{
	/* Nobody might flush any more what is volatile: the drive that goes does. */
	if (set->write_cache != wd->set.write_cache)
		weir_cut_flush(wd);
	WRITE_ONCE(wd->set.rotational, set->rotational);
	WRITE_ONCE(wd->set.write_cache, set->write_cache);
}

/*
 * Put another drive into its place, or none, with which the disk reports what @set has.
 * Return: 0, or an error and nothing done.
 */
static int replace(struct weir_disk *wd, struct weir_drive *new, const struct weir_model *model,
		   const struct weir_settings *set)
{
	struct request_queue *q = wd->disk->queue;
	struct queue_limits lim;
	unsigned int memflags;
	int err;

	lim = weir_limits_begin(q);
	weir_disk_limit_zeroes(&lim, set, model);
	mutex_lock(&wd->drive_mutex);
	memflags = weir_freeze_queue(q);
	err = weir_limits_commit(q, &lim, weir_disk_features(set));
	if (!err) {
		report(wd, set);
		wd->drive = new;
		weir_queues_retime(wd);
	}
	weir_unfreeze_queue(q, memflags);
	mutex_unlock(&wd->drive_mutex);
	return err;
}

/* Another drive, or none. @set: as for replace() */
static int exchange(struct weir_disk *wd, const struct weir_model *model,
		    const struct weir_settings *set)
{
	struct weir_drive *old = wd->drive, *new = NULL;
	const s64 speed = old ? old->model.speed : 1;
	int err = 0;

	if (model->kind != WEIR_KIND_NONE) {
		new = drive_create(wd, model);
		if (!new)
			return -ENOMEM;
	}
	if (!old != !new)
		err = keep_times(wd, new);
	if (!err)
		err = replace(wd, new, model, set);
	drive_destroy(err ? new : old);
	if (!err)
		weir_drive_scale_timeout(wd, speed);
	return err;
}

int weir_disk_retune(struct weir_disk *wd, const struct weir_model_config *media)
{
	const struct weir_model *model = &media->model;
	struct weir_settings set = wd->set;
	struct weir_drive *d = wd->drive;
	s64 speed;
	int err;

	lockdep_assert_held(&wd->mutex);
	if (!wd->disk || (!d && model->kind == WEIR_KIND_NONE))
		return 0;
	if (!fits(wd, model))
		return -EINVAL;
	weir_disk_report_media(wd, media, &set);
	if (reports_same(&wd->set, &set) && d && model->kind == d->model.kind &&
	    weir_model_same_shape(&d->model, model)) {
		speed = d->model.speed;
		err = retune(d, model);
		if (!err)
			weir_drive_scale_timeout(wd, speed);
	} else {
		err = exchange(wd, model, &set);
	}
	return err;
}

/* What it tells; at any time while the disk is on. */

bool weir_disk_media(struct weir_disk *wd, struct weir_media_stats *s,
		     u64 *busy_ns, u32 max)
{
	struct weir_drive *d;
	u32 i;

	mutex_lock(&wd->drive_mutex);
	d = wd->drive;
	if (d) {
		settle(d);
		spin_lock_irq(&d->lock);
		weir_media_stats(d->media, s);
		for (i = 0; i < min(max, s->nr_dies); i++)
			busy_ns[i] = weir_media_die_busy_ns(d->media, i);
		spin_unlock_irq(&d->lock);
	}
	mutex_unlock(&wd->drive_mutex);
	return d;
}

void weir_disk_media_reset(struct weir_disk *wd)
{
	struct weir_drive *d;

	mutex_lock(&wd->drive_mutex);
	d = wd->drive;
	if (d) {
		settle(d);
		spin_lock_irq(&d->lock);
		weir_media_reset_stats(d->media);
		spin_unlock_irq(&d->lock);
	}
	mutex_unlock(&wd->drive_mutex);
}
