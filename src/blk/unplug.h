/* SPDX-License-Identifier: GPL-2.0 */
/* A disk that is taken away, whoever uses it: a pulled cable. */
#ifndef WEIR_UNPLUG_H
#define WEIR_UNPLUG_H

#include <linux/types.h>

struct request;
struct weir_disk;
struct weir_queue;

/**
 * weir_disk_unplug() - fail everything from now on
 *
 * Called by disk.c on a disk that is on, before it deletes the gendisk, with the disk's
 * mutex held. May sleep. When it returns no request waits for its time any more, nor
 * will one; those whose bytes are being moved are given back when these have.
 */
void weir_disk_unplug(struct weir_disk *wd);

/* A request of such a disk fails, here and now. By its only owner; from any context. */
void weir_unplug_end(struct weir_queue *wq, struct request *rq);

#endif
