// SPDX-License-Identifier: GPL-2.0
/*
 * The log-linear histogram: buckets join without gap and widen as they may, what
 * is read back is as near as promised, sums of parts are the whole, and
 * percentiles are those of the sorted times.
 */
#include <stdlib.h>

#include "hist.h"
#include "unit.h"

#define LAST (WEIR_HIST_BUCKETS - 1)
#define HOUR_NS 3600000000000ULL

static void add(struct weir_hist *h, u64 ns)
{
	h->bucket[weir_hist_bucket(ns)]++;
	h->sum_ns += ns;
}

static u64 next_random(u64 *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state >> 11;
}

/* Every bucket's first and last time, and those beside them. */
static void buckets_join(void **state)
{
	u64 at_ns = 0;
	unsigned int b;

	for (b = 0; b <= LAST; b++) {
		u64 width_ns = weir_hist_width_ns(b);

		assert_int_equal(weir_hist_low_ns(b), at_ns);
		assert_int_equal(weir_hist_bucket(at_ns), b);
		assert_int_equal(weir_hist_bucket(at_ns + width_ns - 1), b);
		assert_true(width_ns > 0);
		/* 3 % of its time at most, read back in the middle */
		assert_true(width_ns == 1 || width_ns / 2 * 100 <= at_ns * 3);
		at_ns += width_ns;
	}
	assert_true(at_ns == 1ULL << WEIR_HIST_BITS);
	assert_true(at_ns > HOUR_NS);
}

static void beyond_the_last(void **state)
{
	assert_int_equal(weir_hist_bucket(1ULL << WEIR_HIST_BITS), LAST);
	assert_int_equal(weir_hist_bucket(1ULL << 63), LAST);
	assert_int_equal(weir_hist_bucket(~0ULL), LAST);
}

static u64 read_back_ns(u64 ns)
{
	struct weir_hist h = { 0 };

	add(&h, ns);
	return weir_hist_percentile_ns(&h, 5000);
}

static void within_a_64th(u64 ns)
{
	u64 back_ns = read_back_ns(ns);
	u64 off_ns = back_ns > ns ? back_ns - ns : ns - back_ns;

	if (off_ns * 64 > ns)
		fail_msg("%llu ns is read back as %llu ns", ns, back_ns);
}

static void error_is_small(void **state)
{
	u64 random = 3;
	unsigned int b, i;

	for (b = 0; b <= LAST; b++) {
		within_a_64th(weir_hist_low_ns(b));
		within_a_64th(weir_hist_low_ns(b) + weir_hist_width_ns(b) - 1);
	}
	for (i = 0; i < 20000; i++)
		within_a_64th(next_random(&random) >> (11 + i % 42));
}

static void small_times_are_exact(void **state)
{
	u64 ns;

	for (ns = 0; ns < 64; ns++)
		assert_int_equal(read_back_ns(ns), ns);
}

static void buckets_rise(void **state)
{
	unsigned int last = 0;
	u64 ns;

	for (ns = 1; ns < 1ULL << WEIR_HIST_BITS; ns += 1 + ns / 1000) {
		unsigned int b = weir_hist_bucket(ns);

		assert_in_range(b, last, last + 1);
		last = b;
	}
	assert_int_equal(last, LAST);
}

static void parts_are_the_whole(void **state)
{
	struct weir_hist part[4] = { 0 }, whole = { 0 }, sum = { 0 };
	u64 random = 5;
	unsigned int i;

	for (i = 0; i < 50000; i++) {
		u64 ns = next_random(&random) >> (11 + random % 40);

		add(&part[i % 4], ns);
		add(&whole, ns);
	}
	for (i = 0; i < 4; i++)
		weir_hist_merge(&sum, &part[i]);
	assert_memory_equal(&sum, &whole, sizeof(sum));
	assert_int_equal(weir_hist_count(&sum), 50000);
	for (i = 0; i < 3; i++)
		weir_hist_subtract(&sum, &part[i]);
	assert_memory_equal(&sum, &part[3], sizeof(sum));
}

static int by_size(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

#define MAX_TIMES 10007

/* Against the sorted times, by nearest rank, for n of them. */
static void compare(unsigned int n, u64 seed)
{
	static const u32 at[] = { 0, 1, 100, 2500, 5000, 9000, 9900, 9990, 9999, 10000 };
	static u64 times[MAX_TIMES];
	struct weir_hist h = { 0 };
	u64 random = seed, sum_ns = 0;
	unsigned int i, before = 0;

	for (i = 0; i < n; i++) {
		times[i] = next_random(&random) >> (15 + random % 30);
		sum_ns += times[i];
		add(&h, times[i]);
	}
	qsort(times, n, sizeof(*times), by_size);
	for (i = 0; i < sizeof(at) / sizeof(*at); i++) {
		u64 rank = ((u64)n * at[i] + 9999) / 10000;
		u64 want_ns = times[rank ? rank - 1 : 0];
		u64 got_ns = weir_hist_percentile_ns(&h, at[i]);
		unsigned int b = weir_hist_bucket(got_ns);

		if (b != weir_hist_bucket(want_ns))
			fail_msg("%u of 10000 of %u times: %llu ns, not %llu ns",
				 at[i], n, got_ns, want_ns);
		assert_true(b >= before);
		before = b;
	}
	assert_int_equal(weir_hist_mean_ns(&h), sum_ns / n);
}

static void percentiles(void **state)
{
	static const unsigned int sizes[] = { 1, 2, 3, 10, 99, 100, 101, 1000, MAX_TIMES };
	unsigned int i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		compare(sizes[i], i + 1);
}

static void empty(void **state)
{
	struct weir_hist h = { 0 };

	assert_int_equal(weir_hist_count(&h), 0);
	assert_int_equal(weir_hist_mean_ns(&h), 0);
	assert_int_equal(weir_hist_percentile_ns(&h, 5000), 0);
}

/* More than 2^64 / 10000 of them: the rank must not overflow. */
static void very_many(void **state)
{
	struct weir_hist h = { 0 };

	h.bucket[10] = 1ULL << 61;
	h.bucket[20] = 1ULL << 61;
	assert_int_equal(weir_hist_percentile_ns(&h, 5000), 10);
	assert_int_equal(weir_hist_percentile_ns(&h, 5001), 20);
	assert_int_equal(weir_hist_percentile_ns(&h, 10000), 20);
}

const struct CMUnitTest hist_tests[] = {
	cmocka_unit_test(buckets_join),
	cmocka_unit_test(beyond_the_last),
	cmocka_unit_test(error_is_small),
	cmocka_unit_test(small_times_are_exact),
	cmocka_unit_test(buckets_rise),
	cmocka_unit_test(parts_are_the_whole),
	cmocka_unit_test(percentiles),
	cmocka_unit_test(empty),
	cmocka_unit_test(very_many),
};

const size_t nr_hist_tests = sizeof(hist_tests) / sizeof(*hist_tests);
