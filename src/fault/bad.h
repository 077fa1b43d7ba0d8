/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bad sectors: ranges, in one sorted array. A change makes a new array, so that
 * I/O can look into the old one meanwhile.
 *
 * Pure: compiled into the module and into tests/unit. The owner provides memory
 * and locking.
 */
#ifndef WEIR_BAD_H
#define WEIR_BAD_H

#include <linux/types.h>

/* As many as null_blk has room for */
#define WEIR_BAD_MAX 512

/* Sectors of 512 bytes, both ends included */
struct weir_bad_range {
	u64 first;
	u64 last;
};

/**
 * struct weir_bad - sorted ranges that neither overlap nor touch
 * @nr: how many
 * @range: they
 */
struct weir_bad {
	u32 nr;
	struct weir_bad_range range[];
};

/**
 * weir_bad_find() - the first range that ends at @sector or after it
 *
 * Called by blk/verdict.c for each request of a disk that has bad sectors, under
 * rcu_read_lock(). Takes time in proportion to the logarithm of their number.
 *
 * Return: its place in the array; @b->nr if there is none.
 */
u32 weir_bad_find(const struct weir_bad *b, u64 sector);

/**
 * weir_bad_add() - what is bad, and @first to @last as well
 * @old: what is bad; may be NULL
 * @first: not after @last
 * @last: below 2^64 - 1
 * @to: the result; room for one range more than @old has
 *
 * Called by blk/verdict.c under the lock of those who change them.
 */
void weir_bad_add(const struct weir_bad *old, u64 first, u64 last, struct weir_bad *to);

/** weir_bad_remove() - the same without @first to @last; all else as weir_bad_add() */
void weir_bad_remove(const struct weir_bad *old, u64 first, u64 last,
		     struct weir_bad *to);

#endif
