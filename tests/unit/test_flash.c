// SPDX-License-Identifier: GPL-2.0
/*
 * Flash, against what can be worked out by hand: latency alone, the rate at depth,
 * reads beside programs, the cache, flush, garbage collection.
 */
#include <linux/bits.h>
#include <linux/kernel.h>

#include "rig.h"
#include "unit.h"

#define GIB BIT_ULL(30)
#define READ_S 0.00005
#define PAGE 32 /* sectors */

static struct rig r;

/* 4 channels of 2 dies, in place, no cache. */
static struct weir_model plain(void)
{
	struct weir_model model = rig_model(WEIR_KIND_FLASH);

	model.channels = 4;
	model.dies = 2;
	return model;
}

/* The same with a cache of 4 pages a die. */
static struct weir_model cached(void)
{
	struct weir_model model = plain();

	model.cache_mib = 1;
	model.page_kib = 32;
	return model;
}

static void latency_alone(void **state)
{
	struct weir_model model = plain();

	model.command_ns = 1000;
	model.channel_mbps = 512;	/* 1 us a sector */
	model.bus_mbps = 1024;		/* half of that */
	rig_open(&r, &model, GIB, 1);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, 0, 8), 1000 + 50000 + 8000 + 4000);
	/* Two dies at once, on two channels. */
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, 0, 2 * PAGE),
			 1000 + 50000 + 32000 + 32000);
	/* Every die twice; two dies share a channel: one waits for the other's data. */
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, 0, 16 * PAGE),
			 1000 + 100000 + 2 * 64000 + 256000);
	assert_true(r.cmd[0].part_ns[WEIR_PART_CHANNEL] == 64000);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 0, 8), 1000 + 4000 + 8000 + 500000);
	rig_close(&r);

	model.speed = 7;
	rig_open(&r, &model, GIB, 1);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, 0, 8),
			 7 * (1000 + 50000 + 8000 + 4000));
	rig_close(&r);
}

/* Beyond MAX_PIECES stripes the rest is spread evenly: every die has its part. */
static void large_read(void **state)
{
	struct weir_model model = plain();

	rig_open(&r, &model, GIB, 1);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, 0, 800 * PAGE), 100 * 50000);
	rig_close(&r);
	/* Also where the pages of a die have more than 13 bits */
	rig_open(&r, &model, 2 * GIB, 1);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, 0, 80000 * PAGE), 10000 * 50000);
	rig_close(&r);
}

static double rate(const struct weir_model *model, u32 depth)
{
	struct rig_load load = { .op = WEIR_MEDIA_READ, .depth = depth, .sectors = 8,
				 .area = GIB >> 9, .count = 20000 };
	u64 ns;

	rig_open(&r, model, GIB, 1);
	ns = rig_loop(&r, &load);
	rig_close(&r);
	return load.count / (ns / 1e9);
}

/*
 * N commands on D dies at random, each die one at a time: in the closed network
 * of queues with constant service the rate is at most min(N, D) / S; it comes near
 * N / S well before the knee at N = D, and near D / S well beyond.
 */
static void knee_at_the_dies(void **state)
{
	struct weir_model model = plain();
	double most = 8 / READ_S;

	model.slots = 1024;
	assert_true(rate(&model, 1) == 1 / READ_S);
	assert_true(rate(&model, 2) > 0.9 * 2 / READ_S);
	assert_true(rate(&model, 8) > 0.55 * most && rate(&model, 8) < 0.8 * most);
	assert_true(rate(&model, 64) > 0.87 * most);
	assert_true(rate(&model, 256) > 0.94 * most && rate(&model, 256) <= 1.001 * most);
	/* Twice the dies, twice the rate. */
	model.dies = 4;
	assert_true(rate(&model, 512) > 0.93 * 2 * most);
	/* What the controller does not work on does not count. */
	model.slots = 1;
	assert_true(rate(&model, 256) < 1.001 / READ_S);
}

/* A sequence goes round the dies, and none is idle: the rate is exact. */
static void sequence_uses_all_dies(void **state)
{
	struct weir_model model = plain();
	struct rig_load load = { .op = WEIR_MEDIA_READ, .depth = 8, .sectors = PAGE,
				 .count = 8000 };

	rig_open(&r, &model, GIB, 1);
	assert_int_equal(rig_loop(&r, &load), 1000 * 50000);
	rig_close(&r);
}

