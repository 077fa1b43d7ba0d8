/* SPDX-License-Identifier: GPL-2.0 */
/*
 * weir-blk: what the rooms of the driver share.
 *
 * A request's way: take.c takes it from blk-mq, store.c moves its bytes,
 * drive.c (with a media model) or due.c say when it is due, take.c completes it.
 * disk.c builds the tag set and the gendisk that make this happen, verdict.c changes
 * what may change under I/O. The user asks by params.c or configfs.c; config.c
 * and model_config.c decide whether what they ask for can be built at all.
 * watch.c times requests when somebody wants to know, stats.c counts the times,
 * report.c shows what happened.
 */
#ifndef WEIR_DISK_H
#define WEIR_DISK_H

#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "config/config.h"
#include "config/settings.h"
#include "media/media.h"
#include "store/store.h"
#include "watch/stats.h"
#include "due.h"

/* main.c: what the module parameters ask for, resolved; constant once loaded */
extern struct weir_settings weir_module_settings;

/* disk.c: gendisk, tag set, queue limits, and power */

struct weir_disk;
struct weir_drive;
struct weir_model_config;
struct weir_queue;

/**
 * struct weir_tags - a tag set
 * @set: blk-mq's part
 * @owner: the one disk it is for; NULL: shared
 * @submit_queues: its hardware queues that complete by interrupt
 * @poll_queues: and those that are polled
 * @old_submit_queues: what it had before a change that is under way
 * @old_poll_queues: likewise
 * @mapped: CPUs have been mapped to the queues since it was cleared
 */
struct weir_tags {
	struct blk_mq_tag_set set;
	struct weir_disk *owner;
	u32 submit_queues;
	u32 poll_queues;
	u32 old_submit_queues;
	u32 old_poll_queues;
	bool mapped;
};

#define WEIR_NR_OPS 64 /* more than REQ_OP_LAST, a power of two */

/* An operation as an index. */
static inline unsigned int weir_op(enum req_op op)
{
	return (__force unsigned int)op;
}

/**
 * struct weir_counters - what one CPU did on one hardware queue; u64 throughout,
 *                        summed as an array
 * @pages: reads [0] and writes [1] of one page done by queue_page(), from the
 *         beginning to the end; in none of the other counters
 * @ops: other requests taken from blk-mq, by REQ_OP_*
 * @sectors: and their length in 512-byte sectors, by REQ_OP_*
 * @fua: writes that asked for FUA
 * @batches: calls of queue_rqs
 * @deferred: requests handed to the worker because they had to sleep
 * @completed: requests given back, failed ones included
 * @failed: requests given back with an error
 * @timeouts: requests that the block layer timed out while they were due
 * @interrupts: expiries of the completion timer
 * @polls: calls of poll
 */
struct weir_counters {
	u64 pages[2];
	u64 ops[WEIR_NR_OPS];
	u64 sectors[WEIR_NR_OPS];
	u64 fua;
	u64 batches;
	u64 deferred;
	u64 completed;
	u64 failed;
	u64 timeouts;
	u64 interrupts;
	u64 polls;
};

/**
 * struct weir_disk - one disk, whether it is on or off
 *
 * weir_config_mutex protects what is not marked otherwise; I/O reads what
 * stays the same while the disk is on.
 *
 * @set: what it was built from, resolved; while it is on only the numbers of
 *       queues change
 * @store: its bytes; they stay while it is off
 * @check: requests have to be looked at before their work: the disk is
 *         read_only, or has bad sectors
 * @disk: its gendisk, NULL while it is off
 * @tags: the tag set in use: @own_tags, or the one that disks share
 * @own_tags: of this disk alone
 * @dying: nobody may open it any more; under disk->open_mutex
 * @bad: its bad sectors, NULL if there are none; read under RCU
 * @drive: its media model, NULL if it has none; drive.c says when it changes
 * @drive_mutex: for those who want to know what it has counted
 * @queues: its hardware queues, @max_queues of them, while it is on; NULL those
 *          it never had. Only the first of them, as many as @set says, are in use
 * @max_queues: as many as it can have
 * @item: its directory in configfs, NULL if the module made it
 * @node: on the list of all disks
 * @debugfs: its directory there
 * @stats: how long its requests took
 * @timing: whether they are timed; changed by weir_watch_timing()
 * @timing_chosen: by the user; otherwise a disk with a media model is timed
 * @base: what had been counted at the last reset; under @stats.lock
 * @name: of the disk and of the directories
 * @bandwidth_ns: with mbps: when the data promised so far will have been moved
 */
