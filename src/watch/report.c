// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs: /sys/kernel/debug/weir/weirN/
 *
 *   queues      a line per hardware queue, a column per counter
 *   store       memory held by this disk and by all, in pages
 *   latency     a line per operation: how many, how long they took, and why
 *   media       what the media model has counted
 *   stats.json  all of it for programs, with the histograms: an object per line
 *   timing      1: latencies are kept
 *   reset       1: latency, media and stats.json begin anew
 *
 * Counters are per CPU and only ever added to; a reader sums them up without
 * stopping anybody, so two columns of a busy queue may be a request apart.
 * stats.lock keeps hardware queues from going while their counters are read.
 */
#include <linux/debugfs.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "blk/disk.h"
#include "blk/drive.h"
#include "blk/hctx.h"

#include "counters.h"
#include "report.h"
#include "stats.h"
#include "watch.h"

static struct dentry *root;

/* Sums */

static void add_counters(struct weir_counters *sum, const struct weir_counters *from)
{
	size_t i;

	for (i = 0; i < sizeof(*sum) / sizeof(u64); i++)
		((u64 *)sum)[i] += READ_ONCE(((u64 *)from)[i]);
}

/* Add what a hardware queue has counted, pages among the rest. */
static void add_queue(struct weir_counters *sum, const struct weir_queue *wq)
{
	size_t i;
	int cpu;

	for_each_possible_cpu(cpu)
		add_counters(sum, per_cpu_ptr(wq->counters, cpu));
	for (i = 0; i < ARRAY_SIZE(sum->pages); i++) {
		sum->ops[i] += sum->pages[i];
		sum->sectors[i] += sum->pages[i] * PAGE_SECTORS;
		sum->completed += sum->pages[i];
		sum->pages[i] = 0;
	}
}

/* All there is of a disk since it was switched on, queues out of use included. */
static void sum_disk(struct weir_disk *wd, struct weir_counters *sum)
{
	u32 i;

	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < wd->max_queues; i++) {
		/* Pairs with weir_init_hctx(): a queue may just be added. */
		const struct weir_queue *wq = smp_load_acquire(&wd->queues[i]);

		if (wq)
			add_queue(sum, wq);
	}
}

static u64 all_ops(const struct weir_counters *c)
{
	unsigned int i;
	u64 all = 0;

	for (i = 0; i < WEIR_NR_OPS; i++)
		all += c->ops[i];
	return all;
}

/* queues */

static const char *const how_names[] = {
	[WEIR_INLINE] = "inline",
	[WEIR_SOFTIRQ] = "softirq",
	[WEIR_TIMER] = "timer",
	[WEIR_POLL] = "poll",
};

static const struct {
	const char *name;
	enum req_op op;
} ops[] = {
	[WEIR_STAT_READ] = { "read", REQ_OP_READ },
	[WEIR_STAT_WRITE] = { "write", REQ_OP_WRITE },
	[WEIR_STAT_FLUSH] = { "flush", REQ_OP_FLUSH },
	[WEIR_STAT_DISCARD] = { "discard", REQ_OP_DISCARD },
	[WEIR_STAT_SECURE_ERASE] = { "secure_erase", REQ_OP_SECURE_ERASE },
	[WEIR_STAT_WRITE_ZEROES] = { "write_zeroes", REQ_OP_WRITE_ZEROES },
};

static void show_queue(struct seq_file *m, const struct weir_queue *wq,
		       unsigned int index, struct weir_counters *c)
{
	unsigned int i;

	memset(c, 0, sizeof(*c));
	add_queue(c, wq);
	seq_printf(m, "%u %s %llu", index, how_names[wq->how], all_ops(c));
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		seq_printf(m, " %llu", c->ops[weir_op(ops[i].op)]);
	seq_printf(m, " %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %u\n",
		   c->fua, c->sectors[0], c->sectors[1], c->batches, c->deferred,
		   c->completed, c->failed, c->timeouts, c->interrupts, c->polls,
		   READ_ONCE(wq->due.nr));
}