/* The bus is full, with transfers that are ready in any order. */
static void bus_is_the_limit(void **state)
{
	struct weir_model model = plain();
	struct rig_load load = { .op = WEIR_MEDIA_READ, .depth = 64, .sectors = PAGE,
				 .area = GIB >> 9, .count = 20000 };
	u64 ns;

	model.bus_mbps = 1024; /* 16 us each; the dies could do 6.25 */
	rig_open(&r, &model, GIB, 1);
	ns = rig_loop(&r, &load);
	assert_true(ns >= 20000 * 16000ULL && ns < 20000 * 16000ULL * 1.01);
	assert_true(r.parts[WEIR_PART_CHANNEL] > r.latency / 2);
	rig_close(&r);
}

static void littles_law(void **state)
{
	struct weir_model model = plain();
	u32 depth;

	for (depth = 1; depth <= 256; depth *= 4) {
		struct rig_load load = { .op = WEIR_MEDIA_READ, .depth = depth,
					 .sectors = 8, .area = GIB >> 9, .count = 20000 };
		double ns, in_flight;

		rig_open(&r, &model, GIB, 1);
		ns = rig_loop(&r, &load);
		in_flight = r.latency / ns;
		assert_true(in_flight > 0.98 * depth && in_flight < 1.02 * depth);
		rig_close(&r);
	}
}

/* A read comes 100 us after a page has begun to be programmed on its die. */
static u64 read_behind_program(const struct weir_model *model)
{
	u64 latency;

	rig_open(&r, model, GIB, 1);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 0, 64), 0);
	r.now = 100000;
	latency = rig_one(&r, WEIR_MEDIA_READ, 0, 8);
	assert_true(r.cmd[0].part_ns[WEIR_PART_DIE] == latency - 50000);
	/* A read on another die waits for nobody. */
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, PAGE, 8), 50000);
	return latency;
}

static void read_waits_for_program(void **state)
{
	struct weir_model model = cached();

	assert_int_equal(read_behind_program(&model), 400000 + 50000);
	rig_close(&r);
}

static void read_suspends_program(void **state)
{
	struct weir_model model = cached();
	struct weir_media_stats s;

	model.suspend_ns = 5000;
	assert_int_equal(read_behind_program(&model), 5000 + 50000);
	weir_media_stats(r.m, &s);
	assert_int_equal(s.suspends, 1);
	/* The program is done later by what the read took. */
	assert_int_equal(s.programmed_units, 0);
	weir_media_advance(r.m, 500000 + 55000 - 1);
	weir_media_stats(r.m, &s);
	assert_int_equal(s.programmed_units, 0);
	weir_media_advance(r.m, 500000 + 55000);
	weir_media_stats(r.m, &s);
	assert_int_equal(s.programmed_units, 1);
	rig_close(&r);
}

/* Dies of two planes that program three pages at once; 8 of these fit into the cache. */
static struct weir_model planed(void)
{
	struct weir_model model = plain();

	model.cache_mib = 1;
	model.planes = 2;
	model.program_kib = 48;
	return model;
}

