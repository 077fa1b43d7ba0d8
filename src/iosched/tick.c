// SPDX-License-Identifier: GPL-2.0
/*
 * Every so often the laws decide: the counts of all CPUs since the last time go
 * to cost.c, window.c and writeback.c, and what they say is published for the
 * hardware queues to read.
 *
 * A tick comes after some TICK_REQUESTS completions, 10 ms at least and 100 ms at most
 * after the last. The window law hears of each, the writeback law at its own pace, and
 * costs are learned every 100 ms and when the device was drained.
 */
#include <linux/sizes.h>
#include <linux/slab.h>

#include "weir_iosched.h"
#include <trace/weir.h>

#define TICK_REQUESTS	512
#define TICK_MIN_NS	(10 * NSEC_PER_MSEC)
#define TICK_MAX_NS	(100 * NSEC_PER_MSEC)
#define TICK_DRAIN_NS	(5 * NSEC_PER_MSEC)
#define FLOWS_NS	(20 * NSEC_PER_MSEC)
#define LEARN_NS	(100 * NSEC_PER_MSEC)
/*
 * The latency target that is learned for the writeback law: so many times what
 * the request would take on an idle device.
 */
#define LEARNED_MULTIPLE 4
/* Beside an active level above: so many small reads, a quarter of the window at most */
#define NARROW_READS	4
/* What a sparse flow may go beyond the window: a quarter of it, so many at least */
#define OVERDRAFT_READS	2
/* How long a level stays active: so many small reads, within these bounds */
#define GRACE_READS	4
#define GRACE_MIN_NS	NSEC_PER_MSEC
#define GRACE_MAX_NS	(10 * NSEC_PER_MSEC)

/*
 * One of so many is timed, to have enough in a tick. Primes: a load that repeats its
 * pattern every few requests would else always show the same one of it.
 */
static u32 timed_every(u64 requests)
{
	return requests > 4096 ? 17 : requests > 1024 ? 7 : requests > 256 ? 3 : 1;
}

static void clear(struct weir_count *sum)
{
	int op, i;

	memset(sum, 0, sizeof(*sum));
	for (op = 0; op < WEIR_OPS; op++)
		for (i = 0; i < WEIR_COST_SIZES; i++)
			sum->cost[op][i].min_ns = U32_MAX;
}

/* sign: 1, or -1 to take off again, which leaves the least time alone */
static void add_sample(struct weir_cost_sample *to, const struct weir_cost_sample *more,
		       int sign)
{
	to->count += sign * more->count;
	to->sum_ns += sign * more->sum_ns;
	if (sign > 0)
		to->min_ns = min(to->min_ns, more->min_ns);
}

static void add(struct weir_count *to, const struct weir_count *more, int sign)
{
	int class, op, i;

	for (class = 0; class < WEIR_CLASSES; class++) {
		to->latency[class] += sign * more->latency[class];
		to->expected[class] += sign * more->expected[class];
		to->timed[class] += sign * more->timed[class];
		for (i = 0; i < WEIR_COST_SIZES; i++)
			to->done[class][i] += sign * more->done[class][i];
	}
	for (op = 0; op < WEIR_OPS; op++)
		for (i = 0; i < WEIR_COST_SIZES; i++)
			add_sample(&to->cost[op][i], &more->cost[op][i], sign);
}

static u32 done_of(const struct weir_count *sum, enum weir_class class)
{
	u32 done = 0;
	int i;

	for (i = 0; i < WEIR_COST_SIZES; i++)
		done += sum->done[class][i];
	return done;
}

/* What a CPU has counted since the last time, which is left in seen. */
static void add_news(struct weir_count *to, struct weir_cpu *cpu)
{
	int op, i;

	add(to, &cpu->seen, -1);
	/* A completion may be half counted: as much as is seen here is taken off next time. */
	cpu->seen = cpu->count;
	for (op = 0; op < WEIR_OPS; op++)
		for (i = 0; i < WEIR_COST_SIZES; i++)
			cpu->seen.cost[op][i].min_ns =
				xchg(&cpu->count.cost[op][i].min_ns, U32_MAX);
	add(to, &cpu->seen, 1);
}

