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

#include "compat/blk.h"
#include "store/store.h"

#include "disk.h"

/* Where a request begins, in bytes from the start of the disk. */
static inline u64 weir_move_pos(const struct request *rq)
{
	return (u64)blk_rq_pos(rq) << SECTOR_SHIFT;
}

/* See weir_move(): what reads, what writes, and what does neither. */
int weir_move_read(struct weir_disk *wd, struct request *rq, bool may_sleep);
int weir_move_write(struct weir_disk *wd, struct request *rq, bool may_sleep);
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
		return weir_move_read(wd, rq, may_sleep);
	if (req_op(rq) == REQ_OP_WRITE)
		return weir_move_write(wd, rq, may_sleep);
	return weir_move_other(wd, rq, may_sleep);
}

/**
 * weir_move_page() - do a read or write of one page that is there
 * @write: which of the two
 *
 * Called by take.c before anything else is tried. Inline because this is the hottest
 * path there is. Context: under rcu_read_lock(), as ->queue_rq is.
 *
 * Return: false, with nothing done, if the request is not exactly one page of the
 * store and one in memory, or the store has no page there yet.
 */
static __always_inline bool weir_move_page(struct weir_store *s, struct request *rq,
					   bool write)
{
	const u64 pos = weir_move_pos(rq);
	const struct bvec_iter *iter = &rq->bio->bi_iter;
	const struct bio_vec *bv = rq->bio->bi_io_vec + iter->bi_idx;
	u32 offset = bv->bv_offset + weir_iter_done(iter);
	struct page *memory;
	void *theirs;
	bool done;

	/* The vector may be longer than the bio, and the bio than the request. */
	if (unlikely(blk_rq_bytes(rq) != PAGE_SIZE ||
		     iter->bi_size != PAGE_SIZE ||
		     offset_in_page(pos | offset) ||
		     bv->bv_len - weir_iter_done(iter) < PAGE_SIZE))
		return false;
	memory = bv->bv_page + (offset >> PAGE_SHIFT);
	theirs = kmap_local_page(memory);
	done = weir_store_copy_page(s, pos, theirs, write);
	kunmap_local(theirs);
	if (done && !write)
		flush_dcache_page(memory);
	return done;
}

#endif
