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
#include <linux/highmem.h>

#include "compat/blk.h"
#include "store/store.h"

#include "cached.h"
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
	if (unlikely(wd->cut.cache))
		return weir_cached_move(wd, rq, may_sleep);
	if (req_op(rq) == REQ_OP_WRITE)
		return weir_move_write(wd, rq, may_sleep);
	return weir_move_other(wd, rq, may_sleep);
}

/* Map memory for kunmap_local(): the page that is @offset bytes behind @page. */
static __always_inline void *weir_map(struct page *page, u32 offset)
{
	/* Without highmem neighbours in memory have addresses that are. */
	if (!IS_ENABLED(CONFIG_HIGHMEM))
		return page_address(page) + offset;
	return kmap_local_page(page + (offset >> PAGE_SHIFT));
}

/**
 * weir_move_page() - do a read or write of PAGE_SIZE bytes of a page that is there
 * @write: which of the two
 *
 * Called by take.c before anything else is tried. Inline because this is the hottest
 * path there is. Context: under rcu_read_lock(), as ->queue_rq is.
 *
 * Return: false, to be done by weir_move(), if the request is not one page of the
 * store and one in memory, or the store has no page there yet, or somebody else is
 * changing it.
 */
static __always_inline bool weir_move_page(struct weir_store *s, struct request *rq,
					   bool write)
{
	const struct bvec_iter *iter = &rq->bio->bi_iter;
	const struct bio_vec *bv = rq->bio->bi_io_vec + iter->bi_idx;
	u32 offset = bv->bv_offset + weir_iter_done(iter);
	void *memory;
	bool done;

	/* One segment: one bio, and one vector of it that has all of the bytes. */
	if (unlikely(rq->nr_phys_segments != 1 || offset_in_page(offset) ||
		     blk_rq_pos(rq) & (PAGE_SECTORS - 1)))
		return false;
	memory = weir_map(bv->bv_page, offset);
	done = weir_store_copy_page(s, blk_rq_pos(rq) >> PAGE_SECTORS_SHIFT, memory, write);
	kunmap_local(memory);
	if (done && !write)
		flush_dcache_page(bv->bv_page + (offset >> PAGE_SHIFT));
	return done;
}

#endif
