// SPDX-License-Identifier: GPL-2.0
/*
 * A request is dispatched.
 *
 * While nothing is staged, nobody waits and the driver takes what it gets, requests go
 * as they came. Otherwise all are staged (stage.c), and one goes
 *
 * 1. that the driver gave back: it had its turn;
 * 2. of a level that was granted credit (credit.c);
 * 3. of a level that got nothing for its age limit;
 * 4. of the first level that does not wait, if it fits and nobody waits before it.
 *
 * Otherwise the hardware queue sleeps until it is granted something.
 */
#include "weir_iosched.h"
#include <trace/weir.h>

/*
 * What will not be seen to end cannot be charged. What ends only when its submitter
 * polls must not keep others waiting meanwhile.
 */
static bool is_charged(struct request *rq)
{
	return weir_prepared(rq) && !(rq->cmd_flags & REQ_POLLED);
}

/* rq, of r->cost ns, goes. held: that is charged. */
static struct request *send(struct weir_stage *s, struct request *rq, bool held)
{
	struct weir_rq *r = weir_rq(rq);

	r->sent = true;
	r->charged = held;
	r->dispatched = 0;
	s->dispatched++;
	if (!s->until_timed--) {
		s->until_timed = READ_ONCE(s->wq->timed_every) - 1;
		r->dispatched = weir_now();
	}
	trace_weir_dispatch(rq, r->class, r->level, r->flow, r->cost, held);
	return rq;
}

/* Nobody will say when rq is over: it goes, and holds nothing. */
static struct request *send_unseen(struct weir_stage *s, struct request *rq)
{
	s->dispatched++;
	atomic_inc(&s->completed);
	return rq;
}

/* rq, the first of its level, goes, for which held ns are charged. */
static struct request *take(struct weir_stage *s, struct request *rq, u32 held)
{
	struct weir_rq *r = weir_rq(rq);
	enum weir_level level = r->level;
	u32 cost = weir_rq_cost(s->wq, rq);

	weir_order_dispatched(s, rq, weir_flow_dispatched(s->wq, rq));
	weir_unstage(s, rq);
	s->line[level].served_at = jiffies;
	r->cost = cost;
	/* It may have grown. */
	r->size = weir_cost_bucket(blk_rq_bytes(rq));
	if (unlikely(!is_charged(rq))) {
		weir_credit_return(s->wq, level, held);
		return weir_prepared(rq) ? send(s, rq, false) : send_unseen(s, rq);
	}
	if (cost != held)
		weir_credit_charge(s->wq, level, (s64)cost - held);
	return send(s, rq, true);
}

static struct request *of_granted(struct weir_stage *s)
{
	int i;

	for (i = 0; i < WEIR_LEVELS; i++) {
		u32 granted = weir_credit_collect(&s->line[i]);

		/* Then it has a request: see weir_credit_leave(). */
		if (granted)
			return take(s, weir_order_first(s, i), granted);
	}
	return NULL;
}

/*
 * Has a level a request that does not wait for credit? It may have waited until a moment
 * ago: then weir_credit_collect() sees what it was granted.
 */
static bool is_free(struct weir_line *line)
{
	/* Pairs with grant(). */
	return line->nr && !smp_load_acquire(&line->waiter.waiting);
}

static bool is_aged(struct weir_stage *s, enum weir_level level)
{
	u32 age = READ_ONCE(s->wq->knobs.age_msec[level]);

	return time_after(jiffies, s->line[level].served_at + msecs_to_jiffies(age));
}

/* The first request of a free level, if it fits. aged: in any case */
static struct request *of_level(struct weir_stage *s, enum weir_level level, bool aged)
{
	u32 granted = weir_credit_collect(&s->line[level]), cost;
	struct request *rq = weir_order_first(s, level);

	if (unlikely(granted))
		return take(s, rq, granted);
	cost = weir_rq_cost(s->wq, rq);
	if (unlikely(aged)) {
		weir_credit_charge(s->wq, level, cost);
		if (level == WEIR_BG)
			atomic_inc(&s->wq->background);
	} else if (!weir_credit_try(s->wq, level, cost, weir_is_sparse(s->wq, rq))) {
		return NULL;
	}
	weir_vtime_advance(s->wq, level, weir_order_start(s, level));
	return take(s, rq, cost);
}

/*
 * Of a level that the driver left no room for, for longer than its age limit. Where the
 * window is in nobody's way it does not wait for credit (credit.c), and levels above may
 * take every place that the driver has.
 */
