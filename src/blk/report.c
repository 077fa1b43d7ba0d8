// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs: /sys/kernel/debug/weir/weirN/
 *
 *   queues   a line per hardware queue, a column per counter
 *   store    memory held by this disk and by all, in pages
 *
 * Counters are per CPU and only ever added to; a reader sums them up without
 * stopping anybody, so two columns of a busy queue may be a request apart.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "weir_blk.h"

static struct dentry *root;

static void sum_counters(const struct weir_queue *wq, struct weir_counters *sum)
{
	const size_t n = sizeof(*sum) / sizeof(u64);
	size_t i;
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const u64 *from = (u64 *)per_cpu_ptr(wq->counters, cpu);

		for (i = 0; i < n; i++)
			((u64 *)sum)[i] += READ_ONCE(from[i]);
	}
	for (i = 0; i < ARRAY_SIZE(sum->pages); i++) {
		sum->ops[i] += sum->pages[i];
		sum->sectors[i] += sum->pages[i] * PAGE_SECTORS;
		sum->completed += sum->pages[i];
	}
}

static const char *const how_names[] = {
	[WEIR_INLINE] = "inline",
	[WEIR_SOFTIRQ] = "softirq",
	[WEIR_TIMER] = "timer",
	[WEIR_POLL] = "poll",
};

static const struct {
	const char *name;
	enum req_op op;
} op_columns[] = {
	{ "read", REQ_OP_READ },
	{ "write", REQ_OP_WRITE },
	{ "flush", REQ_OP_FLUSH },
	{ "discard", REQ_OP_DISCARD },
	{ "secure_erase", REQ_OP_SECURE_ERASE },
	{ "write_zeroes", REQ_OP_WRITE_ZEROES },
};

static void show_queue(struct seq_file *m, const struct weir_queue *wq,
		       unsigned int index)
{
	struct weir_counters c;
	unsigned int i;
	u64 all = 0;

	sum_counters(wq, &c);
	for (i = 0; i < WEIR_NR_OPS; i++)
		all += c.ops[i];
	seq_printf(m, "%u %s %llu", index, how_names[wq->how], all);
	for (i = 0; i < ARRAY_SIZE(op_columns); i++)
		seq_printf(m, " %llu", c.ops[weir_op(op_columns[i].op)]);
	seq_printf(m, " %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %u\n",
		   c.fua, c.sectors[0], c.sectors[1], c.batches, c.deferred,
		   c.completed, c.failed, c.timeouts, c.interrupts, c.polls,
		   READ_ONCE(wq->due.nr));
}

static int queues_show(struct seq_file *m, void *unused)
{
	struct weir_disk *wd = m->private;
	struct blk_mq_hw_ctx *hctx;
	unsigned long i;

	seq_puts(m, "queue completion requests");
	for (i = 0; i < ARRAY_SIZE(op_columns); i++)
		seq_printf(m, " %s", op_columns[i].name);
	seq_puts(m, " fua read_sectors write_sectors batches deferred completed failed timeouts interrupts polls waiting\n");
	queue_for_each_hw_ctx(wd->disk->queue, hctx, i)
		show_queue(m, hctx->driver_data, i);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(queues);

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

void weir_report_add(struct weir_disk *wd)
{
	wd->debugfs = debugfs_create_dir(wd->disk->disk_name, root);
	debugfs_create_file("queues", 0444, wd->debugfs, wd, &queues_fops);
	debugfs_create_file("store", 0444, wd->debugfs, wd, &store_fops);
}

/* Waits for readers, so what they read may be freed after. */
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
