/* SPDX-License-Identifier: GPL-2.0 */
/* What a disk shows to programs. */
#ifndef WEIR_JSON_H
#define WEIR_JSON_H

struct seq_file;
struct weir_disk;
struct weir_snapshot;

/*
 * stats.json: an object a line (docs/device.md). Called by report.c, which has taken
 * the snapshot and holds wd->stats.lock. @s: its op is used
 */
void weir_show_json(struct seq_file *m, struct weir_disk *wd, struct weir_snapshot *s);

#endif
