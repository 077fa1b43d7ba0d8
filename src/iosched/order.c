// SPDX-License-Identifier: GPL-2.0
/*
 * Who is next within a level. All of it under weir_stage.lock.
 *
 * Without an arm: by virtual start time (flow.c), which is start-time fair queueing
 * over flows. Within a flow start times only grow, so requests of one flow keep their
 * order.
 *
 * With an arm: in sector order, for as much device time as BATCH single requests take,
 * then on from the request with the least start time. While several flows wait, a request
 * that starts more than AHEAD later than that is left out of the batch: so nobody with
 * many requests gets ahead of who has few by more than that. The tree is sorted by sector,
 * and each request knows the least start time below it: so both are found without
 * looking at all that wait.
 */
#include <linux/rbtree_augmented.h>
#include <linux/sizes.h>

#include "weir_iosched.h"

#define BATCH	48
#define AHEAD	(BATCH * (s64)WEIR_ARM_WORK)	/* virtual bytes: as many moves of the arm */
#define SEVERAL	WEIR_FLOWS

/* With an arm, in rq->queuelist: of rq and all below it in the tree */
struct weir_subtree {
	u64 start;		/* the least */
	unsigned int flow;	/* of all of them, or SEVERAL */
};

static bool is_later(u64 start, u64 than)
{
	return (s64)(start - than) > 0;
}

static struct weir_subtree *subtree(struct rb_node *top)
{
	struct request *rq = rb_entry(top, struct request, rb_node);

	BUILD_BUG_ON(sizeof(struct weir_subtree) > sizeof(rq->queuelist));
	return (struct weir_subtree *)&rq->queuelist;
}

static void add_subtree(struct weir_subtree *to, struct rb_node *top)
{
	if (!top)
		return;
	if (is_later(to->start, subtree(top)->start))
		to->start = subtree(top)->start;
	if (subtree(top)->flow != to->flow)
		to->flow = SEVERAL;
}

/* May the caller stop? Only if it wants to: what is above does not change. */
static bool sum_up(struct request *rq, bool may_stop)
{
	struct weir_subtree *known = subtree(&rq->rb_node);
	struct weir_subtree sum = {
		.start = weir_rq(rq)->start,
		.flow = weir_rq(rq)->flow,
	};

	add_subtree(&sum, rq->rb_node.rb_left);
	add_subtree(&sum, rq->rb_node.rb_right);
	if (may_stop && sum.start == known->start && sum.flow == known->flow)
		return true;
	*known = sum;
	return false;
}

RB_DECLARE_CALLBACKS(static, by_sector, struct request, rb_node, queuelist, sum_up)

static void add_by_sector(struct rb_root *root, struct request *rq)
{
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = blk_rq_pos(rq) < blk_rq_pos(rb_entry(parent, struct request, rb_node)) ?
		       &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&rq->rb_node, parent, link);
	sum_up(rq, false);
	by_sector_propagate(parent, NULL);
	rb_insert_augmented(&rq->rb_node, root, &by_sector);
}

static bool starts_before(struct rb_node *a, const struct rb_node *b)
{
	return is_later(weir_rq(rb_entry(b, struct request, rb_node))->start,
			weir_rq(rb_entry(a, struct request, rb_node))->start);
}

void weir_order_add(struct weir_stage *s, struct request *rq)
{
	struct weir_line *line = &s->line[weir_rq(rq)->level];

	if (!line->nr++)
		line->served_at = jiffies;
	if (s->wq->rotational) {
		add_by_sector(&line->sorted.rb_root, rq);
		return;
	}
	rb_add_cached(&rq->rb_node, &line->sorted, starts_before);
	if (!s->wq->single)
		list_add_tail(&rq->queuelist, &s->recent);
}

