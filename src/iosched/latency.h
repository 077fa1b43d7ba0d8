/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A latency histogram: eight buckets an octave, so that a percentile read from
 * it is at most an eighth too high. Pure.
 */
#ifndef WEIR_LATENCY_H
#define WEIR_LATENCY_H

#include <linux/bitops.h>
#include <linux/types.h>

#define WEIR_LATENCY_UNIT	8	/* the finest bucket: 2^8 ns */
#define WEIR_LATENCY_SUB	3	/* 2^3 buckets an octave */
#define WEIR_LATENCY_BUCKETS	224	/* up to 2^38 ns: four and a half minutes */

struct weir_latency {
	u32 bucket[WEIR_LATENCY_BUCKETS];
};

static inline unsigned int weir_latency_bucket(u64 ns)
{
	u64 units = ns >> WEIR_LATENCY_UNIT;
	unsigned int shift, bucket;

	if (units < 1 << WEIR_LATENCY_SUB)
		return units;
	shift = fls64(units) - 1 - WEIR_LATENCY_SUB;
	bucket = ((shift + 1) << WEIR_LATENCY_SUB) +
		 ((units >> shift) & ((1 << WEIR_LATENCY_SUB) - 1));
	return bucket < WEIR_LATENCY_BUCKETS ? bucket : WEIR_LATENCY_BUCKETS - 1;
}

/* The ns that nothing in the bucket exceeds, its last one apart */
static inline u64 weir_latency_bound(unsigned int bucket)
{
	unsigned int shift = bucket >> WEIR_LATENCY_SUB;
	u64 units = bucket + 1;

	if (shift > 0) {
		units = (bucket & ((1 << WEIR_LATENCY_SUB) - 1)) + 1 +
			(1 << WEIR_LATENCY_SUB);
		units <<= shift - 1;
	}
	return units << WEIR_LATENCY_UNIT;
}

/* How many it holds */
u64 weir_latency_count(const struct weir_latency *h);

/* The bound of the bucket of rank (1: the shortest); 0 if it holds fewer. */
u64 weir_latency_of_rank(const struct weir_latency *h, u64 rank);

#endif
