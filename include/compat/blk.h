/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the kernels differ for a blk-mq driver. The WEIR_HAVE_* come from the
 * Kbuild file, which looks into the headers of the kernel being built for:
 * stable trees change these interfaces, so a version number says too little.
 */
#ifndef WEIR_COMPAT_BLK_H
#define WEIR_COMPAT_BLK_H

#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/version.h>

#include <compat/hrtimer.h>

/*
 * queue_rqs: a list head of its own, or the first request.
 * weir_take_lone(): take the only request out of a list that is not empty; false,
 * with nothing taken, if there are more.
 */
#ifdef WEIR_HAVE_RQ_LIST

#define weir_rq_list struct rq_list

static __always_inline bool weir_take_lone(struct rq_list *list, struct request **lone)
{
	struct request *rq = list->head;

	*lone = rq;
	if (rq->rq_next)
		return false;
	rq_list_init(list);
	return true;
}

#else

#define weir_rq_list struct request *

static __always_inline bool weir_take_lone(struct request **list, struct request **lone)
{
	struct request *rq = *list;

	*lone = rq;
	if (rq->rq_next)
		return false;
	*list = NULL;
	return true;
}

#endif

/* Ways to fail that older kernels do not have, or not by this name */
#ifdef BLK_STS_RESV_CONFLICT
#define WEIR_STS_RESV_CONFLICT BLK_STS_RESV_CONFLICT
#else
#define WEIR_STS_RESV_CONFLICT BLK_STS_NEXUS
#endif

#ifdef BLK_STS_DURATION_LIMIT
#define WEIR_STS_DURATION_LIMIT BLK_STS_DURATION_LIMIT
#else
#define WEIR_STS_DURATION_LIMIT BLK_STS_OK
#endif

#ifdef BLK_STS_INVAL
#define WEIR_STS_INVAL BLK_STS_INVAL
#else
#define WEIR_STS_INVAL BLK_STS_OK
#endif

/* How much of the vector that *iter is at has been dealt with, in bytes */
#ifdef WEIR_HAVE_ITER_OFFSET
#define weir_iter_done(iter) ((iter)->bi_offset)
#else
#define weir_iter_done(iter) ((iter)->bi_bvec_done)
#endif

/* A write that is done as a whole or not at all; older kernels have none. */
#ifdef REQ_ATOMIC
#define WEIR_REQ_ATOMIC REQ_ATOMIC
#else
#define WEIR_REQ_ATOMIC ((__force blk_opf_t)0)
#endif

/* Writes of up to @bytes, a power of two or 0, that are done as a whole or not at all */
static inline void weir_limit_atomic(struct queue_limits *lim, unsigned int bytes)
{
#ifdef WEIR_HAVE_ATOMIC_WRITES
	lim->atomic_write_hw_max = bytes;
	lim->atomic_write_hw_unit_max = bytes;
	lim->atomic_write_hw_unit_min = min(bytes, lim->logical_block_size);
#ifdef BLK_FEAT_ATOMIC_WRITES
	if (bytes)
		lim->features |= BLK_FEAT_ATOMIC_WRITES;
#endif
#endif
}

/* Merging is opt-in on the older kernels. */
#ifdef WEIR_HAVE_SHOULD_MERGE
#define WEIR_MQ_F_MERGE BLK_MQ_F_SHOULD_MERGE
#else
#define WEIR_MQ_F_MERGE 0
#endif

/* A disk without schedulers: newer kernels only have it as a default. */
#ifdef WEIR_HAVE_NO_SCHED
#define WEIR_MQ_F_NO_SCHED BLK_MQ_F_NO_SCHED
#else
#define WEIR_MQ_F_NO_SCHED BLK_MQ_F_NO_SCHED_BY_DEFAULT
#endif

/*
 * The largest logical block in bytes, as a literal for modinfo. More than a
 * page needs large folios.
 */
