// SPDX-License-Identifier: GPL-2.0
/*
 * A request gets its tag, in its submitter's context.
 */
#include <linux/sched.h>

#include "weir_iosched.h"

/*
 * Background requests get no scheduler tag beyond three quarters of them: the
 * rest is there for reads and for writes that somebody waits for.
 */
void weir_limit_depth(blk_opf_t opf, struct blk_mq_alloc_data *data)
{
	if (weir_in_background(weir_class(opf)))
		data->shallow_depth = weir_queue(data->q)->background_tags;
}

/*
 * The depth has changed: at attach, by nr_requests, and as the tick sees it, as
 * tags that all hardware queues share change after the kernel said so.
 */
void weir_set_depth(struct weir_queue *wq, unsigned int depth)
{
	unsigned int old = wq->background_tags;
	unsigned int tags = weir_shallow_depth(weir_first_hctx(wq->q), depth * 3 / 4);

	/* The tick has requests meanwhile, whose limit is the old or the new one. */
	weir_set_min_shallow_depth(wq->q, old ? min(old, tags) : tags);
	wq->depth = depth;
	WRITE_ONCE(wq->background_tags, tags);
}

/*
 * The operation and the bio may be others by the time it is inserted (a plug
 * allocates requests ahead), the thread group may not.
 */
void weir_prepare_request(struct request *rq)
{
	struct weir_rq *r = weir_rq(rq);

	*r = (struct weir_rq){ .tgid = current->tgid };
}
