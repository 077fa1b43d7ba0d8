/* SPDX-License-Identifier: GPL-2.0 */
/*
 * weir-blk: what the rooms of the driver share.
 *
 * A request's way: queue.c takes it from blk-mq, store.c moves its bytes,
 * due.c says when it is due, queue.c completes it. disk.c builds the tag set
 * and the gendisk that make this happen, config.c decides whether what the
 * user asked for can be built at all, report.c shows what happened.
 */
#ifndef WEIR_BLK_H
#define WEIR_BLK_H

#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "due.h"
#include "settings.h"
#include "store.h"

/* config.c: the module parameters, each checked against its range as it is set */

/**
 * weir_config_load() - the configuration that the module parameters ask for
 * @s: filled in, with every "choose for me" value replaced by the choice
 *
 * Return: 0, or -EINVAL with a message that names the parameter, its value
 * and the range.
 */
int weir_config_load(struct weir_settings *s);

/* disk.c: gendisk, tag set, queue limits */

/**
 * struct weir_disk - one /dev/weirN
 * @set: what it was built from; constant while the disk lives
 * @store: its bytes
 * @disk: its gendisk
 * @tags: the tag set in use: @own_tags, or the one all disks share
 * @node: on the module's list of disks
 * @debugfs: its directory there
 * @index: N
 */
struct weir_disk {
	struct weir_settings set;
	struct weir_store store;
	struct gendisk *disk;
	struct blk_mq_tag_set *tags;
	struct blk_mq_tag_set own_tags;
	struct list_head node;
	struct dentry *debugfs;
	int index;
};

struct weir_disk *weir_disk_create(const struct weir_settings *s, int index);
void weir_disk_destroy(struct weir_disk *wd);
int weir_shared_tags_create(const struct weir_settings *s);
void weir_shared_tags_destroy(void);

/* queue.c: a hardware queue, from queue_rq to the completion */

/**
 * struct weir_cmd - the driver's part of a request
 * @due: its place among the requests that wait for their time
 * @status: how its work went
 */
struct weir_cmd {
	struct weir_due_entry due;
	blk_status_t status;
};

extern const struct blk_mq_ops weir_mq_ops;

int weir_queue_init(void);
void weir_queue_exit(void);

#define WEIR_NR_OPS 64 /* more than REQ_OP_LAST, a power of two */

/* An operation as an index. */
static inline unsigned int weir_op(enum req_op op)
{
	return (__force unsigned int)op;
}

/**
 * struct weir_counters - what one CPU did on one hardware queue
 * @pages: reads [0] and writes [1] of one page done by queue_page(), from the
 *         beginning to the end; in none of the other counters
 * @ops: other requests taken from blk-mq, by REQ_OP_*
 * @sectors: and their length in 512-byte sectors, read [0] and written [1]
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
	u64 sectors[2];
	u64 fua;
	u64 batches;
	u64 deferred;
	u64 completed;
	u64 failed;
	u64 timeouts;
	u64 interrupts;
	u64 polls;
};

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
 * @how: how its requests complete; constant
 * @delay_ns: from the doorbell to the completion; constant
 * @may_sleep: queue_rq may (blocking=1); constant
 * @plain: what it takes to complete a request at once, with data, in the most
 *         usual way; constant
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
	bool may_sleep;
	bool plain;

	spinlock_t lock ____cacheline_aligned_in_smp;
	struct weir_due due;
	u64 armed_ns;
	struct hrtimer timer;
	struct list_head deferred;
	struct work_struct work;
};

/* report.c: debugfs */

void weir_report_init(void);
void weir_report_exit(void);
void weir_report_add(struct weir_disk *wd);
void weir_report_del(struct weir_disk *wd);

#endif
