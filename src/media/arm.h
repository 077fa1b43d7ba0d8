/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The mechanics of a hard disk: one arm over platters that turn.
 *
 * Sectors run from the outermost track inwards. Zones are equally wide, and their
 * tracks hold the fewer sectors the further in they are, in steps from outer_mbps
 * to inner_mbps; however large the disk is said to be, it fills the whole width.
 * A seek is told by its share of that width: by the square root of the distance up
 * to a third of it, and linear from there (the two pieces of Ruemmler and Wilkes,
 * "An Introduction to Disk Drive Modeling", IEEE Computer 27(3), 1994). The angle
 * is the time modulo a revolution; a transfer begins when its first sector comes
 * by, and lasts until its last one has.
 *
 * The rates are sustained ones: what changing heads and tracks costs is in them.
 * What follows the end of the last transfer without a gap needs no seek and no
 * wait. After a read the arm reads on, up to a track's length ahead, until it is
 * needed elsewhere.
 *
 * Pure: compiled into the module and into tests/unit. The owner provides the
 * locking.
 */
#ifndef WEIR_ARM_H
#define WEIR_ARM_H

#include <linux/types.h>

struct weir_model;

/* hdd.c calls all of this. */

#define WEIR_ARM_MAX_ZONES 1024
#define WEIR_ARM_MAX_PICK 32

/**
 * struct weir_arm_zone - tracks of equal length
 * @start: its first sector
 * @track_sectors: sectors in each of its tracks
 */
struct weir_arm_zone {
	u64 start;
	u64 track_sectors;
};

/**
 * struct weir_arm - the arm
 * @rev_ns: a revolution
 * @seek_track_ns: a seek to the next track
 * @seek_third_ns: a seek over a third of the width
 * @seek_full_ns: a seek over the whole
 * @write_settle_ns: what a write adds to a seek
 * @capacity: in sectors
 * @next: the sector after the last transfer; the arm is there
 * @passed_ns: when @next came by
 * @reads_on: the last transfer was a read
 * @nr_zones: of @zone; one more marks the end
 */
struct weir_arm {
	u64 rev_ns;
	u64 seek_track_ns;
	u64 seek_third_ns;
	u64 seek_full_ns;
	u64 write_settle_ns;
	u64 capacity;
	u64 next;
	u64 passed_ns;
	bool reads_on;
	u32 nr_zones;
	struct weir_arm_zone zone[WEIR_ARM_MAX_ZONES + 1];
};

/**
 * struct weir_arm_io - what the arm is asked to do
 * @sector: where it begins, below the capacity
 * @sectors: its length, 1 or more
 * @since_ns: since when it waits, for weir_arm_pick()
 * @write: as opposed to a read
 */
struct weir_arm_io {
	u64 sector;
	u64 sectors;
	u64 since_ns;
	bool write;
};

/**
 * weir_arm_init() - an arm at rest over the first sector
 * @model: its numbers, checked, with its speed, which makes all times longer
 * @capacity: in bytes, 512 or more
 */
void weir_arm_init(struct weir_arm *a, const struct weir_model *model, u64 capacity);

/** weir_arm_retune() - other numbers; the arm stays over its sector */
void weir_arm_retune(struct weir_arm *a, const struct weir_model *model);

/** weir_arm_seek_ns() - how long a seek takes between two sectors, without settling */
u64 weir_arm_seek_ns(const struct weir_arm *a, u64 from, u64 to);

/**
 * weir_arm_access_ns() - seek, settling and rotation, if it began now
 *
 * Return: how long until its first sector is under the head, or in the buffer.
 */
u64 weir_arm_access_ns(const struct weir_arm *a, const struct weir_arm_io *io,
		       u64 now_ns);

/**
 * weir_arm_serve() - do it, from now on
 * @access_ns: weir_arm_access_ns(), or what was drawn about it
 * @now_ns: not before the last one was done
 *
 * Return: when it is done.
 */
u64 weir_arm_serve(struct weir_arm *a, const struct weir_arm_io *io, u64 access_ns,
		   u64 now_ns);

/**
 * weir_arm_pick() - which one is next?
 * @io: those that wait
 * @nr: of them, 1 to WEIR_ARM_MAX_PICK
 *
 * The one with the shortest access time, less 1/64 of the time it has
 * waited (aged shortest access time first: Jacobson and Wilkes, "Disk scheduling
 * algorithms based on rotational position", HP Labs HPL-CSP-91-7, 1991). So nobody
 * is overtaken by one that came more than 64 times the longest access after it.
 *
 * Return: its index.
 */
u32 weir_arm_pick(const struct weir_arm *a, const struct weir_arm_io *io, u32 nr,
		  u64 now_ns);

#endif
