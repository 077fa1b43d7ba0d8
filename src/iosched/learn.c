// SPDX-License-Identifier: GPL-2.0
/*
 * What the device just told us.
 *
 * A completion gives back what its request held, and counts on its own CPU. The
 * first one after a period queues the tick (tick.c). Without completions there is
 * nothing to decide.
 */
#include "weir_iosched.h"

/* Once for each time it was sent: at its completion, or when it comes back. */
static void give_back(struct weir_stage *s, struct weir_rq *r, u64 now)
{
	struct weir_queue *wq = s->wq;

	r->sent = false;
	atomic_inc(&s->completed);
	if (!r->charged)
		return;
	r->charged = false;
	if (r->level == WEIR_BG)
		atomic_dec(&wq->background);
	weir_credit_give(wq, r->level, r->cost, now);
}

static void count_timed(struct weir_cpu *cpu, struct weir_rq *r,
			struct request *rq, u64 now)
{
	struct weir_count *c = &cpu->count;
	struct weir_cost_sample *sample = &c->cost[weir_op(r->class)][r->size];
	u64 ns = now > r->dispatched ? now - r->dispatched : 0;
	u64 total = now > rq->start_time_ns ? now - rq->start_time_ns : 0;
	u32 short_ns = min_t(u64, ns, U32_MAX);

	sample->count++;
	sample->sum_ns += ns;
	if (short_ns < sample->min_ns)
		sample->min_ns = short_ns;
	c->timed[r->class]++;
	c->latency[r->class] += ns;
	c->expected[r->class] += r->cost;
	cpu->device[r->class].bucket[weir_latency_bucket(ns)]++;
	cpu->total[r->class].bucket[weir_latency_bucket(total)]++;
}

/* Any context; the request is complete and nobody else's. */
void weir_completed_request(struct request *rq, u64 now)
{
	struct weir_rq *r = weir_rq(rq);
	struct weir_stage *s;
	struct weir_queue *wq;
	struct weir_cpu *cpu;

	if (unlikely(!weir_prepared(rq) || !r->sent))
		return;
	s = rq->mq_hctx->sched_data;
	wq = s->wq;
	/* One that moves to another CPU in between costs a count, as interrupts do. */
	cpu = wq->cpu[raw_smp_processor_id()];
	cpu->count.done[r->class][r->size]++;
	if (r->dispatched)
		count_timed(cpu, r, rq, now);
	weir_flow_used(wq, r);
	/* Whether BE is active is of interest to IDLE alone. */
	if (r->level <= WEIR_LIGHT || (r->level == WEIR_BE && READ_ONCE(wq->has_idle)))
		weir_credit_active(wq, r->level, now);
	/* Signed: now may be the time a plug began, before another CPU's tick. */
	if (unlikely((s64)(now - READ_ONCE(wq->last_tick)) >=
		     (s64)READ_ONCE(wq->period) &&
		     !test_and_set_bit(0, &wq->ticking)))
		kblockd_schedule_work(&wq->tick);
	give_back(s, r, now);
}

/* requeue_request: the driver gives it back, and it will be inserted again. */
void weir_requeue_request(struct request *rq)
{
	if (weir_prepared(rq) && weir_rq(rq)->sent)
		give_back(rq->mq_hctx->sched_data, weir_rq(rq), weir_now());
}

/* finish_request, once: it is over, completed or not, or was never used. */
void weir_finish_request(struct request *rq)
{
	struct weir_rq *r = weir_rq(rq);
	struct weir_stage *s = rq->mq_hctx->sched_data;

	if (unlikely(!weir_prepared(rq)))
		return;
	if (unlikely(r->sent))
		give_back(s, r, weir_now());
	if (likely(r->pinned)) {
		r->pinned = false;
		atomic_dec(&s->wq->flows[r->flow].nr);
	}
	atomic_dec(&s->holders[r->holder]);
}
