/* SPDX-License-Identifier: GPL-2.0 */
/* The attributes of the power cut that are no numbers. */
#ifndef WEIR_CUT_ATTRS_H
#define WEIR_CUT_ATTRS_H

#include <linux/configfs.h>

/* For the list of attributes in configfs.c. */
extern struct configfs_attribute weir_attr_power_cut;
extern struct configfs_attribute weir_attr_replug;
extern struct configfs_attribute weir_attr_snapshot;
extern struct configfs_attribute weir_attr_cut_mode;
extern struct configfs_attribute weir_attr_cut_damage;

#endif
