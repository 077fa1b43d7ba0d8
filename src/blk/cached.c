// SPDX-License-Identifier: GPL-2.0
/*
 * From a request to the volatile cache: its bytes, page by page of the disk, and what
 * it asks for besides (FUA, atomic). A request whose work is done twice, because the
 * first try would have had to sleep, is one write.
 */
#include "compat/blk.h"
#include "store/store.h"
#include "store/volatile.h"

#include "cached.h"
#include "cmd.h"
#include "cursor.h"
#include "cut.h"
#include "disk.h"
#include "move.h"

/* Copy the next @len bytes of a request. */
static void take_bytes(void *from, void *to, u32 len)
{
	struct weir_cursor *at = from;

	while (len) {
		const struct bio_vec bv = weir_cursor_piece(at, len);

		memcpy_from_page(to, bv.bv_page, bv.bv_offset, bv.bv_len);
		weir_cursor_advance(at, bv.bv_len);
		to += bv.bv_len;
		len -= bv.bv_len;
	}
}

/* The write of a request; NULL if there is no memory. */
static struct weir_write *write_of(struct weir_disk *wd, struct request *rq, bool may_sleep)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);
	/* A media model may have a cache that survives; that changes while no request is here. */
	bool durable = rq->cmd_flags & REQ_FUA || !READ_ONCE(wd->set.write_cache);

	if (!cmd->write)
		cmd->write = weir_volatile_begin(wd->cut.cache, blk_rq_pos(rq), durable,
						 rq->cmd_flags & WEIR_REQ_ATOMIC, may_sleep);
	return cmd->write;
}

/* Each of a discard's ranges. */
static int discard_ranges(struct weir_volatile *v, struct weir_write *w,
			  struct request *rq, bool may_sleep)
{
	struct bio *bio;
	int err = 0;

	__rq_for_each_bio(bio, rq)
		err = err ?: weir_volatile_discard(v, w,
						   (u64)bio->bi_iter.bi_sector << SECTOR_SHIFT,
						   bio->bi_iter.bi_size, may_sleep);
	return err;
}

static int change(struct weir_disk *wd, struct request *rq, bool may_sleep)
{
	struct weir_volatile *v = wd->cut.cache;
	struct weir_write *w = write_of(wd, rq, may_sleep);
	struct weir_cursor at;
	const u64 pos = weir_move_pos(rq), len = blk_rq_bytes(rq);

	/* Without a record a part of it could be durable, and the others not. */
	if (!w && (!may_sleep || rq->cmd_flags & WEIR_REQ_ATOMIC))
		return -ENOMEM;
	if (req_op(rq) == REQ_OP_WRITE) {
		at = weir_cursor_begin(rq);
		return weir_volatile_put(v, w, pos, len, take_bytes, &at, may_sleep);
	}
	if (req_op(rq) == REQ_OP_WRITE_ZEROES && rq->cmd_flags & REQ_NOUNMAP)
		return weir_volatile_put(v, w, pos, len, NULL, NULL, may_sleep);
	if (weir_has_ranges(rq))
		return discard_ranges(v, w, rq, may_sleep);
	return weir_volatile_discard(v, w, pos, len, may_sleep);
}

int weir_cached_move(struct weir_disk *wd, struct request *rq, bool may_sleep)
{
	struct weir_volatile *v = wd->cut.cache;

	if (!may_sleep && req_op(rq) != REQ_OP_WRITE &&
	    blk_rq_bytes(rq) > WEIR_STORE_NOWAIT_BYTES)
		return -ENOMEM;
	switch (req_op(rq)) {
	case REQ_OP_FLUSH:
		return 0;
	case REQ_OP_SECURE_ERASE:
		weir_volatile_erase(v, weir_move_pos(rq), blk_rq_bytes(rq), may_sleep);
		return 0;
	case REQ_OP_WRITE:
	case REQ_OP_DISCARD:
	case REQ_OP_WRITE_ZEROES:
		return change(wd, rq, may_sleep);
	default:
		return -EOPNOTSUPP;
	}
}
