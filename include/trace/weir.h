/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of the elevator. Fields are only ever added, at the end: scripts
 * rely on them. Times are nanoseconds; class: 0 read, 1 sync write, 2 background
 * write, 3 trim and the rest; level: 0 RT, 1 light, 2 BE, 3 background, 4 IDLE.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM weir

#if !defined(WEIR_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define WEIR_TRACE_H

#include <linux/blkdev.h>
#include <linux/blk-mq.h>
#include <linux/tracepoint.h>

/* A request leaves for the driver. */
TRACE_EVENT(weir_dispatch,
	TP_PROTO(struct request *rq, unsigned int class, unsigned int level,
		 unsigned int flow, u32 cost_ns, bool charged),
	TP_ARGS(rq, class, level, flow, cost_ns, charged),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u64, sector)
		__field(u32, bytes)
		__field(u8, class)
		__field(u8, level)
		__field(u16, flow)
		__field(u32, cost_ns)
		__field(bool, charged)
		__field(u64, waited_ns)
	),
	TP_fast_assign(
		__entry->dev = rq->q->disk ? disk_devt(rq->q->disk) : 0;
		__entry->sector = blk_rq_pos(rq);
		__entry->bytes = blk_rq_bytes(rq);
		__entry->class = class;
		__entry->level = level;
		__entry->flow = flow;
		__entry->cost_ns = cost_ns;
		__entry->charged = charged;
		__entry->waited_ns = ktime_get_ns() - rq->start_time_ns;
	),
	TP_printk("%d,%d class=%u level=%u flow=%u sector=%llu bytes=%u cost_ns=%u charged=%d waited_ns=%llu",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->class,
		  __entry->level, __entry->flow, __entry->sector, __entry->bytes,
		  __entry->cost_ns, __entry->charged, __entry->waited_ns)
);

/* The window law has decided. phase: 0 open, 1 drain, 2 search. */
TRACE_EVENT(weir_window,
	TP_PROTO(struct request_queue *q, u64 window_ns, u64 served_ns,
		 u64 interval_ns, u64 latency_ns, u64 unloaded_ns, bool backlog,
		 u32 phase),
	TP_ARGS(q, window_ns, served_ns, interval_ns, latency_ns, unloaded_ns,
		backlog, phase),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u64, window_ns)
		__field(u64, served_ns)
		__field(u64, interval_ns)
		__field(u64, latency_ns)
		__field(u64, unloaded_ns)
		__field(bool, backlog)
		__field(u32, phase)
	),
	TP_fast_assign(
		__entry->dev = q->disk ? disk_devt(q->disk) : 0;
		__entry->window_ns = window_ns;
		__entry->served_ns = served_ns;
		__entry->interval_ns = interval_ns;
		__entry->latency_ns = latency_ns;
		__entry->unloaded_ns = unloaded_ns;
		__entry->backlog = backlog;
		__entry->phase = phase;
	),
	TP_printk("%d,%d window_ns=%llu served_ns=%llu interval_ns=%llu latency_ns=%llu unloaded_ns=%llu backlog=%d phase=%u",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->window_ns,
		  __entry->served_ns, __entry->interval_ns, __entry->latency_ns,
		  __entry->unloaded_ns, __entry->backlog, __entry->phase)
);

/* What a class had since the last tick: device time, and what was expected. */
TRACE_EVENT(weir_latency,
	TP_PROTO(struct request_queue *q, unsigned int class, u32 done,
		 u64 mean_ns, u64 expected_ns),
	TP_ARGS(q, class, done, mean_ns, expected_ns),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u8, class)
		__field(u32, done)
		__field(u64, mean_ns)
		__field(u64, expected_ns)
	),
	TP_fast_assign(
		__entry->dev = q->disk ? disk_devt(q->disk) : 0;
		__entry->class = class;
		__entry->done = done;
		__entry->mean_ns = mean_ns;
		__entry->expected_ns = expected_ns;
	),
	TP_printk("%d,%d class=%u done=%u mean_ns=%llu expected_ns=%llu",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->class,
		  __entry->done, __entry->mean_ns, __entry->expected_ns)
);

/* The writeback law has decided. */
TRACE_EVENT(weir_throttle,
	TP_PROTO(struct request_queue *q, int step, u32 depth, u32 max_depth,
		 u64 period_ns, u64 read_ns, u64 read_target_ns, u64 sync_ns,
		 u64 sync_target_ns),
	TP_ARGS(q, step, depth, max_depth, period_ns, read_ns, read_target_ns,
		sync_ns, sync_target_ns),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(int, step)
		__field(u32, depth)
		__field(u32, max_depth)
		__field(u64, period_ns)
		__field(u64, read_ns)
		__field(u64, read_target_ns)
		__field(u64, sync_ns)
		__field(u64, sync_target_ns)
	),
	TP_fast_assign(
		__entry->dev = q->disk ? disk_devt(q->disk) : 0;
		__entry->step = step;
		__entry->depth = depth;
		__entry->max_depth = max_depth;
		__entry->period_ns = period_ns;
		__entry->read_ns = read_ns;
		__entry->read_target_ns = read_target_ns;
		__entry->sync_ns = sync_ns;
		__entry->sync_target_ns = sync_target_ns;
	),
	TP_printk("%d,%d step=%d depth=%u max_depth=%u period_ns=%llu read_ns=%llu read_target_ns=%llu sync_ns=%llu sync_target_ns=%llu",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->step,
		  __entry->depth, __entry->max_depth, __entry->period_ns,
		  __entry->read_ns, __entry->read_target_ns, __entry->sync_ns,
		  __entry->sync_target_ns)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH trace
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE weir
#include <trace/define_trace.h>