#if defined(BLK_MAX_BLOCK_SIZE) && defined(CONFIG_TRANSPARENT_HUGEPAGE)
#define WEIR_MAX_BLOCK_SIZE BLK_MAX_BLOCK_SIZE
#define WEIR_BS_MAX 65536
#else
#define WEIR_MAX_BLOCK_SIZE PAGE_SIZE
#if PAGE_SHIFT == 12
#define WEIR_BS_MAX 4096
#elif PAGE_SHIFT == 14
#define WEIR_BS_MAX 16384
#else
#define WEIR_BS_MAX 65536
#endif
#endif

/* Write zeroes that also unmap, as a limit of its own */
static inline void weir_limit_zeroes_unmap(struct queue_limits *lim,
					   unsigned int sectors)
{
#ifdef WEIR_HAVE_WZEROES_UNMAP
	lim->max_hw_wzeroes_unmap_sectors = sectors;
#endif
}

/* ->open and ->release: of a disk, or of one of its block devices */
#ifdef WEIR_HAVE_GENDISK_OPEN

#define weir_opened struct gendisk
#define weir_open_mode blk_mode_t
#define weir_release_args(disk) struct gendisk *(disk)

static inline struct gendisk *weir_opened_disk(struct gendisk *disk)
{
	return disk;
}

#else

#define weir_opened struct block_device
#define weir_open_mode fmode_t
#define weir_release_args(disk) struct gendisk *(disk), fmode_t mode

static inline struct gendisk *weir_opened_disk(struct block_device *bdev)
{
	return bdev->bd_disk;
}

#endif

/*
 * Since 6.14 freezing also says that no memory may be had by way of I/O until the
 * queue is thawed; before that, its caller did.
 */
#ifdef WEIR_HAVE_FREEZE_FLAGS

static inline unsigned int weir_freeze_queue(struct request_queue *q)
{
	return blk_mq_freeze_queue(q);
}

static inline void weir_unfreeze_queue(struct request_queue *q, unsigned int flags)
{
	blk_mq_unfreeze_queue(q, flags);
}

#else

static inline unsigned int weir_freeze_queue(struct request_queue *q)
{
	unsigned int flags = memalloc_noio_save();

	blk_mq_freeze_queue(q);
	return flags;
}

static inline void weir_unfreeze_queue(struct request_queue *q, unsigned int flags)
{
	blk_mq_unfreeze_queue(q);
	memalloc_noio_restore(flags);
}

#endif

/*
 * blk_mq_update_nr_hw_queues() takes the scheduler off the queue and puts it back
 * after. Kernels without update_nr_hwq_lock let a user put another one on in
 * between: what it keeps for each hardware queue is then missing, and kyber and
 * weir crash. There a switch has no effect meanwhile: it is made under
 * sysfs_lock, where it looks at this flag.
 */
static inline void weir_update_nr_hw_queues(struct blk_mq_tag_set *set,
					    struct request_queue *q, int nr)
{
#ifdef WEIR_HAVE_NR_HWQ_LOCK
	blk_mq_update_nr_hw_queues(set, nr);
#else
	const unsigned int flags = set->flags & WEIR_MQ_F_NO_SCHED;
	unsigned int memflags;

	mutex_lock(&q->sysfs_lock);
	set->flags |= WEIR_MQ_F_NO_SCHED;
	mutex_unlock(&q->sysfs_lock);
	/* It calls back for memory while the queue is frozen. */
	memflags = memalloc_noio_save();
	blk_mq_update_nr_hw_queues(set, nr);
	memalloc_noio_restore(memflags);
	mutex_lock(&q->sysfs_lock);
	set->flags = (set->flags & ~WEIR_MQ_F_NO_SCHED) | flags;
	mutex_unlock(&q->sysfs_lock);
#endif
}

/*
 * What a queue is, beside its limits: since 6.11 bits of queue_limits, before
 * that flags and setters of the queue.
 */
