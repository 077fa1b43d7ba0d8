/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The numbers of a media model, and the profiles that give them.
 * Pure: compiled into the module and into tests/unit.
 *
 * Each number is named, ranged and described once, in WEIR_MODEL_NUMBERS; the
 * struct, the checks, and the configuration's attributes are made from it.
 */
#ifndef WEIR_MODEL_H
#define WEIR_MODEL_H

#include <linux/types.h>

#include "dist.h"

enum weir_media_kind {
	WEIR_KIND_NONE,
	WEIR_KIND_FLASH,
	WEIR_KIND_DISK,
	WEIR_KIND_NETWORK,
};

/*
 * X(name, lowest, highest, description with unit). Shape: SHAPE(...) changes
 * what the device is made of, and so begins a fresh one; NUMBER(...) does not.
 * A kind of medium uses those that it has a use for.
 *
 * 1 MB/s is 10^6 bytes a second; KiB and MiB are powers of two.
 */
#define WEIR_MODEL_NUMBERS(NUMBER, SHAPE)				\
	/* the controller */						\
	SHAPE(slots, 1, 1024, "Commands the controller works on at once") \
	SHAPE(single_queue, 0, 1,					\
	      "1: one submission queue, as SATA has; 0: one per hardware queue, as NVMe has") \
	NUMBER(burst, 1, 1024,						\
	       "Commands fetched from a submission queue before the next one's turn") \
	NUMBER(command_ns, 0, 1000000000,				\
	       "Controller's time per command in ns, one after another") \
	NUMBER(bus_mbps, 0, 1000000, "Rate of the host's bus in MB/s; 0: no limit") \
	SHAPE(cache_mib, 0, 65536, "Write cache in MiB; 0: none")	\
	NUMBER(cached_ns, 0, 1000000000,				\
	       "Time in ns to take a write into the cache, beside its transfer") \
	NUMBER(plp, 0, 1,						\
	       "1: the cache survives a loss of power, so that flush and FUA wait for nothing") \
	NUMBER(flush_ns, 0, 60000000000,				\
	       "Time of a flush in ns, after what it waits for")	\
	NUMBER(discard_ns, 0, 60000000000, "Time of a discard in ns")	\
	NUMBER(discard_mib_ns, 0, 1000000000, "and per MiB of it, in ns") \
	NUMBER(zeroes_ns, 0, 60000000000, "Time of a write-zeroes in ns") \
	NUMBER(zeroes_mib_ns, 0, 10000000000, "and per MiB of it, in ns") \
	/* flash */							\
	SHAPE(channels, 1, 64, "Flash: channels")			\
	SHAPE(dies, 1, 64, "Flash: dies per channel")			\
	SHAPE(planes, 1, 16,						\
	      "Flash: planes of a die, each of which reads on its own")	\
	SHAPE(stripe_kib, 4, 1024,					\
	      "Flash: KiB on a plane before the next die's turn, a power of two") \
	SHAPE(page_kib, 4, 1024,					\
	      "Flash: KiB of a page, a power of two")			\
	SHAPE(program_kib, 0, 16384,					\
	      "Flash: KiB that a die programs at once, whole pages; 0: a page") \
	SHAPE(block_pages, 4, 4096, "Flash: pages of a plane in an erase block") \
	SHAPE(mapped_permille, 0, 1000,					\
	      "Flash: what of the disk has been written at random at power on, in thousandths") \
	SHAPE(map_permille, 0, 1000,					\
	      "Flash: what the controller holds of the mapping, in thousandths; 0: all") \
	SHAPE(cache_hits, 0, 1,						\
	      "Flash: 1: reads of what is in the write cache take no flash read") \
	SHAPE(op_permille, 0, 2000,					\
	      "Flash: spare capacity, in thousandths of the disk; 0: writes in place, no garbage") \
	NUMBER(gc_low_permille, 1, 500,					\
	       "Flash: in thousandths, so few free blocks begin garbage collection") \
	NUMBER(gc_burst, 0, 4,						\
	       "Flash: blocks collected in one go; 0: at the pace of the host's writes") \
	NUMBER(read_ns, 1, 1000000000, "Flash: time to read a page in ns") \
	NUMBER(program_ns, 1, 1000000000, "Flash: time of a program in ns") \
	SHAPE(slc_mib, 0, 1048576,					\
	      "Flash: MiB that are written into one-bit cells first; 0: none") \
	NUMBER(slc_program_ns, 0, 1000000000,				\
	       "Flash: time to program a page of each plane of a die into one-bit cells in ns") \
	NUMBER(erase_ns, 0, 10000000000, "Flash: time to erase a block in ns") \
	NUMBER(suspend_ns, 0, 1000000000,				\
	       "Flash: time in ns to suspend a program or an erase for a read; 0: reads wait") \
	NUMBER(channel_mbps, 0, 1000000,				\
	       "Flash: rate of a channel in MB/s; 0: no limit")		\
	/* a disk */							\
	NUMBER(rpm, 60, 1000000, "Disk: revolutions per minute")	\
	NUMBER(outer_mbps, 1, 100000, "Disk: rate at its beginning in MB/s") \
	NUMBER(inner_mbps, 1, 100000, "Disk: rate at its end in MB/s")	\
	NUMBER(zones, 1, 1024, "Disk: zones of equal rate")		\
	NUMBER(seek_track_ns, 0, 1000000000, "Disk: seek to the next cylinder in ns") \
	NUMBER(seek_third_ns, 0, 1000000000,				\
	       "Disk: seek over a third of it in ns; as the root of the distance up to there") \
	NUMBER(seek_full_ns, 0, 1000000000,				\
	       "Disk: seek over the whole disk in ns; linear from a third")	\
	NUMBER(write_settle_ns, 0, 1000000000, "Disk: a write's longer settling in ns") \
	NUMBER(idle_ns, 0, 60000000000,					\
	       "Idle time in ns: then a disk writes out its cache, a flash die its one-bit cells") \
	/* network block storage */					\
	NUMBER(rtt_ns, 0, 60000000000, "Network: round trip in ns")	\
	NUMBER(remote_read_ns, 0, 60000000000,				\
	       "Network: the other side's time for a read in ns")	\
	NUMBER(remote_write_ns, 0, 60000000000,				\
	       "Network: the other side's time for a write in ns")	\
	NUMBER(cap_iops, 0, 100000000, "Network: I/Os a second, sustained; 0: no cap") \
	NUMBER(burst_iops, 0, 100000000,				\
	       "Network: I/Os a second while there is credit; 0: at once")	\
	NUMBER(burst_ios, 0, 1000000000, "Network: I/Os of credit, at most") \
	NUMBER(cap_io_kib, 0, 1048576,					\
	       "Network: KiB that count as one I/O; 0: a command counts as one")	\
	NUMBER(cap_mbps, 0, 1000000, "Network: MB/s, sustained; 0: no cap") \
	NUMBER(burst_mbps, 0, 1000000, "Network: MB/s while there is credit; 0: at once") \
	NUMBER(burst_mib, 0, 1073741824, "Network: MiB of credit, at most")

