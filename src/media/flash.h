/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flash: dies on channels, a write cache, and garbage collection. How it works: flash.c
 * has which way a command goes, serve.c what it does on planes, log.c the write cache and
 * die.c a die; flash_shape.c has how many there are of everything.
 *
 * Pure: compiled into the module and into tests/unit. The owner provides the
 * locking.
 */
#ifndef WEIR_FLASH_H
#define WEIR_FLASH_H

#include <linux/types.h>

#include "fifo.h"
#include "ftl.h"
#include "line.h"
#include "map.h"
#include "serve.h"

/* In @written: no program has it. More than can be the difference of two. */
#define WEIR_FLASH_NEVER	(~0U)

struct weir_die;
struct weir_model;

/**
 * struct weir_flash - a flash device
 * @ftl: the mapping, if it collects
 * @map: what the controller holds of that, if it is not all
 * @written: of each unit of the mapping, the number of the program that holds what was
 *           written last, modulo 2^32, or WEIR_FLASH_NEVER; NULL without cache_hits
 * @die: all
 * @channel: all
 * @plane_end_ns: of each plane, when its last read is, or was, done; plane P of die D is
 *                number P * @nr_dies + D
 * @program_flags: of the programs in the cache, by round and die
 * @piece: of the command at hand, the sectors on each plane; else 0
 * @touched: and the planes where there are some
 * @serve: the command at hand
 * @nr_dies: all
 * @nr_planes: of all dies
 * @nr_channels: all
 * @stripe_shift: in sectors
 * @page_shift: in sectors
 * @program_pages: pages that a die programs at once
 * @program_sectors: the same in sectors
 * @one_bit_pages: pages that a die programs at once into one-bit cells
 * @one_bit_share: pages of a die's one-bit cells
 * @share_pages: pages of a die that fit into the cache
 * @block_programs: programs until a die has filled a block on all its planes
 * @unit_pages_shift: pages in a unit of the mapping
 * @rounds: programs of a die that may fit into the cache, 1 or more
 * @log: writes go to the dies in turn; else each to its place
 * @collects: there is a mapping, and garbage
 * @maps: and the controller holds only a part of it
 * @programs: filled and put on their dies' backlog, ever
 * @open_die: whose turn is next: that of program number @programs
 * @open_ordinal: and the how manieth of that die this is
 * @open_round: that, modulo @rounds
 * @open_block_program: that, modulo @block_programs
 * @open_sectors: room left in the program that is open, 0 if none is
 * @open_one_bit: and that goes into one-bit cells
 * @map_sectors: of the mapping, to be written, and not yet a page
 * @debt: pages that garbage collection has yet to write
 * @owed: programs of these, before the next one of the host
 * @left: of the first of @stalled, in sectors
 * @stalled: writes that wait for room in the cache
 * @flushing: commands that wait until their wait_for programs are done
 * @mapping: reads that wait for their part of the mapping, by done_ns: when that is there
 * @discarding: discards whose units are being taken out of the mapping
 * @more: what of the event at hand has been left off, to go on at the same time
 * @more_ns: the time for what it does
 * @lived_ns: all dies have lived until then
 * @living_ns: the first @lived_dies of them until then
 * @lived_dies: see there
 * @lag_ns: dies live at the latest after so long
 * @frontier: all programs before this one are done
 * @frontier_die: whose that is
 * @frontier_ordinal: and the how manieth of that die
 * @host_sectors: written
 * @programmed_before: pages programmed before the counters were reset
 * @suspends: programs suspended
 * @erase_ns: with speed
 * @suspend_ns: with speed
 * @copy_read_ns: the reads of a program that copies, with speed
 * @drain_ns: a program that empties one-bit cells, with speed
 * @idle_ns: with speed
 * @transfer_ns: a program's data on the channel, with speed; the second is a program's
 *               into one-bit cells
 * @turn_ns: the same for one program of each die of the channel
 * @channel_rate: of a channel
 */
struct weir_flash {
	struct weir_ftl ftl;
	struct weir_map map;
	u32 *written;
	struct weir_die *die;
	struct weir_line *channel;
	u64 *plane_end_ns;
	u8 *program_flags;
	u32 *piece;
	u32 *touched;
	struct weir_serve serve;
	u32 nr_dies;
	u32 nr_planes;
	u32 nr_channels;
	u32 stripe_shift;
	u32 page_shift;
	u32 program_pages;
	u32 program_sectors;
	u32 one_bit_pages;
	u32 one_bit_share;
	u32 share_pages;
	u32 block_programs;
	u32 unit_pages_shift;
	u32 rounds;
	bool log;
	bool collects;
	bool maps;
	u64 programs;
	u64 open_ordinal;
	u32 open_die;
	u32 open_round;
	u32 open_block_program;
	u32 open_sectors;
	u32 map_sectors;
	bool open_one_bit;
	u64 debt;
	u64 owed;
	u64 left;
	struct weir_fifo stalled;
	struct weir_fifo flushing;
	struct weir_fifo mapping;
	struct weir_fifo discarding;
	u8 more;
	u64 more_ns;
	u64 lived_ns;
	u64 living_ns;
	u32 lived_dies;
	u64 lag_ns;
	u64 frontier;
	u64 frontier_ordinal;
	u32 frontier_die;
	u64 host_sectors;
	u64 programmed_before;
	u64 suspends;
	u64 erase_ns;
	u64 suspend_ns;
	u64 copy_read_ns;
	u64 drain_ns;
	u64 idle_ns;
	u64 transfer_ns[2];
	u64 turn_ns[2];
	struct weir_rate channel_rate;
};

/*
 * media.c calls these for a model of WEIR_KIND_FLASH. @m->model and @m->now_ns are
 * the present ones.
 */

/* flash_shape.c has these four. */

/* Return: the memory it needs beside struct weir_flash, in bytes. */
size_t weir_flash_bytes(const struct weir_model *model, u64 capacity);

/*
 * A fresh device. @memory: weir_flash_bytes() of zeroed memory; @capacity in bytes
 */
void weir_flash_init(struct weir_media *m, void *memory, u64 capacity);

/* The numbers have changed; what is under way stays as it was decided. */
void weir_flash_retune(struct weir_media *m);

/* The generators of its dies begin anew, with the model's seed. */
void weir_flash_reseed(struct weir_media *m);

/* The others are flash.c's, but for two of die.c. */

/* A command has been fetched: decide it, or let it wait. @at_ns does not fall. */
void weir_flash_enter(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns);

/*
 * Its dies live until then, which no event is before (die.c). Return: false if that takes
 * long, and has to be gone on with.
 */
bool weir_flash_catch_up(struct weir_media *m, u64 until_ns);

/*
 * What its dies have done until then, which is not after now, is worked out (die.c).
 * weir_flash_catch_up() puts some of it off. Return: likewise.
 */
bool weir_flash_settle(struct weir_media *m, u64 until_ns);

/* Return: when weir_flash_event() is to be called; WEIR_NEVER: it need not be. */
u64 weir_flash_next_ns(const struct weir_media *m);

/* That time has come. */
void weir_flash_event(struct weir_media *m);

/* Take a command out that waits. Return: false if it does not. */
bool weir_flash_cancel(struct weir_media *m, struct weir_media_cmd *c);

/* Fill in what is flash's; the rest of @s is left alone. */
void weir_flash_stats(struct weir_media *m, struct weir_media_stats *s);

/* Count from zero. */
void weir_flash_reset_stats(struct weir_media *m);

#endif
