/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A histogram of times: log-linear, 32 buckets an octave.
 *
 * Up to 63 ns each nanosecond has a bucket of its own; from there on a bucket is
 * a thirty-second of its octave wide. A time read back is the middle of its
 * bucket, so it is at most 1/64 (1.6 %) off. Times from 2^42 ns (73 minutes) on
 * are counted in the last bucket.
 *
 * Histograms are added to one another bucket by bucket: one for each CPU, summed
 * up by the reader, says the same as one for all.
 *
 * Pure: compiled into the module and into tests/unit. Any context. Whoever counts
 * into one that others count into does so by weir_hist_bucket() (stats.h).
 */
#ifndef WEIR_HIST_H
#define WEIR_HIST_H

#include <linux/bitops.h>
#include <linux/types.h>

#define WEIR_HIST_SUB		5	/* 2^5 buckets an octave */
#define WEIR_HIST_BITS		42	/* times below 2^42 ns are told apart */
#define WEIR_HIST_BUCKETS	((WEIR_HIST_BITS - WEIR_HIST_SUB + 1) << WEIR_HIST_SUB)

/**
 * struct weir_hist - a histogram; u64 throughout, so that it may be summed as an
 *                    array
 * @sum_ns: of all times, for the mean
 * @bucket: how many times fell into each
 */
struct weir_hist {
	u64 sum_ns;
	u64 bucket[WEIR_HIST_BUCKETS];
};

/* Return: the bucket of a time, below WEIR_HIST_BUCKETS. */
static inline unsigned int weir_hist_bucket(u64 ns)
{
	unsigned int shift = fls64(ns | 1 << WEIR_HIST_SUB) - 1 - WEIR_HIST_SUB;
	unsigned int bucket = (shift << WEIR_HIST_SUB) + (unsigned int)(ns >> shift);

	return bucket < WEIR_HIST_BUCKETS ? bucket : WEIR_HIST_BUCKETS - 1;
}

/* Return: the shortest time of a bucket. */
u64 weir_hist_low_ns(unsigned int bucket);

/* Return: how many nanoseconds a bucket spans. */
u64 weir_hist_width_ns(unsigned int bucket);

/* Add @from, which may be added to meanwhile, to @to. */
void weir_hist_merge(struct weir_hist *to, const struct weir_hist *from);

/* Take away from @h what it held @earlier. */
void weir_hist_subtract(struct weir_hist *h, const struct weir_hist *earlier);

/* Return: how many times it holds. */
u64 weir_hist_count(const struct weir_hist *h);

/* Return: the mean, rounded down; 0 if it is empty. */
u64 weir_hist_mean_ns(const struct weir_hist *h);

/**
 * weir_hist_percentile_ns() - the time that so many do not exceed
 * @permyriad: of 10,000: 5000 is the median, 9990 p99.9, 10000 the longest
 *
 * By nearest rank: the time of rank count * permyriad / 10000, rounded up, at
 * least 1. Return: the middle of its bucket, 0 if the histogram is empty.
 */
u64 weir_hist_percentile_ns(const struct weir_hist *h, u32 permyriad);

#endif
