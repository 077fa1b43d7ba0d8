// SPDX-License-Identifier: GPL-2.0
/*
 * Who goes next.
 *
 * While the window has room, nothing is staged and the driver takes what it
 * gets, requests go as they came. Otherwise all are staged, and the first of
 * these goes:
 *
 * 1. what came back from the driver, and then the oldest that has expired: over
 *    the overdraft, and one at a time even with no room at all. But no two of
 *    them in a row: behind a backlog older than its expiry all are expired, and
 *    the order would be none;
 * 2. on a rotational disk, the next of the batch in sector order;
 * 3. by level, RT before BE before IDLE: lanes of sparse flows, which may
 *    overdraw the window, then the other foreground lanes by deficit round
 *    robin (Shreedhar and Varghese, SIGCOMM 1995; new flows first as in
 *    fq_codel, RFC 8290), with the learned cost of a request as its length and
 *    the flow's weight in its quantum;
 * 4. background lanes, likewise, while fewer such requests are in flight than
 *    writeback.c allows; every BACKGROUND_TURNth dispatch at the latest.
 *
 * What finds no room leaves its hardware queue held (credit.c says until when).
 */
#include "weir_iosched.h"
#include <trace/weir.h>

/* Foreground dispatches after which the background has a turn, if it may. */
#define BACKGROUND_TURN	8
/* Requests of a sorted batch, as many as mq-deadline's */
#define BATCH		16
/* Lanes in debt to pass over before debts are forgotten */
#define ROUNDS		64

/* What a request may do to get its share of the window */
enum weir_claim {
	WEIR_PLAIN,
	WEIR_OVERDRAW,	/* sparse or expired */
	WEIR_FORCE,	/* it had its share already */
};

/* rq cannot go for want of need ns, or 0: because others are short of room. */
static void falls_short(struct weir_hctx *h, struct request *rq, u64 need)
{
	WRITE_ONCE(h->need, need);
	h->needy = weir_rq(rq)->flow;
}

static bool background_full(struct weir_queue *wq)
{
	return atomic_read(&wq->background) >= (int)READ_ONCE(wq->background_depth);
}

/*
 * Charge rq's cost to the window and its flow, if there is room. It is ready
 * to be dispatched then.
 */
static bool admit(struct weir_hctx *h, struct request *rq, enum weir_claim claim)
{
	struct weir_queue *wq = h->wq;
	struct weir_rq *r = weir_rq(rq);
	struct weir_flow *flow = &wq->flows[r->flow];
	unsigned int bytes = blk_rq_bytes(rq);
	u64 cost = weir_cost_ns(&wq->cost[weir_op(r->class)], bytes);

	/*
	 * What will not be seen to end cannot be charged. What ends only when its
	 * submitter polls must not keep others waiting meanwhile.
	 */
	if (unlikely(!weir_prepared(rq) || rq->cmd_flags & REQ_POLLED)) {
		r->charge = 0;
		return true;
	}
	/* What costs more than the whole window may have the whole. */
	cost = min(cost, READ_ONCE(wq->window));
	if (!weir_credit_take(h, cost, claim == WEIR_PLAIN ? 0 :
			      claim == WEIR_FORCE ? S64_MAX / 2 :
			      READ_ONCE(wq->overdraft))) {
		falls_short(h, rq, cost);
		return false;
	}

	atomic64_add(cost, &flow->inflight);
	atomic64_add(cost, &flow->served);
	if (unlikely(weir_in_background(r->class)))
		atomic_inc(&wq->background);
	r->charge = cost;
	r->size = weir_cost_bucket(bytes);
	r->charged = true;
	r->dispatched = h->dispatched++ & READ_ONCE(wq->sample_mask) ?
			0 : weir_now();
	trace_weir_dispatch(rq, r->class, r->level, r->flow, r->charge,
			    claim != WEIR_PLAIN);
	return true;
}

static struct request *oldest(struct weir_lane *lane)
{
	return list_first_entry(&lane->requests, struct request, queuelist);
}

static struct request *take(struct weir_hctx *h, struct request *rq)
{
	struct request *next = NULL;

	if (h->wq->rotational)
		next = elv_rb_latter_request(h->wq->q, rq);
	weir_unstage(h, rq);
	h->batch_next = next;
	return rq;
}

/*
 * With other flows short of room on other hardware queues, a flow may not go beyond
 * its share of the window, and an idle one has none. Whoever has nothing in flight
 * may always have one.
 */
