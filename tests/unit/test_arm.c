// SPDX-License-Identifier: GPL-2.0
/* A hard disk's arm, against the same physics in floating point. */
#include <linux/kernel.h>
#include <math.h>

#include "arm.h"
#include "model.h"
#include "random.h"
#include "unit.h"

#define US 1000ULL
#define MS (1000 * US)
#define GIB 0x40000000ULL

static struct weir_arm arm;

/* 10 ms a revolution, 200 MB/s outside, 100 MB/s inside. */
static struct weir_model numbers(void)
{
	return (struct weir_model){
		.speed = 1, .rpm = 6000, .outer_mbps = 200, .inner_mbps = 100,
		.zones = 11, .seek_track_ns = 1 * MS, .seek_third_ns = 9 * MS,
		.seek_full_ns = 17 * MS, .write_settle_ns = 500 * US,
	};
}

static void make(u64 capacity)
{
	struct weir_model m = numbers();

	memset(&arm, 0x5a, sizeof(arm));
	weir_arm_init(&arm, &m, capacity);
}

static struct weir_arm_io read_of(u64 sector, u64 sectors)
{
	return (struct weir_arm_io){ .sector = sector, .sectors = sectors };
}

static struct weir_arm_io write_of(u64 sector, u64 sectors)
{
	return (struct weir_arm_io){ .sector = sector, .sectors = sectors, .write = true };
}

static u64 do_it(struct weir_arm_io io, u64 now_ns)
{
	return weir_arm_serve(&arm, &io, weir_arm_access_ns(&arm, &io, now_ns), now_ns);
}

static void about(double have, double want, double share)
{
	if (fabs(have - want) > want * share)
		fail_msg("%.1f, not %.1f", have, want);
}

/* MB/s of a sequential stream of @kib each, from there on. */
static double stream(u64 sector, u64 kib, bool write)
{
	u64 begin = do_it(read_of(sector, 1), 0), now = begin;
	u32 i;

	for (i = 0; i < 512; i++, sector += kib * 2) {
		struct weir_arm_io io = { .sector = sector + 1, .sectors = kib * 2,
					  .write = write };

		now = do_it(io, now);
	}
	return 512.0 * kib * 1024 / (now - begin) * 1000;
}

static void zones_slow_down_inwards(void **state)
{
	u64 end;

	make(1000 * GIB);
	end = arm.capacity;
	about(stream(0, 128, false), 200, 0.01);
	about(stream(0, 128, true), 200, 0.01);
	about(stream(0, 4, false), 200, 0.01);
	about(stream(end - 512 * 256 - 1, 128, false), 100, 0.01);
	/* Zone 6 of 0 to 10 is in the middle of the width, at 150 MB/s. */
	about(stream(arm.zone[5].start, 128, false), 150, 0.01);
	/* Equally wide, so as large as they are fast. */
	about(arm.zone[1].start, end * 200.0 / 1650, 0.001);
	about(end - arm.zone[10].start, end * 100.0 / 1650, 0.001);
	assert_int_equal(arm.zone[11].start, end);
}

/* The first sector that has this share of the width outside it. */
static u64 sector_at(double place)
{
	u32 zone = place * arm.nr_zones;
	double within = place * arm.nr_zones - zone;

	return arm.zone[zone].start +
	       within * (arm.zone[zone + 1].start - arm.zone[zone].start);
}

