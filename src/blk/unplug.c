// SPDX-License-Identifier: GPL-2.0
/*
 * A disk goes while it is in use.
 *
 * - wd->gone is set: whatever is still handed to the driver gets a verdict of EIO.
 * - Each queue's heap is emptied, and will take nothing any more: whoever wants to put a
 *   request there ends it instead.
 * - What waits because of a fault rule goes on, and meets that verdict.
 * - What waits in the media model is taken out of it. Of a request whose bytes are still
 *   being moved the model keeps its part, until whoever moves them sees wd->gone
 *   (drive.c): either we see WEIR_MOVED, or he sees that.
 * - The block layer is told that the disk is dead, and tells whatever is mounted. New
 *   bios fail without coming here.
 *
 * So nothing waits for a time, which with a slow model may be minutes, or for a poll
 * that does not come; and disk.c deletes the gendisk, which waits for all requests. What
 * has the disk open keeps a gendisk that is dead; its private data is the struct
 * weir_disk, which stays because each open keeps the directory, or the module.
 */
#include <linux/blk-mq.h>
#include <linux/blkdev.h>

#include "back.h"
#include "cmd.h"
#include "disk.h"
#include "drive.h"
#include "hctx.h"
#include "inject.h"
#include "unplug.h"

void weir_unplug_end(struct weir_queue *wq, struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

	cmd->status = BLK_STS_IOERR;
	weir_count_completed(wq, rq);
	blk_mq_complete_request(rq);
}

static void end_waiting(struct weir_queue *wq)
{
	struct request *rq, *next;

	for (rq = weir_wait_close(wq); rq; rq = next) {
		next = rq->rq_next;
		weir_unplug_end(wq, rq);
	}
}

/* For each request of the tag set that has been started. */
static bool end_undecided(struct request *rq, void *queue)
{
	struct weir_queue *wq;

	if (rq->q != queue)
		return true;
	wq = rq->mq_hctx->driver_data;
	if (wq->drive && weir_drive_cancel(wq->drive, rq))
		weir_unplug_end(wq, rq);
	return true;
}

void weir_disk_unplug(struct weir_disk *wd)
{
	u32 i;

	lockdep_assert_held(&wd->mutex);
	WRITE_ONCE(wd->gone, true);
	WRITE_ONCE(wd->check, true);
	weir_queues_check(wd);
	for (i = 0; i < wd->max_queues; i++)
		if (wd->queues[i])
			end_waiting(wd->queues[i]);
	weir_inject_stop(wd);
	/* Pairs with the full barrier of atomic_fetch_or() in drive.c. */
	smp_mb();
	blk_mq_tagset_busy_iter(&wd->tags->set, end_undecided, wd->disk->queue);
	/* Not before: what is mounted may wait for requests under way when it is told. */
	blk_mark_disk_dead(wd->disk);
}
