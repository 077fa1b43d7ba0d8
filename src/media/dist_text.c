// SPDX-License-Identifier: GPL-2.0
/*
 * Distributions as text, and which are refused.
 */
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/string.h>

#include "complaint.h"
#include "dist.h"

#define MAX_TIME 100000000
#define MAX_TIMES_MEAN 65535
#define MAX_NUMBER 4000000000ULL

static bool check_table(const struct weir_dist *d, struct weir_complaint *why)
{
	u32 last = d->nr_points - 1;
	u64 area = 0;
	u32 i;

	if (d->nr_points < 2 || d->nr_points > WEIR_DIST_MAX_POINTS)
		return weir_refuse(why, "a table's number of points", d->nr_points,
				   "a number from 2 to 32");
	if (d->points[0].probability)
		return weir_refuse(why, "a table's first probability",
				   d->points[0].probability, "0");
	if (d->points[last].probability != WEIR_DIST_CERTAIN)
		return weir_refuse(why, "a table's last probability",
				   d->points[last].probability, "1000000");
	for (i = 0; i <= last; i++) {
		if (d->points[i].time > MAX_TIME)
			return weir_refuse(why, "a table's time", d->points[i].time,
					   "a number from 0 to 100000000");
		if (!i)
			continue;
		if (d->points[i].probability <= d->points[i - 1].probability)
			return weir_refuse(why, "a table's probability",
					   d->points[i].probability,
					   "above the one before it");
		if (d->points[i].time < d->points[i - 1].time)
			return weir_refuse(why, "a table's time", d->points[i].time,
					   "as long as the one before it, or longer");
		area += (u64)(d->points[i].probability - d->points[i - 1].probability) *
			((u64)d->points[i].time + d->points[i - 1].time);
	}
	if (!d->points[last].time)
		return weir_refuse(why, "a table's last time", 0, "a number from 1 to 100000000");
	/* time / mean, the mean being area / 2 / CERTAIN */
	if (div64_u64(2ULL * WEIR_DIST_CERTAIN * d->points[last].time, area) >=
	    MAX_TIMES_MEAN)
		return weir_refuse(why, "a table's last time", d->points[last].time,
				   "below 65535 times the mean of the table");
	return true;
}

static bool check_spread(const struct weir_dist *d, u32 highest, const char *name,
			 const char *range, struct weir_complaint *why)
{
	return d->spread_permille <= highest ||
	       weir_refuse(why, name, d->spread_permille, range);
}

bool weir_dist_check(const struct weir_dist *d, struct weir_complaint *why)
{
	switch (d->kind) {
	case WEIR_DIST_CONSTANT:
		return true;
	case WEIR_DIST_UNIFORM:
		return check_spread(d, 1000, "spread in permille of the mean (uniform)",
				    "a number from 0 to 1000", why);
	case WEIR_DIST_NORMAL:
		return check_spread(d, 300, "spread in permille of the mean (normal)",
				    "a number from 0 to 300 (more: lognormal)", why);
	case WEIR_DIST_LOGNORMAL:
		return check_spread(d, 10000, "spread in permille of the mean (lognormal)",
				    "a number from 0 to 10000", why);
	case WEIR_DIST_PARETO:
		if (d->alpha_milli < 1500 || d->alpha_milli > 100000)
			return weir_refuse(why, "shape in thousandths (pareto)",
					   d->alpha_milli, "a number from 1500 to 100000");
		return true;
	case WEIR_DIST_TABLE:
		return check_table(d, why);
	default:
		return weir_refuse(why, "kind of distribution", d->kind,
				   "one of enum weir_dist_kind");
	}
}

/**
 * struct cursor - what is being read
 * @text: from the beginning, for complaints
 * @at: what comes next
 * @why: filled in by who fails
 */
struct cursor {
	const char *text;
	const char *at;
	struct weir_complaint *why;
};

