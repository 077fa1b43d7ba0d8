/* SPDX-License-Identifier: GPL-2.0 */
/* What a disk shows in debugfs; report.c lists the files. */
#ifndef WEIR_REPORT_H
#define WEIR_REPORT_H

struct weir_disk;

/* The folder of all disks. Called by main.c on load and unload. */
void weir_report_init(void);
void weir_report_exit(void);

/*
 * A disk's own folder. Called by disk.c when the disk goes on, its hardware queues
 * being there, and before they go. weir_report_del() waits for readers, so that what
 * they read may be freed after. Both may sleep.
 */
void weir_report_add(struct weir_disk *wd);
void weir_report_del(struct weir_disk *wd);

#endif