static bool beyond_share(struct weir_hctx *h, struct request *rq)
{
	struct weir_queue *wq = h->wq;
	struct weir_rq *r = weir_rq(rq);
	struct weir_flow *flow = &wq->flows[r->flow];
	int held = READ_ONCE(h->held), nr_short = atomic_read(&wq->nr_short);
	s64 inflight;

	if (!nr_short)
		return false;
	smp_rmb();	/* The sum first: be_short() counts it last. */
	/* Those of this flow, and this queue if it is not one of them already. */
	if (nr_short <= atomic_read(&flow->nr_short) +
	    (held >= WEIR_SHORT && held != WEIR_SHORT + r->flow))
		return false;
	inflight = atomic64_read(&flow->inflight);
	if (!inflight)
		return false;
	return r->level == WEIR_IDLE ||
	       inflight > (s64)(READ_ONCE(wq->share) * READ_ONCE(flow->weight));
}

/*
 * The lane of list whose turn it is, NULL if all are beyond their share. One
 * that is in debt goes to the end with its quantum added. After ROUNDS steps
 * debts are forgotten: they may be of a time when the device was slower, and
 * somebody has to go.
 */
static struct weir_lane *whose_turn(struct weir_hctx *h, struct list_head *list)
{
	struct weir_queue *wq = h->wq;
	struct weir_lane *lane, *beyond = NULL;
	int round;

	for (round = 0; !list_empty(list); round++) {
		struct weir_flow *flow;

		lane = list_first_entry(list, struct weir_lane, turn);
		flow = &wq->flows[weir_rq(oldest(lane))->flow];
		if (!beyond_share(h, oldest(lane))) {
			if (lane->deficit > 0 || round >= ROUNDS ||
			    list_is_singular(list)) {
				lane->deficit = max(lane->deficit, 0LL);
				return lane;
			}
			beyond = NULL;
			lane->deficit += READ_ONCE(wq->quantum) *
					 READ_ONCE(flow->weight);
		} else if (!beyond) {
			beyond = lane;
		} else if (lane == beyond) {
			break;
		}
		list_move_tail(&lane->turn, list);
	}
	return NULL;
}

/*
 * Deficit round robin over list. *full: there was no room for the one whose
 * turn it is.
 */
static struct request *in_turn(struct weir_hctx *h, struct list_head *list,
			       bool *full)
{
	struct weir_lane *lane;
	struct request *rq;

	if (list_empty(list))
		return NULL;
	lane = whose_turn(h, list);
	if (!lane) {
		falls_short(h, oldest(list_first_entry(list, struct weir_lane, turn)), 0);
		*full = true;
		return NULL;
	}
	if (!admit(h, oldest(lane), WEIR_PLAIN)) {
		*full = true;
		return NULL;
	}
	rq = take(h, oldest(lane));
	lane->deficit -= weir_rq(rq)->charge;
	if (!list_empty(&lane->requests) && lane->deficit <= 0)
		list_move_tail(&lane->turn, list);
	return rq;
}

/* Lanes that were empty until now, of flows that had nothing in flight */
static struct request *of_sparse(struct weir_hctx *h, struct weir_turns *turns,
				 bool *full)
{
	struct weir_lane *lane;
	struct request *rq;

	lane = list_first_entry_or_null(&turns->sparse, struct weir_lane, turn);
	if (!lane)
		return NULL;
	rq = oldest(lane);
	if (!admit(h, rq, WEIR_OVERDRAW)) {
		*full = true;
		return NULL;
	}
	take(h, rq);
	/* Whoever has more waiting is not that sparse. */
	if (!list_empty(&lane->requests)) {
		lane->deficit -= weir_rq(rq)->charge;
		list_move_tail(&lane->turn, &turns->active);
	}
	return rq;
}

static struct request *of_foreground(struct weir_hctx *h, bool *full)
{
	struct request *rq;
	int level;

	for (level = 0; level < WEIR_LEVELS && !*full; level++) {
		rq = of_sparse(h, &h->turns[level], full);
		if (!rq && !*full)
			rq = in_turn(h, &h->turns[level].active, full);
		if (rq)
			return rq;
	}
	return NULL;
}

static struct request *of_background(struct weir_hctx *h, bool *full)
{
	struct request *rq;
	int level;

	if (!h->staged_in[WEIR_WRITE] && !h->staged_in[WEIR_TRIM])
		return NULL;
	if (background_full(h->wq))
		return NULL;
	for (level = 0; level < WEIR_LEVELS && !*full; level++) {
		rq = in_turn(h, &h->turns[level].background, full);
		if (rq)
			return rq;
	}
	return NULL;
}