/* On one die: planes 0 and 8 of the disk; another: plane 1. */
static void program_takes_the_die(void **state)
{
	struct weir_model model = planed();
	struct rig_load load = { .op = WEIR_MEDIA_WRITE, .depth = 1, .sectors = 96 };
	struct weir_media_stats s;

	rig_open(&r, &model, GIB, 1);
	/* What does not fill a program waits in the cache. */
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 0, 64), 0);
	r.now = 100000;
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, 0, 8), 50000);
	r.now = 1000000;
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 64, 32), 0);
	r.now += 100000;
	rig_put(&r, 0, WEIR_MEDIA_READ, 0, 8);
	rig_put(&r, 1, WEIR_MEDIA_READ, 8 * PAGE, 8);
	rig_put(&r, 2, WEIR_MEDIA_READ, 8, 8);
	rig_put(&r, 3, WEIR_MEDIA_READ, PAGE, 8);
	rig_drain(&r);
	/* The planes read at the same time, each one read after another. */
	assert_int_equal(r.cmd[0].done_ns - r.cmd[0].submit_ns, 400000 + 50000);
	assert_int_equal(r.cmd[1].done_ns - r.cmd[1].submit_ns, 400000 + 50000);
	assert_int_equal(r.cmd[2].done_ns - r.cmd[2].submit_ns, 400000 + 100000);
	assert_int_equal(r.cmd[3].done_ns - r.cmd[3].submit_ns, 50000);
	weir_media_stats(r.m, &s);
	assert_int_equal(s.host_units, 3);
	assert_int_equal(s.programmed_units, 3);
	/* 8 dies, each 48 KiB in 500 us. */
	load.count = 8000;
	assert_true(rig_loop(&r, &load) > 7900 * 500000ULL / 8);
	rig_close(&r);
}

/* One program stands still for reads of both planes, and no longer than these take. */
static void planes_share_a_suspension(void **state)
{
	struct weir_model model = planed();
	struct weir_media_stats s;

	model.suspend_ns = 5000;
	rig_open(&r, &model, GIB, 1);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 0, 96), 0);
	r.now = 100000;
	rig_put(&r, 0, WEIR_MEDIA_READ, 0, 8);
	weir_media_advance(r.m, r.now);
	r.now = 120000;
	rig_put(&r, 1, WEIR_MEDIA_READ, 8 * PAGE, 8);
	weir_media_advance(r.m, r.now);
	assert_int_equal(r.cmd[0].done_ns, 155000);
	assert_int_equal(r.cmd[1].done_ns, 170000);
	weir_media_stats(r.m, &s);
	assert_int_equal(s.suspends, 1);
	weir_media_advance(r.m, 500000 + 70000 - 1);
	weir_media_stats(r.m, &s);
	assert_int_equal(s.programmed_units, 0);
	weir_media_advance(r.m, 500000 + 70000);
	weir_media_stats(r.m, &s);
	assert_int_equal(s.programmed_units, 3);
	rig_close(&r);
}

static u64 fsync_ns(void)
{
	u64 write = rig_one(&r, WEIR_MEDIA_WRITE, 0, 8);

	return write + rig_one(&r, WEIR_MEDIA_FLUSH, 0, 0);
}

/* 8 pages of one-bit cells a die: 4 programs of 2 planes each, then none, until idle. */
static void one_bit_cells_first(void **state)
{
	struct weir_model model = planed();
	struct weir_media_stats s;
	u32 i;

	model.slc_mib = 1;
	model.slc_program_ns = 100000;
	model.idle_ns = 10000000;
	rig_open(&r, &model, GIB, 1);
	for (i = 0; i < 32; i++)
		assert_int_equal(fsync_ns(), 100000);
	for (i = 0; i < 16; i++)
		assert_int_equal(fsync_ns(), 500000);
	weir_media_stats(r.m, &s);
	assert_int_equal(s.programmed_units, 32 * 2 + 16 * 3);
	assert_int_equal(s.cache_units, 0);

	/* Not before it has been idle for so long; then a read has to wait. */
	r.now += 499999;
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, 7 * PAGE, 8), 50000);
	r.now += 10000000 + 100000;
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, 7 * PAGE, 8),
			 2 * 50000 + 500000 - 100000 + 50000);
	assert_int_equal(r.cmd[0].part_ns[WEIR_PART_GC], 2 * 50000 + 500000 - 100000);
	r.now += 1000000000;
	weir_media_advance(r.m, r.now);
	weir_media_stats(r.m, &s);
	/* Two programs of three pages from each die; two pages do not fill one. */
	assert_int_equal(s.programmed_units, 32 * 2 + 16 * 3 + 8 * 2 * 3);
	for (i = 0; i < 24; i++)
		assert_int_equal(fsync_ns(), 100000);
	assert_int_equal(fsync_ns(), 500000);
	rig_close(&r);

	/* Two pages fill such a program. */
	rig_open(&r, &model, GIB, 1);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 0, 64), 0);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_FLUSH, 0, 0), 100000);
	weir_media_stats(r.m, &s);
	assert_int_equal(s.programmed_units, 2);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 0, 65), 0);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_FLUSH, 0, 0), 100000);
	weir_media_stats(r.m, &s);
	assert_int_equal(s.programmed_units, 6);
	rig_close(&r);
}

