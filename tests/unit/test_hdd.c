// SPDX-License-Identifier: GPL-2.0
/*
 * A hard disk's queue and cache; the mechanics have tests of their own (test_arm.c).
 * 6000 revolutions a minute: 10 ms each.
 */
#include <linux/bits.h>
#include <linux/kernel.h>

#include "rig.h"
#include "unit.h"

#define GIB BIT_ULL(30)
#define MS 1000000ULL

static struct rig r;

static struct weir_model plain(void)
{
	struct weir_model model = rig_model(WEIR_KIND_DISK);

	model.seek_track_ns = 1 * MS;
	model.seek_third_ns = 8 * MS;
	model.seek_full_ns = 16 * MS;
	model.slots = 32;
	return model;
}

static struct weir_model cached(void)
{
	struct weir_model model = plain();

	model.cache_mib = 2;
	model.idle_ns = 50 * MS;
	return model;
}

static u64 rate_ns(const struct weir_model *model, u32 depth)
{
	struct rig_load load = { .op = WEIR_MEDIA_READ, .depth = depth, .sectors = 8,
				 .area = 100 * GIB >> 9, .count = 2000 };
	u64 ns;

	rig_open(&r, model, 100 * GIB, 1);
	ns = rig_loop(&r, &load);
	rig_close(&r);
	return ns / load.count;
}

/*
 * Alone: the mean seek over random distances, about a third's, and half a
 * revolution. At depth 32 the nearest is picked: more than twice as many.
 */
static void nearest_first(void **state)
{
	struct weir_model model = plain();
	u64 alone = rate_ns(&model, 1), deep = rate_ns(&model, 32);

	assert_true(alone > 12 * MS && alone < 14 * MS);
	assert_true(deep < alone / 2);
	/* What waits in the host's queue is not seen. */
	model.slots = 1;
	assert_true(rate_ns(&model, 32) > 12 * MS);
}

static void sequence_at_the_media_rate(void **state)
{
	struct weir_model model = plain();
	struct rig_load load = { .op = WEIR_MEDIA_READ, .depth = 2, .sectors = 256,
				 .count = 2000 };
	u64 ns;

	rig_open(&r, &model, 100 * GIB, 1);
	ns = rig_loop(&r, &load);
	/* 200 MB/s at the beginning */
	assert_true(ns > 0.97 * 2000 * 131072 * 5 && ns < 1.03 * 2000 * 131072 * 5);
	rig_close(&r);
}

/* The cache takes 2 MiB at once; then writes go at the arm's rate. */
static void cache_cliff(void **state)
{
	struct weir_model model = cached();
	struct rig_load load = { .op = WEIR_MEDIA_WRITE, .depth = 1, .sectors = 32,
				 .area = 100 * GIB >> 9, .count = 128 };
	u64 each;

	model.cached_ns = 1000;
	rig_open(&r, &model, 100 * GIB, 1);
	assert_int_equal(rig_loop(&r, &load), 128 * 1000);
	load.count = 1000;
	each = rig_loop(&r, &load) / load.count;
	/* It has 32 to choose from. */
	assert_true(each > 2 * MS && each < 7 * MS);
	assert_true(r.parts[WEIR_PART_CACHE] > r.latency * 0.9);
	rig_close(&r);
}

/* Many small writes fill the list of runs before the cache. */
static void runs_are_limited(void **state)
{
	struct weir_model model = cached();
	struct rig_load load = { .op = WEIR_MEDIA_WRITE, .depth = 1, .sectors = 1,
				 .area = 100 * GIB >> 9, .count = 256 };

	rig_open(&r, &model, 100 * GIB, 1);
	assert_int_equal(rig_loop(&r, &load), 0);
	load.count = 1;
	assert_true(rig_loop(&r, &load) > MS / 10);
	rig_close(&r);

	/* Not if each continues the one before. */
	rig_open(&r, &model, 100 * GIB, 1);
	load.area = 0;
	load.count = 4096;
	assert_int_equal(rig_loop(&r, &load), 0);
	rig_close(&r);
}

