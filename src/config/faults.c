// SPDX-License-Identifier: GPL-2.0
/*
 * See faults.h.
 *
 * Text is read twice. First all of it is checked: a bad line changes nothing. Then
 * each line is done. Lines that add hold the disk's mutex over both, so that what was
 * checked still fits; text that only takes away does without. That matters: whoever
 * waits for a request that is held (a switch of scheduler, a new number of queues)
 * may have the mutex.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "blk/disk.h"
#include "blk/inject.h"
#include "blk/verdict.h"
#include "fault/attr.h"
#include "fault/rule.h"

#include "config.h"
#include "faults.h"

/* What configfs gives and takes at once, whatever the size of a page */
#define TEXT_MAX 4096

/* " # seen=N hits=N" and a newline, at their longest */
#define COUNTS_MAX 56

/* As much of a bad line as a message needs */
#define SHOWN 64

/**
 * struct room - what a disk's rules take
 * @nr: how many there are
 * @chars: how many characters they are, counts included
 * @adds: of the text that was checked, some line adds
 */
struct room {
	u32 nr;
	u32 chars;
	bool adds;
};

static u32 chars_of(const struct weir_rule *r)
{
	char buf[WEIR_RULE_TEXT_MAX];

	return weir_rule_print(r, buf) + COUNTS_MAX;
}

static int complain(const char *who, const char *text, u32 len, u32 nr,
		    const struct weir_rule_error *why)
{
	const char *end = strnchr(text, len, '\n');

	if (end)
		len = end - text;
	pr_err("%s: faults, line %u, character %u: expected %s: %*pE\n", who, nr, why->at,
	       why->want, (int)min_t(u32, len, SHOWN), text);
	return -EINVAL;
}

/* Does the rule fit, and can it be done here? */
static int check_rule(const char *who, const struct weir_rule *r, struct room *room)
{
	room->adds = true;
	room->nr++;
	room->chars += chars_of(r);
	if (!weir_inject_knows(r)) {
		pr_err("%s: faults, rule %u: this kernel has no such status\n", who, room->nr);
		return -EINVAL;
	}
	if (room->nr > WEIR_RULES_MAX || room->chars > TEXT_MAX) {
		pr_err("%s: faults: not more than %d rules of %d characters in all, with their counts\n",
		       who, WEIR_RULES_MAX, TEXT_MAX);
		return -ENOSPC;
	}
	return 0;
}

static int check_text(const char *who, const char *text, u32 len, struct room *room)
{
	struct weir_rule_line line;
	struct weir_rule_error why;
	u32 at, n, nr;
	int err;

	for (at = 0, nr = 1; at < len; at += n, nr++) {
		n = weir_rule_parse(text + at, len - at, &line, &why);
		if (!n)
			return complain(who, text + at, len - at, nr, &why);
		if (line.verb == WEIR_VERB_REMOVEALL)
			*room = (struct room){ .adds = room->adds };
		if (line.verb == WEIR_VERB_ADD) {
			err = check_rule(who, &line.rule, room);
			if (err)
				return err;
		}
	}
	return 0;
}

/* All of it has been checked. */
static void do_text(struct weir_disk *wd, const char *text, u32 len)
{
	struct weir_rule_line line;
	struct weir_rule_error why;
	u32 at, n;

	for (at = 0; at < len; at += n) {
		n = weir_rule_parse(text + at, len - at, &line, &why);
		if (WARN_ON_ONCE(!n))
			return;
		switch (line.verb) {
		case WEIR_VERB_ADD:
			WARN_ON_ONCE(!weir_inject_add(wd, &line.rule));
			break;
		case WEIR_VERB_REMOVEALL:
			weir_inject_removeall(wd);
			break;
		case WEIR_VERB_RELEASE:
			weir_inject_release(wd, &line.rule);
			break;
		case WEIR_VERB_NONE:
			break;
		}
	}
}

/* Return: 0 or -ENOMEM. */
static int room_of(struct weir_disk *wd, struct room *room)
{
	struct weir_rule *rule = kmalloc_array(WEIR_RULES_MAX, sizeof(*rule), GFP_KERNEL);
	u32 i;

	if (!rule)
		return -ENOMEM;
	*room = (struct room){ .nr = weir_inject_rules(wd, rule) };
	for (i = 0; i < room->nr; i++)
		room->chars += chars_of(&rule[i]);
	kfree(rule);
	return 0;
}

static int add_text(struct weir_disk *wd, const char *text, u32 len)
{
	struct room room;
	int err;

	mutex_lock(&wd->mutex);
	err = room_of(wd, &room);
	if (!err)
		err = check_text(wd->name, text, len, &room);
	if (!err) {
		do_text(wd, text, len);
		weir_verdict_update(wd);
	}
	mutex_unlock(&wd->mutex);
	return err;
}