/* The operations that have a distribution of their own, by weir_media_op. */
#define WEIR_MODEL_NR_OPS 5

/**
 * struct weir_model - the numbers; all s64, so that what was typed survives
 * until it is checked
 */
struct weir_model {
	s64 kind;
#define WEIR_MODEL_FIELD(name, lo, hi, desc) s64 name;
	WEIR_MODEL_NUMBERS(WEIR_MODEL_FIELD, WEIR_MODEL_FIELD)
#undef WEIR_MODEL_FIELD
	s64 seed;	/* of the generator; 0 to 2^63 - 1 */
	s64 speed;	/* all times are this many times longer; 1 to 10000 */
	/*
	 * how times are distributed about the number, by weir_media_op: flash: of
	 * a page's read or program (erase is constant); disk: of positioning;
	 * network: of round trip and remote time
	 */
	struct weir_dist dist[WEIR_MODEL_NR_OPS];
};

/**
 * struct weir_model_number - one of the numbers, seed and speed included
 * @name: the field's
 * @offset: in struct weir_model, of an s64
 * @lo: lowest
 * @hi: highest
 * @range: both, in words
 * @desc: what it is, with its unit
 * @shape: changing it begins a fresh device
 */
struct weir_model_number {
	const char *name;
	size_t offset;
	s64 lo;
	s64 hi;
	const char *range;
	const char *desc;
	bool shape;
};

/* All of them: WEIR_MODEL_NUMBERS in its order, then seed and speed. */
extern const struct weir_model_number weir_model_numbers[];
extern const u32 nr_weir_model_numbers;

/* Return: where a number is in a model. */
static inline s64 *weir_model_number(struct weir_model *model,
				     const struct weir_model_number *n)
{
	return (s64 *)((char *)model + n->offset);
}

struct weir_complaint;

/**
 * weir_model_check() - are these numbers a device?
 * @why: filled in on failure
 *
 * Called by config/model_config.c whenever a number has been set.
 *
 * Return: true if a device can be made of them.
 */
bool weir_model_check(const struct weir_model *model, struct weir_complaint *why);

/**
 * weir_model_same_shape() - can a live device go from one to the other?
 *
 * Called by blk/drive.c. Both have been checked.
 */
bool weir_model_same_shape(const struct weir_model *a, const struct weir_model *b);

#endif
