/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bytes of a disk: sparse, in memory, one page for each page ever written.
 *
 * A page is found through a table of three levels, as a CPU finds one: read
 * under RCU, filled in with cmpxchg. Tables stay until the disk goes; pages come
 * back on discard, after a grace period, because a reader may still be copying.
 *
 * A logical block is read and written whole, as on every real disk: of two writers
 * that race one wins, and no reader sees a part of each. For that each unit (a page,
 * or a block where that is larger) has a sequence lock of its own, in the cache line
 * in which its page was looked up. Writers, and whoever zeroes or discards, hold it
 * while they change the unit; a reader only looks whether the sequence is what it
 * was before it copied, and copies again if not. So no two requests wait for each
 * other unless they are for the same unit, and readers never do.
 *
 * Copies run with interrupts on: reads under rcu_read_lock() only, writes with
 * preemption off for as long as a unit takes.
 *
 * The store knows of no requests: bytes have a position on the disk, an address in
 * memory and a length, all in bytes. What copies is inline, so that the walk over a
 * request costs no call for each of its segments.
 */
#ifndef WEIR_STORE_H
#define WEIR_STORE_H

#include <linux/atomic.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/types.h>

/* Longest range, in bytes, to zero or discard in one go without sleeping. */
#define WEIR_STORE_NOWAIT_BYTES SZ_1M

/**
 * struct weir_store_slot - a place for a page
 * @page: its address; NULL: zeroes. Highmem is not used: on the hottest path there is
 *        an address costs less than a struct page
 * @seq: the lock of the unit that begins here, odd while it is held; the other
 *       pages of a unit have theirs for nothing
 */
struct weir_store_slot {
	void __rcu *page;
	u32 seq;
};

#define WEIR_STORE_SLOTS (PAGE_SIZE / sizeof(struct weir_store_slot))
#define WEIR_STORE_SLOT_SHIFT (PAGE_SHIFT - ilog2(sizeof(struct weir_store_slot)))
#define WEIR_STORE_LEAVES (PAGE_SIZE / sizeof(void *))
#define WEIR_STORE_LEAF_SHIFT (PAGE_SHIFT - ilog2(sizeof(void *)))

/*
 * A page of the lowest level; a page of the middle one has tables instead. Where there
 * is none yet is one that all stores share, which has nothing in it: who reads need not
 * ask. Nobody locks or fills its places.
 */
struct weir_store_leaf {
	struct weir_store_slot slot[WEIR_STORE_SLOTS];
};

struct weir_store_table {
	struct weir_store_leaf *leaf[WEIR_STORE_LEAVES];
};

extern struct weir_store_leaf weir_store_no_leaf;

/**
 * struct weir_store - the bytes of one disk
 * @top: the table's first level
 * @nr_top: its length
 * @unit_mask: pages of a unit, less one; a power of two less one
 * @nr_pages: pages of data held
 * @nr_tables: pages of table held below @top
 * @node: NUMA node to allocate on, NUMA_NO_NODE for the CPU's own
 */
struct weir_store {
	struct weir_store_table **top;
	unsigned long nr_top;
	u32 unit_mask;
	atomic_long_t nr_pages;
	atomic_long_t nr_tables;
	int node;
};

/* The budget of all stores together. */

/* Called once, before the first store is made. @pages: most pages of data */
void weir_store_init(unsigned long pages);

/* What it was set to, and how much of it is used, in pages. From any context. */
unsigned long weir_store_limit_pages(void);
unsigned long weir_store_used_pages(void);

/* Stores come and go. Both may sleep; nothing else may use the store meanwhile. */

/**
 * weir_store_resize() - make room for so many bytes
 * @s: zeroed memory, or a store; what is past the new end is given back
 * @block: bytes of a logical block, a power of two up to 64 KiB
 * @node: for the pages from now on
 *
 * Return: 0, or -ENOMEM with the store as it was.
 */
int weir_store_resize(struct weir_store *s, u64 bytes, u32 block, int node);

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
 * For volatile.c, which replaces whole pages and keeps the old ones. It keeps everybody
 * away but readers.
 */

/* Return: where a page's place is, with its tables; NULL if there is no memory. */
struct weir_store_slot *weir_store_make_slot(struct weir_store *s, u64 index, bool may_sleep);

/* Return: a page to be put there, charged, its bytes undefined; NULL past the limit. */
void *weir_store_new_page(struct weir_store *s, bool may_sleep);

/*
 * Put a page (or none) there. Takes the unit's lock, and so a reader who is at it reads
 * again: one in several pieces would find both pages else. Units are pages where this is
 * used. Return: what was there
 */
