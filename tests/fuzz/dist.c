// SPDX-License-Identifier: GPL-2.0
/*
 * Any text is a distribution or is refused, and nothing changes then. What parses prints
 * to text that parses to the same; what is drawn from it stays within its bounds, and
 * does not fall as the probability rises.
 */
#include "complaint.h"
#include "dist.h"
#include "fuzz.h"

#define DRAWS 256
#define MEAN_NS 1000000ULL

static void print_and_parse(const struct weir_dist *d)
{
	char text[WEIR_DIST_TEXT_BYTES];
	struct weir_complaint why;
	struct weir_dist again;
	int length = weir_dist_format(d, text, sizeof(text));

	HOLDS(length > 0 && length < WEIR_DIST_TEXT_BYTES - 1);
	HOLDS(strlen(text) == (size_t)length);
	HOLDS(weir_dist_parse(text, &again, &why));
	HOLDS(!memcmp(&again, d, sizeof(*d)));
}

/* The random number that stands for @share of DRAWS: see draw_from_curve(). */
static u64 random_of(const struct weir_dist *d, u64 share)
{
	const u64 at = share * ((1ULL << 63) / (DRAWS / 2));

	if (d->kind == WEIR_DIST_TABLE || share < DRAWS / 2)
		return at;
	/* The upper half is counted from the other end. */
	return 1ULL << 63 | ~at;
}

static void draw(const struct weir_dist *d)
{
	static struct weir_quantiles q;
	u64 share, before = 0, sum = 0;

	weir_dist_compile(d, &q);
	for (share = 0; share < DRAWS; share++) {
		u64 ns = weir_dist_draw(&q, MEAN_NS, random_of(d, share));

		HOLDS(ns <= 65536 * MEAN_NS);
		HOLDS(ns >= before);
		HOLDS(d->kind != WEIR_DIST_CONSTANT || ns == MEAN_NS);
		before = ns;
		sum += ns;
	}
	/* Two kinds that have no tail to miss */
	if (d->kind == WEIR_DIST_UNIFORM || d->kind == WEIR_DIST_NORMAL)
		HOLDS(sum / DRAWS > MEAN_NS * 98 / 100 && sum / DRAWS < MEAN_NS * 102 / 100);
	HOLDS(weir_dist_draw(&q, MEAN_NS, ~0ULL) <= 65536 * MEAN_NS);
	HOLDS(weir_dist_draw(&q, (1ULL << 48) - 1, 1ULL << 63) <= ((1ULL << 48) - 1) << 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct weir_dist d, before;
	struct weir_complaint why = { 0 };

	memcpy(text, data, size);
	text[size] = '\0';
	memset(&d, 0x5a, sizeof(d));
	before = d;
	if (weir_dist_parse(text, &d, &why)) {
		HOLDS(weir_dist_check(&d, &why));
		print_and_parse(&d);
		draw(&d);
	} else {
		HOLDS(!memcmp(&d, &before, sizeof(d)));
		HOLDS(why.name && why.want);
	}
	free(text);
	return 0;
}
