// SPDX-License-Identifier: GPL-2.0
/*
 * The power cut's adversary: random lives of writes, against the promises of a volatile
 * cache said once more, as plainly as possible.
 */
#include <stdlib.h>

#include "fate.h"
#include "unit.h"

#define WRITES 12
#define ROUNDS 20000

/* A block's writes, oldest first, and flushes: when submitted, and when completed. */
struct story {
	struct weir_life write[WRITES];
	u64 flush[3][2];
	u64 end;
};

/* Event numbers that differ, in order, spread over the writes. */
static void tell(struct story *s)
{
	u64 now = 0;
	u32 i;

	*s = (struct story){ 0 };
	for (i = 0; i < WRITES; i++) {
		s->write[i].began = ++now;
		s->write[i].sector = 8;
		s->write[i].fua = !(rand() % 6);
		if (rand() % 4)
			s->write[i].done = ++now;
		if (!(rand() % 9))
			s->write[i].destaged = ++now;
		if (i % 4 == 3) {
			s->flush[i / 4][0] = ++now;
			s->flush[i / 4][1] = rand() % 3 ? ++now : 0;
		}
	}
	s->end = now;
}

static struct weir_view view_at(const struct story *s, u64 at)
{
	struct weir_view view = { .at = at };
	u32 i;

	for (i = 0; i < 3; i++)
		if (s->flush[i][1] && s->flush[i][1] <= at && s->flush[i][0] > view.flushed)
			view.flushed = s->flush[i][0];
	return view;
}

/* Must it have survived a cut at @at? In the words of writeback_cache_control. */
static bool promised(const struct story *s, const struct weir_life *w, u64 at)
{
	u32 i;

	if (!w->done || w->done > at)
		return false;
	if (w->fua)
		return true;
	for (i = 0; i < 3; i++)
		if (s->flush[i][1] && s->flush[i][1] <= at && w->done < s->flush[i][0])
			return true;
	return false;
}

/* Return: which write the block has after the cut, -1: none of them */
static int survivor(const struct story *s, const struct weir_fate_plan *plan, u64 at)
{
	struct weir_view view = view_at(s, at);
	int i;

	for (i = WRITES - 1; i >= 0; i--) {
		enum weir_step step = weir_fate_step(plan, &view, &s->write[i], 8);

		if (step == WEIR_STEP_DURABLE || step == WEIR_STEP_KEPT)
			break;
	}
	return i;
}

static void what_was_promised_survives(void **state)
{
	bool lost[WEIR_LOSE_NR_MODES] = { 0 };
	struct weir_fate_plan plan;
	struct story s;
	u64 at;
	int round, got, i;

	srand(11);
	for (round = 0; round < ROUNDS; round++) {
		tell(&s);
		at = rand() % (s.end + 1);
		weir_fate_init(&plan, rand(), round, rand() % WEIR_LOSE_NR_MODES);
		weir_fate_aim(&plan, 8, 1 + rand() % s.end);
		got = survivor(&s, &plan, at);
		/* Nothing from the future; nothing older than what was promised. */
		if (got >= 0)
			assert_true(s.write[got].began <= at);
		for (i = WRITES - 1; i > got; i--) {
			assert_false(promised(&s, &s.write[i], at));
			lost[plan.mode] |= s.write[i].began <= at;
		}
	}
	/* An adversary that never takes anything proves nothing. */
	for (i = 0; i < WEIR_LOSE_NR_MODES; i++)
		assert_true(lost[i]);
}

static void a_flush_knows_only_what_was_done_before_it(void **state)
{
	struct weir_life before = { .began = 1, .done = 2 }, during = { .began = 3, .done = 5 };
	struct weir_view view = { .at = 6, .flushed = 4 };

	assert_true(weir_fate_durable(&view, &before));
	assert_false(weir_fate_durable(&view, &during));
	view.at = 1;
	assert_false(weir_fate_durable(&view, &before));
}

static void fua_is_durable_when_it_is_done(void **state)
{
	struct weir_life w = { .began = 1, .done = 5, .fua = true };
	struct weir_view view = { .at = 4 };

	assert_false(weir_fate_durable(&view, &w));
	view.at = 5;
	assert_true(weir_fate_durable(&view, &w));
}

static void one_cut_in_ten_is_clean(void **state)
{
	struct weir_fate_plan plan;
	int cut, clean = 0;

	for (cut = 0; cut < 10000; cut++) {
		weir_fate_init(&plan, 42, cut, WEIR_LOSE_ALL);
		clean += plan.clean;
	}
	assert_in_range(clean, 900, 1100);
}

/* A plan that is not clean. */
static struct weir_fate_plan dirty(enum weir_fate_mode mode)
{
	struct weir_fate_plan plan;
	u64 cut = 0;

	do {
		weir_fate_init(&plan, 7, cut++, mode);
	} while (plan.clean);
	return plan;
}

