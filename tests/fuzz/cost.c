// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever latencies are seen, a cost is within its bounds and a larger request does not
 * cost less.
 */
#include "cost.h"
#include "fuzz.h"

static void check(const struct weir_cost *c)
{
	u32 before = 0, i;

	for (i = 0; i <= 33; i++) {
		u32 bytes = i == 33 ? ~0U : i == 32 ? 0x7fffffff : 1U << i;
		u32 ns = weir_cost_ns(c, bytes);

		if (i == 32)
			before = 0;
		HOLDS(ns >= WEIR_COST_MIN_NS && ns <= WEIR_COST_MAX_NS);
		HOLDS(ns >= before);
		HOLDS(weir_cost_bucket(bytes) < WEIR_COST_SIZES);
		before = ns;
	}
	for (i = 0; i < WEIR_COST_SIZES; i++)
		HOLDS(c->floor[i].seen <= WEIR_COST_SURE);
}

/* As counted: no time is shorter than the shortest, and all fit into 32 bits. */
static void any_samples(struct bytes *b, struct weir_cost_sample *sample)
{
	u32 i;

	memset(sample, 0, WEIR_COST_SIZES * sizeof(*sample));
	for (i = 1 + take_below(b, 3); i; i--) {
		struct weir_cost_sample *s = &sample[take_below(b, WEIR_COST_SIZES)];

		s->count = take_from(b, 1, 1 << 20);
		s->min_ns = take_from(b, 0, ~0U);
		s->sum_ns = s->count * take_from(b, s->min_ns, ~0U);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_cost_sample sample[WEIR_COST_SIZES];
	struct bytes b = { data, size };
	struct weir_cost c;
	bool drained = false;
	u32 i;

	weir_cost_init(&c, take_below(&b, 2));
	check(&c);
	while (b.left) {
		const u32 nr = 1 + take_below(&b, 64);
		const bool drain = take_below(&b, 256) < 32;
		u64 requests = 0, sum;

		any_samples(&b, sample);
		for (i = 0; i < nr; i++)
			weir_cost_learn(&c, sample, drain);
		drained |= drain;
		HOLDS(c.drained == drained);
		check(&c);
		for (i = 0; i < WEIR_COST_SIZES; i++)
			requests += sample[i].count;
		sum = weir_cost_sum(&c, sample);
		HOLDS(sum >= requests * WEIR_COST_MIN_NS && sum <= requests * WEIR_COST_MAX_NS);
	}
	return 0;
}
