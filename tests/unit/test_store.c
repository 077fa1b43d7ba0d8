// SPDX-License-Identifier: GPL-2.0
/*
 * The real store, with others who come at the worst moments: a block is read and written
 * whole, also one that is larger than a page, which few kernels have. What two CPUs do
 * at the same time is in tests/vm/whole-block.t.
 */
#include <string.h>

#include <shim_store.h>

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

/* What is at a place; 0 where there is no page */
static char byte_at(struct weir_store *s, u64 at)
{
	const char *page = weir_store_slot_at(s, at >> PAGE_SHIFT)->page;

	return page ? page[offset_in_page(at)] : 0;
}

static void write_page(u64 at, char kind)
{
	pos = at;
	block = PAGE_SIZE;
	change(kind);
}

static int zero_pages(struct weir_store *s, u64 first, u64 nr)
{
	return weir_store_zero(s, first * PAGE_SIZE, nr * PAGE_SIZE, false, true);
}

/* A write past the limit fails before it has written anything, whichever disk it is on. */
static void the_limit_is_that_of_all_stores(void **state)
{
	struct weir_store other = { 0 };
	long credit;

	open_store(PAGE_SIZE);
	weir_store_init(5);
	assert_int_equal(weir_store_limit_pages(), 5);
	assert_int_equal(weir_store_resize(&other, 8 << 20, PAGE_SIZE, 0), 0);
	assert_int_equal(zero_pages(&other, 0, 2), 0);
	write_page(PAGE_SIZE, 'a');
	assert_int_equal(zero_pages(&store, 0, 5), -ENOSPC);
	assert_int_equal(weir_store_used_pages(), 3);
	assert_int_equal(byte_at(&store, PAGE_SIZE), 'a');
	/* The first of three is there already: two are charged, and then there is room for none. */
	assert_int_equal(weir_store_charge(&store, PAGE_SIZE, 3 * PAGE_SIZE, &credit), 0);
	assert_int_equal(credit, 2);
	assert_int_equal(weir_store_used_pages(), 5);
	assert_null(weir_store_new_page(&store, true));
	weir_store_uncharge(credit);
	assert_int_equal(zero_pages(&store, 1, 3), 0);
	assert_int_equal(byte_at(&store, PAGE_SIZE), 0);
	assert_int_equal(zero_pages(&other, 0, 2), 0);
	assert_int_equal(zero_pages(&other, 1, 2), -ENOSPC);
	assert_int_equal(zero_pages(&store, 1, 3), 0);
	/* Nobody has charged it before: the same holds. */
	credit = 0;
	assert_int_equal(PTR_ERR(weir_store_write_begin(&other, 2 * PAGE_SIZE, PAGE_SIZE,
							&(u32){ 0 }, &credit, true)), -ENOSPC);
	weir_store_discard(&store, 3 * PAGE_SIZE, PAGE_SIZE, false, true);
	assert_int_equal(zero_pages(&other, 1, 2), 0);
	assert_int_equal(atomic_long_read(&other.nr_pages), 3);
	weir_store_free(&other);
	close_store();
}

/* What cannot be allocated is not charged, and is had the next time. */
static void without_memory_a_write_can_be_done_again(void **state)
{
	const long before = shim_held;
	struct weir_store_slot *slot;
	void *page;
	long n;
	int err;

	open_store(PAGE_SIZE);
	for (n = 0, err = -ENOMEM; err; n++) {
		assert_true(n < 10);
		shim_fail = n;
		err = zero_pages(&store, 0, 2);
		shim_fail = -1;
		assert_int_equal(err, n < 4 ? -ENOMEM : 0);
		assert_int_equal(weir_store_used_pages(), atomic_long_read(&store.nr_pages));
		weir_store_discard(&store, 0, 2 * PAGE_SIZE, false, true);
		weir_store_free(&store);
		memset(&store, 0, sizeof(store));
		assert_int_equal(weir_store_resize(&store, 8 << 20, PAGE_SIZE, 0), 0);
	}
	shim_fail = 0;
	assert_null(weir_store_new_page(&store, true));
	assert_null(weir_store_make_slot(&store, 5, true));
	assert_int_equal(weir_store_used_pages(), 0);
	assert_int_equal(weir_store_resize(&store, 4 << 20, PAGE_SIZE, 0), -ENOMEM);
	assert_int_equal(store.nr_top, 1);
	shim_fail = -1;
	slot = weir_store_make_slot(&store, 5, true);
	page = weir_store_new_page(&store, true);
	assert_non_null(page);
	assert_null(weir_store_swap(&store, slot, page));
	assert_int_equal(atomic_long_read(&store.nr_pages), 1);
	assert_ptr_equal(weir_store_swap(&store, slot, NULL), page);
	assert_int_equal(atomic_long_read(&store.nr_pages), 0);
	weir_store_drop(page);
	close_store();
	assert_int_equal(shim_held, before);
}

static void write_b(void)
{
	change('b');
}

