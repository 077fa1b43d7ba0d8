// SPDX-License-Identifier: GPL-2.0
/*
 * The latency histogram: every time falls into the bucket whose bounds enclose
 * it, bounds are an eighth apart at most, and ranks count from the shortest.
 */
#include "latency.h"
#include "unit.h"

static void buckets_enclose(void **state)
{
	unsigned int b, last = 0;
	u64 ns;

	for (ns = 0; ns < 1ULL << 38; ns += 1 + ns / 100) {
		b = weir_latency_bucket(ns);
		assert_in_range(b, last, last + 1);
		assert_true(b < WEIR_LATENCY_BUCKETS);
		assert_true(ns < weir_latency_bound(b));
		if (b)
			assert_true(ns >= weir_latency_bound(b - 1));
		last = b;
	}
	assert_int_equal(last, WEIR_LATENCY_BUCKETS - 1);
	assert_int_equal(weir_latency_bucket(~0ULL), WEIR_LATENCY_BUCKETS - 1);
}

static void bounds_are_close(void **state)
{
	unsigned int b;

	for (b = 8; b < WEIR_LATENCY_BUCKETS; b++) {
		u64 low = weir_latency_bound(b - 1), high = weir_latency_bound(b);

		assert_true(high > low);
		assert_true((high - low) * 8 <= low);
	}
}

static void ranks(void **state)
{
	struct weir_latency h = { 0 };

	assert_int_equal(weir_latency_count(&h), 0);
	assert_int_equal(weir_latency_of_rank(&h, 1), 0);
	h.bucket[3] = 2;
	h.bucket[100] = 1;
	assert_int_equal(weir_latency_count(&h), 3);
	assert_int_equal(weir_latency_of_rank(&h, 1), weir_latency_bound(3));
	assert_int_equal(weir_latency_of_rank(&h, 2), weir_latency_bound(3));
	assert_int_equal(weir_latency_of_rank(&h, 3), weir_latency_bound(100));
	assert_int_equal(weir_latency_of_rank(&h, 4), 0);
	/* The first and the last bucket count, too. */
	h.bucket[0] = 1;
	h.bucket[WEIR_LATENCY_BUCKETS - 1] = 1;
	assert_int_equal(weir_latency_count(&h), 5);
	assert_int_equal(weir_latency_of_rank(&h, 1), weir_latency_bound(0));
	assert_int_equal(weir_latency_of_rank(&h, 5), weir_latency_bound(WEIR_LATENCY_BUCKETS - 1));
}

const struct CMUnitTest latency_tests[] = {
	cmocka_unit_test(buckets_enclose),
	cmocka_unit_test(bounds_are_close),
	cmocka_unit_test(ranks),
};

const size_t nr_latency_tests = sizeof(latency_tests) / sizeof(*latency_tests);
