// SPDX-License-Identifier: GPL-2.0
/*
 * Commands and time: who is fetched when, that the outcome does not depend on when
 * the model is asked, and a fuzzer over all media.
 */
#include <linux/bits.h>
#include <linux/kernel.h>

#include "complaint.h"
#include "network.h"
#include "rig.h"
#include "unit.h"

#define GIB BIT_ULL(30)

static struct rig r;

static struct weir_model one_die(void)
{
	struct weir_model model = rig_model(WEIR_KIND_FLASH);

	model.slots = 2;
	return model;
}

/* When the lone command of queue 1 is done, behind 100 of queue 0. */
static u64 lone_command(const struct weir_model *model)
{
	u32 i;

	rig_open(&r, model, GIB, 2);
	for (i = 0; i < 100; i++)
		rig_put(&r, i, WEIR_MEDIA_READ, 0, 8);
	r.cmd[100].queue = 1;
	rig_put(&r, 100, WEIR_MEDIA_READ, 0, 8);
	rig_drain(&r);
	rig_close(&r);
	return r.cmd[100].done_ns;
}

static void queues_in_turn(void **state)
{
	struct weir_model model = one_die();

	/* Two are at work, one of queue 0 is next: then its turn. */
	assert_int_equal(lone_command(&model), 4 * 50000);
	assert_int_equal(r.cmd[100].part_ns[WEIR_PART_QUEUE], 2 * 50000);
	assert_int_equal(r.cmd[99].done_ns, 101 * 50000);
	/* Four of queue 0 are next. */
	model.burst = 4;
	assert_int_equal(lone_command(&model), 7 * 50000);
	assert_int_equal(r.cmd[99].done_ns, 101 * 50000);
	model.single_queue = 1;
	assert_int_equal(lone_command(&model), 101 * 50000);
}

/* Of many queues with different backlogs, all get the same while they last. */
static void fair_shares(void **state)
{
	struct weir_model model = one_die();
	u32 q, i, nr = 0, got[4] = { 0 };

	rig_open(&r, &model, GIB, 4);
	for (q = 0; q < 4; q++) {
		for (i = 0; i < 20 + 60 * q; i++, nr++) {
			r.cmd[nr].queue = q;
			rig_put(&r, nr, WEIR_MEDIA_READ, 0, 8);
		}
	}
	while (r.done < 80)
		assert_true(rig_step(&r));
	for (i = 0; i < nr; i++)
		got[r.cmd[i].queue] += !r.busy[i];
	for (q = 0; q < 4; q++)
		assert_true(got[q] >= 19 && got[q] <= 21);
	rig_close(&r);
}

/* command_ns is the controller's, one command after another. */
static void controller_is_serial(void **state)
{
	struct weir_model model = rig_model(WEIR_KIND_FLASH);
	struct rig_load load = { .op = WEIR_MEDIA_READ, .depth = 64, .sectors = 8,
				 .area = GIB >> 9, .count = 10000 };
	u64 ns;

	model.channels = 64;
	model.dies = 16;
	model.command_ns = 10000;
	model.slots = 64;
	rig_open(&r, &model, GIB, 1);
	ns = rig_loop(&r, &load);
	assert_true(ns >= 10000 * 10000ULL && ns < 10000 * 10000ULL * 1.01);
	assert_true(r.parts[WEIR_PART_QUEUE] > r.latency / 2);
	rig_close(&r);
}

static void network_by_its_numbers(void **state)
{
	struct weir_model model = rig_model(WEIR_KIND_NETWORK);
	struct rig_load load = { .op = WEIR_MEDIA_READ, .depth = 32, .sectors = 8,
				 .area = GIB >> 9, .count = 10000 };
	u64 ns;

	model.rtt_ns = 300000;
	model.remote_read_ns = 100000;
	model.remote_write_ns = 200000;
	model.flush_ns = 5000;
	model.bus_mbps = 1024;
	rig_open(&r, &model, GIB, 1);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_READ, 0, 8), 404000);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 0, 8), 504000);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_FLUSH, 0, 0), 305000);
	rig_close(&r);

	model.cap_iops = 1000;
	rig_open(&r, &model, GIB, 1);
	ns = rig_loop(&r, &load);
	assert_true(ns > 9990 * 1000000ULL && ns < 10010 * 1000000ULL);
	assert_true(r.parts[WEIR_PART_DIE] > r.latency * 0.95);
	rig_close(&r);
}

/* Any model within the ranges, small enough to be quick. */
static struct weir_model any_model(void)
{
	struct weir_complaint why;
	struct weir_model model;

