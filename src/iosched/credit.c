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
 * - the queues where something waits take turns at being the first, for whom the
 *   others leave in the common purse what its turn takes. Else whoever wants
 *   little, or comes first to what is given back, would have all of it for ever.
 *   A round of turns is about half of the window, a turn one request at least. Sparse
 *   flows need not leave it, unless the first one has waited for PATIENCE.
 * - a queue that finds too little is held: it marks itself, then looks again
 *   (hold() in pick.c), with what lies idle in other purses gathered. Who
 *   gives looks for marks after it gave. One of the two sees the other, as both
 *   are full barriers. Held queues run again when what the first one waits for
 *   is unspent, or an eighth of the window if none is short: when everything in
 *   flight is done, all of it is, so nobody is held for ever.
 */
#include <linux/jiffies.h>
#include <linux/sizes.h>

#include "weir_iosched.h"

/* Jiffies after which sparse flows wait for the first one, too */
#define PATIENCE	(HZ / 10)

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

/* What is left of h's turn, ns. The window may have shrunk since it began. */
static s64 turn_left(struct weir_hctx *h)
{
	return min(READ_ONCE(h->turn), (s64)(READ_ONCE(h->wq->window) / 2));
}

/*
 * What is for first alone, ns: the rest of its turn, or one request that needs
 * more. One that is held for something else has to look whether it still is. One
 * that is not held said long ago what it needed.
 */
static s64 reserve(struct weir_hctx *first)
{
	s64 need = READ_ONCE(first->need);

	if (!READ_ONCE(first->held))
		return turn_left(first);
	return need ? max(need, turn_left(first)) : 0;
}

/* What h must leave in the common purse for somebody else, ns */
static s64 reserved(struct weir_hctx *h)
{
	struct weir_hctx *first = READ_ONCE(h->wq->first);

	return likely(!first || first == h) ? 0 : reserve(first);
}

/* What h must find in the common purse beyond its need, ns */
static s64 least_left(struct weir_hctx *h, s64 keep, u64 overdraft)
{
	struct weir_hctx *first = READ_ONCE(h->wq->first);

	if (!overdraft)
		return keep;
	/* What must go, goes. */
	if (unlikely(keep) && overdraft <= READ_ONCE(h->wq->overdraft) &&
	    first && time_after(jiffies, READ_ONCE(first->turn_began) + PATIENCE))
		return keep;
	return -(s64)overdraft;
}

