// SPDX-License-Identifier: GPL-2.0
/*
 * configfs: a directory in /sys/kernel/config/weir is a disk, as in null_blk.
 * Its name is the disk's; power=1 makes the block device, power=0 or rmdir takes
 * it away again, unless somebody has it open; remove does so in any case.
 *
 * rmdir cannot be refused by the driver, only by configfs, which does so while
 * the directory has dependents: every open is one. configfs decides that under
 * a spinlock of its own, so that either the open or the rmdir is too late. No
 * open is let through to it once the rmdir is past that point.
 *
 * configfs holds a reference to the module for every directory.
 */
#include <linux/configfs.h>
#include <linux/ctype.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "blk/cut.h"
#include "blk/disk.h"
#include "blk/drive.h"
#include "blk/hctx.h"
#include "blk/verdict.h"
#include "fault/bad.h"

#include "config.h"
#include "configfs.h"
#include "cut_attrs.h"
#include "dir.h"
#include "fault_attrs.h"
#include "faults.h"
#include "model_config.h"
#include "params.h"

/*
 * How long power=0 and replug wait for a disk to be closed: udev looks at each disk that
 * somebody had open for writing.
 */
#define CLOSE_TRIES 50
#define CLOSE_WAIT_MS 20

static struct configfs_subsystem subsys;

/* A disk that is on shows what it has, one that is off what was asked for. */
static ssize_t show_number(struct config_item *item, char *page,
			   const struct weir_number *n)
{
	struct weir_dir *dir = weir_to_dir(item);
	s64 value;

	mutex_lock(&dir->wd->mutex);
	value = *weir_number_in(n, dir->wd->disk ? &dir->wd->set : &dir->asked);
	mutex_unlock(&dir->wd->mutex);
	return sysfs_emit(page, "%lld\n", value);
}

/* A number of a disk that is on. Caller holds the disk's mutex. */
static int change_live(struct weir_disk *wd, const struct weir_number *n,
		       const struct weir_settings *s)
{
	if (n == &weir_number_submit_queues || n == &weir_number_poll_queues)
		return weir_disk_set_queues(wd, s);
	return weir_cut_configure(wd, s);
}

/* Caller holds the disk's mutex. */
static int set_number(struct weir_dir *dir, const struct weir_number *n, s64 value)
{
	struct weir_settings asked = dir->asked, resolved;
	int err;

	if (dir->wd->disk && !n->live) {
		pr_err("%s: %s cannot change while power is 1\n", dir->wd->name, n->name);
		return -EBUSY;
	}
	*weir_number_in(n, &asked) = value;
	resolved = asked;
	err = weir_config_resolve(&resolved, true);
	asked.queue_mode = resolved.queue_mode; /* one warning is enough */
	if (!err && dir->wd->disk)
		err = change_live(dir->wd, n, &resolved);
	if (!err)
		dir->asked = asked;
	return err;
}

static ssize_t store_number(struct config_item *item, const char *page, size_t count,
			    const struct weir_number *n)
{
	s64 value;
	int err;

	err = weir_number_parse(n, page, count, &value);
	if (err)
		return err;
	mutex_lock(&weir_to_dir(item)->wd->mutex);
	err = set_number(weir_to_dir(item), n, value);
	mutex_unlock(&weir_to_dir(item)->wd->mutex);
	return err ? err : count;
}

