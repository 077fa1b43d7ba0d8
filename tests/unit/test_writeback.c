// SPDX-License-Identifier: GPL-2.0
/* Writeback throttling: the steps, the window, and a device in closed loop. */
#include "sim.h"
#include "unit.h"
#include "writeback.h"

#define MS 1000000ULL

static struct weir_writeback wb;

static const struct weir_writeback_sample good_read = {
	.reads = 10, .read_lat_ns = 1 * MS, .read_target_ns = 2 * MS, .writes = true,
};

static const struct weir_writeback_sample slow_read = {
	.reads = 10, .read_lat_ns = 3 * MS, .read_target_ns = 2 * MS, .writes = true,
};

static const struct weir_writeback_sample very_slow_read = {
	.reads = 10, .read_lat_ns = 9 * MS, .read_target_ns = 2 * MS, .writes = true,
};

static const struct weir_writeback_sample slow_sync = {
	.reads = 10, .read_lat_ns = 1 * MS, .read_target_ns = 2 * MS,
	.syncs = 1, .sync_lat_ns = 11 * MS, .sync_target_ns = 10 * MS, .writes = true,
};

static const struct weir_writeback_sample alone = { .writes = true };
static const struct weir_writeback_sample no_writes = {
	.reads = 10, .read_lat_ns = 9 * MS, .read_target_ns = 2 * MS,
};

static void updates(const struct weir_writeback_sample *s, unsigned int n)
{
	while (n--)
		weir_writeback_update(&wb, s);
}

/* Reads between one and four times their target, and the quicker with each step */
static void helpful_steps(unsigned int n)
{
	struct weir_writeback_sample s = slow_read;

	for (s.read_lat_ns = 7900000; n--; s.read_lat_ns = s.read_lat_ns * 86 / 100) {
		weir_writeback_update(&wb, &s);
		assert_true(n == 0 || s.read_lat_ns > s.read_target_ns);
	}
}

static void begins_at_full_depth(void **state)
{
	weir_writeback_init(&wb, 256);
	assert_int_equal(wb.depth, 256);
	updates(&alone, 100);
	assert_int_equal(wb.depth, 256);
	updates(&good_read, 100);
	assert_int_equal(wb.depth, 256);
	weir_writeback_init(&wb, 0);
	assert_int_equal(wb.depth, 1);
}

static void halves_when_reads_are_slow(void **state)
{
	static const u32 depth[] = { 128, 64, 32, 16, 8, 4, 2, 1, 1 };
	unsigned int i;

	for (i = 0; i < sizeof(depth) / sizeof(*depth); i++) {
		weir_writeback_init(&wb, 256);
		helpful_steps(i + 1);
		assert_int_equal(wb.depth, depth[i]);
	}
	assert_int_equal(wb.step, 8);
}

static void two_steps_when_far_above(void **state)
{
	weir_writeback_init(&wb, 256);
	weir_writeback_update(&wb, &very_slow_read);
	assert_int_equal(wb.depth, 64);
}

static void syncs_count_as_well(void **state)
{
	struct weir_writeback_sample s = slow_sync;

	weir_writeback_init(&wb, 64);
	weir_writeback_update(&wb, &s);
	assert_int_equal(wb.depth, 32);
	/* Without a target nobody cares. */
	s.sync_target_ns = 0;
	weir_writeback_update(&wb, &s);
	assert_int_equal(wb.depth, 64);
	/* And what did not complete says nothing. */
	s = slow_sync;
	s.syncs = 0;
	weir_writeback_update(&wb, &s);
	assert_int_equal(wb.depth, 64);
}

static void back_up_with_a_margin(void **state)
{
	struct weir_writeback_sample close = good_read;

	weir_writeback_init(&wb, 64);
	helpful_steps(3);
	assert_int_equal(wb.depth, 8);
	/* At the target, and a quarter below: stay. */
	close.read_lat_ns = 2 * MS;
	updates(&close, 10);
	close.read_lat_ns = 1501000;
	updates(&close, 10);
	assert_int_equal(wb.depth, 8);
	close.read_lat_ns = 1499000;
	weir_writeback_update(&wb, &close);
	assert_int_equal(wb.depth, 16);
	updates(&close, 10);
	assert_int_equal(wb.depth, 64);
}

static void all_for_writes_when_alone(void **state)
{
	weir_writeback_init(&wb, 64);
	helpful_steps(6);
	assert_int_equal(wb.depth, 1);
	/* A reader may pause for two windows. */
	updates(&alone, 2);
	assert_int_equal(wb.depth, 1);
	updates(&alone, 1);
	assert_int_equal(wb.depth, 8);
	updates(&alone, 2);
	assert_int_equal(wb.depth, 64);
	/* It is back: no need to find out again. */
	weir_writeback_update(&wb, &very_slow_read);
	assert_int_equal(wb.depth, 1);
	/* Unless it is happy now. */
	updates(&good_read, 6);
	assert_int_equal(wb.depth, 64);
	updates(&alone, 10);
	weir_writeback_update(&wb, &good_read);
	assert_int_equal(wb.depth, 64);
}

