// SPDX-License-Identifier: GPL-2.0
/*
 * The attributes of the power cut that are no numbers: what brings it about, what it
 * may do, and how the disk comes back.
 */
#include <linux/configfs.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/string.h>

#include "blk/cut.h"
#include "blk/disk.h"
#include "blk/image.h"
#include "fault/fate.h"

#include "config.h"
#include "cut_attrs.h"
#include "dir.h"

#define TEXT_MAX 64

#define ATTRIBUTE(attr, permissions, show_, store_)			\
	struct configfs_attribute weir_attr_##attr = {			\
		.ca_name = #attr,					\
		.ca_mode = permissions,					\
		.ca_owner = THIS_MODULE,				\
		.show = show_,						\
		.store = store_,					\
	}

/* As much of what was written as a message needs, with nothing unprintable */
#define SHOWN(page, count) ((int)min_t(size_t, count, TEXT_MAX)), (page)

/* Copy what was written, with an end and without blanks around it; NULL: too long. */
static char *tidy(char *to, const char *page, size_t count)
{
	if (count >= TEXT_MAX || memchr(page, '\0', count))
		return NULL;
	memcpy(to, page, count);
	to[count] = '\0';
	return strim(to);
}

/* Split at the first blank. Return: what is behind it, NULL if there is none */
static char *second_word(char *text)
{
	char *blank = strpbrk(text, " \t");

	if (!blank)
		return NULL;
	*blank = '\0';
	return skip_spaces(blank + 1);
}

/* power_cut */

static ssize_t power_cut_show(struct config_item *item, char *page)
{
	struct weir_disk *wd = weir_to_dir(item)->wd;
	enum weir_cut_trigger trigger = WEIR_CUT_OFF;
	u64 left = 0;

	mutex_lock(&wd->mutex);
	if (wd->disk)
		trigger = weir_cut_armed(wd, &left);
	mutex_unlock(&wd->mutex);
	if (trigger == WEIR_CUT_OFF || trigger == WEIR_CUT_NOW)
		return sysfs_emit(page, "%s\n", weir_cut_trigger_names[trigger]);
	return sysfs_emit(page, "%s %lld\n", weir_cut_trigger_names[trigger], (s64)left);
}

/* "off", "cut", or what to count and how many */
static bool parse_trigger(char *text, enum weir_cut_trigger *trigger, u64 *n)
{
	char *number = second_word(text);
	int found = match_string(weir_cut_trigger_names, WEIR_CUT_NR_TRIGGERS, text);

	if (found < 0)
		return false;
	*trigger = found;
	*n = 1;
	if (found == WEIR_CUT_OFF || found == WEIR_CUT_NOW)
		return !number;
	return number && !kstrtou64(number, 0, n) && *n >= 1 && *n <= S64_MAX;
}

static ssize_t power_cut_store(struct config_item *item, const char *page, size_t count)
{
	struct weir_disk *wd = weir_to_dir(item)->wd;
	char text[TEXT_MAX], *tidied = tidy(text, page, count);
	enum weir_cut_trigger trigger;
	int err = -ENODEV;
	u64 n;

	if (!tidied || !parse_trigger(tidied, &trigger, &n)) {
		pr_err("power_cut=%*pE: not off, cut, request N, byte N, flush N or ns N, N from 1 to %lld\n",
		       SHOWN(page, count), S64_MAX);
		return -EINVAL;
	}
	mutex_lock(&wd->mutex);
	if (wd->disk)
		err = weir_cut_arm(wd, trigger, n);
	else
		pr_err("%s: power_cut: power is 0\n", wd->name);
	mutex_unlock(&wd->mutex);
	if (!err && trigger == WEIR_CUT_NOW)
		weir_cut_wait(wd);
	return err ? err : count;
}
ATTRIBUTE(power_cut, 0644, power_cut_show, power_cut_store);

/* replug */

static int try_replug(struct weir_disk *wd)
{
	return wd->disk ? weir_cut_replug(wd) : -ENODEV;
}

static int bring_back(struct weir_disk *wd)
{
	int err;

	weir_cut_wait(wd);
	err = weir_dir_insist(wd, try_replug);
	if (err == -EBUSY)
		pr_err("%s: replug: in use\n", wd->name);
	else if (err == -ENODEV)
		pr_err("%s: replug: power is 0\n", wd->name);
	return err;
}

static ssize_t replug_store(struct config_item *item, const char *page, size_t count)
{
	char text[TEXT_MAX], *tidied = tidy(text, page, count);
	int err;

	if (!tidied || strcmp(tidied, "1")) {
		pr_err("replug=%*pE: not 1\n", SHOWN(page, count));
		return -EINVAL;
	}
	err = bring_back(weir_to_dir(item)->wd);
	return err ? err : count;
}
ATTRIBUTE(replug, 0200, NULL, replug_store);

/* snapshot */