	do {
		u32 i;

		model = rig_model(WEIR_KIND_FLASH + rig_random() % 3);
		for (i = 0; i < nr_weir_model_numbers; i++) {
			const struct weir_model_number *n = &weir_model_numbers[i];
			u64 range = n->hi - n->lo, value;

			/* Of any magnitude, the ends too. */
			value = rig_random() >> rig_random() % 64;
			if (rig_random() % 4 == 0)
				value = 0;
			if (rig_random() % 32 == 0)
				value = range;
			*weir_model_number(&model, n) =
				n->lo + (value > range ? value % (range + !(range + 1 == 0)) :
					 value);
		}
		model.stripe_kib = 4 << rig_random() % 9;
		model.page_kib = 4 << rig_random() % 9;
		model.cache_mib %= 64;
		model.channels = 1 + rig_random() % 8;
		model.dies = 1 + rig_random() % 8;
		model.planes = 1 + rig_random() % 4;
		model.program_kib = model.page_kib * (rig_random() % 9);
		/* That takes long. */
		if (rig_random() % 32)
			model.mapped_permille = 0;
		if (rig_random() % 2) {
			model.dist[WEIR_MEDIA_READ].kind = WEIR_DIST_LOGNORMAL;
			model.dist[WEIR_MEDIA_READ].spread_permille = 500;
			model.dist[WEIR_MEDIA_WRITE].kind = WEIR_DIST_PARETO;
			model.dist[WEIR_MEDIA_WRITE].alpha_milli = 2000;
		}
		/* the three seeks in order, and the two rates */
		model.seek_third_ns = model.seek_track_ns + model.seek_third_ns % 1000000;
		model.seek_full_ns = model.seek_third_ns + model.seek_full_ns % 1000000;
		model.inner_mbps = 1 + model.inner_mbps % model.outer_mbps;
	} while (!weir_model_check(&model, &why));
	return model;
}

/* What is submitted when: an open loop, the same whoever asks. */
struct script {
	u64 at;
	u64 sector;
	u64 sectors;
	u8 op;
	bool fua;
	u16 queue;
};

#define SCRIPT 400
static struct script script[SCRIPT];

static void write_script(u64 capacity, u64 gap)
{
	u64 at = 0;
	u32 i;

	for (i = 0; i < SCRIPT; i++) {
		struct script *s = &script[i];
		u64 all = capacity >> 9;

		if (rig_random() % 3)
			at += rig_random() % gap;
		s->at = at;
		s->op = rig_random() % 2 ? rig_random() % 2 : rig_random() % WEIR_MEDIA_NR_OPS;
		s->sectors = min(1 + rig_random() % (1U << rig_random() % 12), all);
		if (s->op == WEIR_MEDIA_DISCARD)
			s->sectors = 1 + rig_random() % all;
		s->sector = rig_random() % (all - s->sectors + 1);
		if (s->op == WEIR_MEDIA_FLUSH)
			s->sectors = 0;
		s->fua = s->op == WEIR_MEDIA_WRITE && rig_random() % 8 == 0;
		s->queue = rig_random() % 3;
	}
}

/*
 * Play it. @asks: 0: the model is asked whenever it wants, and at each submission;
 * 1: only when it wants; 2: late, at odd times; 3: never before the end.
 */
static void play(const struct weir_model *model, u64 capacity, int asks)
{
	struct weir_media_stats stats;
	u32 i;

	rig_open(&r, model, capacity, 3);
	for (i = 0; i < SCRIPT; i++) {
		const struct script *s = &script[i];
		u64 next;

		while (asks < 2 && (next = weir_media_next_ns(r.m)) < s->at) {
			assert_true(next >= r.now || asks == 1);
			r.now = max(r.now, next);
			weir_media_advance(r.m, next);
		}
		if (asks == 2 && i % 7 == 0) {
			weir_media_advance(r.m, s->at - (s->at - r.now) / 3);
			weir_media_stats(r.m, &stats);
		}
		r.now = s->at;
		r.cmd[i].op = s->op;
		r.cmd[i].sector = s->sector;
		r.cmd[i].sectors = s->sectors;
		r.cmd[i].fua = s->fua;
		r.cmd[i].queue = s->queue;
		weir_media_submit(r.m, &r.cmd[i], s->at);
		if (asks == 0)
			weir_media_advance(r.m, s->at);
	}
	if (asks == 3)
		weir_media_advance(r.m, 1ULL << 62);
	while (weir_media_next_ns(r.m) != ~0ULL)
		weir_media_advance(r.m, weir_media_next_ns(r.m));
	for (i = 0; i < SCRIPT; i++)
		assert_false(r.cmd[i].waiting);
	rig_close(&r);
}

