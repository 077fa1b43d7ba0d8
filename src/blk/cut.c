// SPDX-License-Identifier: GPL-2.0
/*
 * See cut.h for what this is.
 *
 * A cut has two parts. The instant is one atomic operation, from whatever context the
 * trigger is met in. The rest is a worker's: it waits until all requests have ended,
 * which they do as always, but as failures, and then lets the adversary decide
 * (fault/fate.h) what is left of that moment. So no decision has to be made while
 * anything moves, and none depends on how long requests took to end.
 */
#include <linux/ktime.h>
#include <linux/slab.h>

#include "compat/blk.h"
#include "store/volatile.h"

#include "cmd.h"
#include "cut.h"
#include "disk.h"
#include "hctx.h"
#include "image.h"
#include "inject.h"
#include "loss.h"
#include "verdict.h"

const char *const weir_cut_trigger_names[WEIR_CUT_NR_TRIGGERS] = {
	[WEIR_CUT_OFF] = "off",
	[WEIR_CUT_NOW] = "cut",
	[WEIR_CUT_REQUEST] = "request",
	[WEIR_CUT_BYTE] = "byte",
	[WEIR_CUT_FLUSH] = "flush",
	[WEIR_CUT_NS] = "ns",
};

/* The instant */

static void kill_power(struct weir_cut *cut)
{
	const s64 event = atomic64_fetch_or(S64_MIN, &cut->clock);

	if (event < 0)
		return;
	cut->at = event;
	queue_work(system_long_wq, &cut->work);
}

static enum hrtimer_restart cut_timer(struct hrtimer *timer)
{
	kill_power(container_of(timer, struct weir_cut, timer));
	return HRTIMER_NORESTART;
}

/* So many more of what @trigger says have been seen. */
static void count(struct weir_cut *cut, enum weir_cut_trigger trigger, u64 nr)
{
	if (READ_ONCE(cut->trigger) == trigger && atomic64_sub_return(nr, &cut->left) <= 0)
		kill_power(cut);
}

/* I/O */

int weir_cut_take(struct weir_disk *wd, struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);
	struct weir_cut *cut = &wd->cut;

	/* Done again by the worker: it has been counted. */
	if (!cmd->taken) {
		cmd->taken = true;
		count(cut, WEIR_CUT_REQUEST, 1);
		if (req_op(rq) == REQ_OP_FLUSH)
			cmd->covers = atomic64_read(&cut->clock);
	}
	return weir_cut_is_dead(cut) ? -EIO : 0;
}

/* Return: the event's number, negative if the power is gone. */
static s64 complete_flush(struct weir_disk *wd, struct weir_cmd *cmd)
{
	struct weir_cut *cut = &wd->cut;
	unsigned long flags;
	s64 event;

	spin_lock_irqsave(&cut->lock, flags);
	event = atomic64_inc_return(&cut->clock);
	if (event >= 0 && !cmd->status) {
		if (cut->cache && !READ_ONCE(wd->set.lose_flushes))
			weir_volatile_flushed(cut->cache, cmd->covers);
		weir_image_flushed(cut);
		count(cut, WEIR_CUT_FLUSH, 1);
	}
	spin_unlock_irqrestore(&cut->lock, flags);
	return event;
}

void weir_cut_flush(struct weir_disk *wd)
{
	struct weir_cut *cut = &wd->cut;
	s64 event;

	if (!cut->cache)
		return;
	spin_lock_irq(&cut->lock);
	event = atomic64_inc_return(&cut->clock);
	/* After a cut it is the adversary's. */
	if (event >= 0) {
		weir_volatile_flushed(cut->cache, event);
		weir_image_flushed(cut);
	}
	spin_unlock_irq(&cut->lock);
}

static s64 complete_write(struct weir_cut *cut, struct weir_cmd *cmd)
{
	unsigned long flags;
	s64 event;

	if (!READ_ONCE(cut->marks.mark))
		return weir_volatile_done(cut->cache, cmd->write);
	spin_lock_irqsave(&cut->lock, flags);
	event = weir_volatile_done(cut->cache, cmd->write);
	if (event >= 0)
		weir_image_written(cut);
	spin_unlock_irqrestore(&cut->lock, flags);
	return event;
}

