// SPDX-License-Identifier: GPL-2.0
/*
 * null_blk's module parameters that this disk does not have. The kernel would load a
 * module with a parameter it does not know, and only warn: a script would get
 * another disk than the one it asked for. So they are declared, and refused.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>

static int foreign_set(const char *text, const struct kernel_param *kp)
{
	pr_err("%s: null_blk's, not there: this disk has no zones\n", kp->name);
	return -EINVAL;
}

static int foreign_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "\n");
}

static const struct kernel_param_ops foreign_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = foreign_set,
	.get = foreign_get,
};

/* Nobody can read one either: there is nothing in it. */
#define FOREIGN(name)							\
	module_param_cb(name, &foreign_ops, NULL, 0);			\
	MODULE_PARM_DESC(name, "null_blk's; refused, as there are no zones")

FOREIGN(zone_size);
FOREIGN(zone_capacity);
FOREIGN(zone_nr_conv);
FOREIGN(zone_max_open);
FOREIGN(zone_max_active);
FOREIGN(zone_append_max_sectors);
FOREIGN(zone_full);