/* "DISK", or "DISK MARK" */
static bool parse_snapshot(char *text, u32 *mark)
{
	char *number = second_word(text);

	*mark = WEIR_MARK_NOW;
	return *text && (!number || (!kstrtou32(number, 0, mark) && *mark < WEIR_MARKS_MAX));
}

/* Caller holds the disk's mutex. */
static int take_image(struct weir_disk *wd, const char *name, u32 mark)
{
	struct weir_disk *into;
	int err;

	if (!wd->disk) {
		pr_err("%s: snapshot: power is 0\n", wd->name);
		return -ENODEV;
	}
	into = weir_disk_borrow(name);
	if (!into) {
		pr_err("%s: snapshot=%s: there is no such disk, or it is being changed\n",
		       wd->name, name);
		return -EINVAL;
	}
	err = weir_image_take(wd, mark, into);
	weir_disk_return(into);
	return err;
}

static ssize_t snapshot_store(struct config_item *item, const char *page, size_t count)
{
	struct weir_disk *wd = weir_to_dir(item)->wd;
	char text[TEXT_MAX], *tidied = tidy(text, page, count);
	u32 mark;
	int err;

	if (!tidied || !parse_snapshot(tidied, &mark)) {
		pr_err("snapshot=%*pE: not DISK or DISK MARK, MARK from 0 to %d\n",
		       SHOWN(page, count), WEIR_MARKS_MAX - 1);
		return -EINVAL;
	}
	mutex_lock(&wd->mutex);
	err = take_image(wd, tidied, mark);
	mutex_unlock(&wd->mutex);
	return err ? err : count;
}
ATTRIBUTE(snapshot, 0200, NULL, snapshot_store);

/* What holds from the next cut on */

/* Caller holds the disk's mutex. */
static void configure(struct weir_dir *dir)
{
	struct weir_settings *set = &dir->wd->set;

	if (!dir->wd->disk)
		return;
	WRITE_ONCE(set->cut_mode, dir->asked.cut_mode);
	WRITE_ONCE(set->cut_damage, dir->asked.cut_damage);
}

static ssize_t cut_mode_show(struct config_item *item, char *page)
{
	s64 mode;

	mutex_lock(&weir_to_dir(item)->wd->mutex);
	mode = weir_to_dir(item)->asked.cut_mode;
	mutex_unlock(&weir_to_dir(item)->wd->mutex);
	return sysfs_emit(page, "%s\n", weir_fate_mode_names[mode]);
}

static ssize_t cut_mode_store(struct config_item *item, const char *page, size_t count)
{
	struct weir_dir *dir = weir_to_dir(item);
	char text[TEXT_MAX], *tidied = tidy(text, page, count);
	int mode = -EINVAL;

	if (tidied)
		mode = match_string(weir_fate_mode_names, WEIR_LOSE_NR_MODES, tidied);
	if (mode < 0) {
		pr_err("cut_mode=%*pE: not random, all, run or journal\n", SHOWN(page, count));
		return -EINVAL;
	}
	mutex_lock(&dir->wd->mutex);
	dir->asked.cut_mode = mode;
	configure(dir);
	mutex_unlock(&dir->wd->mutex);
	return count;
}
ATTRIBUTE(cut_mode, 0644, cut_mode_show, cut_mode_store);

static ssize_t cut_damage_show(struct config_item *item, char *page)
{
	ssize_t len = 0;
	u32 fate;
	s64 damage;

	mutex_lock(&weir_to_dir(item)->wd->mutex);
	damage = weir_to_dir(item)->asked.cut_damage;
	mutex_unlock(&weir_to_dir(item)->wd->mutex);
	for (fate = 0; fate < WEIR_NR_FATES; fate++)
		if (damage & BIT(fate))
			len += sysfs_emit_at(page, len, "%s%s", len ? "," : "",
					     weir_fate_names[fate]);
	return len + sysfs_emit_at(page, len, "%s\n", len ? "" : "none");
}

/* "none", or some of zeroes, garbage and error, with commas between */
static bool parse_damage(char *text, s64 *damage)
{
	char *word;

	*damage = 0;
	if (!strcmp(text, "none"))
		return true;
	while ((word = strsep(&text, ","))) {
		int fate = match_string(weir_fate_names, WEIR_NR_FATES, word);

		if (fate < WEIR_FATE_ZEROES)
			return false;
		*damage |= BIT(fate);
	}
	return true;
}

static ssize_t cut_damage_store(struct config_item *item, const char *page, size_t count)
{
	struct weir_dir *dir = weir_to_dir(item);
	char text[TEXT_MAX], *tidied = tidy(text, page, count);
	s64 damage;

	if (!tidied || !parse_damage(tidied, &damage)) {
		pr_err("cut_damage=%*pE: not none, or some of zeroes,garbage,error\n",
		       SHOWN(page, count));
		return -EINVAL;
	}
	mutex_lock(&dir->wd->mutex);
	dir->asked.cut_damage = damage;
	configure(dir);
	mutex_unlock(&dir->wd->mutex);
	return count;
}
ATTRIBUTE(cut_damage, 0644, cut_damage_show, cut_damage_store);
