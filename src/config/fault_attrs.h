/* SPDX-License-Identifier: GPL-2.0 */
/*
 * null_blk's faults: the groups timeout_inject, requeue_inject and
 * init_hctx_fault_inject of a disk's directory, and the module parameters timeout,
 * requeue and init_hctx.
 */
#ifndef WEIR_FAULT_ATTRS_H
#define WEIR_FAULT_ATTRS_H

#include <linux/configfs.h>
#include <linux/types.h>

#include "blk/inject.h"

/**
 * struct weir_attr_group - one of the three
 * @group: configfs's part
 * @wd: the disk
 * @which: of its attributes
 */
struct weir_attr_group {
	struct config_group group;
	struct weir_disk *wd;
	enum weir_attr which;
};

/* Called by configfs.c when a disk's directory is made; the groups live as long. */
void weir_attr_groups_init(struct weir_attr_group g[WEIR_NR_ATTRS], struct weir_disk *wd);

/* What the module parameters say, for a disk that is new: as weir_faults_begin(). */
void weir_fault_attrs_begin(struct weir_disk *wd);

#endif