static struct request *of_aged(struct weir_stage *s)
{
	int i;

	for (i = WEIR_LEVELS - 1; i > 0; i--)
		if (is_free(&s->line[i]) && is_aged(s, i))
			return of_level(s, i, true);
	return NULL;
}

/* BE has a request: has BG one that starts before it? */
static bool bg_is_first(struct weir_stage *s)
{
	return is_free(&s->line[WEIR_BG]) &&
	       (s64)(weir_order_start(s, WEIR_BG) - weir_order_start(s, WEIR_BE)) < 0;
}

static struct request *of_those_that_fit(struct weir_stage *s)
{
	struct request *rq = NULL;
	int i;

	for (i = 0; i < WEIR_LEVELS; i++) {
		if (!is_free(&s->line[i]))
			continue;
		if (i == WEIR_BE && bg_is_first(s))
			rq = of_level(s, WEIR_BG, false);
		return rq ?: of_level(s, i, false);
	}
	return NULL;
}

/* What came back is charged again, even if it does not fit. */
static struct request *of_urgent(struct weir_stage *s)
{
	struct request *rq = list_first_entry(&s->urgent, struct request, queuelist);
	struct weir_rq *r = weir_rq(rq);

	list_del_init(&rq->queuelist);
	WRITE_ONCE(s->staged, s->staged - 1);
	if (unlikely(!weir_prepared(rq)))
		return send_unseen(s, rq);
	if (unlikely(!is_charged(rq)))
		return send(s, rq, false);
	r->cost = weir_rq_cost(s->wq, rq);
	weir_credit_charge(s->wq, r->level, r->cost);
	if (r->level == WEIR_BG)
		atomic_inc(&s->wq->background);
	return send(s, rq, true);
}

static struct request *pick(struct weir_stage *s, struct blk_mq_hw_ctx *hctx)
{
	struct request *rq;

	if (unlikely(!list_empty(&s->urgent)))
		return of_urgent(s);
	rq = of_granted(s);
	if (!rq && s->staged)
		rq = of_aged(s) ?: of_those_that_fit(s);
	if (rq || !s->staged) {
		/* The driver may take no more: what else is here asks for a run. */
		if (s->asleep)
			WRITE_ONCE(s->asleep, false);
		return rq;
	}
	WRITE_ONCE(s->hctx, hctx);
	weir_credit_hold(s);
	return of_granted(s);
}

/* Straight through, past all that is staged: nothing is. */
static struct request *pass(struct weir_stage *s, struct request *rq)
{
	struct weir_queue *wq = s->wq;
	struct weir_rq *r = weir_rq(rq);

	if (unlikely(!is_charged(rq)))
		return weir_prepared(rq) ? send(s, rq, false) : send_unseen(s, rq);
	if (likely(r->level == WEIR_BE && READ_ONCE(wq->open) && !READ_ONCE(wq->urgent) &&
		   !(READ_ONCE(wq->waiting) & (BIT(WEIR_BE + 1) - 1))))
		return send(s, rq, false);
	return weir_credit_try(wq, r->level, r->cost, weir_is_sparse(wq, rq)) ?
	       send(s, rq, true) : NULL;
}

struct request *weir_dispatch_request(struct blk_mq_hw_ctx *hctx)
{
	struct weir_stage *s = hctx->sched_data;
	struct request *rq;
	LIST_HEAD(merged);

	spin_lock(&s->lock);
	weir_open_inbox(s);
	if (likely(s->fresh && !s->staged && !hctx->dispatch_busy)) {
		struct llist_node *next = s->fresh->next;

		rq = pass(s, llist_entry(s->fresh, struct request, ipi_list));
		if (likely(rq)) {
			s->fresh = next;
			spin_unlock(&s->lock);
			return rq;
		}
	}
	weir_stage_fresh(s, &merged);
	rq = pick(s, hctx);
	spin_unlock(&s->lock);

	weir_free_merged(&merged);
	return rq;
}

/*
 * Without the lock. A stage that sleeps has nothing to do until it is granted
 * something, but what has just come may go.
 */
bool weir_has_work(struct blk_mq_hw_ctx *hctx)
{
	struct weir_stage *s = hctx->sched_data;

	if (!llist_empty(&s->inbox))
		return true;
	/* As open_for_merging() has it: what left the inbox is in one of these. */
	smp_rmb();
	if (READ_ONCE(s->fresh))
		return true;
	return READ_ONCE(s->staged) && !READ_ONCE(s->asleep);
}
