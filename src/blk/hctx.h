/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hardware queues: which there are, which CPU uses which, and how each gives its
 * requests back.
 */
#ifndef WEIR_HCTX_H
#define WEIR_HCTX_H

#include <linux/blk-mq.h>
#include <linux/cache.h>
#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "watch/counters.h"

#include "due.h"

struct weir_disk;
struct weir_drive;
struct weir_settings;

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

/* How a hardware queue gives its requests back. */
enum weir_completion {
	WEIR_INLINE,	/* in queue_rq, on the submitter's stack */
	WEIR_SOFTIRQ,	/* through blk_mq_complete_request() */
	WEIR_TIMER,	/* when due, by the queue's hrtimer */
	WEIR_POLL,	/* when due, by whoever polls */
};

/* weir_queue.only_cpu */
enum { WEIR_CPU_NONE = -1, WEIR_CPU_UNKNOWN = -2 };

/**
 * struct weir_queue - one hardware queue of one disk
 * @wd: the disk
 * @counters: see there
 * @how: how its requests complete; changes only while there are none
 * @delay_ns: from the doorbell to the completion; likewise
 * @mbps: bandwidth limit of the disk in MiB/s, 0 for none; constant
 * @drive: the disk's media model, which says when requests are done; likewise
 * @only_cpu: the only CPU that submits to it, WEIR_CPU_NONE if there are more,
 *            WEIR_CPU_UNKNOWN until somebody asks (weir_only_submitter()): blk-mq maps
 *            CPUs to a queue after it has made it
 * @may_sleep: queue_rq may (blocking=1); constant
 * @short_way: what it takes to complete a request at once, with data, in the
 *             most usual way
 * @plain_bytes: length of a request that may take it: a page, or 0 if there is no
 *               @short_way, or somebody watches; changes under I/O, whose requests go
 *         by the old or the new value
 * @cut: weir_cut_complete() wants to see them; as @plain_bytes
 * @watch: requests are to be timed; as @plain_bytes, set by watch.c
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
	int only_cpu;
	u32 plain_bytes;
	bool may_sleep;
	bool short_way;
	bool cut;
	bool watch;
	struct list_head node;

	spinlock_t lock ____cacheline_aligned_in_smp;
	struct weir_due due;
	u64 armed_ns;
	struct hrtimer timer;
	struct list_head deferred;
	struct work_struct work;
};

/* What blk-mq calls. For a tag set whose requests have a struct weir_cmd. */
extern const struct blk_mq_ops weir_mq_ops;

/**
 * weir_queues_create() - room for as many hardware queues as a disk can have
 *
 * Called when the disk goes on, before its gendisk is made: blk-mq then asks for
 * the queues themselves. May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int weir_queues_create(struct weir_disk *wd);

/**
 * weir_queues_destroy() - free that, and the queues with what they have counted
 *
 * Called when the disk is off: its gendisk is gone, nobody reads its counters. May
 * sleep.
 */
void weir_queues_destroy(struct weir_disk *wd);

/**
 * weir_queues_check() - wd->check has changed
 *
 * Called by verdict.c on a disk that is on, with the disk's mutex held. Requests
 * may be under way; those that begin later go by the new value. May sleep.
 */
void weir_queues_check(struct weir_disk *wd);

/**
 * weir_queues_retime() - wd->drive has come, gone or changed
 *
 * Called by drive.c on a disk that is on, with its queue frozen: there are no
 * requests. May sleep.
 */
void weir_queues_retime(struct weir_disk *wd);

/**
 * weir_disk_set_queues() - other numbers of hardware queues for a disk that is on
 * @s: resolved settings that name them
 *
 * Called by configfs.c with the disk's mutex held. Waits for the requests under
 * way; no new one begins meanwhile.
 *
 * Return: 0; -EINVAL if the tag set is shared; -ENOMEM, with the queues as
 * they were.
 */
int weir_disk_set_queues(struct weir_disk *wd, const struct weir_settings *s);

#endif