/* Of 256 segments it holds two. */
static void mapping_is_read(void **state)
{
	struct weir_model model = planed();
	struct rig_load load = { .op = WEIR_MEDIA_WRITE, .depth = 1, .sectors = 8,
				 .area = GIB >> 9, .count = 4000 };
	struct weir_media_stats s;
	u32 segment = 8192;

	model.op_permille = 70;
	model.map_permille = 8;
	rig_open(&r, &model, GIB, 1);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, 0, 8), 100000);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, segment - 8, 8), 50000);
	/* The second half lies in another one. */
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, segment - 8, 16), 100000);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, 0, 8), 50000);
	/* What is held no longer is read again. */
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, 2 * segment, 8), 100000);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, 0, 8), 50000);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, segment, 8), 100000);
	/* A write waits for no mapping; who reads of that plane waits for the read. */
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 5 * segment, 8), 0);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, segment + 5 * PAGE, 8), 100000);
	assert_true(r.cmd[0].part_ns[WEIR_PART_DIE] == 50000);
	/* Who comes later and is sooner at its mapping is served first. */
	rig_put(&r, 0, WEIR_MEDIA_READ, 6 * segment, 8);
	rig_put(&r, 1, WEIR_MEDIA_READ, 22 * segment, 8);
	rig_put(&r, 2, WEIR_MEDIA_READ, 7 * segment, 8);
	rig_drain(&r);
	assert_true(r.cmd[2].done_ns < r.cmd[1].done_ns);

	/* As many pieces of the mapping are written as of data, each 4 KiB. */
	weir_media_reset_stats(r.m);
	rig_loop(&r, &load);
	weir_media_stats(r.m, &s);
	assert_true(s.programmed_units > 1.9 * s.host_units);
	assert_true(s.programmed_units < 2.1 * s.host_units);
	rig_close(&r);
}

/* What was written is read from the cache until it is programmed, and only that. */
static void reads_hit_the_cache(void **state)
{
	struct weir_model model = planed();

	model.op_permille = 70;
	model.cache_hits = 1;
	model.cached_ns = 3000;
	rig_open(&r, &model, GIB, 1);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, 0, 8), 50000);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 0, 96), 3000);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, 0, 96), 3000);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 1024, 32), 3000);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, 1024, 32), 3000);
	/* A part of a unit, which the mapping counts only every so often. */
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 2048, 8), 3000);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, 2048, 8), 3000);
	/* Half of it is elsewhere. */
	assert_true(rig_one(&r, WEIR_MEDIA_READ, 1024, 64) >= 50000);
	r.now = 3000 + 50000 + 500000;
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, 0, 8), 50000);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, 1024, 32), 3000);
	/* What was discarded whole is nowhere, and what is written there again is. */
	rig_one(&r, WEIR_MEDIA_DISCARD, 1024, 8);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, 1024, 32), 3000);
	rig_one(&r, WEIR_MEDIA_DISCARD, 1024, 32);
	assert_true(rig_one(&r, WEIR_MEDIA_READ, 1024, 32) >= 50000);
	rig_one(&r, WEIR_MEDIA_WRITE, 1024, 32);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, 1024, 32), 3000);
	rig_close(&r);
}

/* Reads without an end, all on one die, do not keep a page from being programmed. */
static void reads_cannot_starve_programs(void **state)
{
	u64 suspend_ns;

	for (suspend_ns = 0; suspend_ns <= 5000; suspend_ns += 5000) {
		struct weir_model model = cached();
		u32 i, reads = 0;

		model.suspend_ns = suspend_ns;
		rig_open(&r, &model, GIB, 1);
		for (i = 0; i < 16; i++)
			rig_put(&r, i, WEIR_MEDIA_READ, 0, 8);
		for (; i < 26; i++)
			rig_put(&r, i, WEIR_MEDIA_WRITE, 8 * 64 * i, 64);
		rig_put(&r, 26, WEIR_MEDIA_FLUSH, 0, 0);
		while (r.busy[26]) {
			assert_true(rig_step(&r));
			for (i = 0; i < 16; i++) {
				if (r.busy[i])
					continue;
				rig_put(&r, i, WEIR_MEDIA_READ, 0, 8);
				assert_true(reads++ < 200);
			}
		}
		/* As many again go ahead of the second page of that die. */
		assert_true(reads > 56);
		rig_close(&r);
	}
}

