// SPDX-License-Identifier: GPL-2.0
/*
 * What the elevator tells, and lets be told: queue/iosched in sysfs, sched in
 * debugfs. docs/elevator.md explains every line.
 */
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "weir_iosched.h"

/* --- sysfs --- */

/*
 * A decimal number from min to max, or -EINVAL and a message, with nothing
 * changed.
 */
static int parse(struct weir_queue *wq, const char *name, const char *page,
		 u64 min, u64 max, u64 *value)
{
	u64 n;

	if (kstrtou64(page, 10, &n) || n < min || n > max) {
		pr_err("%s: %s is '%.*s': want a whole number from %llu to %llu\n",
		       wq->q->disk ? wq->q->disk->disk_name : "?", name,
		       (int)min_t(size_t, strcspn(page, "\n"), 32), page, min, max);
		return -EINVAL;
	}
	*value = n;
	return 0;
}

/* WEIR_KNOB(name, field, min, max) */
#define WEIR_KNOB(name, field, min, max)					\
static ssize_t name##_show(struct elevator_queue *eq, char *page)		\
{										\
	struct weir_queue *wq = eq->elevator_data;				\
										\
	return sysfs_emit(page, "%llu\n", (u64)READ_ONCE(wq->knobs.field));	\
}										\
										\