static bool complain(const struct cursor *c, const char *want)
{
	return weir_refuse(c->why, "distribution, character", c->at - c->text + 1, want);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool skip_space(struct cursor *c)
{
	const char *from = c->at;

	while (is_space(*c->at))
		c->at++;
	return c->at > from;
}

/* If @word comes next, and ends there, skip it and the white space after it. */
static bool skip_word(struct cursor *c, const char *word)
{
	size_t length = strlen(word);
	char end;

	if (strncmp(c->at, word, length))
		return false;
	end = c->at[length];
	if (end && !is_space(end))
		return false;
	c->at += length;
	skip_space(c);
	return true;
}

/* A number with up to @places decimal places, times ten to the power of that. */
static bool parse_decimal(struct cursor *c, u32 places, u32 *result)
{
	bool after_point = false;
	struct cursor from = *c;
	u64 n = 0;

	if (!is_digit(*c->at))
		return complain(c, "a number");
	for (;; c->at++) {
		if (*c->at == '.' && places && !after_point && is_digit(c->at[1])) {
			after_point = true;
			continue;
		}
		if (!is_digit(*c->at))
			break;
		if (after_point && !places)
			return complain(c, "the end of the number: fewer decimal places");
		n = n * 10 + (*c->at - '0');
		places -= after_point;
		if (n > MAX_NUMBER)
			return complain(&from, "a smaller number");
	}
	for (; places; places--)
		n *= 10;
	if (n > MAX_NUMBER)
		return complain(&from, "a smaller number");
	*result = n;
	return true;
}

static bool parse_percent(struct cursor *c, struct weir_dist *d)
{
	if (!parse_decimal(c, 1, &d->spread_permille))
		return false;
	if (*c->at != '%')
		return complain(c, "%");
	c->at++;
	return true;
}

static bool parse_points(struct cursor *c, struct weir_dist *d)
{
	do {
		if (d->nr_points == WEIR_DIST_MAX_POINTS)
			return complain(c, "the end: at most 32 points");
		if (!parse_decimal(c, 0, &d->points[d->nr_points].probability))
			return false;
		if (*c->at != ':')
			return complain(c, "a colon, after a probability");
		c->at++;
		if (!parse_decimal(c, 0, &d->points[d->nr_points].time))
			return false;
		d->nr_points++;
	} while (skip_space(c) && *c->at);
	return true;
}

static bool parse_shape(struct cursor *c, struct weir_dist *d)
{
	if (skip_word(c, "constant")) {
		d->kind = WEIR_DIST_CONSTANT;
		return true;
	}
	if (skip_word(c, "uniform")) {
		d->kind = WEIR_DIST_UNIFORM;
		return parse_percent(c, d);
	}
	if (skip_word(c, "normal")) {
		d->kind = WEIR_DIST_NORMAL;
		return parse_percent(c, d);
	}
	if (skip_word(c, "lognormal")) {
		d->kind = WEIR_DIST_LOGNORMAL;
		return parse_percent(c, d);
	}
	if (skip_word(c, "pareto")) {
		d->kind = WEIR_DIST_PARETO;
		return parse_decimal(c, 3, &d->alpha_milli);
	}
	if (skip_word(c, "table")) {
		d->kind = WEIR_DIST_TABLE;
		return parse_points(c, d);
	}
	return complain(c,
			"constant, uniform N%, normal N%, lognormal N%, pareto N, table P:T P:T ...");
}

bool weir_dist_parse(const char *text, struct weir_dist *d, struct weir_complaint *why)
{
	struct cursor c = { .text = text, .at = text, .why = why };
	struct weir_dist new = { 0 };

	skip_space(&c);
	if (!parse_shape(&c, &new))
		return false;
	skip_space(&c);
	if (*c.at)
		return complain(&c, "the end of the text");
	if (!weir_dist_check(&new, why))
		return false;
	*d = new;
	return true;
}

static int format_percent(const struct weir_dist *d, const char *name, char *text,
			  size_t size)
{
	u32 permille = d->spread_permille;

	if (permille % 10)
		return scnprintf(text, size, "%s %u.%u%%", name, permille / 10,
				 permille % 10);
	return scnprintf(text, size, "%s %u%%", name, permille / 10);
}

static int format_pareto(const struct weir_dist *d, char *text, size_t size)
{
	int length = scnprintf(text, size, "pareto %u.%03u", d->alpha_milli / 1000,
			       d->alpha_milli % 1000);

	while (text[length - 1] == '0')
		length--;
	if (text[length - 1] == '.')
		length--;
	text[length] = '\0';
	return length;
}

static int format_table(const struct weir_dist *d, char *text, size_t size)
{
	int length = scnprintf(text, size, "table");
	u32 i;

	for (i = 0; i < d->nr_points; i++)
		length += scnprintf(text + length, size - length, " %u:%u",
				    d->points[i].probability, d->points[i].time);
	return length;
}

int weir_dist_format(const struct weir_dist *d, char *text, size_t size)
{
	switch (d->kind) {
	case WEIR_DIST_UNIFORM:
		return format_percent(d, "uniform", text, size);
	case WEIR_DIST_NORMAL:
		return format_percent(d, "normal", text, size);
	case WEIR_DIST_LOGNORMAL:
		return format_percent(d, "lognormal", text, size);
	case WEIR_DIST_PARETO:
		return format_pareto(d, text, size);
	case WEIR_DIST_TABLE:
		return format_table(d, text, size);
	default:
		return scnprintf(text, size, "constant");
	}
}