void *weir_store_swap(struct weir_store *s, struct weir_store_slot *slot, void *page);

/* Free a page that is in no store any more, when nobody can be reading it. */
void weir_store_drop(void *page);

/*
 * A read or write goes unit by unit (weir_store_part()). Of a read each unit is
 * weir_store_read_begin(), any number of weir_store_get(), and all of that again as
 * long as weir_store_read_again() says so, inside weir_store_enter(). Of a write it
 * is weir_store_write_begin(), any number of weir_store_put(), and
 * weir_store_write_end(); before the first and after the last unit come
 * weir_store_charge() and weir_store_uncharge().
 */

/* The lock of whoever reads pages, unless the caller holds it already. */
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

/* Finding pages. Indexes count pages from the start of the disk. */

/* Return: the lowest table for a page, &weir_store_no_leaf if there is none yet. It stays. */
static inline struct weir_store_leaf *weir_store_leaf_at(struct weir_store *s, u64 index)
{
	struct weir_store_table **top = s->top, *t;

	t = READ_ONCE(top[index >> (WEIR_STORE_SLOT_SHIFT + WEIR_STORE_LEAF_SHIFT)]);
	return READ_ONCE(t->leaf[(index >> WEIR_STORE_SLOT_SHIFT) & (WEIR_STORE_LEAVES - 1)]);
}

/* Return: the place of a page, to be read only. */
static inline struct weir_store_slot *weir_store_slot_at(struct weir_store *s, u64 index)
{
	return &weir_store_leaf_at(s, index)->slot[index & (WEIR_STORE_SLOTS - 1)];
}

/* Return: the first place of the unit that @pos is in, NULL if there is none yet. */
static inline struct weir_store_slot *weir_store_unit_at(struct weir_store *s, u64 pos)
{
	const u64 index = (pos >> PAGE_SHIFT) & ~(u64)s->unit_mask;
	struct weir_store_leaf *leaf = weir_store_leaf_at(s, index);

	if (unlikely(leaf == &weir_store_no_leaf))
		return NULL;
	return &leaf->slot[index & (WEIR_STORE_SLOTS - 1)];
}

/* Return: how many of @len bytes at @pos are in the first unit. */
static inline u32 weir_store_part(const struct weir_store *s, u64 pos, u64 len)
{
	const u64 unit = (u64)(s->unit_mask + 1) << PAGE_SHIFT;

	return min_t(u64, len, unit - (pos & (unit - 1)));
}

/* The lock of a unit, which its first place has. */

/* Try to take it, at once. Return: true, with preemption off; @seq is set then. */
static inline bool weir_store_trylock(struct weir_store_slot *unit, u32 *seq)
{
	preempt_disable();
	*seq = READ_ONCE(unit->seq);
	/* A full barrier: whoever sees what is written next sees the odd sequence. */
	if (likely(!(*seq & 1)) && likely(try_cmpxchg(&unit->seq, seq, *seq + 1)))
		return true;
	preempt_enable();
	return false;
}

/* Take it. Return: what weir_store_unlock() wants; preemption is off until then. */
static inline u32 weir_store_lock(struct weir_store_slot *unit)
{
	u32 seq;

	while (!weir_store_trylock(unit, &seq))
		cpu_relax();
	return seq;
}

/* Give it back. @changed: the unit is not what it was, so that readers try again */
static inline void weir_store_unlock(struct weir_store_slot *unit, u32 seq, bool changed)
{
	/* After what was written. */
	smp_store_release(&unit->seq, changed ? seq + 2 : seq);
	preempt_enable();
}

/* Reading */

/**
 * struct weir_store_reader - somebody who reads a unit
 * @unit: its first place
 * @seq: as it was when the reader began
 * @tries: so often is it read without the lock before it is read with it
 * @locked: the reader has the lock
 */
struct weir_store_reader {
	struct weir_store_slot *unit;
	u32 seq;
	u32 tries;
	bool locked;
};

static inline void weir_store_read_try(struct weir_store_reader *r)
{
	r->locked = !r->tries;
	if (r->locked) {
		r->seq = weir_store_lock(r->unit);
		return;
	}
	r->tries--;
	/* What is copied is read after that. */
	while ((r->seq = smp_load_acquire(&r->unit->seq)) & 1)
		cpu_relax();
}

/* Begin to read the unit that @pos is in. Inside weir_store_enter(). */
static inline void weir_store_read_begin(struct weir_store *s, u64 pos,
					 struct weir_store_reader *r)
{
	r->unit = weir_store_slot_at(s, (pos >> PAGE_SHIFT) & ~(u64)s->unit_mask);
	r->tries = 4;
	weir_store_read_try(r);
}