/* The cache takes 32 pages at the bus's rate, then one for each programmed. */
static void cache_cliff(void **state)
{
	struct weir_model model = cached();
	u64 before, after, stalled;
	struct rig_load load = { .op = WEIR_MEDIA_WRITE, .depth = 1, .sectors = 64 };

	model.bus_mbps = 1024;
	model.cached_ns = 3000;
	rig_open(&r, &model, GIB, 1);
	load.count = 32;
	before = rig_loop(&r, &load);
	assert_int_equal(before, 32 * (32000 + 3000));
	assert_int_equal(r.parts[WEIR_PART_CACHE], 0);
	load.count = 8000;
	after = rig_loop(&r, &load);
	assert_true(after > 7900 * 500000ULL / 8 && after < 8000 * 500000ULL / 8);
	stalled = r.parts[WEIR_PART_CACHE];
	assert_true(stalled > after / 4);
	/* When it has had time to empty, it takes as many again. */
	r.now += 4 * 500000;
	load.count = 32;
	assert_int_equal(rig_loop(&r, &load), before);
	rig_close(&r);

	/* To the page. */
	model = cached();
	rig_open(&r, &model, GIB, 1);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 0, 32 * 64), 0);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 0, 64), 500000);
	rig_close(&r);
}

/* A page is programmed when it is full, or when a flush wants it. */
static void flush_programs_what_there_is(void **state)
{
	struct weir_model model = cached();
	struct weir_media_stats s;

	model.flush_ns = 7000;
	rig_open(&r, &model, GIB, 1);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_FLUSH, 0, 0), 7000);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 0, 8), 0);
	r.now += 10000000;
	assert_int_equal(rig_one(&r, WEIR_MEDIA_FLUSH, 0, 0), 507000);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_FLUSH, 0, 0), 7000);
	weir_media_stats(r.m, &s);
	assert_int_equal(s.programmed_units, 1);
	/* Nine pages, two of them on one die. */
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 0, 9 * 64), 0);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_FLUSH, 0, 0), 1007000);
	r.cmd[0].fua = true;
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 0, 8), 507000);
	rig_close(&r);

	model.plp = 1;
	rig_open(&r, &model, GIB, 1);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 0, 9 * 64), 0);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_FLUSH, 0, 0), 7000);
	r.cmd[0].fua = true;
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 0, 8), 0);
	rig_close(&r);
}

static void discard_and_zeroes(void **state)
{
	struct weir_model model = plain();

	model.discard_ns = 1000;
	model.discard_mib_ns = 200;
	model.zeroes_ns = 30;
	model.zeroes_mib_ns = 4;
	rig_open(&r, &model, GIB, 1);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_DISCARD, 0, 3 * 2048), 1600);
	rig_close(&r);
}

/* The controller does one after another: four at once take four times as long. */
static void discards_in_turn(void **state)
{
	struct weir_model model = plain();
	u32 i;

	model.discard_ns = 1000;
	model.op_permille = 70;
	rig_open(&r, &model, GIB, 1);
	for (i = 0; i < 4; i++)
		rig_put(&r, i, WEIR_MEDIA_DISCARD, i * 2048, 2048);
	/* A read does not wait for them. */
	rig_put(&r, 4, WEIR_MEDIA_READ, 0, 8);
	rig_drain(&r);
	for (i = 0; i < 4; i++)
		assert_int_equal(r.cmd[i].done_ns, 1000 * (i + 1));
	assert_int_equal(r.cmd[3].part_ns[WEIR_PART_DIE], 3000);
	assert_int_equal(r.cmd[4].done_ns, model.read_ns);
	rig_close(&r);
}