/* Slow reads without writes are not their doing. */
static void writes_are_not_to_blame(void **state)
{
	weir_writeback_init(&wb, 64);
	updates(&no_writes, 100);
	assert_int_equal(wb.depth, 64);
	helpful_steps(3);
	assert_int_equal(wb.depth, 8);
	updates(&no_writes, 4);
	assert_int_equal(wb.depth, 8);
	updates(&no_writes, 1);
	assert_int_equal(wb.depth, 16);
	updates(&no_writes, 100);
	assert_int_equal(wb.depth, 64);
	weir_writeback_update(&wb, &good_read);
	assert_int_equal(wb.depth, 64);
}

static void depth_changes(void **state)
{
	weir_writeback_init(&wb, 256);
	helpful_steps(7);
	assert_int_equal(wb.depth, 2);
	weir_writeback_depth_set(&wb, 1024);
	assert_int_equal(wb.depth, 8);
	weir_writeback_depth_set(&wb, 4);
	assert_int_equal(wb.depth, 1);
	assert_int_equal(wb.step, 2);
	weir_writeback_depth_set(&wb, 0);
	assert_int_equal(wb.depth, 1);
	weir_writeback_depth_set(&wb, ~0U);
	assert_true(wb.depth == ~0U);
}

static void window_shrinks_with_the_root(void **state)
{
	static const u64 tenth_ms[] = { 1000, 707, 577, 500, 447, 408, 377, 353, 333 };
	unsigned int i;

	weir_writeback_init(&wb, ~0U);
	for (i = 0; i < 9; i++) {
		u64 is;

		wb.step = i;
		is = weir_writeback_window_ns(&wb) / 100000;
		assert_in_range(is, tenth_ms[i] - 20, tenth_ms[i] + 20);
	}
	wb.step = 31;
	assert_in_range(weir_writeback_window_ns(&wb), 17 * MS, 18 * MS);
	wb.step = 1000000;
	assert_true(weir_writeback_window_ns(&wb) == 10 * MS);
}

static void rank_is_a_low_quartile(void **state)
{
	assert_int_equal(weir_writeback_rank(1), 1);
	assert_int_equal(weir_writeback_rank(3), 1);
	assert_int_equal(weir_writeback_rank(4), 2);
	assert_int_equal(weir_writeback_rank(100), 26);
	assert_true(weir_writeback_rank(~0U) <= ~0U / 4 + 1);
}

/*
 * A device where a read takes 100 us and 50 us more for each write in flight:
 * the depth that just meets the target is found and kept, within a step.
 */
static void finds_the_depth(void **state)
{
	u64 target;

	for (target = 200000; target <= 6400000; target *= 2) {
		u32 right = (target - 100000) / 50000;
		int i;

		weir_writeback_init(&wb, 128);
		for (i = 0; i < 100; i++) {
			struct weir_writeback_sample s = {
				.reads = 10, .writes = true,
				.read_lat_ns = 100000 + 50000ULL * wb.depth,
				.read_target_ns = target,
			};

			weir_writeback_update(&wb, &s);
			if (i < 10)
				continue;
			assert_true(wb.depth <= 2 * right);
			assert_true(4 * wb.depth >= right || wb.depth == 128);
		}
	}
}

/* The same where most of what a read takes is not the writes' doing. */
static void finds_the_depth_beside_other_load(void **state)
{
	unsigned int i, met = 0;

	weir_writeback_init(&wb, 128);
	for (i = 0; i < 200; i++) {
		struct weir_writeback_sample s = {
			.reads = 10, .writes = true,
			.read_lat_ns = 1 * MS + 10000ULL * wb.depth,
			.read_target_ns = 1100000,
		};

		weir_writeback_update(&wb, &s);
		met += wb.depth <= 16;
	}
	assert_true(met > 180);
}

