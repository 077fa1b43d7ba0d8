// SPDX-License-Identifier: GPL-2.0
/* What becomes of a request in the store. */
#include "move.h"

/* What neither reads nor writes. */
int weir_move_other(struct weir_disk *wd, struct request *rq, bool may_sleep)
{
	u64 pos = (u64)blk_rq_pos(rq) << SECTOR_SHIFT;
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
