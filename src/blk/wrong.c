// SPDX-License-Identifier: GPL-2.0
/*
 * See wrong.h.
 *
 * To do a request elsewhere, or a part of it, it is changed for as long as
 * weir_move() takes: the store is asked for other sectors, or fewer, and all else
 * stays as it is. Nobody but the driver has the request meanwhile.
 */
#include <linux/math64.h>
#include <linux/sizes.h>

#include "fault/rule.h"

#include "cmd.h"
#include "corrupt.h"
#include "disk.h"
#include "move.h"
#include "verdict.h"
#include "wrong.h"

/* What a request was, while it is another one */
struct was {
	sector_t sector;
	unsigned int bytes;
	struct bio *last;
	struct bio *next;
	unsigned int last_bytes;
};

/* Make it one of the first @bytes of its data, not 0, at @sector. */
static void change(struct request *rq, sector_t sector, unsigned int bytes, struct was *was)
{
	struct bio *bio = rq->bio;

	was->sector = rq->__sector;
	was->bytes = rq->__data_len;
	rq->__sector = sector;
	rq->__data_len = bytes;
	for (; bio->bi_next && bytes > bio->bi_iter.bi_size; bio = bio->bi_next)
		bytes -= bio->bi_iter.bi_size;
	was->last = bio;
	was->next = bio->bi_next;
	was->last_bytes = bio->bi_iter.bi_size;
	bio->bi_next = NULL;
	bio->bi_iter.bi_size = min(bytes, was->last_bytes);
}

static void change_back(struct request *rq, const struct was *was)
{
	was->last->bi_next = was->next;
	was->last->bi_iter.bi_size = was->last_bytes;
	rq->__sector = was->sector;
	rq->__data_len = was->bytes;
}

static int move_changed(struct weir_disk *wd, struct request *rq, sector_t sector,
			unsigned int bytes, bool may_sleep)
{
	struct was was;
	int err;

	change(rq, sector, bytes, &was);
	err = weir_move(wd, rq, may_sleep);
	change_back(rq, &was);
	return err;
}

/*
 * So far away, in whole logical blocks, and on the disk: what would be past an end of
 * it is as far from the other end.
 */
static sector_t elsewhere(const struct weir_disk *wd, const struct request *rq, s64 away)
{
	/* Not the gendisk's: it becomes 0 when the disk is pulled, also under a request. */
	const s64 capacity = wd->set.size * (SZ_1M >> SECTOR_SHIFT);
	const s64 block = wd->set.bs >> SECTOR_SHIFT;
	s64 at = away - div64_s64(away, capacity) * capacity;

	at = (at & ~(block - 1)) + blk_rq_pos(rq);
	if (at < 0)
		at += capacity;
	if (at >= capacity)
		at -= capacity;
	return min_t(s64, at, capacity - blk_rq_sectors(rq));
}

/* What no verdict is against, as its rule wants it. */
static int move_wrongly(struct weir_disk *wd, struct request *rq, bool may_sleep)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

	switch (cmd->fault.act) {
	case WEIR_ACT_STATUS:
	case WEIR_ACT_TIMEOUT:
		cmd->status = cmd->fault.status;
		return 0;
	case WEIR_ACT_LOST:
		cmd->covers = 0; /* a flush that is lost makes nothing durable */
		return 0;
	case WEIR_ACT_MISDIRECT:
		return move_changed(wd, rq, elsewhere(wd, rq, cmd->fault.away),
				    blk_rq_bytes(rq), may_sleep);
	case WEIR_ACT_CORRUPT:
		return weir_corrupt_move(wd, rq, &cmd->fault, may_sleep);
	default:
		return weir_move(wd, rq, may_sleep);
	}
}

bool weir_wrong_move(struct weir_disk *wd, struct request *rq, bool may_sleep)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);
	u32 good_bytes = 0;
	int err, verdict;

	/* A range that is bad once is met once: the whole is done where it can be. */
	if (wd->set.badblocks_partial_io && !may_sleep)
		return false;
	verdict = weir_verdict(wd, rq, &good_bytes);
	if (!verdict)
		err = move_wrongly(wd, rq, may_sleep);
	else if (good_bytes)
		err = move_changed(wd, rq, blk_rq_pos(rq), good_bytes, may_sleep);
	else
		err = 0;
	if (err == -ENOMEM && !may_sleep)
		return false;
	if (verdict || err)
		cmd->status = errno_to_blk_status(verdict ?: err);
	if (unlikely(cmd->fault.act || cmd->fault.waited))
		memset(&cmd->fault, 0, sizeof(cmd->fault));
	return true;
}
