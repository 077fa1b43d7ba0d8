// SPDX-License-Identifier: GPL-2.0
/*
 * Sums of anything give a rate within its bounds, judged without doubt after a second, and
 * scaling is monotone, and exact where its numbers are small.
 */
#include "fuzz.h"
#include "rate.h"

static void check_rate(const struct weir_rate_sum *sum)
{
	struct weir_rate now = weir_rate_of(sum);
	enum weir_rate_verdict verdict;

	HOLDS(now.per_ns >= 1 && now.per_ns <= WEIR_RATE_MAX);
	HOLDS(now.latency_ns <= WEIR_RATE_NS_MAX);
	HOLDS(now.unloaded_ns <= 1ULL << 46);
	HOLDS(now.noise <= WEIR_RATE_ONE * 3 / 2);
	HOLDS(weir_rate_judge(sum, now.noise, now.per_ns, now.per_ns) != WEIR_RATE_LOST);
	verdict = weir_rate_judge(sum, now.noise, now.per_ns, WEIR_RATE_MAX);
	HOLDS(sum->ns < 1000000000 || verdict != WEIR_RATE_UNSURE);
	HOLDS(verdict != WEIR_RATE_LOST || now.per_ns < WEIR_RATE_MAX);
	HOLDS(verdict == WEIR_RATE_UNSURE || weir_rate_is_enough(sum));
}

static void check_scaled(struct bytes *b)
{
	const u64 value = take_from(b, 0, ~0ULL), some = value & ((1ULL << 43) - 1);
	const u64 before = take_from(b, 0, ~0ULL), after = take_from(b, 0, ~0ULL);
	const u64 small = value & 0xffffffff, from = (before & 0xfffff) + 1;
	const u64 to = (after & 0xfffff) + 1, less = take_from(b, 0, some);

	HOLDS(weir_rate_scaled(less, before, after) <= weir_rate_scaled(some, before, after));
	HOLDS(weir_rate_scaled(some, before, before) == some);
	if (from < 1 << 20 && to < 1 << 20)
		HOLDS(weir_rate_scaled(small, from, to) == small * to / from);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_rate_sum sum = { 0 };
	struct bytes b = { data, size };
	u32 step;

	for (step = 0; b.left && step < 1000; step++) {
		const u32 requests = take_from(&b, 0, ~0U);

		weir_rate_add(&sum, take_from(&b, 1, ~0ULL), take_from(&b, 0, ~0ULL), requests);
		weir_rate_add_costs(&sum, requests, take_from(&b, 0, ~0ULL),
				    take_from(&b, 0, ~0ULL), take_from(&b, 0, ~0ULL));
		if (!take_below(&b, 4))
			weir_rate_rescale(&sum, take_from(&b, 0, ~0ULL), take_from(&b, 0, ~0ULL));
		if (sum.weight)
			check_rate(&sum);
		check_scaled(&b);
	}
	return 0;
}