/* Of all CPUs that did something. */
static void sum_up(struct weir_queue *wq, struct weir_count *sum)
{
	int cpu;

	clear(sum);
	for_each_possible_cpu(cpu) {
		struct weir_cpu *c = wq->cpu[cpu];

		if (memcmp(c->count.done, c->seen.done, sizeof(c->seen.done)))
			add_news(sum, c);
	}
}

static void learn_costs(struct weir_queue *wq, struct weir_count *sum, bool drained)
{
	u64 old = 0, new = 0;
	bool any;
	int op, i;

	for (op = 0; op < WEIR_OPS; op++) {
		struct weir_cost_sample *sample = sum->cost[op];

		any = false;
		for (i = 0; i < WEIR_COST_SIZES; i++) {
			/* A completion between its count and its time */
			if (sample[i].min_ns == U32_MAX)
				sample[i].count = 0;
			any |= sample[i].count;
		}
		if (!any)
			continue;
		old += weir_cost_sum(&wq->cost[op], sample);
		weir_cost_learn(&wq->cost[op], sample, drained);
		new += weir_cost_sum(&wq->cost[op], sample);
	}
	/* The window is measured in what has just changed. */
	weir_window_rescale(&wq->law, old, new);
	clear(sum);
}

/* The mean of classes first to last, 0 without any timed request */
static u64 mean(const u64 *of, const struct weir_count *sum, int first, int last)
{
	u64 total = 0, timed = 0;
	int class;

	for (class = first; class <= last; class++) {
		total += of[class];
		timed += sum->timed[class];
	}
	return timed ? div64_u64(total, timed) : 0;
}

/* What was done, by sizes: as if all of a bucket were of its largest */
static void add_done(struct weir_queue *wq, struct weir_window_sample *s)
{
	int class, i;

	for (class = 0; class < WEIR_CLASSES; class++) {
		enum weir_op op = weir_op(class);

		for (i = 0; i < WEIR_COST_SIZES; i++) {
			u64 done = wq->sum.done[class][i];

			s->requests += done;
			s->work += done * weir_work(op, SZ_4K << i);
			s->served_ns += done * weir_cost_ns(&wq->cost[op], SZ_4K << i);
		}
	}
}

/* Returns how many requests are over since the last time. */
static u32 decide_window(struct weir_queue *wq, u64 ns, bool backlog)
{
	const struct weir_count *sum = &wq->sum;
	/* Who waits is what counts; without anybody, the others. */
	int first = WEIR_READ, last = WEIR_TRIM;
	struct weir_window_sample s = {
		.interval_ns = ns,
		.flows = wq->active_flows,
		.backlog = backlog,
		.disturbed = READ_ONCE(wq->was_narrow),
	};
	u64 target = READ_ONCE(wq->knobs.target_ns[0]);

	add_done(wq, &s);
	if (sum->timed[WEIR_READ] || sum->timed[WEIR_SYNC])
		last = WEIR_SYNC;
	/* A target is for its own kind: reads first, they are waited for most. */
	if (target && sum->timed[WEIR_READ]) {
		last = WEIR_READ;
	} else {
		target = READ_ONCE(wq->knobs.target_ns[1]);
		if (target && sum->timed[WEIR_SYNC]) {
			first = WEIR_SYNC;
			last = WEIR_SYNC;
		} else {
			target = 0;
		}
	}
	s.latency_ns = mean(sum->latency, sum, first, last);
	s.unloaded_ns = mean(sum->expected, sum, first, last);
	WRITE_ONCE(wq->was_narrow, false);
	weir_window_update(&wq->law, &s, target, wq->rotational);
	trace_weir_window(wq->q, wq->law.size, s.served_ns, s.interval_ns,
			  s.latency_ns, s.unloaded_ns, s.backlog, wq->law.phase);
	return s.requests;
}

/* The device times of that class since the last call, of all CPUs */
static void sum_latencies(struct weir_queue *wq, enum weir_class class,
			  struct weir_latency *news)
{
	struct weir_latency *seen = &wq->latency_seen[class];
	int cpu, i;

