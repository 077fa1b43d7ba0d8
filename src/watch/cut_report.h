/* SPDX-License-Identifier: GPL-2.0 */
/* What debugfs says of durability and the power cut. */
#ifndef WEIR_CUT_REPORT_H
#define WEIR_CUT_REPORT_H

struct dentry;
struct weir_disk;

/* Make the files in a disk's directory. Called by report.c. */
void weir_cut_report_add(struct weir_disk *wd, struct dentry *dir);

#endif
