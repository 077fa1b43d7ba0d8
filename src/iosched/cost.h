/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a request costs: the device time it would need on a device with nothing
 * else to do, learned by size. One struct weir_cost per operation. All times
 * are nanoseconds.
 *
 * Pure: compiled into the module and into tests/unit. weir_cost_ns() may run
 * at any time beside the one caller of weir_cost_learn(): it may then see the
 * base of one line with the slope of the next, which is a wrong cost for one
 * request and nothing worse. Who charges a cost must remember it, and give back
 * that same number.
 */
#ifndef WEIR_COST_H
#define WEIR_COST_H

#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/types.h>

#define WEIR_COST_SIZES 12	/* up to 4 KiB, 8, 16 ... 4 MiB, everything above */
#define WEIR_COST_SHIFT 8	/* fixed point of the slope */
#define WEIR_COST_MIN_NS 500	/* no device answers sooner, interrupt included */
#define WEIR_COST_MAX_NS 50000000U	/* several seeks of the slowest disk */

/**
 * struct weir_cost_sample - completions of one operation and size bucket
 * @count: how many
 * @min_ns: the shortest device time (issue to completion) among them
 * @sum_ns: all device times
 */
struct weir_cost_sample {
	u32 count;
	u32 min_ns;
	u64 sum_ns;
};

/**
 * struct weir_cost_floor - what is known of one size bucket
 * @ns: the unloaded latency, 0 if nothing is known
 * @age: ticks with completions of other sizes, and none of this one, since
 * @seen: requests behind it, WEIR_COST_SURE at most
 */
struct weir_cost_floor {
	u32 ns;
	u32 age;
	u32 seen;
};

#define WEIR_COST_SURE 16U

/**
 * struct weir_cost - the line, and what it is drawn through
 * @base_ns: what a request of no size would take
 * @slope: ns per KiB, times 2 to the WEIR_COST_SHIFT
 * @drained: it was learned once from a device without a queue
 * @floor: owned by weir_cost_learn()
 */
struct weir_cost {
	u32 base_ns;
	u32 slope;
	bool drained;
	struct weir_cost_floor floor[WEIR_COST_SIZES];
};

/* The size bucket of a request: b holds what is larger than 2 KiB << b, up to 4 KiB << b. */
static inline unsigned int weir_cost_bucket(unsigned int bytes)
{
	unsigned int bucket = bytes ? fls((bytes - 1) >> 12) : 0;

	return bucket < WEIR_COST_SIZES ? bucket : WEIR_COST_SIZES - 1;
}

/* The device time that a request of so many bytes is charged, 0 bytes included. */
static inline u32 weir_cost_ns(const struct weir_cost *c, unsigned int bytes)
{
	u64 ns = READ_ONCE(c->base_ns) +
		 (((u64)READ_ONCE(c->slope) * bytes) >> (WEIR_COST_SHIFT + 10));

	if (ns < WEIR_COST_MIN_NS)
		return WEIR_COST_MIN_NS;
	return ns < WEIR_COST_MAX_NS ? (u32)ns : WEIR_COST_MAX_NS;
}

/** weir_cost_init() - what to believe of a device that has not answered yet */
void weir_cost_init(struct weir_cost *c, bool rotational);

/**
 * weir_cost_learn() - what the device did during one tick (about 100 ms)
 * @c: the line to correct
 * @sample: one for each size bucket; a count of 0 where there was nothing
 * @drained: there was no queue in the device: take it as it is
 *
 * One caller at a time.
 */
void weir_cost_learn(struct weir_cost *c,
		     const struct weir_cost_sample sample[WEIR_COST_SIZES],
		     bool drained);

/* What the requests of a tick would be charged, were they of their buckets' sizes. */
u64 weir_cost_sum(const struct weir_cost *c,
		  const struct weir_cost_sample sample[WEIR_COST_SIZES]);

#endif
