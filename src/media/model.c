// SPDX-License-Identifier: GPL-2.0
/*
 * The numbers of a media model: the table that names them, and the checks.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>

#include "complaint.h"
#include "model.h"

#define MAX_DIES 1024
#define MAX_CACHE_PAGES 16384

#define ENTRY(field, lowest, highest, text, changes_shape)		\
	{								\
		.name = #field,						\
		.offset = offsetof(struct weir_model, field),		\
		.lo = lowest, .hi = highest,				\
		.range = "a number from " #lowest " to " #highest,	\
		.desc = text, .shape = changes_shape,			\
	},
#define NUMBER(field, lo, hi, desc) ENTRY(field, lo, hi, desc, false)
#define SHAPE(field, lo, hi, desc) ENTRY(field, lo, hi, desc, true)

const struct weir_model_number weir_model_numbers[] = {
	WEIR_MODEL_NUMBERS(NUMBER, SHAPE)
	NUMBER(seed, 0, 9223372036854775807, "Seed of what is drawn at random")
	NUMBER(speed, 1, 10000, "All times are this many times longer")
};

const u32 nr_weir_model_numbers =
	sizeof(weir_model_numbers) / sizeof(*weir_model_numbers);

static s64 value_of(const struct weir_model *model, const struct weir_model_number *n)
{
	return *(const s64 *)((const char *)model + n->offset);
}

#define CACHE(page, mib) "a number from 0 to " #mib " with page_kib=" #page
/* MAX_CACHE_PAGES, by page_kib. */
static const char * const cache_range[] = {
	CACHE(4, 64), CACHE(8, 128), CACHE(16, 256), CACHE(32, 512), CACHE(64, 1024),
	CACHE(128, 2048), CACHE(256, 4096), CACHE(512, 8192), CACHE(1024, 16384),
};

static bool check_flash(const struct weir_model *m, struct weir_complaint *why)
{
	if (m->stripe_kib & (m->stripe_kib - 1))
		return weir_refuse(why, "stripe_kib", m->stripe_kib, "a power of two");
	if (m->page_kib & (m->page_kib - 1))
		return weir_refuse(why, "page_kib", m->page_kib, "a power of two");
	if (m->channels * m->dies > MAX_DIES)
		return weir_refuse(why, "dies", m->dies,
				   "so few that there are at most 1024 on all channels");
	if (m->channels * m->dies * m->planes > MAX_DIES)
		return weir_refuse(why, "planes", m->planes,
				   "so few that there are at most 1024 on all dies");
	if ((u32)m->program_kib % (u32)m->page_kib)
		return weir_refuse(why, "program_kib", m->program_kib,
				   "a multiple of page_kib");
	if (m->kind == WEIR_KIND_FLASH &&
	    m->cache_mib << 10 > m->page_kib * MAX_CACHE_PAGES)
		return weir_refuse(why, "cache_mib", m->cache_mib,
				   cache_range[fls64(m->page_kib) - 3]);
	return true;
}

static bool check_disk(const struct weir_model *m, struct weir_complaint *why)
{
	if (m->inner_mbps > m->outer_mbps)
		return weir_refuse(why, "inner_mbps", m->inner_mbps, "at most outer_mbps");
	if (m->seek_track_ns > m->seek_third_ns)
		return weir_refuse(why, "seek_track_ns", m->seek_track_ns,
				   "at most seek_third_ns");
	if (m->seek_third_ns > m->seek_full_ns)
		return weir_refuse(why, "seek_third_ns", m->seek_third_ns,
				   "at most seek_full_ns");
	return true;
}

bool weir_model_check(const struct weir_model *m, struct weir_complaint *why)
{
	u32 i;

	if (m->kind < WEIR_KIND_NONE || m->kind > WEIR_KIND_NETWORK)
		return weir_refuse(why, "kind", m->kind, "a kind of medium");
	for (i = 0; i < nr_weir_model_numbers; i++) {
		const struct weir_model_number *n = &weir_model_numbers[i];
		s64 value = value_of(m, n);

		if (value < n->lo || value > n->hi)
			return weir_refuse(why, n->name, value, n->range);
	}
	for (i = 0; i < WEIR_MODEL_NR_OPS; i++)
		if (!weir_dist_check(&m->dist[i], why))
			return false;
	return check_flash(m, why) && check_disk(m, why);
}

bool weir_model_same_shape(const struct weir_model *a, const struct weir_model *b)
{
	u32 i;

	if (a->kind != b->kind)
		return false;
	for (i = 0; i < nr_weir_model_numbers; i++) {
		const struct weir_model_number *n = &weir_model_numbers[i];

		if (n->shape && value_of(a, n) != value_of(b, n))
			return false;
	}
	return true;
}
