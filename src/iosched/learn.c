// SPDX-License-Identifier: GPL-2.0
/*
 * What the device just told us.
 *
 * A completion gives back what its request held, and counts on its own CPU. The
 * first one after a period queues the tick (tick.c). Without completions there is
 * nothing to decide, and no timer runs.
 */
#include "weir_iosched.h"

/* Idempotent: completion, error, requeue and the end all come by here. */
static void give_back(struct request *rq)
{
	struct weir_rq *r = weir_rq(rq);
	struct weir_hctx *h = rq->mq_hctx->sched_data;
	struct weir_queue *wq = h->wq;

	r->charged = false;
	atomic64_sub(r->charge, &wq->flows[r->flow].inflight);
	if (unlikely(weir_in_background(r->class)))
		atomic_dec(&wq->background);
	atomic_inc(&h->completed);
	weir_credit_give(h, r->charge);
	if (unlikely(r->forced)) {
		/* The next one that has expired. */
		r->forced = false;
		xchg(&h->forced, 0);	/* before its mark is read, as of_expired() has it */
		if (weir_release(h))
			blk_mq_run_hw_queue(h->hctx, true);
	}
}

static void count_timed(struct weir_queue *wq, struct weir_rq *r,
			struct request *rq, u64 now)
{
	enum weir_op op = weir_op(r->class);
	struct weir_cost_sample *sample;
	struct weir_cpu *cpu;
	u64 ns = now > r->dispatched ? now - r->dispatched : 0;
	u64 total = now > rq->start_time_ns ? now - rq->start_time_ns : 0;
	u32 short_ns = min_t(u64, ns, U32_MAX);

	cpu = get_cpu_ptr(wq->cpu);
	sample = &cpu->cost[op][r->size];
	sample->count++;
	sample->sum_ns += ns;
	if (short_ns < sample->min_ns)
		sample->min_ns = short_ns;
	cpu->timed[r->class]++;
	cpu->latency[r->class] += ns;
	cpu->expected[r->class] += r->charge;
	cpu->device[r->class].bucket[weir_latency_bucket(ns)]++;
	cpu->total[r->class].bucket[weir_latency_bucket(total)]++;
	put_cpu_ptr(wq->cpu);
}

/* Any context; the request is complete and nobody else's. */
void weir_completed_request(struct request *rq, u64 now)
{
	struct weir_rq *r = weir_rq(rq);
	struct weir_queue *wq;

	if (unlikely(!weir_prepared(rq) || !r->charged))
		return;
	wq = weir_queue(rq->q);
	this_cpu_inc(wq->cpu->done[r->class]);
	this_cpu_add(wq->cpu->served[r->class], r->charge);
	if (r->dispatched)
		count_timed(wq, r, rq, now);
	/* Signed: now may be the time a plug began, before another CPU's tick. */
	if (unlikely((s64)(now - READ_ONCE(wq->last_tick)) >=
		     (s64)READ_ONCE(wq->period) &&
		     !test_and_set_bit(0, &wq->ticking)))
		kblockd_schedule_work(&wq->tick);
	give_back(rq);
}

/* finish_request and requeue_request: what was not completed gives back, too. */
void weir_finish_request(struct request *rq)
{
	if (unlikely(weir_prepared(rq) && weir_rq(rq)->charged))
		give_back(rq);
}