/* Zeroes are programmed as what is written is; only the bus they do not use. */
static void zeroes_are_written(void **state)
{
	struct weir_model model = plain();
	struct weir_media_stats s;
	u64 written, zeroed;

	model.cache_mib = 1;
	model.zeroes_ns = 30;
	rig_open(&r, &model, GIB, 1);
	rig_one(&r, WEIR_MEDIA_WRITE, 0, 64 * 2048);
	written = rig_one(&r, WEIR_MEDIA_FLUSH, 0, 0) + r.now;
	rig_close(&r);

	rig_open(&r, &model, GIB, 1);
	rig_one(&r, WEIR_MEDIA_ZEROES, 0, 64 * 2048);
	zeroed = rig_one(&r, WEIR_MEDIA_FLUSH, 0, 0) + r.now;
	weir_media_stats(r.m, &s);
	assert_int_equal(s.host_units, 64 * 2048 >> 5);
	assert_int_equal(s.programmed_units, s.host_units);
	assert_true(zeroed >= written && zeroed < written + written / 100);
	rig_close(&r);

	/* In place, too; the bus is so slow that a write would take a second. */
	model.cache_mib = 0;
	model.bus_mbps = 1;
	rig_open(&r, &model, GIB, 1);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_ZEROES, 0, 32), model.program_ns);
	assert_true(rig_one(&r, WEIR_MEDIA_WRITE, 0, 2048) > 1000000000);
	rig_close(&r);
}

/* The slowest device, and as much as it takes at once: no time is lost or negative. */
static void slowest_of_all(void **state)
{
	struct weir_model model = rig_model(WEIR_KIND_FLASH);
	u64 latest = 0;
	u32 i;

	model.slots = 1024;
	model.page_kib = 4;
	model.read_ns = 1000000000;
	model.speed = 10000;
	model.channel_mbps = 1;
	model.bus_mbps = 1;
	rig_open(&r, &model, GIB, 1);
	for (i = 0; i < 1024; i++)
		rig_put(&r, i, WEIR_MEDIA_READ, 0, 8192);
	weir_media_advance(r.m, 0);
	for (i = 0; i < 1024; i++) {
		u64 sum = 0, part;

		assert_false(r.cmd[i].waiting);
		assert_true(r.cmd[i].done_ns >= latest);
		assert_true(r.cmd[i].done_ns <= BIT_ULL(60));
		latest = r.cmd[i].done_ns;
		for (part = 0; part < WEIR_MEDIA_NR_PARTS; part++) {
			assert_true(r.cmd[i].part_ns[part] <= latest);
			sum += r.cmd[i].part_ns[part];
		}
		assert_true(sum == latest);
	}
	/* A day before the end of all times nothing goes beyond it. */
	weir_media_advance(r.m, BIT_ULL(62) - 86400000000000);
	for (i = 0; i < 1024; i++) {
		weir_media_submit(r.m, &r.cmd[i], BIT_ULL(62) - 86400000000000);
		weir_media_advance(r.m, 0);
		assert_false(r.cmd[i].waiting);
		assert_true(r.cmd[i].done_ns <= BIT_ULL(62));
	}
	rig_close(&r);
}

/* A log of 8 dies with spare capacity; a GiB. */
static struct weir_model collecting(void)
{
	struct weir_model model = cached();

	model.op_permille = 70;
	model.gc_low_permille = 5;
	model.erase_ns = 3000000;
	model.cache_mib = 8; /* less, and dies wait for the one that erases */
	return model;
}

