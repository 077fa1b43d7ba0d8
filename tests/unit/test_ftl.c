// SPDX-License-Identifier: GPL-2.0
/*
 * The mapping: what it holds is consistent, and write amplification is what theory
 * says of greedy collection.
 */
#include <math.h>
#include <stdlib.h>

#include <linux/kernel.h>

#include "ftl.h"
#include "rig.h"
#include "unit.h"

static struct weir_ftl f;
static void *memory;

static void open_ftl(const struct weir_model *model, u64 capacity)
{
	memory = malloc(weir_ftl_bytes(model, capacity));
	assert_non_null(memory);
	memset(&f, 0, sizeof(f));
	weir_ftl_init(&f, memory, model, capacity);
}

static struct weir_model drive(u32 op_permille)
{
	struct weir_model model = rig_model(WEIR_KIND_FLASH);

	model.channels = 4;
	model.dies = 4;
	model.block_pages = 4096;
	model.op_permille = op_permille;
	model.gc_low_permille = 1;
	return model;
}

/* Both mappings are each other's inverse, and all blocks are somewhere. */
static void check(void)
{
	u32 size = 1U << f.block_shift, i, k, found, mapped = 0, nr_free = 0, closed = 0;

	for (i = 0; i < f.nr_units; i++) {
		if (f.where[i] == WEIR_FTL_NONE)
			continue;
		mapped++;
		assert_true(f.where[i] < f.nr_blocks << f.block_shift);
		assert_int_equal(f.what[f.where[i]], i);
	}
	for (i = 0, found = 0; i < f.nr_blocks; i++)
		found += f.valid[i];
	assert_int_equal(found, mapped);
	for (i = f.free_head; i != WEIR_FTL_NONE; i = f.block_next[i]) {
		assert_int_equal(f.valid[i], 0);
		nr_free++;
	}
	assert_int_equal(nr_free, f.free_blocks);
	for (k = 0; k <= size; k++) {
		for (i = f.bucket[k]; i != WEIR_FTL_NONE; i = f.block_next[i]) {
			assert_int_equal(f.valid[i], k);
			assert_true(k >= f.fewest);
			closed++;
		}
	}
	assert_int_equal(nr_free + closed + 1 + (f.victim != WEIR_FTL_NONE), f.nr_blocks);
}

/* Random writes of any length and discards, at any shape. */
static void consistent(void **state)
{
	u32 round;

	for (round = 0; round < 60; round++) {
		struct weir_model model = drive(1 + rig_random() % 300);
		u64 sectors = 64 + rig_random() % 300000;
		u32 i;

		model.block_pages = 4 + rig_random() % 60;
		model.page_kib = 4 << rig_random() % 4;
		model.gc_low_permille = 1 + rig_random() % 500;
		model.gc_burst = rig_random() % 5;
		model.mapped_permille = round % 2 * (rig_random() % 1001);
		model.seed = round;
		open_ftl(&model, sectors << 9);
		for (i = 0; i < 3000; i++) {
			u64 from = rig_random() % sectors;
			u64 nr = 1 + rig_random() % min(sectors - from, 4096ULL);

			if (rig_random() % 16)
				weir_ftl_write(&f, from, nr);
			else
				weir_ftl_discard(&f, from, nr);
			assert_true(f.free_blocks >= 1);
			if (i % 500 == 0)
				check();
		}
		check();
		assert_true(weir_ftl_place(&f, 0) < (u64)f.nr_blocks <<
			    (f.block_shift + f.unit_shift));
		weir_ftl_discard(&f, 0, (u64)f.nr_units << f.unit_shift);
		check();
		assert_true(f.free_blocks >= f.nr_blocks - 2);
		free(memory);
	}
}

