/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the kernels differ for an elevator, and the declarations no header has.
 *
 * elevator-btf.h is made by scripts/elevator from the BTF of the kernel built
 * for: the private structures, the prototypes of the exported functions, and
 * WEIR_ELV_*, which say what form its callbacks have. The built module is
 * compared with that kernel's BTF again before anybody can load it.
 */
#ifndef WEIR_COMPAT_ELEVATOR_H
#define WEIR_COMPAT_ELEVATOR_H

#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/rbtree.h>
#include <linux/sbitmap.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/sysfs.h>

#include "elevator-btf.h"

/*
 * elevator_type: .elevator_attrs points to a table of these, which ends with an
 * empty one. Only new kernels take a constant.
 */
#ifdef WEIR_ELV_CONST_ATTRS
#define weir_elv_attr const struct elv_fs_entry
#else
#define weir_elv_attr struct elv_fs_entry
#endif

/*
 * The request went through prepare_request, and rq->elv is the elevator's. Kernels
 * before 6.5 call completed_request for others, too: for flushes, which keep
 * something else in the very same place. Newer ones insert such that a plug
 * allocated for a passthrough command and then used for something else.
 */
static inline bool weir_prepared(const struct request *rq)
{
#ifdef RQF_USE_SCHED
	return rq->rq_flags & RQF_USE_SCHED;
#else
	return rq->rq_flags & RQF_ELVPRIV;
#endif
}

/* A disk with an arm. */
static inline bool weir_rotational(struct request_queue *q)
{
#ifdef blk_queue_rot
	return blk_queue_rot(q);
#else
	return !blk_queue_nonrot(q);
#endif
}

/* blk_insert_t has one bit an elevator cares about; BTF does not tell macros. */
#define WEIR_INSERT_AT_HEAD 0x01

/*
 * WEIR_DEFINE_INIT_SCHED(NAME, ATTACH): the callback init_sched, NAME, from
 *	int ATTACH(struct request_queue *q, struct elevator_queue *eq)
 * which sets eq->elevator_data. The queue is frozen: the memory ATTACH asks for
 * must not be waited for by writing to this very queue, thus NOIO.
 */
static inline int weir_attach(struct request_queue *q, struct elevator_queue *eq,
			      int (*attach)(struct request_queue *q,
					    struct elevator_queue *eq))
{
	unsigned int noio = memalloc_noio_save();
	int ret = attach(q, eq);

	memalloc_noio_restore(noio);
	if (ret)
		return ret;
	/* Every hardware queue dispatches on its own. */
	blk_queue_flag_clear(QUEUE_FLAG_SQ_SCHED, q);
	q->elevator = eq;
	return 0;
}

#ifdef WEIR_ELV_INIT_GETS_QUEUE

/* The core made eq, and frees it when this fails. */
#define WEIR_DEFINE_INIT_SCHED(name, attach)				\
static int name(struct request_queue *q, struct elevator_queue *eq)	\
{									\
	return weir_attach(q, eq, attach);				\
}

#else

static inline int weir_alloc_attach(struct request_queue *q,
				    struct elevator_type *type,
				    int (*attach)(struct request_queue *q,
						  struct elevator_queue *eq))
{
	unsigned int noio = memalloc_noio_save();
	struct elevator_queue *eq = elevator_alloc(q, type);
	int ret;

	memalloc_noio_restore(noio);
	if (!eq)
		return -ENOMEM;
	ret = weir_attach(q, eq, attach);
	if (ret)
		kobject_put(&eq->kobj);
	return ret;
}

#define WEIR_DEFINE_INIT_SCHED(name, attach)				\
static int name(struct request_queue *q, struct elevator_type *type)	\
{									\
	return weir_alloc_attach(q, type, attach);			\
}

#endif

/*
 * Scheduler tags. All hardware queues of a disk have the same number; with a tag
 * set that shares one bitmap they even have the same tags.
 */
static inline struct blk_mq_hw_ctx *weir_first_hctx(struct request_queue *q)
{
	struct blk_mq_hw_ctx *hctx;
	unsigned long i;

	queue_for_each_hw_ctx(q, hctx, i)
		return hctx;
	return NULL;
}

