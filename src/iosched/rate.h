/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How fast the device is: work done per time. Pure: compiled into the module and into
 * tests/unit.
 *
 * Work is what flows are charged (flow.c), in bytes. Costs are latencies, and no measure
 * of a rate: a reader that asks for one block at a time would count for more than the
 * writers that fill the device, and its share of the costs changes with the window. But
 * costs served per time x latency is the sum of costs in flight (Little, "A Proof for the
 * Queuing Formula L = lambda W", Operations Research 9(3), 1961).
 */
#ifndef WEIR_RATE_H
#define WEIR_RATE_H

#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/types.h>

#define WEIR_RATE_MAX BIT_ULL(29)	/* 8192 requests at once */
#define WEIR_RATE_NS_MAX BIT_ULL(34)	/* 17 s: times WEIR_RATE_MAX it still fits */

/* Sums over some time; latencies and costs of the timed requests by weight. */
struct weir_rate_sum {
	u64 ns;
	u64 work;
	u64 requests;
	u64 served;
	u64 latency;
	u64 unloaded;
	u64 weight;
};

/**
 * struct weir_rate - what the sums amount to
 * @per_ns: work per ns, fixed point; 1 at least
 * @noise: how uncertain that is, in 1/WEIR_RATE_ONE: 1.5 / sqrt(requests)
 * @flight_ns: the sum of costs in flight
 * @latency_ns: mean device time
 * @unloaded_ns: mean cost
 */
struct weir_rate {
	u64 per_ns;
	u32 noise;
	u64 flight_ns;
	u64 latency_ns;
	u64 unloaded_ns;
};

#define WEIR_RATE_ONE 1024U
#define WEIR_RATE_TOLERANCE 20U		/* 2 % */

enum weir_rate_verdict { WEIR_RATE_UNSURE, WEIR_RATE_LOST, WEIR_RATE_GOOD };

/* Some time, and what was done in it */
void weir_rate_add(struct weir_rate_sum *sum, u64 interval_ns, u64 work, u32 requests);

/*
 * And what that cost. latency_ns, unloaded_ns: means of the timed requests; 0: none was
 */
void weir_rate_add_costs(struct weir_rate_sum *sum, u32 requests, u64 served_ns,
			 u64 latency_ns, u64 unloaded_ns);

/* Of sums with some time and weight in them */
struct weir_rate weir_rate_of(const struct weir_rate_sum *sum);

/* Are there enough requests, or has it been long enough, for what is not plain? */
bool weir_rate_is_enough(const struct weir_rate_sum *sum);

/* Is one rate as good as a higher one? noise: of the one that the sums are of */
enum weir_rate_verdict weir_rate_judge(const struct weir_rate_sum *sum, u32 noise,
				       u64 per_ns, u64 high_per_ns);

/* value x after / before, or 2^43 x after if that is less: no costs are so far apart */
u64 weir_rate_scaled(u64 value, u64 before, u64 after);

/* The unit of costs has changed. */
void weir_rate_rescale(struct weir_rate_sum *sum, u64 before, u64 after);

#endif