static int take_text(struct weir_disk *wd, const char *text, u32 len)
{
	struct room room = {};
	int err;

	err = check_text(wd->name, text, len, &room);
	/* What did not fit into the room of no rules fits into no other. */
	if (err || room.adds)
		return err ?: add_text(wd, text, len);
	do_text(wd, text, len);
	mutex_lock(&wd->mutex);
	weir_verdict_update(wd);
	mutex_unlock(&wd->mutex);
	return 0;
}

/* faults/rules, and faults/waiting */

static struct weir_disk *disk_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct weir_faults_group, group)->wd;
}

static ssize_t weir_faults_rules_store(struct config_item *item, const char *page,
				       size_t count)
{
	int err = take_text(disk_of(item), page, count);

	return err ?: count;
}

/* Return: how long the line is. @buf has room for TEXT_MAX. */
static u32 line_of(const struct weir_rule *r, char *buf)
{
	u32 len = weir_rule_print(r, buf);

	return len + scnprintf(buf + len, COUNTS_MAX + 1, " # seen=%llu hits=%llu\n", r->seen,
			       r->hits);
}

static ssize_t weir_faults_rules_show(struct config_item *item, char *page)
{
	struct weir_rule *rule = kmalloc_array(WEIR_RULES_MAX, sizeof(*rule), GFP_KERNEL);
	char line[WEIR_RULE_TEXT_MAX + COUNTS_MAX];
	ssize_t len = 0;
	u32 i, nr;

	if (!rule)
		return -ENOMEM;
	nr = weir_inject_rules(disk_of(item), rule);
	for (i = 0; i < nr; i++) {
		u32 more = line_of(&rule[i], line);

		if (len + more > TEXT_MAX)
			break;
		memcpy(page + len, line, more);
		len += more;
	}
	kfree(rule);
	return len;
}
CONFIGFS_ATTR(weir_faults_, rules);

static ssize_t weir_faults_waiting_show(struct config_item *item, char *page)
{
	u32 held, delayed, stuck;

	weir_inject_waiting(disk_of(item), &held, &delayed, &stuck);
	return sysfs_emit(page, "hold %u\ndelay_ns %u\ntimeout %u\n", held, delayed, stuck);
}
CONFIGFS_ATTR_RO(weir_faults_, waiting);

static struct configfs_attribute *faults_attrs[] = {
	&weir_faults_attr_rules,
	&weir_faults_attr_waiting,
	NULL,
};

static const struct config_item_type faults_type = {
	.ct_attrs	= faults_attrs,
	.ct_owner	= THIS_MODULE,
};

void weir_faults_group_init(struct weir_faults_group *g, struct weir_disk *wd)
{
	g->wd = wd;
	if (IS_ENABLED(CONFIG_CONFIGFS_FS))
		config_group_init_type_name(&g->group, "faults", &faults_type);
}

void weir_faults_show(struct weir_disk *wd, struct seq_file *m)
{
	struct weir_rule *rule = kmalloc_array(WEIR_RULES_MAX, sizeof(*rule), GFP_KERNEL);
	char line[WEIR_RULE_TEXT_MAX + COUNTS_MAX];
	u32 i, nr;

	if (!rule)
		return;
	nr = weir_inject_rules(wd, rule);
	for (i = 0; i < nr; i++) {
		line_of(&rule[i], line);
		seq_puts(m, line);
	}
	kfree(rule);
}

/* The module parameter: rules for each disk that is made, with ; between them */

static char param[TEXT_MAX];

static int faults_set(const char *text, const struct kernel_param *kp)
{
	struct room room = {};
	size_t len = strlen(text);
	int err;

	if (len >= sizeof(param)) {
		pr_err("faults: not more than %zu characters\n", sizeof(param) - 1);
		return -EINVAL;
	}
	err = check_text(KBUILD_MODNAME, text, len, &room);
	if (!err)
		strscpy(param, text, sizeof(param));
	return err;
}

static int faults_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", param);
}

static const struct kernel_param_ops faults_ops = {
	.set = faults_set,
	.get = faults_get,
};

module_param_cb(faults, &faults_ops, NULL, 0444);
__MODULE_PARM_TYPE(faults, "charp");
MODULE_PARM_DESC(faults,
		 "Fault rules that every disk begins with, with ; between them, as in faults/rules of configfs; default none");

void weir_faults_begin(struct weir_disk *wd)
{
	do_text(wd, param, strlen(param));
}