/* nr_tags only grows, q->nr_requests is late: the bitmap has the truth. */
static inline unsigned int weir_hctx_depth(const struct blk_mq_hw_ctx *hctx)
{
	return READ_ONCE(hctx->sched_tags->bitmap_tags.sb.depth);
}

/* How many requests one hardware queue may have. From attach on. */
static inline unsigned int weir_sched_depth(struct request_queue *q)
{
	struct blk_mq_hw_ctx *hctx = weir_first_hctx(q);

	return hctx && hctx->sched_tags ? weir_hctx_depth(hctx) : q->nr_requests;
}

/* The tags that asynchronous requests of a hardware queue may have, where the queue says. */
static inline unsigned int weir_async_depth(struct request_queue *q)
{
#ifdef WEIR_HAVE_ASYNC_DEPTH
	return max(READ_ONCE(q->async_depth), 1U);
#else
	return UINT_MAX;
#endif
}

/*
 * WEIR_DEFINE_DEPTH_UPDATED(NAME, FN): the callback depth_updated, NAME, from
 *	void FN(struct request_queue *q, unsigned int depth)
 * with the new depth. The older kernels call it for each hardware queue in turn,
 * and the last time everything is as it will be. No kernel's core calls FN when
 * the elevator is attached: call it from there with weir_sched_depth().
 */
#ifdef WEIR_ELV_DEPTH_GETS_QUEUE
#define WEIR_DEFINE_DEPTH_UPDATED(name, fn)				\
static void name(struct request_queue *q)				\
{									\
	fn(q, weir_sched_depth(q));					\
}
#else
#define WEIR_DEFINE_DEPTH_UPDATED(name, fn)				\
static void name(struct blk_mq_hw_ctx *hctx)				\
{									\
	fn(hctx->queue, weir_hctx_depth(hctx));				\
}
#endif

/*
 * limit_depth stores a number in data->shallow_depth. This one lets a request
 * have at most the first wanted tags' worth of a hardware queue's scheduler
 * tags: computed when the depth or the wish changes, not for each request.
 */
static inline unsigned int weir_shallow_depth(const struct blk_mq_hw_ctx *hctx,
					      unsigned int wanted)
{
	const struct sbitmap *sb = &hctx->sched_tags->bitmap_tags.sb;
	unsigned int depth = READ_ONCE(sb->depth);

	wanted = clamp(wanted, 1U, depth);
#ifdef WEIR_HAVE_WORD_DEPTH
	/*
	 * Here it bounds the bits of each of the bitmap's words. The last word
	 * may be a short one that gives less than its share.
	 */
	if (wanted < depth) {
		unsigned int word = 1U << sb->shift;
		unsigned int whole = depth >> sb->shift;
		unsigned int rest = depth & (word - 1);
		unsigned int each = wanted / (whole + !!rest);

		if (whole && each > rest)
			each = (wanted - rest) / whole;
		return clamp(each, 1U, word);
	}
#endif
	return wanted;
}

/*
 * The least shallow depth that will be asked for: tag waiters are woken in
 * batches that must fit. The core warns of a smaller one, and forgets this with
 * each new set of tags, so FN above is a place to call it from.
 */
static inline void weir_set_min_shallow_depth(struct request_queue *q,
					      unsigned int shallow_depth)
{
	struct blk_mq_hw_ctx *hctx;
	unsigned long i;

	queue_for_each_hw_ctx(q, hctx, i)
		if (hctx->sched_tags)
			sbitmap_queue_min_shallow_depth(&hctx->sched_tags->bitmap_tags,
							shallow_depth);
}

/*
 * WEIR_DEFINE_INSERT_REQUESTS(NAME, FN): the callback insert_requests, NAME, from
 *	void FN(struct blk_mq_hw_ctx *hctx, struct list_head *list, bool at_head)
 */
