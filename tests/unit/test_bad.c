// SPDX-License-Identifier: GPL-2.0
/* Bad sectors: ranges against an array with a flag for each sector. */
#include <stdlib.h>

#include "bad.h"
#include "unit.h"

#define SECTORS 200
#define ROOM (SECTORS + 2)

static struct weir_bad *new_ranges(void)
{
	struct weir_bad *b = calloc(1, sizeof(*b) + ROOM * sizeof(b->range[0]));

	assert_non_null(b);
	return b;
}

/* As a request looks for what it meets */
static bool hit(const struct weir_bad *b, u64 first, u64 last)
{
	u32 i = weir_bad_find(b, first);

	return i < b->nr && b->range[i].first <= last;
}

static void nothing_is_bad_at_first(void **state)
{
	struct weir_bad *b = new_ranges();

	assert_false(hit(b, 0, ~0ULL >> 10));
	weir_bad_remove(NULL, 5, 6, b);
	assert_int_equal(b->nr, 0);
	free(b);
}

static void ends_are_included(void **state)
{
	struct weir_bad *b = new_ranges();

	weir_bad_add(NULL, 8, 15, b);
	assert_false(hit(b, 0, 7));
	assert_true(hit(b, 0, 8));
	assert_true(hit(b, 15, 15));
	assert_true(hit(b, 0, 100));
	assert_true(hit(b, 10, 11));
	assert_false(hit(b, 16, 100));
	free(b);
}

static void neighbours_become_one(void **state)
{
	struct weir_bad *a = new_ranges(), *b = new_ranges();

	weir_bad_add(NULL, 0, 3, a);
	weir_bad_add(a, 5, 6, b);
	assert_int_equal(b->nr, 2);
	weir_bad_add(b, 4, 4, a);
	assert_int_equal(a->nr, 1);
	assert_int_equal(a->range[0].first, 0);
	assert_int_equal(a->range[0].last, 6);
	free(a);
	free(b);
}

/* Random changes; after each, every range is looked up in both ways. */
static void as_flags_say(void **state)
{
	struct weir_bad *now = new_ranges(), *next = new_ranges(), *swap;
	bool flag[SECTORS] = { false };
	u32 i, first, last, hits;
	int round;

	srand(7);
	for (round = 0; round < 3000; round++) {
		bool add = rand() % 2;

		first = rand() % SECTORS;
		last = first + rand() % (SECTORS - first);
		if (rand() % 4 && last > first + 5)
			last = first + 5;
		if (add)
			weir_bad_add(now, first, last, next);
		else
			weir_bad_remove(now, first, last, next);
		for (i = first; i <= last; i++)
			flag[i] = add;
		swap = now;
		now = next;
		next = swap;
		for (i = 1; i < now->nr; i++)
			assert_true(now->range[i - 1].last + 1 < now->range[i].first);
		for (first = 0; first < SECTORS; first++) {
			hits = 0;
			for (last = first; last < SECTORS && last < first + 9; last++) {
				hits += flag[last];
				assert_int_equal(hit(now, first, last), hits > 0);
			}
		}
	}
	free(now);
	free(next);
}

const struct CMUnitTest bad_tests[] = {
	cmocka_unit_test(nothing_is_bad_at_first),
	cmocka_unit_test(ends_are_included),
	cmocka_unit_test(neighbours_become_one),
	cmocka_unit_test(as_flags_say),
};

const size_t nr_bad_tests = sizeof(bad_tests) / sizeof(*bad_tests);
