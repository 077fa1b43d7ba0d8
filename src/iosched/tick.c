// SPDX-License-Identifier: GPL-2.0
/*
 * Every so often the laws decide: the counts of all CPUs since the last time go
 * to cost.c, window.c and writeback.c, and what they say is published for the
 * hardware queues to read.
 *
 * The period is that of the writeback law: 100 ms, less while it throttles.
 */
#include <linux/slab.h>

#include "weir_iosched.h"
#include <trace/weir.h>

/*
 * The latency target that is learned for the writeback law: so many times what
 * the request would take on an idle device.
 */
#define LEARNED_MULTIPLE 4

/* A rough share of requests to time, that leaves enough of them in a period */
static u32 sample_mask(u64 requests)
{
	return requests > 4096 ? 15 : requests > 1024 ? 7 : requests > 256 ? 3 : 0;
}

/* All CPUs' counts. min_ns is what it was since the last call, which clears it. */
static void sum_up(struct weir_queue *wq, struct weir_cpu *sum)
{
	int cpu, class, op, i;

	memset(sum, 0, sizeof(*sum));
	for (op = 0; op < WEIR_OPS; op++)
		for (i = 0; i < WEIR_COST_SIZES; i++)
			sum->cost[op][i].min_ns = U32_MAX;

	for_each_possible_cpu(cpu) {
		struct weir_cpu *c = per_cpu_ptr(wq->cpu, cpu);

		for (class = 0; class < WEIR_CLASSES; class++) {
			sum->served[class] += READ_ONCE(c->served[class]);
			sum->latency[class] += READ_ONCE(c->latency[class]);
			sum->expected[class] += READ_ONCE(c->expected[class]);
			sum->done[class] += READ_ONCE(c->done[class]);
			sum->timed[class] += READ_ONCE(c->timed[class]);
			for (i = 0; i < WEIR_LATENCY_BUCKETS; i++)
				sum->device[class].bucket[i] +=
					READ_ONCE(c->device[class].bucket[i]);
		}
		for (op = 0; op < WEIR_OPS; op++) {
			for (i = 0; i < WEIR_COST_SIZES; i++) {
				struct weir_cost_sample *s = &c->cost[op][i];
				struct weir_cost_sample *to = &sum->cost[op][i];

				to->count += READ_ONCE(s->count);
				to->sum_ns += READ_ONCE(s->sum_ns);
				to->min_ns = min(to->min_ns,
						 xchg(&s->min_ns, U32_MAX));
			}
		}
	}
}

/* What happened between two sums */
struct weir_interval {
	u64 ns;
	u64 served;
	u32 done[WEIR_CLASSES];
	u32 timed[WEIR_CLASSES];
	u64 latency[WEIR_CLASSES];
	u64 expected[WEIR_CLASSES];
};

static void difference(const struct weir_cpu *now, const struct weir_cpu *before,
		       struct weir_interval *i)
{
	int class;

	for (class = 0; class < WEIR_CLASSES; class++) {
		i->served += now->served[class] - before->served[class];
		i->done[class] = now->done[class] - before->done[class];
		i->timed[class] = now->timed[class] - before->timed[class];
		i->latency[class] = now->latency[class] - before->latency[class];
		i->expected[class] = now->expected[class] - before->expected[class];
	}
}

static void learn_costs(struct weir_queue *wq, const struct weir_cpu *now,
			const struct weir_cpu *before)
{
	struct weir_cost_sample sample[WEIR_COST_SIZES];
	u64 old = 0, new = 0;
	bool any;
	int op, i;

	for (op = 0; op < WEIR_OPS; op++) {
		any = false;
		for (i = 0; i < WEIR_COST_SIZES; i++) {
			sample[i].count = now->cost[op][i].count -
					  before->cost[op][i].count;
			sample[i].sum_ns = now->cost[op][i].sum_ns -
					   before->cost[op][i].sum_ns;
			sample[i].min_ns = now->cost[op][i].min_ns;
			/* A completion between its count and its time */
			if (sample[i].min_ns == U32_MAX)
				sample[i].count = 0;
			any |= sample[i].count;
		}
		if (!any)
			continue;
		old += weir_cost_sum(&wq->cost[op], sample);
		weir_cost_learn(&wq->cost[op], sample);
		new += weir_cost_sum(&wq->cost[op], sample);
	}
	/* The window is measured in what has just changed. */
	weir_window_rescale(&wq->law, old, new);
	WRITE_ONCE(wq->quantum, max_t(u64, wq->cost[WEIR_OP_READ].base_ns,
				      WEIR_COST_MIN_NS));
}