/* Writing it once is at the rate of the dies; again at random, it collects. */
static void collection_sets_in(void **state)
{
	struct weir_model model = collecting();
	struct rig_load load = { .op = WEIR_MEDIA_WRITE, .depth = 4, .sectors = 64 };
	struct weir_media_stats s;
	u64 fresh, steady;
	u32 die;

	rig_open(&r, &model, GIB, 1);
	load.count = (GIB >> 9) / 64;
	fresh = rig_loop(&r, &load);
	assert_true(fresh < load.count * 62500);
	weir_media_stats(r.m, &s);
	assert_true(s.programmed_units <= s.host_units);
	assert_int_equal(s.erased_blocks, 0);

	load.area = GIB >> 9;
	load.count *= 3;
	rig_loop(&r, &load);
	weir_media_reset_stats(r.m);
	steady = rig_loop(&r, &load);
	weir_media_stats(r.m, &s);
	assert_true(s.programmed_units > 4 * s.host_units);
	assert_true(s.programmed_units < 9 * s.host_units);
	/* Pages, copies' reads, and an erase each 64 pages, on 8 dies. */
	{
		double each = s.programmed_units * (500e3 + 3e6 / 64) +
			      (s.programmed_units - s.host_units) * 50e3;

		assert_true(steady > 0.97 * each / 8 && steady < 1.03 * each / 8);
	}
	assert_true(s.free_blocks >= 1 && s.erased_blocks > 0);

	/* Reads that meet it say so. */
	memset(r.parts, 0, sizeof(r.parts));
	for (die = 0; die < 8; die++)
		rig_put(&r, 100 + die, WEIR_MEDIA_READ, die * PAGE, 8);
	rig_drain(&r);
	assert_true(r.parts[WEIR_PART_GC] > 500000);
	rig_close(&r);
}

/*
 * What takes long is done in pieces, and comes out as if it had not been: a cache full
 * of pages, all of the mapping discarded, and dies that nobody has looked at.
 */
static u32 in_pieces(struct rig *whole)
{
	struct weir_media_cmd *c;
	u32 steps = 0;
	bool more;

	do {
		for (c = weir_media_step(r.m, whole->now, &more); c; c = c->next)
			assert_true(c->done_ns == whole->cmd[c - r.cmd].done_ns);
		assert_true(++steps < 10000);
	} while (more);
	return steps;
}

static void long_ones_in_pieces(void **state)
{
	static struct rig whole;
	struct weir_model model = collecting();
	struct weir_media_stats a, b;
	u32 i, steps[3];

	model.cache_mib = 256;
	rig_open(&whole, &model, GIB, 1);
	rig_open(&r, &model, GIB, 1);
	for (i = 0; i < 3; i++) {
		struct weir_media_cmd *c = &r.cmd[i];

		whole.now += 1000000000000;
		c->op = i == 1 ? WEIR_MEDIA_DISCARD : WEIR_MEDIA_WRITE;
		c->sectors = 200 * 2048;
		whole.cmd[i] = *c;
		weir_media_submit(whole.m, &whole.cmd[i], whole.now);
		weir_media_advance(whole.m, whole.now);
		weir_media_submit(r.m, c, whole.now);
		steps[i] = in_pieces(&whole);
	}
	assert_true(steps[0] > 5 && steps[1] > 5 && steps[2] > 5);
	weir_media_stats(whole.m, &a);
	weir_media_stats(r.m, &b);
	assert_memory_equal(&a, &b, sizeof(a));
	rig_close(&r);
	rig_close(&whole);
}

/* So are commands that touch each of 1024 dies, and flushes of all of them. */
static void wide_ones_in_pieces(void **state)
{
	static const u8 ops[] = {
		WEIR_MEDIA_WRITE, WEIR_MEDIA_FLUSH, WEIR_MEDIA_READ, WEIR_MEDIA_ZEROES,
	};
	static struct rig whole;
	struct weir_model model = collecting();
	struct weir_media_stats a, b;
	u32 i, k, steps[2] = { 0 };

	model.channels = 64;
	model.dies = 16;
	for (k = 0; k < 2; k++) {
		/* With a log, and in place. */
		model.cache_mib = k ? 0 : 64;
		model.op_permille = k ? 0 : 70;
		rig_open(&whole, &model, GIB, 1);
		rig_open(&r, &model, GIB, 1);
		for (i = 0; i < 40; i++) {
			struct weir_media_cmd *c = &r.cmd[i];

			whole.now += i % 8 ? 100000 : 1000000000;
			c->op = ops[i % 4];
			c->sectors = c->op == WEIR_MEDIA_FLUSH ? 0 : 64 * 2048;
			whole.cmd[i] = *c;
			weir_media_submit(whole.m, &whole.cmd[i], whole.now);
			weir_media_advance(whole.m, whole.now);
			weir_media_submit(r.m, c, whole.now);
			steps[k] += in_pieces(&whole);
		}
		while (!weir_media_settle(r.m, whole.now))
			steps[k]++;
		weir_media_stats(whole.m, &a);
		weir_media_stats(r.m, &b);
		assert_memory_equal(&a, &b, sizeof(a));
		rig_close(&r);
		rig_close(&whole);
	}
	assert_true(steps[0] > 200 && steps[1] > 200);
}

