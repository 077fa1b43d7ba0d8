/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a controller without memory of its own holds of the mapping: some segments, those
 * that were used last. Of a drive whose controller holds a share of the mapping, the same
 * share is held here of the disk's, whatever the disk's size.
 *
 * A segment is what 4 KiB of the mapping cover, 4 MiB of the disk (4 bytes for 4 KiB);
 * more on a disk of more than 2^15 of them, which bounds memory to 384 KiB.
 *
 * Pure: compiled into the module and into tests/unit. The owner provides the
 * locking.
 */
#ifndef WEIR_MAP_H
#define WEIR_MAP_H

#include <linux/bits.h>
#include <linux/types.h>

struct weir_model;

#define WEIR_MAP_MAX_SEGMENTS BIT(15)

/* What weir_map_touch() has found. */
#define WEIR_MAP_MISSED 1	/* it was not held: it has to be read */
#define WEIR_MAP_DROPPED 2	/* another, that had changed, is dropped: that has to be written */

/**
 * struct weir_map - the segments held, from the latest to the oldest
 * @shift: of a segment, in sectors
 * @nr_segments: of the disk
 * @room: so many can be held, 1 or more
 * @held: so many are
 * @latest: used last
 * @oldest: used before all others
 * @older: of each segment held, the one used before
 * @newer: and the one used after; of others, that it is absent
 * @changed: it has changed since it was read
 */
struct weir_map {
	u32 shift;
	u32 nr_segments;
	u32 room;
	u32 held;
	u32 latest;
	u32 oldest;
	u32 *older;
	u32 *newer;
	u8 *changed;
};

/* flash.c calls all of this, for a model with map_permille. */

/** weir_map_bytes() - the memory it needs, in bytes; @capacity: of the disk, likewise */
size_t weir_map_bytes(u64 capacity);

/**
 * weir_map_init() - nothing is held
 * @memory: weir_map_bytes(), aligned for u32
 * @model: checked
 * @capacity: of the disk, in bytes
 */
void weir_map_init(struct weir_map *map, void *memory, const struct weir_model *model,
		   u64 capacity);

/* Return: the segment of a sector; the last one for what is beyond the disk. */
u32 weir_map_segment(const struct weir_map *map, u64 sector);

/**
 * weir_map_touch() - a segment is used; it is held from now on
 * @change: and changed
 *
 * Return: WEIR_MAP_MISSED, WEIR_MAP_DROPPED, both, or 0.
 */
u32 weir_map_touch(struct weir_map *map, u32 segment, bool change);

#endif
