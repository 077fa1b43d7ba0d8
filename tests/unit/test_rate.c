// SPDX-License-Identifier: GPL-2.0
/* Rates: what sums amount to, when two rates are as good as each other, and scaling. */
#include "rate.h"
#include "unit.h"

#define ONE_A_NS 65536ULL	/* the fixed point of a rate */
#define MS 1000000ULL

static void sums_give_means(void **state)
{
	struct weir_rate_sum sum = { 0 };
	struct weir_rate rate;

	weir_rate_add(&sum, 400, 2000, 100);
	weir_rate_add(&sum, 600, 3000, 156);
	weir_rate_add_costs(&sum, 10, 3000, 200, 100);
	weir_rate_add_costs(&sum, 30, 4000, 400, 300);
	/* None of these was timed: their costs count, and nothing else. */
	weir_rate_add_costs(&sum, 1000, 500, 0, 300);
	weir_rate_add_costs(&sum, 1000, 500, 400, 0);
	rate = weir_rate_of(&sum);
	assert_int_equal(rate.per_ns, 5 * ONE_A_NS);
	assert_int_equal(rate.noise, 1024 * 3 / 2 / 16);
	assert_int_equal(rate.latency_ns, 350);
	assert_int_equal(rate.unloaded_ns, 250);
	assert_int_equal(rate.flight_ns, 350 * 8);
	/* Many requests at once weigh as 1024. */
	sum = (struct weir_rate_sum){ 0 };
	weir_rate_add(&sum, 1, 0, 0);
	weir_rate_add_costs(&sum, 1024, 1, 100, 100);
	weir_rate_add_costs(&sum, 1000000, 1, 300, 500);
	rate = weir_rate_of(&sum);
	assert_int_equal(rate.latency_ns, 200);
	assert_int_equal(rate.unloaded_ns, 300);
	/* Nothing done: the least there is, and no more certain than one request is. */
	assert_int_equal(rate.per_ns, 1);
	assert_int_equal(rate.noise, 1024 * 3 / 2);
}

static void sums_do_not_overflow(void **state)
{
	struct weir_rate_sum sum = { 0 };
	struct weir_rate rate;
	int i;

	for (i = 0; i < 2; i++) {
		weir_rate_add(&sum, ~0ULL, ~0ULL, ~0U);
		weir_rate_add_costs(&sum, ~0U, ~0ULL, ~0ULL, ~0ULL);
	}
	rate = weir_rate_of(&sum);
	assert_int_equal(rate.latency_ns, WEIR_RATE_NS_MAX);
	assert_int_equal(rate.unloaded_ns, WEIR_RATE_NS_MAX);
	assert_int_equal(sum.ns, 2 * WEIR_RATE_NS_MAX);
	assert_int_equal(sum.work, 1ULL << 46);
	assert_int_equal(sum.served, 1ULL << 46);
	sum.ns = 1;
	assert_int_equal(weir_rate_of(&sum).per_ns, WEIR_RATE_MAX);
	weir_rate_rescale(&sum, 500, 1500);
	assert_int_equal(sum.served, 1ULL << 46);
	weir_rate_rescale(&sum, 2000, 500);
	assert_int_equal(sum.served, 1ULL << 44);
}

/* With a noise of 5 %, against a rate of 1000 */
static enum weir_rate_verdict judge(u64 requests, u64 ms, u64 per_ns)
{
	struct weir_rate_sum sum = { .requests = requests, .ns = ms * MS };

	return weir_rate_judge(&sum, 51, per_ns, 1000);
}

/* The less plain it is, the more requests, or time, it takes. */
static void what_is_plain_is_judged_soon(void **state)
{
	struct weir_rate_sum sum = { .requests = 127, .ns = 200 * MS - 1 };

	assert_int_equal(judge(127, 0, 500), WEIR_RATE_UNSURE);
	assert_int_equal(judge(128, 0, 500), WEIR_RATE_LOST);
	assert_int_equal(judge(128, 0, 878), WEIR_RATE_LOST);
	assert_int_equal(judge(128, 0, 884), WEIR_RATE_UNSURE);
	/* As good but for 2 % */
	assert_int_equal(judge(2047, 199, 1000), WEIR_RATE_UNSURE);
	assert_int_equal(judge(2048, 0, 1000), WEIR_RATE_GOOD);
	assert_int_equal(judge(0, 200, 1000), WEIR_RATE_GOOD);
	assert_int_equal(judge(2048, 0, 982), WEIR_RATE_GOOD);
	assert_int_equal(judge(2048, 0, 979), WEIR_RATE_UNSURE);
	/* Between these */
	assert_int_equal(judge(16383, 999, 979), WEIR_RATE_UNSURE);
	assert_int_equal(judge(16384, 0, 979), WEIR_RATE_GOOD);
	assert_int_equal(judge(0, 1000, 979), WEIR_RATE_GOOD);
	assert_int_equal(judge(16384, 0, 932), WEIR_RATE_GOOD);
	assert_int_equal(judge(16384, 0, 928), WEIR_RATE_LOST);
	assert_int_equal(judge(0, 1000, 928), WEIR_RATE_LOST);
	assert_int_equal(judge(0, 999, 928), WEIR_RATE_UNSURE);
	assert_false(weir_rate_is_enough(&sum));
	sum.requests++;
	assert_true(weir_rate_is_enough(&sum));
	sum = (struct weir_rate_sum){ .ns = 200 * MS };
	assert_true(weir_rate_is_enough(&sum));
}

static void scaling_is_a_proportion(void **state)
{
	assert_int_equal(weir_rate_scaled(10, 5, 20), 40);
	assert_int_equal(weir_rate_scaled(17, 5, 3), 10);
	assert_int_equal(weir_rate_scaled(17, 0, 3), 17);
	assert_int_equal(weir_rate_scaled(17, 5, 0), 17);
	/* Where value x after has more than 64 bits */
	assert_true(weir_rate_scaled(3ULL << 60, 3 << 18, 1 << 18) == 1ULL << 60);
	assert_true(weir_rate_scaled(12345ULL << 40, 5 << 17, 4 << 17) == 9876ULL << 40);
	/* And where before and after have more than 20 */
	assert_int_equal(weir_rate_scaled(1000, 1ULL << 40, 3ULL << 39), 1500);
	assert_int_equal(weir_rate_scaled(1000, 5ULL << 59, 1ULL << 59), 200);
}

const struct CMUnitTest rate_tests[] = {
	cmocka_unit_test(sums_give_means),
	cmocka_unit_test(sums_do_not_overflow),
	cmocka_unit_test(what_is_plain_is_judged_soon),
	cmocka_unit_test(scaling_is_a_proportion),
};

const size_t nr_rate_tests = sizeof(rate_tests) / sizeof(*rate_tests);
