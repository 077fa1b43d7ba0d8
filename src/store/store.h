/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bytes of a disk: sparse, in memory, one page for each page ever written.
 *
 * A page is found through a table of three levels, as a CPU finds one: read
 * under RCU, filled in with cmpxchg. There is no lock, so there is none for two
 * queues to fight over. Tables stay until the disk goes; pages come back on
 * discard, after a grace period, because a reader may still be copying.
 *
 * A write that meets a page copies into it. Two writes to the same bytes at the
 * same time leave either's, or a mix: the block layer promises nothing else.
 * Copies run with interrupts on, under rcu_read_lock() only.
 *
 * The store knows of no requests: bytes have a position on the disk, an address in
 * memory and a length, all in bytes. What copies is inline, so that the walk over a
 * request costs no call for each of its segments.
 */
#ifndef WEIR_STORE_H
#define WEIR_STORE_H

#include <linux/atomic.h>
#include <linux/highmem.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/types.h>

/* Longest range, in bytes, to zero or discard in one go without sleeping. */
#define WEIR_STORE_NOWAIT_BYTES SZ_1M

#define WEIR_STORE_SLOTS (PAGE_SIZE / sizeof(void *))
#define WEIR_STORE_SLOT_SHIFT (PAGE_SHIFT - ilog2(sizeof(void *)))

/* A page of the lowest level; a page of the middle one has tables instead. */
struct weir_store_leaf {
	struct page __rcu *page[WEIR_STORE_SLOTS];
};

struct weir_store_table {
	struct weir_store_leaf *leaf[WEIR_STORE_SLOTS];
};

/**
 * struct weir_store - the bytes of one disk
 * @top: the table's first level
 * @nr_top: its length
 * @nr_pages: pages of data held
 * @nr_tables: pages of table held below @top
 * @node: NUMA node to allocate on, NUMA_NO_NODE for the CPU's own
 */
struct weir_store {
	struct weir_store_table **top;
	unsigned long nr_top;
	atomic_long_t nr_pages;
	atomic_long_t nr_tables;
	int node;
};

/* The budget of all stores together. */

/* Set it. Called once, before the first store is made. @pages: most pages of data */
void weir_store_limit(unsigned long pages);

/* What it was set to, and how much of it is used, in pages. From any context. */
unsigned long weir_store_limit_pages(void);
unsigned long weir_store_used_pages(void);

/* Stores come and go. Both may sleep; nothing else may use the store meanwhile. */

/**
 * weir_store_resize() - make room for so many bytes
 * @s: zeroed memory, or a store; what is past the new end is given back
 * @node: for the pages from now on
 *
 * Return: 0, or -ENOMEM with the store as it was.
 */
int weir_store_resize(struct weir_store *s, u64 bytes, int node);

/* Give all of it back. @s is of no use after. */
void weir_store_free(struct weir_store *s);

/*
 * The operations. None may be called with interrupts off. A caller with
 * @may_sleep may sleep; one without is under rcu_read_lock(), which it brings
 * along: blk-mq calls ->queue_rq under it. Any number may run at the same time.
 */

/**
 * weir_store_zero() - zero a range
 * @unmap: give back its pages; else they are kept, and made where there are none
 *
 * Return: 0; -ENOSPC past the memory limit, with nothing written; -ENOMEM when a
 * page could not be had: without @may_sleep the caller does it again, from its
 * start, where it may.
 */
int weir_store_zero(struct weir_store *s, u64 pos, u64 len, bool unmap,
		    bool may_sleep);

/* Give back a range's pages, overwritten first if @secure; it reads as zeroes. */
void weir_store_discard(struct weir_store *s, u64 pos, u64 len, bool secure,
			bool may_sleep);

/*
 * A read is any number of weir_store_read() between weir_store_enter() and
 * weir_store_leave(); a write likewise of weir_store_write(), and before and after
 * that weir_store_charge() and weir_store_uncharge().
 */

/* The lock of whoever uses pages, unless the caller holds it already. */
static __always_inline void weir_store_enter(bool may_sleep) __acquires(RCU)
{
	if (may_sleep)
		rcu_read_lock();
	else
		__acquire(RCU);
	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "store used without RCU");
}

/* And given up again. What was found must not be used any more. */
static __always_inline void weir_store_leave(bool may_sleep) __releases(RCU)
{
	if (may_sleep)
		rcu_read_unlock();
	else
		__release(RCU);
}

/**
 * weir_store_charge() - before a write: will it fit?
 * @pos: of all that is to be written
 * @len: likewise
 * @credit: set to the pages that were charged for it
 *
 * Far from the limit nothing is charged, and the write charges page by page. Near
 * it the write is measured first, so that it fails before it has written anything.
 * Writers that race past this check may still meet -ENOSPC half-way, in their own
 * range only.
 *
 * Return: 0 or -ENOSPC.
 */
