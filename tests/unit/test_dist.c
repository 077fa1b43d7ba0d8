// SPDX-License-Identifier: GPL-2.0
/*
 * Distributions: what is drawn, against the exact distribution in floating point;
 * and their text.
 */
#include <linux/kernel.h>
#include <math.h>
#include <stdlib.h>

#include "complaint.h"
#include "dist.h"
#include "random.h"
#include "unit.h"

#define DRAWS 1000000
#define MEAN_NS 80000

/* The distributions that are looked at closely. */
static const char *const shapes[] = {
	"uniform 1%", "uniform 20%", "uniform 100%",
	"normal 1%", "normal 5%", "normal 30%",
	"lognormal 1%", "lognormal 30%", "lognormal 100%", "lognormal 400%",
	"pareto 1.5", "pareto 2.5", "pareto 10", "pareto 100",
	"table 0:800 500000:950 990000:2000 1000000:9000",
	"table 0:62 500000:71 500001:140 900000:150 999000:300 1000000:900",
	"table 0:0 1000000:1",
};

static struct weir_dist dist(const char *text)
{
	struct weir_complaint why = { 0 };
	struct weir_dist d;

	if (!weir_dist_parse(text, &d, &why))
		fail_msg("%s: %s=%lld, not %s", text, why.name, (long long)why.value,
			 why.want);
	return d;
}

static double table_mean(const struct weir_dist *d)
{
	double sum = 0;
	u32 i;

	for (i = 1; i < d->nr_points; i++)
		sum += ((double)d->points[i].probability - d->points[i - 1].probability) *
		       ((double)d->points[i].time + d->points[i - 1].time) / 2;
	return sum / WEIR_DIST_CERTAIN;
}

/* The probability of at most x means. */
static double exact(const struct weir_dist *d, double x)
{
	double spread = d->spread_permille / 1000.0;
	double alpha = d->alpha_milli / 1000.0;
	double sigma, least, time;
	u32 i;

	switch (d->kind) {
	case WEIR_DIST_UNIFORM:
		return fmin(1, fmax(0, (x - 1 + spread) / (2 * spread)));
	case WEIR_DIST_NORMAL:
		return x < 0 ? 0 : erfc((1 - x) / spread / M_SQRT2) / 2;
	case WEIR_DIST_LOGNORMAL:
		sigma = sqrt(log1p(spread * spread));
		return x <= 0 ? 0 : erfc(-(log(x) / sigma + sigma / 2) / M_SQRT2) / 2;
	case WEIR_DIST_PARETO:
		least = (alpha - 1) / alpha;
		return x <= least ? 0 : 1 - pow(least / x, alpha);
	default:
		time = x * table_mean(d);
		for (i = 1; i < d->nr_points; i++)
			if (time < d->points[i].time)
				break;
		if (i == d->nr_points)
			return 1;
		if (time <= d->points[i - 1].time)
			return d->points[i - 1].probability / 1e6;
		return (d->points[i - 1].probability +
			((double)d->points[i].probability - d->points[i - 1].probability) *
			(time - d->points[i - 1].time) /
			((double)d->points[i].time - d->points[i - 1].time)) / 1e6;
	}
}

