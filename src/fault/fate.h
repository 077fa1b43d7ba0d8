/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What becomes of a write when the power goes: a seeded adversary.
 *
 * Time here is a count of events, not of seconds: a write begins, is completed, a flush
 * is submitted, each at a number of its own. So a moment is a number (weir_view), and
 * what was durable then follows from the life of each write, also long after. A write
 * that was not durable is volatile, and the adversary decides for each of its blocks by
 * itself whether the block had reached the medium.
 *
 * Every decision is a hash of the seed, the write and the sector. So it is the same in
 * whatever order one asks, and the same seed and workload lose the same sectors.
 *
 * Pure: compiled into the module and into tests/unit.
 */
#ifndef WEIR_FATE_H
#define WEIR_FATE_H

#include <linux/types.h>

/* Which volatile writes are lost */
enum weir_fate_mode {
	WEIR_LOSE_RANDOM,	/* each block by itself, one in two */
	WEIR_LOSE_ALL,		/* all of them */
	WEIR_LOSE_RUN,		/* those in one stretch of 64 KiB to 4 MiB */
	WEIR_LOSE_JOURNAL,	/* those that began earlier; later ones are kept */
	WEIR_LOSE_NR_MODES,
};

/* What is in a sector after the cut; as bits, what may be there instead of the old */
enum weir_fate {
	WEIR_FATE_NEW,		/* the newest that was written */
	WEIR_FATE_BETWEEN,	/* an earlier one of several volatile writes */
	WEIR_FATE_OLD,		/* what was durable */
	WEIR_FATE_ZEROES,
	WEIR_FATE_GARBAGE,
	WEIR_FATE_ERROR,	/* what was durable, and it cannot be read */
	WEIR_NR_FATES,
};

/* Their names, in that order. */
extern const char *const weir_fate_names[WEIR_NR_FATES];
extern const char *const weir_fate_mode_names[WEIR_LOSE_NR_MODES];

/**
 * struct weir_life - what a write has been through, as numbers of events
 * @began: its bytes began to arrive; its name, too
 * @done: it was completed, 0: not yet
 * @destaged: the drive made it durable by itself, 0: it did not
 * @sector: where it begins
 * @fua: it is durable when it is completed
 * @atomic: it is kept or lost as a whole
 */
struct weir_life {
	u64 began;
	u64 done;
	u64 destaged;
	u64 sector;
	bool fua;
	bool atomic;
};

/**
 * struct weir_view - a moment
 * @at: the last event before it
 * @flushed: writes done up to this event had been made durable by a flush
 */
struct weir_view {
	u64 at;
	u64 flushed;
};

/**
 * struct weir_fate_plan - what the adversary is up to in one cut
 * @hash: from the seed and the number of the cut
 * @mode: which writes are lost
 * @first: only sectors from here
 * @last: to here, included, may be hit; writes elsewhere are kept
 * @damage: WEIR_FATE_* as bits: what a lost sector may hold instead of the old
 * @clean: everything is kept
 * @run_first: with WEIR_LOSE_RUN: sectors from here
 * @run_last: to here, included
 * @pivot: with WEIR_LOSE_JOURNAL: what began up to here is lost
 */
struct weir_fate_plan {
	u64 hash;
	enum weir_fate_mode mode;
	u64 first;
	u64 last;
	u32 damage;
	bool clean;
	u64 run_first;
	u64 run_last;
	u64 pivot;
};

/**
 * weir_fate_init() - begin a plan
 * @cut: the number of the cut; one in ten is clean
 *
 * Called by blk/cut.c. The sectors that may be hit are all; for WEIR_LOSE_RUN and
 * WEIR_LOSE_JOURNAL weir_fate_aim() has to follow.
 */
void weir_fate_init(struct weir_fate_plan *plan, u64 seed, u64 cut, enum weir_fate_mode mode);

/* Return: which of @nr volatile pieces the plan wants to be aimed at. @nr: 1 or more */
u64 weir_fate_target(const struct weir_fate_plan *plan, u64 nr);

/* Aim at that one: a piece that begins at @sector, of a write that began at @began. */
void weir_fate_aim(struct weir_fate_plan *plan, u64 sector, u64 began);

/* What weir_fate_step() says of a write at a moment. */
enum weir_step {
	WEIR_STEP_LATER,	/* it had not begun: go on with what was there before it */
	WEIR_STEP_DURABLE,	/* it stays, and so does all before it */
	WEIR_STEP_KEPT,		/* it was volatile, and has made it */
	WEIR_STEP_LOST,		/* it was volatile: go on with what was there before it */
};

/* Was it durable at that moment? */
bool weir_fate_durable(const struct weir_view *view, const struct weir_life *w);

/**
 * weir_fate_step() - the fate of one write in one block
 * @sector: where the block begins
 *
 * Called by store/volatile.c for the writes of a block, newest first, until one stays;
 * the block then has what that one wrote, or else what it had before all of them.
 */
enum weir_step weir_fate_step(const struct weir_fate_plan *plan, const struct weir_view *view,
			      const struct weir_life *w, u64 sector);

/* Return: what is found in a block that is lost; WEIR_FATE_OLD if nothing is damaged. */
enum weir_fate weir_fate_damage(const struct weir_fate_plan *plan, u64 sector);

/* Return: 64 bits of garbage for a sector, the @word-th of them. */
u64 weir_fate_garbage(const struct weir_fate_plan *plan, u64 sector, u32 word);

#endif
