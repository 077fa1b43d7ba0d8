// SPDX-License-Identifier: GPL-2.0
/*
 * A request gets its tag, in its submitter's context.
 *
 * Who finds no tag waits where no scheduler sees it. So a quarter of the tags is kept
 * for those that hold few, 1/FEW of all: background requests and whoever holds more (deep
 * readers, an fsync of much data) get none of it. RT gets any. With fewer tags than
 * LEAST_TAGS nothing is kept: the device holds them all, and what merges needs one that
 * waits.
 *
 * While RT is active the other levels get a quarter of the tags, and so does IDLE while BE
 * is active: what they had beyond that would wait, and keep the active level from asking.
 *
 * What is kept are certain tags, not a number of them. Were a flow free to take many of
 * any, and limited only then, it would have these, and all others as well.
 */
#include <linux/sched.h>

#include "weir_iosched.h"

#define LEAST_TAGS 8
#define FEW 16

static u8 holder_of(u32 tgid)
{
	return hash_32(tgid, ilog2(WEIR_HOLDERS));
}

/* Does the current process, of the hardware queue that is to have its request? */
static bool holds_few(struct weir_queue *wq, blk_opf_t opf)
{
	struct weir_stage *s = weir_bio_hctx(wq->q, opf)->sched_data;

	return atomic_read(&s->holders[holder_of(current->tgid)]) <
	       (int)READ_ONCE(wq->few_tags);
}

/*
 * Is a level active that may keep this ionice class waiting? LIGHT, which may do that to
 * BE, does not count: such flows have few requests, and come and go.
 */
static bool yields(struct weir_queue *wq, int ioclass)
{
	u64 now;

	if (ioclass == IOPRIO_CLASS_IDLE) {
		now = weir_now();
		return weir_is_active(wq, WEIR_BE, now) || weir_is_active(wq, WEIR_RT, now);
	}
	return READ_ONCE(wq->urgent) && weir_is_active(wq, WEIR_RT, weir_now());
}

void weir_limit_depth(blk_opf_t opf, struct blk_mq_alloc_data *data)
{
	struct weir_queue *wq = weir_queue(data->q);
	bool background = weir_in_background(weir_class(opf));
	int ioclass;

	if (!background && likely(holds_few(wq, opf)))
		return;
	ioclass = IOPRIO_PRIO_CLASS(get_current_ioprio());
	if (ioclass == IOPRIO_CLASS_RT)
		return;
	if (yields(wq, ioclass))
		data->shallow_depth = READ_ONCE(wq->yielded_tags);
	else
		data->shallow_depth = background ? READ_ONCE(wq->background_tags) :
				      READ_ONCE(wq->most_tags);
}

/*
 * The depth has changed: at attach, by nr_requests, and as the tick sees it, as
 * tags that all hardware queues share change after the kernel said so. The hardware
 * queues' tags must not go meanwhile: the queue is frozen, or a reference is held.
 */
void weir_set_depth(struct weir_queue *wq, unsigned int depth)
{
	struct blk_mq_hw_ctx *hctx = weir_first_hctx(wq->q);
	unsigned int old = wq->yielded_tags;
	unsigned int most = depth < LEAST_TAGS ? depth : depth - depth / 4;
	unsigned int background = min(most, weir_async_depth(wq->q));
	unsigned int yielded = depth < LEAST_TAGS ? depth : depth / 4;

	/* Requests meanwhile have the old limit or the new one. */
	most = weir_shallow_depth(hctx, most);
	background = weir_shallow_depth(hctx, background);
	yielded = min(weir_shallow_depth(hctx, yielded), background);
	weir_set_min_shallow_depth(wq->q, old ? min(old, yielded) : yielded);
	WRITE_ONCE(wq->depth, depth);
	WRITE_ONCE(wq->most_tags, most);
	WRITE_ONCE(wq->background_tags, background);
	WRITE_ONCE(wq->yielded_tags, yielded);
	WRITE_ONCE(wq->few_tags, max(depth / FEW, 1U));
}

void weir_prepare_request(struct request *rq)
{
	struct weir_rq *r = weir_rq(rq);
	struct weir_stage *s = rq->mq_hctx->sched_data;

	*r = (struct weir_rq){
		/* Its threads work for others: which of them it was says nothing. */
		.tgid = current->flags & PF_KTHREAD ? WEIR_KERNEL_TGID : current->tgid,
		.holder = holder_of(current->tgid),
	};
	atomic_inc(&s->holders[r->holder]);
}