	memset(news, 0, sizeof(*news));
	for_each_possible_cpu(cpu)
		if (READ_ONCE(wq->cpu[cpu]->count.timed[class]))
			for (i = 0; i < WEIR_LATENCY_BUCKETS; i++)
				news->bucket[i] +=
					READ_ONCE(wq->cpu[cpu]->device[class].bucket[i]);
	for (i = 0; i < WEIR_LATENCY_BUCKETS; i++) {
		u32 now = news->bucket[i];

		news->bucket[i] -= seen->bucket[i];
		seen->bucket[i] = now;
	}
}

/* The latency of the request of the writeback law's rank, and its target */
static void of_class(struct weir_queue *wq, enum weir_class class, u64 knob,
		     u64 *latency, u64 *target)
{
	const struct weir_count *sum = &wq->since_writeback;

	sum_latencies(wq, class, &wq->latency_news);
	*latency = weir_latency_of_rank(&wq->latency_news,
					weir_writeback_rank(sum->timed[class]));
	*target = knob ? knob : LEARNED_MULTIPLE * mean(sum->expected, sum, class, class);
}

static void decide_writeback(struct weir_queue *wq)
{
	struct weir_count *sum = &wq->since_writeback;
	struct weir_writeback_sample s = {
		.reads = sum->timed[WEIR_READ],
		.syncs = sum->timed[WEIR_SYNC],
		.writes = done_of(sum, WEIR_WRITE) || done_of(sum, WEIR_TRIM) ||
			  atomic_read(&wq->background) > 0,
	};
	struct weir_writeback *wb = &wq->writeback;

	of_class(wq, WEIR_READ, READ_ONCE(wq->knobs.target_ns[0]),
		 &s.read_lat_ns, &s.read_target_ns);
	of_class(wq, WEIR_SYNC, READ_ONCE(wq->knobs.target_ns[1]),
		 &s.sync_lat_ns, &s.sync_target_ns);
	weir_writeback_depth_set(wb, wq->depth);
	weir_writeback_update(wb, &s);
	WRITE_ONCE(wq->background_depth,
		   wb->depth < wb->max_depth ? wb->depth : INT_MAX);
	trace_weir_throttle(wq->q, wb->step, wb->depth, wb->max_depth,
			    weir_writeback_window_ns(wb), s.read_lat_ns,
			    s.read_target_ns, s.sync_lat_ns, s.sync_target_ns);
	clear(sum);
}

static void trace_latencies(struct weir_queue *wq)
{
	const struct weir_count *sum = &wq->sum;
	int class;

	for (class = 0; class < WEIR_CLASSES; class++)
		if (sum->timed[class])
			trace_weir_latency(wq->q, class, done_of(sum, class),
					   mean(sum->latency, sum, class, class),
					   mean(sum->expected, sum, class, class));
}

/*
 * The tags' number may change without a word (tags that all hardware queues share). They
 * are looked at with a reference to the queue: whoever replaces them freezes it first,
 * and waits for the reference.
 */
static void look_at_depth(struct weir_queue *wq)
{
	unsigned int depth;

	if (!percpu_ref_tryget_live(&wq->q->q_usage_counter))
		return;
	depth = weir_sched_depth(wq->q);
	if (wq->depth != depth)
		weir_set_depth(wq, depth);
	percpu_ref_put(&wq->q->q_usage_counter);
}

/* done: requests in that interval */
static void publish(struct weir_queue *wq, u64 interval, u32 done)
{
	u64 read = weir_cost_ns(&wq->cost[WEIR_OP_READ], SZ_4K);
	u64 period, window = weir_window_ns(&wq->law);

	WRITE_ONCE(wq->window, window);
	WRITE_ONCE(wq->overdraft, max(window / 4, OVERDRAFT_READS * read));
	/* An arm does more the more it can choose from: its own queue is the window. */
	WRITE_ONCE(wq->open, wq->rotational || wq->law.phase == WEIR_WINDOW_OPEN);
	/* One request has all of an arm. */
	WRITE_ONCE(wq->narrow, wq->rotational ? 0 :
		   min(wq->law.size / 4, NARROW_READS * read));
	WRITE_ONCE(wq->grace, clamp_t(u64, GRACE_READS * read, GRACE_MIN_NS, GRACE_MAX_NS));
	WRITE_ONCE(wq->timed_every, timed_every(done));
	period = clamp_t(u64, div_u64(interval * TICK_REQUESTS, max(done, 1U)),
			 TICK_MIN_NS, TICK_MAX_NS);
	if (wq->law.phase == WEIR_WINDOW_DRAIN)
		period = TICK_DRAIN_NS;
	WRITE_ONCE(wq->period, min(period, weir_writeback_window_ns(&wq->writeback)));
}

