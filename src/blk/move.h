/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bytes of a request, to and from the store.
 *
 * Context of all of these: process, interrupts on. A caller with @may_sleep may
 * sleep; one without is under rcu_read_lock(), as ->queue_rq of a driver that is not
 * BLK_MQ_F_BLOCKING always is.
 */
#ifndef WEIR_MOVE_H
#define WEIR_MOVE_H

#include <linux/blk-mq.h>

#include "store/store.h"

#include "disk.h"

/* What neither reads nor writes; see weir_move(). */
int weir_move_other(struct weir_disk *wd, struct request *rq, bool may_sleep);

/**
 * weir_move() - do a request's work
 *
 * Called by take.c, once for a request, or once more if it fails for want of sleep.
 *
 * Return: 0; -ENOSPC past the memory limit; -ENOMEM, without @may_sleep: the whole
 * is to be done again by somebody who may; -EOPNOTSUPP.
 */
static __always_inline int weir_move(struct weir_disk *wd, struct request *rq,
				     bool may_sleep)
{
	if (!wd->set.memory_backed)
		return 0;
	if (req_op(rq) == REQ_OP_READ)
		return weir_store_read(&wd->store, rq, may_sleep);
	if (req_op(rq) == REQ_OP_WRITE)
		return weir_store_write(&wd->store, rq, may_sleep);
	return weir_move_other(wd, rq, may_sleep);
}

#endif