#define WEIR_FEAT_WRITE_CACHE	BIT(0)
#define WEIR_FEAT_FUA		BIT(1)
#define WEIR_FEAT_ROTATIONAL	BIT(2)

#ifdef WEIR_HAVE_ALLOC_DISK_LIMITS

static inline void weir_set_features(struct queue_limits *lim, unsigned int feat)
{
	lim->features &= ~(BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA | BLK_FEAT_ROTATIONAL);
	if (feat & WEIR_FEAT_WRITE_CACHE)
		lim->features |= BLK_FEAT_WRITE_CACHE;
	if (feat & WEIR_FEAT_FUA)
		lim->features |= BLK_FEAT_FUA;
	if (feat & WEIR_FEAT_ROTATIONAL)
		lim->features |= BLK_FEAT_ROTATIONAL;
}

static inline struct gendisk *weir_alloc_disk(struct blk_mq_tag_set *tags,
					      struct queue_limits *lim,
					      unsigned int feat, void *data)
{
	weir_set_features(lim, feat);
	return blk_mq_alloc_disk(tags, lim, data);
}

/*
 * Change what a live queue says of itself. weir_limits_begin() comes before the queue is
 * frozen, and takes a lock that weir_limits_commit(), while it is frozen, gives back,
 * also when it fails.
 */
static inline struct queue_limits weir_limits_begin(struct request_queue *q)
{
	return queue_limits_start_update(q);
}

static inline int weir_limits_commit(struct request_queue *q, struct queue_limits *lim,
				     unsigned int feat)
{
	weir_set_features(lim, feat);
	return queue_limits_commit_update(q, lim);
}

#else

static inline void weir_set_features(struct request_queue *q, unsigned int feat)
{
	blk_queue_write_cache(q, feat & WEIR_FEAT_WRITE_CACHE, feat & WEIR_FEAT_FUA);
	if (feat & WEIR_FEAT_ROTATIONAL)
		blk_queue_flag_clear(QUEUE_FLAG_NONROT, q);
	else
		blk_queue_flag_set(QUEUE_FLAG_NONROT, q);
}

static inline struct gendisk *weir_alloc_disk(struct blk_mq_tag_set *tags,
					      struct queue_limits *lim,
					      unsigned int feat, void *data)
{
	struct gendisk *disk = blk_mq_alloc_disk(tags, data);
	struct request_queue *q;

	if (IS_ERR(disk))
		return disk;
	q = disk->queue;
	blk_queue_logical_block_size(q, lim->logical_block_size);
	blk_queue_physical_block_size(q, lim->physical_block_size);
	blk_queue_io_min(q, lim->io_min);
	blk_queue_io_opt(q, lim->io_opt);
	blk_queue_max_hw_sectors(q, lim->max_hw_sectors);
	blk_queue_max_segments(q, lim->max_segments);
	blk_queue_max_segment_size(q, lim->max_segment_size);
	if (lim->virt_boundary_mask)
		blk_queue_virt_boundary(q, lim->virt_boundary_mask);
	blk_queue_dma_alignment(q, lim->dma_alignment);
	blk_queue_max_discard_sectors(q, lim->max_hw_discard_sectors);
	q->limits.discard_granularity = lim->discard_granularity;
	if (lim->max_discard_segments)
		blk_queue_max_discard_segments(q, lim->max_discard_segments);
	blk_queue_max_secure_erase_sectors(q, lim->max_secure_erase_sectors);
	blk_queue_max_write_zeroes_sectors(q, lim->max_write_zeroes_sectors);
	weir_set_features(q, feat);
	return disk;
}

static inline struct queue_limits weir_limits_begin(struct request_queue *q)
{
	return q->limits;
}

static inline int weir_limits_commit(struct request_queue *q, struct queue_limits *lim,
				     unsigned int feat)
{
	blk_queue_max_write_zeroes_sectors(q, lim->max_write_zeroes_sectors);
	weir_set_features(q, feat);
	return 0;
}

#endif

#endif
