/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A flash die: reads on its planes, and programs in the background. die.c has how it
 * works.
 *
 * Pure: compiled into the module and into tests/unit. The owner provides the
 * locking.
 */
#ifndef WEIR_DIE_H
#define WEIR_DIE_H

#include <linux/kernel.h>
#include <linux/types.h>

#include "medium.h"

/*
 * What a program is for: in struct weir_flash's program_flags, which log.c writes and die.c
 * reads. 0: it is the host's, into the cells that are not one-bit ones.
 */
#define WEIR_PROGRAM_COLLECTS 1	/* garbage collection's */
#define WEIR_PROGRAM_ERASES 2	/* it erases a block, too */
#define WEIR_PROGRAM_ONE_BIT 4	/* into one-bit cells */

/**
 * struct weir_die - a die
 * @read_end_ns: when the last read of all its planes is, or was, done
 * @still_ns: until when reads let the program under way stand still
 * @ready_ns: since when the oldest of the backlog can be programmed
 * @program_end_ns: when the program under way, or the last one, is done
 * @host_end_ns: when the last one that was not draining was done
 * @busy_ns: the time it has worked, each of its planes for itself at reads
 * @programmed: programs done of those it was given, ever
 * @pages: pages programmed, ever
 * @random: for its times
 * @channel: its channel
 * @backlog: programs filled, and not begun
 * @cached: pages of these, and of the one under way
 * @program_pages: pages of the program under way
 * @one_bit: pages in its one-bit cells
 * @round: the turn of the next of them to begin, modulo the flash's rounds
 * @passed: reads that went ahead of the program that could be done
 * @erase_program: with which program of a block it erases one
 * @programming: a program is under way
 * @collecting: and it is garbage collection's, or draining
 * @draining: and it copies what one-bit cells held
 */
struct weir_die {
	u64 read_end_ns;
	u64 still_ns;
	u64 ready_ns;
	u64 program_end_ns;
	u64 host_end_ns;
	u64 busy_ns;
	u64 programmed;
	u64 pages;
	struct weir_random random;
	u32 channel;
	u32 backlog;
	u32 cached;
	u32 program_pages;
	u32 one_bit;
	u32 round;
	u32 passed;
	u32 erase_program;
	bool programming;
	bool collecting;
	bool draining;
};

/* The die of a plane, by its number. serve.c and die.c call it. */
static inline u32 weir_die_of_plane(const struct weir_flash *f, u32 plane)
{
	return plane < f->nr_dies ? plane : plane % f->nr_dies;
}

/*
 * What a plane takes for pages, one after another, at @ns each. serve.c and flash_shape.c
 * call it. @pages: of a command, so less than 2^25; @ns: up to WEIR_MAX_NS
 * Return: in ns, up to WEIR_MAX_NS.
 */
static inline u64 weir_die_pages_ns(u64 pages, u64 ns)
{
	if (pages >> 13 && ns >> 37)
		return WEIR_MAX_NS;
	return min(pages * ns, WEIR_MAX_NS);
}

/*
 * Die number @d lives until then: what it has done in the background is worked out,
 * however much that is. serve.c, log.c and flash.c call it before they look at the die.
 * @until_ns: of the model; a time before one that the die has lived to does nothing
 */
void weir_die_live(struct weir_media *m, u32 d, u64 until_ns);

/*
 * The same, as far as the work of a step allows (weir_media_tired()). serve.c and log.c
 * call it where they can leave off. Return: false if there is more to do, or may be.
 */
bool weir_die_live_some(struct weir_media *m, u32 d, u64 until_ns);

/*
 * When to look whether a die has programmed so many pages, of those it was given.
 * A command enters command_ns after it was fetched, so it can have seen this before.
 * log.c calls it, for what waits there. @programmed: programs, ever
 * Return: a time of the model, in ns; it may be over.
 */
u64 weir_die_next_ns(const struct weir_die *die, u64 programmed);

/*
 * A read, or a write to its place: on plane number @p at once. serve.c calls it, for a
 * die that has lived until @at_ns. @ns: how long the plane takes
 * Return: when it begins; of the wait, *gc_ns is due to garbage collection.
 */
u64 weir_die_serve(struct weir_media *m, u32 p, u64 at_ns, u64 ns, u64 *gc_ns);

#endif