void weir_cut_complete(struct weir_queue *wq, struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);
	struct weir_cut *cut = &wq->wd->cut;
	s64 event;

	if (req_op(rq) == REQ_OP_WRITE)
		count(cut, WEIR_CUT_BYTE, blk_rq_bytes(rq));
	if (req_op(rq) == REQ_OP_FLUSH)
		event = complete_flush(wq->wd, cmd);
	else if (cmd->write)
		event = complete_write(cut, cmd);
	else
		event = atomic64_read(&cut->clock);
	cmd->write = NULL;
	if (event < 0 && !cmd->status)
		cmd->status = BLK_STS_IOERR;
}

/* The power is gone, and no request is left. */
static void settle(struct weir_disk *wd)
{
	struct weir_view view = weir_volatile_now(wd->cut.cache);
	struct weir_fate_plan plan;
	struct weir_fate_list *list;

	view.at = wd->cut.at;
	list = weir_loss_plan(wd, &view, wd->cut.cuts, &plan);
	weir_volatile_settle(wd->cut.cache, &plan, &view, list ? weir_loss_tell : NULL, list);
	weir_loss_keep(&wd->cut, list);
}

static void cut_work(struct work_struct *work)
{
	struct weir_cut *cut = container_of(work, struct weir_cut, work);
	struct weir_disk *wd = container_of(cut, struct weir_disk, cut);
	struct request_queue *q = wd->disk->queue;
	unsigned int flags;

	pr_info("%s: the power is cut\n", wd->name);
	/* Or this would wait for ever for what a fault rule holds. */
	weir_inject_stop(wd);
	flags = weir_freeze_queue(q);
	if (cut->cache)
		settle(wd);
	cut->cuts++;
	WRITE_ONCE(cut->settled, true);
	weir_unfreeze_queue(q, flags);
}

/* Coming and going */

/* Whether requests have to come by has changed, perhaps. */
static void update(struct weir_disk *wd)
{
	struct weir_cut *cut = &wd->cut;

	WRITE_ONCE(cut->on, cut->cache || cut->trigger != WEIR_CUT_OFF || weir_cut_is_dead(cut));
	weir_verdict_update(wd);
}

