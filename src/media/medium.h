/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device as its media see it. media.c owns commands and time, and hands each
 * command that the controller has fetched to one of the media: flash.c, hdd.c, or
 * the network. What they all need is in medium.c and line.c.
 *
 * A medium is told of a command once (enter). It decides it there and then by
 * weir_media_decide(), or later, in its event. Times of entry do not fall.
 */
#ifndef WEIR_MEDIUM_H
#define WEIR_MEDIUM_H

#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/types.h>

#include "fifo.h"
#include "flash.h"
#include "hdd.h"
#include "line.h"
#include "media.h"
#include "network.h"
#include "random.h"
#include "slots.h"

#define WEIR_NEVER (~0ULL)

#define WEIR_MAX_NS BIT_ULL(50)	/* of one step, with speed: 13 days */
#define WEIR_LAST_NS BIT_ULL(62)	/* no time is later; as ktime_t none is negative */
#define WEIR_MAX_SECTORS BIT_ULL(28)	/* so that no product overflows */
#define WEIR_MIB_SHIFT 11	/* of a MiB, in sectors */
#define WEIR_MAX_MEAN_NS BIT_ULL(47)	/* weir_dist_draw() takes what is below 2^48 */

/* The pos of a command: where it is. */
enum {
	WEIR_OUTSIDE,	/* not submitted, or given back */
	WEIR_ARRIVING,	/* submitted at a time that the device has not come to yet */
	WEIR_QUEUED,	/* in its submission queue */
	WEIR_INSIDE,	/* fetched, with the medium */
	WEIR_DECIDED,	/* to be returned by weir_media_advance() */
};

/*
 * So much a call of weir_media_step() does, each some 100 instructions; and what an event
 * is of that, and a command that is decided: its owner still has to hand it out.
 */
#define WEIR_STEP_WORK 300
#define WEIR_EVENT_WORK 4
#define WEIR_DECIDED_WORK 8

/**
 * struct weir_squeue - a submission queue
 * @fifo: what it holds
 * @next: if it holds something: whose turn is next
 */
struct weir_squeue {
	struct weir_fifo fifo;
	struct weir_squeue *next;
};

/**
 * struct weir_media - a device
 * @model: its numbers
 * @now_ns: the latest event, or the latest call that came to its end
 * @work: done since the last call of weir_media_step() began, or ended
 * @arriving: commands, in order of their submit_ns, none before @now_ns
 * @times: quantiles, by weir_media_op
 * @random: for what no die decides
 * @squeues: submission queues
 * @nr_queues: of them
 * @turn: those that hold something, the next one first
 * @turn_last: the last of them
 * @fetched: from the first of them in this turn
 * @decided: waits to be returned
 * @slots: those of commands that are decided, until they are done
 * @nr_inside: commands in slots that are not decided
 * @controller_ns: when the controller can fetch again
 * @serial_ns: when it is done with the discards and write-zeroes it has
 * @command_ns, @cached_ns: with speed
 * @bus: towards the host, and from it; the same with single_queue
 * @bus_rate: of both
 */
struct weir_media {
	struct weir_model model;
	u64 now_ns;
	u32 work;
	struct weir_fifo arriving;
	struct weir_quantiles times[WEIR_MODEL_NR_OPS];
	struct weir_random random;
	struct weir_squeue *squeues;
	u32 nr_queues;
	struct weir_squeue *turn;
	struct weir_squeue *turn_last;
	u32 fetched;
	struct weir_fifo decided;
	struct weir_slots slots;
	u32 nr_inside;
	u64 controller_ns;
	u64 serial_ns;
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

/* Has this call computed for as long as it may? */
static inline bool weir_media_tired(const struct weir_media *m)
{
	return m->work >= WEIR_STEP_WORK;
}

/* A time of the model as it is at its speed. */
static inline u64 weir_scaled(const struct weir_media *m, u64 ns)
{
	u64 product = min(ns, WEIR_MAX_NS) * (u32)m->model.speed;

	return min(product, WEIR_MAX_NS);
}

/* How long a flush, discard, or write-zeroes takes on average, without speed. */
static inline u64 weir_media_fixed_mean_ns(const struct weir_model *model,
					   enum weir_media_op op, u64 sectors)
{
	sectors = min(sectors, WEIR_MAX_SECTORS);
	switch (op) {
	case WEIR_MEDIA_FLUSH:
		return model->flush_ns;
	case WEIR_MEDIA_DISCARD:
		return model->discard_ns + (sectors * model->discard_mib_ns >> WEIR_MIB_SHIFT);
	default:
		return model->zeroes_ns + (sectors * model->zeroes_mib_ns >> WEIR_MIB_SHIFT);
	}
}

/* How long one takes, drawn about that, with speed. */
u64 weir_media_fixed_ns(struct weir_media *m, enum weir_media_op op, u64 sectors);

/*
 * A discard or a write-zeroes: the controller does one after another. What it waits for
 * others is added to its part_ns. @sectors: of it, that take the controller's time
 * Return: when the controller has done it, at @at_ns or later.
 */
u64 weir_media_serial_ns(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns,
			 u64 sectors);

/* Return: a time drawn about a mean, with speed. @mean_ns: up to WEIR_MAX_MEAN_NS */
u64 weir_media_draw(const struct weir_media *m, struct weir_random *random,
		    enum weir_media_op op, u64 mean_ns);

/*
 * A fetched command is done then, but no later than 2^60 ns (36 years) from now; what
 * no part explains is service. Its slot is taken until then.
 */
void weir_media_decide(struct weir_media *m, struct weir_media_cmd *c, u64 done_ns);

#endif