static void seeks_by_distance(void **state)
{
	make(1000 * GIB);
	about(weir_arm_seek_ns(&arm, 0, sector_at(1 / 3.0)), 9 * MS, 0.001);
	about(weir_arm_seek_ns(&arm, 0, arm.capacity - 1), 17 * MS, 0.001);
	/* A quarter of a third: half of the root. */
	about(weir_arm_seek_ns(&arm, 0, sector_at(1 / 12.0)), 5 * MS, 0.001);
	/* A quarter, and half, of the way from a third to the whole. */
	about(weir_arm_seek_ns(&arm, 0, sector_at(0.5)), 11 * MS, 0.001);
	about(weir_arm_seek_ns(&arm, 0, sector_at(2 / 3.0)), 13 * MS, 0.001);
	/* As far back, and elsewhere. */
	about(weir_arm_seek_ns(&arm, sector_at(1 / 3.0), 0), 9 * MS, 0.001);
	about(weir_arm_seek_ns(&arm, sector_at(0.9), sector_at(0.9 - 1 / 12.0)), 5 * MS,
	      0.001);
	/* The next track, and the same one. */
	about(weir_arm_seek_ns(&arm, 0, arm.zone[0].track_sectors), 1 * MS, 0.05);
	assert_true(weir_arm_seek_ns(&arm, 0, arm.zone[0].track_sectors) >= 1 * MS);
	assert_int_equal(weir_arm_seek_ns(&arm, 0, arm.zone[0].track_sectors - 1), 0);
	assert_int_equal(weir_arm_seek_ns(&arm, 5, 5), 0);
}

static void longer_seeks_take_longer(void **state)
{
	u64 before = 0, step, sector;

	make(8000 * GIB);
	step = arm.capacity / 10000;
	for (sector = 0; sector < arm.capacity; sector += step) {
		u64 seek = weir_arm_seek_ns(&arm, 0, sector);

		assert_true(seek >= before);
		assert_true(seek - before < 2 * MS);
		before = seek;
	}
}

/* When it is over its sector, the platter has turned to just there. */
static void rotation_brings_the_sector(void **state)
{
	struct weir_random r;
	double waited = 0;
	u64 now = 0;
	u32 i;

	weir_random_seed(&r, 1);
	make(1000 * GIB);
	for (i = 0; i < 20000; i++) {
		struct weir_arm_io io = read_of(weir_random_next(&r) % arm.capacity, 8);
		u64 seek = weir_arm_seek_ns(&arm, arm.next, io.sector);
		u64 access = weir_arm_access_ns(&arm, &io, now);
		const struct weir_arm_zone *z = arm.zone;
		double turned, angle;

		while (z[1].start <= io.sector)
			z++;
		assert_in_range(access, seek, seek + 10 * MS);
		waited += access - seek;
		turned = fmod((double)(now + access), 10.0 * MS);
		angle = 10.0 * MS * ((io.sector - z->start) % z->track_sectors) /
			z->track_sectors;
		assert_true(fabs(turned - angle) < 3 || fabs(turned - angle) > 10 * MS - 3);
		now = do_it(io, now) + weir_random_next(&r) % MS;
	}
	about(waited / i, 5 * MS, 0.02);
}

static void a_write_settles(void **state)
{
	struct weir_arm_io r, w;

	make(1000 * GIB);
	r = read_of(sector_at(0.5), 8);
	w = write_of(sector_at(0.5), 8);
	/* Either a write makes it to the sector half a millisecond later ... */
	assert_true(weir_arm_access_ns(&arm, &w, 0) == weir_arm_access_ns(&arm, &r, 0) ||
		    weir_arm_access_ns(&arm, &w, 0) ==
		    weir_arm_access_ns(&arm, &r, 0) + 10 * MS);
	/* ... or it comes by in that time, and a write waits for the next time. */
	r.sector = sector_at(0.5);
	while (weir_arm_access_ns(&arm, &r, 0) >
	       weir_arm_seek_ns(&arm, 0, r.sector) + 400 * US)
		r.sector++;
	w.sector = r.sector;
	about(weir_arm_access_ns(&arm, &w, 0), weir_arm_access_ns(&arm, &r, 0) + 10 * MS,
	      0.001);
}

static void a_late_write_waits_a_revolution(void **state)
{
	struct weir_arm_io next;
	u64 now;

	make(1000 * GIB);
	now = do_it(write_of(1000000, 8), 0);
	next = write_of(1000008, 8);
	assert_int_equal(weir_arm_access_ns(&arm, &next, now), 0);
	assert_true(weir_arm_access_ns(&arm, &next, now + 100 * US) >= 10 * MS - 101 * US);
	assert_true(weir_arm_access_ns(&arm, &next, now + 100 * US) <= 10 * MS);
}

