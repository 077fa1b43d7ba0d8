/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of the driver. Fields are only ever added, at the end: scripts rely
 * on them. Times are nanoseconds; op: the kernel's REQ_OP_* (0 read, 1 write,
 * 2 flush, 3 discard, 5 secure erase, 9 write zeroes); status: a blk_status_t.
 *
 * submit, complete and stall need a clock, and to be reached by requests that
 * take the short way. So while one of them is on, all queues are watched.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM weir_blk

#if !defined(WEIR_BLK_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define WEIR_BLK_TRACE_H

#include <linux/blkdev.h>
#include <linux/blk-mq.h>
#include <linux/tracepoint.h>

#ifndef WEIR_BLK_TRACE_ONCE
#define WEIR_BLK_TRACE_ONCE

/*
 * watch.c: one of submit, complete and stall goes on, and off. Called by the tracing
 * core under its mutex; both may sleep. Return: 0.
 */
int weir_watch_trace_on(void);
void weir_watch_trace_off(void);

/* Why a request took longer than its device. */
enum weir_stall {
	WEIR_STALL_LATE,	/* given back later than it was due */
	WEIR_STALL_DEFERRED,	/* it waited for the worker: memory, or much to discard */
};

static inline dev_t weir_trace_dev(const struct request *rq)
{
	return rq->q->disk ? disk_devt(rq->q->disk) : 0;
}

static inline u32 weir_trace_op(const struct request *rq)
{
	return (__force u32)req_op(rq);
}

#endif

/* queue_rq has taken a request. */
TRACE_EVENT_FN(weir_blk_submit,
	TP_PROTO(struct request *rq),
	TP_ARGS(rq),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u32, hctx)
		__field(u32, tag)
		__field(u32, op)
		__field(u64, sector)
		__field(u32, bytes)
	),
	TP_fast_assign(
		__entry->dev = weir_trace_dev(rq);
		__entry->hctx = rq->mq_hctx->queue_num;
		__entry->tag = rq->tag;
		__entry->op = weir_trace_op(rq);
		__entry->sector = blk_rq_pos(rq);
		__entry->bytes = blk_rq_bytes(rq);
	),
	TP_printk("%d,%d hctx=%u tag=%u op=%u sector=%llu bytes=%u",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->hctx,
		  __entry->tag, __entry->op, __entry->sector, __entry->bytes),
	weir_watch_trace_on, weir_watch_trace_off
);

/* The media model has decided when a request is done, and what it waits for. */
TRACE_EVENT(weir_blk_media,
	TP_PROTO(struct request *rq, u64 submit_ns, u64 done_ns, const u64 *part_ns),
	TP_ARGS(rq, submit_ns, done_ns, part_ns),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u32, hctx)
		__field(u32, tag)
		__field(u32, op)
		__field(u64, sector)
		__field(u32, bytes)
		__field(u64, media_ns)
		__field(u64, queue_ns)
		__field(u64, cache_ns)
		__field(u64, channel_ns)
		__field(u64, die_ns)
		__field(u64, gc_ns)
		__field(u64, service_ns)
	),
	TP_fast_assign(
		__entry->dev = weir_trace_dev(rq);
		__entry->hctx = rq->mq_hctx->queue_num;
		__entry->tag = rq->tag;
		__entry->op = weir_trace_op(rq);
		__entry->sector = blk_rq_pos(rq);
		__entry->bytes = blk_rq_bytes(rq);
		__entry->media_ns = done_ns - submit_ns;
		__entry->queue_ns = part_ns[WEIR_PART_QUEUE];
		__entry->cache_ns = part_ns[WEIR_PART_CACHE];
		__entry->channel_ns = part_ns[WEIR_PART_CHANNEL];
		__entry->die_ns = part_ns[WEIR_PART_DIE];
		__entry->gc_ns = part_ns[WEIR_PART_GC];
		__entry->service_ns = part_ns[WEIR_PART_SERVICE];
	),
	TP_printk("%d,%d hctx=%u tag=%u op=%u sector=%llu bytes=%u media_ns=%llu queue_ns=%llu cache_ns=%llu channel_ns=%llu die_ns=%llu gc_ns=%llu service_ns=%llu",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->hctx,
		  __entry->tag, __entry->op, __entry->sector, __entry->bytes,
		  __entry->media_ns, __entry->queue_ns, __entry->cache_ns,
		  __entry->channel_ns, __entry->die_ns, __entry->gc_ns,
		  __entry->service_ns)
);

