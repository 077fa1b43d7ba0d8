// SPDX-License-Identifier: GPL-2.0
/*
 * Costs: buckets and their edges, the line through what was learned, and how the
 * floors move: down quickly, up slowly, undisturbed by a few outliers.
 */
#include "cost.h"
#include "sim.h"
#include "unit.h"

#define KIB 1024U
#define MIB (1024U * KIB)

static struct weir_cost cost;
static struct weir_cost_sample sample[WEIR_COST_SIZES];

static void nothing(void)
{
	memset(sample, 0, sizeof(sample));
}

/* @count requests of @bytes, the quickest and the mean */
static void add(unsigned int bytes, u32 count, u32 min_ns, u32 mean_ns)
{
	sample[weir_cost_bucket(bytes)] = (struct weir_cost_sample){
		.count = count,
		.min_ns = min_ns,
		.sum_ns = (u64)count * mean_ns,
	};
}

static void ticks(unsigned int n)
{
	while (n--)
		weir_cost_learn(&cost, sample);
}

static void fresh(void)
{
	weir_cost_init(&cost, false);
	nothing();
}

/* Within @percent of @want? */
static void assert_about(u64 is, u64 want, unsigned int percent)
{
	assert_in_range(is, want - want * percent / 100, want + want * percent / 100);
}

static void buckets(void **state)
{
	unsigned int b;

	assert_int_equal(weir_cost_bucket(0), 0);
	assert_int_equal(weir_cost_bucket(1), 0);
	assert_int_equal(weir_cost_bucket(512), 0);
	for (b = 0; b < WEIR_COST_SIZES; b++) {
		assert_int_equal(weir_cost_bucket(4 * KIB << b), b);
		if (b + 1 < WEIR_COST_SIZES)
			assert_int_equal(weir_cost_bucket((4 * KIB << b) + 1), b + 1);
	}
	assert_int_equal(weir_cost_bucket(64 * MIB), WEIR_COST_SIZES - 1);
	assert_int_equal(weir_cost_bucket(~0U), WEIR_COST_SIZES - 1);
}

static void priors(void **state)
{
	weir_cost_init(&cost, false);
	assert_about(weir_cost_ns(&cost, 4 * KIB), 82000, 2);
	assert_about(weir_cost_ns(&cost, MIB), 592000, 2);
	weir_cost_init(&cost, true);
	assert_about(weir_cost_ns(&cost, 4 * KIB), 8026000, 2);
	assert_about(weir_cost_ns(&cost, MIB), 14656000, 2);
}

static void clamps(void **state)
{
	cost = (struct weir_cost){ 0 };
	assert_int_equal(weir_cost_ns(&cost, 0), WEIR_COST_MIN_NS);
	cost.slope = ~0U;
	assert_int_equal(weir_cost_ns(&cost, ~0U), WEIR_COST_MAX_NS);
	cost.base_ns = ~0U;
	assert_int_equal(weir_cost_ns(&cost, 0), WEIR_COST_MAX_NS);
}

static void learns_a_line(void **state)
{
	unsigned int b;

	/* 100 us and 300 ns per KiB, as far from the prior as a device is */
	fresh();
	for (b = 0; b < WEIR_COST_SIZES; b++)
		add(4 * KIB << b, 100, 100000 + 300 * (4 << b), 100000 + 300 * (4 << b));
	ticks(1);
	for (b = 0; b < WEIR_COST_SIZES; b++)
		assert_about(weir_cost_ns(&cost, 4 * KIB << b), 100000 + 300 * (4 << b), 2);
	assert_about(weir_cost_ns(&cost, 48 * KIB), 114400, 2);
}

/* Small requests matter as much as large ones: the line must not miss either. */
static void fits_both_ends(void **state)
{
	fresh();
	add(4 * KIB, 1000, 10000, 10000);
	add(4 * MIB, 10, 4000000, 4000000);
	ticks(2);
	assert_about(weir_cost_ns(&cost, 4 * KIB), 10000, 5);
	assert_about(weir_cost_ns(&cost, 4 * MIB), 4000000, 5);
}

