// SPDX-License-Identifier: GPL-2.0
/*
 * From settings to a block device: tag set, queue limits, gendisk, and all of it
 * down again. What was written stays, as in null_blk, until the disk is freed.
 */
#include <linux/device/class.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "compat/blk.h"
#include "config/config.h"
#include "config/configfs.h"
#include "config/model_config.h"
#include "config/params.h"
#include "media/media.h"
#include "watch/report.h"

#include "cmd.h"
#include "disk.h"
#include "drive.h"
#include "hctx.h"
#include "verdict.h"

/* All disks, on or off, and the numbers of those that are on */
static LIST_HEAD(disks);
static DEFINE_IDA(indexes);

/* The tag set of shared_tags=1. Made for the first disk that uses it. */
static struct weir_tags shared_tags;

static int tags_create(struct weir_tags *tags, const struct weir_settings *s,
		       struct weir_disk *owner)
{
	struct blk_mq_tag_set *set = &tags->set;
	int err;

	memset(tags, 0, sizeof(*tags));
	tags->owner = owner;
	tags->submit_queues = s->submit_queues;
	tags->old_submit_queues = s->submit_queues;
	tags->old_poll_queues = s->poll_queues;
	tags->poll_queues = s->poll_queues;
	set->ops = &weir_mq_ops;
	set->nr_hw_queues = s->submit_queues + s->poll_queues;
	set->nr_maps = HCTX_MAX_TYPES; /* poll queues may come later */
	set->queue_depth = s->hw_queue_depth;
	set->numa_node = s->home_node;
	set->cmd_size = sizeof(struct weir_cmd);
	set->flags = WEIR_MQ_F_MERGE;
	if (s->no_sched)
		set->flags |= WEIR_MQ_F_NO_SCHED;
	if (s->shared_tag_bitmap)
		set->flags |= BLK_MQ_F_TAG_HCTX_SHARED;
	if (s->blocking)
		set->flags |= BLK_MQ_F_BLOCKING;
	err = blk_mq_alloc_tag_set(set);
	if (err)
		set->ops = NULL;
	return err;
}

/* As null_blk, the shared set is what the module's parameters say, not a disk's. */
static int use_shared_tags(struct weir_disk *wd)
{
	const struct weir_settings *s = &weir_module_settings;
	int err;

	if (!shared_tags.set.ops) {
		err = tags_create(&shared_tags, s, NULL);
		if (err)
			return err;
	}
	wd->tags = &shared_tags;
	wd->set.submit_queues = s->submit_queues;
	wd->set.poll_queues = s->poll_queues;
	wd->set.hw_queue_depth = s->hw_queue_depth;
	wd->set.shared_tag_bitmap = s->shared_tag_bitmap;
	wd->set.no_sched = s->no_sched;
	wd->set.blocking = s->blocking;
	return 0;
}

static int get_tags(struct weir_disk *wd)
{
	if (wd->set.shared_tags)
		return use_shared_tags(wd);
	wd->tags = &wd->own_tags;
	return tags_create(&wd->own_tags, &wd->set, wd);
}

static void put_tags(struct weir_disk *wd)
{
	if (wd->tags == &wd->own_tags)
		blk_mq_free_tag_set(&wd->own_tags.set);
	wd->tags = NULL;
}

/* For when there is no disk any more. */
void weir_shared_tags_destroy(void)
{
	if (shared_tags.set.ops)
		blk_mq_free_tag_set(&shared_tags.set);
}

/*
 * Opens. A disk with a directory in configfs keeps rmdir away for as long as it
 * is open. open_mutex is held in both of these.
 */
static int weir_open(weir_opened *what, weir_open_mode mode)
{
	struct weir_disk *wd = weir_opened_disk(what)->private_data;

	if (wd->dying)
		return -ENXIO;
	return wd->item ? weir_configfs_pin(wd->item) : 0;
}

static void weir_release(weir_release_args(disk))
{
	struct weir_disk *wd = disk->private_data;

	if (wd->item)
		weir_configfs_unpin(wd->item);
}

/* A disk that was made read-only stays so: blockdev --setrw is refused. */
static int weir_set_read_only(struct block_device *bdev, bool ro)
{
	struct weir_disk *wd = bdev->bd_disk->private_data;

	return wd->set.read_only && !ro ? -EACCES : 0;
}

static const struct block_device_operations weir_fops = {
	.owner		= THIS_MODULE,
	.open		= weir_open,
	.release	= weir_release,
	.set_read_only	= weir_set_read_only,
};