static int queues_show(struct seq_file *m, void *unused)
{
	struct weir_disk *wd = m->private;
	const u32 nr = READ_ONCE(wd->set.submit_queues) + READ_ONCE(wd->set.poll_queues);
	struct weir_counters *c;
	u32 i;

	c = kmalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	seq_puts(m, "queue completion requests");
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		seq_printf(m, " %s", ops[i].name);
	seq_puts(m, " fua read_sectors write_sectors batches deferred completed failed timeouts interrupts polls waiting\n");
	for (i = 0; i < nr; i++) {
		/* Pairs with weir_init_hctx(): a queue may just be added. */
		const struct weir_queue *wq = smp_load_acquire(&wd->queues[i]);

		if (wq)
			show_queue(m, wq, i, c);
	}
	kfree(c);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(queues);

/* store */

static int store_show(struct seq_file *m, void *unused)
{
	struct weir_disk *wd = m->private;

	seq_printf(m, "page_bytes %lu\n", PAGE_SIZE);
	seq_printf(m, "pages %ld\n", atomic_long_read(&wd->store.nr_pages));
	seq_printf(m, "tables %ld\n", atomic_long_read(&wd->store.nr_tables));
	seq_printf(m, "all_disks_pages %lu\n", weir_store_used_pages());
	seq_printf(m, "limit_pages %lu\n", weir_store_limit_pages());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(store);

/* What is shown since the last reset: latency, media, stats.json */

/**
 * struct snapshot - a disk at a moment, less what there was at the last reset
 * @now_ns: the moment
 * @in_flight: requests taken and not given back
 * @count: see struct weir_counters
 * @op: the operation that is being shown
 * @has_media: the disk has a media model; what follows is its
 * @media: and what it has counted
 * @busy_ns: of each die, how long it was busy
 */
struct snapshot {
	u64 now_ns;
	u64 in_flight;
	struct weir_counters count;
	struct weir_op_stats op;
	bool has_media;
	struct weir_media_stats media;
	u64 *busy_ns;
};

/* Each call may find another model, with more dies, or none. */
static int snapshot_media(struct weir_disk *wd, struct snapshot *s)
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

static void snapshot_free(struct snapshot *s)
{
	kvfree(s->busy_ns);
	kvfree(s);
}

/* Caller holds wd->stats.lock. */
static struct snapshot *snapshot_take(struct weir_disk *wd)
{
	struct snapshot *s = kvzalloc(sizeof(*s), GFP_KERNEL);
	u64 *count = (u64 *)&s->count, *base = (u64 *)&wd->base, taken;
	size_t i;

	if (!s)
		return NULL;
	if (snapshot_media(wd, s)) {
		snapshot_free(s);
		return NULL;
	}
	s->now_ns = ktime_get_ns();
	sum_disk(wd, &s->count);
	/* The two were not read at the same time. */
	taken = all_ops(&s->count);
	if (taken > s->count.completed)
		s->in_flight = taken - s->count.completed;
	for (i = 0; i < sizeof(s->count) / sizeof(u64); i++)
		count[i] -= base[i];
	return s;
}

/* Show with a snapshot. */
static int show_snapshot(struct seq_file *m,
			 void (*show)(struct seq_file *m, struct weir_disk *wd,
				      struct snapshot *s))
{
	struct weir_disk *wd = m->private;
	struct snapshot *s;

	mutex_lock(&wd->stats.lock);
	s = snapshot_take(wd);
	if (s)
		show(m, wd, s);
	mutex_unlock(&wd->stats.lock);
	if (!s)
		return -ENOMEM;
	snapshot_free(s);
	return 0;
}

static const char *const part_names[WEIR_MEDIA_NR_PARTS] = {
	[WEIR_PART_QUEUE] = "queue",
	[WEIR_PART_CACHE] = "cache",
	[WEIR_PART_CHANNEL] = "channel",
	[WEIR_PART_DIE] = "die",
	[WEIR_PART_GC] = "gc",
	[WEIR_PART_SERVICE] = "service",
};

/* Columns of percentiles, in ten thousandths */
static const struct {
	const char *name;
	u32 permyriad;
} percentiles[] = {
	{ "p50_ns", 5000 },
	{ "p90_ns", 9000 },
	{ "p99_ns", 9900 },
	{ "p99.9_ns", 9990 },
	{ "max_ns", 10000 },
};

/* A number if there is one, else a dash. */
static void show_if(struct seq_file *m, bool there, u64 value)
{
	if (there)
		seq_printf(m, " %llu", value);
	else
		seq_puts(m, " -");
}

static void show_latency(struct seq_file *m, struct weir_disk *wd, struct snapshot *s)
{
	unsigned int i, op;

	seq_puts(m, "op count bytes timed mean_ns");
	for (i = 0; i < ARRAY_SIZE(percentiles); i++)
		seq_printf(m, " %s", percentiles[i].name);
	for (i = 0; i < ARRAY_SIZE(part_names); i++)
		seq_printf(m, " %s_ns", part_names[i]);
	seq_putc(m, '\n');
	for (op = 0; op < WEIR_STAT_OPS; op++) {
		unsigned int index = weir_op(ops[op].op);
		u64 timed;

		weir_stats_sum(&wd->stats, op, &s->op);
		timed = weir_hist_count(&s->op.latency);
		seq_printf(m, "%s %llu %llu %llu", ops[op].name, s->count.ops[index],
			   s->count.sectors[index] << SECTOR_SHIFT, timed);
		show_if(m, timed, weir_hist_mean_ns(&s->op.latency));
		for (i = 0; i < ARRAY_SIZE(percentiles); i++)
			show_if(m, timed,
				weir_hist_percentile_ns(&s->op.latency,
							percentiles[i].permyriad));
		for (i = 0; i < ARRAY_SIZE(part_names); i++)
			show_if(m, timed && s->has_media,
				timed ? div64_u64(s->op.part_ns[i], timed) : 0);
		seq_putc(m, '\n');
	}
	if (!READ_ONCE(wd->timing))
		seq_puts(m, "# latencies are not kept now: echo 1 > timing\n");
}

static int latency_show(struct seq_file *m, void *unused)
{
	return show_snapshot(m, show_latency);
}
DEFINE_SHOW_ATTRIBUTE(latency);

/* Write amplification with three decimals; 0 before anything was written. */
static void show_amplification(struct seq_file *m, const struct weir_media_stats *s)
{
	u64 milli = 0;

	/* Units are KiB and more: a thousand times as many fit in u64. */
	if (s->host_units)
		milli = div64_u64(s->programmed_units * 1000, s->host_units);
	seq_printf(m, "%llu.%03u", div_u64(milli, 1000),
		   (u32)(milli - div_u64(milli, 1000) * 1000));
}

static void show_media(struct seq_file *m, struct weir_disk *wd, struct snapshot *s)
{
	u32 i;

	if (!s->has_media) {
		seq_puts(m, "# this disk has no media model\n");
		return;
	}
	seq_printf(m, "since_reset_ns %llu\n", s->now_ns - wd->stats.since_ns);
	seq_printf(m, "host_units %llu\n", s->media.host_units);
	seq_printf(m, "programmed_units %llu\n", s->media.programmed_units);
	seq_puts(m, "write_amplification ");
	show_amplification(m, &s->media);
	seq_printf(m, "\nerased_blocks %llu\n", s->media.erased_blocks);
	seq_printf(m, "suspends %llu\n", s->media.suspends);
	seq_printf(m, "cache_units %llu\n", s->media.cache_units);
	seq_printf(m, "free_blocks %llu\n", s->media.free_blocks);
	seq_printf(m, "dies %u\n", s->media.nr_dies);
	for (i = 0; i < s->media.nr_dies; i++)
		seq_printf(m, "die %u busy_ns %llu\n", i, s->busy_ns[i]);
}

static int media_show(struct seq_file *m, void *unused)
{
	return show_snapshot(m, show_media);
}
DEFINE_SHOW_ATTRIBUTE(media);

static void json_disk(struct seq_file *m, struct weir_disk *wd, struct snapshot *s)
{
	const struct weir_counters *c = &s->count;

	seq_printf(m, "{\"type\":\"disk\",\"disk\":\"%s\",\"now_ns\":%llu,\"since_ns\":%llu,\"resets\":%llu,\"timing\":%s,\"in_flight\":%llu",
		   wd->disk->disk_name, s->now_ns, wd->stats.since_ns,
		   wd->stats.resets, READ_ONCE(wd->timing) ? "true" : "false", s->in_flight);
	seq_printf(m, ",\"requests\":%llu,\"completed\":%llu,\"failed\":%llu,\"timeouts\":%llu,\"fua\":%llu,\"deferred\":%llu,\"interrupts\":%llu,\"polls\":%llu}\n",
		   all_ops(c), c->completed, c->failed, c->timeouts, c->fua,
		   c->deferred, c->interrupts, c->polls);
}

static void json_op(struct seq_file *m, struct weir_disk *wd, struct snapshot *s,
		    enum weir_stat_op op)
{
	unsigned int index = weir_op(ops[op].op), i;
	const struct weir_hist *h = &s->op.latency;
	const char *comma = "";

	weir_stats_sum(&wd->stats, op, &s->op);
	seq_printf(m, "{\"type\":\"op\",\"disk\":\"%s\",\"op\":\"%s\",\"count\":%llu,\"bytes\":%llu,\"timed\":%llu,\"sum_ns\":%llu,\"parts_ns\":{",
		   wd->disk->disk_name, ops[op].name, s->count.ops[index],
		   s->count.sectors[index] << SECTOR_SHIFT, weir_hist_count(h),
		   h->sum_ns);
	for (i = 0; i < ARRAY_SIZE(part_names) && s->has_media; i++)
		seq_printf(m, "%s\"%s\":%llu", i ? "," : "", part_names[i],
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

static void json_media(struct seq_file *m, struct weir_disk *wd, struct snapshot *s)
{
	const struct weir_media_stats *media = &s->media;
	u32 i;

	seq_printf(m, "{\"type\":\"media\",\"disk\":\"%s\",\"host_units\":%llu,\"programmed_units\":%llu,\"write_amplification\":",
		   wd->disk->disk_name, media->host_units, media->programmed_units);
	show_amplification(m, media);
	seq_printf(m, ",\"erased_blocks\":%llu,\"suspends\":%llu,\"cache_units\":%llu,\"free_blocks\":%llu,\"busy_ns\":[",
		   media->erased_blocks, media->suspends, media->cache_units,
		   media->free_blocks);
	for (i = 0; i < media->nr_dies; i++)
		seq_printf(m, "%s%llu", i ? "," : "", s->busy_ns[i]);
	seq_puts(m, "]}\n");
}

static void show_json(struct seq_file *m, struct weir_disk *wd, struct snapshot *s)
{
	unsigned int op;

	json_disk(m, wd, s);
	for (op = 0; op < WEIR_STAT_OPS; op++)
		json_op(m, wd, s, op);
	if (s->has_media)
		json_media(m, wd, s);
}

static int json_show(struct seq_file *m, void *unused)
{
	return show_snapshot(m, show_json);
}
DEFINE_SHOW_ATTRIBUTE(json);

/* What can be written */

/* A number from @min to @max, or -EINVAL and a message. */
static int number_from_user(struct weir_disk *wd, const char *name,
			    const char __user *from, size_t count, u32 min, u32 max,
			    u32 *value)
{
	char text[16];
	size_t n = min(count, sizeof(text) - 1);

	if (copy_from_user(text, from, n))
		return -EFAULT;
	text[n] = '\0';
	if (n < count || kstrtou32(text, 10, value) || *value < min || *value > max) {
		pr_err("%s: %s is '%*pE': want a number from %u to %u\n",
		       wd->disk->disk_name, name, (int)strcspn(text, "\n"), text,
		       min, max);
		return -EINVAL;
	}
	return 0;
}

static int timing_show(struct seq_file *m, void *unused)
{
	struct weir_disk *wd = m->private;

	seq_printf(m, "%d\n", READ_ONCE(wd->timing));
	return 0;
}

static int timing_open(struct inode *inode, struct file *file)
{
	return single_open(file, timing_show, inode->i_private);
}

static ssize_t timing_write(struct file *file, const char __user *from, size_t count,
			    loff_t *pos)
{
	struct weir_disk *wd = ((struct seq_file *)file->private_data)->private;
	u32 value;
	int err = number_from_user(wd, "timing", from, count, 0, 1, &value);

	if (!err)
		err = weir_watch_timing(wd, value);
	if (!err)
		WRITE_ONCE(wd->timing_chosen, true);
	return err ? err : count;
}

static const struct file_operations timing_fops = {
	.owner		= THIS_MODULE,
	.open		= timing_open,
	.read		= seq_read,
	.write		= timing_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

static ssize_t reset_write(struct file *file, const char __user *from, size_t count,
			   loff_t *pos)
{
	struct weir_disk *wd = file->private_data;
	u32 value;
	int err = number_from_user(wd, "reset", from, count, 1, 1, &value);

	if (err)
		return err;
	mutex_lock(&wd->stats.lock);
	sum_disk(wd, &wd->base);
	weir_stats_reset(&wd->stats);
	weir_disk_media_reset(wd);
	mutex_unlock(&wd->stats.lock);
	return count;
}

static const struct file_operations reset_fops = {
	.owner		= THIS_MODULE,
	.open		= simple_open,
	.write		= reset_write,
	.llseek		= noop_llseek,
};

void weir_report_add(struct weir_disk *wd)
{
	wd->debugfs = debugfs_create_dir(wd->name, root);
	debugfs_create_file("queues", 0444, wd->debugfs, wd, &queues_fops);
	debugfs_create_file("store", 0444, wd->debugfs, wd, &store_fops);
	debugfs_create_file("latency", 0444, wd->debugfs, wd, &latency_fops);
	debugfs_create_file("media", 0444, wd->debugfs, wd, &media_fops);
	debugfs_create_file("stats.json", 0444, wd->debugfs, wd, &json_fops);
	debugfs_create_file("timing", 0644, wd->debugfs, wd, &timing_fops);
	debugfs_create_file("reset", 0200, wd->debugfs, wd, &reset_fops);
}

void weir_report_del(struct weir_disk *wd)
{
	debugfs_remove_recursive(wd->debugfs);
}

void weir_report_init(void)
{
	root = debugfs_create_dir("weir", NULL);
}

void weir_report_exit(void)
{
	debugfs_remove_recursive(root);
}
