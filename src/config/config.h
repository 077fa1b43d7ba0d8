/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What can be configured. Each line of WEIR_SETTINGS gives a setting's name,
 * default, range and description, once: the module parameter (params.c), the
 * configfs attribute (configfs.c), the check, the message that names the range,
 * and what modinfo prints are all made from it. Where null_blk has the name,
 * meaning and unit are null_blk's.
 */
#ifndef WEIR_CONFIG_H
#define WEIR_CONFIG_H

#include <linux/types.h>

#include "compat/blk.h"
#include "settings.h"

/*
 * PARAM(name, default, lowest, highest, description) - only a module parameter
 * ATTR(name, field, lowest, highest, description) - only a configfs attribute
 * LIVE(as PARAM) - both; the attribute may be changed while the disk is on
 * NUMBER(as PARAM) - both
 * SWITCH(name, default, description) - both, 0 or 1
 */
#define WEIR_SETTINGS(PARAM, ATTR, LIVE, NUMBER, SWITCH)		\
	PARAM(nr_devices, 1, 0, 256, "Number of disks; more can be made in configfs") \
	PARAM(gb, 4, 1, 1048576, "Size of a disk in GiB")		\
	ATTR(size, size, 1, 1073741824, "Size of the disk in MiB")	\
	PARAM(bs, 512, 512, WEIR_BS_MAX, "Logical block size in bytes, a power of two") \
	ATTR(blocksize, bs, 512, WEIR_BS_MAX, "Logical block size in bytes, a power of two") \
	LIVE(submit_queues, 0, 0, 4096,					\
	     "Hardware queues that complete by interrupt; "		\
	     "0: one per CPU, more than CPUs: as many as CPUs")		\
	LIVE(poll_queues, 0, 0, 4096,					\
	     "Hardware queues that complete when polled; more than CPUs: as many as CPUs") \
	SWITCH(use_per_node_hctx, 0, "One hardware queue per NUMA node instead of submit_queues") \
	NUMBER(hw_queue_depth, 64, 1, 10240, "Tags of a hardware queue, in requests") \
	SWITCH(shared_tags, 0,						\
	       "All disks with it share one tag set, made from the module's parameters") \
	SWITCH(shared_tag_bitmap, 0, "All hardware queues of a tag set share its tags") \
	SWITCH(no_sched, 0, "Refuse I/O schedulers")			\
	SWITCH(blocking, 0, "Register as a blocking driver: queue_rq may sleep") \
	NUMBER(home_node, -1, -1, 1023, "NUMA node of memory and queues; -1: any") \
	NUMBER(queue_mode, 2, 0, 2,					\
	       "Block interface: 2, multi-queue; 0 is taken for it, with a warning") \
	NUMBER(irqmode, 1, 0, 2,					\
	       "Completion: 0 inline, 1 softirq on the submitting CPU, "	\
	       "2 timer after completion_nsec")				\
	NUMBER(completion_nsec, -1, -1, 60000000000,			\
	       "Nanoseconds from submission to completion with irqmode=2 "	\
	       "and on poll queues; -1: 10000 with irqmode=2, else 0")	\
	SWITCH(memory_backed, 1,					\
	       "Keep what is written; 0: writes vanish, reads leave the buffer as it was") \
	PARAM(memory_limit, 0, 0, 1073741824,				\
	      "MiB of memory that the data of all disks may take, past "	\
	      "which writes to new places fail with ENOSPC; 0: half of RAM")		\
	NUMBER(mbps, 0, 0, 40960,					\
	       "Bandwidth limit for reads and writes together in MiB/s; 0: none") \
	SWITCH(discard, 1, "Support discard and secure erase")		\
	SWITCH(write_cache, 1, "Report a volatile write cache, so that flushes reach the disk") \
	NUMBER(cache_size, 0, 0, 1073741824,				\
	       "MiB of volatile write cache, lost with the power; implies write_cache=1; 0: none") \
	SWITCH(fua, 1, "Support FUA writes when there is a write_cache")	\
	NUMBER(max_sectors, 0, 0, 8388607,				\
	       "Largest request in 512-byte sectors, 8 or more; 0: no limit of the disk's own") \
	SWITCH(virt_boundary, 0, "Require that segments begin and end at page boundaries") \
	SWITCH(read_only, 0, "Refuse writes")				\
	NUMBER(atomic_kib, 0, 0, 1024,					\
	       "Largest write that is done as a whole or not at all, in KiB, "	\
	       "a power of two; 0: none")				\
	LIVE(cut_seed, 0, 0, 9223372036854775807,			\
	     "Seed of what a power cut takes")				\
	LIVE(cut_first, 0, 0, 18014398509481983,			\
	     "A power cut takes nothing before this 512-byte sector")	\
	LIVE(cut_last, 18014398509481983, 0, 18014398509481983,		\
	     "And nothing after this one")				\
	LIVE(history, 0, 0, 1,						\
	     "Keep the way back to each flush (for snapshot); takes memory")	\
	LIVE(lose_flushes, 0, 0, 1,					\
	     "Complete flushes, and make nothing durable")		\
	SWITCH(rotational, 0, "Report a rotating disk")			\
	NUMBER(physical_block_size, 0, 0, 65536,			\
	       "Physical block size in bytes, a power of two; 0: the logical one") \
	NUMBER(io_min, 0, 0, 1073741824,				\
	       "Smallest efficient request in bytes, whole physical blocks; 0: one of them") \
	NUMBER(io_opt, 0, 0, 1073741824,				\
	       "Best size of a request in bytes, whole physical blocks; 0: none is told") \
	NUMBER(discard_granularity, 0, 0, 1073741824,			\
	       "Unit of discards in bytes, a power of two, whole physical blocks; 0: one of them") \
	NUMBER(max_discard_segments, 1, 1, 256, "Most ranges of one discard request") \
	SWITCH(badblocks_once, 0, "A bad range is good again when a request has met it") \
	SWITCH(badblocks_partial_io, 0,					\
	       "What fails with a bad block is done up to that block")	\
	SWITCH(zoned, 0, "Zoned disk: only 0, zones are not there yet")	\
	ATTR(index, index, 0, 1048575, "The disk's number, given by power=1")

