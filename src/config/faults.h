/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fault rules as text: the group faults/ of a disk's directory in configfs, the module
 * parameter, and a file in debugfs.
 */
#ifndef WEIR_FAULTS_H
#define WEIR_FAULTS_H

#include <linux/configfs.h>
#include <linux/types.h>

struct seq_file;
struct weir_disk;

/**
 * struct weir_faults_group - faults/ of a disk
 * @group: configfs's part
 * @wd: the disk
 */
struct weir_faults_group {
	struct config_group group;
	struct weir_disk *wd;
};

/* Called by configfs.c when a disk's directory is made; the group lives as long. */
void weir_faults_group_init(struct weir_faults_group *g, struct weir_disk *wd);

/**
 * weir_faults_begin() - the rules of the module parameter, for a disk that is new
 *
 * Called by main.c and configfs.c before anybody else has the disk. They have been
 * checked when the module was loaded.
 */
void weir_faults_begin(struct weir_disk *wd);

/* The rules with their counts, whole. Called by watch/report.c. May sleep. */
void weir_faults_show(struct weir_disk *wd, struct seq_file *m);

#endif