static void set_limits(struct queue_limits *lim, const struct weir_settings *s,
		       const struct weir_model *model)
{
	/*
	 * A bio's length is u32 bytes, so this is "no limit"; a round one, so
	 * that what is split here still covers whole pages.
	 */
	const unsigned int all_sectors = round_down(UINT_MAX, SZ_1M) >> SECTOR_SHIFT;
	unsigned int discard_sectors = all_sectors;

	lim->logical_block_size = s->bs;
	lim->physical_block_size = s->bs;
	lim->max_hw_sectors = s->max_sectors ? s->max_sectors : all_sectors;
	lim->max_segments = USHRT_MAX;
	lim->max_segment_size = UINT_MAX;
	if (s->virt_boundary)
		lim->virt_boundary_mask = PAGE_SIZE - 1;
	lim->dma_alignment = 3; /* as NVMe: bytes are copied, by whatever length */
	/* What a model unmaps, it unmaps with interrupts off. */
	if (model->kind != WEIR_KIND_NONE)
		discard_sectors = min_t(u64, all_sectors,
					weir_media_discard_sectors(model, (u64)s->size << 20));
	lim->max_write_zeroes_sectors = discard_sectors;
	if (s->discard) {
		lim->max_hw_discard_sectors = discard_sectors;
		lim->discard_granularity = s->bs;
		lim->max_secure_erase_sectors = discard_sectors;
		weir_limit_zeroes_unmap(lim, discard_sectors);
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

/* Is there a block device of the name, whoever made it? */
static bool name_taken(struct weir_disk *wd)
{
	struct device *other =
		class_find_device_by_name(disk_to_dev(wd->disk)->class, wd->name);

	put_device(other);
	return other;
}

static int add(struct weir_disk *wd)
{
	const struct weir_settings *s = &wd->set;
	struct gendisk *disk = wd->disk;
	int err;

	disk->fops = &weir_fops;
	disk->private_data = wd;
	strscpy(disk->disk_name, wd->name, DISK_NAME_LEN);
	set_capacity(disk, (u64)s->size * (SZ_1M >> SECTOR_SHIFT));
	set_disk_ro(disk, s->read_only);
	if (name_taken(wd)) {
		pr_err("%s: there is a block device of this name already\n", wd->name);
		return -EEXIST;
	}
	err = weir_store_resize(&wd->store, (u64)s->size * SZ_1M, s->home_node);
	if (err)
		return err;
	/* Before add_disk(), whose partition scan already does I/O. */
	weir_report_add(wd);
	err = add_disk(disk);
	if (err)
		weir_report_del(wd);
	return err;
}

/* The hardware queues are new. */
static void begin_counting(struct weir_disk *wd)
{
	mutex_lock(&wd->stats.lock);
	memset(&wd->base, 0, sizeof(wd->base));
	weir_stats_reset(&wd->stats);
	mutex_unlock(&wd->stats.lock);
}

/* What the disk is from here on, as long as it is on. Nothing can fail. */
static void take_settings(struct weir_disk *wd, const struct weir_settings *asked,
			  const struct weir_model_config *media)
{
	wd->set = *asked;
	if (media->model.kind != WEIR_KIND_NONE) {
		wd->set.rotational |= media->profile->rotational;
		wd->set.write_cache &= media->profile->write_cache;
	}
	wd->check = wd->set.read_only || rcu_access_pointer(wd->bad);
	wd->dying = false;
	atomic64_set(&wd->bandwidth_ns, 0);
}

int weir_disk_power_on(struct weir_disk *wd, const struct weir_settings *asked,
		       const struct weir_model_config *media)
{
	const struct weir_settings *s = &wd->set;
	struct queue_limits lim = {};
	struct gendisk *disk;
	int err;

	lockdep_assert_held(&weir_config_mutex);
	take_settings(wd, asked, media);
	err = get_tags(wd);
	if (err)
		goto failed;
	err = ida_alloc(&indexes, GFP_KERNEL);
	if (err < 0)
		goto put_tags;
	wd->set.index = err;
	err = weir_queues_create(wd);
	if (err)
		goto free_index;
	err = weir_drive_start(wd, &media->model);
	if (err)
		goto free_queues;
	set_limits(&lim, s, &media->model);
	disk = weir_alloc_disk(&wd->tags->set, &lim, features(s), wd);
	if (IS_ERR(disk)) {
		err = PTR_ERR(disk);
		goto stop_drive;
	}
	wd->disk = disk;
	begin_counting(wd);
	err = add(wd);
	if (err)
		goto put_disk;
	return 0;

put_disk:
	put_disk(disk);
	wd->disk = NULL;
stop_drive:
	weir_drive_stop(wd);
free_queues:
	weir_queues_destroy(wd);
free_index:
	ida_free(&indexes, wd->set.index);
put_tags:
	put_tags(wd);
failed:
	pr_err("cannot create %s: error %d\n", wd->name, err);
	return err;
}

void weir_disk_shut(struct weir_disk *wd)
{
	lockdep_assert_held(&weir_config_mutex);
	mutex_lock(&wd->disk->open_mutex);
	wd->dying = true;
	mutex_unlock(&wd->disk->open_mutex);
}

int weir_disk_power_off(struct weir_disk *wd)
{
	bool busy;

	lockdep_assert_held(&weir_config_mutex);
	mutex_lock(&wd->disk->open_mutex);
	busy = disk_openers(wd->disk);
	wd->dying = !busy;
	mutex_unlock(&wd->disk->open_mutex);
	if (busy)
		return -EBUSY;

	weir_report_del(wd);	/* it shows the hardware queues */
	del_gendisk(wd->disk);
	put_disk(wd->disk);
	wd->disk = NULL;
	weir_drive_stop(wd);
	weir_queues_destroy(wd);
	ida_free(&indexes, wd->set.index);
	put_tags(wd);
	return 0;
}

struct weir_disk *weir_disk_new(const char *name, struct config_item *item)
{
	struct weir_disk *wd;

	lockdep_assert_held(&weir_config_mutex);
	list_for_each_entry(wd, &disks, node)
		if (!strcmp(wd->name, name))
			return ERR_PTR(-EEXIST);
	wd = kzalloc(sizeof(*wd), GFP_KERNEL);
	if (!wd)
		return ERR_PTR(-ENOMEM);
	mutex_init(&wd->drive_mutex);
	weir_stats_init(&wd->stats);
	strscpy(wd->name, name, sizeof(wd->name));
	wd->item = item;
	list_add_tail(&wd->node, &disks);
	return wd;
}

void weir_disk_free(struct weir_disk *wd)
{
	lockdep_assert_held(&weir_config_mutex);
	list_del(&wd->node);
	weir_store_free(&wd->store);
	weir_disk_forget_bad(wd);
	weir_stats_free(&wd->stats);
	mutex_destroy(&wd->drive_mutex);
	kfree(wd);
}