/**
 * struct weir_number - one number that can be set
 * @name: what the user calls it
 * @offset: of the s64 in its struct (weir_settings, or what else has numbers)
 * @lo: the lowest it may be
 * @hi: the highest
 * @is_switch: 0 or 1, also written y, n, on, off
 * @live: may be changed while the disk is on
 */
struct weir_number {
	const char *name;
	size_t offset;
	s64 lo;
	s64 hi;
	bool is_switch;
	bool live;
};

#define WEIR_DECLARE(name, ...) extern const struct weir_number weir_number_##name;
WEIR_SETTINGS(WEIR_DECLARE, WEIR_DECLARE, WEIR_DECLARE, WEIR_DECLARE, WEIR_DECLARE)
#undef WEIR_DECLARE

/* Return: where it is in its struct. */
static inline s64 *weir_number_in(const struct weir_number *n, void *numbers)
{
	return numbers + n->offset;
}

/**
 * weir_number_parse() - a number as the user wrote it
 * @n: which
 * @text: what was written; a newline at its end does not count
 * @len: its length in bytes
 * @value: set on success
 *
 * Called by params.c, configfs.c and model_config.c, in process context.
 *
 * Return: 0, or -EINVAL with a message that names value and range.
 */
int weir_number_parse(const struct weir_number *n, const char *text, size_t len,
		      s64 *value);

/*
 * The same for a switch that is no setting, such as power: 0 or 1, y, n, on, off.
 * @name: for the message
 */
int weir_switch_parse(const char *name, const char *text, size_t len, bool *on);

/**
 * weir_config_resolve() - check settings together, and choose what is left to us
 * @s: every value within its own range; unchanged on failure
 * @in_configfs: whose names the message is to use
 *
 * Called by main.c on load, and by configfs.c with the disk's mutex held, whenever a
 * setting has been written, and before power=1.
 *
 * Return: 0, or -EINVAL with a message.
 */
int weir_config_resolve(struct weir_settings *s, bool in_configfs);

#endif
