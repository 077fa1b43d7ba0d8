// SPDX-License-Identifier: GPL-2.0
/*
 * Who is looking: the histograms of a disk (timing) and the tracepoints.
 *
 * A request is timed only on a queue that is watched. On any other this costs
 * a test of wq->watch, and not even that on the short way of queue_page(), which
 * a watched queue does not take: wq->plain_bytes is 0 for as long.
 */
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include "blk/cmd.h"
#include "blk/disk.h"
#include "blk/hctx.h"

#include "stats.h"
#include "watch.h"

#define CREATE_TRACE_POINTS
#include <trace/weir_blk.h>

/* A request that lost more than this has stalled. */
#define STALL_NS NSEC_PER_MSEC

/* Protects what follows, weir_disk.timing, and weir_queue.node, short_way, watch, plain_bytes. */
static DEFINE_MUTEX(lock);
static LIST_HEAD(queues);
static unsigned int tracers; /* tracepoints of weir_watch_trace_on() that are on */

static void decide(struct weir_queue *wq)
{
	bool watch = wq->wd->timing || tracers;

	WRITE_ONCE(wq->watch, watch);
	WRITE_ONCE(wq->plain_bytes, wq->short_way && !watch ? PAGE_SIZE : 0);
}

static void decide_all(void)
{
	struct weir_queue *wq;

	list_for_each_entry(wq, &queues, node)
		decide(wq);
}

void weir_watch_add(struct weir_queue *wq)
{
	mutex_lock(&lock);
	list_add_tail(&wq->node, &queues);
	decide(wq);
	mutex_unlock(&lock);
}

void weir_watch_update(struct weir_queue *wq, bool short_way)
{
	mutex_lock(&lock);
	wq->short_way = short_way;
	decide(wq);
	mutex_unlock(&lock);
}

void weir_watch_del(struct weir_queue *wq)
{
	mutex_lock(&lock);
	list_del(&wq->node);
	mutex_unlock(&lock);
}

int weir_watch_timing(struct weir_disk *wd, bool on)
{
	int err = on ? weir_stats_allocate(&wd->stats) : 0;

	if (err)
		return err;
	mutex_lock(&lock);
	WRITE_ONCE(wd->timing, on);
	decide_all();
	mutex_unlock(&lock);
	return 0;
}

int weir_watch_trace_on(void)
{
	mutex_lock(&lock);
	tracers++;
	decide_all();
	mutex_unlock(&lock);
	return 0;
}

void weir_watch_trace_off(void)
{
	mutex_lock(&lock);
	tracers--;
	decide_all();
	mutex_unlock(&lock);
}

/* The operation as stats.h counts it; WEIR_STAT_OPS if it does not */
static enum weir_stat_op stat_op(const struct request *rq)
{
	switch (req_op(rq)) {
	case REQ_OP_READ:
		return WEIR_STAT_READ;
	case REQ_OP_WRITE:
		return WEIR_STAT_WRITE;
	case REQ_OP_FLUSH:
		return WEIR_STAT_FLUSH;
	case REQ_OP_DISCARD:
		return WEIR_STAT_DISCARD;
	case REQ_OP_SECURE_ERASE:
		return WEIR_STAT_SECURE_ERASE;
	case REQ_OP_WRITE_ZEROES:
		return WEIR_STAT_WRITE_ZEROES;
	default:
		return WEIR_STAT_OPS;
	}
}

void weir_watch_submit(struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

	cmd->due_ns = 0;
	cmd->submit_ns = ktime_get_ns();
	trace_weir_blk_submit(rq);
}

void weir_watch_deferred(struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);
	u64 stall_ns;

	if (!trace_weir_blk_stall_enabled() || !cmd->submit_ns)
		return;
	stall_ns = ktime_get_ns() - cmd->submit_ns;
	if (stall_ns > STALL_NS)
		trace_weir_blk_stall(rq, WEIR_STALL_DEFERRED, stall_ns);
}

void weir_watch_media(struct weir_queue *wq, struct request *rq, u64 submit_ns,
		      u64 done_ns, const u64 part_ns[WEIR_MEDIA_NR_PARTS])
{
	struct weir_disk *wd = wq->wd;
	enum weir_stat_op op = stat_op(rq);

	if (READ_ONCE(wd->timing) && op < WEIR_STAT_OPS)
		weir_stats_count_parts(&wd->stats, op, part_ns);
	trace_weir_blk_media(rq, submit_ns, done_ns, part_ns);
}

void weir_watch_complete(struct weir_queue *wq, struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);
	u64 latency_ns = 0, late_ns = 0, now_ns;
	struct weir_disk *wd = wq->wd;
	enum weir_stat_op op = stat_op(rq);

	/* Somebody may have begun to watch while it was under way. */
	if (cmd->submit_ns) {
		now_ns = ktime_get_ns();
		latency_ns = now_ns - cmd->submit_ns;
		if (cmd->due_ns && now_ns > cmd->due_ns)
			late_ns = now_ns - cmd->due_ns;
		if (READ_ONCE(wd->timing) && op < WEIR_STAT_OPS)
			weir_stats_count(&wd->stats, op, latency_ns);
	}
	trace_weir_blk_complete(rq, (__force u32)cmd->status, latency_ns, late_ns);
	if (late_ns > STALL_NS)
		trace_weir_blk_stall(rq, WEIR_STALL_LATE, late_ns);
}
