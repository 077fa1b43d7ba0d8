/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A hard disk: a queue, a write cache, and the one arm. hdd.c has how it works.
 *
 * Pure: compiled into the module and into tests/unit. The owner provides the
 * locking.
 */
#ifndef WEIR_HDD_H
#define WEIR_HDD_H

#include <linux/types.h>

#include "arm.h"
#include "fifo.h"

#define WEIR_HDD_DIRTY 256

/* A run of sectors in a disk's cache, not yet on the platters. */
struct weir_hdd_run {
	u64 sector;
	u64 sectors;
	u64 since_ns;
	u64 number;
};

/**
 * struct weir_hdd - hdd.c's
 * @arm: the mechanics
 * @wait: reads, and writes that go to the platters, in order of arrival
 * @dirty: runs in the cache, in order of arrival
 * @nr_dirty: how many
 * @dirty_sectors: and their length
 * @cache_sectors: room for that
 * @writing: number of the run that the arm is writing; 0: none
 * @runs: runs ever, the number of the latest one
 * @stalled: writes that wait for room
 * @flushing: flushes
 * @arm_free_ns: when the arm can do something else
 * @idle_from_ns: when the last command that needed the arm was done
 * @idle_ns: with speed
 * @busy_ns: the time the arm has worked
 * @writes: commands that wrote
 * @arm_writes: times the arm wrote
 * @candidate: what the arm chooses from; here, as the stack of an interrupt is small
 * @candidate_cmd: of those that are commands
 */
struct weir_hdd {
	struct weir_arm arm;
	struct weir_fifo wait;
	struct weir_hdd_run dirty[WEIR_HDD_DIRTY];
	u32 nr_dirty;
	u64 dirty_sectors;
	u64 cache_sectors;
	u64 writing;
	u64 runs;
	struct weir_fifo stalled;
	struct weir_fifo flushing;
	u64 arm_free_ns;
	u64 idle_from_ns;
	u64 idle_ns;
	u64 busy_ns;
	u64 writes;
	u64 arm_writes;
	struct weir_arm_io candidate[WEIR_ARM_MAX_PICK];
	struct weir_media_cmd *candidate_cmd[WEIR_ARM_MAX_PICK];
};

/*
 * media.c calls these for a model of WEIR_KIND_DISK. @m->model and @m->now_ns are
 * the present ones.
 */

/* A fresh disk, its cache empty; @capacity in bytes */
void weir_hdd_init(struct weir_media *m, u64 capacity);

/* The numbers have changed; what is under way stays as it was decided. */
void weir_hdd_retune(struct weir_media *m);

/* A command has been fetched: decide it, or let it wait. @at_ns does not fall. */
void weir_hdd_enter(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns);

/*
 * Return: when weir_hdd_event() is to be called; WEIR_NEVER: it need not be.
 * @needed: without what the disk does when idle, which can be found out later
 */
u64 weir_hdd_next_ns(const struct weir_media *m, bool needed);

/* That time has come. */
void weir_hdd_event(struct weir_media *m);

/* Take a command out that waits. Return: false if it does not. */
bool weir_hdd_cancel(struct weir_media *m, struct weir_media_cmd *c);

#endif
