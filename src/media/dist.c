// SPDX-License-Identifier: GPL-2.0
/*
 * Quantiles of distributions, in fixed-point integers.
 *
 * In a comment, Qn is a number with n bits after the point. A knot is a distance t
 * from either end of the probabilities; its place in the table is found from the
 * highest bits of the random number, as in a log-linear histogram.
 *
 *  constant   1
 *  uniform    1 +- spread (1 - 2t)
 *  normal     1 +- spread z(t), z the quantile of the normal distribution
 *  lognormal  exp(+-sigma z(t) - sigma^2 / 2), sigma^2 = ln(1 + spread^2)
 *  Pareto     (alpha - 1) / alpha * t^(-1 / alpha), t from the upper end
 *  table      linear between the points, which are kept as they are
 *
 * z(t) is found by integrating the normal density from 8 inwards, by the midpoint
 * rule, until the area is t. At last the quantiles are scaled so that the mean of
 * what is drawn is 1: with what lies beyond the last knots cut off, and with
 * lines for curves, it is already within 0.3 %.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/math64.h>

#include "dist.h"

#define MEAN 65536	/* Q16 */
#define HALF 0x80000000ULL	/* Q32 */
#define MAX_QUANTILE 0xffffffffULL

#define LN2_Q30 744261118ULL
#define LN2_Q32 2977044472U
#define LOG2_E_Q31 3098164009U
#define LOG2_SQRT_2PI_Q32 5694044581ULL

/* 2^f, 0 <= f < 1: f in Q32, the result in Q30; by Taylor's series of exp */
static u64 exp2_fraction(u32 f)
{
	u64 y = (f * LN2_Q30) >> 32;
	u64 sum = 1ULL << 30;
	u32 n;

	for (n = 12; n; n--)
		sum = (1ULL << 30) + div_u64((sum * y) >> 30, n);
	return sum;
}

/* 2^x: x in Q32, the result in Q16, at most MAX_QUANTILE */
static u64 exp2_q16(s64 x)
{
	s64 whole = x >> 32;
	u64 q;

	if (whole >= 16)
		return MAX_QUANTILE;
	if (whole < -17)
		return 0;
	q = exp2_fraction((u32)x) << 2;		/* Q32 */
	q = whole < 0 ? q >> -whole : q << whole;
	return q >> 16;
}

/* log2(x): both in Q32, x not 0; bit by bit, by squaring */
static s64 log2_q32(u64 x)
{
	int high = fls64(x) - 1;
	u64 m = high > 31 ? x >> (high - 31) : x << (31 - high);	/* Q31 */
	s64 log = high - 32;
	u32 i;

	for (i = 0; i < 32; i++) {
		m = (m * m) >> 31;
		log *= 2;
		if (m >> 32) {
			m >>= 1;
			log++;
		}
	}
	return log;
}

/* the knot's distance from its end, in Q32 */
static u64 knot(u32 i)
{
	if (i < WEIR_DIST_TAIL_STEPS)
		return (u64)(WEIR_DIST_OCTAVE_STEPS + i % WEIR_DIST_OCTAVE_STEPS) <<
		       (i / WEIR_DIST_OCTAVE_STEPS);
	return (u64)(32 + i - WEIR_DIST_TAIL_STEPS) << 23;
}

/* z of every knot, in Q24 */
static void normal_quantiles(u32 *z)
{
	u64 area = 0;	/* Q62 */
	u32 i = 0, k;

	/* Steps of 1/256; the middle of a step is (2k + 1) / 512. */
	for (k = 8 * 256; k-- && i < WEIR_DIST_STEPS; ) {
		u64 square = (u64)(2 * k + 1) * (2 * k + 1);		/* Q18 */
		u64 x = ((square * LOG2_E_Q31) >> 18) + LOG2_SQRT_2PI_Q32;
		u64 whole = (x >> 32) + 1;	/* 2^-x = 2^-whole 2^fraction */
		u64 density = (exp2_fraction(-(u32)x) << 32) >> whole;
		u64 before = area, step = density >> 8;

		area += step;
		for (; i < WEIR_DIST_STEPS && knot(i) << 30 <= area; i++)
			z[i] = ((k + 1) << 16) -
			       div64_u64(((knot(i) << 30) - before) << 8, step >> 8);
	}
	for (; i <= WEIR_DIST_STEPS; i++)
		z[i] = 0;
}

static void uniform(const struct weir_dist *d, struct weir_quantiles *q)
{
	u32 i;

	for (i = 0; i <= WEIR_DIST_STEPS; i++) {
		u32 off = div_u64((HALF - knot(i)) * d->spread_permille, 1000) >> 15;

		q->side[0][i] = MEAN - off;
		q->side[1][i] = MEAN + off;
	}
}

static void normal(const struct weir_dist *d, struct weir_quantiles *q)
{
	u32 i;

	normal_quantiles(q->side[1]);
	for (i = 0; i <= WEIR_DIST_STEPS; i++) {
		u32 off = div_u64((u64)q->side[1][i] * d->spread_permille, 1000) >> 8;

		q->side[0][i] = off < MEAN ? MEAN - off : 0;
		q->side[1][i] = MEAN + off;
	}
}

