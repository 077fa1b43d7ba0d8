// SPDX-License-Identifier: GPL-2.0
/*
 * weir-blk: a multi-queue block device in memory, for whoever develops or tests
 * storage software. This file loads and unloads it; weir_blk.h names the rooms.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "weir_blk.h"

/* Changed only while the module loads and unloads. */
static LIST_HEAD(disks);
static struct weir_settings settings;

static void destroy_disks(void)
{
	struct weir_disk *wd, *next;

	list_for_each_entry_safe_reverse(wd, next, &disks, node) {
		list_del(&wd->node);
		weir_disk_destroy(wd);
	}
}

static int create_disks(void)
{
	int i;

	for (i = 0; i < settings.nr_devices; i++) {
		struct weir_disk *wd = weir_disk_create(&settings, i);

		if (IS_ERR(wd)) {
			pr_err("cannot create weir%d: error %ld\n", i,
			       PTR_ERR(wd));
			destroy_disks();
			return PTR_ERR(wd);
		}
		list_add_tail(&wd->node, &disks);
	}
	return 0;
}

static int __init weir_blk_init(void)
{
	int err;

	err = weir_config_load(&settings);
	if (err)
		return err;
	weir_store_limit(settings.memory_limit << (20 - PAGE_SHIFT));
	err = weir_queue_init();
	if (err)
		return err;
	weir_report_init();
	if (settings.shared_tags) {
		err = weir_shared_tags_create(&settings);
		if (err)
			goto report;
	}
	err = create_disks();
	if (err)
		goto tags;
	pr_info("%lld disk(s) of %lld GiB, %lld hardware and %lld poll queue(s)\n",
		settings.nr_devices, settings.gb, settings.submit_queues,
		settings.poll_queues);
	return 0;

tags:
	weir_shared_tags_destroy();
report:
	weir_report_exit();
	weir_queue_exit();
	rcu_barrier();
	return err;
}

/* The core refuses to come here while a disk is open. */
static void __exit weir_blk_exit(void)
{
	destroy_disks();
	weir_shared_tags_destroy();
	weir_report_exit();
	weir_queue_exit();
	rcu_barrier(); /* pages that a discard is still giving back */
}

module_init(weir_blk_init);
module_exit(weir_blk_exit);

MODULE_AUTHOR("the weir developers");
MODULE_DESCRIPTION("Multi-queue block device in memory, for testing storage software");
MODULE_LICENSE("GPL");
