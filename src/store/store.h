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
 */
#ifndef WEIR_STORE_H
#define WEIR_STORE_H

#include <linux/atomic.h>
#include <linux/blk-mq.h>
#include <linux/highmem.h>
#include <linux/log2.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include "compat/blk.h"

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

/**
 * weir_store_limit() - bound the memory of all stores together
 * @pages: most pages of data; must be set before the first store is made
 */
void weir_store_limit(unsigned long pages);
unsigned long weir_store_limit_pages(void);
unsigned long weir_store_used_pages(void);

/**
 * weir_store_resize() - make room for so many bytes
 * @s: zeroed memory, or a store; what is past the new end is given back
 * @node: for the pages from now on
 *
 * As weir_store_free(), it may sleep, and there must be no request under way.
 *
 * Return: 0, or -ENOMEM with the store as it was.
 */
int weir_store_resize(struct weir_store *s, u64 bytes, int node);
void weir_store_free(struct weir_store *s);

/*
 * The operations. None may be called with interrupts off. A caller with
 * @may_sleep may sleep; one without is under rcu_read_lock(), as ->queue_rq
 * of a driver that is not BLK_MQ_F_BLOCKING always is.
 *
 * Return: 0; -ENOSPC past the memory limit, with nothing written and nothing
 * stored before harmed; -ENOMEM when a page could not be had: without
 * @may_sleep the caller tries again from where it may, and the operation is
 * done from its start.
 */
int weir_store_read(struct weir_store *s, struct request *rq, bool may_sleep);
int weir_store_write(struct weir_store *s, struct request *rq, bool may_sleep);

/* Zero a range and keep (@unmap false) or give back its pages. */
int weir_store_zero(struct weir_store *s, u64 pos, u64 len, bool unmap,
		    bool may_sleep);

/* Give back a range's pages, overwritten first if @secure; it reads as zeroes. */
void weir_store_discard(struct weir_store *s, u64 pos, u64 len, bool secure,
			bool may_sleep);

/* Finding a page. Indexes count pages from the start of the disk. */

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

/* Caller holds rcu_read_lock() for as long as it uses the page. */
static inline struct page *weir_store_page_at(struct weir_store *s, u64 index)
{
	struct weir_store_leaf *leaf = weir_store_leaf_at(s, index);

	if (unlikely(!leaf))
		return NULL;
	return rcu_dereference(leaf->page[index & (WEIR_STORE_SLOTS - 1)]);
}

/**
 * weir_store_copy_page() - do a read or write of one page that is there
 * @write: which of the two
 *
 * Inline because this is the hottest path there is. Context: under
 * rcu_read_lock(), as ->queue_rq is.
 *
 * Return: false, with nothing done, if the request is not exactly one page here
 * and one in memory, or has no page here yet.
 */
static __always_inline bool weir_store_copy_page(struct weir_store *s,
						 struct request *rq, bool write)
{
	const u64 pos = (u64)blk_rq_pos(rq) << SECTOR_SHIFT;
	const struct bvec_iter *iter = &rq->bio->bi_iter;
	const struct bio_vec *bv = rq->bio->bi_io_vec + iter->bi_idx;
	u32 offset = bv->bv_offset + weir_iter_done(iter);
	struct page *memory, *page;
	void *theirs, *ours;

	/* The vector may be longer than the bio, and the bio than the request. */
	if (unlikely(blk_rq_bytes(rq) != PAGE_SIZE ||
		     iter->bi_size != PAGE_SIZE ||
		     offset_in_page(pos | offset) ||
		     bv->bv_len - weir_iter_done(iter) < PAGE_SIZE))
		return false;
	page = weir_store_page_at(s, pos >> PAGE_SHIFT);
	if (unlikely(!page))
		return false;
	memory = bv->bv_page + (offset >> PAGE_SHIFT);
	theirs = kmap_local_page(memory);
	ours = kmap_local_page(page);
	if (write)
		copy_page(ours, theirs);
	else
		copy_page(theirs, ours);
	kunmap_local(ours);
	kunmap_local(theirs);
	if (!write)
		flush_dcache_page(memory);
	return true;
}

/* Longest range, in bytes, to zero or discard in one go without sleeping. */
#define WEIR_STORE_NOWAIT_BYTES SZ_1M

#endif