/*
 * Is the unit to be read again, from its beginning, because it has changed? Ends the
 * read if not.
 */
static inline bool weir_store_read_again(struct weir_store_reader *r)
{
	if (unlikely(r->locked)) {
		weir_store_unlock(r->unit, r->seq, false);
		return false;
	}
	smp_rmb(); /* what was copied was read before */
	if (likely(READ_ONCE(r->unit->seq) == r->seq))
		return false;
	weir_store_read_try(r);
	return true;
}

/* Moving bytes. A piece of them never crosses a page of the store. */

/* Return: how many of @len bytes at @pos are in the first of its pages. */
static inline u32 weir_store_piece(u64 pos, u64 len)
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

/* Return: the place of the page that @pos is in. @unit: the first of its unit */
static inline struct weir_store_slot *weir_store_slot_of(const struct weir_store *s,
							 struct weir_store_slot *unit, u64 pos)
{
	return unit + ((pos >> PAGE_SHIFT) & s->unit_mask);
}

/**
 * weir_store_get() - read a piece of a unit
 * @to: where to in memory
 * @len: 1 or more, up to the page's end
 *
 * Between weir_store_read_begin() and weir_store_read_again().
 */
static __always_inline void weir_store_get(struct weir_store *s,
					   const struct weir_store_reader *r, u64 pos,
					   void *to, u32 len)
{
	void *page = rcu_dereference(weir_store_slot_of(s, r->unit, pos)->page);

	if (likely(page))
		weir_store_copy(to, page + offset_in_page(pos), len);
	else
		memset(to, 0, len);
}

/**
 * weir_store_write_begin() - begin to write a unit, or a part of one
 * @pos: where
 * @len: up to the unit's end
 * @seq: for weir_store_write_end()
 * @credit: of weir_store_charge(); what is used of it is taken off
 *
 * Makes the pages that are not there.
 *
 * Return: the unit, locked, with preemption off; or an ERR_PTR: -ENOSPC or -ENOMEM, see
 * weir_store_zero().
 */
struct weir_store_slot *weir_store_write_begin(struct weir_store *s, u64 pos, u32 len,
					       u32 *seq, long *credit, bool may_sleep);

/* Write a piece of what was named there. @from: where from in memory */
static __always_inline void weir_store_put(struct weir_store *s,
					   struct weir_store_slot *unit, u64 pos,
					   const void *from, u32 len)
{
	/* It stays: who takes one out holds the lock. */
	void *page = rcu_dereference_protected(weir_store_slot_of(s, unit, pos)->page, true);

	weir_store_copy(page + offset_in_page(pos), from, len);
}

/* End it. */
static inline void weir_store_write_end(struct weir_store_slot *unit, u32 seq)
{
	weir_store_unlock(unit, seq, true);
}

/* The two halves of weir_store_copy_page(). */

static __always_inline bool weir_store_get_page(struct weir_store_slot *slot, void *to)
{
	u32 seq = smp_load_acquire(&slot->seq); /* before what is copied */
	void *page = rcu_dereference(slot->page);

	if (unlikely(!page))
		return false;
	copy_page(to, page);
	smp_rmb(); /* what was copied was read before */
	/* Not so if it was odd either. */
	return likely(READ_ONCE(slot->seq) == (seq & ~1));
}

static __always_inline bool weir_store_put_page(struct weir_store_slot *slot, void *from)
{
	void *page;
	u32 seq;

	if (unlikely(!rcu_access_pointer(slot->page)) ||
	    unlikely(!weir_store_trylock(slot, &seq)))
		return false;
	page = rcu_dereference_protected(slot->page, true);
	if (unlikely(!page)) {
		weir_store_unlock(slot, seq, false);
		return false;
	}
	copy_page(page, from);
	weir_store_unlock(slot, seq, true);
	return true;
}

/**
 * weir_store_copy_page() - read or write one page, if that can be done at once
 * @index: which
 * @memory: the page in memory
 * @write: from memory; else to it
 *
 * For blocks up to a page. Inline because this is the hottest path there is. Context:
 * under rcu_read_lock().
 *
 * Return: false, to be done in another way, if the store has no page there yet, or
 * somebody else is changing it.
 */
static __always_inline bool weir_store_copy_page(struct weir_store *s, u64 index,
						 void *memory, bool write)
{
	struct weir_store_slot *slot = weir_store_slot_at(s, index);

	return write ? weir_store_put_page(slot, memory) : weir_store_get_page(slot, memory);
}

#endif
