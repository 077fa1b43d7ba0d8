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
/* How long a level is given nothing at most while others are preferred, ms */
#define MAX_AGE_MSEC 600000
WEIR_KNOB(age_msec, age_msec[WEIR_BE], 1, MAX_AGE_MSEC)
WEIR_KNOB(background_age_msec, age_msec[WEIR_BG], 1, MAX_AGE_MSEC)
WEIR_KNOB(idle_age_msec, age_msec[WEIR_IDLE], 1, 10000)

#define WEIR_ATTR(name) __ATTR(name, 0644, name##_show, name##_store)
weir_elv_attr weir_sysfs_attrs[] = {
	WEIR_ATTR(read_lat_nsec),
	WEIR_ATTR(write_lat_nsec),
	WEIR_ATTR(age_msec),
	WEIR_ATTR(background_age_msec),
	WEIR_ATTR(idle_age_msec),
	__ATTR_NULL
};

/* --- debugfs --- */

#ifdef CONFIG_BLK_DEBUG_FS

static const char *const phase_name[] = {
	[WEIR_WINDOW_OPEN] = "open",
	[WEIR_WINDOW_DRAIN] = "drain",
	[WEIR_WINDOW_SEARCH] = "search",
};

static int show_window(struct weir_queue *wq, struct seq_file *m)
{
	u32 waiting = READ_ONCE(wq->waiting);
	s64 inflight = 0;
	int i;

	for (i = 0; i < WEIR_LEVELS; i++)
		inflight += atomic64_read(&wq->charged[i]);
	seq_printf(m, "window_ns %llu\n",
		   READ_ONCE(wq->open) ? WEIR_WINDOW_MAX : READ_ONCE(wq->window));
	seq_printf(m, "narrow_ns %llu\n", READ_ONCE(wq->narrow));
	seq_printf(m, "inflight_ns %lld\n", inflight);
	seq_printf(m, "phase %s\n", phase_name[READ_ONCE(wq->law.phase)]);
	seq_printf(m, "light_budget_ns %lld\n", atomic64_read(&wq->light_budget));
	for (i = 0; i < WEIR_LEVELS; i++)
		seq_printf(m, "%s inflight_ns %lld waiting %u\n", weir_level_name[i],
			   atomic64_read(&wq->charged[i]), !!(waiting & BIT(i)));
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
			struct weir_cpu *c = wq->cpu[cpu];

			for (i = 0; i < WEIR_COST_SIZES; i++)
				done += READ_ONCE(c->count.done[class][i]);
			timed += READ_ONCE(c->count.timed[class]);
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

	seq_printf(m, "active %u light_limit_ns %llu\n", wq->active_flows,
		   READ_ONCE(wq->light_limit));
	for (i = 0; i < WEIR_FLOWS; i++) {
		struct weir_flow *flow = &wq->flows[i];

		if (flow->key)
			seq_printf(m, "%u tgid %u weight %u inverse_256 %u inflight %d used_ns %llu\n",
				   i, weir_flow_tgid(flow), READ_ONCE(flow->weight),
				   READ_ONCE(flow->inverse), atomic_read(&flow->nr),
				   READ_ONCE(flow->used));
	}
	return 0;
}

static int show_staged(struct weir_stage *s, struct seq_file *m)
{
	int i, tags = 0;

	for (i = 0; i < WEIR_HOLDERS; i++)
		tags += atomic_read(&s->holders[i]);
	spin_lock(&s->lock);
	seq_printf(m, "staged %u asleep %d tags %d\n", s->staged, s->asleep, tags);
	for (i = 0; i < WEIR_LEVELS; i++)
		seq_printf(m, "%s %u waiting %d\n", weir_level_name[i], s->line[i].nr,
			   READ_ONCE(s->line[i].waiter.waiting));
	spin_unlock(&s->lock);
	return 0;
}

/* Requests between their dispatch and their end */
static int show_inflight(struct weir_stage *s, struct seq_file *m)
{
	unsigned int completed = atomic_read(&s->completed);

	seq_printf(m, "%u\n", READ_ONCE(s->dispatched) - completed);
	return 0;
}

static int show_dispatch(struct weir_stage *s, struct seq_file *m)
{
	seq_printf(m, "dispatched %u\n", READ_ONCE(s->dispatched));
	return 0;
}

/*
 * WEIR_FILE(name, type of data, its queue, what is shown of it or NULL): keep the
 * elevator while show() runs; -EBUSY: it is being switched.
 */
#define WEIR_FILE(name, type, of_queue, what)				\
static int name##_show(void *data, struct seq_file *m)			\
{									\
	struct type *of = data;						\
	struct request_queue *q = of_queue;				\
	void *shown;							\
	int err = -EBUSY;						\
									\
	if (!weir_keep_elevator(q))					\
		return -EBUSY;						\
	shown = weir_attached(q) ? what : NULL;				\
	if (shown)							\
		err = show_##name(shown, m);				\
	weir_let_elevator_go(q);					\
	return err;							\
}

#define WEIR_QUEUE_FILE(name)	WEIR_FILE(name, request_queue, of, weir_queue(of))
WEIR_QUEUE_FILE(window)
WEIR_QUEUE_FILE(cost)
WEIR_QUEUE_FILE(latency)
WEIR_QUEUE_FILE(throttle)
WEIR_QUEUE_FILE(flows)

#define WEIR_HCTX_FILE(name)	WEIR_FILE(name, blk_mq_hw_ctx, of->queue, of->sched_data)
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