static void reads_are_read_ahead(void **state)
{
	struct weir_arm_io next, there;
	u64 now, at;
	u32 i;

	make(1000 * GIB);
	now = do_it(read_of(1000000, 8), 0);
	next = read_of(1000008, 8);
	/* Late, but in the buffer; early, and it has still to come by. */
	assert_int_equal(weir_arm_access_ns(&arm, &next, now + 100 * US), 0);
	assert_int_equal(do_it(next, now + 100 * US), now + 100 * US);

	make(1000 * GIB);
	now = do_it(read_of(1000000, 8), 0);
	there = read_of(1001000, 8);
	about(weir_arm_access_ns(&arm, &there, now), 1000 * 512 / 200.0 * 1000, 0.01);
	/* A write is not. */
	there = write_of(1000008, 8);
	assert_true(weir_arm_access_ns(&arm, &there, now + 100 * US) > 5 * MS);
	/* Nor what is more than a track ahead. */
	there = read_of(1000008 + arm.zone[0].track_sectors, 8);
	assert_true(weir_arm_access_ns(&arm, &there, now + 1000 * MS) > 1 * MS);

	/* However long it was idle: a track at once, and then as it comes by. */
	make(1000 * GIB);
	now = do_it(read_of(0, 8), 0) + 10000 * MS;
	for (at = now, i = 1; i <= 2 * arm.zone[0].track_sectors / 8; i++)
		at = do_it(read_of(8 * i, 8), at);
	about(at - now, 10 * MS, 0.02);
}

static void a_write_ends_the_reading_ahead(void **state)
{
	struct weir_arm_io next;
	u64 now;

	make(1000 * GIB);
	now = do_it(read_of(1000000, 8), 0);
	now = do_it(write_of(5000000, 8), now);
	next = read_of(1000008, 8);
	assert_true(weir_arm_access_ns(&arm, &next, now) >= 1 * MS);
	/* Nor does a write begin one. */
	next = read_of(5000008, 8);
	assert_true(weir_arm_access_ns(&arm, &next, now + 100 * US) > 9 * MS);
}

static void the_drawn_access_counts(void **state)
{
	struct weir_arm_io io;

	make(1000 * GIB);
	io = read_of(1000000, 8);
	about(weir_arm_serve(&arm, &io, 123 * MS, 7 * MS), 130 * MS + 8 * 512 * 5, 0.0001);
	assert_int_equal(arm.next, 1000008);
}

/* Fast or slow, the same in its own time. */
static void speed_stretches_time(void **state)
{
	struct weir_model m = numbers();
	struct weir_random r;
	u64 now[2];
	u32 i, k;

	for (k = 0; k < 2; k++) {
		m.speed = k ? 100 : 1;
		weir_arm_init(&arm, &m, 1000 * GIB);
		weir_random_seed(&r, 4);
		for (now[k] = 0, i = 0; i < 100; i++) {
			u64 sector = weir_random_next(&r) % (arm.capacity - 8);

			now[k] = do_it(read_of(sector, 8), now[k]);
		}
	}
	about(now[1], 100.0 * now[0], 0.001);
}

static void other_numbers_same_place(void **state)
{
	struct weir_model m = numbers();

	make(1000 * GIB);
	do_it(read_of(arm.capacity - 8, 8), 0);
	m.seek_full_ns = 40 * MS;
	weir_arm_retune(&arm, &m);
	about(weir_arm_seek_ns(&arm, arm.next, 0), 40 * MS, 0.001);
}

static void picks_the_nearest(void **state)
{
	struct weir_arm_io io[WEIR_ARM_MAX_PICK];
	struct weir_random r;
	u64 now = 0;
	u32 i, k;

	weir_random_seed(&r, 2);
	make(1000 * GIB);
	for (k = 0; k < 1000; k++) {
		u32 nr = 1 + weir_random_next(&r) % WEIR_ARM_MAX_PICK, best;

		for (i = 0; i < nr; i++) {
			io[i] = read_of(weir_random_next(&r) % (arm.capacity - 8), 8);
			io[i].since_ns = now;
		}
		best = weir_arm_pick(&arm, io, nr, now);
		assert_true(best < nr);
		for (i = 0; i < nr; i++)
			assert_true(weir_arm_access_ns(&arm, &io[i], now) >=
				    weir_arm_access_ns(&arm, &io[best], now));
		now = do_it(io[best], now);
	}
}

