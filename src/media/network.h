/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The caps of network block storage: I/Os a second and bytes a second, each with
 * credit that is saved while less is used and spent in bursts.
 *
 * Each cap is a pair of leaky buckets as meters (virtual scheduling, the generic
 * cell rate algorithm of ITU-T I.371): one at the sustained rate, as deep as the
 * credit, full at the start; one at the burst rate, without depth. A command waits
 * for all of them, behind what was admitted before, so that a small one does not
 * overtake a large one.
 * The round trip, and the other side's time, are the caller's.
 *
 * Pure: compiled into the module and into tests/unit. The owner provides the
 * locking.
 */
#ifndef WEIR_NETWORK_H
#define WEIR_NETWORK_H

#include <linux/types.h>

struct weir_model;

/* media.c calls all of this. */

/**
 * struct weir_meter - one leaky bucket
 * @limited: or else it lets everything through
 * @ps_per_unit: what @ns_per_unit leaves out, below 1000
 * @rest_ps: what @next_ns leaves out
 * @ns_per_unit: time a unit takes at its rate; at most 2^40 (18 minutes)
 * @credit_ns: how far ahead of its rate it may run
 * @next_ns: when the next unit would begin at just its rate
 */
struct weir_meter {
	bool limited;
	u32 ps_per_unit;
	u32 rest_ps;
	u64 ns_per_unit;
	u64 credit_ns;
	u64 next_ns;
};

/**
 * struct weir_network - the caps
 * @ios: sustained and burst, in I/Os
 * @sectors: sustained and burst, in units of 512 bytes
 * @io_bytes: bytes that count as one I/O; 0: a command is one
 */
struct weir_network {
	struct weir_meter ios[2];
	struct weir_meter sectors[2];
	u64 io_bytes;
};

/**
 * weir_network_init() - with full credit
 * @model: its numbers, checked, with its speed, which makes all times longer
 */
void weir_network_init(struct weir_network *n, const struct weir_model *model);

/** weir_network_retune() - other numbers; what was spent stays so */
void weir_network_retune(struct weir_network *n, const struct weir_model *model);

/**
 * weir_network_admit() - one command
 * @bytes: it moves, below 2^32; 0 if none, then the caps do not concern it
 * @now_ns: may be earlier than in the call before
 *
 * Return: when the caps let it begin, @now_ns or later.
 */
u64 weir_network_admit(struct weir_network *n, u64 bytes, u64 now_ns);

#endif
