// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of a request in the store: the walk over its segments, and what has
 * none.
 */
#include "cmd.h"
#include "cursor.h"
#include "move.h"

static void read_part(struct weir_store *s, u64 pos, u32 len, struct weir_cursor *at)
{
	const struct weir_cursor begin = *at;
	struct weir_store_reader r;
	struct bio_vec bv;
	u32 done;

	weir_store_read_begin(s, pos, &r);
	do {
		*at = begin;
		for (done = 0; done < len; done += bv.bv_len) {
			void *memory;

			bv = weir_cursor_piece(at, weir_store_piece(pos + done, len - done));
			memory = kmap_local_page(bv.bv_page);
			weir_store_get(s, &r, pos + done, memory + bv.bv_offset, bv.bv_len);
			kunmap_local(memory);
			flush_dcache_page(bv.bv_page);
			weir_cursor_advance(at, bv.bv_len);
		}
	} while (weir_store_read_again(&r));
}

int weir_move_read(struct weir_disk *wd, struct request *rq, bool may_sleep)
{
	u64 pos = weir_move_pos(rq), end = pos + blk_rq_bytes(rq);
	struct weir_cursor at = weir_cursor_begin(rq);
	u32 part;

	for (; pos < end; pos += part) {
		part = weir_store_part(&wd->store, pos, end - pos);
		weir_store_enter(may_sleep);
		read_part(&wd->store, pos, part, &at);
		weir_store_leave(may_sleep);
	}
	return 0;
}

static int write_part(struct weir_store *s, u64 pos, u32 len, struct weir_cursor *at,
		      long *credit, bool may_sleep)
{
	struct weir_store_slot *unit;
	struct bio_vec bv;
	u32 seq;

	unit = weir_store_write_begin(s, pos, len, &seq, credit, may_sleep);
	if (IS_ERR(unit))
		return PTR_ERR(unit);
	for (; len; pos += bv.bv_len, len -= bv.bv_len) {
		void *memory;

		bv = weir_cursor_piece(at, weir_store_piece(pos, len));
		memory = kmap_local_page(bv.bv_page);
		weir_store_put(s, unit, pos, memory + bv.bv_offset, bv.bv_len);
		kunmap_local(memory);
		weir_cursor_advance(at, bv.bv_len);
	}
	weir_store_write_end(unit, seq);
	return 0;
}

int weir_move_write(struct weir_disk *wd, struct request *rq, bool may_sleep)
{
	u64 pos = weir_move_pos(rq), end = pos + blk_rq_bytes(rq);
	struct weir_store *s = &wd->store;
	struct weir_cursor at = weir_cursor_begin(rq);
	long credit;
	u32 part;
	int err;

	err = weir_store_charge(s, pos, end - pos, &credit);
	for (; !err && pos < end; pos += part) {
		part = weir_store_part(s, pos, end - pos);
		err = write_part(s, pos, part, &at, &credit, may_sleep);
	}
	if (unlikely(credit))
		weir_store_uncharge(credit);
	return err;
}

/* It may have several ranges, anywhere on the disk: each bio is one of them. */
static void move_discard(struct weir_store *s, struct request *rq, bool may_sleep)
{
	struct bio *bio;

	if (!weir_has_ranges(rq)) {
		weir_store_discard(s, weir_move_pos(rq), blk_rq_bytes(rq), false, may_sleep);
		return;
	}
	__rq_for_each_bio(bio, rq)
		weir_store_discard(s, (u64)bio->bi_iter.bi_sector << SECTOR_SHIFT,
				   bio->bi_iter.bi_size, false, may_sleep);
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
		move_discard(&wd->store, rq, may_sleep);
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
