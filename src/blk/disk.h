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

#include "cut.h"
#include "hctx.h"

struct config_item;
struct dentry;
struct weir_bad_sectors;
struct weir_drive;
struct weir_inject;
struct weir_model;
struct weir_model_config;

/**
 * struct weir_disk - one disk, whether it is on or off
 *
 * @mutex protects what is not marked otherwise; I/O reads what stays the same while the
 * disk is on.
 *
 * @mutex: owns the configuration: whether the disk is on, and what it is built from.
 *         Taken inside configfs's locks (the directory's inode, the item's fragment);
 *         the block layer's (open_mutex, tag_list_lock, those of sysfs) are taken
 *         inside it. It is held while the disk waits for its requests. No open, close
 *         or I/O takes it; nobody takes two
 * @set: what it was built from, resolved; while it is on only the numbers of
 *       queues change
 * @store: its bytes; they stay while it is off
 * @own_rotational: what the settings said, whatever the media model is
 * @own_write_cache: likewise
 * @check: requests have to be looked at before their work: the disk is
 *         read_only, has bad sectors or fault rules, its power may be cut, or it
 *         is @gone
 * @gone: it has been taken away, and fails all requests
 * @disk: its gendisk, NULL while it is off
 * @tags: the tag set in use: @own_tags, or the one that disks share
 * @own_tags: of this disk alone
 * @dying: nobody may open it any more; under disk->open_mutex
 * @cut: its power, and what is not durable
 * @bad: its bad sectors, NULL if there are none; read under RCU
 * @inject: its fault rules, in memory of their own as long as the disk
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
	struct mutex mutex; /* see above */
	struct weir_settings set;
	struct weir_store store;
	bool own_rotational;
	bool own_write_cache;
	bool check;
	bool gone;
	struct gendisk *disk;
	struct weir_tags *tags;
	struct weir_tags own_tags;
	bool dying;
	struct weir_cut cut;
	struct weir_bad_sectors __rcu *bad;
	struct weir_inject *inject;
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
 * Called by main.c and configfs.c; all may sleep. The caller of those that take a disk,
 * but for weir_disk_free(), holds its mutex.
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
 * weir_disk_borrow() - another disk, beside one's own
 * @name: its name
 *
 * Called with one's own disk's mutex held, which is why it does not wait for the other's.
 * No disk comes or goes until weir_disk_return().
 *
 * Return: the disk, with its mutex held; NULL if there is none, or somebody has it.
 */
struct weir_disk *weir_disk_borrow(const char *name);

/* And given back. */
void weir_disk_return(struct weir_disk *wd);

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
 * @force: even if somebody has it open, as a pulled cable: requests under way fail with
 *         EIO, and so does whatever is asked of it from then on. What has it open (a
 *         file system, a mapping) may stay; @wd stays at least as long
 *
 * Without @force requests under way complete first.
 *
 * Return: 0; without @force -EBUSY if somebody has the disk open, which stays on.
 */
int weir_disk_power_off(struct weir_disk *wd, bool force);

/*
 * What a disk with this media model says of itself: @s->rotational and write_cache.
 * Called when it goes on, and by drive.c when the model changes.
 */
void weir_disk_report_media(const struct weir_disk *wd, const struct weir_model_config *media,
			    struct weir_settings *s);

/* Of the queue's limits, those that depend on the model. Called likewise. */
void weir_disk_limit_zeroes(struct queue_limits *lim, const struct weir_settings *s,
			    const struct weir_model *model);

/*
 * Say so if disks of @mib MiB in all are more than memory_limit. Called when they are on,
 * by main.c for all that the module makes.
 * @who: for the message
 */
void weir_disk_say_promise(const char *who, const struct weir_settings *s, u64 mib);

/* Return: WEIR_FEAT_*, as settings have them. */
unsigned int weir_disk_features(const struct weir_settings *s);

/* Let nobody open a disk any more that is on: it will go. */
void weir_disk_shut(struct weir_disk *wd);

/* Free a disk that is off, with its bytes. Nobody else knows of it. */
void weir_disk_free(struct weir_disk *wd);

/* Free the tag set of shared_tags=1, if there is one. There is no disk any more. */
void weir_shared_tags_destroy(void);

#endif