/* Discards of a quarter of a unit each: four free one, as four writes move one. */
static void small_discards_count(void **state)
{
	struct weir_model model = drive(70);
	u32 size, i, mapped = 0;

	open_ftl(&model, 1ULL << 30);
	size = 1U << f.unit_shift;
	weir_ftl_write(&f, 0, (u64)f.nr_units << f.unit_shift);
	for (i = 0; i < 400; i++)
		weir_ftl_discard(&f, (u64)i * size, size / 4);
	for (i = 0; i < f.nr_units; i++)
		mapped += f.where[i] != WEIR_FTL_NONE;
	assert_int_equal(mapped, f.nr_units - 100);
	check();
	free(memory);
}

static void sequence_costs_nothing(void **state)
{
	struct weir_model model = drive(70);
	u64 sectors = 2ULL << 21, at;
	u32 round, copied = 0;

	open_ftl(&model, sectors << 9);
	for (round = 0; round < 5; round++)
		for (at = 0; at < sectors; at += 64)
			copied += weir_ftl_write(&f, at, 64);
	assert_true(f.moved_units == 5ULL * f.nr_units);
	assert_true(copied < f.moved_units / 100);
	free(memory);
}

/*
 * Uniform random writes: a block collected in its turn has kept the share
 * u = exp(-a (1 - u)) of its units, with a = physical / user space; write
 * amplification is 1 / (1 - u) (Desnoyers, "Analytic modeling of SSD write
 * performance", SYSTOR 2012, for LRU cleaning, which greedy does not beat by much
 * where blocks are large).
 */
static double predicted(double a)
{
	double u = 0.5;
	int i;

	for (i = 0; i < 10000; i++)
		u = exp(-a * (1 - u));
	return 1 / (1 - u);
}

static void random_writes_as_theory_says(void **state)
{
	static const u32 spares[] = { 70, 110, 150, 280 };
	u32 k;

	for (k = 0; k < 4; k++) {
		struct weir_model model = drive(spares[k]);
		u64 sectors = 2ULL << 21, i, copied = 0;
		u64 writes;
		double a, measured;

		open_ftl(&model, sectors << 9);
		writes = 6ULL * f.nr_units;
		for (i = 0; i < f.nr_units; i++)
			weir_ftl_write(&f, i << f.unit_shift, 1ULL << f.unit_shift);
		for (i = 0; i < 2 * writes; i++) {
			u64 unit = rig_random() % f.nr_units;
			u32 nr = weir_ftl_write(&f, unit << f.unit_shift,
						1ULL << f.unit_shift);

			if (i >= writes)
				copied += nr;
		}
		measured = 1 + (double)copied / writes;
		/* Free blocks hold nothing. */
		a = ((double)(f.nr_blocks - f.low_blocks) * (1U << f.block_shift)) /
		    f.nr_units;
		assert_true(measured < 1.02 * predicted(a));
		assert_true(measured > 0.97 * predicted(a));
		free(memory);
	}
}

/* Small writes move as many units as they fill. */
static void small_writes_add_up(void **state)
{
	struct weir_model model = drive(500);
	u64 sectors = 2ULL << 21, i;

	open_ftl(&model, sectors << 9);
	for (i = 0; i < 40000; i++)
		weir_ftl_write(&f, rig_random() % (sectors / 8) * 8, 8);
	assert_int_equal(f.moved_units, 40000 * 8 >> f.unit_shift);
	free(memory);
}

static double amplification(u32 writes)
{
	u64 copied = 0;
	u32 i;

	for (i = 0; i < writes; i++)
		copied += weir_ftl_write(&f, rig_random() % f.nr_units << f.unit_shift,
					 1ULL << f.unit_shift);
	return 1 + (double)copied / writes;
}