/* The quantile that leaves the share @t above it, by bisection, in means. */
static double exact_above(const struct weir_dist *d, double t)
{
	double low = 0, high = 70000;
	int i;

	for (i = 0; i < 200; i++) {
		double middle = (low + high) / 2;

		if (1 - exact(d, middle) > t)
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* The random number at which weir_dist_draw() gives that quantile. */
static u64 random_above(const struct weir_dist *d, double t)
{
	if (d->kind == WEIR_DIST_TABLE)
		return -(u64)(t * 18446744073709551616.0);
	return (1ULL << 63) | (u64)(t * 18446744073709551616.0);
}

static int by_value(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static double distance(const struct weir_dist *d, const u64 *sorted, u64 mean_ns)
{
	double most = 0;
	u32 i;

	for (i = 0; i < DRAWS; i++) {
		/* Times are cut to whole ns. */
		double low = exact(d, (double)sorted[i] / mean_ns);
		double high = exact(d, (double)(sorted[i] + 1) / mean_ns);

		most = fmax(most, fmax((double)i / DRAWS - high,
				       low - (double)(i + 1) / DRAWS));
	}
	return most;
}

static void draws_follow_the_distribution(void **state)
{
	u64 *drawn = malloc(DRAWS * sizeof(*drawn));
	struct weir_quantiles q;
	struct weir_random r;
	size_t s;
	u32 i;

	weir_random_seed(&r, 7);
	for (s = 0; s < sizeof(shapes) / sizeof(*shapes); s++) {
		struct weir_dist d = dist(shapes[s]);
		double off;

		weir_dist_compile(&d, &q);
		for (i = 0; i < DRAWS; i++)
			drawn[i] = weir_dist_draw(&q, MEAN_NS, weir_random_next(&r));
		qsort(drawn, DRAWS, sizeof(*drawn), by_value);
		off = distance(&d, drawn, MEAN_NS);
		if (off >= 0.005)
			fail_msg("%s: Kolmogorov-Smirnov distance %.4f", shapes[s], off);
	}
	free(drawn);
}

/* Free of chance: the quantiles themselves, and so far out that few draw them. */
static void tails_are_right(void **state)
{
	static const double tails[] = { 0.4, 0.1, 0.01, 0.001, 0.0001, 0.00001, 0.000001,
					 0.000000005 };
	struct weir_quantiles q;
	size_t s, i;

	for (s = 0; s < sizeof(shapes) / sizeof(*shapes); s++) {
		struct weir_dist d = dist(shapes[s]);

		weir_dist_compile(&d, &q);
		for (i = 0; i < sizeof(tails) / sizeof(*tails); i++) {
			double want = exact_above(&d, tails[i]);
			double have = weir_dist_draw(&q, 1000000000,
						     random_above(&d, tails[i])) / 1e9;

			/* 65536 means are the most that is ever drawn. */
			want = fmin(want, 65536);
			if (fabs(have / want - 1) > 0.005)
				fail_msg("%s: above all but %g: %.5f means, not %.5f",
					 shapes[s], tails[i], have, want);
		}
	}
}

/* The mean of the draws at all random numbers, evenly: what is behind them. */
static double mean_of(const struct weir_quantiles *q, u64 mean_ns)
{
	u64 step = 1ULL << 44, r = step / 2;
	double sum = 0;
	u32 i;

	for (i = 0; i < 1U << 20; i++, r += step)
		sum += weir_dist_draw(q, mean_ns, r);
	return sum / (1U << 20);
}

static void the_mean_is_the_mean(void **state)
{
	static const u64 means[] = { 2000, 80000, 12345678, 1ULL << 40 };
	struct weir_quantiles q;
	size_t s, i;

	for (s = 0; s < sizeof(shapes) / sizeof(*shapes); s++) {
		struct weir_dist d = dist(shapes[s]);
		/* The even steps miss what a heavy tail has beyond 2^-20. */
		double allowed = d.kind == WEIR_DIST_PARETO && d.alpha_milli < 2000 ?
				 0.01 : 0.002;

		weir_dist_compile(&d, &q);
		for (i = 0; i < sizeof(means) / sizeof(*means); i++) {
			double mean = mean_of(&q, means[i]);

			if (fabs(mean / means[i] - 1) > allowed)
				fail_msg("%s: a mean of %.1f, not %llu", shapes[s], mean,
					 means[i]);
		}
	}
}

static void drawn_means(void **state)
{
	struct weir_quantiles q;
	struct weir_random r;
	size_t s;
	u32 i;

	weir_random_seed(&r, 1);
	for (s = 0; s < sizeof(shapes) / sizeof(*shapes); s++) {
		struct weir_dist d = dist(shapes[s]);
		double sum = 0;

		/* Where the variance is infinite or great, a million are too few. */
		if (d.kind == WEIR_DIST_PARETO && d.alpha_milli < 2500)
			continue;
		weir_dist_compile(&d, &q);
		for (i = 0; i < DRAWS; i++)
			sum += weir_dist_draw(&q, MEAN_NS, weir_random_next(&r));
		if (fabs(sum / DRAWS / MEAN_NS - 1) > 0.005)
			fail_msg("%s: a mean of %.1f, not %d", shapes[s], sum / DRAWS, MEAN_NS);
	}
}

static void a_constant_is_exact(void **state)
{
	static const u64 means[] = { 0, 1, 999, 80001, 60000000000, (1ULL << 48) - 1 };
	const struct weir_dist zero = { 0 };
	struct weir_quantiles q;
	struct weir_random r;
	size_t i;
	u32 n;

	weir_dist_compile(&zero, &q);
	weir_random_seed(&r, 3);
	for (i = 0; i < sizeof(means) / sizeof(*means); i++) {
		assert_int_equal(weir_dist_draw(&q, means[i], 0), means[i]);
		assert_int_equal(weir_dist_draw(&q, means[i], ~0ULL), means[i]);
		for (n = 0; n < 1000; n++)
			assert_int_equal(weir_dist_draw(&q, means[i], weir_random_next(&r)),
					 means[i]);
	}
}

/* From the lowest random number to the median times rise, from the highest fall. */
static void quantiles_are_in_order(void **state)
{
	struct weir_quantiles q;
	size_t s;
	u32 i;

	for (s = 0; s < sizeof(shapes) / sizeof(*shapes); s++) {
		struct weir_dist d = dist(shapes[s]);

		if (d.kind == WEIR_DIST_TABLE)
			continue;
		weir_dist_compile(&d, &q);
		for (i = 0; i < WEIR_DIST_STEPS; i++) {
			assert_true(q.side[0][i] <= q.side[0][i + 1]);
			assert_true(q.side[1][i] >= q.side[1][i + 1]);
		}
		assert_int_equal(q.side[0][i], q.side[1][i]);
	}
}

static void extremes_are_bounded(void **state)
{
	struct weir_dist d = dist("lognormal 1000%");
	u64 mean_ns = (1ULL << 48) - 1;
	struct weir_quantiles q;

	weir_dist_compile(&d, &q);
	assert_true(weir_dist_draw(&q, mean_ns, 1ULL << 63) <= mean_ns * 65536);
	assert_true(weir_dist_draw(&q, mean_ns, 1ULL << 63) > mean_ns * 1000);
	assert_true(weir_dist_draw(&q, mean_ns, 0) < mean_ns / 100);

	/* The heaviest tail reaches the bound, and stops there. */
	d = dist("pareto 1.5");
	weir_dist_compile(&d, &q);
	assert_true(weir_dist_draw(&q, mean_ns, 1ULL << 63) <= mean_ns * 65536);
	assert_true(weir_dist_draw(&q, mean_ns, 1ULL << 63) > mean_ns * 65000);
}

/* The first numbers after seed 1234567, as published with the generator. */
static void the_generator_is_the_published_one(void **state)
{
	static const u64 want[] = {
		6457827717110365317U, 3203168211198807973U, 9817491932198370423U,
		4593380528125082431U, 16408922859458223821U,
	};
	struct weir_random a, b;
	size_t i;

	weir_random_seed(&a, 1234567);
	for (i = 0; i < sizeof(want) / sizeof(*want); i++)
		assert_true(weir_random_next(&a) == want[i]);

	weir_random_seed(&a, 1);
	weir_random_seed(&b, 2);
	assert_true(weir_random_next(&a) != weir_random_next(&b));
}

static void text_there_and_back(void **state)
{
	/* A pair: what is typed, what is told. */
	static const char *const pairs[][2] = {
		{ "constant", "constant" },
		{ "  constant\n", "constant" },
		{ "uniform 20%", "uniform 20%" },
		{ "uniform\t20.5%\n", "uniform 20.5%" },
		{ "uniform 0%", "uniform 0%" },
		{ "uniform 100.0%", "uniform 100%" },
		{ "normal 5%", "normal 5%" },
		{ "normal 0.1%", "normal 0.1%" },
		{ "normal 30%", "normal 30%" },
		{ "lognormal 30%", "lognormal 30%" },
		{ "lognormal 1000%", "lognormal 1000%" },
		{ "pareto 2.5", "pareto 2.5" },
		{ "pareto 1.50", "pareto 1.5" },
		{ "pareto 3", "pareto 3" },
		{ "pareto 2.125", "pareto 2.125" },
		{ "pareto 100", "pareto 100" },
		{ "table 0:800  500000:950 1000000:9000\n", "table 0:800 500000:950 1000000:9000" },
		{ "table 0:0 1000000:1", "table 0:0 1000000:1" },
	};
	char text[WEIR_DIST_TEXT_BYTES];
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		struct weir_dist d = dist(pairs[i][0]), again;

		assert_int_equal(weir_dist_format(&d, text, sizeof(text)),
				 strlen(pairs[i][1]));
		assert_string_equal(text, pairs[i][1]);
		again = dist(text);
		assert_memory_equal(&d, &again, sizeof(d));
	}
}

static void the_longest_text_fits(void **state)
{
	struct weir_dist d = { .kind = WEIR_DIST_TABLE, .nr_points = 32 }, again;
	char text[WEIR_DIST_TEXT_BYTES];
	u32 i;

	for (i = 0; i < 32; i++) {
		d.points[i].probability = i ? 1000000 - 31 + i : 0;
		d.points[i].time = 100000000;
	}
	assert_true(weir_dist_format(&d, text, sizeof(text)) < (int)sizeof(text) - 1);
	again = dist(text);
	assert_memory_equal(&d, &again, sizeof(d));
}

static void bad_texts_are_refused(void **state)
{
	/* What is complained about, and its value: for a text, the character. */
	static const char character[] = "distribution, character";
	static const struct {
		const char *text;
		const char *name;
		long long value;
	} bad[] = {
		{ "", character, 1 },
		{ "\n", character, 2 },
		{ "gauss 5%", character, 1 },
		{ "Constant", character, 1 },
		{ "constantly", character, 1 },
		{ "constant 5", character, 10 },
		{ "constant constant", character, 10 },
		{ "uniform", character, 8 },
		{ "uniform %", character, 9 },
		{ "uniform 20", character, 11 },
		{ "uniform 20 %", character, 11 },
		{ "uniform -20%", character, 9 },
		{ "uniform +20%", character, 9 },
		{ "uniform 0x20%", character, 10 },
		{ "uniform 20.55%", character, 13 },
		{ "uniform 20.%", character, 11 },
		{ "uniform .5%", character, 9 },
		{ "uniform 20%%", character, 12 },
		{ "uniform 20% 3", character, 13 },
		{ "uniform 99999999999999999999%", character, 9 },
		{ "uniform 400000001%", character, 9 },
		{ "uniform 100.1%", "spread in permille of the mean (uniform)", 1001 },
		{ "normal 30.1%", "spread in permille of the mean (normal)", 301 },
		{ "normal 100%", "spread in permille of the mean (normal)", 1000 },
		{ "lognormal 1000.1%", "spread in permille of the mean (lognormal)", 10001 },
		{ "pareto", character, 7 },
		{ "pareto 2.5%", character, 11 },
		{ "pareto 2.5555", character, 13 },
		{ "pareto 2..5", character, 9 },
		{ "pareto 2.5.5", character, 11 },
		{ "pareto 0", "shape in thousandths (pareto)", 0 },
		{ "pareto 1", "shape in thousandths (pareto)", 1000 },
		{ "pareto 1.499", "shape in thousandths (pareto)", 1499 },
		{ "pareto 100.001", "shape in thousandths (pareto)", 100001 },
		{ "pareto 5000000", character, 8 },
		{ "table", character, 6 },
		{ "table 0", character, 8 },
		{ "table 0:", character, 9 },
		{ "table 0 :5", character, 8 },
		{ "table 0:5 ,", character, 11 },
		{ "table 0:5,1000000:6", character, 10 },
		{ "table 0:5 1000000:6.5", character, 20 },
		{ "table 0:5", "a table's number of points", 1 },
		{ "table 1000000:5", "a table's number of points", 1 },
		{ "table 1:5 1000000:5", "a table's first probability", 1 },
		{ "table 0:5 999999:5", "a table's last probability", 999999 },
		{ "table 0:5 1000001:5", "a table's last probability", 1000001 },
		{ "table 0:5 0:6 1000000:7", "a table's probability", 0 },
		{ "table 0:5 6:6 5:7 1000000:7", "a table's probability", 5 },
		{ "table 0:5 500000:4 1000000:7", "a table's time", 4 },
		{ "table 0:0 1000000:0", "a table's last time", 0 },
		{ "table 0:5 1000000:100000001", "a table's time", 100000001 },
		{ "table 0:0 999999:0 1000000:10", "a table's last time", 10 },
		{ "table 0:5 1000000:4294967296", character, 19 },
	};
	struct weir_dist before, d;
	size_t i;

	memset(&before, 0x5a, sizeof(before));
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct weir_complaint why = { 0 };

		d = before;
		if (weir_dist_parse(bad[i].text, &d, &why))
			fail_msg("\"%s\" was taken", bad[i].text);
		if (strcmp(why.name, bad[i].name) || why.value != bad[i].value)
			fail_msg("\"%s\": complains of %s=%lld", bad[i].text, why.name,
				 (long long)why.value);
		assert_non_null(why.want);
		assert_memory_equal(&d, &before, sizeof(d));
	}
}

static void too_many_points(void **state)
{
	char text[WEIR_DIST_TEXT_BYTES] = "table";
	struct weir_complaint why = { 0 };
	struct weir_dist d;
	int i;

	for (i = 0; i < 32; i++)
		sprintf(text + strlen(text), " %d:1", i);
	strcat(text, " 1000000:1");
	assert_false(weir_dist_parse(text, &d, &why));
	assert_string_equal(why.name, "distribution, character");
}

static void no_such_kind(void **state)
{
	struct weir_dist d = { .kind = WEIR_DIST_NR_KINDS };
	struct weir_complaint why = { 0 };

	assert_false(weir_dist_check(&d, &why));
	assert_int_equal(why.value, WEIR_DIST_NR_KINDS);
	d = (struct weir_dist){ .kind = WEIR_DIST_TABLE, .nr_points = 33 };
	assert_false(weir_dist_check(&d, &why));
	assert_int_equal(why.value, 33);
}

/*
 * Mutated texts: either refused, with @d untouched, or a distribution whose text
 * and back is the same, and which compiles to quantiles of the right mean.
 */
static void fuzzed_texts(void **state)
{
	static const char letters[] = "0123456789.:%\t \tabcelnoprstuxm-\n";
	struct weir_dist before, d, again;
	struct weir_complaint why;
	struct weir_quantiles q;
	struct weir_random r;
	u32 taken = 0, n;

	weir_random_seed(&r, 99);
	memset(&before, 0x5a, sizeof(before));
	for (n = 0; n < 300000; n++) {
		char text[WEIR_DIST_TEXT_BYTES], told[WEIR_DIST_TEXT_BYTES];
		u64 x = weir_random_next(&r);
		u32 edits = x % 4;
		char *exact_size;

		snprintf(text, sizeof(text), "%s",
			 shapes[(x >> 8) % (sizeof(shapes) / sizeof(*shapes))]);
		while (edits--) {
			u32 at = weir_random_next(&r) % (strlen(text) + 1);
			char letter = letters[weir_random_next(&r) % (sizeof(letters) - 1)];

			switch (weir_random_next(&r) % 3) {
			case 0:		/* another letter */
				if (text[at])
					text[at] = letter;
				break;
			case 1:		/* one more */
				memmove(text + at + 1, text + at, strlen(text + at) + 1);
				text[at] = letter;
				break;
			default:	/* cut off */
				text[at] = '\0';
			}
		}
		/* On the heap, so that reading past the end is seen. */
		exact_size = strdup(text);
		d = before;
		if (weir_dist_parse(exact_size, &d, &why)) {
			taken++;
			weir_dist_format(&d, told, sizeof(told));
			again = dist(told);
			assert_memory_equal(&d, &again, sizeof(d));
			if (!(taken % 64)) {
				double sum = 0;
				u32 i;

				weir_dist_compile(&d, &q);
				for (i = 0; i < 4096; i++)
					sum += weir_dist_draw(&q, 1000000,
							      ((u64)i << 52) + (1ULL << 51));
				if (sum / 4096 > 1010000)
					fail_msg("%s: a mean of %.0f", told, sum / 4096);
			}
		} else {
			assert_memory_equal(&d, &before, sizeof(d));
		}
		free(exact_size);
	}
	assert_true(taken > 50000 && taken < 250000);
}

const struct CMUnitTest dist_tests[] = {
	cmocka_unit_test(draws_follow_the_distribution),
	cmocka_unit_test(tails_are_right),
	cmocka_unit_test(the_mean_is_the_mean),
	cmocka_unit_test(drawn_means),
	cmocka_unit_test(a_constant_is_exact),
	cmocka_unit_test(quantiles_are_in_order),
	cmocka_unit_test(extremes_are_bounded),
	cmocka_unit_test(the_generator_is_the_published_one),
	cmocka_unit_test(text_there_and_back),
	cmocka_unit_test(the_longest_text_fits),
	cmocka_unit_test(bad_texts_are_refused),
	cmocka_unit_test(too_many_points),
	cmocka_unit_test(no_such_kind),
	cmocka_unit_test(fuzzed_texts),
};

const size_t nr_dist_tests = sizeof(dist_tests) / sizeof(*dist_tests);
