/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The verdict on a request, before its work: may it be done at all? A disk that has been
 * taken away does nothing, one that is read_only takes no writes, and what touches a bad
 * sector fails.
 */
#ifndef WEIR_VERDICT_H
#define WEIR_VERDICT_H

#include <linux/blk-mq.h>
#include <linux/types.h>

struct weir_disk;

/*
 * What wd->check depends on has changed: read_only, bad sectors, fault rules, or the power cut.
 * Called with the disk's mutex held. Requests that begin after it go by the new value.
 */
void weir_verdict_update(struct weir_disk *wd);

/**
 * weir_verdict() - what read_only, bad sectors and a power cut say about a request
 * @good_bytes: with -EIO and badblocks_partial_io: so much of it may be done, whole
 *              blocks, and it fails nevertheless; else unchanged
 *
 * Called by wrong.c, from any context that may take rcu_read_lock(). With
 * badblocks_once, a bad range that it finds is good from then on.
 *
 * Return: 0, or -EIO: its work must not be done.
 */
int weir_verdict(struct weir_disk *wd, struct request *rq, u32 *good_bytes);

/**
 * weir_disk_mark() - make sectors bad, or good again
 * @first: in sectors of 512 bytes
 * @last: likewise, included
 *
 * Called by configfs.c with the disk's mutex held, whether the disk is on or off.
 * May sleep. Requests that begin after it returns meet the change.
 *
 * Return: 0, -ENOSPC if there are too many ranges, -ENOMEM.
 */
int weir_disk_mark(struct weir_disk *wd, u64 first, u64 last, bool is_bad);

/**
 * weir_disk_show_bad() - a line per range: first sector, and how many
 * @page: a page; what it has no room for is left out
 *
 * Called by configfs.c with the disk's mutex held.
 *
 * Return: the length of the text in bytes.
 */
ssize_t weir_disk_show_bad(struct weir_disk *wd, char *page);

/* Free them. Called when the disk itself is freed. */
void weir_disk_forget_bad(struct weir_disk *wd);

#endif