static void larger_never_costs_less(void **state)
{
	fresh();
	add(4 * KIB, 100, 200000, 200000);
	add(128 * KIB, 100, 50000, 50000);
	ticks(1);
	assert_int_equal(cost.slope, 0);
	assert_in_range(weir_cost_ns(&cost, 4 * KIB), 50000, 200000);
}

/* As slow as it gets, where the sums are the largest. */
static void fits_the_slowest(void **state)
{
	unsigned int b;

	fresh();
	for (b = 0; b < WEIR_COST_SIZES; b++)
		add(4 * KIB << b, 100, b < 8 ? 25000000 : 50000000, b < 8 ? 25000000 : 50000000);
	ticks(1);
	assert_about(weir_cost_ns(&cost, 4 * KIB), 25000000, 15);
	assert_about(weir_cost_ns(&cost, 8 * MIB), 50000000, 15);
}

/* Nor does a request of no size cost less than nothing. */
static void steep_line_goes_through_zero(void **state)
{
	fresh();
	add(64 * KIB, 100, 10000, 10000);
	add(128 * KIB, 100, 100000, 100000);
	ticks(1);
	assert_true(cost.base_ns <= 10000);
	assert_true(weir_cost_ns(&cost, 4 * KIB) < weir_cost_ns(&cost, 64 * KIB));
	assert_true(weir_cost_ns(&cost, 64 * KIB) < weir_cost_ns(&cost, 128 * KIB));
}

/* One size known: larger ones keep their proportion to it. */
static void one_size_scales_the_line(void **state)
{
	u32 small, large;

	fresh();
	small = weir_cost_ns(&cost, 4 * KIB);
	large = weir_cost_ns(&cost, MIB);
	add(4 * KIB, 100, 3 * small, 3 * small);
	ticks(1);
	assert_about(weir_cost_ns(&cost, 4 * KIB), 3 * small, 1);
	assert_about(weir_cost_ns(&cost, MIB), 3 * large, 1);
}

static void falls_quickly(void **state)
{
	fresh();
	add(4 * KIB, 100, 400000, 400000);
	ticks(10);
	add(4 * KIB, 100, 100000, 100000);
	ticks(8);
	assert_about(weir_cost_ns(&cost, 4 * KIB), 100000, 5);
}

static void one_hit_is_not_believed(void **state)
{
	fresh();
	add(4 * KIB, 100, 100000, 100000);
	ticks(10);
	add(4 * KIB, 1, 1000, 1000);
	ticks(1);
	assert_about(weir_cost_ns(&cost, 4 * KIB), 100000, 8);
	/* Nor one among a hundred, tick after tick: half of what it is worth. */
	add(4 * KIB, 100, 1000, 100000);
	ticks(100);
	assert_in_range(weir_cost_ns(&cost, 4 * KIB), 45000, 60000);
}

/* Four times slower: followed within 50 ticks, 5 s. */
static void follows_a_slower_device(void **state)
{
	fresh();
	add(4 * KIB, 100, 100000, 110000);
	ticks(10);
	add(4 * KIB, 100, 400000, 440000);
	ticks(50);
	assert_about(weir_cost_ns(&cost, 4 * KIB), 400000, 3);
}

static void one_slow_tick_does_little(void **state)
{
	fresh();
	add(4 * KIB, 100, 100000, 100000);
	ticks(10);
	add(4 * KIB, 1, 50000000, 50000000);
	ticks(1);
	assert_about(weir_cost_ns(&cost, 4 * KIB), 100000, 1);
	add(4 * KIB, 1000, 50000000, 50000000);
	ticks(1);
	assert_about(weir_cost_ns(&cost, 4 * KIB), 100000, 5);
}

/* A minute of queueing, with some request through at once in every tick. */
static void queue_is_not_the_device(void **state)
{
	fresh();
	add(4 * KIB, 100, 100000, 100000);
	ticks(10);
	add(4 * KIB, 100, 100000, 5000000);
	ticks(600);
	assert_in_range(weir_cost_ns(&cost, 4 * KIB), 100000, 140000);
	/* And what it has crept up is soon forgotten. */
	add(4 * KIB, 100, 100000, 100000);
	ticks(10);
	assert_about(weir_cost_ns(&cost, 4 * KIB), 100000, 2);
}

