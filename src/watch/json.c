// SPDX-License-Identifier: GPL-2.0
/*
 * A disk as JSON: one object for the disk, one for each operation with its histogram,
 * one for the media model if there is one. Fields are only ever added.
 */
#include <linux/seq_file.h>

#include "blk/disk.h"

#include "json.h"
#include "snapshot.h"

static void json_disk(struct seq_file *m, struct weir_disk *wd, struct weir_snapshot *s)
{
	const struct weir_counters *c = &s->count;

	seq_printf(m, "{\"type\":\"disk\",\"disk\":\"%s\",\"now_ns\":%llu,\"since_ns\":%llu,\"resets\":%llu,\"timing\":%s,\"in_flight\":%llu",
		   wd->disk->disk_name, s->now_ns, wd->stats.since_ns,
		   wd->stats.resets, READ_ONCE(wd->timing) ? "true" : "false", s->in_flight);
	seq_printf(m, ",\"requests\":%llu,\"completed\":%llu,\"failed\":%llu,\"timeouts\":%llu,\"fua\":%llu,\"deferred\":%llu,\"interrupts\":%llu,\"polls\":%llu}\n",
		   weir_counters_ops(c), c->completed, c->failed, c->timeouts, c->fua,
		   c->deferred, c->interrupts, c->polls);
}

static void json_op(struct seq_file *m, struct weir_disk *wd, struct weir_snapshot *s,
		    enum weir_stat_op op)
{
	unsigned int index = weir_op(weir_op_names[op].op), i;
	const struct weir_hist *h = &s->op.latency;
	const char *comma = "";

	weir_stats_sum(&wd->stats, op, &s->op);
	seq_printf(m, "{\"type\":\"op\",\"disk\":\"%s\",\"op\":\"%s\",\"count\":%llu,\"bytes\":%llu,\"timed\":%llu,\"sum_ns\":%llu,\"parts_ns\":{",
		   wd->disk->disk_name, weir_op_names[op].name, s->count.ops[index],
		   s->count.sectors[index] << SECTOR_SHIFT, weir_hist_count(h),
		   h->sum_ns);
	for (i = 0; i < WEIR_MEDIA_NR_PARTS && s->has_media; i++)
		seq_printf(m, "%s\"%s\":%llu", i ? "," : "", weir_part_names[i],
			   s->op.part_ns[i]);
	seq_puts(m, "},\"buckets\":[");
	for (i = 0; i < WEIR_HIST_BUCKETS; i++) {
		if (!h->bucket[i])
			continue;
		seq_printf(m, "%s[%llu,%llu]", comma, weir_hist_low_ns(i), h->bucket[i]);
		comma = ",";
	}
	seq_puts(m, "]}\n");
}

static void json_media(struct seq_file *m, struct weir_disk *wd, struct weir_snapshot *s)
{
	const struct weir_media_stats *media = &s->media;
	u32 i;

	seq_printf(m, "{\"type\":\"media\",\"disk\":\"%s\",\"host_units\":%llu,\"programmed_units\":%llu,\"write_amplification\":",
		   wd->disk->disk_name, media->host_units, media->programmed_units);
	weir_show_amplification(m, media);
	seq_printf(m, ",\"erased_blocks\":%llu,\"suspends\":%llu,\"cache_units\":%llu,\"free_blocks\":%llu,\"busy_ns\":[",
		   media->erased_blocks, media->suspends, media->cache_units,
		   media->free_blocks);
	for (i = 0; i < media->nr_dies; i++)
		seq_printf(m, "%s%llu", i ? "," : "", s->busy_ns[i]);
	seq_puts(m, "]}\n");
}

void weir_show_json(struct seq_file *m, struct weir_disk *wd, struct weir_snapshot *s)
{
	unsigned int op;

	json_disk(m, wd, s);
	for (op = 0; op < WEIR_STAT_OPS; op++)
		json_op(m, wd, s, op);
	if (s->has_media)
		json_media(m, wd, s);
}
