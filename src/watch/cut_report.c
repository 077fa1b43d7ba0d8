// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs: durability and the power cut.
 *
 *   volatile   the clock of events, what is durable, what the cache holds
 *   marks      moments that can be gone back to: number, event, writes since the flush
 *   fates      what the last cut or snapshot made of each block that was volatile
 *   fates.json the same for programs: an object per line
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/seq_file.h>

#include "blk/cut.h"
#include "blk/disk.h"
#include "blk/loss.h"
#include "store/volatile.h"

#include "cut_report.h"

static int durability_show(struct seq_file *m, void *unused)
{
	struct weir_disk *wd = m->private;
	struct weir_cut *cut = &wd->cut;
	struct weir_volatile_stats s = { 0 };

	/* It goes after these files have. */
	if (cut->cache)
		weir_volatile_stats(cut->cache, &s);
	seq_printf(m, "power %s\n", weir_cut_is_dead(cut) ? "cut" : "on");
	seq_printf(m, "clock %lld\n", atomic64_read(&cut->clock) & S64_MAX);
	seq_printf(m, "flushed %llu\n", s.flushed);
	seq_printf(m, "pages %llu\n", s.pages);
	seq_printf(m, "destaged %llu\n", s.destaged);
	seq_printf(m, "untracked %llu\n", s.untracked);
	seq_printf(m, "cuts %llu\n", READ_ONCE(cut->cuts));
	seq_printf(m, "marks %u\n", READ_ONCE(cut->marks.nr));
	seq_printf(m, "marks_lost %llu\n", READ_ONCE(cut->marks.lost));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(durability);

/* Return: false if there is no such mark. */
static bool mark_at(struct weir_cut *cut, u32 number, struct weir_mark *mark)
{
	bool there;

	spin_lock_irq(&cut->lock);
	there = number < cut->marks.nr;
	if (there)
		*mark = cut->marks.mark[number];
	spin_unlock_irq(&cut->lock);
	return there;
}

static int marks_show(struct seq_file *m, void *unused)
{
	struct weir_disk *wd = m->private;
	struct weir_mark mark;
	u32 i;

	seq_puts(m, "mark clock writes\n");
	for (i = 0; mark_at(&wd->cut, i, &mark); i++)
		seq_printf(m, "%u %llu %u\n", i, mark.view.at, mark.writes);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(marks);

static void show_fates(struct seq_file *m, const struct weir_fate_list *list)
{
	u32 i;

	seq_puts(m, "sector sectors fate write\n");
	for (i = 0; i < list->nr; i++)
		seq_printf(m, "%llu %u %s %llu\n", list->entry[i].sector, list->entry[i].sectors,
			   weir_fate_names[list->entry[i].fate], list->entry[i].write);
	if (list->cut_short)
		seq_puts(m, "# there were more\n");
}

static void show_fates_json(struct seq_file *m, const struct weir_fate_list *list)
{
	u32 i;

	seq_printf(m, "{\"type\":\"cut\",\"seed\":%llu,\"number\":%llu,\"mode\":\"%s\",\"clean\":%s,\"clock\":%llu,\"flushed\":%llu,\"entries\":%u,\"complete\":%s}\n",
		   list->seed, list->number, weir_fate_mode_names[list->plan.mode],
		   list->plan.clean ? "true" : "false", list->view.at, list->view.flushed,
		   list->nr, list->cut_short ? "false" : "true");
	for (i = 0; i < list->nr; i++)
		seq_printf(m, "{\"type\":\"fate\",\"sector\":%llu,\"sectors\":%u,\"fate\":\"%s\",\"write\":%llu}\n",
			   list->entry[i].sector, list->entry[i].sectors,
			   weir_fate_names[list->entry[i].fate], list->entry[i].write);
}

static int show_list(struct seq_file *m, void (*show)(struct seq_file *m,
						      const struct weir_fate_list *list))
{
	struct weir_disk *wd = m->private;

	mutex_lock(&wd->cut.list_lock);
	if (wd->cut.list)
		show(m, wd->cut.list);
	mutex_unlock(&wd->cut.list_lock);
	return 0;
}

static int fates_show(struct seq_file *m, void *unused)
{
	return show_list(m, show_fates);
}
DEFINE_SHOW_ATTRIBUTE(fates);

static int json_show(struct seq_file *m, void *unused)
{
	return show_list(m, show_fates_json);
}
DEFINE_SHOW_ATTRIBUTE(json);

void weir_cut_report_add(struct weir_disk *wd, struct dentry *dir)
{
	debugfs_create_file("volatile", 0444, dir, wd, &durability_fops);
	debugfs_create_file("marks", 0444, dir, wd, &marks_fops);
	debugfs_create_file("fates", 0444, dir, wd, &fates_fops);
	debugfs_create_file("fates.json", 0444, dir, wd, &json_fops);
}