/* Two make the same tables and the same page: one of each stays, and the later bytes. */
static void two_make_the_same_page(void **state)
{
	const long before = shim_held;
	long n;

	for (n = 0; n < 3; n++) {
		open_store(PAGE_SIZE);
		shim_wait = n;
		shim_meanwhile = write_b;
		change('a');
		assert_null(shim_meanwhile);
		assert_int_equal(byte_at(&store, pos), 'a');
		assert_int_equal(atomic_long_read(&store.nr_pages), 1);
		assert_int_equal(weir_store_used_pages(), 1);
		assert_int_equal(atomic_long_read(&store.nr_tables), 2);
		weir_store_discard(&store, pos, PAGE_SIZE, false, true);
		close_store();
		assert_int_equal(shim_held, before);
	}
}

/* The first and last page of each table of the middle level, and what is left of them. */
static void what_is_cut_off_is_given_back(void **state)
{
	static const u64 top = 512ULL << 20;
	u64 i;

	open_store(PAGE_SIZE);
	assert_int_equal(weir_store_resize(&store, 4 * top - PAGE_SIZE, PAGE_SIZE, 0), 0);
	assert_int_equal(store.nr_top, 4);
	for (i = 0; i < 3; i++) {
		write_page(i * top, 'a' + i);
		write_page((i + 1) * top - PAGE_SIZE, 'k' + i);
	}
	assert_int_equal(atomic_long_read(&store.nr_pages), 6);
	assert_int_equal(atomic_long_read(&store.nr_tables), 3 * 3);
	/* The second table keeps its first page alone: tables stay. */
	assert_int_equal(weir_store_resize(&store, top + PAGE_SIZE, 4 * PAGE_SIZE, 0), 0);
	assert_int_equal(store.nr_top, 2);
	assert_int_equal(store.unit_mask, 3);
	assert_int_equal(atomic_long_read(&store.nr_pages), 3);
	assert_int_equal(weir_store_used_pages(), 3);
	assert_int_equal(atomic_long_read(&store.nr_tables), 2 * 3);
	assert_int_equal(weir_store_resize(&store, 3 * top, PAGE_SIZE, 0), 0);
	assert_int_equal(store.unit_mask, 0);
	assert_int_equal(byte_at(&store, 0), 'a');
	assert_int_equal(byte_at(&store, top - 1), 'k');
	assert_int_equal(byte_at(&store, top), 'b');
	assert_int_equal(byte_at(&store, 2 * top - 1), 0);
	assert_int_equal(byte_at(&store, 2 * top), 0);
	close_store();
}

/* Of a page that is discarded in part, the rest stays; holes stay holes. */
static void a_discard_takes_what_it_is_told(void **state)
{
	static const u64 leaf = 1 << 20;
	u64 i;

	open_store(PAGE_SIZE);
	for (i = 0; i < 4; i++)
		write_page(2 * leaf - 2 * PAGE_SIZE + i * PAGE_SIZE, 'a');
	weir_store_discard(&store, 2 * leaf - PAGE_SIZE - 1, 2 * PAGE_SIZE + 2, true, true);
	assert_int_equal(atomic_long_read(&store.nr_pages), 2);
	assert_int_equal(byte_at(&store, 2 * leaf - PAGE_SIZE - 2), 'a');
	assert_int_equal(byte_at(&store, 2 * leaf - PAGE_SIZE - 1), 0);
	assert_int_equal(byte_at(&store, 2 * leaf + PAGE_SIZE), 0);
	assert_int_equal(byte_at(&store, 2 * leaf + PAGE_SIZE + 1), 'a');
	/* From a place without a table, which is not a leaf's first, on */
	weir_store_discard(&store, leaf / 2, leaf + leaf / 2 - 2 * PAGE_SIZE, false, false);
	assert_int_equal(byte_at(&store, 2 * leaf - 2 * PAGE_SIZE), 'a');
	assert_int_equal(weir_store_zero(&store, leaf / 2, leaf + leaf / 2 - PAGE_SIZE, true, true),
			 0);
	assert_int_equal(atomic_long_read(&store.nr_pages), 1);
	weir_store_discard(&store, leaf / 2, 4 * leaf, false, true);
	assert_int_equal(weir_store_used_pages(), 0);
	close_store();
}

const struct CMUnitTest store_tests[] = {
	cmocka_unit_test(a_read_is_of_one_time),
	cmocka_unit_test(the_first_write_of_all),
	cmocka_unit_test(a_write_is_alone),
	cmocka_unit_test(pages_are_made_again),
	cmocka_unit_test(the_limit_is_that_of_all_stores),
	cmocka_unit_test(without_memory_a_write_can_be_done_again),
	cmocka_unit_test(two_make_the_same_page),
	cmocka_unit_test(what_is_cut_off_is_given_back),
	cmocka_unit_test(a_discard_takes_what_it_is_told),
};

const size_t nr_store_tests = sizeof(store_tests) / sizeof(*store_tests);
