// SPDX-License-Identifier: GPL-2.0
/*
 * The device's rate, and whether one is as good as another.
 *
 * - As good is what is less than WEIR_RATE_TOLERANCE below it.
 * - From n exponentially distributed service times a rate is uncertain by 1 / sqrt(n).
 *   What is more than 3 / sqrt(n) below is not as good, for sure, after PLAIN_REQUESTS.
 *   Everything else takes DECIDE_REQUESTS or DECIDE_NS. What looks worse then is given
 *   SURE_REQUESTS or SURE_NS, and in the end 1.5 / sqrt(n) is forgiven.
 */
#include <linux/math64.h>

#include "rate.h"

#define SHIFT 16
#define SERVED_MAX BIT_ULL(46)		/* shifted it still fits */
#define WEIGHT_MAX 1024U		/* one update's latency counts so much at most */

#define MSEC 1000000ULL
#define PLAIN_REQUESTS 128
#define DECIDE_REQUESTS 2048
#define DECIDE_NS (200 * MSEC)
#define SURE_REQUESTS 16384
#define SURE_NS (1000 * MSEC)
#define NOISE (WEIR_RATE_ONE * 3 / 2)

void weir_rate_add(struct weir_rate_sum *sum, u64 interval_ns, u64 served_ns, u32 requests,
		   u64 latency_ns, u64 unloaded_ns)
{
	u32 weight = latency_ns && unloaded_ns ? min(requests, WEIGHT_MAX) : 0;

	sum->ns += min(interval_ns, WEIR_RATE_NS_MAX);
	sum->served = min(sum->served + min(served_ns, SERVED_MAX), SERVED_MAX);
	sum->requests += requests;
	sum->latency += min(latency_ns, WEIR_RATE_NS_MAX) * weight;
	sum->unloaded += min(unloaded_ns, WEIR_RATE_NS_MAX) * weight;
	sum->weight += weight;
}

struct weir_rate weir_rate_of(const struct weir_rate_sum *sum)
{
	u64 per_ns = div64_u64(sum->served << SHIFT, sum->ns);

	return (struct weir_rate){
		.per_ns = clamp_t(u64, per_ns, 1, WEIR_RATE_MAX),
		.noise = NOISE / (u32)int_sqrt(clamp_t(u64, sum->requests, 1, BIT(30))),
		.latency_ns = div64_u64(sum->latency, sum->weight),
		.unloaded_ns = div64_u64(sum->unloaded, sum->weight),
	};
}

u64 weir_rate_times(u64 per_ns, u64 ns)
{
	return (min(ns, WEIR_RATE_NS_MAX) * min(per_ns, WEIR_RATE_MAX)) >> SHIFT;
}

bool weir_rate_is_enough(const struct weir_rate_sum *sum)
{
	return sum->requests >= PLAIN_REQUESTS || sum->ns >= DECIDE_NS;
}

enum weir_rate_verdict weir_rate_judge(const struct weir_rate_sum *sum, u32 noise,
				       u64 per_ns, u64 high_per_ns)
{
	u64 share = div64_u64(per_ns * WEIR_RATE_ONE, high_per_ns) + WEIR_RATE_TOLERANCE;

	if (sum->requests >= PLAIN_REQUESTS && share + 2 * noise < WEIR_RATE_ONE)
		return WEIR_RATE_LOST;
	if (sum->requests < DECIDE_REQUESTS && sum->ns < DECIDE_NS)
		return WEIR_RATE_UNSURE;
	if (share >= WEIR_RATE_ONE)
		return WEIR_RATE_GOOD;
	if (sum->requests < SURE_REQUESTS && sum->ns < SURE_NS)
		return WEIR_RATE_UNSURE;
	return share + noise < WEIR_RATE_ONE ? WEIR_RATE_LOST : WEIR_RATE_GOOD;
}

u64 weir_rate_scaled(u64 value, u64 before, u64 after)
{
	u64 whole;

	while ((before | after) >> 20) {
		before >>= 1;
		after >>= 1;
	}
	if (!before || !after)
		return value;
	/* In two parts, for the sake of the bits: after and before have 20. */
	whole = div64_u64(value, before);
	return min(whole, BIT_ULL(43)) * after +
	       div64_u64((value - whole * before) * after, before);
}

void weir_rate_rescale(struct weir_rate_sum *sum, u64 before, u64 after)
{
	sum->served = min(weir_rate_scaled(sum->served, before, after), SERVED_MAX);
	sum->unloaded = min(weir_rate_scaled(sum->unloaded, before, after), SERVED_MAX);
}