/* Of the two sectors beside one, one at least is on its track, wherever that is. */
static void there_is_no_seek_within_a_track(void **state)
{
	u64 sector;

	make(1000 * GIB);
	for (sector = 1; sector < arm.capacity - 20000; sector += arm.capacity / 97) {
		assert_true(!weir_arm_seek_ns(&arm, sector, sector - 1) ||
			    !weir_arm_seek_ns(&arm, sector, sector + 1));
		/* A track has 4000 sectors at most. */
		assert_true(weir_arm_seek_ns(&arm, sector, sector + 8000) >= 1 * MS);
	}
}

/* To have waited 64 times as long as the detour makes up for it. */
static void age_makes_up_for_distance(void **state)
{
	struct weir_arm_io io[2] = { read_of(100000, 8), read_of(500 * GIB / 512, 8) };
	u64 now, detour;

	make(1000 * GIB);
	now = do_it(read_of(0, 8), 1000000 * MS);
	io[0].since_ns = now;
	detour = weir_arm_access_ns(&arm, &io[1], now) - weir_arm_access_ns(&arm, &io[0], now);
	io[1].since_ns = now - 63 * detour;
	assert_int_equal(weir_arm_pick(&arm, io, 2, now), 0);
	io[1].since_ns = now - 65 * detour;
	assert_int_equal(weir_arm_pick(&arm, io, 2, now), 1);
}

/* I/Os a second with so many waiting at any time, at random places. */
static double rate_at(u32 depth, u64 *longest_ns)
{
	struct weir_arm_io io[WEIR_ARM_MAX_PICK];
	struct weir_random r;
	u64 now = 0;
	u32 i;

	weir_random_seed(&r, 3);
	make(1000 * GIB);
	for (i = 0; i < depth; i++)
		io[i] = read_of(weir_random_next(&r) % (arm.capacity - 8), 8);
	*longest_ns = 0;
	for (i = 0; i < 20000; i++) {
		u32 next = weir_arm_pick(&arm, io, depth, now);

		now = do_it(io[next], now);
		if (now - io[next].since_ns > *longest_ns)
			*longest_ns = now - io[next].since_ns;
		io[next] = read_of(weir_random_next(&r) % (arm.capacity - 8), 8);
		io[next].since_ns = now;
	}
	return i * 1e9 / now;
}

static void depth_pays(void **state)
{
	u64 longest;
	double one = rate_at(1, &longest);

	/* The mean of the seek over two random places, and half a revolution. */
	about(one, 1e9 / (5 * MS + 8.3 * MS), 0.03);
	assert_true(rate_at(4, &longest) > 1.3 * one);
	assert_true(rate_at(32, &longest) > 2 * one);
	/* By the rule: 64 times the longest access, and those that were there. */
	assert_true(longest < (64 + 32) * 27 * MS);
}

static void a_far_one_does_not_starve(void **state)
{
	struct weir_arm_io io[2];
	u64 now = 0, next = 8;

	make(1000 * GIB);
	io[1] = read_of(arm.capacity - 8, 8);
	for (;;) {
		io[0] = read_of(next, 8);
		io[0].since_ns = now;
		if (weir_arm_pick(&arm, io, 2, now))
			break;
		now = do_it(io[0], now) + 10 * US;
		next += 8;
		assert_true(now < 64 * 28 * MS);
	}
	assert_true(now > 500 * MS);
}

