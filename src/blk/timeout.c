// SPDX-License-Identifier: GPL-2.0
/*
 * A request that took too long. Only what waits can be failed: it is taken from the
 * media model or out of the heap, and is then nobody else's. One that is in other
 * hands (the worker's, or already on its way back) will be completed by these; one
 * that waits for its share of a limited bandwidth will have it.
 */
#include "back.h"
#include "disk.h"
#include "drive.h"
#include "timeout.h"

#include <trace/weir_blk.h>

/* Fail a request that took too long, and is in nobody's hands any more. */
static void fail_late(struct weir_queue *wq, struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

	pr_warn_ratelimited("%s: request at sector %llu timed out\n",
			    wq->wd->disk->disk_name,
			    (unsigned long long)blk_rq_pos(rq));
	this_cpu_inc(wq->counters->timeouts);
	cmd->status = BLK_STS_TIMEOUT;
	weir_count_completed(wq, rq);
	blk_mq_complete_request(rq);
}

enum blk_eh_timer_return weir_timeout(struct request *rq)
{
	struct weir_queue *wq = rq->mq_hctx->driver_data;
	bool ours;

	/* It may be the model's, and then the heap's. */
	ours = (wq->drive && weir_drive_cancel(wq->drive, rq)) ||
	       weir_wait_cancel(wq, rq);
	trace_weir_blk_timeout(rq, ours);
	if (!ours)
		return BLK_EH_RESET_TIMER;
	fail_late(wq, rq);
	return BLK_EH_DONE;
}
