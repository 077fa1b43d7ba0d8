/* SPDX-License-Identifier: GPL-2.0 */
/* A request's bytes, in the order in which they are on the disk. */
#ifndef WEIR_CURSOR_H
#define WEIR_CURSOR_H

#include <linux/bio.h>
#include <linux/blk-mq.h>

/**
 * struct weir_cursor - where in the memory of a request the next byte is
 * @bio: in which of its bios; NULL: behind the last byte
 * @iter: where in that
 */
struct weir_cursor {
	struct bio *bio;
	struct bvec_iter iter;
};

/* At its first byte. The request has data. */
static inline struct weir_cursor weir_cursor_begin(struct request *rq)
{
	return (struct weir_cursor){ .bio = rq->bio, .iter = rq->bio->bi_iter };
}

/* What lies ahead in one page of memory, at most @len bytes of it. */
static __always_inline struct bio_vec weir_cursor_piece(const struct weir_cursor *at, u32 len)
{
	struct bio_vec bv = bio_iter_iovec(at->bio, at->iter);

	bv.bv_len = min(bv.bv_len, len);
	return bv;
}

/* On by @len bytes, which are in one page of memory. */
static __always_inline void weir_cursor_advance(struct weir_cursor *at, u32 len)
{
	if (len < at->iter.bi_size) {
		bio_advance_iter_single(at->bio, &at->iter, len);
		return;
	}
	at->bio = at->bio->bi_next;
	if (at->bio)
		at->iter = at->bio->bi_iter;
}

#endif
