// SPDX-License-Identifier: GPL-2.0
/*
 * The unloaded latency of a device, from the latencies it has under load.
 *
 * - Each size bucket has a floor. Each tick (100 ms) with completions of that
 *   size offers a candidate, halfway between the quickest and the mean. On a
 *   device that works on nothing else both are the answer; a queue moves the
 *   mean up, and a hit in the device's own cache moves the quickest down, so
 *   either alone can be wrong by any factor and the middle by half of it.
 * - A candidate below the floor takes it down at once, by half of the distance
 *   when eight requests stand behind it, by a sixteenth when it is only one.
 *   This is the minimum filter of BBR (Cardwell et al., "BBR: Congestion-Based
 *   Congestion Control", ACM Queue 14(5), 2016), with a weight in place of a
 *   window of time.
 * - When even the quickest request of a tick was slower than the floor, the
 *   floor rises by 1/32 at most (a quarter of that when fewer than four requests
 *   stand behind it): a device that becomes four times slower is followed in
 *   32 ln 4 = 45 ticks. A queue looks the same; that is why the window law has
 *   to be quicker than this to shorten it, and is.
 * - When the mean is more than twice the floor but some request still is
 *   quicker, the floor creeps up by 1/2048: without it one cache hit per tick
 *   would hide for ever that the device has slowed down. A minute of it is a
 *   third.
 * - When the window law has drained the device (window.c) there was no queue: the mean
 *   is the floor. Fewer than eight requests are believed up to twice the floor; one
 *   alone only if it was quicker, and down to a quarter. Floors of sizes that were not
 *   seen, which may be those of a queue, are forgotten. From then on floors only fall
 *   between drains, when the mean is below for sure: the candidate is mean x (1 + 3 /
 *   sqrt(n)), as the mean of n exponentially distributed times is uncertain by 1 /
 *   sqrt(n). A size that was not seen in a drain begins at the line at most.
 * - Through the floors goes a straight line, base + slope x size, by least
 *   squares of the relative error (weights 1/floor^2), so that 4 KiB matters as
 *   much as 4 MiB. A floor that fewer than 16 requests stand behind is left
 *   out: a stray merged request must not tilt the line. The slope is never negative:
 *   a larger request never costs less. The base is an eighth of the lowest floor at
 *   least: large requests that take times in proportion to their sizes do not tell what
 *   a small one takes, only that it is not nothing. With one floor only, or none that
 *   is sure, the best known scales the whole line to pass through it.
 * - A floor that has had no completions for 600 ticks while other sizes had some
 *   is forgotten.
 */
#include <linux/math64.h>

#include "cost.h"

#define SURE_COUNT 8		/* requests that make a low candidate believed */
#define RISE_COUNT 4		/* and a high one */
#define BASE_SHARE 8
#define RISE_SHIFT 5
#define CREEP_SHIFT 11
#define FORGET_TICKS 600
#define SHARE_SHIFT 16
#define WEIGHT_SHIFT 20

/* A flash disk over a fast bus; a disk of 7,200 rpm. */
#define FLASH_BASE_NS 80000
#define FLASH_KIB_NS 500	/* 2 GB/s */
#define DISK_BASE_NS 8000000
#define DISK_KIB_NS 6500	/* 150 MB/s */

static u32 bucket_kib(unsigned int bucket)
{
	return 4U << bucket;
}

static u32 clamp_ns(u64 ns)
{
	if (ns < WEIR_COST_MIN_NS)
		return WEIR_COST_MIN_NS;
	return ns < WEIR_COST_MAX_NS ? (u32)ns : WEIR_COST_MAX_NS;
}

void weir_cost_init(struct weir_cost *c, bool rotational)
{
	*c = (struct weir_cost){
		.base_ns = rotational ? DISK_BASE_NS : FLASH_BASE_NS,
		.slope = (rotational ? DISK_KIB_NS : FLASH_KIB_NS) << WEIR_COST_SHIFT,
	};
}

/* By 1/32 at most, or 1/2048 where some request still is quicker. */
static void rise(struct weir_cost_floor *f, u32 count, u32 mean, u32 quickest)
{
	u32 by;

	if (quickest > f->ns) {
		by = (f->ns >> RISE_SHIFT) >> (count < RISE_COUNT ? 2 : 0);
		by += !by;
		f->ns += quickest - f->ns < by ? quickest - f->ns : by;
	} else if (mean / 2 > f->ns) {
		f->ns += f->ns >> CREEP_SHIFT;
	}
}

/* There was no queue. */
static void take(struct weir_cost_floor *f, u32 count, u32 mean)
{
	u32 most = count < 2 ? f->ns : count < SURE_COUNT ? 2 * f->ns : mean;
	u32 least = count < 2 ? f->ns / 4 : 0;

	if (!f->ns)
		f->ns = mean;
	else
		f->ns = mean > most ? most : mean < least ? least : mean;
}

