// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs: /sys/kernel/debug/weir/weirN/
 *
 *   queues      a line per hardware queue, a column per counter
 *   store       memory held by this disk and by all, in pages
 *   latency     a line per operation: how many, how long they took, and why
 *   media       what the media model has counted
 *   faults      the fault rules, and how many requests each has seen and hit
 *   stats.json  all of it for programs, with the histograms: an object per line
 *   volatile, marks, fates, fates.json: see cut_report.c
 *   timing      1: latencies are kept
 *   reset       1: latency, media and stats.json begin anew
 *
 * Counters are per CPU and only ever added to; a reader sums them up without
 * stopping anybody, so two columns of a busy queue may be a request apart.
 * stats.lock keeps hardware queues from going while their counters are read.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "blk/disk.h"
#include "blk/hctx.h"
#include "config/faults.h"

#include "counters.h"
#include "cut_report.h"
#include "json.h"
#include "report.h"
#include "snapshot.h"
#include "watch.h"

static struct dentry *root;

/* queues */

static const char *const how_names[] = {
	[WEIR_INLINE] = "inline",
	[WEIR_SOFTIRQ] = "softirq",
	[WEIR_TIMER] = "timer",
	[WEIR_POLL] = "poll",
};

static void show_queue(struct seq_file *m, const struct weir_queue *wq,
		       unsigned int index, struct weir_counters *c)
{
	unsigned int i;

	memset(c, 0, sizeof(*c));
	weir_counters_add(c, wq);
	seq_printf(m, "%u %s %llu", index, how_names[wq->how], weir_counters_ops(c));
	for (i = 0; i < WEIR_STAT_OPS; i++)
		seq_printf(m, " %llu", c->ops[weir_op(weir_op_names[i].op)]);
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
	for (i = 0; i < WEIR_STAT_OPS; i++)
		seq_printf(m, " %s", weir_op_names[i].name);
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

static int show_snapshot(struct seq_file *m,
			 void (*show)(struct seq_file *m, struct weir_disk *wd,
				      struct weir_snapshot *s))
{
	struct weir_disk *wd = m->private;
	struct weir_snapshot *s;

	mutex_lock(&wd->stats.lock);
	s = weir_snapshot_take(wd);
	if (s)
		show(m, wd, s);
	mutex_unlock(&wd->stats.lock);
	if (!s)
		return -ENOMEM;
	weir_snapshot_free(s);
	return 0;
}

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

static void show_latency(struct seq_file *m, struct weir_disk *wd, struct weir_snapshot *s)
{
	unsigned int i, op;

	seq_puts(m, "op count bytes timed mean_ns");
	for (i = 0; i < ARRAY_SIZE(percentiles); i++)
		seq_printf(m, " %s", percentiles[i].name);
	for (i = 0; i < WEIR_MEDIA_NR_PARTS; i++)
		seq_printf(m, " %s_ns", weir_part_names[i]);
	seq_putc(m, '\n');
	for (op = 0; op < WEIR_STAT_OPS; op++) {
		unsigned int index = weir_op(weir_op_names[op].op);
		u64 timed;

		weir_stats_sum(&wd->stats, op, &s->op);
		timed = weir_hist_count(&s->op.latency);
		seq_printf(m, "%s %llu %llu %llu", weir_op_names[op].name, s->count.ops[index],
			   s->count.sectors[index] << SECTOR_SHIFT, timed);
		show_if(m, timed, weir_hist_mean_ns(&s->op.latency));
		for (i = 0; i < ARRAY_SIZE(percentiles); i++)
			show_if(m, timed,
				weir_hist_percentile_ns(&s->op.latency,
							percentiles[i].permyriad));
		for (i = 0; i < WEIR_MEDIA_NR_PARTS; i++)
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

static void show_media(struct seq_file *m, struct weir_disk *wd, struct weir_snapshot *s)
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
	weir_show_amplification(m, &s->media);
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

static int json_show(struct seq_file *m, void *unused)
{
	return show_snapshot(m, weir_show_json);
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

static int faults_show(struct seq_file *m, void *unused)
{
	weir_faults_show(m->private, m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(faults);

static ssize_t reset_write(struct file *file, const char __user *from, size_t count,
			   loff_t *pos)
{
	struct weir_disk *wd = file->private_data;
	u32 value;
	int err = number_from_user(wd, "reset", from, count, 1, 1, &value);

	if (err)
		return err;
	weir_snapshot_reset(wd);
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
	debugfs_create_file("faults", 0444, wd->debugfs, wd, &faults_fops);
	debugfs_create_file("stats.json", 0444, wd->debugfs, wd, &json_fops);
	debugfs_create_file("timing", 0644, wd->debugfs, wd, &timing_fops);
	weir_cut_report_add(wd, wd->debugfs);
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
