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
struct weir_model_config;
struct weir_queue;

/**
 * weir_drive_start() - make the model of a disk that is going on
 * @model: checked numbers; none is made for WEIR_KIND_NONE
 *
 * Called by disk.c with the disk's mutex held. May sleep.
 *
 * Return: 0, -EINVAL with a message, or -ENOMEM.
 */
int weir_drive_start(struct weir_disk *wd, const struct weir_model *model);

/*
 * The block layer's time-out is as many times longer as the model's times. Called by
 * disk.c when the gendisk is new, with the disk's mutex held.
 * @from: the speed that it is right for
 */
void weir_drive_scale_timeout(struct weir_disk *wd, s64 from);

/* Unmake it, if there is one. Called likewise, when there are no requests any more. */
void weir_drive_stop(struct weir_disk *wd);

/**
 * weir_disk_retune() - other numbers, or another medium, under I/O
 * @media: the profile, and checked numbers
 *
 * Called by configfs.c with the disk's mutex held. May sleep. Numbers that leave
 * the device what it is apply at once, to what is not decided yet. Others make a
 * fresh device: that waits for the requests under way, and no new one begins
 * meanwhile; what the disk says of itself (rotational, write cache, the largest
 * write-zeroes) changes with it. So does, with the speed, the block layer's time-out.
 * Nothing happens if the disk is off.
 *
 * Return: 0; or -ENOMEM, or -EINVAL with a message, and everything as it was.
 */
int weir_disk_retune(struct weir_disk *wd, const struct weir_model_config *media);

/**
 * weir_drive_submit() - requests have arrived at the drive
 * @rq: the first, linked through rq_next
 *
 * Called by take.c, not from interrupts, with no lock held. The caller keeps the
 * requests, moves their bytes, and then gives each up with weir_drive_moved(). They
 * wait for the time that the model decides on, in their queues' heaps
 * (weir_wait_until()), and are given back at the later of both.
 */
void weir_drive_submit(struct weir_drive *d, struct request *rq);

/* The bytes of such a request have moved: it is not the caller's any more. Likewise. */
void weir_drive_moved(struct weir_queue *wq, struct request *rq);

/**
 * weir_drive_cancel() - take a request out that the model has not decided
 *
 * Not before its bytes have moved.
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
