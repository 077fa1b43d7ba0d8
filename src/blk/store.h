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
#include <linux/sizes.h>
#include <linux/types.h>

struct request;
struct weir_store_table;

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

int weir_store_init(struct weir_store *s, u64 bytes, int node);

/* The disk must have no request under way. May sleep. */
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

/* Longest range, in bytes, to zero or discard in one go without sleeping. */
#define WEIR_STORE_NOWAIT_BYTES SZ_1M

#endif