/* One merged request that took long does not make 4 KiB look free. */
static void a_stray_size_does_not_tilt_the_line(void **state)
{
	fresh();
	add(4 * KIB, 1000, 194 * 1000, 200 * 1000);
	ticks(20);
	add(8 * KIB, 1, 3500 * 1000, 3500 * 1000);
	ticks(1);
	nothing();
	add(4 * KIB, 1000, 194 * 1000, 200 * 1000);
	ticks(20);
	assert_about(weir_cost_ns(&cost, 4 * KIB), 197 * 1000, 30);
	assert_in_range(cost.base_ns, 20 * 1000, 197 * 1000);
}

static void forgets_old_sizes(void **state)
{
	fresh();
	add(4 * KIB, 100, 100000, 100000);
	add(MIB, 100, 1000000, 1000000);
	ticks(1);
	nothing();
	/* Idle ticks make nothing old. */
	ticks(2000);
	assert_true(cost.floor[weir_cost_bucket(MIB)].ns);
	add(4 * KIB, 100, 100000, 100000);
	ticks(600);
	assert_true(cost.floor[weir_cost_bucket(MIB)].ns);
	ticks(1);
	assert_false(cost.floor[weir_cost_bucket(MIB)].ns);
	/* The line stays as it was: nothing better is known. */
	assert_about(weir_cost_ns(&cost, MIB), 1000000, 5);
}

static void sums(void **state)
{
	fresh();
	assert_true(weir_cost_sum(&cost, sample) == 0);
	add(4 * KIB, 3, 0, 0);
	add(MIB, 2, 0, 0);
	assert_true(weir_cost_sum(&cost, sample) ==
		    3ULL * weir_cost_ns(&cost, 4 * KIB) + 2ULL * weir_cost_ns(&cost, MIB));
}

/* Any samples at all: costs stay in bounds, and larger never costs less. */
static void random_samples(void **state)
{
	u64 seed, random;
	unsigned int b;
	int i;

	for (seed = 1; seed <= 100; seed++) {
		random = seed * 0x9e3779b97f4a7c15ULL;
		weir_cost_init(&cost, seed & 1);
		for (i = 0; i < 2000; i++) {
			u32 last = 0;

			nothing();
			for (b = 0; b < WEIR_COST_SIZES; b++) {
				u64 r = sim_random(&random);

				if (r & 3)
					continue;
				sample[b].count = (r >> 2) % 2 ? (r >> 3) % 10 : r >> 16;
				sample[b].min_ns = sim_random(&random) >> (r >> 40) % 48;
				sample[b].sum_ns = sample[b].count *
					(sim_random(&random) >> (r >> 42) % 48);
			}
			ticks(1);
			for (b = 0; b < 32; b++) {
				u32 ns = weir_cost_ns(&cost, 1U << b);

				assert_in_range(ns, WEIR_COST_MIN_NS, WEIR_COST_MAX_NS);
				assert_true(ns >= last);
				last = ns;
			}
		}
	}
}

const struct CMUnitTest cost_tests[] = {
	cmocka_unit_test(buckets),
	cmocka_unit_test(priors),
	cmocka_unit_test(clamps),
	cmocka_unit_test(learns_a_line),
	cmocka_unit_test(fits_both_ends),
	cmocka_unit_test(fits_the_slowest),
	cmocka_unit_test(larger_never_costs_less),
	cmocka_unit_test(steep_line_goes_through_zero),
	cmocka_unit_test(one_size_scales_the_line),
	cmocka_unit_test(falls_quickly),
	cmocka_unit_test(one_hit_is_not_believed),
	cmocka_unit_test(follows_a_slower_device),
	cmocka_unit_test(one_slow_tick_does_little),
	cmocka_unit_test(queue_is_not_the_device),
	cmocka_unit_test(a_stray_size_does_not_tilt_the_line),
	cmocka_unit_test(forgets_old_sizes),
	cmocka_unit_test(sums),
	cmocka_unit_test(random_samples),
};

const size_t nr_cost_tests = sizeof(cost_tests) / sizeof(*cost_tests);
