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
#define SUM_MAX BIT_ULL(46)		/* shifted it still fits */
#define WEIGHT_MAX 1024U		/* one update's latency counts so much at most */

#define MSEC 1000000ULL
#define PLAIN_REQUESTS 128
#define DECIDE_REQUESTS 2048
#define DECIDE_NS (200 * MSEC)
#define SURE_REQUESTS 16384
#define SURE_NS (1000 * MSEC)
#define NOISE (WEIR_RATE_ONE * 3 / 2)

void weir_rate_add(struct weir_rate_sum *sum, u64 interval_ns, u64 work, u32 requests)
{
	sum->ns += min(interval_ns, WEIR_RATE_NS_MAX);
	sum->work = min(sum->work + min(work, SUM_MAX), SUM_MAX);
	sum->requests += requests;
}

void weir_rate_add_costs(struct weir_rate_sum *sum, u32 requests, u64 served_ns,
			 u64 latency_ns, u64 unloaded_ns)
{
	u32 weight = latency_ns && unloaded_ns ? min(requests, WEIGHT_MAX) : 0;

	sum->served = min(sum->served + min(served_ns, SUM_MAX), SUM_MAX);
	sum->latency += min(latency_ns, WEIR_RATE_NS_MAX) * weight;
	sum->unloaded += min(unloaded_ns, WEIR_RATE_NS_MAX) * weight;
	sum->weight += weight;
}

static u64 per_ns(u64 what, u64 ns)
{
	return clamp_t(u64, div64_u64(what << SHIFT, ns), 1, WEIR_RATE_MAX);
}

struct weir_rate weir_rate_of(const struct weir_rate_sum *sum)
{
	u64 latency = min(div64_u64(sum->latency, sum->weight), WEIR_RATE_NS_MAX);

	return (struct weir_rate){
		.per_ns = per_ns(sum->work, sum->ns),
		.noise = NOISE / (u32)int_sqrt(clamp_t(u64, sum->requests, 1, BIT(30))),
		.flight_ns = (latency * per_ns(sum->served, sum->ns)) >> SHIFT,
		.latency_ns = latency,
		.unloaded_ns = div64_u64(sum->unloaded, sum->weight),
	};
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
	sum->served = min(weir_rate_scaled(sum->served, before, after), SUM_MAX);
	sum->unloaded = min(weir_rate_scaled(sum->unloaded, before, after), SUM_MAX);
}
