/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A volatile write cache: what of the bytes is not durable yet.
 *
 * The store always has the newest bytes, so reads need not know of any cache. What is
 * kept beside it is the way back: a write puts a new page in the place of the old one,
 * and the old one is kept in a record. To destage is to forget a record; to lose power
 * is to go back by those records whose writes are volatile (fault/fate.h decides); to
 * see the disk as it was at a moment is to go back by all records that are later, too.
 *
 * Records are found by the page's index, in buckets with a lock each; the newest of a
 * page comes first. All who change the store of such a disk do it here, under the
 * bucket's lock. Readers do not come here: they find the old page or the new one, and
 * read again if it was replaced meanwhile (store.h).
 *
 * Time is a count of events: see fault/fate.h. Its counter belongs to the owner, who
 * may stop it (the power cut) by setting the sign bit: what begins or ends later has a
 * number later than any moment.
 */
#ifndef WEIR_VOLATILE_H
#define WEIR_VOLATILE_H

#include <linux/atomic.h>
#include <linux/types.h>

#include "fault/fate.h"

struct weir_store;
struct weir_volatile;
struct weir_write;

/**
 * weir_volatile_new() - a cache for a disk that is going on
 * @s: its bytes; from here on until weir_volatile_free() nobody else changes them
 * @clock: counts events
 * @bytes: so many may be volatile; past that the oldest become durable
 * @block_bytes: of a logical block, which is old or new as a whole
 *
 * May sleep. Return: the cache, NULL if there is no memory.
 */
struct weir_volatile *weir_volatile_new(struct weir_store *s, atomic64_t *clock, u64 bytes,
					u32 block_bytes);

/* Everything is durable, as it is now. No request is under way. May sleep. */
void weir_volatile_forget(struct weir_volatile *v);

/* The same, and the cache is gone. */
void weir_volatile_free(struct weir_volatile *v);

/*
 * Writes, called by blk/cached.c. Context: process, interrupts on; a caller without
 * @may_sleep is under rcu_read_lock().
 */

/**
 * weir_volatile_begin() - a write begins
 * @sector: where
 *
 * Return: for what follows; NULL if there is no memory, which makes the write durable
 * at once: all of these take NULL. An atomic write must not go on then.
 */
struct weir_write *weir_volatile_begin(struct weir_volatile *v, u64 sector, bool fua,
				       bool atomic, bool may_sleep);

/* Called by weir_volatile_put(): copy the next @len bytes of a request to @to. */
typedef void weir_fill_fn(void *from, void *to, u32 len);

/**
 * weir_volatile_put() - write some bytes
 * @fill: brings them, page by page in order; NULL: zeroes
 * @from: for @fill
 *
 * All of an atomic write is one call, and it fails without having changed anything.
 *
 * Return: 0; -ENOSPC past the memory limit; -ENOMEM: without @may_sleep, the whole
 * write is to be done again, from its start, by somebody who may.
 */
int weir_volatile_put(struct weir_volatile *v, struct weir_write *w, u64 pos, u64 len,
		      weir_fill_fn *fill, void *from, bool may_sleep);

/* Give back a range's pages; it reads as zeroes. Return: as weir_volatile_put(). */
int weir_volatile_discard(struct weir_volatile *v, struct weir_write *w, u64 pos, u64 len,
			  bool may_sleep);

/* Zero a range, and all it was before: there is no way back. */
void weir_volatile_erase(struct weir_volatile *v, u64 pos, u64 len, bool may_sleep);

/*
 * Completion, from any context. The order of events is what their numbers say.
 */

/*
 * A write is about to be given back, and may be acknowledged if this was before the
 * clock was stopped. @w is gone. Return: the event's number.
 */
s64 weir_volatile_done(struct weir_volatile *v, struct weir_write *w);

/* A flush makes durable what was done up to event @covers, when it was submitted. */
void weir_volatile_flushed(struct weir_volatile *v, u64 covers);

/* Now. Serialized by the caller against weir_volatile_flushed(). */
struct weir_view weir_volatile_now(const struct weir_volatile *v);

/* Going back. All may sleep. */

/* Keep records of what is durable, too, from now on, or no longer. May be nested. */
void weir_volatile_keep(struct weir_volatile *v, bool keep);

/*
 * Return: the earliest event that can still be gone back to. Records are kept from
 * weir_volatile_keep() on, unless there is no memory for one.
 */
u64 weir_volatile_earliest(const struct weir_volatile *v);

/**
 * struct weir_survey - what was volatile at a moment
 * @pieces: parts of writes, each within a page
 * @sector: where the piece begins that was asked for
 * @began: when its write began
 */
struct weir_survey {
	u64 pieces;
	u64 sector;
	u64 began;
};

/*
 * Count them, and find the @nth, oldest write first. Under I/O, which it does not hold up;
 * the cache may hold more than its limit meanwhile. May sleep.
 */
void weir_volatile_survey(struct weir_volatile *v, const struct weir_view *view, u64 nth,
			  struct weir_survey *found);

/* Called for each block whose fate was to be decided. Under a spinlock. */
typedef void weir_fate_fn(void *to, u64 sector, u32 sectors, enum weir_fate fate, u64 write);

/**
 * weir_volatile_settle() - the power is gone: go back
 * @view: the moment
 * @tell: told every fate
 *
 * No request is under way. It cannot fail. What is left is durable.
 */
void weir_volatile_settle(struct weir_volatile *v, const struct weir_fate_plan *plan,
			  const struct weir_view *view, weir_fate_fn *tell, void *to);

/**
 * weir_volatile_image() - what would be left, as another store
 * @into: an empty one, as long as this
 *
 * Between weir_volatile_keep() calls, under I/O. Atomic writes that are not done when it
 * begins are not in it.
 *
 * Return: 0, -ENOSPC, -ENOMEM, or -ESTALE: it cannot be gone back so far.
 */
int weir_volatile_image(struct weir_volatile *v, const struct weir_fate_plan *plan,
			const struct weir_view *view, struct weir_store *into,
			weir_fate_fn *tell, void *to);

/**
 * struct weir_volatile_stats - for who wants to know
 * @flushed: what was done up to this event is durable
 * @pages: pages that records hold
 * @destaged: writes that became durable because the cache was full
 * @untracked: writes that became durable at once for want of memory
 */
struct weir_volatile_stats {
	u64 flushed;
	u64 pages;
	u64 destaged;
	u64 untracked;
};

void weir_volatile_stats(const struct weir_volatile *v, struct weir_volatile_stats *s);

#endif