/* The oldest expired request there is; finds out when the next one will be. */
static struct request *of_expired(struct weir_hctx *h, bool *full)
{
	struct request *rq, *first = NULL;
	u64 next = U64_MAX;
	int level;

	for (level = 0; level < WEIR_LEVELS; level++) {
		struct weir_turns *turns = &h->turns[level];
		struct list_head *lists[] = {
			&turns->sparse, &turns->active, &turns->background,
		};
		struct weir_lane *lane;
		int i;

		for (i = 0; i < ARRAY_SIZE(lists); i++) {
			list_for_each_entry(lane, lists[i], turn) {
				rq = oldest(lane);
				next = min(next, rq->fifo_time);
				if (!first || rq->fifo_time < first->fifo_time)
					first = rq;
			}
		}
	}
	h->next_expiry = next;
	if (!first || first->fifo_time > weir_now())
		return NULL;
	if (admit(h, first, WEIR_OVERDRAW))
		return take(h, first);
	/* The window may be stuck: one of each hardware queue goes all the same. */
	if (xchg(&h->forced, 1)) {
		*full = true;
		return NULL;
	}
	admit(h, first, WEIR_FORCE);
	if (weir_rq(first)->charged)
		weir_rq(first)->forced = true;
	else
		h->forced = 0;
	return take(h, first);
}

/*
 * On from where the last one was, while the batch lasts. One of background
 * requests ends when somebody has begun to wait.
 */
static struct request *of_batch(struct weir_hctx *h, bool *full)
{
	struct request *rq = h->batch_next;

	if (!rq || !h->batch)
		return NULL;
	if (weir_in_background(weir_rq(rq)->class) &&
	    (background_full(h->wq) || h->staged_in[WEIR_READ] ||
	     h->staged_in[WEIR_SYNC]))
		return NULL;
	if (!admit(h, rq, WEIR_PLAIN)) {
		*full = true;
		return NULL;
	}
	h->batch--;
	return take(h, rq);
}

/* Whoever goes first when nobody has expired */
static struct request *in_order(struct weir_hctx *h, bool *full)
{
	struct request *rq;

	if (h->wq->rotational) {
		rq = of_batch(h, full);
		if (rq || *full)
			return rq;
		h->batch = BATCH - 1;
	}

	rq = NULL;
	if (h->foreground_run >= BACKGROUND_TURN) {
		bool no_turn = false;

		h->foreground_run = 0;
		rq = of_background(h, &no_turn);
	}
	if (!rq) {
		rq = of_foreground(h, full);
		if (rq)
			h->foreground_run++;
	}
	if (!rq && !*full)
		rq = of_background(h, full);
	return rq;
}

static struct request *pick(struct weir_hctx *h, bool *full)
{
	struct request *rq;

	if (unlikely(!list_empty(&h->urgent))) {
		rq = list_first_entry(&h->urgent, struct request, queuelist);
		list_del_init(&rq->queuelist);
		WRITE_ONCE(h->staged, h->staged - 1);
		admit(h, rq, WEIR_FORCE);
		return rq;
	}
	if (!h->staged)
		return NULL;
	if (h->expired_turn && weir_now() >= h->next_expiry) {
		rq = of_expired(h, full);
		if (rq)
			h->expired_turn = false;
		if (rq || *full)
			return rq;
	}
	rq = in_order(h, full);
	h->expired_turn = true;
	return rq;
}

/* Run again when something staged expires. */
static void wait_for_expiry(struct weir_hctx *h)
{
	u64 now = weir_now(), expiry = READ_ONCE(h->next_expiry), ns = 0;

	if (expiry > now)
		ns = min_t(u64, expiry - now, 60 * NSEC_PER_SEC);
	timer_reduce(&h->timer, jiffies + 1 + nsecs_to_jiffies(ns));
}

void weir_expired(struct timer_list *timer)
{
	struct weir_hctx *h = container_of(timer, struct weir_hctx, timer);

	/* It may have been armed for one that has gone since. */
	if (READ_ONCE(h->held) && READ_ONCE(h->next_expiry) > weir_now())
		wait_for_expiry(h);
	else
		blk_mq_run_hw_queue(h->hctx, true);
}

