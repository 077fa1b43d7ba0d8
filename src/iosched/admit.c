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
 * The operation and the bio may be others by the time it is inserted (a plug
 * allocates requests ahead), the thread group may not.
 */
void weir_prepare_request(struct request *rq)
{
	struct weir_rq *r = weir_rq(rq);

	*r = (struct weir_rq){ .tgid = current->tgid };
}