/* line_ns: what the line says of that size */
static void learn_floor(struct weir_cost *c, struct weir_cost_floor *f,
			const struct weir_cost_sample *s, u32 line_ns, bool drained)
{
	u32 mean = clamp_ns(div_u64(s->sum_ns, s->count));
	u32 quickest = clamp_ns(s->min_ns);
	u32 candidate = mean;
	u32 weight = s->count < SURE_COUNT ? s->count : SURE_COUNT;

	if (c->drained)
		candidate += 3 * mean / (u32)int_sqrt(s->count);
	else if (quickest < mean)
		candidate = quickest + (mean - quickest) / 2;
	f->age = 0;
	f->seen = s->count < WEIR_COST_SURE - f->seen ? f->seen + s->count :
							WEIR_COST_SURE;
	if (drained)
		take(f, s->count, mean);
	else if (!f->ns)
		f->ns = c->drained && line_ns < mean ? line_ns : candidate;
	else if (candidate < f->ns)
		f->ns -= div_u64((u64)(f->ns - candidate) * weight, 2 * SURE_COUNT);
	else if (!c->drained)
		rise(f, s->count, mean, quickest);
}

/* A slope: rise / spread, fixed point; never negative */
static u64 quotient(s64 together, u64 spread)
{
	u64 rise = together > 0 ? together : 0;

	while (rise >> (63 - WEIR_COST_SHIFT)) {
		rise >>= 1;
		spread >>= 1;
	}
	return div64_u64(rise << WEIR_COST_SHIFT, spread + !spread);
}

/*
 * Least squares around the weighted means. A floor has 26 bits, a size in KiB
 * 14, a weight 20. A weight times its floor is at most the largest weight times
 * the lowest floor, which leaves a sum over twelve within 64 bits.
 */
static void fit(struct weir_cost *c, u32 lowest_ns)
{
	u64 weight[WEIR_COST_SIZES] = { 0 };
	u64 total = 0, sum_kib = 0, sum_ns = 0, spread = 0, slope;
	u32 mean_kib, mean_ns, base_ns = lowest_ns / BASE_SHARE;
	unsigned int i;
	s64 together = 0;

	for (i = 0; i < WEIR_COST_SIZES; i++) {
		u64 share;

		if (c->floor[i].seen < WEIR_COST_SURE)
			continue;
		share = div_u64((u64)lowest_ns << SHARE_SHIFT, c->floor[i].ns);
		weight[i] = share * share >> (2 * SHARE_SHIFT - WEIGHT_SHIFT);
		weight[i] += !weight[i];
		total += weight[i];
		sum_kib += weight[i] * bucket_kib(i);
		sum_ns += weight[i] * c->floor[i].ns;
	}
	mean_kib = div64_u64(sum_kib, total);
	mean_ns = div64_u64(sum_ns, total);
	for (i = 0; i < WEIR_COST_SIZES; i++) {
		s64 kib = (s64)bucket_kib(i) - mean_kib;

		if (!weight[i])
			continue;
		spread += weight[i] * (u64)(kib * kib);
		together += (s64)weight[i] * kib * ((s64)c->floor[i].ns - mean_ns);
	}
	slope = quotient(together, spread);
	/* The line goes through the means, and not below the base at size 0. */
	if (slope > div_u64((u64)(mean_ns - base_ns) << WEIR_COST_SHIFT, mean_kib))
		slope = div_u64((u64)(mean_ns - base_ns) << WEIR_COST_SHIFT, mean_kib);
	if (slope > (u32)~0U)
		slope = (u32)~0U;
	WRITE_ONCE(c->slope, slope);
	WRITE_ONCE(c->base_ns, mean_ns - (u32)((slope * mean_kib) >> WEIR_COST_SHIFT));
}

/* The same line, steeper and higher or neither, through the one point known. */
static void scale(struct weir_cost *c, unsigned int bucket)
{
	u32 now_ns = weir_cost_ns(c, bucket_kib(bucket) << 10);
	u32 ns = c->floor[bucket].ns;
	u64 slope = div_u64((u64)c->slope * ns, now_ns);

	WRITE_ONCE(c->slope, slope < (u32)~0U ? slope : (u32)~0U);
	WRITE_ONCE(c->base_ns, clamp_ns(div_u64((u64)c->base_ns * ns, now_ns)));
}

void weir_cost_learn(struct weir_cost *c,
		     const struct weir_cost_sample sample[WEIR_COST_SIZES],
		     bool drained)
{
	unsigned int i, most = 0, sure = 0;
	u32 lowest_ns = WEIR_COST_MAX_NS;
	bool any = false;

	for (i = 0; i < WEIR_COST_SIZES; i++)
		if (sample[i].count)
			any = true;
	if (!any)
		return;
	c->drained |= drained;
	for (i = 0; i < WEIR_COST_SIZES; i++) {
		struct weir_cost_floor *f = &c->floor[i];

		if (sample[i].count)
			learn_floor(c, f, &sample[i], weir_cost_ns(c, bucket_kib(i) << 10),
				    drained);
		else if (drained)
			*f = (struct weir_cost_floor){ 0 };
		else if (f->ns && ++f->age > FORGET_TICKS)
			*f = (struct weir_cost_floor){ 0 };
		if (f->seen > c->floor[most].seen)
			most = i;
		if (f->seen < WEIR_COST_SURE)
			continue;
		sure++;
		if (f->ns < lowest_ns)
			lowest_ns = f->ns;
	}
	if (sure > 1)
		fit(c, lowest_ns);
	else
		scale(c, most);
}

u64 weir_cost_sum(const struct weir_cost *c,
		  const struct weir_cost_sample sample[WEIR_COST_SIZES])
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < WEIR_COST_SIZES; i++)
		sum += (u64)sample[i].count * weir_cost_ns(c, bucket_kib(i) << 10);
	return sum;
}