void weir_cut_init(struct weir_disk *wd)
{
	struct weir_cut *cut = &wd->cut;

	spin_lock_init(&cut->lock);
	mutex_init(&cut->list_lock);
	INIT_WORK(&cut->work, cut_work);
	weir_hrtimer_setup(&cut->timer, cut_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
}

void weir_cut_exit(struct weir_disk *wd)
{
	kvfree(wd->cut.list);
	mutex_destroy(&wd->cut.list_lock);
}

/* Is there anything that could be lost, with this drive or with one that takes its place? */
static bool has_cache(const struct weir_disk *wd)
{
	return wd->set.cache_size && wd->own_write_cache && wd->set.memory_backed;
}

static int make_cache(struct weir_disk *wd)
{
	const struct weir_settings *s = &wd->set;

	if (s->bs > PAGE_SIZE) {
		pr_err("%s: cache_size=%lld: not with blocks of %lld bytes, which are larger than a page\n",
		       wd->name, s->cache_size, s->bs);
		return -EINVAL;
	}
	wd->cut.cache = weir_volatile_new(&wd->store, &wd->cut.clock, (u64)s->cache_size << 20,
					  s->bs);
	return wd->cut.cache ? 0 : -ENOMEM;
}

int weir_cut_start(struct weir_disk *wd)
{
	const struct weir_settings *s = &wd->set;
	struct weir_cut *cut = &wd->cut;
	int err = 0;

	lockdep_assert_held(&wd->mutex);
	atomic64_set(&cut->clock, 0);
	cut->trigger = WEIR_CUT_OFF;
	cut->settled = false;
	cut->cuts = 0;
	/* That of another cache: replug would mark its sectors. */
	weir_loss_keep(cut, NULL);
	if (has_cache(wd))
		err = make_cache(wd);
	if (!err && s->history)
		err = weir_image_history(wd, true);
	if (err) {
		weir_volatile_free(cut->cache);
		cut->cache = NULL;
		return err;
	}
	update(wd);
	return 0;
}

static void disarm(struct weir_cut *cut)
{
	spin_lock_irq(&cut->lock);
	WRITE_ONCE(cut->trigger, WEIR_CUT_OFF);
	spin_unlock_irq(&cut->lock);
	hrtimer_cancel(&cut->timer);
}

void weir_cut_disarm(struct weir_disk *wd)
{
	disarm(&wd->cut);
	flush_work(&wd->cut.work);
}

/* As null_blk: what was not flushed when power became 0 is gone. */
static void lose_all(struct weir_volatile *cache)
{
	const struct weir_view view = weir_volatile_now(cache);
	struct weir_fate_plan plan;

	weir_fate_init(&plan, 0, 0, WEIR_LOSE_ALL);
	plan.clean = false;
	weir_volatile_settle(cache, &plan, &view, NULL, NULL);
}

void weir_cut_stop(struct weir_disk *wd)
{
	struct weir_cut *cut = &wd->cut;

	lockdep_assert_held(&wd->mutex);
	if (cut->marks.mark)
		weir_image_history(wd, false);
	if (cut->cache && !weir_cut_is_dead(cut))
		lose_all(cut->cache);
	weir_volatile_free(cut->cache);
	cut->cache = NULL;
	atomic64_set(&cut->clock, 0);
	WRITE_ONCE(cut->on, false);
}

/* Configuration */

void weir_cut_wait(struct weir_disk *wd)
{
	flush_work(&wd->cut.work);
}

int weir_cut_arm(struct weir_disk *wd, enum weir_cut_trigger trigger, u64 n)
{
	struct weir_cut *cut = &wd->cut;

	lockdep_assert_held(&wd->mutex);
	if (weir_cut_is_dead(cut)) {
		pr_err("%s: power_cut: the power is cut already\n", wd->name);
		return -ENODEV;
	}
	disarm(cut);
	atomic64_set(&cut->left, min_t(u64, n, S64_MAX));
	WRITE_ONCE(cut->trigger, trigger);
	update(wd);
	/* Requests that take the short way still: these are before the cut. */
	if (!cut->cache)
		synchronize_rcu();
	if (trigger == WEIR_CUT_NS)
		hrtimer_start(&cut->timer, ns_to_ktime(n), HRTIMER_MODE_REL);
	else if (trigger == WEIR_CUT_NOW)
		kill_power(cut);
	return 0;
}

enum weir_cut_trigger weir_cut_armed(struct weir_disk *wd, u64 *left)
{
	struct weir_cut *cut = &wd->cut;

	if (weir_cut_is_dead(cut))
		return WEIR_CUT_NOW;
	*left = atomic64_read(&cut->left);
	if (cut->trigger == WEIR_CUT_NS)
		*left = ktime_to_ns(hrtimer_get_remaining(&cut->timer));
	return cut->trigger;
}

int weir_cut_replug(struct weir_disk *wd)
{
	struct weir_cut *cut = &wd->cut;
	bool busy;

	lockdep_assert_held(&wd->mutex);
	if (!READ_ONCE(cut->settled)) {
		pr_err("%s: replug: its power is not cut\n", wd->name);
		return -EINVAL;
	}
	mutex_lock(&wd->disk->open_mutex);
	busy = disk_openers(wd->disk);
	if (!busy) {
		/* Without another cut or a snapshot, it stays. */
		weir_loss_mark_errors(cut->list, wd);
		disarm(cut);
		weir_inject_start(wd);
		cut->settled = false;
		weir_image_forget(cut);
		atomic64_and(S64_MAX, &cut->clock);
	}
	mutex_unlock(&wd->disk->open_mutex);
	if (busy)
		return -EBUSY;
	update(wd);
	return 0;
}

int weir_cut_configure(struct weir_disk *wd, const struct weir_settings *s)
{
	struct weir_settings *set = &wd->set;
	int err;

	lockdep_assert_held(&wd->mutex);
	if (s->history != set->history) {
		err = weir_image_history(wd, s->history);
		if (err)
			return err;
	}
	WRITE_ONCE(set->history, s->history);
	WRITE_ONCE(set->cut_seed, s->cut_seed);
	WRITE_ONCE(set->cut_mode, s->cut_mode);
	WRITE_ONCE(set->cut_damage, s->cut_damage);
	WRITE_ONCE(set->cut_first, s->cut_first);
	WRITE_ONCE(set->cut_last, s->cut_last);
	WRITE_ONCE(set->lose_flushes, s->lose_flushes);
	return 0;
}
