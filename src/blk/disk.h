/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A disk: gendisk, tag set, queue limits, and power.
 */
#ifndef WEIR_DISK_H
#define WEIR_DISK_H

#include <linux/atomic.h>
#include <linux/blkdev.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include "config/settings.h"
#include "store/store.h"
#include "watch/counters.h"
#include "watch/stats.h"

#include "hctx.h"

struct config_item;
struct dentry;
struct weir_bad_sectors;
struct weir_drive;
struct weir_model_config;

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
 * Called by main.c and configfs.c. The caller of all of these but the last holds
 * weir_config_mutex; all may sleep.
 */

/**
 * weir_disk_new() - a disk that is off
 * @name: its name; copied
 * @item: its directory in configfs, or NULL
 *
 * Return: the disk, or an ERR_PTR: -EEXIST if there is one of the name, -ENOMEM.
 */
struct weir_disk *weir_disk_new(const char *name, struct config_item *item);

/**
 * weir_disk_power_on() - make the block device
 * @s: resolved settings
 * @media: the media model, checked
 *
 * The disk is live, and may be open, when it returns. The bytes are those it had.
 *
 * Return: 0, or an error with a message, and the disk off.
 */
int weir_disk_power_on(struct weir_disk *wd, const struct weir_settings *s,
		       const struct weir_model_config *media);

/**
 * weir_disk_power_off() - take the block device away
 *
 * Requests under way complete first.
 *
 * Return: 0; -EBUSY if somebody has the disk open, which stays on.
 */
int weir_disk_power_off(struct weir_disk *wd);

/* Let nobody open a disk any more that is on: it will go. */
void weir_disk_shut(struct weir_disk *wd);

/* Free a disk that is off, with its bytes. */
void weir_disk_free(struct weir_disk *wd);

/* Free the tag set of shared_tags=1, if there is one. There is no disk any more. */
void weir_shared_tags_destroy(void);

#endif