static void lognormal(const struct weir_dist *d, struct weir_quantiles *q)
{
	u64 spread = d->spread_permille;
	s64 log = log2_q32(div_u64((1000000 + spread * spread) << 32, 1000000));
	u64 sigma = int_sqrt64(mul_u64_u32_shr(log, LN2_Q32, 32) << 16);	/* Q24 */
	u32 i;

	normal_quantiles(q->side[1]);
	for (i = 0; i <= WEIR_DIST_STEPS; i++) {
		u64 off = (sigma * q->side[1][i]) >> 16;

		off = mul_u64_u32_shr(off, LOG2_E_Q31, 31);
		q->side[0][i] = exp2_q16(-(s64)off - log / 2);
		q->side[1][i] = exp2_q16((s64)off - log / 2);
	}
}

static void pareto(const struct weir_dist *d, struct weir_quantiles *q)
{
	u32 alpha = d->alpha_milli;
	s64 least = log2_q32(div_u64((u64)(alpha - 1000) << 32, alpha));
	u32 i, upper;

	for (upper = 0; upper < 2; upper++) {
		for (i = 0; i <= WEIR_DIST_STEPS; i++) {
			u64 t = upper ? knot(i) : 2 * HALF - knot(i);
			u64 off = div_u64(-log2_q32(t) * 1000, alpha);

			q->side[upper][i] = exp2_q16((s64)off + least);
		}
	}
}

static void table(const struct weir_dist *d, struct weir_quantiles *q)
{
	u64 area = 0;	/* twice the mean, times WEIR_DIST_CERTAIN */
	u32 i;

	for (i = 1; i < d->nr_points; i++)
		area += (u64)(d->points[i].probability - d->points[i - 1].probability) *
			((u64)d->points[i].time + d->points[i - 1].time);

	for (i = 0; i < d->nr_points; i++) {
		u64 p = div_u64((u64)d->points[i].probability << 32, WEIR_DIST_CERTAIN);

		q->point[i].from = p < 2 * HALF ? p : 2 * HALF - 1;
		q->point[i].value = div64_u64(d->points[i].time *
					      (2ULL * WEIR_DIST_CERTAIN * MEAN), area);
		q->point[i].slope = 0;
	}
	for (i = 0; i + 1 < d->nr_points; i++) {
		u32 rise = q->point[i + 1].value - q->point[i].value;

		q->point[i].slope = div_u64((u64)rise << 32,
					    q->point[i + 1].from - q->point[i].from);
	}
	q->nr_points = d->nr_points;
}

/* Make the mean exactly 1. */
static void normalise(struct weir_quantiles *q)
{
	u64 sum;
	u32 i, side, factor;

	/* Twice the mean, in Q48. */
	sum = 2 * knot(0) * ((u64)q->side[0][0] + q->side[1][0]);
	for (side = 0; side < 2; side++)
		for (i = 0; i < WEIR_DIST_STEPS; i++)
			sum += (knot(i + 1) - knot(i)) *
			       ((u64)q->side[side][i] + q->side[side][i + 1]);

	factor = div64_u64(1ULL << 63, sum >> 17);	/* Q31 */
	for (side = 0; side < 2; side++)
		for (i = 0; i <= WEIR_DIST_STEPS; i++) {
			u64 v = mul_u64_u32_shr(q->side[side][i], factor, 31);

			q->side[side][i] = v < MAX_QUANTILE ? v : MAX_QUANTILE;
		}
}

void weir_dist_compile(const struct weir_dist *d, struct weir_quantiles *q)
{
	u32 i;

	q->nr_points = 0;
	switch (d->kind) {
	case WEIR_DIST_UNIFORM:
		uniform(d, q);
		break;
	case WEIR_DIST_NORMAL:
		normal(d, q);
		break;
	case WEIR_DIST_LOGNORMAL:
		lognormal(d, q);
		break;
	case WEIR_DIST_PARETO:
		pareto(d, q);
		break;
	case WEIR_DIST_TABLE:
		table(d, q);
		return;
	default:
		for (i = 0; i <= WEIR_DIST_STEPS; i++)
			q->side[0][i] = MEAN;
		for (i = 0; i <= WEIR_DIST_STEPS; i++)
			q->side[1][i] = MEAN;
		return;
	}
	normalise(q);
}

/* By bisection: at most five steps. */
static u32 draw_from_points(const struct weir_quantiles *q, u32 p)
{
	const struct weir_quantile_point *point;
	u32 low = 0, high = q->nr_points - 1;

	while (high - low > 1) {
		u32 middle = (low + high) / 2;

		if (q->point[middle].from <= p)
			low = middle;
		else
			high = middle;
	}
	point = &q->point[low];
	return point->value + (((p - point->from) * point->slope) >> 32);
}

static u32 draw_from_curve(const struct weir_quantiles *q, u64 random)
{
	const u32 *side = q->side[random >> 63];
	u64 t = random & ~(1ULL << 63);		/* Q64, below 1/2 */
	int high = fls64(t) - 1;
	u32 i, share;

	if (high >= 60) {
		i = WEIR_DIST_TAIL_STEPS - 32 + (t >> 55);
		share = t >> 23;
	} else if (high >= 60 - WEIR_DIST_OCTAVES) {
		u32 octave = high - (60 - WEIR_DIST_OCTAVES);

		i = octave * WEIR_DIST_OCTAVE_STEPS +
		    ((t >> (high - 4)) & (WEIR_DIST_OCTAVE_STEPS - 1));
		share = (t << (68 - high)) >> 32;
	} else {
		return side[0];
	}
	return side[i] + ((((s64)side[i + 1] - side[i]) * share) >> 32);
}

u64 weir_dist_draw(const struct weir_quantiles *q, u64 mean_ns, u64 random)
{
	u32 quantile = q->nr_points ? draw_from_points(q, random >> 32) :
				      draw_from_curve(q, random);

	return mul_u64_u32_shr(mean_ns, quantile, 16);
}