/* The mean of classes first to last, 0 without any timed request */
static u64 mean(const u64 *sum, const struct weir_interval *i, int first, int last)
{
	u64 total = 0, timed = 0;
	int class;

	for (class = first; class <= last; class++) {
		total += sum[class];
		timed += i->timed[class];
	}
	return timed ? div64_u64(total, timed) : 0;
}

static void decide_window(struct weir_queue *wq, const struct weir_interval *i,
			  bool backlog)
{
	/* Who waits is what counts; without anybody, the others. */
	int last = i->timed[WEIR_READ] || i->timed[WEIR_SYNC] ? WEIR_SYNC : WEIR_TRIM;
	struct weir_window_sample s = {
		.interval_ns = i->ns,
		.served_ns = i->served,
		.latency_ns = mean(i->latency, i, WEIR_READ, last),
		.unloaded_ns = mean(i->expected, i, WEIR_READ, last),
		.backlog = backlog,
	};
	u64 target = READ_ONCE(wq->knobs.target_ns[0]);
	int class;

	for (class = 0; class < WEIR_CLASSES; class++)
		s.requests += i->done[class];
	/* A target is for its own kind: reads first, they are waited for most. */
	if (target && i->timed[WEIR_READ]) {
		s.latency_ns = mean(i->latency, i, WEIR_READ, WEIR_READ);
		s.unloaded_ns = mean(i->expected, i, WEIR_READ, WEIR_READ);
	} else {
		target = READ_ONCE(wq->knobs.target_ns[1]);
		if (target && i->timed[WEIR_SYNC]) {
			s.latency_ns = mean(i->latency, i, WEIR_SYNC, WEIR_SYNC);
			s.unloaded_ns = mean(i->expected, i, WEIR_SYNC, WEIR_SYNC);
		} else {
			target = 0;
		}
	}
	weir_window_update(&wq->law, &s, target);
	trace_weir_window(wq->q, wq->law.size, s.served_ns, s.interval_ns,
			  s.latency_ns, s.unloaded_ns, s.backlog, wq->law.phase);
}

/* The latency of the request of the writeback law's rank, and its target */
static void of_class(struct weir_queue *wq, const struct weir_interval *i,
		     const struct weir_cpu *now, const struct weir_cpu *before,
		     enum weir_class class, u64 knob, u64 *latency, u64 *target)
{
	u32 rank = weir_writeback_rank(i->timed[class]), count = 0;
	int b;

	*latency = 0;
	*target = knob ? knob : LEARNED_MULTIPLE * mean(i->expected, i, class, class);
	if (!i->timed[class])
		return;
	for (b = 0; b < WEIR_LATENCY_BUCKETS; b++) {
		count += now->device[class].bucket[b] - before->device[class].bucket[b];
		if (count >= rank)
			break;
	}
	*latency = weir_latency_bound(min(b, WEIR_LATENCY_BUCKETS - 1));
}

