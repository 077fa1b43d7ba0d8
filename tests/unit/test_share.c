// SPDX-License-Identifier: GPL-2.0
/* Weights of groups in a tree: what part of the disk is a flow's. */
#include "share.h"
#include "unit.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

static u64 now;

static struct weir_share child(struct weir_share *parent, u32 weight)
{
	return (struct weir_share){ .parent = parent, .weight = weight };
}

static void add(struct weir_share *group, u32 weight)
{
	weir_share_add(group, now, weight);
}

static u32 part(const struct weir_share *group, u32 weight)
{
	return weir_share_part(group, now, weight);
}

static void alone_has_it_all(void **state)
{
	struct weir_share root = child(NULL, 100), a = child(&root, 1);

	now++;
	add(&a, 4);
	assert_int_equal(part(&a, 4), WEIR_SHARE_ALL);
	now++;
	add(&root, 4);
	assert_int_equal(part(&root, 4), WEIR_SHARE_ALL);
}

static void one_to_three(void **state)
{
	struct weir_share root = child(NULL, 100);
	struct weir_share a = child(&root, 100), b = child(&root, 300);

	now++;
	add(&a, 4);
	add(&b, 4);
	assert_int_equal(part(&a, 4), WEIR_SHARE_ALL / 4);
	assert_int_equal(part(&b, 4), WEIR_SHARE_ALL * 3 / 4);
}

/* However many flows it is that share them. */
static void one_to_ten(void **state)
{
	struct weir_share root = child(NULL, 100);
	struct weir_share a = child(&root, 1), b = child(&root, 10);
	u32 of_a, of_b = 0;
	int i;

	now++;
	add(&a, 4);
	for (i = 0; i < 20; i++)
		add(&b, 4);
	of_a = part(&a, 4);
	for (i = 0; i < 20; i++)
		of_b += part(&b, 4);
	assert_int_equal(of_a, WEIR_SHARE_ALL / 11);
	assert_in_range(of_b, WEIR_SHARE_ALL * 10 / 11 - 20, WEIR_SHARE_ALL * 10 / 11);
}

static void flows_by_their_weights(void **state)
{
	struct weir_share root = child(NULL, 100);
	struct weir_share a = child(&root, 100), b = child(&root, 100);

	now++;
	add(&a, 1);
	add(&a, 7);
	add(&b, 1);
	assert_int_equal(part(&a, 1), WEIR_SHARE_ALL / 16);
	assert_int_equal(part(&a, 7), WEIR_SHARE_ALL * 7 / 16);
	assert_int_equal(part(&b, 1), WEIR_SHARE_ALL / 2);
}

/* root: a 100, b 300; a: aa 200, ab 50; aa: aaa 1, aab 3. */
static void three_levels(void **state)
{
	struct weir_share root = child(NULL, 100);
	struct weir_share a = child(&root, 100), b = child(&root, 300);
	struct weir_share aa = child(&a, 200), ab = child(&a, 50);
	struct weir_share aaa = child(&aa, 1), aab = child(&aa, 3);

	now++;
	add(&aab, 2);
	add(&b, 2);
	add(&aaa, 2);
	add(&ab, 2);
	add(&aab, 2);
	assert_int_equal(part(&b, 2), WEIR_SHARE_ALL * 3 / 4);
	assert_int_equal(part(&ab, 2), WEIR_SHARE_ALL / 20);
	assert_int_equal(part(&aaa, 2), WEIR_SHARE_ALL / 20);
	/* two flows */
	assert_int_equal(part(&aab, 2), WEIR_SHARE_ALL * 3 / 40);
}

/* What a sibling does not use is for the others, at its own level first. */
static void the_inactive_do_not_count(void **state)
{
	struct weir_share root = child(NULL, 100);
	struct weir_share a = child(&root, 100), b = child(&root, 100);
	struct weir_share c = child(&root, 10000);
	struct weir_share aa = child(&a, 100), ab = child(&a, 900);

	now++;
	add(&c, 4);
	now++;
	add(&aa, 4);
	add(&ab, 4);
	add(&b, 4);
	assert_int_equal(part(&aa, 4), WEIR_SHARE_ALL / 20);
	assert_int_equal(part(&b, 4), WEIR_SHARE_ALL / 2);
	now++;
	add(&aa, 4);
	add(&b, 4);
	assert_int_equal(part(&aa, 4), WEIR_SHARE_ALL / 2);
	assert_int_equal(part(&b, 4), WEIR_SHARE_ALL / 2);
}

/* Flows of a group that has active child groups are one sibling of weight 100. */
static void processes_inside(void **state)
{
	struct weir_share root = child(NULL, 100);
	struct weir_share a = child(&root, 300), aa = child(&a, 100);

	now++;
	add(&root, 1);
	add(&root, 3);
	add(&a, 5);
	add(&aa, 5);
	assert_int_equal(part(&root, 1), WEIR_SHARE_ALL / 16);
	assert_int_equal(part(&root, 3), WEIR_SHARE_ALL * 3 / 16);
	assert_int_equal(part(&a, 5), WEIR_SHARE_ALL * 3 / 8);
	assert_int_equal(part(&aa, 5), WEIR_SHARE_ALL * 3 / 8);
	/* Its own weight means nothing there. */
	now++;
	root.weight = 10000;
	add(&root, 1);
	add(&a, 5);
	assert_int_equal(part(&root, 1), WEIR_SHARE_ALL / 4);
}

