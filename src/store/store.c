// SPDX-License-Identifier: GPL-2.0
/*
 * See store.h for what this is. How it stays right:
 *
 * - A slot goes from NULL to a page by cmpxchg and back by xchg, so a page has
 *   exactly one owner that frees it.
 * - A new page is filled before it is published: nobody reads what the page
 *   held before.
 * - Whoever uses a page found in a slot is under rcu_read_lock(); whoever takes
 *   one out frees it through call_rcu(). A caller that may not sleep brings the
 *   lock along: blk-mq calls ->queue_rq under it.
 * - Pages are charged to one budget before they are allocated. Near the limit
 *   a write first charges all it will need, so that it fails before it has
 *   written anything. Tables (0.2 % of what they map) are counted, not refused.
 */
#include <linux/mm.h>
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

void weir_store_limit(unsigned long pages)
{
	limit_pages = pages;
}

unsigned long weir_store_limit_pages(void)
{
	return limit_pages;
}

unsigned long weir_store_used_pages(void)
{
	return atomic_long_read(&used_pages);
}

/* All or nothing: a charge that fails must not make another one fail. */
static bool charge(long pages)
{
	long used = atomic_long_read(&used_pages);

	if (!pages)
		return true;
	do {
		if (used + pages > (long)limit_pages)
			return false;
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

/* Put a zeroed table page where there is none. What is there wins. */
static void *fill_table(struct weir_store *s, void **where, bool may_sleep)
{
	void *old = READ_ONCE(*where), *new;

	if (old)
		return old;
	new = (void *)get_zeroed_page(store_gfp(may_sleep));
	if (!new)
		return NULL;
	old = cmpxchg(where, NULL, new);
	if (old) {
		free_page((unsigned long)new);
		return old;
	}
	atomic_long_inc(&s->nr_tables);
	return new;
}

static struct page __rcu **make_slot(struct weir_store *s, u64 index,
				     bool may_sleep)
{
	const u64 nr_leaf = index >> WEIR_STORE_SLOT_SHIFT;
	struct weir_store_table *t, **where = &s->top[nr_leaf >> WEIR_STORE_SLOT_SHIFT];
	struct weir_store_leaf *leaf;

	t = fill_table(s, (void **)where, may_sleep);
	if (!t)
		return NULL;
	leaf = fill_table(s, (void **)&t->leaf[nr_leaf & (WEIR_STORE_SLOTS - 1)],
			  may_sleep);
	return leaf ? &leaf->page[index & (WEIR_STORE_SLOTS - 1)] : NULL;
}

/* @from: NULL: zeroes. Within one page */
static void put_part(struct page *page, u64 pos, const void *from, u32 len)
{
	void *to = kmap_local_page(page);

	if (from)
		weir_store_copy(to + offset_in_page(pos), from, len);
	else
		memset(to + offset_in_page(pos), 0, len);
	kunmap_local(to);
}

/*
 * Write where there is no page yet. @credit counts pages charged already.
 */
static __always_inline int write_new_page(struct weir_store *s, u64 pos,
					  const void *from, u32 len, long *credit,
					  bool may_sleep)
{
	struct page __rcu **slot = make_slot(s, pos >> PAGE_SHIFT, may_sleep);
	gfp_t gfp = store_gfp(may_sleep) | __GFP_HIGHMEM;
	struct page *page, *old;

	if (!slot)
		return -ENOMEM;
	if (*credit)
		--*credit;
	else if (!charge(1))
		return -ENOSPC;
	if (len < PAGE_SIZE)
		gfp |= __GFP_ZERO;
	page = alloc_pages_node(s->node, gfp, 0);
	if (!page) {
		weir_store_uncharge(1);
		return -ENOMEM;
	}
	put_part(page, pos, from, len);

	weir_store_enter(may_sleep);
	old = unrcu_pointer(cmpxchg(slot, NULL, RCU_INITIALIZER(page)));
	if (old)
		put_part(old, pos, from, len);
	weir_store_leave(may_sleep);
	if (old) {
		__free_page(page);
		weir_store_uncharge(1);
	} else {
		atomic_long_inc(&s->nr_pages);
	}
	return 0;
}

int weir_store_write_new(struct weir_store *s, u64 pos, const void *from, u32 len,
			 long *credit, bool may_sleep)
	__must_hold(RCU)
{
	int err;

	weir_store_leave(may_sleep);
	err = write_new_page(s, pos, from, len, credit, may_sleep);
	weir_store_enter(may_sleep);
	return err;
}

int weir_store_charge(struct weir_store *s, u64 pos, u64 len, long *credit)
{
	u64 index = pos >> PAGE_SHIFT, last = (pos + len - 1) >> PAGE_SHIFT;
	long holes = 0;

	*credit = 0;
	if (likely(weir_store_used_pages() + (last - index) + NEARLY_FULL <=
		   limit_pages))
		return 0;
	rcu_read_lock();
	for (; index <= last; index++)
		holes += !weir_store_page_at(s, index);
	rcu_read_unlock();
	if (!charge(holes))
		return -ENOSPC;
	*credit = holes;
	return 0;
}

/* Zero a part of a page that stays, or is made. Inside weir_store_enter(). */
static int zero_part(struct weir_store *s, u64 pos, u32 len, long *credit, bool may_sleep)
{
	struct page *page = weir_store_page_at(s, pos >> PAGE_SHIFT);

	if (!page)
		return weir_store_write_new(s, pos, NULL, len, credit, may_sleep);
	put_part(page, pos, NULL, len);
	return 0;
}

static int zero_and_keep(struct weir_store *s, u64 pos, u64 len, bool may_sleep)
{
	long credit;
	int err = weir_store_charge(s, pos, len, &credit);
	u32 part;

	for (; !err && len; pos += part, len -= part) {
		part = weir_store_part(pos, len);
		weir_store_enter(may_sleep);
		err = zero_part(s, pos, part, &credit, may_sleep);
		weir_store_leave(may_sleep);
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

static void drop_page(struct weir_store *s, struct weir_store_leaf *leaf,
		      u64 index, bool secure)
{
	struct page __rcu **slot = &leaf->page[index & (WEIR_STORE_SLOTS - 1)];
	struct page *page;

	if (!rcu_access_pointer(*slot))
		return;
	page = unrcu_pointer(xchg(slot, NULL));
	if (!page)
		return;
	if (secure)
		clear_highpage(page);
	atomic_long_dec(&s->nr_pages);
	weir_store_uncharge(1);
	call_rcu(&page->rcu_head, free_page_rcu);
}

/* Zero the part of a page, if there is one; the page stays. */
static void zero_if_there(struct weir_store *s, u64 pos, u32 len)
{
	struct page *page;

	rcu_read_lock();
	page = weir_store_page_at(s, pos >> PAGE_SHIFT);
	if (page)
		put_part(page, pos, NULL, len);
	rcu_read_unlock();
}

void weir_store_discard(struct weir_store *s, u64 pos, u64 len, bool secure,
			bool may_sleep)
{
	u64 end = pos + len;

	while (pos < end) {
		u64 index = pos >> PAGE_SHIFT;
		struct weir_store_leaf *leaf = weir_store_leaf_at(s, index);
		u32 part = weir_store_part(pos, end - pos);

		if (!leaf) {
			pos = ((index | (WEIR_STORE_SLOTS - 1)) + 1) << PAGE_SHIFT;
			continue;
		}
		if (part == PAGE_SIZE)
			drop_page(s, leaf, index, secure);
		else
			zero_if_there(s, pos, part);
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
		struct page *page = rcu_access_pointer(leaf->page[i]);

		if (!page)
			continue;
		__free_page(page);
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

	if (!t)
		return;
	for (i = 0; i < WEIR_STORE_SLOTS; i++)
		if (t->leaf[i])
			free_leaf(s, t->leaf[i]);
	free_page((unsigned long)t);
	atomic_long_dec(&s->nr_tables);
}

#define TOP_BYTES ((u64)PAGE_SIZE << (2 * WEIR_STORE_SLOT_SHIFT))

int weir_store_resize(struct weir_store *s, u64 bytes, int node)
{
	const unsigned long nr = DIV_ROUND_UP_ULL(bytes, TOP_BYTES);
	const unsigned long kept = min(nr, s->nr_top);
	struct weir_store_table **top;
	unsigned long i;

	top = kvcalloc(nr, sizeof(*top), GFP_KERNEL);
	if (!top)
		return -ENOMEM;
	for (i = 0; i < kept; i++)
		top[i] = s->top[i];
	for (; i < s->nr_top; i++)
		free_table(s, i);
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
