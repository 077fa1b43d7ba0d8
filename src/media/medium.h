/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the media model share: media.c owns commands and time, and
 * hands each command that the controller has fetched to one of the media.
 *
 * A medium is told of a command once (enter). It decides it there and then by
 * weir_media_decide(), or later, in its event. Times of entry do not fall.
 */
#ifndef WEIR_MEDIUM_H
#define WEIR_MEDIUM_H

#include <linux/bits.h>
#include <linux/types.h>

#include "arm.h"
#include "ftl.h"
#include "media.h"
#include "network.h"
#include "random.h"

#define WEIR_NEVER (~0ULL)

#define WEIR_MAX_NS BIT_ULL(50)	/* of one step, with speed: 13 days */
#define WEIR_LAST_NS BIT_ULL(62)	/* no time is later; as ktime_t none is negative */

/**
 * struct weir_rate - time per sector
 * @per_sector: in 2^-16 ns, without the speed; 0: no limit
 */
struct weir_rate {
	u64 per_sector;
};

#define WEIR_LINE_MAX 12

/**
 * struct weir_line - what carries one transfer at a time: a channel, or the bus
 * @nr: of @busy
 * @busy: when it is taken, in order of time
 *
 * Who comes later but is ready earlier finds the gaps between. Of more than
 * WEIR_LINE_MAX pieces, those that are closest become one.
 */
struct weir_line {
	u32 nr;
	struct {
		u64 start;
		u64 end;
	} busy[WEIR_LINE_MAX + 1];
};

/* Commands in order. */
struct weir_fifo {
	struct weir_media_cmd *first;
	struct weir_media_cmd *last;
};

/* A submission queue; those that hold something are linked in order of turn. */
struct weir_squeue {
	struct weir_fifo fifo;
	struct weir_squeue *next;
};

/**
 * struct weir_die - a die
 * @read_end_ns: when its last read is, or was, done
 * @ready_ns: since when the oldest page of the backlog can be programmed
 * @program_end_ns: when the program under way, or the last one, is done
 * @busy_ns: the time it has worked
 * @programmed: pages programmed, ever
 * @random: for its times
 * @channel: its channel
 * @backlog: pages filled, and not begun
 * @round: the turn of the next page to begin, modulo the flash's rounds
 * @passed: reads that went ahead of the page that could be programmed
 * @erase_page: with which page of a block it erases one
 * @programming: a program is under way
 * @collecting: and it is garbage collection's
 */
struct weir_die {
	u64 read_end_ns;
	u64 ready_ns;
	u64 program_end_ns;
	u64 busy_ns;
	u64 programmed;
	struct weir_random random;
	u32 channel;
	u32 backlog;
	u32 round;
	u32 passed;
	u32 erase_page;
	bool programming;
	bool collecting;
};

/**
 * struct weir_flash - flash.c's
 * @ftl: the mapping, if it collects
 * @die: all
 * @channel: all
 * @page_flags: of the pages in the cache, by round and die
 * @piece: of the command at hand, the sectors on each die; else 0
 * @touched: and the dies where there are some
 * @nr_dies: all
 * @nr_channels: all
 * @stripe_shift: in sectors
 * @page_shift: in sectors
 * @unit_pages_shift: pages in a unit of the mapping
 * @rounds: pages of a die that fit into the cache, 1 or more
 * @log: writes go to the dies in turn; else each to its place
 * @collects: there is a mapping, and garbage
 * @pages: filled and put on their dies' backlog, ever
 * @open_die: whose turn is next: that of page number @pages
 * @open_ordinal: and the how manieth of that die this is
 * @open_round: that, modulo @rounds
 * @open_block_page: that, modulo the pages of a block
 * @open_sectors: room left in the page that is open, 0 if none is
 * @debt: pages that garbage collection has yet to write
 * @owed: of these, before the next page of the host
 * @left: of the first of @stalled, in sectors
 * @stalled: writes that wait for room in the cache
 * @flushing: commands that wait until their wait_for pages are programmed
 * @frontier: while there are such: all pages before this one are programmed
 * @frontier_die: whose page that is
 * @frontier_ordinal: and the how manieth of that die
 * @host_sectors: written
 * @programmed_before: pages programmed before the counters were reset
 * @suspends: programs suspended
 * @erase_ns: with speed
 * @suspend_ns: with speed
 * @copy_read_ns: the read of a page that is copied, with speed
 * @page_transfer_ns: a page on the channel, with speed
 * @page_turn_ns: the same for one page of each die of the channel
 * @channel_rate: of a channel
 */
