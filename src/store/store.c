// SPDX-License-Identifier: GPL-2.0
/*
 * See store.h for what this is. How it stays right:
 *
 * - A slot goes from NULL to a page by cmpxchg, without a lock, and back with the
 *   unit's lock held, so a page has exactly one owner that frees it, and a writer
 *   who holds the lock keeps what it found.
 * - A new page is zeroed before it is published, and reads as what was there
 *   before. So pages are made without the lock, where sleeping is allowed; who then
 *   finds with the lock that a discard has taken one away makes it again.
 * - Whoever reads a page is under rcu_read_lock(); whoever takes one out frees it
 *   through call_rcu(). A caller that may not sleep brings the RCU lock along: blk-mq
 *   calls ->queue_rq under it.
 * - What a reader copied counts only if the unit's sequence has stayed the same.
 * - Pages are charged to one budget before they are allocated. Near the limit
 *   a write first charges all it will need, so that it fails before it has
 *   written anything. Tables (0.4 % of what they map) are counted, not refused.
 */
#include <linux/bits.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "store.h"

/*
 * The budget of all stores. Touched when a page comes or goes, not when one is
 * overwritten.
 */
static atomic_long_t used_pages;
static unsigned long limit_pages __read_mostly;

/* With less than this left, a write charges all its pages first. */
#define NEARLY_FULL 4096

/* Where there is no table: see struct weir_store_leaf. */
struct weir_store_leaf weir_store_no_leaf __ro_after_init;
static struct weir_store_table no_table __ro_after_init;

static void make_empty(struct weir_store_table *t)
{
	unsigned int i;

	for (i = 0; i < WEIR_STORE_LEAVES; i++)
		t->leaf[i] = &weir_store_no_leaf;
}

void __init weir_store_init(unsigned long pages)
{
	limit_pages = pages;
	make_empty(&no_table);
}

unsigned long weir_store_limit_pages(void)
{
	return limit_pages;
}

unsigned long weir_store_used_pages(void)
{
	return atomic_long_read(&used_pages);
}

/* Whoever finds a disk of 4 GiB full after 1 GiB is to know why. */
static void say_full(void)
{
	pr_warn_ratelimited("memory_limit=%lu MiB for the data of all disks is reached: writes to new places fail with ENOSPC\n",
			    limit_pages >> (20 - PAGE_SHIFT));
}

/* All or nothing: a charge that fails must not make another one fail. */
static bool charge(long pages)
{
	long used = atomic_long_read(&used_pages);

	if (!pages)
		return true;
	do {
		if (used + pages > (long)limit_pages) {
			say_full();
			return false;
		}
	} while (!atomic_long_try_cmpxchg(&used_pages, &used, used + pages));
	return true;
}

void weir_store_uncharge(long pages)
{
	if (pages)
		atomic_long_sub(pages, &used_pages);
}

static gfp_t store_gfp(bool may_sleep)
{
	return (may_sleep ? GFP_NOIO : GFP_NOWAIT) | __GFP_NOWARN;
}

/* Put a page of table where there is none. What is there wins. */
static void *fill_table(struct weir_store *s, void **where, void *none, void *new)
{
	void *old;

	if (!new)
		return NULL;
	old = cmpxchg(where, none, new);
	if (old != none) {
		free_page((unsigned long)new);
		return old;
	}
	atomic_long_inc(&s->nr_tables);
	return new;
}

static struct weir_store_table *make_table(struct weir_store *s, u64 nr_leaf, bool may_sleep)
{
	struct weir_store_table **where = &s->top[nr_leaf >> WEIR_STORE_LEAF_SHIFT];
	struct weir_store_table *t = READ_ONCE(*where);

	if (t != &no_table)
		return t;
	t = (void *)__get_free_page(store_gfp(may_sleep));
	if (t)
		make_empty(t);
	return fill_table(s, (void **)where, &no_table, t);
}

static struct weir_store_slot *make_slot(struct weir_store *s, u64 index, bool may_sleep)
{
	const u64 nr_leaf = index >> WEIR_STORE_SLOT_SHIFT;
	struct weir_store_table *t = make_table(s, nr_leaf, may_sleep);
	struct weir_store_leaf **where, *leaf;

	if (!t)
		return NULL;
	where = &t->leaf[nr_leaf & (WEIR_STORE_LEAVES - 1)];
	leaf = READ_ONCE(*where);
	if (leaf == &weir_store_no_leaf)
		leaf = fill_table(s, (void **)where, &weir_store_no_leaf,
				  (void *)get_zeroed_page(store_gfp(may_sleep)));
	return leaf ? &leaf->slot[index & (WEIR_STORE_SLOTS - 1)] : NULL;
}

