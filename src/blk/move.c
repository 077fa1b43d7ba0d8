// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of a request in the store: the walk over its segments, and what has
 * none.
 */
#include "move.h"

/*
 * Move one segment of a request, which lies in one page of memory, but in two
 * of the store where a block is smaller than a page.
 */
static __always_inline int move_segment(struct weir_store *s, u64 pos,
					struct bio_vec bv, bool write,
					long *credit, bool may_sleep)
{
	void *addr = kmap_local_page(bv.bv_page);
	int err = 0;

	if (write)
		err = weir_store_write(s, pos, addr + bv.bv_offset, bv.bv_len, credit,
				       may_sleep);
	else
		weir_store_read(s, pos, addr + bv.bv_offset, bv.bv_len);
	kunmap_local(addr);
	if (!write)
		flush_dcache_page(bv.bv_page);
	return err;
}

static noinline int move_segments(struct weir_store *s, struct request *rq, bool write,
				  long *credit, bool may_sleep)
{
	u64 pos = weir_move_pos(rq);
	struct bio *bio;
	int err = 0;

	for (bio = rq->bio; bio && !err; bio = bio->bi_next) {
		struct bvec_iter iter = bio->bi_iter;

		while (!err) {
			struct bio_vec bv = bio_iter_iovec(bio, iter);

			err = move_segment(s, pos, bv, write, credit, may_sleep);
			if (bv.bv_len == iter.bi_size)
				break;
			pos += bv.bv_len;
			bio_advance_iter_single(bio, &iter, bv.bv_len);
		}
		pos += iter.bi_size;
	}
	return err;
}

int weir_move_read(struct weir_disk *wd, struct request *rq, bool may_sleep)
{
	weir_store_enter(may_sleep);
	move_segments(&wd->store, rq, false, NULL, may_sleep);
	weir_store_leave(may_sleep);
	return 0;
}

int weir_move_write(struct weir_disk *wd, struct request *rq, bool may_sleep)
{
	struct weir_store *s = &wd->store;
	long credit;
	int err;

	err = weir_store_charge(s, weir_move_pos(rq), blk_rq_bytes(rq), &credit);
	if (unlikely(err))
		return err;
	weir_store_enter(may_sleep);
	err = move_segments(s, rq, true, &credit, may_sleep);
	weir_store_leave(may_sleep);
	if (unlikely(credit))
		weir_store_uncharge(credit);
	return err;
}

int weir_move_other(struct weir_disk *wd, struct request *rq, bool may_sleep)
{
	u64 pos = weir_move_pos(rq);
	u64 len = blk_rq_bytes(rq);

	if (req_op(rq) == REQ_OP_FLUSH)
		return 0;
	if (!may_sleep && len > WEIR_STORE_NOWAIT_BYTES)
		return -ENOMEM;
	switch (req_op(rq)) {
	case REQ_OP_DISCARD:
		weir_store_discard(&wd->store, pos, len, false, may_sleep);
		return 0;
	case REQ_OP_SECURE_ERASE:
		weir_store_discard(&wd->store, pos, len, true, may_sleep);
		return 0;
	case REQ_OP_WRITE_ZEROES:
		return weir_store_zero(&wd->store, pos, len,
				       !(rq->cmd_flags & REQ_NOUNMAP), may_sleep);
	default:
		return -EOPNOTSUPP;
	}
}
