// SPDX-License-Identifier: GPL-2.0
/*
 * The heap of due times: order, membership, removal from anywhere, and a long
 * random run against a list that is searched from end to end.
 */
#include "due.h"
#include "unit.h"

#define MAX 64

static struct weir_due_slot slots[MAX];
static struct weir_due_entry entries[MAX];

static struct weir_due fresh(void)
{
	unsigned int i;

	for (i = 0; i < MAX; i++)
		entries[i].pos = WEIR_NOT_DUE;
	return (struct weir_due){ .slot = slots, .max = MAX };
}

/* Every entry knows its place, and no parent is later than its child. */
static void check_heap(const struct weir_due *d)
{
	u32 i;

	for (i = 0; i < d->nr; i++) {
		assert_int_equal(d->slot[i].entry->pos, i + 1);
		assert_true(d->slot[i].at_ns <= d->latest_ns);
		if (i)
			assert_true(d->slot[(i - 1) / 2].at_ns <= d->slot[i].at_ns);
	}
}

static void empty_heap(void **state)
{
	struct weir_due d = fresh();

	assert_null(weir_due_pop(&d, ~0ULL));
	assert_true(weir_due_next_ns(&d) == ~0ULL);
	assert_false(weir_due_all(&d, ~0ULL));
}

static void nothing_leaves_early(void **state)
{
	struct weir_due d = fresh();

	assert_true(weir_due_push(&d, &entries[0], 100));
	assert_null(weir_due_pop(&d, 99));
	assert_false(weir_due_all(&d, 99));
	assert_true(weir_due_all(&d, 100));
	assert_ptr_equal(weir_due_pop(&d, 100), &entries[0]);
	assert_int_equal(entries[0].pos, WEIR_NOT_DUE);
}

static void earliest_first(void **state)
{
	static const u64 at[] = { 50, 10, 40, 20, 30, 10, 60, 5 };
	struct weir_due d = fresh();
	u64 last = 0;
	size_t i;

	for (i = 0; i < sizeof(at) / sizeof(*at); i++) {
		assert_true(weir_due_push(&d, &entries[i], at[i]));
		check_heap(&d);
	}
	while (d.nr) {
		u64 next = weir_due_next_ns(&d);

		assert_true(next >= last);
		assert_non_null(weir_due_pop(&d, next));
		check_heap(&d);
		last = next;
	}
	assert_true(last == 60);
}

static void full_heap_refuses(void **state)
{
	struct weir_due_entry extra = { .pos = WEIR_NOT_DUE };
	struct weir_due d = fresh();
	u32 i;

	for (i = 0; i < MAX; i++)
		assert_true(weir_due_push(&d, &entries[i], i));
	assert_false(weir_due_push(&d, &extra, 0));
	assert_int_equal(extra.pos, WEIR_NOT_DUE);
	assert_int_equal(d.nr, MAX);
	check_heap(&d);
}

static void equal_times_in_order_of_arrival(void **state)
{
	struct weir_due d = fresh();
	u32 i;

	for (i = 0; i < MAX; i++)
		weir_due_push(&d, &entries[i], 7);
	for (i = 0; i < MAX; i++)
		assert_ptr_equal(d.slot[i].entry, &entries[i]);
}

/* latest_ns must not outlive the entries that made it. */
static void latest_starts_anew(void **state)
{
	struct weir_due d = fresh();

	weir_due_push(&d, &entries[0], 1000);
	weir_due_pop(&d, 1000);
	weir_due_push(&d, &entries[1], 10);
	assert_true(weir_due_all(&d, 10));
}

static u64 next_random(u64 *seed)
{
	/* xorshift64, Marsaglia 2003 */
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void random_run(u64 seed)
{
	struct weir_due d = fresh();
	u64 at[MAX] = { 0 }, now = 0;
	int step;

	for (step = 0; step < 20000; step++) {
		u64 r = next_random(&seed);
		u32 i = (r >> 8) % MAX;

		switch (r % 3) {
		case 0:
			if (entries[i].pos != WEIR_NOT_DUE)
				break;
			at[i] = now + (r >> 20) % 100;
			assert_true(weir_due_push(&d, &entries[i], at[i]));
			break;
		case 1:
			if (entries[i].pos == WEIR_NOT_DUE)
				break;
			weir_due_remove(&d, &entries[i]);
			break;
		case 2: {
			struct weir_due_entry *e;
			u64 best = ~0ULL;

			now += (r >> 20) % 20;
			for (i = 0; i < MAX; i++)
				if (entries[i].pos != WEIR_NOT_DUE && at[i] < best)
					best = at[i];
			assert_true(weir_due_next_ns(&d) == best);
			e = weir_due_pop(&d, now);
			if (best > now)
				assert_null(e);
			else
				assert_true(at[e - entries] == best);
			break;
		}
		}
		check_heap(&d);
	}
}

static void random_runs(void **state)
{
	u64 seed;

	for (seed = 1; seed <= 50; seed++)
		random_run(seed * 0x9e3779b97f4a7c15ULL);
}

const struct CMUnitTest due_tests[] = {
	cmocka_unit_test(empty_heap),
	cmocka_unit_test(nothing_leaves_early),
	cmocka_unit_test(earliest_first),
	cmocka_unit_test(full_heap_refuses),
	cmocka_unit_test(equal_times_in_order_of_arrival),
	cmocka_unit_test(latest_starts_anew),
	cmocka_unit_test(random_runs),
};

const size_t nr_due_tests = sizeof(due_tests) / sizeof(*due_tests);