/*
 * A request is given back. latency_ns: since submit; 0 when it was taken before
 * anybody watched. late_ns: since it was due; 0 where nothing is ever due.
 */
TRACE_EVENT_FN(weir_blk_complete,
	TP_PROTO(struct request *rq, u32 status, u64 latency_ns, u64 late_ns),
	TP_ARGS(rq, status, latency_ns, late_ns),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u32, hctx)
		__field(u32, tag)
		__field(u32, op)
		__field(u64, sector)
		__field(u32, bytes)
		__field(u32, status)
		__field(u64, latency_ns)
		__field(u64, late_ns)
	),
	TP_fast_assign(
		__entry->dev = weir_trace_dev(rq);
		__entry->hctx = rq->mq_hctx->queue_num;
		__entry->tag = rq->tag;
		__entry->op = weir_trace_op(rq);
		__entry->sector = blk_rq_pos(rq);
		__entry->bytes = blk_rq_bytes(rq);
		__entry->status = status;
		__entry->latency_ns = latency_ns;
		__entry->late_ns = late_ns;
	),
	TP_printk("%d,%d hctx=%u tag=%u op=%u sector=%llu bytes=%u status=%u latency_ns=%llu late_ns=%llu",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->hctx,
		  __entry->tag, __entry->op, __entry->sector, __entry->bytes,
		  __entry->status, __entry->latency_ns, __entry->late_ns),
	weir_watch_trace_on, weir_watch_trace_off
);

/* A poll queue with requests was polled: so many were due, so many still wait. */
TRACE_EVENT(weir_blk_poll,
	TP_PROTO(struct request_queue *q, u32 hctx, u32 found, u32 waiting),
	TP_ARGS(q, hctx, found, waiting),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u32, hctx)
		__field(u32, found)
		__field(u32, waiting)
	),
	TP_fast_assign(
		__entry->dev = q->disk ? disk_devt(q->disk) : 0;
		__entry->hctx = hctx;
		__entry->found = found;
		__entry->waiting = waiting;
	),
	TP_printk("%d,%d hctx=%u found=%u waiting=%u",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->hctx,
		  __entry->found, __entry->waiting)
);

/* The block layer has timed a request out. ours: it waited, and has failed. */
TRACE_EVENT(weir_blk_timeout,
	TP_PROTO(struct request *rq, bool ours),
	TP_ARGS(rq, ours),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u32, hctx)
		__field(u32, tag)
		__field(u32, op)
		__field(u64, sector)
		__field(u32, bytes)
		__field(bool, ours)
	),
	TP_fast_assign(
		__entry->dev = weir_trace_dev(rq);
		__entry->hctx = rq->mq_hctx->queue_num;
		__entry->tag = rq->tag;
		__entry->op = weir_trace_op(rq);
		__entry->sector = blk_rq_pos(rq);
		__entry->bytes = blk_rq_bytes(rq);
		__entry->ours = ours;
	),
	TP_printk("%d,%d hctx=%u tag=%u op=%u sector=%llu bytes=%u ours=%d",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->hctx,
		  __entry->tag, __entry->op, __entry->sector, __entry->bytes,
		  __entry->ours)
);

/* A request lost more than a millisecond. reason: 0 late, 1 deferred. */
TRACE_EVENT_FN(weir_blk_stall,
	TP_PROTO(struct request *rq, u32 reason, u64 stall_ns),
	TP_ARGS(rq, reason, stall_ns),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u32, hctx)
		__field(u32, tag)
		__field(u32, op)
		__field(u64, sector)
		__field(u32, bytes)
		__field(u32, reason)
		__field(u64, stall_ns)
	),
	TP_fast_assign(
		__entry->dev = weir_trace_dev(rq);
		__entry->hctx = rq->mq_hctx->queue_num;
		__entry->tag = rq->tag;
		__entry->op = weir_trace_op(rq);
		__entry->sector = blk_rq_pos(rq);
		__entry->bytes = blk_rq_bytes(rq);
		__entry->reason = reason;
		__entry->stall_ns = stall_ns;
	),
	TP_printk("%d,%d hctx=%u tag=%u op=%u sector=%llu bytes=%u reason=%u stall_ns=%llu",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->hctx,
		  __entry->tag, __entry->op, __entry->sector, __entry->bytes,
		  __entry->reason, __entry->stall_ns),
	weir_watch_trace_on, weir_watch_trace_off
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH trace
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE weir_blk
#include <trace/define_trace.h>
