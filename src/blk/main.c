// SPDX-License-Identifier: GPL-2.0
/*
 * weir-blk: a multi-queue block device in memory, for whoever develops or tests
 * storage software. This file loads and unloads it; docs/device.md names the rooms.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "config/config.h"
#include "config/configfs.h"
#include "config/fault_attrs.h"
#include "config/faults.h"
#include "config/params.h"
#include "store/store.h"
#include "watch/report.h"

#include "disk.h"
#include "take.h"

/* The disks that the parameters ask for. Changed only on load and unload. */
static struct weir_disk **module_disks;
static int nr_module_disks;

static int create_disk(int i)
{
	char name[DISK_NAME_LEN];
	struct weir_disk *wd;
	int err;

	snprintf(name, sizeof(name), "weir%d", i);
	wd = weir_disk_new(name, NULL);
	if (IS_ERR(wd))
		return PTR_ERR(wd);
	weir_faults_begin(wd);
	weir_fault_attrs_begin(wd);
	mutex_lock(&wd->mutex);
	err = weir_disk_power_on(wd, &weir_module_settings, weir_media_params());
	mutex_unlock(&wd->mutex);
	if (err) {
		weir_disk_free(wd);
		return err;
	}
	module_disks[nr_module_disks++] = wd;
	return 0;
}

static int power_off(struct weir_disk *wd)
{
	int err;

	mutex_lock(&wd->mutex);
	err = weir_disk_power_off(wd, false);
	mutex_unlock(&wd->mutex);
	return err;
}

/*
 * Nobody can have one open when the module is unloaded; when it fails to load,
 * udev may still be looking at one.
 */
static void destroy_disks(void)
{
	while (nr_module_disks) {
		struct weir_disk *wd = module_disks[--nr_module_disks];

		while (power_off(wd) == -EBUSY)
			msleep(20);
		weir_disk_free(wd);
	}
	kfree(module_disks);
}

static int create_disks(void)
{
	const int nr = weir_module_settings.nr_devices;
	int i, err = 0;

	module_disks = kcalloc(nr, sizeof(*module_disks), GFP_KERNEL);
	if (!module_disks)
		return -ENOMEM;
	for (i = 0; i < nr && !err; i++)
		err = create_disk(i);
	if (err)
		destroy_disks();
	return err;
}

static int __init weir_blk_init(void)
{
	struct weir_settings *s = &weir_module_settings;
	int err;

	*s = *weir_params();
	err = weir_config_resolve(s, false);
	if (err)
		return err;
	weir_store_init(s->memory_limit << (20 - PAGE_SHIFT));
	err = weir_take_init();
	if (err)
		return err;
	weir_report_init();
	err = create_disks();
	if (err)
		goto report;
	err = weir_configfs_init();
	if (err)
		goto disks;
	pr_info("%lld disk(s) of %lld GiB, %lld hardware and %lld poll queue(s)\n",
		s->nr_devices, s->gb, s->submit_queues, s->poll_queues);
	weir_disk_say_promise("all disks", s, (u64)s->nr_devices * s->gb << 10);
	return 0;

disks:
	destroy_disks();
report:
	weir_shared_tags_destroy();
	weir_report_exit();
	weir_take_exit();
	rcu_barrier();
	return err;
}

/* The core refuses to come here while a disk is open or has a directory. */
static void __exit weir_blk_exit(void)
{
	weir_configfs_exit();
	destroy_disks();
	weir_shared_tags_destroy();
	weir_report_exit();
	weir_take_exit();
	rcu_barrier(); /* pages that a discard is still giving back */
}

module_init(weir_blk_init);
module_exit(weir_blk_exit);

MODULE_AUTHOR("the weir developers");
MODULE_DESCRIPTION("Multi-queue block device in memory, for testing storage software");
MODULE_LICENSE("GPL");
MODULE_VERSION(WEIR_VERSION);
