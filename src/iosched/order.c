// SPDX-License-Identifier: GPL-2.0
/*
 * Who is next within a level. All of it under weir_stage.lock.
 *
 * Without an arm: by virtual start time (flow.c), which is start-time fair queueing
 * over flows. Within a flow start times only grow, so requests of one flow keep their
 * order.
 *
 * With an arm: in sector order, for as much device time as BATCH single requests take,
 * then on from the request with the least start time. A request that starts more than
 * AHEAD later than the first one of another flow is left out of the batch: so nobody
 * with many requests gets ahead of who has few by more than that.
 */
#include <linux/sizes.h>

#include "weir_iosched.h"

#define BATCH	48
#define AHEAD	(BATCH * (s64)WEIR_ARM_WORK)	/* virtual bytes: as many moves of the arm */

void weir_order_init(struct weir_line *line)
{
	line->by_start = RB_ROOT_CACHED;
	line->by_sector = RB_ROOT;
	INIT_LIST_HEAD(&line->arrived);
}

static bool starts_before(struct rb_node *a, const struct rb_node *b)
{
	struct request *rq = rb_entry(a, struct request, rb_node);
	struct request *other = rb_entry(b, struct request, rb_node);

	return (s64)(weir_rq(rq)->start - weir_rq(other)->start) < 0;
}

void weir_order_add(struct weir_stage *s, struct request *rq)
{
	struct weir_line *line = &s->line[weir_rq(rq)->level];

	if (!line->nr++)
		line->served_at = jiffies;
	if (s->wq->rotational) {
		elv_rb_add(&line->by_sector, rq);
		list_add_tail(&rq->queuelist, &line->arrived);
		return;
	}
	rb_add_cached(&rq->rb_node, &line->by_start, starts_before);
	if (!s->wq->single)
		list_add_tail(&rq->queuelist, &s->recent);
}

void weir_order_del(struct weir_stage *s, struct request *rq)
{
	struct weir_line *line = &s->line[weir_rq(rq)->level];

	line->nr--;
	list_del_init(&rq->queuelist);
	if (s->wq->rotational) {
		if (s->batch_next == rq)
			s->batch_next = elv_rb_latter_request(s->wq->q, rq);
		elv_rb_del(&line->by_sector, rq);
		return;
	}
	rb_erase_cached(&rq->rb_node, &line->by_start);
	RB_CLEAR_NODE(&rq->rb_node);
}

/* The request of the least start time; not of that flow, if flow is not -1. Or NULL */
static struct request *least_start(struct weir_line *line, int flow)
{
	struct request *rq, *least = NULL;

	list_for_each_entry(rq, &line->arrived, queuelist)
		if (weir_rq(rq)->flow != flow &&
		    (!least || (s64)(weir_rq(rq)->start - weir_rq(least)->start) < 0))
			least = rq;
	return least;
}

static bool is_ahead(struct request *rq, struct request *of)
{
	return of && weir_rq(rq)->flow != weir_rq(of)->flow &&
	       (s64)(weir_rq(rq)->start - weir_rq(of)->start) > AHEAD;
}

/* The request with which the batch goes on, or NULL: it ends */
static struct request *next_of_batch(struct weir_stage *s, enum weir_level level)
{
	struct weir_line *line = &s->line[level];
	struct request *rq = s->batch_next, *first, *second;

	if (!rq || !s->batch_left || weir_rq(rq)->level != level)
		return NULL;
	first = least_start(line, -1);
	second = least_start(line, weir_rq(first)->flow);
	while (rq && (is_ahead(rq, first) || is_ahead(rq, second)))
		rq = elv_rb_latter_request(s->wq->q, rq);
	return rq;
}

/* The line of that level has a request. */
struct request *weir_order_first(struct weir_stage *s, enum weir_level level)
{
	struct weir_line *line = &s->line[level];

	if (s->wq->rotational)
		return next_of_batch(s, level) ?: least_start(line, -1);
	return rb_entry(rb_first_cached(&line->by_start), struct request, rb_node);
}

/* The least start time of that line, which has a request. */
u64 weir_order_start(struct weir_stage *s, enum weir_level level)
{
	if (s->wq->rotational)
		return weir_rq(least_start(&s->line[level], -1))->start;
	return weir_rq(weir_order_first(s, level))->start;
}

/* rq, still staged, is what weir_order_first() said, and goes. moves: the arm has to */
void weir_order_dispatched(struct weir_stage *s, struct request *rq, bool moves)
{
	struct weir_queue *wq = s->wq;
	u64 cost = weir_rq_cost(wq, rq), base = READ_ONCE(wq->cost[WEIR_OP_READ].base_ns);

	if (!wq->rotational)
		return;
	if (!moves)
		cost -= min(cost, base);
	if (next_of_batch(s, weir_rq(rq)->level) != rq)
		s->batch_left = BATCH * base;
	s->batch_left -= min(s->batch_left, cost);
	s->batch_next = rq;	/* weir_order_del() goes on from here */
}