/* Put a zeroed page where there is none. @credit counts pages charged already. */
static int make_page(struct weir_store *s, u64 index, long *credit, bool may_sleep)
{
	struct weir_store_slot *slot = make_slot(s, index, may_sleep);
	struct page *page;
	void *old;

	if (!slot)
		return -ENOMEM;
	if (rcu_access_pointer(slot->page))
		return 0;
	if (*credit)
		--*credit;
	else if (!charge(1))
		return -ENOSPC;
	page = alloc_pages_node(s->node, store_gfp(may_sleep) | __GFP_ZERO, 0);
	if (!page) {
		weir_store_uncharge(1);
		return -ENOMEM;
	}
	old = unrcu_pointer(cmpxchg(&slot->page, NULL, RCU_INITIALIZER(page_address(page))));
	if (old) {
		__free_page(page);
		weir_store_uncharge(1);
	} else {
		atomic_long_inc(&s->nr_pages);
	}
	return 0;
}

static int make_pages(struct weir_store *s, u64 pos, u32 len, long *credit, bool may_sleep)
{
	u64 index = pos >> PAGE_SHIFT, last = (pos + len - 1) >> PAGE_SHIFT;
	int err = 0;

	for (; !err && index <= last; index++)
		err = make_page(s, index, credit, may_sleep);
	return err;
}

/* Has a unit all the pages of a range that lies in it? */
static bool all_there(struct weir_store *s, struct weir_store_slot *unit, u64 pos, u32 len)
{
	struct weir_store_slot *slot = weir_store_slot_of(s, unit, pos);
	struct weir_store_slot *last = weir_store_slot_of(s, unit, pos + len - 1);

	for (; slot <= last; slot++)
		if (!rcu_access_pointer(slot->page))
			return false;
	return true;
}

struct weir_store_slot *weir_store_write_begin(struct weir_store *s, u64 pos, u32 len,
					       u32 *seq, long *credit, bool may_sleep)
{
	struct weir_store_slot *unit;
	int err;

	for (;;) {
		unit = weir_store_unit_at(s, pos);
		if (likely(unit)) {
			*seq = weir_store_lock(unit);
			if (likely(all_there(s, unit, pos, len)))
				return unit;
			weir_store_unlock(unit, *seq, false);
		}
		err = make_pages(s, pos, len, credit, may_sleep);
		if (err)
			return ERR_PTR(err);
	}
}

int weir_store_charge(struct weir_store *s, u64 pos, u64 len, long *credit)
{
	u64 index = pos >> PAGE_SHIFT, last = (pos + len - 1) >> PAGE_SHIFT;
	long holes = 0;

	*credit = 0;
	if (likely(weir_store_used_pages() + (last - index) + NEARLY_FULL <=
		   limit_pages))
		return 0;
	for (; index <= last; index++)
		holes += !rcu_access_pointer(weir_store_slot_at(s, index)->page);
	if (!charge(holes))
		return -ENOSPC;
	*credit = holes;
	return 0;
}

/* Zero a part of a page that is there, with its unit's lock held. */
static void zero_piece(struct weir_store_slot *slot, u64 pos, u32 len)
{
	memset(rcu_dereference_protected(slot->page, true) + offset_in_page(pos), 0, len);
}

/* Zero a unit, or a part of one; its pages stay, or are made. */
static int zero_part(struct weir_store *s, u64 pos, u32 len, long *credit, bool may_sleep)
{
	struct weir_store_slot *unit;
	u32 piece, seq;

	unit = weir_store_write_begin(s, pos, len, &seq, credit, may_sleep);
	if (IS_ERR(unit))
		return PTR_ERR(unit);
	for (; len; pos += piece, len -= piece) {
		piece = weir_store_piece(pos, len);
		zero_piece(weir_store_slot_of(s, unit, pos), pos, piece);
	}
	weir_store_write_end(unit, seq);
	return 0;
}

static int zero_and_keep(struct weir_store *s, u64 pos, u64 len, bool may_sleep)
{
	long credit;
	int err = weir_store_charge(s, pos, len, &credit);
	u32 part;

	for (; !err && len; pos += part, len -= part) {
		part = weir_store_part(s, pos, len);
		err = zero_part(s, pos, part, &credit, may_sleep);
		if (may_sleep)
			cond_resched();
	}
	weir_store_uncharge(credit);
	return err;
}

static void free_page_rcu(struct rcu_head *head)
{
	__free_page(container_of(head, struct page, rcu_head));
}

struct weir_store_slot *weir_store_make_slot(struct weir_store *s, u64 index, bool may_sleep)
{
	return make_slot(s, index, may_sleep);
}

void *weir_store_new_page(struct weir_store *s, bool may_sleep)
{
	struct page *page;

	if (!charge(1))
		return NULL;
	page = alloc_pages_node(s->node, store_gfp(may_sleep), 0);
	if (page)
		return page_address(page);
	weir_store_uncharge(1);
	return NULL;
}

void *weir_store_swap(struct weir_store *s, struct weir_store_slot *slot, void *page)
{
	const u32 seq = weir_store_lock(slot);
	void *old = rcu_dereference_protected(slot->page, true);

	rcu_assign_pointer(slot->page, page);
	weir_store_unlock(slot, seq, true);
	atomic_long_add(!!page - !!old, &s->nr_pages);
	return old;
}

