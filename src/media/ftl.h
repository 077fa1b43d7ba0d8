/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A flash translation layer: where each piece of the disk is, and what garbage
 * collection must copy so that there is always an empty block.
 *
 * Writes go to a log: the open block, one erase block on every die at once. A
 * unit that is written again becomes garbage where it was. With few blocks free,
 * the block with the fewest valid units (greedy choice) is collected: its valid
 * units are copied to the log, at such a pace that it is empty by the time the
 * host has written as much as this will gain; or as fast as may be, with gc_burst. A block
 * without a valid unit is free at once.
 *
 * A drive that comes with mapped_permille has had that share of its units written once,
 * and then as much as it holds at random, so that its blocks are as such writes leave
 * them: it collects from the first write on.
 *
 * The disk is mapped in at most 2^18 units, which bounds memory to about 4 MiB
 * per whole disk of physical units (8 bytes a unit, 12 a block): a page while that
 * suffices, more on larger disks. A smaller write moves its unit every so often
 * that as much is moved as is written; a smaller discard likewise frees one every so
 * often that as much is freed as is discarded. Blocks too have at least 16 units, and there
 * are a few hundred of them if the disk has as many units; so that on a disk
 * smaller or larger than the drive, its share of spare capacity and hence its write
 * amplification are the drive's.
 *
 * Pure: compiled into the module and into tests/unit. The owner provides the
 * locking.
 */
#ifndef WEIR_FTL_H
#define WEIR_FTL_H

#include <linux/bits.h>
#include <linux/types.h>

struct weir_model;

/*
 * For a model with op_permille: serve.c calls weir_ftl_place(), log.c weir_ftl_write(),
 * flash.c weir_ftl_discard(), and flash_shape.c what has to do with memory and numbers.
 */

#define WEIR_FTL_MAX_UNITS BIT(18)
#define WEIR_FTL_NONE (~0U)

/**
 * struct weir_ftl - the mapping
 * @unit_shift: of a unit, in sectors
 * @block_shift: of a block, in units
 * @nr_units: of the disk
 * @nr_blocks: of the drive, spare ones included
 * @spare_blocks: of them
 * @low_blocks: with so few free, collect
 * @free_blocks: on the list of free ones
 * @free_head: that list, through block_next
 * @free_tail: its end
 * @open: the block that is being filled
 * @open_units: how far
 * @victim: the block being collected, or none
 * @victim_units: how far that one has been searched
 * @victim_valid: its valid units when it was chosen
 * @pace: copies due, in units of 1 / (block's units - victim_valid)
 * @part_sectors: written to parts of units, and not yet a unit
 * @part_discarded: discarded likewise
 * @burst: blocks to collect in one go; 0: at the host's pace
 * @burst_left: of these, the ones that are not collected yet
 * @fewest: no closed block has fewer valid units
 * @recycled: a block has been used again, and so had to be erased
 * @moved_units: written by the host
 * @copied_units: by garbage collection
 * @erased_blocks: become free
 * @where: of each unit of the disk, its place
 * @what: in each place, the unit of the disk
 * @bucket: closed blocks by their valid units
 * @block_next: in bucket, or in the list of free blocks
 * @block_prev: in bucket
 * @valid: of each block, valid units
 */
struct weir_ftl {
	u32 unit_shift;
	u32 block_shift;
	u32 nr_units;
	u32 nr_blocks;
	u32 spare_blocks;
	u32 low_blocks;
	u32 free_blocks;
	u32 free_head;
	u32 free_tail;
	u32 open;
	u32 open_units;
	u32 victim;
	u32 victim_units;
	u32 victim_valid;
	u32 pace;
	u32 burst;
	u32 burst_left;
	u32 fewest;
	u64 part_sectors;
	u64 part_discarded;
	bool recycled;
	u64 moved_units;
	u64 copied_units;
	u64 erased_blocks;
	u32 *where;
	u32 *what;
	u32 *bucket;
	u32 *block_next;
	u32 *block_prev;
	u32 *valid;
};

/**
 * weir_ftl_units() - of how many units the disk is
 * @model: checked
 * @capacity: of the disk, in bytes
 */
u32 weir_ftl_units(const struct weir_model *model, u64 capacity);

/** weir_ftl_bytes() - the memory it needs, in bytes; parameters likewise */
size_t weir_ftl_bytes(const struct weir_model *model, u64 capacity);

/**
 * weir_ftl_init() - a drive that is empty, or written at random (mapped_permille, seed)
 * @memory: weir_ftl_bytes(), aligned for u32
 */
void weir_ftl_init(struct weir_ftl *f, void *memory, const struct weir_model *model,
		   u64 capacity);

/** weir_ftl_retune() - other numbers of the same shape; the mapping stays */
void weir_ftl_retune(struct weir_ftl *f, const struct weir_model *model);

/**
 * weir_ftl_write() - the host writes
 * @sector: the first
 * @sectors: how many
 *
 * Return: how many units garbage collection copied meanwhile.
 */
u32 weir_ftl_write(struct weir_ftl *f, u64 sector, u64 sectors);

/** weir_ftl_discard() - what lies in a range of sectors is of no use to the host any more */
void weir_ftl_discard(struct weir_ftl *f, u64 sector, u64 sectors);

/** weir_ftl_place() - where a sector is, in sectors; itself if never written */
u64 weir_ftl_place(const struct weir_ftl *f, u64 sector);

#endif
