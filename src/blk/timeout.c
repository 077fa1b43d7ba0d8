// SPDX-License-Identifier: GPL-2.0
/*
 * A request that took too long. Only what waits can be failed: it is taken from the
 * media model or out of the heap, and is then nobody else's. One that was due, on a
 * queue that nobody polled or whose timer came late, is done, and ends as such. One that
 * was to be lost (io-timeout-fail) is nobody's until now. One that is in other
 * hands (the worker's, or already on its way back) will be completed by these; one
 * that waits for its share of a limited bandwidth will have it.
 */
#include "back.h"
#include "disk.h"
#include "drive.h"
#include "inject.h"
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

/* As a driver does whose interrupt was lost: it looks, and finds that all is well. */
static void end_due(struct weir_queue *wq, struct request *rq)
{
	pr_warn_ratelimited("%s: request at sector %llu timed out, but was done: completed\n",
			    wq->wd->disk->disk_name,
			    (unsigned long long)blk_rq_pos(rq));
	weir_count_completed(wq, rq);
	blk_mq_complete_request(rq);
}

enum blk_eh_timer_return weir_timeout(struct request *rq)
{
	struct weir_queue *wq = rq->mq_hctx->driver_data;
	enum weir_cancelled found = WEIR_ELSEWHERE;
	bool ours;

	/* It may wait for a fault rule, be the model's, and then the heap's. */
	ours = weir_inject_cancel(wq->wd, rq) || weir_found_lost(rq) ||
	       (wq->drive && weir_drive_cancel(wq->drive, rq));
	if (!ours)
		found = weir_wait_cancel(wq, rq);
	ours |= found == WEIR_NOT_YET_DUE;
	trace_weir_blk_timeout(rq, ours);
	if (ours)
		fail_late(wq, rq);
	else if (found == WEIR_WAS_DUE)
		end_due(wq, rq);
	else
		return BLK_EH_RESET_TIMER;
	return BLK_EH_DONE;
}
