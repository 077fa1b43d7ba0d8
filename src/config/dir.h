/* SPDX-License-Identifier: GPL-2.0 */
/* A directory in configfs, for the files that have its attributes. */
#ifndef WEIR_DIR_H
#define WEIR_DIR_H

#include <linux/configfs.h>

#include "fault_attrs.h"
#include "faults.h"
#include "model_config.h"
#include "settings.h"

struct weir_disk;

/**
 * struct weir_dir - a directory
 * @group: configfs's part
 * @wd: the disk; lives until rmdir, after which no attribute is called
 * @faults: its fault rules, a group of their own
 * @attrs: null_blk's faults, likewise
 * @asked: what its attributes say, as written. Under the disk's mutex
 * @media: the same for the media model
 */
struct weir_dir {
	struct config_group group;
	struct weir_disk *wd;
	struct weir_faults_group faults;
	struct weir_attr_group attrs[WEIR_NR_ATTRS];
	struct weir_settings asked;
	struct weir_model_config media;
};

static inline struct weir_dir *weir_to_dir(struct config_item *item)
{
	return container_of(to_config_group(item), struct weir_dir, group);
}

/**
 * weir_dir_insist() - do what a disk must be closed for
 * @wd: the disk
 * @attempt: called with its mutex held, until it returns anything but -EBUSY
 *
 * For what was written to configfs. Context: process; sleeps, for a second at most: udev
 * looks at each disk that somebody had open for writing, and is gone soon.
 *
 * Return: what @attempt returned last.
 */
int weir_dir_insist(struct weir_disk *wd, int (*attempt)(struct weir_disk *wd));

#endif
