/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What volatile.c, which makes records and forgets them, and goback.c, which goes back by
 * them, have in common. For these two only.
 */
#ifndef WEIR_RECORD_H
#define WEIR_RECORD_H

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/hash.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>

#include "fault/fate.h"

#include "store.h"

#define SECTOR_BYTES 512
#define SECTORS (PAGE_SIZE / SECTOR_BYTES)

/**
 * struct weir_record - what was in a page before a write
 * @node: in its bucket
 * @next: of the same write
 * @write: which
 * @old: the page, NULL: there was none. Before the record is linked: the new one
 * @index: where
 * @sectors: which of its sectors the write changed
 * @settled: the power cut has been here
 */
struct weir_record {
	struct hlist_node node;
	struct weir_record *next;
	struct weir_write *write;
	void *old;
	u64 index;
	DECLARE_BITMAP(sectors, SECTORS);
	bool settled;
};

/**
 * struct weir_write - a write
 * @node: on one of the lists
 * @records: what it changed, newest first; no longer changes when it is done
 * @nr: how many
 * @counted: of these in weir_volatile.nr
 * @life: see there
 * @asked: by the image that was begun at this event; protected by going_back
 * @was_done: what it was told, see goback.c
 * @refs: one for the list, one for the request
 */
struct weir_write {
	struct list_head node;
	struct weir_record *records;
	unsigned long nr;
	unsigned long counted;
	struct weir_life life;
	u64 asked;
	bool was_done;
	refcount_t refs;
};

struct weir_bucket {
	spinlock_t lock; /* of the records, and of their pages in the store */
	struct hlist_head records;
};

/**
 * struct weir_volatile - a cache
 * @store: the newest bytes
 * @clock: counts events
 * @flushed: what was done up to this event is durable
 * @limit: so many pages may be volatile
 * @block: sectors of a logical block
 * @lock: protects the lists and @nr
 * @writes: those that are volatile, or were when we looked, as they began
 * @kept: those that are durable, while @keep is not 0
 * @nr: pages that the records of @writes hold
 * @keep: how many want to go back
 * @earliest: to this event, at most
 * @walked: somebody walks the lists without @lock: nothing leaves them
 * @pages: that all records hold
 * @destaged: counts them
 * @untracked: likewise
 * @walking: who walks the lists, or empties them; inside @going_back
 * @going_back: one at a time goes back; protects @scratch, and what images ask of writes
 * @scratch: a page that is being put together
 * @spare_lock: protects @spare
 * @spare: for a write that finds no page
 * @bits: log2 of the number of buckets
 * @bucket: they
 */
struct weir_volatile {
	struct weir_store *store;
	atomic64_t *clock;
	u64 flushed;
	unsigned long limit;
	u32 block;

	spinlock_t lock ____cacheline_aligned_in_smp; /* see above */
	struct list_head writes;
	struct list_head kept;
	unsigned long nr;
	unsigned int keep;
	bool walked;
	u64 earliest;
	atomic_long_t pages;
	atomic_long_t destaged;
	atomic_long_t untracked;

	struct mutex walking; /* see above */
	struct mutex going_back; /* see above */
	void *scratch;
	struct mutex spare_lock; /* see above */
	void *spare;
	u32 bits;
	struct weir_bucket bucket[];
};

/* The last event so far. */
static inline u64 weir_volatile_clock(const struct weir_volatile *v)
{
	return atomic64_read(v->clock) & S64_MAX;
}

/* Where the records of a page are. */
static inline struct weir_bucket *weir_bucket_of(struct weir_volatile *v, u64 index)
{
	return &v->bucket[hash_64(index, v->bits)];
}

/* Has a write been completed? Then its records are complete, too. */
static inline bool weir_write_is_done(const struct weir_write *w)
{
	/* Pairs with weir_volatile_done(). */
	return smp_load_acquire(&w->life.done);
}

/* What is in a place. Caller holds the bucket's lock. */
static inline void *weir_page_in(const struct weir_store_slot *slot)
{
	return rcu_dereference_protected(slot->page, true);
}

#endif