/* Reads that are slow whatever the writes do: these are not throttled for nothing. */
static void a_step_in_vain_is_taken_back(void **state)
{
	static const unsigned int pause[] = { 2, 4, 8, 16, 32, 64, 64 };
	unsigned int i, j;

	weir_writeback_init(&wb, 64);
	for (i = 0; i < sizeof(pause) / sizeof(*pause); i++) {
		weir_writeback_update(&wb, &slow_read);
		assert_int_equal(wb.depth, 32);
		for (j = 0; j <= pause[i]; j++) {
			weir_writeback_update(&wb, &slow_read);
			assert_int_equal(wb.depth, 64);
		}
	}
	/* Two steps at once are taken back as well. */
	weir_writeback_init(&wb, 64);
	weir_writeback_update(&wb, &very_slow_read);
	assert_int_equal(wb.depth, 16);
	weir_writeback_update(&wb, &very_slow_read);
	assert_int_equal(wb.depth, 64);
	/* The one that helped before stays. */
	weir_writeback_init(&wb, 64);
	helpful_steps(3);
	assert_int_equal(wb.depth, 8);
	updates(&very_slow_read, 1);
	assert_int_equal(wb.depth, 16);
}

/* A pause ends when the reads are quick: the next that are slow are other ones. */
/* What happened in a pause was not done by the step before it. */
static void a_step_is_not_judged_after_a_pause(void **state)
{
	struct weir_writeback_sample s = slow_read;

	s.read_lat_ns = 7 * MS;
	weir_writeback_init(&wb, 64);
	updates(&s, 1);
	assert_int_equal(wb.depth, 32);
	updates(&alone, 1);
	updates(&s, 1);
	assert_int_equal(wb.depth, 16);
	/* Without a pause the step was in vain. */
	updates(&s, 1);
	assert_int_equal(wb.depth, 32);

	weir_writeback_init(&wb, 64);
	updates(&s, 1);
	assert_int_equal(wb.depth, 32);
	updates(&no_writes, 5);
	assert_int_equal(wb.depth, 64);
	updates(&s, 1);
	assert_int_equal(wb.depth, 32);
}

static void patience_ends_with_a_step_that_helps(void **state)
{
	struct weir_writeback_sample better = slow_read;

	weir_writeback_init(&wb, 64);
	updates(&slow_read, 1 + 3 + 1 + 5 + 1);
	assert_int_equal(wb.depth, 32);
	better.read_lat_ns = slow_read.read_lat_ns * 3 / 4;
	weir_writeback_update(&wb, &better);
	assert_int_equal(wb.depth, 16);
	/* In vain now: back to what helped, and the shortest pause. */
	updates(&better, 1);
	assert_int_equal(wb.depth, 32);
	updates(&better, 2);
	assert_int_equal(wb.depth, 32);
	updates(&better, 1);
	assert_int_equal(wb.depth, 16);
}

static void random_samples(void **state)
{
	u64 seed, random;
	int i;

	for (seed = 1; seed <= 100; seed++) {
		random = seed * 0x9e3779b97f4a7c15ULL;
		weir_writeback_init(&wb, sim_random(&random));
		for (i = 0; i < 5000; i++) {
			u64 r = sim_random(&random);
			struct weir_writeback_sample s = {
				.reads = r & 1 ? r >> 8 : 0,
				.syncs = r & 2 ? r >> 16 : 0,
				.read_lat_ns = sim_random(&random) << (r & 31),
				.sync_lat_ns = ~0ULL >> (r & 63),
				.read_target_ns = r & 4 ? sim_random(&random) << 16 : 0,
				.sync_target_ns = ~0ULL >> ((r >> 6) & 63),
				.writes = r & 24,
			};
			u64 ns;

			if (!(sim_random(&random) % 100))
				weir_writeback_depth_set(&wb, r >> (r & 31));
			weir_writeback_update(&wb, &s);
			assert_in_range(wb.depth, 1, wb.max_depth);
			assert_in_range(wb.step, 0, 31);
			ns = weir_writeback_window_ns(&wb);
			assert_in_range(ns, 10 * MS, 100 * MS);
		}
		updates(&alone, 10);
		assert_int_equal(wb.depth, wb.max_depth);
	}
}

const struct CMUnitTest writeback_tests[] = {
	cmocka_unit_test(begins_at_full_depth),
	cmocka_unit_test(halves_when_reads_are_slow),
	cmocka_unit_test(two_steps_when_far_above),
	cmocka_unit_test(syncs_count_as_well),
	cmocka_unit_test(back_up_with_a_margin),
	cmocka_unit_test(all_for_writes_when_alone),
	cmocka_unit_test(writes_are_not_to_blame),
	cmocka_unit_test(depth_changes),
	cmocka_unit_test(window_shrinks_with_the_root),
	cmocka_unit_test(rank_is_a_low_quartile),
	cmocka_unit_test(finds_the_depth),
	cmocka_unit_test(finds_the_depth_beside_other_load),
	cmocka_unit_test(a_step_in_vain_is_taken_back),
	cmocka_unit_test(a_step_is_not_judged_after_a_pause),
	cmocka_unit_test(patience_ends_with_a_step_that_helps),
	cmocka_unit_test(random_samples),
};

const size_t nr_writeback_tests = sizeof(writeback_tests) / sizeof(*writeback_tests);
