// SPDX-License-Identifier: GPL-2.0
/*
 * From settings to /dev/weirN: tag set, queue limits, gendisk, and all of it
 * down again.
 */
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "compat/blk.h"
#include "weir_blk.h"

/* The tag set of shared_tags=1. Made before the first disk that uses it. */
static struct blk_mq_tag_set shared_tags;

static int tags_create(struct blk_mq_tag_set *tags, const struct weir_settings *s)
{
	memset(tags, 0, sizeof(*tags));
	tags->ops = &weir_mq_ops;
	tags->nr_hw_queues = s->submit_queues + s->poll_queues;
	tags->nr_maps = s->poll_queues ? HCTX_MAX_TYPES : 1;
	tags->queue_depth = s->hw_queue_depth;
	tags->numa_node = s->home_node;
	tags->cmd_size = sizeof(struct weir_cmd);
	tags->driver_data = (void *)s;
	tags->flags = WEIR_MQ_F_MERGE;
	if (s->no_sched)
		tags->flags |= WEIR_MQ_F_NO_SCHED;
	if (s->shared_tag_bitmap)
		tags->flags |= BLK_MQ_F_TAG_HCTX_SHARED;
	if (s->blocking)
		tags->flags |= BLK_MQ_F_BLOCKING;
	return blk_mq_alloc_tag_set(tags);
}

/* @s must outlive the tag set. */
int weir_shared_tags_create(const struct weir_settings *s)
{
	return tags_create(&shared_tags, s);
}

void weir_shared_tags_destroy(void)
{
	if (shared_tags.ops)
		blk_mq_free_tag_set(&shared_tags);
}

/* A disk that was made read-only stays so: blockdev --setrw is refused. */
static int weir_set_read_only(struct block_device *bdev, bool ro)
{
	struct weir_disk *wd = bdev->bd_disk->private_data;

	return wd->set.read_only && !ro ? -EACCES : 0;
}

static const struct block_device_operations weir_fops = {
	.owner		= THIS_MODULE,
	.set_read_only	= weir_set_read_only,
};

static void set_limits(struct queue_limits *lim, const struct weir_settings *s)
{
	/*
	 * A bio's length is u32 bytes, so this is "no limit"; a round one, so
	 * that what is split here still covers whole pages.
	 */
	const unsigned int all_sectors = round_down(UINT_MAX, SZ_1M) >> SECTOR_SHIFT;

	lim->logical_block_size = s->bs;
	lim->physical_block_size = s->bs;
	lim->max_hw_sectors = s->max_sectors ? s->max_sectors : all_sectors;
	lim->max_segments = USHRT_MAX;
	lim->max_segment_size = UINT_MAX;
	if (s->virt_boundary)
		lim->virt_boundary_mask = PAGE_SIZE - 1;
	lim->dma_alignment = 3; /* as NVMe: bytes are copied, by whatever length */
	lim->max_write_zeroes_sectors = all_sectors;
	if (s->discard) {
		lim->max_hw_discard_sectors = all_sectors;
		lim->discard_granularity = s->bs;
		lim->max_secure_erase_sectors = all_sectors;
		weir_limit_zeroes_unmap(lim, all_sectors);
	}
}

static unsigned int features(const struct weir_settings *s)
{
	unsigned int feat = 0;

	if (s->write_cache)
		feat |= WEIR_FEAT_WRITE_CACHE;
	if (s->write_cache && s->fua)
		feat |= WEIR_FEAT_FUA;
	if (s->rotational)
		feat |= WEIR_FEAT_ROTATIONAL;
	return feat;
}

/**
 * weir_disk_create() - make /dev/weir@index
 * @s: resolved settings
 * @index: its number
 *
 * The disk is live, and may be open, when this returns.
 *
 * Return: the disk or an ERR_PTR.
 */
struct weir_disk *weir_disk_create(const struct weir_settings *s, int index)
{
	struct queue_limits lim = {};
	struct weir_disk *wd;
	int err;

	wd = kzalloc_node(sizeof(*wd), GFP_KERNEL, s->home_node);
	if (!wd)
		return ERR_PTR(-ENOMEM);
	wd->set = *s;
	wd->index = index;
	err = weir_store_init(&wd->store, (u64)s->gb * SZ_1G, s->home_node);
	if (err)
		goto free_disk;

	wd->tags = s->shared_tags ? &shared_tags : &wd->own_tags;
	if (!s->shared_tags) {
		err = tags_create(&wd->own_tags, &wd->set);
		if (err)
			goto free_store;
	}

	set_limits(&lim, s);
	wd->disk = weir_alloc_disk(wd->tags, &lim, features(s), wd);
	if (IS_ERR(wd->disk)) {
		err = PTR_ERR(wd->disk);
		goto free_tags;
	}
	wd->disk->fops = &weir_fops;
	wd->disk->private_data = wd;
	snprintf(wd->disk->disk_name, DISK_NAME_LEN, "weir%d", index);
	set_capacity(wd->disk, (u64)s->gb * (SZ_1G >> SECTOR_SHIFT));
	set_disk_ro(wd->disk, s->read_only);

	/* Before add_disk(), whose partition scan already does I/O. */
	weir_report_add(wd);
	err = add_disk(wd->disk);
	if (err)
		goto put_disk;
	return wd;

put_disk:
	weir_report_del(wd);
	put_disk(wd->disk);
free_tags:
	if (!s->shared_tags)
		blk_mq_free_tag_set(&wd->own_tags);
free_store:
	weir_store_free(&wd->store);
free_disk:
	kfree(wd);
	return ERR_PTR(err);
}

/**
 * weir_disk_destroy() - the reverse; requests under way complete first
 * @wd: a disk that nobody can open any more
 */
void weir_disk_destroy(struct weir_disk *wd)
{
	weir_report_del(wd);	/* it shows hardware queues, which go next */
	del_gendisk(wd->disk);
	put_disk(wd->disk);
	if (wd->tags == &wd->own_tags)
		blk_mq_free_tag_set(&wd->own_tags);
	weir_store_free(&wd->store);
	kfree(wd);
}