#define ATTR(name, ...)							\
	static ssize_t weir_##name##_show(struct config_item *item, char *page) \
	{								\
		return show_number(item, page, &weir_number_##name);	\
	}								\
	static ssize_t weir_##name##_store(struct config_item *item,	\
					   const char *page, size_t count) \
	{								\
		return store_number(item, page, count, &weir_number_##name); \
	}								\
	CONFIGFS_ATTR(weir_, name);
#define NONE(...)
WEIR_SETTINGS(NONE, ATTR, ATTR, ATTR, ATTR)

/* The media model: all of it may change while the disk is on. */

/*
 * What an attribute does to a copy of the configuration, which then applies to
 * the disk, if it is on, or else to nothing.
 */
static ssize_t store_media(struct config_item *item, const char *page, size_t count,
			   int (*set)(struct weir_model_config *c, int which,
				      const char *text, size_t len), int which)
{
	struct weir_dir *dir = weir_to_dir(item);
	struct weir_model_config *c;
	int err;

	c = kmalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	mutex_lock(&dir->wd->mutex);
	*c = dir->media;
	err = set(c, which, page, count);
	if (!err && dir->wd->disk)
		err = weir_disk_retune(dir->wd, c);
	if (!err)
		dir->media = *c;
	mutex_unlock(&dir->wd->mutex);
	kfree(c);
	return err ? err : count;
}

static int set_profile(struct weir_model_config *c, int unused, const char *text, size_t len)
{
	return weir_model_set_profile(c, text, len);
}

static ssize_t weir_profile_store(struct config_item *item, const char *page, size_t count)
{
	return store_media(item, page, count, set_profile, 0);
}

static ssize_t weir_profile_show(struct config_item *item, char *page)
{
	const char *name;

	mutex_lock(&weir_to_dir(item)->wd->mutex);
	name = weir_to_dir(item)->media.profile->name;
	mutex_unlock(&weir_to_dir(item)->wd->mutex);
	return sysfs_emit(page, "%s\n", name);
}
CONFIGFS_ATTR(weir_, profile);

static int set_media_number(struct weir_model_config *c, int which, const char *text,
			    size_t len)
{
	return weir_model_set_number(c, which, text, len);
}

static ssize_t show_media_number(struct config_item *item, char *page,
				 enum weir_model_index which)
{
	s64 value;

	mutex_lock(&weir_to_dir(item)->wd->mutex);
	value = *weir_model_number(&weir_to_dir(item)->media.model, &weir_model_numbers[which]);
	mutex_unlock(&weir_to_dir(item)->wd->mutex);
	return sysfs_emit(page, "%lld\n", value);
}

#define MEDIA_NUMBER(name, ...)						\
	static ssize_t weir_##name##_show(struct config_item *item, char *page) \
	{								\
		return show_media_number(item, page, WEIR_MODEL_##name); \
	}								\
	static ssize_t weir_##name##_store(struct config_item *item,	\
					   const char *page, size_t count) \
	{								\
		return store_media(item, page, count, set_media_number,	\
				   WEIR_MODEL_##name);			\
	}								\
	CONFIGFS_ATTR(weir_, name);
WEIR_MODEL_NUMBERS(MEDIA_NUMBER, MEDIA_NUMBER)
MEDIA_NUMBER(seed)
MEDIA_NUMBER(speed)

/* By operation: WEIR_MODEL_DISTS has them in that order. */
static const char *const dist_names[WEIR_MODEL_NR_OPS] = {
#define DIST_NAME(name, op) #name,
	WEIR_MODEL_DISTS(DIST_NAME)
};

static int set_dist(struct weir_model_config *c, int op, const char *text, size_t len)
{
	return weir_model_set_dist(c, dist_names[op], op, text, len);
}

static ssize_t show_dist(struct config_item *item, char *page, enum weir_media_op op)
{
	ssize_t len;

	mutex_lock(&weir_to_dir(item)->wd->mutex);
	len = weir_dist_format(&weir_to_dir(item)->media.model.dist[op], page, PAGE_SIZE - 1);
	mutex_unlock(&weir_to_dir(item)->wd->mutex);
	return len + sysfs_emit_at(page, len, "\n");
}

#define MEDIA_DIST(name, op)						\
	static ssize_t weir_##name##_show(struct config_item *item, char *page) \
	{								\
		return show_dist(item, page, op);			\
	}								\
	static ssize_t weir_##name##_store(struct config_item *item,	\
					   const char *page, size_t count) \
	{								\
		return store_media(item, page, count, set_dist, op);	\
	}								\
	CONFIGFS_ATTR(weir_, name);
WEIR_MODEL_DISTS(MEDIA_DIST)

/* power */

static ssize_t weir_power_show(struct config_item *item, char *page)
{
	bool on;

	mutex_lock(&weir_to_dir(item)->wd->mutex);
	on = weir_to_dir(item)->wd->disk;
	mutex_unlock(&weir_to_dir(item)->wd->mutex);
	return sysfs_emit(page, "%d\n", on);
}

/* Caller holds the disk's mutex. */
static int power_on(struct weir_dir *dir)
{
	struct weir_settings resolved = dir->asked;
	int err;

	if (dir->wd->disk)
		return 0;
	err = weir_config_resolve(&resolved, true);
	if (!err)
		err = weir_disk_power_on(dir->wd, &resolved, &dir->media);
	return err;
}

int weir_dir_insist(struct weir_disk *wd, int (*attempt)(struct weir_disk *wd))
{
	int tries = CLOSE_TRIES, err;

	for (;;) {
		mutex_lock(&wd->mutex);
		err = attempt(wd);
		mutex_unlock(&wd->mutex);
		if (err != -EBUSY || !--tries || signal_pending(current))
			return err;
		msleep_interruptible(CLOSE_WAIT_MS);
	}
}

static int try_power_off(struct weir_disk *wd)
{
	return wd->disk ? weir_disk_power_off(wd, false) : 0;
}

static int power_off(struct weir_dir *dir)
{
	int err = weir_dir_insist(dir->wd, try_power_off);

	if (err)
		pr_err("%s: in use, power stays 1 (remove, or 0 force, does not ask)\n",
		       dir->wd->name);
	return err;
}

/* As a pulled cable: nobody is asked. Those who have it open may keep that. */
static int pull(struct weir_dir *dir)
{
	int err = 0;

	mutex_lock(&dir->wd->mutex);
	if (dir->wd->disk)
		err = weir_disk_power_off(dir->wd, true);
	mutex_unlock(&dir->wd->mutex);
	return err;
}

/* 0 force, as it was written: with a newline at its end or without. */
static bool is_forced(const char *page, size_t count)
{
	static const char forced[] = "0 force\n";

	return (count == strlen(forced) || count == strlen(forced) - 1) &&
	       !memcmp(page, forced, count);
}

static ssize_t weir_power_store(struct config_item *item, const char *page, size_t count)
{
	struct weir_dir *dir = weir_to_dir(item);
	bool on;
	int err;

	if (is_forced(page, count))
		return pull(dir) ?: count;
	err = weir_switch_parse("power", page, count, &on);
	if (err)
		return err;
	if (on) {
		mutex_lock(&dir->wd->mutex);
		err = power_on(dir);
		mutex_unlock(&dir->wd->mutex);
	} else {
		err = power_off(dir);
	}
	return err ? err : count;
}
CONFIGFS_ATTR(weir_, power);

static ssize_t weir_remove_store(struct config_item *item, const char *page, size_t count)
{
	bool yes;
	int err;

	err = weir_switch_parse("remove", page, count, &yes);
	if (!err && yes)
		err = pull(weir_to_dir(item));
	return err ? err : count;
}
CONFIGFS_ATTR_WO(weir_, remove);

/* badblocks: +FIRST-LAST, -FIRST-LAST; null_blk lets them change at any time */

#define LAST_SECTOR (S64_MAX >> SECTOR_SHIFT)

static bool parse_range(char *text, u64 *first, u64 *last)
{
	char *dash = strchr(text + 1, '-');

	if ((*text != '+' && *text != '-') || !dash)
		return false;
	*dash = '\0';
	return !kstrtou64(text + 1, 0, first) && !kstrtou64(dash + 1, 0, last) &&
	       *first <= *last && *last <= LAST_SECTOR;
}

static ssize_t weir_badblocks_store(struct config_item *item, const char *page,
				    size_t count)
{
	struct weir_dir *dir = weir_to_dir(item);
	char text[64] = "";
	u64 first, last;
	int err;

	if (count < sizeof(text) && !memchr(page, '\0', count))
		memcpy(text, page, count);
	if (!parse_range(strim(text), &first, &last)) {
		pr_err("badblocks=%*pE: not +FIRST-LAST or -FIRST-LAST, in 512-byte sectors from 0 to %lld\n",
		       (int)min_t(size_t, count, sizeof(text)), page, LAST_SECTOR);
		return -EINVAL;
	}
	mutex_lock(&dir->wd->mutex);
	err = weir_disk_mark(dir->wd, first, last, *strim(text) == '+');
	mutex_unlock(&dir->wd->mutex);
	if (err == -ENOSPC)
		pr_err("%s: badblocks: more than %d ranges\n", dir->wd->name, WEIR_BAD_MAX);
	return err ? err : count;
}

static ssize_t weir_badblocks_show(struct config_item *item, char *page)
{
	ssize_t len;

	mutex_lock(&weir_to_dir(item)->wd->mutex);
	len = weir_disk_show_bad(weir_to_dir(item)->wd, page);
	mutex_unlock(&weir_to_dir(item)->wd->mutex);
	return len;
}
CONFIGFS_ATTR(weir_, badblocks);

#define ENTRY(name, ...) &weir_attr_##name,
static struct configfs_attribute *dir_attrs[] = {
	ENTRY(power)
	ENTRY(remove)
	ENTRY(badblocks)
	ENTRY(power_cut)
	ENTRY(replug)
	ENTRY(snapshot)
	ENTRY(cut_mode)
	ENTRY(cut_damage)
	ENTRY(profile)
	WEIR_MODEL_NUMBERS(ENTRY, ENTRY)
	ENTRY(seed)
	ENTRY(speed)
	WEIR_MODEL_DISTS(ENTRY)
	WEIR_SETTINGS(NONE, ENTRY, ENTRY, ENTRY, ENTRY)
	NULL,
};

static void dir_release(struct config_item *item)
{
	kfree(weir_to_dir(item));
}

static struct configfs_item_operations dir_ops = {
	.release = dir_release,
};

static const struct config_item_type dir_type = {
	.ct_item_ops	= &dir_ops,
	.ct_attrs	= dir_attrs,
	.ct_owner	= THIS_MODULE,
};

/* The directory of directories */

static bool valid_name(const char *name)
{
	if (strlen(name) >= DISK_NAME_LEN || !isalnum(*name))
		return false;
	for (; *name; name++)
		if (!isalnum(*name) && !strchr("_-.", *name))
			return false;
	return true;
}

/* Groups in the group: what was made by mkdir goes by one rmdir. */
static void add_groups(struct weir_dir *dir)
{
	int i;

	weir_faults_group_init(&dir->faults, dir->wd);
	configfs_add_default_group(&dir->faults.group, &dir->group);
	weir_attr_groups_init(dir->attrs, dir->wd);
	for (i = 0; i < WEIR_NR_ATTRS; i++)
		configfs_add_default_group(&dir->attrs[i].group, &dir->group);
}

static struct config_group *make_dir(struct config_group *group, const char *name)
{
	struct weir_disk *wd;
	struct weir_dir *dir;

	if (!valid_name(name)) {
		pr_err("%s: not the name of a disk: a letter or digit, then letters, digits, _, - or ., at most %d in all\n",
		       name, DISK_NAME_LEN - 1);
		return ERR_PTR(-EINVAL);
	}
	dir = kzalloc(sizeof(*dir), GFP_KERNEL);
	if (!dir)
		return ERR_PTR(-ENOMEM);
	dir->asked = *weir_params();
	dir->asked.size = dir->asked.gb << 10;
	dir->media = *weir_media_params();

	wd = weir_disk_new(name, &dir->group.cg_item);
	if (IS_ERR(wd)) {
		if (wd == ERR_PTR(-EEXIST))
			pr_err("%s: there is such a disk already\n", name);
		kfree(dir);
		return ERR_CAST(wd);
	}
	dir->wd = wd;
	weir_faults_begin(wd);
	weir_fault_attrs_begin(wd);
	config_group_init_type_name(&dir->group, name, &dir_type);
	add_groups(dir);
	return &dir->group;
}

/*
 * rmdir has begun, and cannot fail any more. It is about to take the item out of
 * its group, without which weir_configfs_pin() must not look for it.
 */
static void disconnect_dir(struct config_group *group, struct config_item *item)
{
	struct weir_dir *dir = weir_to_dir(item);

	mutex_lock(&dir->wd->mutex);
	if (dir->wd->disk)
		weir_disk_shut(dir->wd);
	mutex_unlock(&dir->wd->mutex);
}

/* The directory has no dependents, so that the disk is not open. */
static void drop_dir(struct config_group *group, struct config_item *item)
{
	struct weir_disk *wd = weir_to_dir(item)->wd;
	bool off;

	mutex_lock(&wd->mutex);
	off = !wd->disk || !WARN_ON_ONCE(weir_disk_power_off(wd, false));
	if (!off)
		wd->item = NULL;
	mutex_unlock(&wd->mutex);
	if (off)
		weir_disk_free(wd);
	configfs_remove_default_groups(to_config_group(item));
	config_item_put(item);
}

/* What a script may rely on; the names of null_blk's features are null_blk's. */
static ssize_t weir_root_features_show(struct config_item *item, char *page)
{
	struct configfs_attribute **attr;
	ssize_t len = 0;

	for (attr = dir_attrs; *attr; attr++) {
		/* These are no features: not there yet, and not in null_blk's list. */
		if (*attr == &weir_attr_zoned || *attr == &weir_attr_index)
			continue;
		len += sysfs_emit_at(page, len, "%s%s", len ? "," : "", (*attr)->ca_name);
	}
	return len + sysfs_emit_at(page, len,
				   ",faults,timeout_inject,requeue_inject,init_hctx_fault_inject\n");
}
CONFIGFS_ATTR_RO(weir_root_, features);

static struct configfs_attribute *root_attrs[] = {
	&weir_root_attr_features,
	NULL,
};

static struct configfs_group_operations root_ops = {
	.make_group = make_dir,
	.disconnect_notify = disconnect_dir,
	.drop_item = drop_dir,
};

static const struct config_item_type root_type = {
	.ct_group_ops	= &root_ops,
	.ct_attrs	= root_attrs,
	.ct_owner	= THIS_MODULE,
};

static struct configfs_subsystem subsys = {
	.su_group.cg_item = {
		.ci_namebuf = "weir",
		.ci_type = &root_type,
	},
};

/*
 * No lock of the directory tree is needed to look for the item: what called us
 * has the disk open, so the module is in use, and the tree stays.
 */
int weir_configfs_pin(struct config_item *item)
{
	return configfs_depend_item_unlocked(&subsys, item) ? -ENXIO : 0;
}

void weir_configfs_unpin(struct config_item *item)
{
	configfs_undepend_item(item);
}

int weir_configfs_init(void)
{
	config_group_init(&subsys.su_group);
	mutex_init(&subsys.su_mutex);
	return configfs_register_subsystem(&subsys);
}

void weir_configfs_exit(void)
{
	configfs_unregister_subsystem(&subsys);
}
