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

static bool is_earlier(struct request *rq, struct request *than)
{
	return (s64)(weir_rq(rq)->start - weir_rq(than)->start) < 0;
}

/* rq is one of the line: does it start first, or before all but those of one flow? */
static void note_start(struct weir_line *line, struct request *rq)
{
	struct request *first = line->first;

	if (!first || is_earlier(rq, first)) {
		if (first && weir_rq(first)->flow != weir_rq(rq)->flow)
			line->second = first;
		line->first = rq;
	} else if (weir_rq(first)->flow != weir_rq(rq)->flow &&
		   (!line->second || is_earlier(rq, line->second))) {
		line->second = rq;
	}
}

static bool starts_before(struct rb_node *a, const struct rb_node *b)
{
	return is_earlier(rb_entry(a, struct request, rb_node),
			  rb_entry(b, struct request, rb_node));
}

void weir_order_add(struct weir_stage *s, struct request *rq)
{
	struct weir_line *line = &s->line[weir_rq(rq)->level];

	if (!line->nr++)
		line->served_at = jiffies;
	if (s->wq->rotational) {
		elv_rb_add(&line->by_sector, rq);
		list_add_tail(&rq->queuelist, &line->arrived);
		if (line->first || line->nr == 1)
			note_start(line, rq);
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
		if (rq == line->first || rq == line->second) {
			line->first = NULL;
			line->second = NULL;
		}
		return;
	}
	rb_erase_cached(&rq->rb_node, &line->by_start);
	RB_CLEAR_NODE(&rq->rb_node);
}

/*
 * The request of the least start time; line->second is that of the least of another flow.
 * All are looked at only when one of the two has gone: in a batch few do.
 */
static struct request *least_start(struct weir_line *line)
{
	struct request *rq;

	if (!line->first)
		list_for_each_entry(rq, &line->arrived, queuelist)
			note_start(line, rq);
	return line->first;
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
	struct request *rq = s->batch_next, *first;

	if (!rq || !s->batch_left || weir_rq(rq)->level != level)
		return NULL;
	first = least_start(line);
	while (rq && (is_ahead(rq, first) || is_ahead(rq, line->second)))
		rq = elv_rb_latter_request(s->wq->q, rq);
	return rq;
}

/* The line of that level has a request. */
struct request *weir_order_first(struct weir_stage *s, enum weir_level level)
{
	struct weir_line *line = &s->line[level];

	if (s->wq->rotational)
		return next_of_batch(s, level) ?: least_start(line);
	return rb_entry(rb_first_cached(&line->by_start), struct request, rb_node);
}

/* The least start time of that line, which has a request. */
u64 weir_order_start(struct weir_stage *s, enum weir_level level)
{
	if (s->wq->rotational)
		return weir_rq(least_start(&s->line[level]))->start;
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