static void decide_writeback(struct weir_queue *wq, const struct weir_interval *i,
			     const struct weir_cpu *now, const struct weir_cpu *before)
{
	struct weir_writeback_sample s = {
		.reads = i->timed[WEIR_READ],
		.syncs = i->timed[WEIR_SYNC],
		.writes = i->done[WEIR_WRITE] || i->done[WEIR_TRIM] ||
			  atomic_read(&wq->background) > 0,
	};
	struct weir_writeback *wb = &wq->writeback;

	of_class(wq, i, now, before, WEIR_READ, READ_ONCE(wq->knobs.target_ns[0]),
		 &s.read_lat_ns, &s.read_target_ns);
	of_class(wq, i, now, before, WEIR_SYNC, READ_ONCE(wq->knobs.target_ns[1]),
		 &s.sync_lat_ns, &s.sync_target_ns);
	if (wq->depth != weir_sched_depth(wq->q))
		weir_set_depth(wq, weir_sched_depth(wq->q));
	weir_writeback_depth_set(wb, wq->depth);
	weir_writeback_update(wb, &s);
	WRITE_ONCE(wq->background_depth,
		   wb->depth < wb->max_depth ? wb->depth : INT_MAX);
	WRITE_ONCE(wq->period, weir_writeback_window_ns(wb));
	trace_weir_throttle(wq->q, wb->step, wb->depth, wb->max_depth, wq->period,
			    s.read_lat_ns, s.read_target_ns, s.sync_lat_ns,
			    s.sync_target_ns);
}

static void trace_latencies(struct weir_queue *wq, const struct weir_interval *i)
{
	int class;

	for (class = 0; class < WEIR_CLASSES; class++)
		if (i->timed[class])
			trace_weir_latency(wq->q, class, i->done[class],
					   mean(i->latency, i, class, class),
					   mean(i->expected, i, class, class));
}

static void tick(struct work_struct *work)
{
	struct weir_queue *wq = container_of(work, struct weir_queue, tick);
	struct weir_cpu *now = wq->sums[0], *before = wq->sums[1];
	struct weir_interval i = {};
	u64 time = weir_now();
	bool backlog = xchg(&wq->was_short, 0);
	u64 requests = 0;
	int class;

	i.ns = time - wq->last_tick;
	sum_up(wq, now);
	difference(now, before, &i);
	for (class = 0; class < WEIR_CLASSES; class++)
		requests += i.done[class];

	decide_window(wq, &i, backlog);
	learn_costs(wq, now, before);
	weir_credit_resize(wq, wq->law.size);
	decide_writeback(wq, &i, now, before);
	trace_latencies(wq, &i);
	WRITE_ONCE(wq->sample_mask, sample_mask(requests));
	if (backlog)
		weir_flows_tick(wq, time);

	swap(wq->sums[0], wq->sums[1]);
	WRITE_ONCE(wq->last_tick, time);
	clear_bit_unlock(0, &wq->ticking);
	/* More may be allowed than before: first tell, then look who was held. */
	smp_mb();
	if (atomic_read(&wq->nr_held))
		weir_wake(wq, U64_MAX);
}

/* 0 or -ENOMEM */
int weir_tick_init(struct weir_queue *wq)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(wq->sums); i++) {
		wq->sums[i] = kzalloc(sizeof(*wq->sums[i]), GFP_KERNEL);
		if (!wq->sums[i])
			goto fail;
	}
	wq->cpu = alloc_percpu(struct weir_cpu);
	if (!wq->cpu)
		goto fail;
	for (i = 0; i < WEIR_OPS; i++)
		weir_cost_init(&wq->cost[i], wq->rotational);
	sum_up(wq, wq->sums[1]);	/* so that every min_ns is none */
	weir_window_init(&wq->law);
	weir_writeback_init(&wq->writeback, wq->q->nr_requests);
	weir_credit_resize(wq, wq->law.size);
	wq->background_depth = INT_MAX;
	wq->share = wq->window;
	wq->quantum = wq->cost[WEIR_OP_READ].base_ns;
	wq->period = weir_writeback_window_ns(&wq->writeback);
	wq->last_tick = weir_now();
	INIT_WORK(&wq->tick, tick);
	return 0;
fail:
	kfree(wq->sums[0]);
	kfree(wq->sums[1]);
	return -ENOMEM;
}

/* No request exists any more, and the tick is cancelled. */
void weir_tick_exit(struct weir_queue *wq)
{
	free_percpu(wq->cpu);
	kfree(wq->sums[0]);
	kfree(wq->sums[1]);
}