/* It begins where a drive gets by being written at random for long. */
static void written_at_power_on(void **state)
{
	struct weir_model model = drive(200);
	u32 i, mapped = 0, first;
	double fresh, steady;

	open_ftl(&model, 1ULL << 30);
	assert_true(amplification(f.nr_units / 16) == 1);
	free(memory);
	model.mapped_permille = 1000;
	open_ftl(&model, 1ULL << 30);
	check();
	assert_int_equal(f.moved_units, 0);
	assert_int_equal(f.copied_units, 0);
	fresh = amplification(f.nr_units / 4);
	amplification(2 * f.nr_units);
	steady = amplification(f.nr_units / 4);
	assert_true(fresh > 0.95 * steady && fresh < 1.05 * steady && steady > 2);
	free(memory);

	/* A quarter of it; the same with the same seed, and only then. */
	model.mapped_permille = 250;
	open_ftl(&model, 1ULL << 30);
	first = f.where[0] ^ f.where[1] ^ f.where[2] ^ f.where[3] ^ f.where[f.nr_units - 1];
	for (i = 0; i < f.nr_units; i++)
		mapped += f.where[i] != WEIR_FTL_NONE;
	assert_true(mapped > 0.24 * f.nr_units && mapped < 0.26 * f.nr_units);
	free(memory);
	open_ftl(&model, 1ULL << 30);
	assert_int_equal(f.where[0] ^ f.where[1] ^ f.where[2] ^ f.where[3] ^
			 f.where[f.nr_units - 1], first);
	free(memory);
	model.seed++;
	open_ftl(&model, 1ULL << 30);
	assert_true((f.where[0] ^ f.where[1] ^ f.where[2] ^ f.where[3] ^
		     f.where[f.nr_units - 1]) != first);
	free(memory);
}

/* The host writes a unit, any. Return: how many were copied. */
static u32 write_any(void)
{
	return weir_ftl_write(&f, rig_random() % f.nr_units << f.unit_shift,
			      1ULL << f.unit_shift);
}

/*
 * As much is copied in bursts as at a pace, but two blocks one after the other, 256 units
 * or more for each that the host writes; and then nothing for a while.
 */
static void collects_in_bursts(void **state)
{
	struct weir_model model = drive(200);
	u32 i, most = 0, bursts = 0, copied, units = 0, writes;
	double paced, burst;
	u64 erased;

	model.mapped_permille = 1000;
	open_ftl(&model, 1ULL << 30);
	paced = amplification(f.nr_units);
	for (i = 0; i < f.nr_units; i++)
		most = max(most, write_any());
	assert_true(most < 16);
	free(memory);
	model.gc_burst = 2;
	open_ftl(&model, 1ULL << 30);
	burst = amplification(f.nr_units);
	assert_true(burst > 0.95 * paced && burst < 1.05 * paced);
	while (write_any())
		;
	for (i = 0; i < f.nr_units; i++) {
		erased = f.erased_blocks;
		copied = write_any();
		for (writes = 0; copied; writes++) {
			units += copied;
			assert_true(copied <= 256 + 16);
			copied = write_any();
		}
		if (!writes)
			continue;
		bursts++;
		assert_true(f.erased_blocks - erased >= 2);
		assert_true(writes <= 2 * ((1U << f.block_shift) / 256 + 1));
	}
	assert_true(bursts > 10 && units > bursts << f.block_shift);
	check();
	free(memory);
}

static void memory_is_bounded(void **state)
{
	struct weir_model model = drive(70);
	u64 capacity;

	for (capacity = 512; capacity <= 1ULL << 52; capacity *= 8)
		assert_true(weir_ftl_bytes(&model, capacity) < 4 << 20);
	model.op_permille = 2000;
	model.block_pages = 4;
	model.channels = 1;
	model.dies = 1;
	for (capacity = 512; capacity <= 1ULL << 52; capacity *= 8)
		assert_true(weir_ftl_bytes(&model, capacity) < 8 << 20);
}

const struct CMUnitTest ftl_tests[] = {
	cmocka_unit_test(consistent),
	cmocka_unit_test(small_discards_count),
	cmocka_unit_test(sequence_costs_nothing),
	cmocka_unit_test(random_writes_as_theory_says),
	cmocka_unit_test(small_writes_add_up),
	cmocka_unit_test(written_at_power_on),
	cmocka_unit_test(collects_in_bursts),
	cmocka_unit_test(memory_is_bounded),
};

const size_t nr_ftl_tests = sizeof(ftl_tests) / sizeof(*ftl_tests);