void weir_store_drop(void *page)
{
	weir_store_uncharge(1);
	call_rcu(&virt_to_page(page)->rcu_head, free_page_rcu);
}

/* Take a page out that is there, with its unit's lock held. */
static void drop_page(struct weir_store *s, struct weir_store_slot *slot, bool secure)
{
	void *page = unrcu_pointer(xchg(&slot->page, NULL));

	if (secure)
		clear_page(page);
	atomic_long_dec(&s->nr_pages);
	weir_store_uncharge(1);
	call_rcu(&virt_to_page(page)->rcu_head, free_page_rcu);
}

/* Discard a unit, or a part of one. Pages are given back, parts of them zeroed. */
static void discard_part(struct weir_store *s, struct weir_store_slot *unit, u64 pos,
			 u32 len, bool secure)
{
	u32 piece, seq = weir_store_lock(unit);

	for (; len; pos += piece, len -= piece) {
		struct weir_store_slot *slot = weir_store_slot_of(s, unit, pos);

		piece = weir_store_piece(pos, len);
		if (!rcu_access_pointer(slot->page))
			continue;
		if (piece == PAGE_SIZE)
			drop_page(s, slot, secure);
		else
			zero_piece(slot, pos, piece);
	}
	weir_store_unlock(unit, seq, true);
}

void weir_store_discard(struct weir_store *s, u64 pos, u64 len, bool secure,
			bool may_sleep)
{
	const u64 leaf = (u64)PAGE_SIZE << WEIR_STORE_SLOT_SHIFT;
	u64 end = pos + len;

	while (pos < end) {
		struct weir_store_slot *unit = weir_store_unit_at(s, pos);
		u32 part = weir_store_part(s, pos, end - pos);

		if (!unit) {
			pos = (pos | (leaf - 1)) + 1;
			continue;
		}
		discard_part(s, unit, pos, part, secure);
		pos += part;
		if (may_sleep)
			cond_resched();
	}
}

int weir_store_zero(struct weir_store *s, u64 pos, u64 len, bool unmap,
		    bool may_sleep)
{
	if (!unmap)
		return zero_and_keep(s, pos, len, may_sleep);
	weir_store_discard(s, pos, len, false, may_sleep);
	return 0;
}

static void free_leaf(struct weir_store *s, struct weir_store_leaf *leaf)
{
	unsigned int i;

	for (i = 0; i < WEIR_STORE_SLOTS; i++) {
		void *page = rcu_access_pointer(leaf->slot[i].page);

		if (!page)
			continue;
		free_page((unsigned long)page);
		atomic_long_dec(&s->nr_pages);
		weir_store_uncharge(1);
	}
	free_page((unsigned long)leaf);
	atomic_long_dec(&s->nr_tables);
	cond_resched();
}

static void free_table(struct weir_store *s, unsigned long index)
{
	struct weir_store_table *t = s->top[index];
	unsigned int i;

	if (t == &no_table)
		return;
	for (i = 0; i < WEIR_STORE_LEAVES; i++)
		if (t->leaf[i] != &weir_store_no_leaf)
			free_leaf(s, t->leaf[i]);
	free_page((unsigned long)t);
	atomic_long_dec(&s->nr_tables);
}

/* 512 MiB, with pages of 4 KiB; 32 GiB with 16 */
#define TOP_SHIFT (PAGE_SHIFT + WEIR_STORE_SLOT_SHIFT + WEIR_STORE_LEAF_SHIFT)
#define TOP_BYTES BIT_ULL(TOP_SHIFT)

int weir_store_resize(struct weir_store *s, u64 bytes, u32 block, int node)
{
	const unsigned long nr = (bytes + TOP_BYTES - 1) >> TOP_SHIFT;
	const unsigned long kept = min(nr, s->nr_top);
	struct weir_store_table **top;
	unsigned long i;

	top = kvmalloc_array(nr, sizeof(*top), GFP_KERNEL);
	if (!top)
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		top[i] = i < kept ? s->top[i] : &no_table;
	for (i = kept; i < s->nr_top; i++)
		free_table(s, i);
	s->unit_mask = block > PAGE_SIZE ? (block >> PAGE_SHIFT) - 1 : 0;
	if (bytes < kept * TOP_BYTES)
		weir_store_discard(s, bytes, kept * TOP_BYTES - bytes, false, true);
	kvfree(s->top);
	s->top = top;
	s->nr_top = nr;
	s->node = node;
	return 0;
}

void weir_store_free(struct weir_store *s)
{
	unsigned long i;

	for (i = 0; i < s->nr_top; i++)
		free_table(s, i);
	kvfree(s->top);
	WARN_ON_ONCE(atomic_long_read(&s->nr_pages));
	WARN_ON_ONCE(atomic_long_read(&s->nr_tables));
}
