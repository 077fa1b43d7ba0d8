// SPDX-License-Identifier: GPL-2.0
/*
 * Costs: buckets and their edges, the line through what was learned, and how the
 * floors move: down quickly, up slowly, undisturbed by a few outliers; set by a drain,
 * and down only from then on.
 */
#include <math.h>

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
		weir_cost_learn(&cost, sample, false);
}

/* What the device did without a queue */
static void drain(void)
{
	weir_cost_learn(&cost, sample, true);
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

/* Nor does a request of no size cost nothing, however steep the line. */
static void steep_line_leaves_a_base(void **state)
{
	fresh();
	add(64 * KIB, 100, 10000, 10000);
	add(128 * KIB, 100, 100000, 100000);
	ticks(1);
	assert_in_range(cost.base_ns, 1000, 10000);
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

/* A floor creeps up only if requests take twice as long as it says. */
static void jitter_is_no_slower_device(void **state)
{
	fresh();
	add(4 * KIB, 100, 100000, 100000);
	ticks(10);
	add(4 * KIB, 100, 100000, 190000);
	ticks(600);
	assert_about(weir_cost_ns(&cost, 4 * KIB), 100000, 1);
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

/* A flood from the first request on: only a drain tells what is the device. */
static void a_drain_ends_a_queue(void **state)
{
	fresh();
	add(4 * KIB, 100, 2000000, 2500000);
	ticks(50);
	assert_in_range(weir_cost_ns(&cost, 4 * KIB), 2000000, 2500000);
	nothing();
	add(4 * KIB, 8, 90000, 100000);
	drain();
	assert_about(weir_cost_ns(&cost, 4 * KIB), 100000, 1);
	/* The queue is back, and is not learned again. */
	nothing();
	add(4 * KIB, 100, 2000000, 2500000);
	ticks(100);
	assert_about(weir_cost_ns(&cost, 4 * KIB), 100000, 1);
}

/* Nor is it when all that is seen of a size is queue. */
static void a_new_size_begins_at_the_line(void **state)
{
	u32 line;

	fresh();
	add(4 * KIB, 100, 100000, 100000);
	add(128 * KIB, 100, 200000, 200000);
	drain();
	line = weir_cost_ns(&cost, MIB);
	nothing();
	add(MIB, 100, 20000000, 20000000);
	ticks(100);
	assert_about(weir_cost_ns(&cost, MIB), line, 16);
	/* One that is quicker than the line says falls below it. */
	nothing();
	add(MIB, 400, line / 2, line / 2);
	ticks(20);
	assert_about(cost.floor[weir_cost_bucket(MIB)].ns, line / 2, 20);
}

/* Floors of sizes that a drain did not see may be those of a queue. */
static void a_drain_forgets_what_it_did_not_see(void **state)
{
	fresh();
	add(4 * KIB, 100, 2000000, 2500000);
	add(MIB, 100, 20000000, 25000000);
	ticks(20);
	nothing();
	add(4 * KIB, 20, 100000, 100000);
	drain();
	assert_false(cost.floor[weir_cost_bucket(MIB)].ns);
	assert_about(weir_cost_ns(&cost, 4 * KIB), 100000, 1);
	/* The line keeps its shape. */
	assert_in_range(weir_cost_ns(&cost, MIB), 500000, 1500000);
}

/* Slower: not seen before the next drain. Quicker: at once, as far as it is sure. */
static void follows_by_drains(void **state)
{
	fresh();
	add(4 * KIB, 100, 100000, 100000);
	drain();
	nothing();
	add(4 * KIB, 100, 400000, 400000);
	ticks(100);
	assert_about(weir_cost_ns(&cost, 4 * KIB), 100000, 1);
	drain();
	assert_about(weir_cost_ns(&cost, 4 * KIB), 400000, 1);
	nothing();
	add(4 * KIB, 100, 50000, 50000);
	ticks(10);
	assert_in_range(weir_cost_ns(&cost, 4 * KIB), 50000, 66000);
	drain();
	assert_about(weir_cost_ns(&cost, 4 * KIB), 50000, 1);
}

/* A few slow requests in a drain, and a cache hit */
static void few_in_a_drain_are_half_believed(void **state)
{
	fresh();
	add(4 * KIB, 100, 100000, 100000);
	drain();
	nothing();
	add(4 * KIB, 4, 1000000, 1000000);
	drain();
	assert_about(weir_cost_ns(&cost, 4 * KIB), 200000, 1);
	nothing();
	add(4 * KIB, 1, 1000000, 1000000);
	drain();
	assert_about(weir_cost_ns(&cost, 4 * KIB), 200000, 1);
	nothing();
	add(4 * KIB, 1, 1000, 1000);
	drain();
	assert_about(weir_cost_ns(&cost, 4 * KIB), 50000, 1);
}

/* The mean of a few varies: floors that fall to each low one would end far below. */
static void floors_do_not_sink_by_noise(void **state)
{
	u64 random = 0x9e3779b97f4a7c15ULL;
	unsigned int n, i, j;

	for (n = 4; n <= 256; n *= 4) {
		fresh();
		add(4 * KIB, 1000, 100000, 100000);
		drain();
		for (i = 0; i < 100; i++) {
			u64 sum = 0;

			for (j = 0; j < n; j++)
				sum -= 100000 * log((sim_random(&random) % 1000000 + 1) / 1e6);
			nothing();
			add(4 * KIB, n, 500, sum / n);
			ticks(1);
		}
		assert_in_range(weir_cost_ns(&cost, 4 * KIB), n < 16 ? 50000 : 85000, 100000);
	}
}

/* Large requests alone do not tell what a small one takes: more than nothing. */
static void large_requests_leave_something_for_small_ones(void **state)
{
	static const u32 mean_ns[] = { 150000, 300000, 600000, 1200000 };
	unsigned int i;

	/* In proportion to their sizes, and steeper than that */
	fresh();
	for (i = 0; i < 4; i++)
		add(512 * KIB << i, 100, mean_ns[i], mean_ns[i]);
	ticks(20);
	assert_in_range(weir_cost_ns(&cost, 4 * KIB), 15000, 150000);
	assert_about(weir_cost_ns(&cost, MIB), 300000, 15);
	fresh();
	add(512 * KIB, 100, 100000, 100000);
	add(MIB, 100, 1000000, 1000000);
	ticks(20);
	assert_in_range(weir_cost_ns(&cost, 4 * KIB), 12500, 100000);
	/* One size: the prior's proportion. */
	fresh();
	add(MIB, 100, 300000, 300000);
	ticks(20);
	assert_in_range(weir_cost_ns(&cost, 4 * KIB), 20000, 60000);
}

/* Two sizes, one of which a drain saw a few times: the line is drawn through the other. */
static void a_line_through_few_floors(void **state)
{
	fresh();
	add(4 * KIB, 60, 100000, 100000);
	add(MIB, 2, 700000, 700000);
	drain();
	assert_about(weir_cost_ns(&cost, 4 * KIB), 100000, 2);
	assert_in_range(weir_cost_ns(&cost, MIB), 350000, 1400000);
	/* It becomes sure by and by. */
	nothing();
	add(4 * KIB, 60, 100000, 100000);
	add(MIB, 7, 700000, 700000);
	drain();
	drain();
	assert_about(weir_cost_ns(&cost, 4 * KIB), 100000, 2);
	assert_about(weir_cost_ns(&cost, MIB), 700000, 2);
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
			weir_cost_learn(&cost, sample, !(sim_random(&random) % 20));
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
	cmocka_unit_test(steep_line_leaves_a_base),
	cmocka_unit_test(one_size_scales_the_line),
	cmocka_unit_test(falls_quickly),
	cmocka_unit_test(one_hit_is_not_believed),
	cmocka_unit_test(follows_a_slower_device),
	cmocka_unit_test(one_slow_tick_does_little),
	cmocka_unit_test(queue_is_not_the_device),
	cmocka_unit_test(jitter_is_no_slower_device),
	cmocka_unit_test(a_stray_size_does_not_tilt_the_line),
	cmocka_unit_test(a_drain_ends_a_queue),
	cmocka_unit_test(a_new_size_begins_at_the_line),
	cmocka_unit_test(a_drain_forgets_what_it_did_not_see),
	cmocka_unit_test(follows_by_drains),
	cmocka_unit_test(few_in_a_drain_are_half_believed),
	cmocka_unit_test(floors_do_not_sink_by_noise),
	cmocka_unit_test(large_requests_leave_something_for_small_ones),
	cmocka_unit_test(a_line_through_few_floors),
	cmocka_unit_test(forgets_old_sizes),
	cmocka_unit_test(sums),
	cmocka_unit_test(random_samples),
};

const size_t nr_cost_tests = sizeof(cost_tests) / sizeof(*cost_tests);
