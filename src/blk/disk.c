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
#include "cut.h"
#include "disk.h"
#include "drive.h"
#include "hctx.h"
#include "inject.h"
#include "unplug.h"
#include "verdict.h"

/* All disks, on or off, and the numbers of those that are on */
static LIST_HEAD(disks);
static DEFINE_IDA(indexes);

/* The tag set of shared_tags=1. Made for the first disk that uses it. */
static struct weir_tags shared_tags;

/* Protects both of these. Taken inside a disk's mutex, and held for no I/O. */
static DEFINE_MUTEX(common_mutex);

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
	int err = 0;

	mutex_lock(&common_mutex);
	if (!shared_tags.set.ops)
		err = tags_create(&shared_tags, s, NULL);
	mutex_unlock(&common_mutex);
	if (err)
		return err;
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

/*
 * A bio's length is u32 bytes, so this is "no limit"; a round one, so that what is
 * split here still covers whole pages.
 */
#define ALL_SECTORS ((unsigned int)(round_down(UINT_MAX, SZ_1M) >> SECTOR_SHIFT))

void weir_disk_limit_zeroes(struct queue_limits *lim, const struct weir_settings *s,
			    const struct weir_model *model)
{
	lim->max_write_zeroes_sectors = min_t(u64, ALL_SECTORS, weir_media_zeroes_sectors(model));
	if (s->discard)
		weir_limit_zeroes_unmap(lim, lim->max_write_zeroes_sectors);
}

static void set_limits(struct queue_limits *lim, const struct weir_settings *s,
		       const struct weir_model *model)
{
	lim->logical_block_size = s->bs;
	lim->physical_block_size = s->physical_block_size;
	lim->io_min = s->io_min ?: s->physical_block_size;
	lim->io_opt = s->io_opt;
	lim->max_hw_sectors = s->max_sectors ? s->max_sectors : ALL_SECTORS;
	lim->max_segments = USHRT_MAX;
	lim->max_segment_size = UINT_MAX;
	if (s->virt_boundary)
		lim->virt_boundary_mask = PAGE_SIZE - 1;
	weir_limit_atomic(lim, s->atomic_kib << 10);
	lim->dma_alignment = 3; /* as NVMe: bytes are copied, by whatever length */
	if (s->discard) {
		lim->max_hw_discard_sectors = ALL_SECTORS;
		lim->discard_granularity = s->discard_granularity ?: s->physical_block_size;
		lim->max_discard_segments = s->max_discard_segments;
		lim->max_secure_erase_sectors = ALL_SECTORS;
	}
	weir_disk_limit_zeroes(lim, s, model);
}

unsigned int weir_disk_features(const struct weir_settings *s)
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
	err = weir_store_resize(&wd->store, (u64)s->size * SZ_1M, s->bs, s->home_node);
	if (err)
		return err;
	/* Before add_disk(), whose partition scan already does I/O. */
	weir_report_add(wd);
	err = add_disk(disk);
	if (err)
		weir_report_del(wd);
	return err;
}

void weir_disk_report_media(const struct weir_disk *wd, const struct weir_model_config *media,
			    struct weir_settings *s)
{
	const struct weir_profile *p = media->profile;
	bool model = media->model.kind != WEIR_KIND_NONE;

	s->rotational = wd->own_rotational || (model && p->rotational);
	s->write_cache = wd->own_write_cache && (!model || p->write_cache);
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
	wd->own_rotational = asked->rotational;
	wd->own_write_cache = asked->write_cache;
	weir_disk_report_media(wd, media, &wd->set);
	wd->gone = false;
	wd->dying = false;
	atomic64_set(&wd->bandwidth_ns, 0);
	weir_verdict_update(wd);
}

void weir_disk_say_promise(const char *who, const struct weir_settings *s, u64 mib)
{
	const u64 limit = weir_store_limit_pages() >> (20 - PAGE_SHIFT);

	if (s->memory_backed && mib > limit)
		pr_notice("%s: %llu MiB, but memory_limit is %llu MiB for the data of all disks: writes to new places past it fail with ENOSPC\n",
			  who, mib, limit);
}