int weir_store_charge(struct weir_store *s, u64 pos, u64 len, long *credit);

/* After it, whether it went well or not: give back what was not used. */
void weir_store_uncharge(long credit);

/* Finding a page. Indexes count pages from the start of the disk. */

/* Return: the lowest table for a page, NULL if there is none. It stays. */
static inline struct weir_store_leaf *weir_store_leaf_at(struct weir_store *s,
							 u64 index)
{
	struct weir_store_table *t =
		READ_ONCE(s->top[index >> (2 * WEIR_STORE_SLOT_SHIFT)]);

	if (unlikely(!t))
		return NULL;
	return READ_ONCE(t->leaf[(index >> WEIR_STORE_SLOT_SHIFT) &
				 (WEIR_STORE_SLOTS - 1)]);
}

/* Return: the page, NULL if there is none. Inside weir_store_enter(), as is its use. */
static inline struct page *weir_store_page_at(struct weir_store *s, u64 index)
{
	struct weir_store_leaf *leaf = weir_store_leaf_at(s, index);

	if (unlikely(!leaf))
		return NULL;
	return rcu_dereference(leaf->page[index & (WEIR_STORE_SLOTS - 1)]);
}

/* Moving bytes. A part of them never crosses a page of the store. */

/* Return: how many of @len bytes at @pos are in the first of its pages. */
static inline u32 weir_store_part(u64 pos, u64 len)
{
	return min_t(u64, len, PAGE_SIZE - offset_in_page(pos));
}

/* Up to a page; a whole one as fast as the machine can. */
static inline void weir_store_copy(void *to, const void *from, u32 len)
{
	if (len == PAGE_SIZE)
		copy_page(to, (void *)from);
	else
		memcpy(to, from, len);
}

/**
 * weir_store_read() - read @len bytes, 1 or more
 * @to: where to in memory
 *
 * Inside weir_store_enter(). Inline, as weir_store_write(): they are called for each
 * segment of a request.
 */
static __always_inline void weir_store_read(struct weir_store *s, u64 pos, void *to,
					    u32 len)
{
	u32 part;

	do {
		struct page *page = weir_store_page_at(s, pos >> PAGE_SHIFT);

		part = weir_store_part(pos, len);
		if (likely(page)) {
			void *from = kmap_local_page(page);

			weir_store_copy(to, from + offset_in_page(pos), part);
			kunmap_local(from);
		} else {
			memset(to, 0, part);
		}
		pos += part;
		to += part;
		len -= part;
	} while (unlikely(len));
}

/*
 * For weir_store_write(): a part where there was no page. Inside
 * weir_store_enter(), which it leaves to make one.
 */
int weir_store_write_new(struct weir_store *s, u64 pos, const void *from, u32 len,
			 long *credit, bool may_sleep);

/**
 * weir_store_write() - write @len bytes, 1 or more
 * @from: where from in memory
 * @credit: of weir_store_charge(); what is used of it is taken off
 *
 * Inside weir_store_enter(), which is left while a page is made.
 *
 * Return: 0, -ENOSPC or -ENOMEM; see weir_store_zero().
 */
static __always_inline int weir_store_write(struct weir_store *s, u64 pos,
					    const void *from, u32 len, long *credit,
					    bool may_sleep)
{
	u32 part;
	int err;

	do {
		struct page *page = weir_store_page_at(s, pos >> PAGE_SHIFT);

		part = weir_store_part(pos, len);
		if (likely(page)) {
			void *to = kmap_local_page(page);

			weir_store_copy(to + offset_in_page(pos), from, part);
			kunmap_local(to);
		} else {
			err = weir_store_write_new(s, pos, from, part, credit, may_sleep);
			if (err)
				return err;
		}
		pos += part;
		from += part;
		len -= part;
	} while (unlikely(len));
	return 0;
}

/**
 * weir_store_copy_page() - read or write one page, if it is there
 * @pos: where it begins, a multiple of PAGE_SIZE
 * @memory: the page in memory
 * @write: from memory; else to it
 *
 * Inline because this is the hottest path there is. Context: under
 * rcu_read_lock().
 *
 * Return: false, with nothing done, if the store has no page there yet.
 */
static __always_inline bool weir_store_copy_page(struct weir_store *s, u64 pos,
						 void *memory, bool write)
{
	struct page *page = weir_store_page_at(s, pos >> PAGE_SHIFT);
	void *ours;

	if (unlikely(!page))
		return false;
	ours = kmap_local_page(page);
	if (write)
		copy_page(ours, memory);
	else
		copy_page(memory, ours);
	kunmap_local(ours);
	return true;
}

#endif