static void tick(struct work_struct *work)
{
	struct weir_queue *wq = container_of(work, struct weir_queue, tick);
	u64 now = weir_now(), ns = now - wq->last_tick;
	bool backlog = READ_ONCE(wq->was_short), drained;
	u32 done;

	WRITE_ONCE(wq->was_short, false);
	sum_up(wq, &wq->sum);
	add(&wq->since_writeback, &wq->sum, 1);
	if (now - wq->flows_at >= FLOWS_NS) {
		weir_flows_tick(wq, now - wq->flows_at, backlog);
		wq->flows_at = now;
	}

	drained = weir_window_is_drained(&wq->law);
	/* What was sent before the drain says nothing of a device without a queue. */
	if (drained && !wq->was_drained)
		clear(&wq->since_learned);
	wq->was_drained = drained;
	add(&wq->since_learned, &wq->sum, 1);
	done = decide_window(wq, ns, backlog);
	if (drained != weir_window_is_drained(&wq->law) || now - wq->learned_at >= LEARN_NS) {
		/* A drain that goes on has found that there still was a queue. */
		learn_costs(wq, &wq->since_learned,
			    drained && wq->law.phase != WEIR_WINDOW_DRAIN);
		wq->learned_at = now;
	}
	look_at_depth(wq);
	if (now - wq->writeback_at >= weir_writeback_window_ns(&wq->writeback)) {
		decide_writeback(wq);
		wq->writeback_at = now;
	}
	trace_latencies(wq);
	publish(wq, ns, done);
	WRITE_ONCE(wq->last_tick, now);
	clear_bit_unlock(0, &wq->ticking);
	weir_credit_changed(wq);
}

/* No request exists any more, and the tick is cancelled. */
void weir_tick_exit(struct weir_queue *wq)
{
	int cpu;

	for_each_possible_cpu(cpu)
		kfree(wq->cpu[cpu]);
	kfree(wq->cpu);
}

static int alloc_cpus(struct weir_queue *wq)
{
	int cpu;

	wq->cpu = kcalloc(nr_cpu_ids, sizeof(*wq->cpu), GFP_KERNEL);
	if (!wq->cpu)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		wq->cpu[cpu] = kzalloc_node(sizeof(*wq->cpu[cpu]), GFP_KERNEL,
					    cpu_to_node(cpu));
		if (!wq->cpu[cpu]) {
			weir_tick_exit(wq);
			return -ENOMEM;
		}
		clear(&wq->cpu[cpu]->count);
	}
	return 0;
}

/* 0 or -ENOMEM */
int weir_tick_init(struct weir_queue *wq)
{
	int err = alloc_cpus(wq), i;

	if (err)
		return err;
	for (i = 0; i < WEIR_OPS; i++)
		weir_cost_init(&wq->cost[i], wq->rotational);
	clear(&wq->since_writeback);
	clear(&wq->since_learned);
	clear(&wq->sum);
	weir_window_init(&wq->law, weir_cost_ns(&wq->cost[WEIR_OP_READ], SZ_4K));
	weir_writeback_init(&wq->writeback, wq->q->nr_requests);
	wq->background_depth = INT_MAX;
	weir_flows_tick(wq, NSEC_PER_SEC, false);
	publish(wq, TICK_MAX_NS, 0);
	atomic64_set(&wq->light_budget, 2 * wq->light_limit);
	wq->last_tick = weir_now();
	wq->flows_at = wq->last_tick;
	wq->learned_at = wq->last_tick;
	wq->writeback_at = wq->last_tick;
	INIT_WORK(&wq->tick, tick);
	return 0;
}
