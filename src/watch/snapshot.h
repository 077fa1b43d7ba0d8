/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A disk at a moment, for whatever shows it: as text (report.c) or to programs
 * (json.c). What is shown is what happened since the last reset.
 */
#ifndef WEIR_SNAPSHOT_H
#define WEIR_SNAPSHOT_H

#include <linux/blk_types.h>
#include <linux/types.h>

#include "media/media.h"

#include "counters.h"
#include "stats.h"

struct seq_file;
struct weir_disk;

/* What operations are called, by weir_stat_op, and which they are to blk-mq. */
struct weir_op_name {
	const char *name;
	enum req_op op;
};

extern const struct weir_op_name weir_op_names[WEIR_STAT_OPS];

/* What the parts of a media model's time are called, by weir_media_part. */
extern const char *const weir_part_names[WEIR_MEDIA_NR_PARTS];

/**
 * struct weir_snapshot - a disk at a moment, less what there was at the last reset
 * @now_ns: the moment
 * @in_flight: requests taken and not given back
 * @count: see struct weir_counters
 * @op: the operation that is being shown
 * @has_media: the disk has a media model; what follows is its
 * @media: and what it has counted
 * @busy_ns: of each die, how long it was busy
 */
struct weir_snapshot {
	u64 now_ns;
	u64 in_flight;
	struct weir_counters count;
	struct weir_op_stats op;
	bool has_media;
	struct weir_media_stats media;
	u64 *busy_ns;
};

/**
 * weir_snapshot_take() - what a disk that is on has counted
 *
 * The caller holds wd->stats.lock until it has shown it. May sleep.
 *
 * Return: the snapshot, for weir_snapshot_free(); NULL if there is no memory.
 */
struct weir_snapshot *weir_snapshot_take(struct weir_disk *wd);
void weir_snapshot_free(struct weir_snapshot *s);

/* The next snapshot begins anew. The disk is on. May sleep. */
void weir_snapshot_reset(struct weir_disk *wd);

/* Print write amplification with three decimals; 0 before anything was written. */
void weir_show_amplification(struct seq_file *m, const struct weir_media_stats *s);

#endif