/* Take need ns from the common purse, and up to a chunk more; 0: it has less. */
static u64 draw(struct weir_hctx *h, s64 need, u64 overdraft)
{
	struct weir_queue *wq = h->wq;
	s64 chunk = READ_ONCE(wq->chunk);
	s64 unspent = atomic64_read(&wq->unspent);
	s64 keep = reserved(h);
	s64 least = least_left(h, keep, overdraft);
	s64 take;

	do {
		if (unspent - least < need)
			return 0;
		take = clamp(unspent - keep, need, need + chunk);
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
	s64 have = atomic64_read(&h->credit);
	u64 drawn;

	if (likely(have >= (s64)ns)) {
		atomic64_sub(ns, &h->credit);
		return true;
	}
	drawn = draw(h, ns - have, overdraft);
	if (!drawn)
		return false;
	atomic64_add((s64)(drawn - ns), &h->credit);
	return true;
}

/*
 * What must be unspent for somebody to be woken, ns: not all of a turn, as sparse
 * flows may never leave so much, but what its first request needs.
 */
static s64 enough(struct weir_queue *wq)
{
	struct weir_hctx *first = READ_ONCE(wq->first);
	s64 window = READ_ONCE(wq->window), need;

	if (!first || !READ_ONCE(first->held))
		return window / 8;
	need = READ_ONCE(first->need);
	if (!need)
		return 0;
	/* The window may be smaller than when it said so. */
	return min(max(need, min(turn_left(first), window / 8)), window - window / 8);
}

static void begin_turn(struct weir_hctx *h)
{
	struct weir_queue *wq = h->wq;
	unsigned int nr = max(atomic_read(&wq->nr_short), 1);

	WRITE_ONCE(h->turn, div_u64(READ_ONCE(wq->window), 2 * nr));
	WRITE_ONCE(h->turn_began, jiffies);
}

/* h is held: if nobody is the first, it is. Under h->lock. */
void weir_credit_queue(struct weir_hctx *h)
{
	struct weir_queue *wq = h->wq;

	if (READ_ONCE(wq->first))
		return;
	begin_turn(h);
	cmpxchg(&wq->first, NULL, h);
}

/*
 * Whose turn it is after h to be the first; h itself at last, NULL: nowhere does
 * anything wait. Held or not: whoever is woken just now may find no room again.
 */
static struct weir_hctx *next_waiting(struct weir_hctx *h)
{
	struct weir_hctx *before = NULL;
	struct blk_mq_hw_ctx *hctx;
	unsigned long i;

	if (!atomic_read(&h->wq->nr_held) && !h->staged)
		return NULL;
	queue_for_each_hw_ctx(h->wq->q, hctx, i) {
		struct weir_hctx *other = hctx->sched_data;

		if (!other || !READ_ONCE(other->staged))
			continue;
		if (hctx->queue_num > h->hctx->queue_num)
			return other;
		if (!before)
			before = other;
	}
	return before;
}

/*
 * h, the first, has dispatched rq, or nothing: full, because it is still short of
 * h->need. When its turn is over or it is short no more, the next one is the first.
 * Its last request may have gone meanwhile, before it saw that it is: then nobody
 * is. Under h->lock.
 */
void weir_credit_turn(struct weir_hctx *h, struct request *rq, bool full)
{
	struct weir_queue *wq = h->wq;
	struct weir_hctx *next;

	if (rq)
		WRITE_ONCE(h->turn, turn_left(h) - weir_rq(rq)->charge);
	/* What is not charged would have a turn without end. */
	if (rq ? h->staged && h->turn > 0 && weir_rq(rq)->charge : full && h->need)
		return;

	/* Whoever waits for something else is woken by what is given back, not from here. */
	next = next_waiting(h);
	if (next)
		begin_turn(next);
	smp_wmb();	/* Nobody sees it as the first with a turn of long ago. */
	/* Before its count is read: pick_or_hold() has it reversed. */
	smp_store_mb(wq->first, next);
	if (!next || !READ_ONCE(next->staged)) {
		if (next)
			cmpxchg(&wq->first, next, NULL);
		/* Who came meanwhile counted on the first to be woken, or to pass it on. */
		if (atomic_read(&wq->nr_held) && atomic64_read(&wq->unspent) >= enough(wq))
			weir_wake(wq, max(atomic64_read(&wq->unspent), 0LL));
	} else if (READ_ONCE(next->need) && atomic64_read(&wq->unspent) >= enough(wq) &&
		   weir_release(next)) {
		blk_mq_run_hw_queue(next->hctx, true);
	}
}

/*
 * h gathered the purses and still is short: what it put into the common one may be
 * what the first one waits for, which looked before. Under h->lock.
 */
void weir_credit_gathered(struct weir_hctx *h)
{
	struct weir_queue *wq = h->wq;
	struct weir_hctx *first = READ_ONCE(wq->first);

	if (first && first != h && READ_ONCE(first->need) &&
	    atomic64_read(&wq->unspent) >= enough(wq) && weir_release(first))
		blk_mq_run_hw_queue(first->hctx, true);
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
	if (atomic_read(&wq->nr_held) && have >= enough(wq))
		weir_wake(wq, have);
}

/*
 * Run hardware queues that are held, the first and then the others in turn, about
 * as many as ns will do for; all, if nobody is the first and hardly anything is in
 * flight. One that cannot go although it was woken is held again by what is in
 * flight, and whoever completes that comes here. Any context, while requests exist.
 */
void weir_wake(struct weir_queue *wq, u64 ns)
{
	u64 window = READ_ONCE(wq->window);
	u64 each = weir_cost_ns(&wq->cost[WEIR_OP_READ], SZ_4K);
	unsigned int from = READ_ONCE(wq->wake_from);
	s64 left = ns >= window - window / 8 ? S64_MAX : (s64)ns;
	struct weir_hctx *first = READ_ONCE(wq->first);
	struct blk_mq_hw_ctx *hctx;
	unsigned long i;
	int half;

	if (first) {
		if (weir_release(first))
			blk_mq_run_hw_queue(first->hctx, true);
		/* What it is to have is not there for others. The tick wakes them all. */
		if (ns != U64_MAX)
			left = (s64)ns - max((s64)each, reserve(first));
		if (left <= 0)
			return;
	}
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

/* A new window, or the same. By the tick alone. */
void weir_credit_resize(struct weir_queue *wq, u64 window)
{
	u64 old = wq->window, overdraft;

	WRITE_ONCE(wq->window, window);
	/* Room for a quarter more, and for two small reads if that is nothing. */
	overdraft = max_t(u64, window / 4,
			  2 * weir_cost_ns(&wq->cost[WEIR_OP_READ], SZ_4K));
	/* What the old one let in is in nobody's way; most of it goes within a tick. */
	if (window < old)
		overdraft += min(old - window, (u64)S64_MAX / 4);
	WRITE_ONCE(wq->overdraft, overdraft);
	/* One small read at least, or every request would go to the common purse. */
	WRITE_ONCE(wq->chunk,
		   max_t(u64, div_u64(window, 8 * wq->q->nr_hw_queues),
			 weir_cost_ns(&wq->cost[WEIR_OP_READ], SZ_4K)));
	atomic64_add((s64)(window - old), &wq->unspent);
	weir_credit_gather(wq);
}
