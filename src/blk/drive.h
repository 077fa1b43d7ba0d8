/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A disk's media model, under I/O: which request is done when. drive.c has its
 * locks.
 */
#ifndef WEIR_DRIVE_H
#define WEIR_DRIVE_H

#include <linux/types.h>

struct request;
struct weir_disk;
struct weir_drive;
struct weir_media_stats;
struct weir_model;

/**
 * weir_drive_start() - make the model of a disk that is going on
 * @model: checked numbers; none is made for WEIR_KIND_NONE
 *
 * Called by disk.c with weir_config_mutex held. May sleep.
 *
 * Return: 0, -EINVAL with a message, or -ENOMEM.
 */
int weir_drive_start(struct weir_disk *wd, const struct weir_model *model);

/* Unmake it, if there is one. Called likewise, when there are no requests any more. */
void weir_drive_stop(struct weir_disk *wd);

/**
 * weir_disk_retune() - other numbers, or another medium, under I/O
 * @model: checked numbers
 *
 * Called by configfs.c with weir_config_mutex held. May sleep. Numbers that leave
 * the device what it is apply at once, to what is not decided yet. Others make a
 * fresh device: that waits for the requests under way, and no new one begins
 * meanwhile. Nothing happens if the disk is off.
 *
 * Return: 0; or -ENOMEM, or -EINVAL with a message, and everything as it was.
 */
int weir_disk_retune(struct weir_disk *wd, const struct weir_model *model);

/**
 * weir_drive_submit() - requests go to the model
 * @rq: the first, linked through rq_next; their bytes have moved
 *
 * Called by take.c, not from interrupts, with no lock held. The requests are the
 * model's; as it decides them they go to their queues' heaps (weir_wait_until()).
 */
void weir_drive_submit(struct weir_drive *d, struct request *rq);

/**
 * weir_drive_cancel() - take a request out that the model has not decided
 *
 * Called by timeout.c, from any context, with no lock held.
 *
 * Return: true if it is the caller's now; false if it is elsewhere.
 */
bool weir_drive_cancel(struct weir_drive *d, struct request *rq);

/**
 * weir_disk_media() - what the media model of a disk has counted
 * @s: filled in
 * @busy_ns: filled in, how long each of the first @max dies was busy
 *
 * Called when somebody reads debugfs, on a disk that is on. May sleep.
 *
 * Return: false if it has no model; nothing is filled in then.
 */
bool weir_disk_media(struct weir_disk *wd, struct weir_media_stats *s,
		     u64 *busy_ns, u32 max);

/* The media model, if there is one, counts from zero. Called likewise. */
void weir_disk_media_reset(struct weir_disk *wd);

#endif