/* The same times and parts, whoever asks when; and again with the same seed. */
static void asking_changes_nothing(void **state)
{
	static struct weir_media_cmd first[SCRIPT];
	u32 round, i;
	int asks;

	for (round = 0; round < 150; round++) {
		struct weir_model model = any_model();
		u64 capacity = 64ULL << 20 << rig_random() % 6;

		write_script(capacity, 1 + (rig_random() & 0xfffff));
		play(&model, capacity, 0);
		memcpy(first, r.cmd, sizeof(first));
		for (asks = 0; asks < 4; asks++) {
			play(&model, capacity, asks);
			for (i = 0; i < SCRIPT; i++) {
				assert_true(r.cmd[i].done_ns == first[i].done_ns);
				assert_memory_equal(r.cmd[i].part_ns, first[i].part_ns,
						    sizeof(first[i].part_ns));
			}
		}
	}
}

static void seeds_differ(void **state)
{
	struct weir_model model = one_die();
	u64 first;

	model.dist[WEIR_MEDIA_READ].kind = WEIR_DIST_UNIFORM;
	model.dist[WEIR_MEDIA_READ].spread_permille = 500;
	rig_open(&r, &model, GIB, 1);
	first = rig_one(&r, WEIR_MEDIA_READ, 0, 8);
	assert_true(first >= 25000 && first <= 75000);
	assert_true(rig_one(&r, WEIR_MEDIA_READ, 0, 8) != first);
	rig_close(&r);
	model.seed = 2;
	rig_open(&r, &model, GIB, 1);
	assert_true(rig_one(&r, WEIR_MEDIA_READ, 0, 8) != first);
	rig_close(&r);
}

/* A new seed for a live device: its dies draw as those of a fresh one with it do. */
static void seed_of_a_live_device(void **state)
{
	struct weir_model model = one_die(), other;
	u64 first;

	model.dist[WEIR_MEDIA_READ].kind = WEIR_DIST_UNIFORM;
	model.dist[WEIR_MEDIA_READ].spread_permille = 500;
	other = model;
	other.seed = 99;
	rig_open(&r, &other, GIB, 1);
	first = rig_one(&r, WEIR_MEDIA_READ, 0, 8);
	rig_close(&r);
	rig_open(&r, &model, GIB, 1);
	assert_true(rig_one(&r, WEIR_MEDIA_READ, 0, 8) != first);
	rig_retune(&r, &other);
	assert_true(rig_one(&r, WEIR_MEDIA_READ, 0, 8) == first);
	/* The same seed is no new one. */
	rig_retune(&r, &other);
	assert_true(rig_one(&r, WEIR_MEDIA_READ, 0, 8) != first);
	rig_close(&r);
}

static void cancelled(void **state)
{
	struct weir_model model = one_die();
	struct weir_media_cmd *c;

	rig_open(&r, &model, GIB, 2);
	assert_false(weir_media_cancel(r.m, &r.cmd[5]));
	rig_put(&r, 0, WEIR_MEDIA_READ, 0, 8);
	rig_put(&r, 1, WEIR_MEDIA_READ, 0, 8);
	rig_put(&r, 2, WEIR_MEDIA_READ, 0, 8);
	r.cmd[3].queue = 1;
	rig_put(&r, 3, WEIR_MEDIA_READ, 0, 8);
	rig_put(&r, 4, WEIR_MEDIA_READ, 0, 8);
	/* One that is queued, the last of its queue, and one not yet handed back. */
	assert_true(weir_media_cancel(r.m, &r.cmd[2]));
	assert_true(weir_media_cancel(r.m, &r.cmd[3]));
	assert_true(weir_media_cancel(r.m, &r.cmd[0]));
	assert_false(weir_media_cancel(r.m, &r.cmd[0]));
	assert_false(r.cmd[0].waiting);
	c = weir_media_advance(r.m, 0);
	assert_ptr_equal(c, &r.cmd[1]);
	assert_null(c->next);
	assert_false(weir_media_cancel(r.m, &r.cmd[1]));
	/* The die has read for nobody; the slot was taken until then. */
	assert_int_equal(weir_media_next_ns(r.m), 50000);
	c = weir_media_advance(r.m, 50000);
	assert_ptr_equal(c, &r.cmd[4]);
	assert_int_equal(c->done_ns, 3 * 50000);
	assert_true(weir_media_next_ns(r.m) == ~0ULL);
	rig_close(&r);
}

