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

static void uncharge(long pages)
{
	atomic_long_sub(pages, &used_pages);
}

static gfp_t store_gfp(bool may_sleep)
{
	return (may_sleep ? GFP_NOIO : GFP_NOWAIT) | __GFP_NOWARN;
}

/* The lock of whoever uses pages, unless blk-mq holds it already. */

static __always_inline void enter(bool may_sleep) __acquires(RCU)
{
	if (may_sleep)
		rcu_read_lock();
	else
		__acquire(RCU);
	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "store used without RCU");
}

static __always_inline void leave(bool may_sleep) __releases(RCU)
{
	if (may_sleep)
		rcu_read_unlock();
	else
		__release(RCU);
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

/* Moving bytes. A piece never crosses a page, here or in memory. */

struct piece {
	void *addr;	/* the bytes to write; NULL: zeroes */
	u32 offset;	/* in the page of the store */
	u32 len;
};

static void copy_bytes(void *to, const void *from, u32 len)
{
	if (len == PAGE_SIZE)
		copy_page(to, (void *)from);
	else
		memcpy(to, from, len);
}

static void put_piece(struct page *page, const struct piece *p)
{
	void *to = kmap_local_page(page);

	if (p->addr)
		copy_bytes(to + p->offset, p->addr, p->len);
	else
		memset(to + p->offset, 0, p->len);
	kunmap_local(to);
}

/*
 * Write where there is no page yet. @credit counts pages charged already.
 */
static noinline int write_new_page(struct weir_store *s, u64 index,
				   const struct piece *p, long *credit,
				   bool may_sleep)
{
	struct page __rcu **slot = make_slot(s, index, may_sleep);
	gfp_t gfp = store_gfp(may_sleep) | __GFP_HIGHMEM;
	struct page *page, *old;

	if (!slot)
		return -ENOMEM;
	if (*credit)
		--*credit;
	else if (!charge(1))
		return -ENOSPC;
	if (p->len < PAGE_SIZE)
		gfp |= __GFP_ZERO;
	page = alloc_pages_node(s->node, gfp, 0);
	if (!page) {
		uncharge(1);
		return -ENOMEM;
	}
	put_piece(page, p);

	enter(may_sleep);
	old = unrcu_pointer(cmpxchg(slot, NULL, RCU_INITIALIZER(page)));
	if (old)
		put_piece(old, p);
	leave(may_sleep);
	if (old) {
		__free_page(page);
		uncharge(1);
	} else {
		atomic_long_inc(&s->nr_pages);
	}
	return 0;
}

/* Caller is inside enter(), which is left to make a page. */
static int write_piece(struct weir_store *s, u64 index, const struct piece *p,
		       long *credit, bool may_sleep)
	__must_hold(RCU)
{
	struct page *page = weir_store_page_at(s, index);
	int err;

	if (likely(page)) {
		put_piece(page, p);
		return 0;
	}
	leave(may_sleep);
	err = write_new_page(s, index, p, credit, may_sleep);
	enter(may_sleep);
	return err;
}

/* Caller is inside enter(). */
static void read_piece(struct weir_store *s, u64 index, const struct piece *p)
{
	struct page *page = weir_store_page_at(s, index);
	void *from;

	if (unlikely(!page)) {
		memset(p->addr, 0, p->len);
		return;
	}
	from = kmap_local_page(page);
	copy_bytes(p->addr, from + p->offset, p->len);
	kunmap_local(from);
}

/*
 * The limit. Far from it a write charges page by page; near it the write is
 * measured first. Writers that race past this check may still meet -ENOSPC
 * half-way, in their own range only.
 */
static int charge_ahead(struct weir_store *s, u64 pos, u64 len, long *credit)
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

static u32 piece_len(u64 pos, u64 len)
{
	return min_t(u64, len, PAGE_SIZE - offset_in_page(pos));
}

/*
 * Move one segment of a request, which lies in one page of memory, but in two
 * of the store where a block is smaller than a page.
 */
static __always_inline int move_segment(struct weir_store *s, u64 pos,
					struct bio_vec bv, bool write,
					long *credit, bool may_sleep)
{
	void *addr = kmap_local_page(bv.bv_page);
	struct piece p = { .addr = addr + bv.bv_offset };
	u32 left = bv.bv_len;
	int err = 0;

	do {
		u64 index = pos >> PAGE_SHIFT;

		p.offset = offset_in_page(pos);
		p.len = piece_len(pos, left);
		if (write)
			err = write_piece(s, index, &p, credit, may_sleep);
		else
			read_piece(s, index, &p);
		pos += p.len;
		p.addr += p.len;
		left -= p.len;
	} while (unlikely(left) && !err);
	kunmap_local(addr);
	return err;
}

static noinline int move_request(struct weir_store *s, struct request *rq,
				 bool write, long *credit, bool may_sleep)
{
	u64 pos = (u64)blk_rq_pos(rq) << SECTOR_SHIFT;
	struct bio *bio;
	int err = 0;

	for (bio = rq->bio; bio && !err; bio = bio->bi_next) {
		struct bvec_iter iter = bio->bi_iter;

		while (!err) {
			struct bio_vec bv = bio_iter_iovec(bio, iter);

			err = move_segment(s, pos, bv, write, credit, may_sleep);
			if (!write)
				flush_dcache_page(bv.bv_page);
			if (bv.bv_len == iter.bi_size)
				break;
			pos += bv.bv_len;
			bio_advance_iter_single(bio, &iter, bv.bv_len);
		}
		pos += iter.bi_size;
	}
	return err;
}

int weir_store_read(struct weir_store *s, struct request *rq, bool may_sleep)
{
	enter(may_sleep);
	move_request(s, rq, false, NULL, may_sleep);
	leave(may_sleep);
	return 0;
}

int weir_store_write(struct weir_store *s, struct request *rq, bool may_sleep)
{
	u64 pos = (u64)blk_rq_pos(rq) << SECTOR_SHIFT;
	long credit;
	int err;

	err = charge_ahead(s, pos, blk_rq_bytes(rq), &credit);
	if (unlikely(err))
		return err;
	enter(may_sleep);
	err = move_request(s, rq, true, &credit, may_sleep);
	leave(may_sleep);
	if (unlikely(credit))
		uncharge(credit);
	return err;
}

static int zero_and_keep(struct weir_store *s, u64 pos, u64 len, bool may_sleep)
{
	struct piece p = { .addr = NULL };
	long credit;
	int err = charge_ahead(s, pos, len, &credit);

	for (; !err && len; pos += p.len, len -= p.len) {
		p.offset = offset_in_page(pos);
		p.len = piece_len(pos, len);
		enter(may_sleep);
		err = write_piece(s, pos >> PAGE_SHIFT, &p, &credit, may_sleep);
		leave(may_sleep);
		if (may_sleep)
			cond_resched();
	}
	if (credit)
		uncharge(credit);
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
	uncharge(1);
	call_rcu(&page->rcu_head, free_page_rcu);
}

/* Zero the part of a page, if there is one; the page stays. */
static void zero_part(struct weir_store *s, u64 pos, u32 len)
{
	struct piece p = { .offset = offset_in_page(pos), .len = len };
	struct page *page;

	rcu_read_lock();
	page = weir_store_page_at(s, pos >> PAGE_SHIFT);
	if (page)
		put_piece(page, &p);
	rcu_read_unlock();
}

void weir_store_discard(struct weir_store *s, u64 pos, u64 len, bool secure,
			bool may_sleep)
{
	u64 end = pos + len;

	while (pos < end) {
		u64 index = pos >> PAGE_SHIFT;
		struct weir_store_leaf *leaf = weir_store_leaf_at(s, index);
		u32 part = piece_len(pos, end - pos);

		if (!leaf) {
			pos = ((index | (WEIR_STORE_SLOTS - 1)) + 1) << PAGE_SHIFT;
			continue;
		}
		if (part == PAGE_SIZE)
			drop_page(s, leaf, index, secure);
		else
			zero_part(s, pos, part);
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
		uncharge(1);
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