struct weir_disk {
	struct weir_settings set;
	struct weir_store store;
	bool check;
	struct gendisk *disk;
	struct weir_tags *tags;
	struct weir_tags own_tags;
	bool dying;
	struct weir_bad_sectors __rcu *bad;
	struct weir_drive *drive;
	struct mutex drive_mutex; /* see above */
	struct weir_queue **queues;
	u32 max_queues;
	struct config_item *item;
	struct list_head node;
	struct dentry *debugfs;
	struct weir_stats stats;
	bool timing;
	bool timing_chosen;
	struct weir_counters base;
	char name[DISK_NAME_LEN];

	atomic64_t bandwidth_ns ____cacheline_aligned_in_smp;
};

/*
 * The caller of all of these holds weir_config_mutex.
 *
 * weir_disk_new() returns an ERR_PTR, -EEXIST if there is one of the name.
 * weir_disk_power_on() takes resolved settings; the disk is live, and may be
 * open, when it returns. weir_disk_power_off() returns -EBUSY if somebody has
 * the disk open; requests under way complete first. weir_disk_shut() lets nobody
 * open one that is on any more: it will go. weir_disk_free() is for one that is
 * off.
 */
struct weir_disk *weir_disk_new(const char *name, struct config_item *item);
int weir_disk_power_on(struct weir_disk *wd, const struct weir_settings *s,
		       const struct weir_model_config *media);
int weir_disk_power_off(struct weir_disk *wd);
void weir_disk_shut(struct weir_disk *wd);
void weir_disk_free(struct weir_disk *wd);
void weir_shared_tags_destroy(void);

/* verdict.c: what may change while requests are under way */

/**
 * weir_disk_set_queues() - other numbers of hardware queues for a disk that is on
 * @s: resolved settings that name them
 *
 * Waits for the requests under way; no new one begins meanwhile.
 *
 * Return: 0; -EINVAL if the tag set is shared; -ENOMEM, with the queues as
 * they were.
 */
int weir_disk_set_queues(struct weir_disk *wd, const struct weir_settings *s);

/**
 * weir_disk_mark() - make sectors bad, or good again; on or off
 *
 * Requests that begin after it returns meet the change.
 *
 * Return: 0, -ENOSPC if there are too many ranges, -ENOMEM.
 */
int weir_disk_mark(struct weir_disk *wd, u64 first, u64 last, bool is_bad);

/* A line per range, first sector and length; what a page has room for. */
ssize_t weir_disk_show_bad(struct weir_disk *wd, char *page);

void weir_disk_forget_bad(struct weir_disk *wd);

/* Is any of a request's sectors bad? */
bool weir_disk_is_bad(struct weir_disk *wd, u64 first, u64 nr_sectors);

/* take.c: a hardware queue, from queue_rq to the completion */

/**
 * struct weir_cmd - the driver's part of a request
 * @due: its place among the requests that wait for their time
 * @status: how its work went
 * @submit_ns: when queue_rq took it, 0 if nobody watched then
 * @due_ns: when it is due, 0 if it need not wait
 * @media: the media model's part of it
 */
struct weir_cmd {
	struct weir_due_entry due;
	blk_status_t status;
	u64 submit_ns;
	u64 due_ns;
	struct weir_media_cmd media;
};

extern const struct blk_mq_ops weir_mq_ops;

/* The hardware queues' memory, from power on to power off */
int weir_queues_create(struct weir_disk *wd);
void weir_queues_destroy(struct weir_disk *wd);

/* wd->check has changed. Requests may be under way. */
void weir_queues_check(struct weir_disk *wd);

/* wd->drive has come, gone or changed. There are no requests. */
void weir_queues_retime(struct weir_disk *wd);

/* Let a request wait in its queue's heap until then. From any context. */
void weir_queue_wait(struct weir_queue *wq, struct request *rq, u64 at_ns);

int weir_queue_init(void);
void weir_queue_exit(void);

/* How a hardware queue gives its requests back. */
enum weir_completion {
	WEIR_INLINE,	/* in queue_rq, on the submitter's stack */
	WEIR_SOFTIRQ,	/* through blk_mq_complete_request() */
	WEIR_TIMER,	/* when due, by the queue's hrtimer */
	WEIR_POLL,	/* when due, by whoever polls */
};