/* A write that waits for the cache, the first of them and another. */
static void cancelled_inside(void **state)
{
	struct weir_model model = one_die();
	u32 i;

	model.cache_mib = 1;
	model.slots = 8;
	rig_open(&r, &model, GIB, 1);
	assert_int_equal(rig_one(&r, WEIR_MEDIA_WRITE, 0, 64 * 32), 0);
	for (i = 0; i < 4; i++)
		rig_put(&r, i, WEIR_MEDIA_WRITE, 4096, i == 1 ? 32 : 64);
	rig_put(&r, 4, WEIR_MEDIA_FLUSH, 0, 0);
	assert_null(weir_media_advance(r.m, 1000));
	assert_true(weir_media_cancel(r.m, &r.cmd[0]));
	assert_true(weir_media_cancel(r.m, &r.cmd[2]));
	assert_true(weir_media_cancel(r.m, &r.cmd[4]));
	r.busy[0] = false;
	r.busy[2] = false;
	r.busy[4] = false;
	rig_drain(&r);
	/* One page, and two: they are in when as many are programmed. */
	assert_int_equal(r.cmd[1].done_ns, 1 * 500000);
	assert_int_equal(r.cmd[3].done_ns, 3 * 500000);
	rig_close(&r);
}

static void other_numbers(void **state)
{
	struct weir_model model = one_die(), slow;

	rig_open(&r, &model, GIB, 1);
	rig_put(&r, 0, WEIR_MEDIA_READ, 0, 8);
	rig_put(&r, 1, WEIR_MEDIA_READ, 0, 8);
	rig_put(&r, 2, WEIR_MEDIA_READ, 0, 8);
	slow = model;
	slow.read_ns = 70000;
	assert_true(weir_model_same_shape(&model, &slow));
	rig_retune(&r, &slow);
	rig_drain(&r);
	/* What was decided stays so. */
	assert_int_equal(r.cmd[0].done_ns, 50000);
	assert_int_equal(r.cmd[1].done_ns, 100000);
	assert_int_equal(r.cmd[2].done_ns, 170000);
	rig_close(&r);
	slow.channels = 2;
	assert_false(weir_model_same_shape(&model, &slow));
	slow = model;
	slow.kind = WEIR_KIND_DISK;
	assert_false(weir_model_same_shape(&model, &slow));
}

static void zeroes_are_short_where_they_are_written(void **state)
{
	struct weir_model model = rig_model(WEIR_KIND_FLASH);

	assert_int_equal(weir_media_zeroes_sectors(&model), 65536);
	model = rig_model(WEIR_KIND_DISK);
	assert_int_equal(weir_media_zeroes_sectors(&model), 65536);
	model = rig_model(WEIR_KIND_NETWORK);
	assert_true(weir_media_zeroes_sectors(&model) == ~0ULL);
}