void weir_order_del(struct weir_stage *s, struct request *rq)
{
	struct weir_line *line = &s->line[weir_rq(rq)->level];

	line->nr--;
	if (s->wq->rotational) {
		rb_erase_augmented(&rq->rb_node, &line->sorted.rb_root, &by_sector);
		INIT_LIST_HEAD(&rq->queuelist);
	} else {
		rb_erase_cached(&rq->rb_node, &line->sorted);
		list_del_init(&rq->queuelist);
	}
	RB_CLEAR_NODE(&rq->rb_node);
}

/* With an arm: rq begins at another sector than when it was added. */
void weir_order_moved(struct weir_stage *s, struct request *rq)
{
	struct rb_root *root = &s->line[weir_rq(rq)->level].sorted.rb_root;

	rb_erase_augmented(&rq->rb_node, root, &by_sector);
	add_by_sector(root, rq);
}

/*
 * Below node, the first request from that sector on that starts at latest or before, or
 * NULL. On the way down, best is the first one seen that is such a request, or has one on
 * its right; in that case the same again there.
 */
static struct request *find(struct rb_node *node, sector_t from, u64 latest)
{
	struct request *best;

	do {
		best = NULL;
		while (node) {
			struct request *rq = rb_entry(node, struct request, rb_node);
			struct rb_node *right = node->rb_right;

			if (blk_rq_pos(rq) < from) {
				node = right;
				continue;
			}
			if (!is_later(weir_rq(rq)->start, latest) ||
			    (right && !is_later(subtree(right)->start, latest)))
				best = rq;
			node = node->rb_left;
		}
		if (best)
			node = best->rb_node.rb_right;
	} while (best && is_later(weir_rq(best)->start, latest));
	return best;
}

/* The request with which the batch goes on, or NULL: it ends */
static struct request *next_of_batch(struct weir_stage *s, enum weir_level level)
{
	struct rb_node *top = s->line[level].sorted.rb_root.rb_node;

	if (!s->batch_left || s->batch_level != level)
		return NULL;
	return find(top, s->batch_at, subtree(top)->start +
		    (subtree(top)->flow == SEVERAL ? AHEAD : S64_MAX));
}

/* The line of that level has a request. */
struct request *weir_order_first(struct weir_stage *s, enum weir_level level)
{
	struct weir_line *line = &s->line[level];

	if (s->wq->rotational)
		return next_of_batch(s, level) ?:
		       find(line->sorted.rb_root.rb_node, 0, weir_order_start(s, level));
	return rb_entry(rb_first_cached(&line->sorted), struct request, rb_node);
}

/* The least start time of that line, which has a request. */
u64 weir_order_start(struct weir_stage *s, enum weir_level level)
{
	if (s->wq->rotational)
		return subtree(s->line[level].sorted.rb_root.rb_node)->start;
	return weir_rq(weir_order_first(s, level))->start;
}

/*
 * What a request for which the arm does not have to move takes of its batch. Writes into the
 * drive's cache may cost less than a move, so there is a least part: after 192 MiB, or 3,072
 * requests, a batch is over, whatever they cost.
 */
static u64 in_place_ns(struct weir_queue *wq, struct request *rq)
{
	u64 cost = weir_rq_cost(wq, rq), move = READ_ONCE(wq->cost[WEIR_OP_READ].base_ns);

	return max(cost - min(cost, move), (move >> 6) * DIV_ROUND_UP(blk_rq_bytes(rq), SZ_64K));
}

/* rq, still staged, is what weir_order_first() said, and goes. moves: the arm has to */
void weir_order_dispatched(struct weir_stage *s, struct request *rq, bool moves)
{
	struct weir_queue *wq = s->wq;
	u64 cost;

	if (!wq->rotational)
		return;
	cost = moves ? weir_rq_cost(wq, rq) : in_place_ns(wq, rq);
	if (next_of_batch(s, weir_rq(rq)->level) != rq)
		s->batch_left = BATCH * (u64)READ_ONCE(wq->cost[WEIR_OP_READ].base_ns);
	s->batch_left -= min(s->batch_left, cost);
	s->batch_level = weir_rq(rq)->level;
	s->batch_at = blk_rq_pos(rq);
}
