/* SPDX-License-Identifier: GPL-2.0 */
/* Disks as directories. */
#ifndef WEIR_CONFIGFS_H
#define WEIR_CONFIGFS_H

#include <linux/kconfig.h>

struct config_item;

#if IS_ENABLED(CONFIG_CONFIGFS_FS)

/*
 * The directory of directories, /sys/kernel/config/weir. Called by main.c on load
 * and unload; configfs has the module in use as long as there is a directory in it.
 * Return: 0 or an error.
 */
int weir_configfs_init(void);
void weir_configfs_exit(void);

/**
 * weir_configfs_pin() - refuse rmdir from here on
 *
 * Called by disk.c for every open of a disk. Context: takes one spinlock of configfs,
 * so it may be called with open_mutex held.
 *
 * Return: 0, or -ENXIO if the directory is being removed already.
 */
int weir_configfs_pin(struct config_item *item);

/* Once for each of these that returned 0: the disk has been closed again. */
void weir_configfs_unpin(struct config_item *item);

#else

/* A kernel without configfs: there are the disks of the parameters, and no others. */
static inline int weir_configfs_init(void)
{
	return 0;
}

static inline void weir_configfs_exit(void)
{
}

static inline int weir_configfs_pin(struct config_item *item)
{
	return 0;
}

static inline void weir_configfs_unpin(struct config_item *item)
{
}

#endif

#endif
