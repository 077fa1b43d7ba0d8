/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How times are distributed: constant, uniform, normal, lognormal, Pareto, or a
 * table measured somewhere.
 *
 * A distribution says a shape; the mean is a number elsewhere. It is turned once,
 * when it is configured, into a table of quantiles relative to the mean, in
 * integers. To draw from it is then one random number and one interpolation,
 * whatever its kind, with no division.
 *
 * Pure: compiled into the module and into tests/unit.
 */
#ifndef WEIR_DIST_H
#define WEIR_DIST_H

#include <linux/types.h>

struct weir_complaint;

enum weir_dist_kind {
	WEIR_DIST_CONSTANT,
	WEIR_DIST_UNIFORM,	/* mean - spread ... mean + spread */
	WEIR_DIST_NORMAL,	/* spread: standard deviation */
	WEIR_DIST_LOGNORMAL,	/* spread: standard deviation of the time itself */
	WEIR_DIST_PARETO,	/* alpha_milli: shape in thousandths */
	WEIR_DIST_TABLE,	/* points */
	WEIR_DIST_NR_KINDS,
};

#define WEIR_DIST_MAX_POINTS 32
/* probabilities of a table are of so many */
#define WEIR_DIST_CERTAIN 1000000
/* enough for the text of any distribution, the final zero included */
#define WEIR_DIST_TEXT_BYTES 640

/**
 * struct weir_dist - the shape of a distribution
 * @kind: see there
 * @spread_permille: of the mean; uniform: 0 to 1000, normal: 0 to 300 (more would
 *                   often be below zero), lognormal: 0 to 10000; else 0
 * @alpha_milli: Pareto's shape in thousandths, 1500 (below it, more than 0.1 % of
 *               the mean would lie beyond what is ever drawn) to 100000; else 0
 * @nr_points: of @points, 2 to WEIR_DIST_MAX_POINTS with WEIR_DIST_TABLE; else 0
 * @points: quantiles: probabilities rise from 0 to WEIR_DIST_CERTAIN; times do not
 *          fall, are at most 100000000, and in any unit: only their ratio to their
 *          own mean counts, and the greatest is at most 65535 times that
 *
 * All bytes zero is a constant.
 */
struct weir_dist {
	u32 kind;
	u32 spread_permille;
	u32 alpha_milli;
	u32 nr_points;
	struct {
		u32 probability;
		u32 time;
	} points[WEIR_DIST_MAX_POINTS];
};

/*
 * Quantiles of curves are kept at distances t from either end of 0 to 1: in 24 octaves of
 * 16 steps each from t = 2^-28 to 2^-4, so that p99.99 and far beyond are right,
 * and from there in linear steps of 2^-9 to the median.
 */
#define WEIR_DIST_OCTAVES 24
#define WEIR_DIST_OCTAVE_STEPS 16
#define WEIR_DIST_TAIL_STEPS (WEIR_DIST_OCTAVES * WEIR_DIST_OCTAVE_STEPS)
#define WEIR_DIST_BULK_STEPS 224
#define WEIR_DIST_STEPS (WEIR_DIST_TAIL_STEPS + WEIR_DIST_BULK_STEPS)

/**
 * struct weir_quantile_point - a point of a table
 * @from: probability, of 2^32
 * @value: there, 65536 being the mean
 * @slope: up to the next point, per probability: @value's unit times 2^32
 */
struct weir_quantile_point {
	u32 from;
	u32 value;
	u64 slope;
};

/**
 * struct weir_quantiles - a distribution ready to be drawn from
 * @nr_points: of @point, for a table; otherwise 0
 * @point: its points, so that corners stay where they are
 * @side: otherwise: quantiles, 65536 being the mean; [0] from the lowest up to the
 *        median, [1] from the highest down to it
 */
struct weir_quantiles {
	u32 nr_points;
	union {
		struct weir_quantile_point point[WEIR_DIST_MAX_POINTS];
		u32 side[2][WEIR_DIST_STEPS + 1];
	};
};

/**
 * weir_dist_check() - is this a distribution?
 * @why: filled in on failure
 *
 * Called by model.c, and by weir_dist_parse().
 *
 * Return: true if it is.
 */
bool weir_dist_check(const struct weir_dist *d, struct weir_complaint *why);

/**
 * weir_dist_compile() - make the quantiles
 * @d: checked
 *
 * Called by media.c when a distribution has changed. Takes in the order of 100 us;
 * sleeps nowhere, needs little stack.
 */
void weir_dist_compile(const struct weir_dist *d, struct weir_quantiles *q);

/**
 * weir_dist_draw() - one time
 * @mean_ns: below 2^48
 * @random: weir_random_next()
 *
 * Called by medium.c and hdd.c for each time that is drawn.
 *
 * Return: at most 65536 times the mean; the mean itself if constant.
 */
u64 weir_dist_draw(const struct weir_quantiles *q, u64 mean_ns, u64 random);

/**
 * weir_dist_parse() - from text
 * @text: "constant", "uniform 20%", "normal 5%", "lognormal 30.5%", "pareto 2.5",
 *        or "table 0:800 500000:950 990000:2000 1000000:9000"; white space
 *        around it, such as a final newline, does not count
 * @d: unchanged on failure
 * @why: filled in on failure; where the text itself is wrong, its name is
 *       "distribution, character" and its value which one, counted from 1
 *
 * Called by config/model_config.c. Return: whether it is one.
 */
bool weir_dist_parse(const char *text, struct weir_dist *d, struct weir_complaint *why);

/**
 * weir_dist_format() - to text that weir_dist_parse() takes, without a newline
 * @size: of @text, at least WEIR_DIST_TEXT_BYTES
 *
 * Called by config/configfs.c.
 *
 * Return: its length.
 */
int weir_dist_format(const struct weir_dist *d, char *text, size_t size);

#endif