/* Any numbers, any sizes: no arithmetic error, and times that go on. */
static void fuzzed(void **state)
{
	static const u64 sizes[] = { 512, 1024, 4096, 65536, 1 << 20, 1ULL << 40, 1ULL << 50 };
	struct weir_random r;
	u32 i, k;

	weir_random_seed(&r, 5);
	for (k = 0; k < 300; k++) {
		struct weir_model m = numbers();
		u64 now = 0;

		m.rpm = 60 + weir_random_next(&r) % 20000;
		m.inner_mbps = 1 + weir_random_next(&r) % 300;
		m.outer_mbps = m.inner_mbps + weir_random_next(&r) % 300;
		m.zones = 1 + weir_random_next(&r) % WEIR_ARM_MAX_ZONES;
		m.speed = k % 3 ? 1 : 10000;
		weir_arm_init(&arm, &m, sizes[k % (sizeof(sizes) / sizeof(*sizes))]);
		for (i = 0; i < 300; i++) {
			u64 x = weir_random_next(&r);
			u64 left = arm.capacity - x % arm.capacity;
			struct weir_arm_io io = {
				.sector = i % 4 ? x % arm.capacity : arm.next % arm.capacity,
				.write = x >> 63,
			};
			u64 access = weir_arm_access_ns(&arm, &io, now), done;

			left = arm.capacity - io.sector;
			io.sectors = 1 + (x >> 20) % (left < 2048 ? left : 2048);
			done = weir_arm_serve(&arm, &io, access, now);
			assert_true(access <= arm.seek_full_ns + arm.write_settle_ns + arm.rev_ns);
			assert_true(done >= now);
			now = done + (x >> 40) % (2 * arm.rev_ns);
		}
	}
}

/* The longest tracks and seeks there are: no product overflows. */
static void extremes(void **state)
{
	struct weir_model m = numbers();
	struct weir_arm_io io = { .sectors = 1 };
	u64 track;

	m.speed = 10000;
	m.rpm = 60;
	m.outer_mbps = 100000;
	m.inner_mbps = 100000;
	m.zones = 1;
	weir_arm_init(&arm, &m, 1000 * GIB);
	track = arm.zone[0].track_sectors;
	assert_true(track == 100000000000 / 512);
	assert_true(arm.rev_ns == 10000 * 1000 * MS);
	io.sector = track / 2;
	assert_true(weir_arm_access_ns(&arm, &io, 0) == arm.rev_ns / 2);
	io.sector = track - 1;
	about(weir_arm_access_ns(&arm, &io, 0), arm.rev_ns, 0.000001);
	io.sector = 0;
	io.sectors = track - 1;
	about(do_it(io, 0), arm.rev_ns, 0.000001);

	m.seek_track_ns = 0;
	m.seek_third_ns = 0;
	m.seek_full_ns = 1000 * MS;
	weir_arm_init(&arm, &m, 1000 * GIB);
	about(weir_arm_seek_ns(&arm, 0, arm.capacity - 1), 10000 * 1000e6, 0.00001);
	about(weir_arm_seek_ns(&arm, 0, arm.capacity / 3 * 2), 5000 * 1000e6, 0.00001);
}

const struct CMUnitTest arm_tests[] = {
	cmocka_unit_test(zones_slow_down_inwards),
	cmocka_unit_test(seeks_by_distance),
	cmocka_unit_test(longer_seeks_take_longer),
	cmocka_unit_test(rotation_brings_the_sector),
	cmocka_unit_test(a_write_settles),
	cmocka_unit_test(a_late_write_waits_a_revolution),
	cmocka_unit_test(reads_are_read_ahead),
	cmocka_unit_test(a_write_ends_the_reading_ahead),
	cmocka_unit_test(the_drawn_access_counts),
	cmocka_unit_test(speed_stretches_time),
	cmocka_unit_test(other_numbers_same_place),
	cmocka_unit_test(there_is_no_seek_within_a_track),
	cmocka_unit_test(picks_the_nearest),
	cmocka_unit_test(age_makes_up_for_distance),
	cmocka_unit_test(depth_pays),
	cmocka_unit_test(a_far_one_does_not_starve),
	cmocka_unit_test(extremes),
	cmocka_unit_test(fuzzed),
};

const size_t nr_arm_tests = sizeof(arm_tests) / sizeof(*arm_tests);