struct weir_flash {
	struct weir_ftl ftl;
	struct weir_die *die;
	struct weir_line *channel;
	u8 *page_flags;
	u32 *piece;
	u32 *touched;
	u32 nr_dies;
	u32 nr_channels;
	u32 stripe_shift;
	u32 page_shift;
	u32 unit_pages_shift;
	u32 rounds;
	bool log;
	bool collects;
	u64 pages;
	u64 open_ordinal;
	u32 open_die;
	u32 open_round;
	u32 open_block_page;
	u32 open_sectors;
	u64 debt;
	u64 owed;
	u64 left;
	struct weir_fifo stalled;
	struct weir_fifo flushing;
	u64 frontier;
	u64 frontier_ordinal;
	u32 frontier_die;
	u64 host_sectors;
	u64 programmed_before;
	u64 suspends;
	u64 erase_ns;
	u64 suspend_ns;
	u64 copy_read_ns;
	u64 page_transfer_ns;
	u64 page_turn_ns;
	struct weir_rate channel_rate;
};

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

/**
 * struct weir_media - a device
 * @model: its numbers
 * @now_ns: the latest event, or the latest call
 * @times: quantiles, by weir_media_op
 * @random: for what no die decides
 * @squeues: submission queues
 * @nr_queues: of them
 * @turn: those that hold something, the next one first
 * @turn_last: the last of them
 * @fetched: from the first of them in this turn
 * @decided: waits to be returned
 * @done: times at which slots become free, a heap
 * @nr_done: of them
 * @nr_inside: commands in slots that are not decided
 * @controller_ns: when the controller can fetch again
 * @command_ns, @cached_ns: with speed
 * @bus: towards the host, and from it; the same with single_queue
 * @bus_rate: of both
 */
struct weir_media {
	struct weir_model model;
	u64 now_ns;
	struct weir_quantiles times[WEIR_MODEL_NR_OPS];
	struct weir_random random;
	struct weir_squeue *squeues;
	u32 nr_queues;
	struct weir_squeue *turn;
	struct weir_squeue *turn_last;
	u32 fetched;
	struct weir_fifo decided;
	u64 *done;
	u32 nr_done;
	u32 nr_inside;
	u64 controller_ns;
	u64 command_ns;
	u64 cached_ns;
	struct weir_line bus[2];
	struct weir_rate bus_rate;
	union {
		struct weir_flash flash;
		struct weir_hdd hdd;
		struct weir_network network;
	};
};

/* media.c */

void weir_fifo_push(struct weir_fifo *f, struct weir_media_cmd *c);
struct weir_media_cmd *weir_fifo_pop(struct weir_fifo *f);
/* Return: whether it was there. */
bool weir_fifo_remove(struct weir_fifo *f, struct weir_media_cmd *c);

/* A time of the model as it is at its speed. */
u64 weir_scaled(const struct weir_media *m, u64 ns);

/* A time about a mean, with speed. */
u64 weir_media_draw(const struct weir_media *m, struct weir_random *random,
		    enum weir_media_op op, u64 mean_ns);

struct weir_rate weir_rate(s64 mbps);

/* What sectors take, with speed. */
u64 weir_rate_ns(const struct weir_media *m, struct weir_rate rate, u64 sectors);

/**
 * weir_line_take() - reserve a channel or the bus
 *
 * Return: when it begins, @ready_ns or later.
 */
u64 weir_line_take(struct weir_line *l, u64 ready_ns, u64 ns, u64 now_ns);

/**
 * weir_media_bus() - bytes of a command move over the host's bus
 *
 * Return: when they have.
 */
u64 weir_media_bus(struct weir_media *m, struct weir_media_cmd *c, u64 ready_ns);

/* How long a flush, discard, or write-zeroes takes, with speed. */
u64 weir_media_fixed_ns(struct weir_media *m, enum weir_media_op op, u64 sectors);

/*
 * A fetched command is done then, but no later than 2^60 ns (36 years) from now; what
 * no part explains is service.
 */
void weir_media_decide(struct weir_media *m, struct weir_media_cmd *c, u64 done_ns);

/* flash.c */

size_t weir_flash_bytes(const struct weir_model *model, u64 capacity);
void weir_flash_init(struct weir_media *m, void *memory, u64 capacity);
void weir_flash_retune(struct weir_media *m);
/* The generators of its dies begin anew, with the model's seed. */
void weir_flash_reseed(struct weir_media *m);
void weir_flash_enter(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns);
u64 weir_flash_next_ns(const struct weir_media *m);
void weir_flash_event(struct weir_media *m);
bool weir_flash_cancel(struct weir_media *m, struct weir_media_cmd *c);
void weir_flash_stats(struct weir_media *m, struct weir_media_stats *s);
void weir_flash_reset_stats(struct weir_media *m);

/* hdd.c */

void weir_hdd_init(struct weir_media *m, u64 capacity);
void weir_hdd_retune(struct weir_media *m);
void weir_hdd_enter(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns);
/* @needed: without what the disk does when idle, which can be found out later */
u64 weir_hdd_next_ns(const struct weir_media *m, bool needed);
void weir_hdd_event(struct weir_media *m);
bool weir_hdd_cancel(struct weir_media *m, struct weir_media_cmd *c);

#endif