static ssize_t name##_store(struct elevator_queue *eq, const char *page,	\
			    size_t count)					\
{										\
	struct weir_queue *wq = eq->elevator_data;				\
	u64 value;								\
	int err = parse(wq, #name, page, min, max, &value);			\
										\
	if (err)								\
		return err;							\
	WRITE_ONCE(wq->knobs.field, value);					\
	return count;								\
}

/* Latency targets, ns: 0 (learned) or up to ten seconds */
#define MAX_TARGET_NS (10 * NSEC_PER_SEC)
WEIR_KNOB(read_lat_nsec, target_ns[0], 0, MAX_TARGET_NS)
WEIR_KNOB(write_lat_nsec, target_ns[1], 0, MAX_TARGET_NS)
/* How long a request of a class waits at most while others are preferred, ms */
#define MAX_EXPIRE_MSEC 600000
WEIR_KNOB(read_expire_msec, expire_msec[WEIR_READ], 1, MAX_EXPIRE_MSEC)
WEIR_KNOB(sync_write_expire_msec, expire_msec[WEIR_SYNC], 1, MAX_EXPIRE_MSEC)
WEIR_KNOB(write_expire_msec, expire_msec[WEIR_WRITE], 1, MAX_EXPIRE_MSEC)
WEIR_KNOB(trim_expire_msec, expire_msec[WEIR_TRIM], 1, MAX_EXPIRE_MSEC)
/* The same for the IDLE priority class, whatever it asks for, ms */
WEIR_KNOB(idle_age_msec, idle_age_msec, 1, 10000)

#define WEIR_ATTR(name) __ATTR(name, 0644, name##_show, name##_store)
weir_elv_attr weir_sysfs_attrs[] = {
	WEIR_ATTR(read_lat_nsec),
	WEIR_ATTR(write_lat_nsec),
	WEIR_ATTR(read_expire_msec),
	WEIR_ATTR(sync_write_expire_msec),
	WEIR_ATTR(write_expire_msec),
	WEIR_ATTR(trim_expire_msec),
	WEIR_ATTR(idle_age_msec),
	__ATTR_NULL
};

/* --- debugfs --- */

#ifdef CONFIG_BLK_DEBUG_FS

static const char *const phase_name[] = {
	[WEIR_WINDOW_OPEN] = "open",
	[WEIR_WINDOW_DOWN] = "down",
	[WEIR_WINDOW_UP] = "up",
	[WEIR_WINDOW_HOLD] = "hold",
};

/* What the hardware queues have in hand and the common purse, out of the window */
static s64 in_flight(struct weir_queue *wq)
{
	s64 left = atomic64_read(&wq->unspent);
	struct blk_mq_hw_ctx *hctx;
	unsigned long i;

	queue_for_each_hw_ctx(wq->q, hctx, i) {
		struct weir_hctx *h = hctx->sched_data;

		if (h)
			left += atomic64_read(&h->credit);
	}
	return (s64)READ_ONCE(wq->window) - left;
}

static int show_window(struct weir_queue *wq, struct seq_file *m)
{
	seq_printf(m, "window_ns %llu\n", READ_ONCE(wq->window));
	seq_printf(m, "overdraft_ns %llu\n", READ_ONCE(wq->overdraft));
	seq_printf(m, "inflight_ns %lld\n", in_flight(wq));
	seq_printf(m, "phase %s\n", phase_name[READ_ONCE(wq->law.phase)]);
	seq_printf(m, "held_queues %d\n", atomic_read(&wq->nr_held));
	return 0;
}

static int show_cost(struct weir_queue *wq, struct seq_file *m)
{
	int op, i;

	for (op = 0; op < WEIR_OPS; op++) {
		struct weir_cost *c = &wq->cost[op];

		seq_printf(m, "%s base_ns %u slope_ns_per_kib %u.%02u", weir_op_name[op],
			   c->base_ns, c->slope >> WEIR_COST_SHIFT,
			   (c->slope & ((1 << WEIR_COST_SHIFT) - 1)) * 100 >>
			   WEIR_COST_SHIFT);
		seq_puts(m, " floor_ns");
		for (i = 0; i < WEIR_COST_SIZES; i++)
			if (c->floor[i].ns)
				seq_printf(m, " %u:%u", 4U << i, c->floor[i].ns);
		seq_putc(m, '\n');
	}
	return 0;
}

static void show_percentiles(struct seq_file *m, const char *name,
			     const struct weir_latency *h)
{
	u64 count = weir_latency_count(h);

	if (!count)
		return;
	seq_printf(m, " %s p50 %llu p90 %llu p99 %llu p99.9 %llu max %llu", name,
		   weir_latency_of_rank(h, max(div_u64(count * 50, 100), 1ULL)),
		   weir_latency_of_rank(h, max(div_u64(count * 90, 100), 1ULL)),
		   weir_latency_of_rank(h, max(div_u64(count * 99, 100), 1ULL)),
		   weir_latency_of_rank(h, max(div_u64(count * 999, 1000), 1ULL)),
		   weir_latency_of_rank(h, count));
}

static int show_latency(struct weir_queue *wq, struct seq_file *m)
{
	/* A switch freezes the queue, then waits for us: no I/O may be waited for. */
	struct weir_latency *sum = kmalloc(2 * sizeof(*sum), GFP_NOIO);
	int class, cpu, i;

	if (!sum)
		return -ENOMEM;
	for (class = 0; class < WEIR_CLASSES; class++) {
		u64 done = 0, timed = 0;

		memset(sum, 0, 2 * sizeof(*sum));
		for_each_possible_cpu(cpu) {
			struct weir_cpu *c = per_cpu_ptr(wq->cpu, cpu);

			done += READ_ONCE(c->done[class]);
			timed += READ_ONCE(c->timed[class]);
			for (i = 0; i < WEIR_LATENCY_BUCKETS; i++) {
				sum[0].bucket[i] += READ_ONCE(c->device[class].bucket[i]);
				sum[1].bucket[i] += READ_ONCE(c->total[class].bucket[i]);
			}
		}
		seq_printf(m, "%s done %llu timed %llu", weir_class_name[class],
			   done, timed);
		show_percentiles(m, "device_ns", &sum[0]);
		show_percentiles(m, "total_ns", &sum[1]);
		seq_putc(m, '\n');
	}
	kfree(sum);
	return 0;
}

static int show_throttle(struct weir_queue *wq, struct seq_file *m)
{
	seq_printf(m, "step %d\n", READ_ONCE(wq->writeback.step));
	seq_printf(m, "depth %u\n", READ_ONCE(wq->writeback.depth));
	seq_printf(m, "max_depth %u\n", READ_ONCE(wq->writeback.max_depth));
	seq_printf(m, "background_inflight %d\n", atomic_read(&wq->background));
	seq_printf(m, "background_tags %u\n", READ_ONCE(wq->background_tags));
	seq_printf(m, "period_ns %llu\n", READ_ONCE(wq->period));
	return 0;
}

static int show_flows(struct weir_queue *wq, struct seq_file *m)
{
	unsigned int i;

	seq_printf(m, "active %u weight %u share_ns_per_weight %llu\n",
		   wq->active_flows, wq->active_weight, READ_ONCE(wq->share));
	for (i = 0; i < WEIR_FLOWS; i++) {
		struct weir_flow *flow = &wq->flows[i];
		u64 served = atomic64_read(&flow->served);

		if (served)
			seq_printf(m, "%u tgid %u weight %u inflight_ns %lld served_ns %llu recent_ns %llu\n",
				   i, READ_ONCE(flow->tgid), READ_ONCE(flow->weight),
				   atomic64_read(&flow->inflight), served,
				   READ_ONCE(flow->recent));
	}
	return 0;
}

static unsigned int length(const struct list_head *list)
{
	const struct list_head *at;
	unsigned int n = 0;

	list_for_each(at, list)
		n++;
	return n;
}

static int show_staged(struct weir_hctx *h, struct seq_file *m)
{
	int class, level;

	spin_lock(&h->lock);
	seq_printf(m, "staged %u\n", h->staged);
	for (class = 0; class < WEIR_CLASSES; class++)
		seq_printf(m, "%s %u\n", weir_class_name[class], h->staged_in[class]);
	for (level = 0; level < WEIR_LEVELS; level++) {
		struct weir_turns *turns = &h->turns[level];

		seq_printf(m, "lanes_%s sparse %u active %u background %u\n",
			   weir_level_name[level], length(&turns->sparse),
			   length(&turns->active), length(&turns->background));
	}
	spin_unlock(&h->lock);
	return 0;
}

/* Requests between their dispatch and their end */
static int show_inflight(struct weir_hctx *h, struct seq_file *m)
{
	unsigned int completed = atomic_read(&h->completed);

	seq_printf(m, "%u\n", READ_ONCE(h->dispatched) - completed);
	return 0;
}

static int show_dispatch(struct weir_hctx *h, struct seq_file *m)
{
	seq_printf(m, "dispatched %u\n", READ_ONCE(h->dispatched));
	seq_printf(m, "credit_ns %lld\n", atomic64_read(&h->credit));
	seq_printf(m, "held %d\n", min_t(int, READ_ONCE(h->held), WEIR_SHORT));
	return 0;
}

/* Keep the elevator while show() runs; -EBUSY: it is being switched. */
#define WEIR_QUEUE_FILE(name)						\
static int name##_show(void *data, struct seq_file *m)			\
{									\
	struct request_queue *q = data;					\
	int err = -EBUSY;						\
									\
	if (!weir_keep_elevator(q))					\
		return -EBUSY;						\
	if (weir_attached(q))						\
		err = show_##name(weir_queue(q), m);			\
	weir_let_elevator_go(q);					\
	return err;							\
}

WEIR_QUEUE_FILE(window)
WEIR_QUEUE_FILE(cost)
WEIR_QUEUE_FILE(latency)
WEIR_QUEUE_FILE(throttle)
WEIR_QUEUE_FILE(flows)

#define WEIR_HCTX_FILE(name)						\
static int name##_show(void *data, struct seq_file *m)			\
{									\
	struct blk_mq_hw_ctx *hctx = data;				\
	int err = -EBUSY;						\
									\
	if (!weir_keep_elevator(hctx->queue))				\
		return -EBUSY;						\
	if (weir_attached(hctx->queue) && hctx->sched_data)		\
		err = show_##name(hctx->sched_data, m);			\
	weir_let_elevator_go(hctx->queue);				\
	return err;							\
}

WEIR_HCTX_FILE(staged)
WEIR_HCTX_FILE(inflight)
WEIR_HCTX_FILE(dispatch)

const struct blk_mq_debugfs_attr weir_queue_debugfs_attrs[] = {
	{ "window", 0400, window_show },
	{ "cost", 0400, cost_show },
	{ "latency", 0400, latency_show },
	{ "throttle", 0400, throttle_show },
	{ "flows", 0400, flows_show },
	{},
};

const struct blk_mq_debugfs_attr weir_hctx_debugfs_attrs[] = {
	{ "staged", 0400, staged_show },
	{ "inflight", 0400, inflight_show },
	{ "dispatch", 0400, dispatch_show },
	{},
};

#endif