#ifdef WEIR_ELV_INSERT_GETS_FLAGS
#define WEIR_DEFINE_INSERT_REQUESTS(name, fn)				\
static void name(struct blk_mq_hw_ctx *hctx, struct list_head *list,	\
		 blk_insert_t flags)					\
{									\
	fn(hctx, list,							\
	   (__force unsigned int)flags & WEIR_INSERT_AT_HEAD);		\
}
#else
#define WEIR_DEFINE_INSERT_REQUESTS(name, fn)				\
static void name(struct blk_mq_hw_ctx *hctx, struct list_head *list,	\
		 bool at_head)						\
{									\
	fn(hctx, list, at_head);					\
}
#endif

/*
 * debugfs against a switch. Since 6.16 the elevator is gone before its files are;
 * the lock of whoever switches tells. False: busy, try again.
 */
static inline bool weir_keep_elevator(struct request_queue *q)
{
#ifdef WEIR_HAVE_ELEVATOR_LOCK
	return mutex_trylock(&q->elevator_lock);
#else
	return true;
#endif
}

static inline void weir_let_elevator_go(struct request_queue *q)
{
#ifdef WEIR_HAVE_ELEVATOR_LOCK
	mutex_unlock(&q->elevator_lock);
#endif
}

/*
 * The hardware queue that a bio of this CPU goes to. The task may be on another
 * CPU a moment later: fine for merging, where any queue is right.
 */
static inline struct blk_mq_hw_ctx *weir_bio_hctx(struct request_queue *q,
						  blk_opf_t opf)
{
	const struct blk_mq_ctx *ctx = raw_cpu_ptr(q->queue_ctx);

	if (opf & REQ_POLLED)
		return ctx->hctxs[HCTX_TYPE_POLL];
	if ((opf & REQ_OP_MASK) == REQ_OP_READ)
		return ctx->hctxs[HCTX_TYPE_READ];
	return ctx->hctxs[HCTX_TYPE_DEFAULT];
}

/*
 * The kernel's own writeback throttling: off while weir is attached, called from
 * attach, and back as it was, from exit_sched. What an administrator wrote into
 * wbt_lat_usec is their word, and stays in force in both directions.
 *
 * The flag keeps a disk that registers meanwhile from turning it on. It has to
 * be gone before wbt_enable_default(), which would otherwise do nothing, and
 * nobody calls it again: the throttling would be lost until the disk is.
 */
#ifdef WEIR_ELV_WBT_GETS_DISK
#define weir_wbt_of(q) ((q)->disk)
#else
#define weir_wbt_of(q) (q)
#endif

#ifdef WEIR_ELV_WBT

#if !defined(WEIR_HAVE_WBT_QUEUE_FLAG) && defined(WEIR_ELV_QUEUE_FLAGS)
/* ELEVATOR_FLAG_DISABLE_WBT, a macro that BTF does not tell */
#define WEIR_ELEVATOR_FLAG_NO_WBT 1
#endif

static inline void weir_wbt_off(struct request_queue *q,
				struct elevator_queue *eq)
{
#if defined(WEIR_HAVE_WBT_QUEUE_FLAG)
	blk_queue_flag_set(QUEUE_FLAG_DISABLE_WBT_DEF, q);
#elif defined(WEIR_ELEVATOR_FLAG_NO_WBT)
	set_bit(WEIR_ELEVATOR_FLAG_NO_WBT, &eq->flags);
#endif
	wbt_disable_default(weir_wbt_of(q));
}

static inline void weir_wbt_on(struct request_queue *q,
			       struct elevator_queue *eq)
{
#if defined(WEIR_HAVE_WBT_QUEUE_FLAG)
	blk_queue_flag_clear(QUEUE_FLAG_DISABLE_WBT_DEF, q);
#elif defined(WEIR_ELEVATOR_FLAG_NO_WBT)
	clear_bit(WEIR_ELEVATOR_FLAG_NO_WBT, &eq->flags);
#endif
	wbt_enable_default(weir_wbt_of(q));
}

#else

/* A kernel without it (CONFIG_BLK_WBT): there is nothing to turn off. */
static inline void weir_wbt_off(struct request_queue *q,
				struct elevator_queue *eq)
{
}

static inline void weir_wbt_on(struct request_queue *q,
			       struct elevator_queue *eq)
{
}

#endif

#endif
