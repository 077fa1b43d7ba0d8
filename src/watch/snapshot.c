// SPDX-License-Identifier: GPL-2.0
/* What a disk has counted since the last reset, and what it is called. */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "blk/disk.h"
#include "blk/drive.h"

#include "snapshot.h"

const struct weir_op_name weir_op_names[WEIR_STAT_OPS] = {
	[WEIR_STAT_READ] = { "read", REQ_OP_READ },
	[WEIR_STAT_WRITE] = { "write", REQ_OP_WRITE },
	[WEIR_STAT_FLUSH] = { "flush", REQ_OP_FLUSH },
	[WEIR_STAT_DISCARD] = { "discard", REQ_OP_DISCARD },
	[WEIR_STAT_SECURE_ERASE] = { "secure_erase", REQ_OP_SECURE_ERASE },
	[WEIR_STAT_WRITE_ZEROES] = { "write_zeroes", REQ_OP_WRITE_ZEROES },
};

const char *const weir_part_names[WEIR_MEDIA_NR_PARTS] = {
	[WEIR_PART_QUEUE] = "queue",
	[WEIR_PART_CACHE] = "cache",
	[WEIR_PART_CHANNEL] = "channel",
	[WEIR_PART_DIE] = "die",
	[WEIR_PART_GC] = "gc",
	[WEIR_PART_SERVICE] = "service",
};

/* Each call may find another model, with more dies, or none. */
static int snapshot_media(struct weir_disk *wd, struct weir_snapshot *s)
{
	u32 max = 0;

	for (;;) {
		s->has_media = weir_disk_media(wd, &s->media, s->busy_ns, max);
		if (!s->has_media || s->media.nr_dies <= max)
			return 0;
		max = s->media.nr_dies;
		kvfree(s->busy_ns);
		s->busy_ns = kvcalloc(max, sizeof(*s->busy_ns), GFP_KERNEL);
		if (!s->busy_ns)
			return -ENOMEM;
	}
}

void weir_snapshot_free(struct weir_snapshot *s)
{
	kvfree(s->busy_ns);
	kvfree(s);
}

struct weir_snapshot *weir_snapshot_take(struct weir_disk *wd)
{
	struct weir_snapshot *s = kvzalloc(sizeof(*s), GFP_KERNEL);
	u64 *count = (u64 *)&s->count, *base = (u64 *)&wd->base, taken;
	size_t i;

	if (!s)
		return NULL;
	if (snapshot_media(wd, s)) {
		weir_snapshot_free(s);
		return NULL;
	}
	s->now_ns = ktime_get_ns();
	weir_counters_sum(wd, &s->count);
	/* The two were not read at the same time. */
	taken = weir_counters_ops(&s->count);
	if (taken > s->count.completed)
		s->in_flight = taken - s->count.completed;
	for (i = 0; i < sizeof(s->count) / sizeof(u64); i++)
		count[i] -= base[i];
	return s;
}

void weir_snapshot_reset(struct weir_disk *wd)
{
	mutex_lock(&wd->stats.lock);
	weir_counters_sum(wd, &wd->base);
	weir_stats_reset(&wd->stats);
	weir_disk_media_reset(wd);
	mutex_unlock(&wd->stats.lock);
}

void weir_show_amplification(struct seq_file *m, const struct weir_media_stats *s)
{
	u64 milli = 0;

	/* Units are KiB and more: a thousand times as many fit in u64. */
	if (s->host_units)
		milli = div64_u64(s->programmed_units * 1000, s->host_units);
	seq_printf(m, "%llu.%03u", div_u64(milli, 1000),
		   (u32)(milli - div_u64(milli, 1000) * 1000));
}