static void flush_waits_for_the_platters(void **state)
{
	struct weir_model model = cached();
	struct weir_media_stats s;
	u64 ns;

	model.flush_ns = 3000;
	rig_open(&r, &model, 100 * GIB, 1);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_FLUSH, 0, 0), 3000);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 50 * GIB >> 9, 8), 0);
	ns = rig_one(&r, WEIR_MEDIA_FLUSH, 0, 0);
	assert_true(ns > 8 * MS && ns < 30 * MS);
	weir_media_stats(r.m, &s);
	assert_int_equal(s.cache_units, 0);
	assert_int_equal(s.programmed_units, 1);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_FLUSH, 0, 0), 3000);
	r.cmd[0].fua = true;
	assert_true(rig_one(&r, WEIR_MEDIA_WRITE, 0, 8) > 8 * MS);
	rig_close(&r);

	model.plp = 1;
	rig_open(&r, &model, 100 * GIB, 1);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 50 * GIB >> 9, 8), 0);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_FLUSH, 0, 0), 3000);
	r.cmd[0].fua = true;
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 0, 8), 0);
	rig_close(&r);
}

/* Idle, it writes out; nobody need be called for that, and a read comes first. */
static void writes_out_when_idle(void **state)
{
	struct weir_model model = cached();
	struct weir_media_stats s;

	rig_open(&r, &model, 100 * GIB, 1);
	rig_one(&r, WEIR_MEDIA_READ, 0, 8);
	rig_one(&r, WEIR_MEDIA_WRITE, 50 * GIB >> 9, 8);
	assert_true(weir_media_next_ns(r.m) == ~0ULL);
	r.now += 40 * MS;
	weir_media_advance(r.m, r.now);
	weir_media_stats(r.m, &s);
	assert_int_equal(s.cache_units, 1);
	r.now += 60 * MS;
	weir_media_advance(r.m, r.now);
	weir_media_stats(r.m, &s);
	assert_int_equal(s.cache_units, 0);
	rig_close(&r);
}

/* Zeroes are the arm's work, though no byte crosses the bus: others wait for it. */
static void zeroes_are_written_by_the_arm(void **state)
{
	struct weir_model model = cached();
	u64 ns;

	rig_open(&r, &model, 100 * GIB, 1);
	ns = rig_one(&r, WEIR_MEDIA_ZEROES, 0, 16384);
	assert_true(ns > 40 * MS);
	rig_put(&r, 0, WEIR_MEDIA_ZEROES, 0, 16384);
	rig_put(&r, 1, WEIR_MEDIA_READ, 50 * GIB >> 9, 8);
	rig_drain(&r);
	assert_true(r.cmd[1].part_ns[WEIR_PART_DIE] > 40 * MS);
	rig_close(&r);
}

/* Larger than the cache: to the platters. */
static void large_write_goes_past_the_cache(void **state)
{
	struct weir_model model = cached();

	rig_open(&r, &model, 100 * GIB, 1);
	assert_true(rig_one(&r, WEIR_MEDIA_WRITE, 0, 8192) > 20 * MS);
	rig_close(&r);
}

const struct CMUnitTest hdd_tests[] = {
	cmocka_unit_test(nearest_first),
	cmocka_unit_test(sequence_at_the_media_rate),
	cmocka_unit_test(cache_cliff),
	cmocka_unit_test(runs_are_limited),
	cmocka_unit_test(flush_waits_for_the_platters),
	cmocka_unit_test(writes_out_when_idle),
	cmocka_unit_test(zeroes_are_written_by_the_arm),
	cmocka_unit_test(large_write_goes_past_the_cache),
};

const size_t nr_hdd_tests = sizeof(hdd_tests) / sizeof(*hdd_tests);