int weir_disk_power_on(struct weir_disk *wd, const struct weir_settings *asked,
		       const struct weir_model_config *media)
{
	const struct weir_settings *s = &wd->set;
	struct queue_limits lim = {};
	struct gendisk *disk;
	int err;

	lockdep_assert_held(&wd->mutex);
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
	err = weir_cut_start(wd);
	if (err)
		goto stop_drive;
	set_limits(&lim, s, &media->model);
	disk = weir_alloc_disk(&wd->tags->set, &lim, weir_disk_features(s), wd);
	if (IS_ERR(disk)) {
		err = PTR_ERR(disk);
		goto stop_cut;
	}
	wd->disk = disk;
	weir_drive_scale_timeout(wd, 1);
	begin_counting(wd);
	weir_inject_start(wd);
	err = add(wd);
	if (err)
		goto put_disk;
	if (wd->item)
		weir_disk_say_promise(wd->name, s, s->size);
	return 0;

put_disk:
	weir_inject_stop(wd);
	put_disk(disk);
	wd->disk = NULL;
stop_cut:
	weir_cut_stop(wd);
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
	lockdep_assert_held(&wd->mutex);
	mutex_lock(&wd->disk->open_mutex);
	wd->dying = true;
	mutex_unlock(&wd->disk->open_mutex);
}

int weir_disk_power_off(struct weir_disk *wd, bool force)
{
	bool busy;

	lockdep_assert_held(&wd->mutex);
	mutex_lock(&wd->disk->open_mutex);
	busy = disk_openers(wd->disk) && !force;
	wd->dying = !busy;
	mutex_unlock(&wd->disk->open_mutex);
	if (busy)
		return -EBUSY;

	weir_cut_disarm(wd);
	if (force)
		weir_disk_unplug(wd);
	weir_report_del(wd);	/* it shows the hardware queues */
	weir_inject_stop(wd);
	del_gendisk(wd->disk);
	weir_cut_wait(wd);	/* the last requests may have met a trigger */
	put_disk(wd->disk);
	wd->disk = NULL;
	weir_cut_stop(wd);
	weir_drive_stop(wd);
	weir_queues_destroy(wd);
	ida_free(&indexes, wd->set.index);
	put_tags(wd);
	return 0;
}

static void disk_free(struct weir_disk *wd)
{
	weir_store_free(&wd->store);
	weir_cut_exit(wd);
	weir_disk_forget_bad(wd);
	weir_inject_destroy(wd);
	weir_stats_free(&wd->stats);
	mutex_destroy(&wd->drive_mutex);
	mutex_destroy(&wd->mutex);
	kfree(wd);
}

struct weir_disk *weir_disk_new(const char *name, struct config_item *item)
{
	struct weir_disk *wd, *new;
	bool taken = false;

	new = kzalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		return ERR_PTR(-ENOMEM);
	if (weir_inject_create(new)) {
		kfree(new);
		return ERR_PTR(-ENOMEM);
	}
	mutex_init(&new->mutex);
	mutex_init(&new->drive_mutex);
	weir_stats_init(&new->stats);
	weir_cut_init(new);
	strscpy(new->name, name, sizeof(new->name));
	new->item = item;
	mutex_lock(&common_mutex);
	list_for_each_entry(wd, &disks, node)
		taken |= !strcmp(wd->name, name);
	if (!taken)
		list_add_tail(&new->node, &disks);
	mutex_unlock(&common_mutex);
	if (!taken)
		return new;
	disk_free(new);
	return ERR_PTR(-EEXIST);
}

struct weir_disk *weir_disk_borrow(const char *name)
{
	struct weir_disk *wd;

	mutex_lock(&common_mutex);
	list_for_each_entry(wd, &disks, node)
		if (!strcmp(wd->name, name) && mutex_trylock(&wd->mutex))
			return wd;
	mutex_unlock(&common_mutex);
	return NULL;
}

void weir_disk_return(struct weir_disk *wd)
{
	mutex_unlock(&wd->mutex);
	mutex_unlock(&common_mutex);
}

void weir_disk_free(struct weir_disk *wd)
{
	mutex_lock(&common_mutex);
	list_del(&wd->node);
	mutex_unlock(&common_mutex);
	disk_free(wd);
}
