/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The power cut: the instant from which nothing completes as a success, what brings
 * it about, what is left after it, and how the disk comes back.
 *
 * Events of a disk with a volatile cache are counted: a write begins, a request is
 * about to be given back. The cut sets the counter's sign bit. So every event is before
 * the cut or after it, whichever CPU it is on, and what is after it fails.
 */
#ifndef WEIR_CUT_H
#define WEIR_CUT_H

#include <linux/atomic.h>
#include <linux/blk-mq.h>
#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "fault/fate.h"

struct weir_disk;
struct weir_fate_list;
struct weir_queue;
struct weir_settings;
struct weir_volatile;

/* What the power cut waits for */
enum weir_cut_trigger {
	WEIR_CUT_OFF,		/* nothing */
	WEIR_CUT_NOW,		/* nothing: it comes at once */
	WEIR_CUT_REQUEST,	/* the Nth request from now, which fails */
	WEIR_CUT_BYTE,		/* the write of the Nth byte from now, which fails */
	WEIR_CUT_FLUSH,		/* the Nth flush from now, which succeeds */
	WEIR_CUT_NS,		/* so many nanoseconds from now */
	WEIR_CUT_NR_TRIGGERS,
};

extern const char *const weir_cut_trigger_names[WEIR_CUT_NR_TRIGGERS];

/* A moment that can be gone back to; @writes: completed since the flush before it */
struct weir_mark {
	struct weir_view view;
	u32 writes;
};

/**
 * struct weir_marks - those of a disk, with history=1
 * @mark: they, NULL with history=0
 * @nr: how many
 * @since_flush: writes completed since the last flush
 * @lost: there was no room for so many
 */
struct weir_marks {
	struct weir_mark *mark;
	u32 nr;
	u32 since_flush;
	u64 lost;
};

/**
 * struct weir_cut - a disk's power
 * @clock: counts events; negative: the power is cut
 * @cache: what is not durable yet, NULL: everything is
 * @on: requests have to come by: there is a cache, or a cut to come, or it has been
 * @trigger: what the cut waits for; under @lock
 * @left: how many more of that
 * @timer: for WEIR_CUT_NS
 * @work: goes back when the power is gone
 * @at: the last event before the cut
 * @settled: that has been done, and weir_cut_replug() may follow
 * @lock: orders flushes, marks and triggers; taken from hard interrupts
 * @marks: moments that can be gone back to
 * @cuts: how many there have been
 * @list_lock: protects @list
 * @list: what the last cut or snapshot did since the disk went on; NULL: nothing yet
 */
struct weir_cut {
	atomic64_t clock;
	struct weir_volatile *cache;
	bool on;
	enum weir_cut_trigger trigger;
	atomic64_t left;
	struct hrtimer timer;
	struct work_struct work;
	u64 at;
	bool settled;

	spinlock_t lock ____cacheline_aligned_in_smp; /* see above */
	struct weir_marks marks;
	u64 cuts;
	struct mutex list_lock; /* see above */
	struct weir_fate_list *list;
};

/* Nothing of it succeeds any more. Old or new value: whoever must know counts events. */
static inline bool weir_cut_is_dead(const struct weir_cut *cut)
{
	return atomic64_read(&cut->clock) < 0;
}

/* A disk comes, and goes. Called by disk.c. */
void weir_cut_init(struct weir_disk *wd);
void weir_cut_exit(struct weir_disk *wd);

/**
 * weir_cut_start() - the disk is going on
 *
 * Called by disk.c with the disk's mutex held, after wd->set was, and before there are
 * queues. May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int weir_cut_start(struct weir_disk *wd);

/* It is going off: no cut will come any more. Called before its gendisk goes. */
void weir_cut_disarm(struct weir_disk *wd);

/* It is off. What was not durable is gone. Called when there are no requests any more. */
void weir_cut_stop(struct weir_disk *wd);

/* Do requests have to be looked at (wd->check) because of it? */
static inline bool weir_cut_on(const struct weir_cut *cut)
{
	return READ_ONCE(cut->on);
}

/* I/O. */

/*
 * All that has been done so far is durable. Called by drive.c when another drive takes the
 * place of this one, while no request is under way.
 */
void weir_cut_flush(struct weir_disk *wd);

/**
 * weir_cut_take() - a request has been taken
 *
 * Called by verdict.c if wd->check is set, once for a request, or once more if it has
 * to be done again.
 *
 * Return: 0, or -EIO: the power is gone.
 */
int weir_cut_take(struct weir_disk *wd, struct request *rq);

/*
 * A request is about to be given back; its status is changed if the power is gone.
 * Called by its owner (back.h) if wq->cut is set, once, from any context.
 */
void weir_cut_complete(struct weir_queue *wq, struct request *rq);

/* Configuration, called by configfs.c; all but the first with the disk's mutex held. */

/* Wait until what a cut leaves has been settled. Called by disk.c, too. May sleep. */
void weir_cut_wait(struct weir_disk *wd);

/**
 * weir_cut_arm() - cut the power, now or later, or do not
 * @n: how many more of what @trigger says, 1 or more
 *
 * Called on a disk that is on. Return: 0; -ENODEV if the power is cut already.
 */
int weir_cut_arm(struct weir_disk *wd, enum weir_cut_trigger trigger, u64 n);

/* Return: what it waits for, and set @left to how many more of these. */
enum weir_cut_trigger weir_cut_armed(struct weir_disk *wd, u64 *left);

/**
 * weir_cut_replug() - the disk is back
 *
 * Return: 0; -EINVAL if its power is not cut; -EBUSY while somebody has it open.
 */
int weir_cut_replug(struct weir_disk *wd);

/*
 * cut_seed and its like, and history, have changed: they hold from the next cut on.
 * Called on a disk that is on. Return: 0, or as weir_image_history().
 */
int weir_cut_configure(struct weir_disk *wd, const struct weir_settings *s);

#endif