/* How many of 1000 blocks of one volatile write are lost? */
static int lost_of_1000(const struct weir_fate_plan *plan, bool atomic)
{
	struct weir_life w = { .began = 3, .sector = 100, .atomic = atomic };
	struct weir_view view = { .at = 9 };
	int i, lost = 0;

	for (i = 0; i < 1000; i++)
		lost += weir_fate_step(plan, &view, &w, 100 + i) == WEIR_STEP_LOST;
	return lost;
}

static void modes_lose_what_they_say(void **state)
{
	struct weir_fate_plan plan = dirty(WEIR_LOSE_ALL);

	assert_int_equal(lost_of_1000(&plan, false), 1000);
	plan = dirty(WEIR_LOSE_RANDOM);
	assert_in_range(lost_of_1000(&plan, false), 430, 570);
	plan = dirty(WEIR_LOSE_RUN);
	weir_fate_aim(&plan, 300, 3);
	plan.run_last = 427;
	assert_int_equal(lost_of_1000(&plan, false), 128);
	plan = dirty(WEIR_LOSE_JOURNAL);
	weir_fate_aim(&plan, 300, 2);
	assert_int_equal(lost_of_1000(&plan, false), 0);
	weir_fate_aim(&plan, 300, 3);
	assert_int_equal(lost_of_1000(&plan, false), 1000);
}

static void a_run_is_64_kib_to_4_mib(void **state)
{
	struct weir_fate_plan plan;
	u64 least = ~0ULL, most = 0;
	int cut;

	for (cut = 0; cut < 1000; cut++) {
		u64 sectors;

		weir_fate_init(&plan, 3, cut, WEIR_LOSE_RUN);
		weir_fate_aim(&plan, 800, 1);
		sectors = plan.run_last - plan.run_first + 1;
		least = sectors < least ? sectors : least;
		most = sectors > most ? sectors : most;
	}
	assert_int_equal(least, 128);
	assert_int_equal(most, 8192);
}

static void an_atomic_write_is_old_or_new(void **state)
{
	int cut, old = 0, new = 0;

	for (cut = 0; cut < 500; cut++) {
		struct weir_fate_plan plan;
		int lost;

		weir_fate_init(&plan, 9, cut, cut % WEIR_LOSE_NR_MODES);
		weir_fate_aim(&plan, 90 + cut % 40, 2 + cut % 3);
		lost = lost_of_1000(&plan, true);
		assert_true(lost == 0 || lost == 1000);
		old += lost == 1000;
		new += lost == 0;
	}
	assert_true(old > 50 && new > 50);
}

static void only_what_may_be_hit_is(void **state)
{
	struct weir_fate_plan plan = dirty(WEIR_LOSE_ALL);

	plan.first = 200;
	plan.last = 299;
	assert_int_equal(lost_of_1000(&plan, false), 100);
}

static void damage_is_what_is_allowed(void **state)
{
	struct weir_fate_plan plan = dirty(WEIR_LOSE_ALL);
	int got[WEIR_NR_FATES] = { 0 };
	u64 sector;

	for (sector = 0; sector < 1000; sector++)
		got[weir_fate_damage(&plan, sector)]++;
	assert_int_equal(got[WEIR_FATE_OLD], 1000);
	plan.damage = 1U << WEIR_FATE_ZEROES | 1U << WEIR_FATE_ERROR;
	for (sector = 0; sector < 1000; sector++)
		got[weir_fate_damage(&plan, sector)]++;
	assert_int_equal(got[WEIR_FATE_GARBAGE], 0);
	assert_in_range(got[WEIR_FATE_ZEROES], 80, 170);
	assert_in_range(got[WEIR_FATE_ERROR], 80, 170);
}

static void every_piece_may_be_the_target(void **state)
{
	bool got[5] = { false };
	int cut, i;

	for (cut = 0; cut < 200; cut++) {
		struct weir_fate_plan plan;
		u64 target;

		weir_fate_init(&plan, 1, cut, WEIR_LOSE_RUN);
		target = weir_fate_target(&plan, 5);
		assert_true(target < 5);
		got[target] = true;
	}
	for (i = 0; i < 5; i++)
		assert_true(got[i]);
}

const struct CMUnitTest fate_tests[] = {
	cmocka_unit_test(what_was_promised_survives),
	cmocka_unit_test(a_flush_knows_only_what_was_done_before_it),
	cmocka_unit_test(fua_is_durable_when_it_is_done),
	cmocka_unit_test(one_cut_in_ten_is_clean),
	cmocka_unit_test(modes_lose_what_they_say),
	cmocka_unit_test(a_run_is_64_kib_to_4_mib),
	cmocka_unit_test(an_atomic_write_is_old_or_new),
	cmocka_unit_test(only_what_may_be_hit_is),
	cmocka_unit_test(damage_is_what_is_allowed),
	cmocka_unit_test(every_piece_may_be_the_target),
};

const size_t nr_fate_tests = sizeof(fate_tests) / sizeof(*fate_tests);
