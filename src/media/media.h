/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The media model: given a request and what is under way, when is it done?
 *
 * A simulation of discrete events. Commands wait in the device's submission
 * queues; its controller works on a bounded number of them and fetches the next
 * ones from the queues in turn; from then on the medium decides: flash (flash.c),
 * an arm over platters (arm.c), or block storage across a network (network.c).
 *
 * When a command's time is decided it is handed back to the caller, who lets it
 * wait until then. What is not decided (the controller is full, the arm has not
 * chosen it yet) is decided later, by weir_media_step() at the time that
 * weir_media_next_ns() names.
 *
 * The model lives in its own time, that of its events: being called late delays
 * nobody. The same seed and the same submissions give the same times.
 *
 * Pure: compiled into the module and into tests/unit. All memory is the caller's,
 * taken when the model is made. The owner provides the locking: blk/drive.c holds
 * its lock, with interrupts off, around all that is given a struct weir_media but
 * weir_media_init(). Nothing here sleeps. No floating point; loops are bounded by
 * what a command itself brought.
 *
 * Times are ns of one clock, the caller's; lengths are sectors of 512 bytes unless a
 * comment says bytes.
 *
 * How long a call computes is bounded, too, for whoever has interrupts off meanwhile:
 * weir_media_step() executes some 30000 instructions, at most twice that, and says whether
 * there is more to do. Where it stops makes no difference to what comes out.
 */
#ifndef WEIR_MEDIA_H
#define WEIR_MEDIA_H

#include <linux/types.h>

#include "model.h"

/* What the model knows of operations. */
enum weir_media_op {
	WEIR_MEDIA_READ,
	WEIR_MEDIA_WRITE,
	WEIR_MEDIA_FLUSH,
	WEIR_MEDIA_DISCARD,	/* also secure erase, and zeroes that may unmap */
	WEIR_MEDIA_ZEROES,	/* write zeroes that must not unmap */
	WEIR_MEDIA_NR_OPS,
};

/* Where a command's time went. The sum of all is done_ns - submit_ns. */
enum weir_media_part {
	WEIR_PART_QUEUE,	/* in its submission queue, until fetched */
	WEIR_PART_CACHE,	/* for room in the write cache */
	WEIR_PART_CHANNEL,	/* for the die's channel, or the bus */
	WEIR_PART_DIE,		/* for the die, the arm, the rate cap, or the controller at a
				 * discard: others' commands
				 */
	WEIR_PART_GC,		/* for the die, because it collects garbage */
	WEIR_PART_SERVICE,	/* being served */
	WEIR_MEDIA_NR_PARTS,
};

struct weir_fifo;

/**
 * struct weir_media_cmd - the model's part of a request
 * @next: links what weir_media_step() returns; the model's own before that
 * @prev: the model's own
 * @fifo: the model's own, NULL at first
 * @pos: the model's own
 * @wait_for: the model's own
 * @sector: where it begins, in 512-byte sectors; set by the caller
 * @sectors: its length, 0 for a flush; set by the caller
 * @op: set by the caller
 * @fua: a write that must be durable before it is done; set by the caller
 * @queue: its submission queue, below nr_queues; set by the caller
 * @waiting: submitted and not decided
 * @submit_ns: when it was submitted
 * @done_ns: when it is done, once decided
 * @part_ns: where the time went, once decided
 */
struct weir_media_cmd {
	struct weir_media_cmd *next;
	struct weir_media_cmd *prev;
	struct weir_fifo *fifo;
	u32 pos;
	u16 queue;
	u8 op;
	bool fua;
	bool waiting;
	u64 sector;
	u64 sectors;
	u64 wait_for;
	u64 submit_ns;
	u64 done_ns;
	u64 part_ns[WEIR_MEDIA_NR_PARTS];
};

/**
 * struct weir_media_stats - what happened since it was made, or reset
 * @host_units: pages that commands wrote
 * @programmed_units: pages programmed, those of garbage collection, of emptied
 *                    one-bit cells and of the mapping included; over host_units this
 *                    is write amplification
 * @erased_blocks: erase blocks (of all dies at once) erased
 * @suspends: programs suspended by a read
 * @cache_units: pages now in the write cache
 * @free_blocks: erase blocks now free
 * @nr_dies: dies (1: the arm, or the network)
 */
struct weir_media_stats {
	u64 host_units;
	u64 programmed_units;
	u64 erased_blocks;
	u64 suspends;
	u64 cache_units;
	u64 free_blocks;
	u32 nr_dies;
};

