/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests that change a disk with a volatile cache (store/volatile.h).
 */
#ifndef WEIR_CACHED_H
#define WEIR_CACHED_H

#include <linux/blk-mq.h>

struct weir_disk;

/**
 * weir_cached_move() - do the work of a request that is no read
 *
 * Called by move.c if the disk has a cache, with the context of weir_move().
 *
 * Return: as weir_move().
 */
int weir_cached_move(struct weir_disk *wd, struct request *rq, bool may_sleep);

#endif
