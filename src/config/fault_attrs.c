// SPDX-License-Identifier: GPL-2.0
/*
 * See fault_attrs.h. null_blk has them only where the kernel has
 * CONFIG_BLK_DEV_NULL_BLK_FAULT_INJECTION; here fault/attr.c does the arithmetic.
 *
 * The kernel's groups have more files. verbose, and how often it may say something,
 * are taken and kept, as scripts write them; nothing is said here but what any
 * time-out says. task-filter and the stack's limits would need the kernel's own code:
 * they are not there, so that a write to one fails.
 */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "blk/disk.h"
#include "blk/inject.h"
#include "blk/verdict.h"
#include "fault/attr.h"

#include "config.h"
#include "fault_attrs.h"

static const char *const names[WEIR_NR_ATTRS] = {
	[WEIR_ATTR_TIMEOUT] = "timeout_inject",
	[WEIR_ATTR_REQUEUE] = "requeue_inject",
	[WEIR_ATTR_INIT_HCTX] = "init_hctx_fault_inject",
};

static struct weir_attr_group *to_group(struct config_item *item)
{
	return container_of(to_config_group(item), struct weir_attr_group, group);
}

#define NUMBER(nname, field, low, high)					\
	static const struct weir_number number_##nname = {		\
		.name = #nname,						\
		.offset = offsetof(struct weir_fault_attr, field),	\
		.lo = low, .hi = high,					\
	};
NUMBER(probability, probability, 0, 100)
NUMBER(interval, interval, 0, INT_MAX)
NUMBER(times, times, -1, INT_MAX)
NUMBER(space, space, 0, INT_MAX)
NUMBER(verbose, verbose, 0, INT_MAX)
NUMBER(verbose_ratelimit_interval_ms, ratelimit_ms, 0, INT_MAX)
NUMBER(verbose_ratelimit_burst, ratelimit_burst, 0, INT_MAX)

static ssize_t show(struct config_item *item, char *page, const struct weir_number *n)
{
	struct weir_attr_group *g = to_group(item);
	struct weir_fault_attr a = weir_inject_attr(g->wd, g->which);

	return sysfs_emit(page, "%lld\n", *weir_number_in(n, &a));
}

static ssize_t store(struct config_item *item, const char *page, size_t count,
		     const struct weir_number *n)
{
	struct weir_attr_group *g = to_group(item);
	struct weir_fault_attr a;
	s64 value;
	int err;

	err = weir_number_parse(n, page, count, &value);
	if (err)
		return err;
	mutex_lock(&g->wd->mutex);
	a = weir_inject_attr(g->wd, g->which);
	*weir_number_in(n, &a) = value;
	weir_inject_set_attr(g->wd, g->which, &a);
	weir_verdict_update(g->wd);
	mutex_unlock(&g->wd->mutex);
	return count;
}

#define ATTR(name)							\
	static ssize_t weir_fault_##name##_show(struct config_item *item, char *page) \
	{								\
		return show(item, page, &number_##name);		\
	}								\
	static ssize_t weir_fault_##name##_store(struct config_item *item, \
						 const char *page, size_t count) \
	{								\
		return store(item, page, count, &number_##name);	\
	}								\
	CONFIGFS_ATTR(weir_fault_, name);
ATTR(probability)
ATTR(interval)
ATTR(times)
ATTR(space)
ATTR(verbose)
ATTR(verbose_ratelimit_interval_ms)
ATTR(verbose_ratelimit_burst)

static struct configfs_attribute *attrs[] = {
	&weir_fault_attr_probability,
	&weir_fault_attr_interval,
	&weir_fault_attr_times,
	&weir_fault_attr_space,
	&weir_fault_attr_verbose,
	&weir_fault_attr_verbose_ratelimit_interval_ms,
	&weir_fault_attr_verbose_ratelimit_burst,
	NULL,
};

static const struct config_item_type type = {
	.ct_attrs	= attrs,
	.ct_owner	= THIS_MODULE,
};

void weir_attr_groups_init(struct weir_attr_group g[WEIR_NR_ATTRS], struct weir_disk *wd)
{
	enum weir_attr i;

	for (i = 0; i < WEIR_NR_ATTRS; i++) {
		g[i].wd = wd;
		g[i].which = i;
		if (IS_ENABLED(CONFIG_CONFIGFS_FS))
			config_group_init_type_name(&g[i].group, names[i], &type);
	}
}

/* The module parameters */

static struct weir_fault_attr params[WEIR_NR_ATTRS];
static bool given[WEIR_NR_ATTRS];

static int attr_set(const char *text, const struct kernel_param *kp)
{
	const enum weir_attr which = (unsigned long)kp->arg;

	if (!weir_fault_attr_parse(text, &params[which])) {
		pr_err("%s=%*pE: not INTERVAL,PROBABILITY,SPACE,TIMES: from 1, 0 to 100, from 0, from -1 (no limit), to 2147483647\n",
		       kp->name, (int)min_t(size_t, strlen(text), 64), text);
		return -EINVAL;
	}
	given[which] = true;
	return 0;
}

static int attr_get(char *buf, const struct kernel_param *kp)
{
	const enum weir_attr which = (unsigned long)kp->arg;
	const struct weir_fault_attr *a = &params[which];

	if (!given[which])
		return sysfs_emit(buf, "\n");
	return sysfs_emit(buf, "%lld,%lld,%lld,%lld\n", a->interval, a->probability,
			  a->space, a->times);
}

static const struct kernel_param_ops attr_ops = {
	.set = attr_set,
	.get = attr_get,
};

#define PARAM(name, which, what)					\
	module_param_cb(name, &attr_ops, (void *)(which), 0444);	\
	__MODULE_PARM_TYPE(name, "charp");				\
	MODULE_PARM_DESC(name, what " INTERVAL,PROBABILITY,SPACE,TIMES; null_blk's; default none")

PARAM(timeout, WEIR_ATTR_TIMEOUT, "Requests that never complete:");
PARAM(requeue, WEIR_ATTR_REQUEUE, "Requests that are requeued:");
PARAM(init_hctx, WEIR_ATTR_INIT_HCTX, "Hardware queues that cannot be made:");

void weir_fault_attrs_begin(struct weir_disk *wd)
{
	enum weir_attr i;

	for (i = 0; i < WEIR_NR_ATTRS; i++)
		if (given[i])
			weir_inject_set_attr(wd, i, &params[i]);
}