/* Others may not go beyond their share, and the window law hears of it. */
static void be_short(struct weir_hctx *h)
{
	struct weir_queue *wq = h->wq;

	if (!READ_ONCE(wq->was_short))
		WRITE_ONCE(wq->was_short, 1);
	if (READ_ONCE(h->held) >= WEIR_SHORT)
		return;
	/*
	 * Counted first: whoever releases it counts it off. Its flow before the sum:
	 * it must not look as if others were short.
	 */
	atomic_inc(&wq->flows[h->needy].nr_short);
	smp_mb__after_atomic();	/* beyond_share() reads the sum first */
	atomic_inc(&wq->nr_short);
	if (cmpxchg(&h->held, WEIR_HELD, WEIR_SHORT + h->needy) == WEIR_HELD)
		return;
	atomic_dec(&wq->nr_short);
	atomic_dec(&wq->flows[h->needy].nr_short);
}

/*
 * Nobody may go: say so, and look once more. What was given back before
 * somebody could see that this queue is held is seen now (credit.c). Should
 * nothing be given back in time, it runs when something expires. *full: it is
 * the window that has no room.
 */
static struct request *hold(struct weir_hctx *h, bool *full)
{
	struct weir_queue *wq = h->wq;
	bool gathered = false;
	struct request *rq;

	if (!READ_ONCE(h->held)) {
		/* Never fewer than there are: only this queue's lock sets its mark. */
		atomic_inc(&wq->nr_held);
		/* The mark before the credit, as weir_credit_give() has it reversed */
		smp_store_mb(h->held, WEIR_HELD);
		weir_credit_gather(wq);
		smp_mb();	/* weir_credit_turn() stores first before it looks */
		*full = false;
		rq = pick(h, full);
		if (rq) {
			weir_release(h);
			return rq;
		}
		wait_for_expiry(h);
		gathered = true;
	}
	if (!*full)
		WRITE_ONCE(h->need, 0);
	if (h->need)
		be_short(h);
	weir_credit_queue(h);
	if (gathered)
		weir_credit_gathered(h);
	return NULL;
}

/* h is not held any more. True if it was. */
bool weir_release(struct weir_hctx *h)
{
	int held;

	if (!READ_ONCE(h->held))
		return false;
	held = xchg(&h->held, WEIR_RUNS);
	if (held == WEIR_RUNS)
		return false;
	if (held >= WEIR_SHORT) {
		atomic_dec(&h->wq->nr_short);
		atomic_dec(&h->wq->flows[held - WEIR_SHORT].nr_short);
	}
	atomic_dec(&h->wq->nr_held);
	return true;
}

static struct request *pick_or_hold(struct weir_hctx *h, struct list_head *merged)
{
	struct request *rq;
	bool full = false;

	weir_stage_fresh(h, merged);
	rq = pick(h, &full);
	if (rq)
		weir_release(h);
	else if (h->staged)
		rq = hold(h, &full);
	smp_mb();	/* h->staged first: weir_credit_turn() has it reversed. */
	if (unlikely(READ_ONCE(h->wq->first) == h))
		weir_credit_turn(h, rq, full);
	return rq;
}

/* Straight through, past all lanes. */
static bool pass(struct weir_hctx *h, struct request *rq)
{
	if (weir_in_background(weir_rq(rq)->class) && background_full(h->wq))
		return false;
	return admit(h, rq, WEIR_PLAIN);
}

struct request *weir_dispatch_request(struct blk_mq_hw_ctx *hctx)
{
	struct weir_hctx *h = hctx->sched_data;
	struct request *rq;
	LIST_HEAD(merged);

	spin_lock(&h->lock);
	weir_open_inbox(h);
	if (likely(h->fresh && !h->staged && !hctx->dispatch_busy)) {
		rq = llist_entry(h->fresh, struct request, ipi_list);
		if (likely(pass(h, rq))) {
			h->fresh = h->fresh->next;
			spin_unlock(&h->lock);
			return rq;
		}
	}
	rq = pick_or_hold(h, &merged);
	spin_unlock(&h->lock);

	weir_free_merged(&merged);
	return rq;
}

/*
 * Without the lock. A queue that is held has nothing to do until it is woken,
 * but what has just come may go: it may be of a sparse flow.
 */
bool weir_has_work(struct blk_mq_hw_ctx *hctx)
{
	struct weir_hctx *h = hctx->sched_data;

	if (!llist_empty(&h->inbox))
		return true;
	/* As open_for_merging() has it: what left the inbox is in one of these. */
	smp_rmb();
	if (READ_ONCE(h->fresh))
		return true;
	return READ_ONCE(h->staged) &&
	       (!READ_ONCE(h->held) || weir_now() >= READ_ONCE(h->next_expiry));
}