struct weir_media;

/**
 * weir_media_zeroes_sectors() - how much one write-zeroes should cover at most
 *
 * Called by disk.c when the disk goes on, for its queue limits. A flash drive programs
 * them and a hard disk's arm writes them: longer ones hold up everybody else.
 *
 * Return: so many sectors; ~0ULL: no limit.
 */
u64 weir_media_zeroes_sectors(const struct weir_model *model);

/**
 * weir_media_bytes() - the memory a model needs
 * @model: its numbers, checked (weir_model_check())
 * @capacity: of the disk, in bytes
 * @nr_queues: submission queues
 *
 * 50 KiB, 24 bytes a submission queue; flash: 112 bytes a die, 16 a plane, 208 a
 * channel, a byte for each program that fits into the cache, and up to 8 MiB for the
 * mapping (weir_ftl_bytes()); 1 MiB with cache_hits, 384 KiB with map_permille.
 *
 * Return: so many bytes.
 */
size_t weir_media_bytes(const struct weir_model *model, u64 capacity, u32 nr_queues);

/**
 * weir_media_init() - a fresh device
 * @memory: weir_media_bytes() of zeroed memory, 64-byte aligned
 * @model: as for weir_media_bytes(); copied
 * @capacity: likewise
 * @nr_queues: likewise
 *
 * Called when nobody else knows of it. Takes time in proportion to that memory.
 *
 * Return: the model, which lies at the beginning of @memory.
 */
struct weir_media *weir_media_init(void *memory, const struct weir_model *model,
				   u64 capacity, u32 nr_queues);

/**
 * weir_media_submit() - a command arrives in its submission queue
 * @c: what the caller sets of it is set; the model's until it is returned by
 *     weir_media_step() or taken out by weir_media_cancel()
 * @now_ns: as for weir_media_step(); before that of another that has arrived counts as
 *          that one
 *
 * Nothing is decided before weir_media_step() is called.
 */
void weir_media_submit(struct weir_media *m, struct weir_media_cmd *c, u64 now_ns);

/**
 * weir_media_step() - let the device live on until @now_ns, or for a while
 * @more: set to whether it has not got that far: call it again
 *
 * A time before the latest one it has seen counts as that one.
 *
 * Return: the commands that were decided, linked through next, in the order of
 * decision; of any submission queue, and done at any time, past or future.
 */
struct weir_media_cmd *weir_media_step(struct weir_media *m, u64 now_ns, bool *more);

/* The same until it has got that far, however long that takes. */
struct weir_media_cmd *weir_media_advance(struct weir_media *m, u64 now_ns);

/**
 * weir_media_next_ns() - when to call weir_media_step()
 *
 * Return: the time; ~0ULL: it need not be called.
 */
u64 weir_media_next_ns(const struct weir_media *m);

/**
 * weir_media_cancel() - take a command out that has not been decided
 *
 * Return: true if it is the caller's now; false if it is not waiting.
 */
bool weir_media_cancel(struct weir_media *m, struct weir_media_cmd *c);

/**
 * weir_media_retune() - other numbers for the same device
 * @model: weir_model_same_shape() with the present ones
 * @times: of weir_media_compile() for it
 *
 * What is decided stays so.
 */
void weir_media_retune(struct weir_media *m, const struct weir_model *model,
		       const struct weir_quantiles times[WEIR_MODEL_NR_OPS]);

/*
 * Its distributions, ready to be drawn from; 100 us each. Knows of no device: without
 * the owner's lock.
 */
void weir_media_compile(const struct weir_model *model,
			struct weir_quantiles times[WEIR_MODEL_NR_OPS]);

/**
 * weir_media_settle() - work out what the device has done in the background until then
 * @until_ns: a later time than its latest event or call counts as that one
 *
 * What is left of it when weir_media_stats() is called is done there, in one go.
 *
 * Return: false if there is more to do: call it again.
 */
bool weir_media_settle(struct weir_media *m, u64 until_ns);

/** weir_media_stats() - what happened until its latest event or call; all of @s is set */
void weir_media_stats(struct weir_media *m, struct weir_media_stats *s);

/**
 * weir_media_die_busy_ns() - how long a die has been busy since that was reset
 * @die: below the nr_dies of weir_media_stats()
 */
u64 weir_media_die_busy_ns(const struct weir_media *m, u32 die);

/** weir_media_reset_stats() - count from zero; the device stays as it is */
void weir_media_reset_stats(struct weir_media *m);

#endif