static void rounds_forget(void **state)
{
	struct weir_share root = child(NULL, 100);
	struct weir_share a = child(&root, 100), b = child(&root, 300);
	int i;

	for (i = 0; i < 1000; i++) {
		now++;
		add(&a, 4);
		if (i % 3 == 0)
			add(&b, 4);
		if (i % 2 == 0)
			add(&a, 4);
		assert_int_equal(part(&a, 4), WEIR_SHARE_ALL / (i % 3 == 0 ? 4 : 1) /
				 (i % 2 == 0 ? 2 : 1));
		/* b is of an older round, if of any. */
		if (i % 3)
			assert_int_equal(part(&b, 4), 1);
	}
}

/* In the middle of a round it counts as it was; in the next as it is. */
static void a_weight_changes(void **state)
{
	struct weir_share root = child(NULL, 100);
	struct weir_share a = child(&root, 100), b = child(&root, 100);

	now++;
	add(&a, 4);
	a.weight = 10000;
	add(&b, 4);
	add(&a, 4);
	assert_int_equal(part(&a, 4), WEIR_SHARE_ALL / 4);
	assert_int_equal(part(&b, 4), WEIR_SHARE_ALL / 2);
	now++;
	add(&a, 4);
	add(&b, 4);
	assert_int_equal(part(&b, 4), WEIR_SHARE_ALL / 101);
}

/* 32 levels, each with a sibling: of equal weight, lighter and heavier by 10000. */
static void deep(void **state)
{
	static const u32 weights[][2] = { { 100, 100 }, { 10000, 1 }, { 1, 10000 } };
	struct weir_share line[33], aside[33];
	unsigned int i, level;

	for (i = 0; i < ARRAY_SIZE(weights); i++) {
		u32 sum = 0;

		line[0] = child(NULL, 100);
		for (level = 1; level <= 32; level++) {
			line[level] = child(&line[level - 1], weights[i][0]);
			aside[level] = child(&line[level - 1], weights[i][1]);
		}
		now++;
		add(&line[32], 8);
		for (level = 1; level <= 32; level++)
			add(&aside[level], 8);
		for (level = 1; level <= 32; level++)
			sum += part(&aside[level], 8);
		sum += part(&line[32], 8);
		/* Rounded down by less than 1 each, and up to 1 where there is less. */
		assert_in_range(sum, WEIR_SHARE_ALL - 33, WEIR_SHARE_ALL + 33);
		assert_int_equal(part(&aside[1], 8),
				 WEIR_SHARE_ALL * (u64)weights[i][1] /
				 (weights[i][0] + weights[i][1]) ?: 1);
	}
	/* the last: 1 / 10001^32 */
	assert_int_equal(part(&line[32], 8), 1);
	/* Nobody beside it: nothing is lost on the way down. */
	now++;
	add(&line[32], 8);
	assert_int_equal(part(&line[32], 8), WEIR_SHARE_ALL);
}

static void large_weights_do_not_overflow(void **state)
{
	struct weir_share root = child(NULL, 100);
	struct weir_share a = child(&root, 10000), b = child(&root, 10000);
	int i;

	now = UINT64_MAX - 1;
	now++;
	for (i = 0; i < 100000; i++) {
		add(&a, UINT32_MAX);
		add(&b, 1);
	}
	assert_int_equal(part(&a, UINT32_MAX), 1);
	assert_int_equal(part(&b, 1), 1);
	now = 1;
	add(&a, UINT32_MAX);
	add(&a, UINT32_MAX);
	add(&b, 1);
	assert_int_equal(part(&a, UINT32_MAX), WEIR_SHARE_ALL / 4);
	assert_int_equal(part(&b, 1), WEIR_SHARE_ALL / 2);
}

/* A caller that is wrong gets something to live with. */
static void never_nothing_nor_too_much(void **state)
{
	struct weir_share root = child(NULL, 100), a = child(&root, 100);

	now++;
	assert_int_equal(part(&a, 4), 1);
	add(&a, 0);
	assert_int_equal(part(&a, 0), 1);
	assert_int_equal(part(&a, 4), WEIR_SHARE_ALL);
	add(&a, 4);
	assert_int_equal(part(&a, 9), WEIR_SHARE_ALL);
}

const struct CMUnitTest share_tests[] = {
	cmocka_unit_test(alone_has_it_all),
	cmocka_unit_test(one_to_three),
	cmocka_unit_test(one_to_ten),
	cmocka_unit_test(flows_by_their_weights),
	cmocka_unit_test(three_levels),
	cmocka_unit_test(the_inactive_do_not_count),
	cmocka_unit_test(processes_inside),
	cmocka_unit_test(rounds_forget),
	cmocka_unit_test(a_weight_changes),
	cmocka_unit_test(deep),
	cmocka_unit_test(large_weights_do_not_overflow),
	cmocka_unit_test(never_nothing_nor_too_much),
};

const size_t nr_share_tests = ARRAY_SIZE(share_tests);
