/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a disk is built from, and the checks that need more than one value.
 * Pure: compiled into the module and into tests/unit.
 */
#ifndef WEIR_SETTINGS_H
#define WEIR_SETTINGS_H

#include <linux/types.h>

struct weir_complaint;

/* The values of irqmode, null_blk's. */
enum {
	WEIR_IRQ_NONE = 0,
	WEIR_IRQ_SOFTIRQ = 1,
	WEIR_IRQ_TIMER = 2,
};

#define WEIR_DEFAULT_COMPLETION_NSEC 10000

/**
 * struct weir_settings - one disk, as the user asked for it
 *
 * Names, units and meaning are those of the settings (config.h); all are s64 so
 * that what a user typed survives until it has been checked. @size is 0 in what
 * module parameters give: @gb says it then.
 */
struct weir_settings {
	s64 nr_devices;
	s64 gb;
	s64 size;
	s64 bs;
	s64 submit_queues;
	s64 poll_queues;
	s64 use_per_node_hctx;
	s64 hw_queue_depth;
	s64 shared_tags;
	s64 shared_tag_bitmap;
	s64 no_sched;
	s64 blocking;
	s64 home_node;
	s64 queue_mode;
	s64 irqmode;
	s64 completion_nsec;
	s64 memory_backed;
	s64 memory_limit;
	s64 mbps;
	s64 discard;
	s64 write_cache;
	s64 cache_size;
	s64 fua;
	s64 max_sectors;
	s64 virt_boundary;
	s64 read_only;
	s64 rotational;
	s64 physical_block_size;
	s64 io_min;
	s64 io_opt;
	s64 discard_granularity;
	s64 max_discard_segments;
	s64 badblocks_once;
	s64 badblocks_partial_io;
	s64 zoned;
	s64 index;
	s64 history;
	s64 lose_flushes;
	s64 atomic_kib;
	s64 cut_seed;
	s64 cut_mode;
	s64 cut_damage;
	s64 cut_first;
	s64 cut_last;
};

/**
 * struct weir_machine - what the settings are resolved against
 * @cpus: CPUs the machine may ever have
 * @nodes: NUMA nodes online
 * @ram_mib: memory, in MiB
 */
struct weir_machine {
	s64 cpus;
	s64 nodes;
	s64 ram_mib;
};

/**
 * weir_settings_resolve() - check settings against one another, and choose
 * @s: every value within its own range; on success the values that mean
 *     "choose for me" are replaced, and queue counts are cut to the CPUs
 * @m: the machine
 * @why: filled in on failure
 *
 * Called by config.c.
 *
 * Return: true if a disk can be built; otherwise @s is unchanged.
 */
bool weir_settings_resolve(struct weir_settings *s, const struct weir_machine *m,
			   struct weir_complaint *why);

#endif
