/* SPDX-License-Identifier: GPL-2.0 */
/* Reads and writes of which some bits are flipped, and which ones those are. */
#ifndef WEIR_CORRUPT_H
#define WEIR_CORRUPT_H

#include <linux/blk-mq.h>

struct weir_disk;
struct weir_fault;

/**
 * weir_corrupt_move() - do a read or write, as weir_move(), with bits flipped
 * @f: how many, and what chooses them
 *
 * Of each of so many equal parts of the data one bit flips. A read has them flipped in
 * the reader's memory, and what is on the disk stays good; a write on the disk, and
 * the writer's memory stays good.
 *
 * Called by wrong.c; context as weir_move(). A write is done where it may sleep.
 *
 * Return: as weir_move(); with @may_sleep also -EIO if there is no memory for the
 * copy that a write needs.
 */
int weir_corrupt_move(struct weir_disk *wd, struct request *rq,
		      const struct weir_fault *f, bool may_sleep);

#endif
