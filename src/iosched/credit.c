// SPDX-License-Identifier: GPL-2.0
/*
 * The device window, shared out to the hardware queues.
 *
 * What may be in flight is one sum for the whole device, but a counter that
 * every queue writes would be a cache line that every request fights for. So
 * each hardware queue has a purse of its own (weir_hctx.credit), filled from
 * the common one (weir_queue.unspent) a chunk at a time and emptied back when
 * it is too full or somebody waits. At all times
 *
 *	window = unspent + the sum of all purses + charges in flight
 *
 * - take: from the own purse, else a chunk more than needed from the common
 *   one. Sparse flows may push unspent below zero, as far as their overdraft.
 * - give: to the own purse, so that a steady queue touches nothing shared.
 * - a queue that finds too little is held: it marks itself, then looks again
 *   (hold() in pick.c), with what lies idle in other purses gathered. Who
 *   gives looks for marks after it gave. One of the two sees the other, as both
 *   are full barriers. Held queues run again when an eighth of the window is
 *   unspent: when everything in flight is done, all of it is, so nobody is held
 *   for ever.
 */
#include <linux/sizes.h>

#include "weir_iosched.h"

/* Empty all purses into the common one: what they have, or owe. */
void weir_credit_gather(struct weir_queue *wq)
{
	struct blk_mq_hw_ctx *hctx;
	unsigned long i;

	queue_for_each_hw_ctx(wq->q, hctx, i) {
		struct weir_hctx *h = hctx->sched_data;

		if (h && atomic64_read(&h->credit))
			atomic64_add(atomic64_xchg(&h->credit, 0), &wq->unspent);
	}
}

/* Take need ns from the common purse, and up to a chunk more; 0: it has less. */
static u64 draw(struct weir_queue *wq, s64 need, u64 overdraft)
{
	s64 chunk = READ_ONCE(wq->chunk);
	s64 unspent = atomic64_read(&wq->unspent);
	s64 take;

	do {
		if (unspent + (s64)overdraft < need)
			return 0;
		take = clamp(unspent, need, need + chunk);
	} while (!atomic64_try_cmpxchg(&wq->unspent, &unspent, unspent - take));
	return take;
}

/*
 * Take ns of the window, or nothing. overdraft: so many ns more than there are.
 * Under h->lock: nobody else takes from this purse, though others may add to
 * it or empty it.
 */
bool weir_credit_take(struct weir_hctx *h, u64 ns, u64 overdraft)
{
	struct weir_queue *wq = h->wq;
	s64 have = atomic64_read(&h->credit);
	u64 drawn;

	if (likely(have >= (s64)ns)) {
		atomic64_sub(ns, &h->credit);
		return true;
	}
	drawn = draw(wq, ns - have, overdraft);
	if (!drawn)
		return false;
	atomic64_add((s64)(drawn - ns), &h->credit);
	return true;
}

/* Give ns back. Any context. */
void weir_credit_give(struct weir_hctx *h, u64 ns)
{
	struct weir_queue *wq = h->wq;
	s64 have = atomic64_add_return(ns, &h->credit);

	if (likely(have <= (s64)(2 * READ_ONCE(wq->chunk)) &&
		   !atomic_read(&wq->nr_held)))
		return;
	have = atomic64_add_return(atomic64_xchg(&h->credit, 0), &wq->unspent);
	if (atomic_read(&wq->nr_held) && have >= (s64)(READ_ONCE(wq->window) / 8))
		weir_wake(wq, have);
}

/*
 * Run hardware queues that are held, in turn, about as many as ns will do for;
 * with hardly anything in flight, all. One that cannot go although it was woken
 * is held again by what is in flight, and whoever completes that comes here.
 * Any context, while requests exist.
 */
void weir_wake(struct weir_queue *wq, u64 ns)
{
	u64 window = READ_ONCE(wq->window);
	u64 each = weir_cost_ns(&wq->cost[WEIR_OP_READ], SZ_4K);
	unsigned int from = READ_ONCE(wq->wake_from);
	s64 left = ns >= window - window / 8 ? S64_MAX : (s64)ns;
	struct blk_mq_hw_ctx *hctx;
	unsigned long i;
	int half;

	for (half = 0; half < 2; half++) {
		queue_for_each_hw_ctx(wq->q, hctx, i) {
			struct weir_hctx *h = hctx->sched_data;

			bool later = i < from;

			if (later != half || !h || !weir_release(h))
				continue;
			blk_mq_run_hw_queue(hctx, true);
			left -= each;
			if (left <= 0) {
				WRITE_ONCE(wq->wake_from, i + 1);
				return;
			}
		}
	}
}

/* A new window. By the tick alone. */
void weir_credit_resize(struct weir_queue *wq, u64 window)
{
	u64 old = wq->window;

	WRITE_ONCE(wq->window, window);
	/* Room for a quarter more, and for two small reads if that is nothing. */
	WRITE_ONCE(wq->overdraft,
		   max_t(u64, window / 4,
			 2 * weir_cost_ns(&wq->cost[WEIR_OP_READ], SZ_4K)));
	/* One small read at least, or every request would go to the common purse. */
	WRITE_ONCE(wq->chunk,
		   max_t(u64, div_u64(window, 8 * wq->q->nr_hw_queues),
			 weir_cost_ns(&wq->cost[WEIR_OP_READ], SZ_4K)));
	atomic64_add((s64)(window - old), &wq->unspent);
	weir_credit_gather(wq);
}