static void models_checked(void **state)
{
	struct weir_complaint why;
	struct weir_model model;
	u32 i;

	for (i = 0; i < nr_weir_model_numbers; i++) {
		const struct weir_model_number *n = &weir_model_numbers[i];

		model = rig_model(WEIR_KIND_FLASH);
		assert_true(weir_model_check(&model, &why));
		*weir_model_number(&model, n) = n->lo - 1;
		assert_false(weir_model_check(&model, &why));
		assert_string_equal(why.name, n->name);
		assert_true(why.value == n->lo - 1);
		assert_string_equal(why.want, n->range);
		if (n->hi == INT64_MAX)
			continue;
		*weir_model_number(&model, n) = n->hi + 1;
		assert_false(weir_model_check(&model, &why));
		assert_string_equal(why.name, n->name);
	}
#define REFUSED(field, bad)						\
	do {								\
		model = rig_model(WEIR_KIND_FLASH);			\
		model.field = bad;					\
		assert_false(weir_model_check(&model, &why));		\
		assert_string_equal(why.name, #field);			\
		assert_true(why.value == model.field);			\
	} while (0)
	REFUSED(kind, 4);
	REFUSED(kind, -1);
	REFUSED(stripe_kib, 12);
	REFUSED(page_kib, 48);
	REFUSED(program_kib, 24);
	REFUSED(inner_mbps, 201);
	REFUSED(seek_track_ns, 1);
	REFUSED(seek_third_ns, 1);
	model = rig_model(WEIR_KIND_FLASH);
	model.channels = 64;
	model.dies = 17;
	assert_false(weir_model_check(&model, &why));
	model.dies = 4;
	model.planes = 5;
	assert_false(weir_model_check(&model, &why));
	assert_string_equal(why.name, "planes");
	/* No more than 16384 pages in the cache of flash; a disk's has none. */
	for (i = 4; i <= 1024; i *= 2) {
		char want[64];

		model = rig_model(WEIR_KIND_FLASH);
		model.page_kib = i;
		model.cache_mib = 16 * i;
		assert_true(weir_model_check(&model, &why));
		model.cache_mib++;
		assert_false(weir_model_check(&model, &why));
		assert_string_equal(why.name, "cache_mib");
		assert_true(why.value == model.cache_mib);
		snprintf(want, sizeof(want), "a number from 0 to %u with page_kib=%u",
			 16 * i, i);
		assert_string_equal(why.want, want);
		model.kind = WEIR_KIND_DISK;
		assert_true(weir_model_check(&model, &why));
	}
	model = rig_model(WEIR_KIND_FLASH);
	model.dist[2].kind = WEIR_DIST_NR_KINDS;
	assert_false(weir_model_check(&model, &why));
}

/* Any commands on any model: each decided once (rig.c), or cancelled. */
static void fuzz_one(void)
{
	struct weir_model model = any_model(), other;
	u64 capacity = (1 + rig_random() % (1ULL << (13 + rig_random() % 20))) << 9;
	u64 all = capacity >> 9;
	struct weir_media_stats s;
	u32 step, depth = 1 + rig_random() % 128, given = 0, gone = 0;

	rig_open(&r, &model, capacity, 3);
	for (step = 0; step < 600; step++) {
		u32 i = rig_random() % depth;
		struct weir_media_cmd *c = &r.cmd[i];

		switch (rig_random() % 16) {
		case 0:
			if (!r.busy[i] || !c->waiting)
				break;
			assert_true(weir_media_cancel(r.m, c));
			assert_false(c->waiting);
			r.busy[i] = false;
			gone++;
			break;
		case 1:
			other = any_model();
			other.kind = model.kind;
			for (i = 0; i < nr_weir_model_numbers; i++) {
				const struct weir_model_number *n = &weir_model_numbers[i];

				if (n->shape || rig_random() % 8)
					*weir_model_number(&other, n) =
						*weir_model_number(&model, n);
			}
			other.inner_mbps = model.inner_mbps;
			other.outer_mbps = model.outer_mbps;
			other.seek_track_ns = model.seek_track_ns;
			other.seek_third_ns = model.seek_third_ns;
			other.seek_full_ns = model.seek_full_ns;
			if (step % 20)
				break;
			rig_retune(&r, &other);
			model = other;
			break;
		case 2:
		case 3:
		case 4:
		case 5:
			rig_step(&r);
			break;
		case 6:
			r.now += rig_random() >> (24 + rig_random() % 40);
			break;
		default:
			if (r.busy[i])
				break;
			c->op = rig_random() % WEIR_MEDIA_NR_OPS;
			c->sectors = min(1 + (rig_random() & 0xfffff) %
					 (1U << rig_random() % 16), all);
			c->sector = rig_random() % (all - c->sectors + 1);
			if (c->op == WEIR_MEDIA_FLUSH)
				c->sectors = 0;
			c->fua = c->op == WEIR_MEDIA_WRITE && rig_random() % 4 == 0;
			c->queue = rig_random() % 3;
			rig_submit(&r, i);
			given++;
		}
	}
	rig_drain(&r);
	assert_int_equal(r.done + gone, given);
	weir_media_stats(r.m, &s);
	if (model.kind == WEIR_KIND_FLASH && model.op_permille)
		assert_true(s.free_blocks >= 1);
	for (step = 0; step < s.nr_dies; step++)
		weir_media_die_busy_ns(r.m, step);
	weir_media_reset_stats(r.m);
	weir_media_stats(r.m, &s);
	assert_int_equal(s.host_units, 0);
	rig_close(&r);
}

static void fuzz(void **state)
{
	u32 round;

	for (round = 0; round < 1000; round++)
		fuzz_one();
}

const struct CMUnitTest media_tests[] = {
	cmocka_unit_test(queues_in_turn),
	cmocka_unit_test(fair_shares),
	cmocka_unit_test(controller_is_serial),
	cmocka_unit_test(network_by_its_numbers),
	cmocka_unit_test(asking_changes_nothing),
	cmocka_unit_test(seeds_differ),
	cmocka_unit_test(seed_of_a_live_device),
	cmocka_unit_test(cancelled),
	cmocka_unit_test(cancelled_inside),
	cmocka_unit_test(other_numbers),
	cmocka_unit_test(zeroes_are_short_where_they_are_written),
	cmocka_unit_test(models_checked),
	cmocka_unit_test(fuzz),
};

const size_t nr_media_tests = sizeof(media_tests) / sizeof(*media_tests);
