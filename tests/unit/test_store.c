// SPDX-License-Identifier: GPL-2.0
/*
 * The real store, with others who come at the worst moments: a block is read and written
 * whole, also one that is larger than a page, which few kernels have. What two CPUs do
 * at the same time is in tests/vm/whole-block.t.
 */
#include <string.h>

#include "store/store.h"
#include "unit.h"

#define MOST 65536

static struct weir_store store;
static u32 block;
static u64 pos;
static char mine[MOST];

static void open_store(u32 bytes)
{
	block = bytes;
	pos = 3ULL * bytes;
	weir_store_init(100000);
	memset(&store, 0, sizeof(store));
	assert_int_equal(weir_store_resize(&store, 8 << 20, block, 0), 0);
}

static void close_store(void)
{
	weir_store_free(&store);
	assert_int_equal(weir_store_used_pages(), 0);
}

/* The block from @from on, in pieces that are neither pages nor blocks. */
static void put(struct weir_store_slot *unit, char kind, u32 from, u32 to)
{
	static char bytes[MOST];
	u32 piece;

	memset(bytes, kind, block);
	for (; from < to; from += piece) {
		piece = weir_store_piece(pos + from, min(to - from, 1300U));
		weir_store_put(&store, unit, pos + from, bytes + from, piece);
	}
}

static struct weir_store_slot *begin_write(u32 *seq)
{
	struct weir_store_slot *unit;
	long credit;

	assert_int_equal(weir_store_charge(&store, pos, block, &credit), 0);
	unit = weir_store_write_begin(&store, pos, block, seq, &credit, true);
	assert_false(IS_ERR(unit));
	weir_store_uncharge(credit);
	return unit;
}

/* Somebody writes the block all alike, or with 0 discards it, with 'z' zeroes it. */
static void change(char kind)
{
	struct weir_store_slot *unit;
	u32 seq;

	if (!kind) {
		weir_store_discard(&store, pos, block, false, true);
	} else if (kind == 'z') {
		assert_int_equal(weir_store_zero(&store, pos, block, false, true), 0);
	} else {
		unit = begin_write(&seq);
		put(unit, kind, 0, block);
		weir_store_write_end(unit, seq);
	}
}

static void get(const struct weir_store_reader *r, u32 from, u32 to)
{
	u32 piece;

	for (; from < to; from += piece) {
		piece = weir_store_piece(pos + from, to - from);
		weir_store_get(&store, r, pos + from, mine + from, piece);
	}
}

/* Read it, while somebody changes it in the middle of the first @times tries. */
static u32 read_while(const char *kinds, u32 times)
{
	struct weir_store_reader r;
	u32 tries = 0;

	weir_store_read_begin(&store, pos, &r);
	do {
		get(&r, 0, block / 2);
		if (tries < times && !r.locked)
			change(kinds[tries % 4]);
		get(&r, block / 2, block);
		tries++;
	} while (weir_store_read_again(&r));
	assert_memory_equal(mine, mine + 1, block - 1);
	return tries;
}

static void a_read_is_of_one_time(void **state)
{
	static const u32 sizes[] = { 512, 4096, 16384, 65536 };
	u32 i;

	for (i = 0; i < 4; i++) {
		open_store(sizes[i]);
		assert_int_equal(read_while("", 0), 1);
		assert_int_equal(mine[0], 0);
		/* Nothing is there yet, and no table: what was read first are zeroes. */
		change('a');
		assert_int_equal(read_while("bbbb", 1), 2);
		assert_int_equal(mine[0], 'b');
		assert_int_equal(read_while("\0\0\0\0", 1), 2);
		assert_int_equal(mine[0], 0);
		change('a');
		assert_int_equal(read_while("zzzz", 1), 2);
		assert_int_equal(mine[0], 0);
		/* If it goes on like that, the reader takes the lock. */
		assert_int_equal(read_while("a\0bz", 1000), 5);
		assert_int_equal(mine[0], 0);
		/* And has given it back. */
		change('c');
		assert_int_equal(read_while("", 0), 1);
		assert_int_equal(mine[0], 'c');
		close_store();
	}
}

/* The first write of all, while a block is read of which there is not even a table. */
static void the_first_write_of_all(void **state)
{
	struct weir_store_reader r;

	open_store(MOST);
	memset(mine, 1, block);
	weir_store_read_begin(&store, pos, &r);
	get(&r, 0, block / 2);
	change('a');
	get(&r, block / 2, block);
	assert_false(weir_store_read_again(&r));
	assert_int_equal(mine[0], 0);
	assert_memory_equal(mine, mine + 1, block - 1);
	close_store();
}

/* Half-way through a write nobody else gets at the block, and its neighbours can be had. */
static void a_write_is_alone(void **state)
{
	struct weir_store_slot *unit, *next;
	u32 seq, other;

	open_store(MOST);
	pos += block;
	change('n');
	pos -= block;
	unit = begin_write(&seq);
	put(unit, 'a', 0, block / 2);
	assert_false(weir_store_trylock(unit, &other));
	assert_true(READ_ONCE(unit->seq) & 1);
	next = weir_store_unit_at(&store, pos + block);
	assert_ptr_not_equal(next, unit);
	assert_true(weir_store_trylock(next, &other));
	weir_store_unlock(next, other, false);
	put(unit, 'a', block / 2, block);
	weir_store_write_end(unit, seq);
	assert_int_equal(read_while("", 0), 1);
	assert_int_equal(mine[0], 'a');
	close_store();
}

/* A page of it may have been discarded between being made and being locked. */
static void pages_are_made_again(void **state)
{
	struct weir_store_slot *unit;
	long credit = 0;
	u32 seq, i;

	open_store(MOST);
	change('a');
	for (i = 0; i < block; i += PAGE_SIZE) {
		weir_store_discard(&store, pos + i, PAGE_SIZE, false, true);
		assert_int_equal(atomic_long_read(&store.nr_pages), block / PAGE_SIZE - 1);
		unit = weir_store_write_begin(&store, pos, block, &seq, &credit, true);
		assert_false(IS_ERR(unit));
		assert_int_equal(atomic_long_read(&store.nr_pages), block / PAGE_SIZE);
		put(unit, 'b', 0, block);
		weir_store_write_end(unit, seq);
	}
	close_store();
}

const struct CMUnitTest store_tests[] = {
	cmocka_unit_test(a_read_is_of_one_time),
	cmocka_unit_test(the_first_write_of_all),
	cmocka_unit_test(a_write_is_alone),
	cmocka_unit_test(pages_are_made_again),
};

const size_t nr_store_tests = sizeof(store_tests) / sizeof(*store_tests);