/* Cancelled half way, a wide command leaves nothing behind: the next one reads its die. */
static void wide_one_is_cancelled(void **state)
{
	struct weir_model model = collecting();
	struct weir_media_cmd *c;
	bool more;
	u32 i;

	model.channels = 64;
	model.dies = 16;
	rig_open(&r, &model, GIB, 1);
	for (i = 0; i < 2; i++) {
		r.cmd[i].op = WEIR_MEDIA_READ;
		r.cmd[i].sectors = i ? 8 : 64 * 2048;
		r.cmd[i].sector = i ? 64 * 2048 - 8 : 0;
	}
	weir_media_submit(r.m, &r.cmd[0], r.now);
	r.now += 1000000;
	assert_null(weir_media_step(r.m, r.now, &more));
	assert_true(more);
	assert_true(weir_media_cancel(r.m, &r.cmd[0]));
	weir_media_submit(r.m, &r.cmd[1], r.now);
	c = weir_media_advance(r.m, r.now + 1000000);
	assert_ptr_equal(c, &r.cmd[1]);
	assert_null(c->next);
	assert_true(c->done_ns >= r.now + model.read_ns);
	rig_close(&r);
}

/* Everything discarded, writes are as on a fresh drive. */
static void discard_eases(void **state)
{
	struct weir_model model = collecting();
	struct rig_load load = { .op = WEIR_MEDIA_WRITE, .depth = 4, .sectors = 64,
				 .area = GIB >> 9, .count = 3 * (GIB >> 9) / 64 };
	struct weir_media_stats s;

	rig_open(&r, &model, GIB, 1);
	rig_loop(&r, &load);
	rig_drain(&r);
	rig_one(&r, WEIR_MEDIA_DISCARD, 0, GIB >> 9);
	rig_one(&r, WEIR_MEDIA_FLUSH, 0, 0);
	weir_media_reset_stats(r.m);
	load.area = 0;
	load.count = (GIB >> 9) / 128;
	rig_loop(&r, &load);
	weir_media_stats(r.m, &s);
	/* What was owed before is still paid: no more than a block. */
	assert_true(s.programmed_units < s.host_units + s.host_units / 20);
	rig_close(&r);
}

const struct CMUnitTest flash_tests[] = {
	cmocka_unit_test(latency_alone),
	cmocka_unit_test(large_read),
	cmocka_unit_test(knee_at_the_dies),
	cmocka_unit_test(sequence_uses_all_dies),
	cmocka_unit_test(bus_is_the_limit),
	cmocka_unit_test(littles_law),
	cmocka_unit_test(read_waits_for_program),
	cmocka_unit_test(read_suspends_program),
	cmocka_unit_test(program_takes_the_die),
	cmocka_unit_test(planes_share_a_suspension),
	cmocka_unit_test(one_bit_cells_first),
	cmocka_unit_test(mapping_is_read),
	cmocka_unit_test(reads_hit_the_cache),
	cmocka_unit_test(reads_cannot_starve_programs),
	cmocka_unit_test(cache_cliff),
	cmocka_unit_test(flush_programs_what_there_is),
	cmocka_unit_test(discard_and_zeroes),
	cmocka_unit_test(discards_in_turn),
	cmocka_unit_test(zeroes_are_written),
	cmocka_unit_test(long_ones_in_pieces),
	cmocka_unit_test(wide_ones_in_pieces),
	cmocka_unit_test(wide_one_is_cancelled),
	cmocka_unit_test(slowest_of_all),
	cmocka_unit_test(collection_sets_in),
	cmocka_unit_test(discard_eases),
};

const size_t nr_flash_tests = sizeof(flash_tests) / sizeof(*flash_tests);