/**
 * struct weir_queue - one hardware queue of one disk
 * @wd: the disk
 * @counters: see there
 * @how: how its requests complete; changes only while there are none
 * @delay_ns: from the doorbell to the completion; likewise
 * @mbps: bandwidth limit of the disk in MiB/s, 0 for none; constant
 * @drive: the disk's media model, which says when requests are done; likewise
 * @may_sleep: queue_rq may (blocking=1); constant
 * @short_way: what it takes to complete a request at once, with data, in the
 *             most usual way
 * @plain: @short_way, and nobody watches; changes under I/O, whose requests go
 *         by the old or the new value
 * @watch: requests are to be timed; as @plain, set by watch.c
 * @node: on watch.c's list of queues
 * @lock: protects @due, @armed_ns and @deferred; taken from hard interrupts
 * @due: the requests that wait for their time
 * @armed_ns: the time @timer is set to, U64_MAX when it is not
 * @timer: the queue's interrupt
 * @deferred: requests on their way to @work
 * @work: does what queue_rq could not because it would have had to sleep
 */
struct weir_queue {
	struct weir_disk *wd;
	struct weir_counters __percpu *counters;
	enum weir_completion how;
	u64 delay_ns;
	u32 mbps;
	struct weir_drive *drive;
	bool may_sleep;
	bool short_way;
	bool plain;
	bool watch;
	struct list_head node;

	spinlock_t lock ____cacheline_aligned_in_smp;
	struct weir_due due;
	u64 armed_ns;
	struct hrtimer timer;
	struct list_head deferred;
	struct work_struct work;
};

/* drive.c: the media model */

/*
 * weir_drive_start() makes the model for a disk that is going on, none for
 * WEIR_KIND_NONE; returns 0, -EINVAL with a message, or -ENOMEM.
 * weir_drive_stop() unmakes it, when there are no requests any more. The caller
 * holds weir_config_mutex.
 */
int weir_drive_start(struct weir_disk *wd, const struct weir_model *model);
void weir_drive_stop(struct weir_disk *wd);

/**
 * weir_disk_retune() - other numbers, or another medium, under I/O
 * @model: checked numbers
 *
 * Numbers that leave the device what it is apply at once, to what is not decided
 * yet. Others make a fresh device: that waits for the requests under way, and no
 * new one begins meanwhile. Nothing happens if the disk is off. The caller holds
 * weir_config_mutex.
 *
 * Return: 0; or -ENOMEM, or -EINVAL with a message, and everything as it was.
 */
int weir_disk_retune(struct weir_disk *wd, const struct weir_model *model);

/* Requests, linked through rq_next, whose bytes have moved. Not from interrupts. */
void weir_drive_submit(struct weir_drive *d, struct request *rq);

/* Take a request out that the model has not decided. False: it is elsewhere. */
bool weir_drive_cancel(struct weir_drive *d, struct request *rq);

/**
 * weir_disk_media() - what the media model of a disk has counted
 * @s: filled in
 * @busy_ns: filled in, how long each of the first @max dies was busy
 * Return: false if it has no model; nothing is filled in then.
 */
bool weir_disk_media(struct weir_disk *wd, struct weir_media_stats *s,
		     u64 *busy_ns, u32 max);

/* The media model, if there is one, counts from zero. */
void weir_disk_media_reset(struct weir_disk *wd);

/* watch.c: requests on queues that are watched */

void weir_watch_add(struct weir_queue *wq);
void weir_watch_del(struct weir_queue *wq);

/* wq->short_way has changed. May sleep. */
void weir_watch_update(struct weir_queue *wq, bool short_way);

/**
 * weir_watch_timing() - keep histograms of a disk's latencies, or no longer
 *
 * At any time, under I/O. A request is timed if they are kept from its
 * beginning to its end. May sleep. Return: 0 or -ENOMEM.
 */
int weir_watch_timing(struct weir_disk *wd, bool on);

/* queue_rq has taken it; every request that begins while wq->watch is set. */
void weir_watch_submit(struct request *rq);

/* The worker has done what queue_rq could not. */
void weir_watch_deferred(struct request *rq);

/* The media model has decided: once for a request, from any context. */
void weir_watch_media(struct weir_queue *wq, struct request *rq, u64 submit_ns,
		      u64 done_ns, const u64 part_ns[WEIR_MEDIA_NR_PARTS]);

/* It is about to be given back; every request that ends while wq->watch is set. */
void weir_watch_complete(struct weir_queue *wq, struct request *rq);

/* report.c: debugfs */

void weir_report_init(void);
void weir_report_exit(void);
void weir_report_add(struct weir_disk *wd);
void weir_report_del(struct weir_disk *wd);

#endif
