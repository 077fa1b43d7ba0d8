// SPDX-License-Identifier: GPL-2.0
/*
 * See volatile.h for what this is. How it stays right:
 *
 * - A bucket's lock orders all that happens to its pages: a page in the store is
 *   replaced, and the record of what it was linked, under it.
 * - Writes are on one list in the order in which they began; on another when they are
 *   durable and kept for who wants to go back. A write is freed when it is on neither
 *   and its request is done.
 * - A record is dropped when its write is durable. Whatever older record of the same
 *   sectors there is must not be gone back to any more: it loses these sectors.
 * - Nothing that is volatile is lost for want of memory. A write that cannot be
 *   recorded is durable at once, with the same effect on older records; one that finds
 *   no page to be written to is written in place, by way of a spare page.
 * - An atomic write must not be durable in part, so it has the pages and records for all
 *   of it before it changes anything, or fails.
 */
#include <linux/log2.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "record.h"
#include "volatile.h"

/* So many durable writes are forgotten when one begins, at most. */
#define FORGET_AT_ONCE 16

static gfp_t record_gfp(bool may_sleep)
{
	return (may_sleep ? GFP_NOIO : GFP_NOWAIT) | __GFP_NOWARN;
}

/* Records. Callers of these hold the bucket's lock. */

static void mark_sectors(unsigned long *sectors, u32 offset, u32 len)
{
	bitmap_zero(sectors, SECTORS);
	bitmap_set(sectors, offset / SECTOR_BYTES, len / SECTOR_BYTES);
}

/* From the record at @node on, older ones of the page are no way back to @sectors. */
static void strip(struct hlist_node *node, u64 index, const unsigned long *sectors)
{
	struct weir_record *r = hlist_entry_safe(node, struct weir_record, node);

	hlist_for_each_entry_from(r, node)
		if (r->index == index)
			bitmap_andnot(r->sectors, r->sectors, sectors, SECTORS);
}

static void link_record(struct weir_volatile *v, struct weir_bucket *b, struct weir_record *r,
			void *old)
{
	r->old = old;
	if (old)
		atomic_long_inc(&v->pages);
	hlist_add_head(&r->node, &b->records);
	r->next = r->write->records;
	r->write->records = r;
	r->write->nr++;
}

/* A write that leaves no record is durable at once. */
static void untracked(struct weir_volatile *v, struct weir_bucket *b, u64 index,
		      const unsigned long *sectors)
{
	strip(b->records.first, index, sectors);
	atomic_long_inc(&v->untracked);
	WRITE_ONCE(v->earliest, weir_volatile_clock(v));
}

static struct weir_record *new_record(struct weir_write *w, u64 index, u32 offset, u32 len,
				      bool may_sleep)
{
	struct weir_record *r;

	if (!w)
		return NULL;
	r = kzalloc(sizeof(*r), record_gfp(may_sleep));
	if (!r)
		return NULL;
	r->write = w;
	r->index = index;
	mark_sectors(r->sectors, offset, len);
	return r;
}

/* Forgetting */

static void put_write(struct weir_write *w)
{
	if (refcount_dec_and_test(&w->refs))
		kfree(w);
}

/* Its records are no way back any more. It is on no list. */
static void forget_write(struct weir_volatile *v, struct weir_write *w)
{
	struct weir_record *r, *next;

	for (r = w->records; r; r = next) {
		struct weir_bucket *b = weir_bucket_of(v, r->index);

		next = r->next;
		spin_lock(&b->lock);
		strip(r->node.next, r->index, r->sectors);
		hlist_del(&r->node);
		spin_unlock(&b->lock);
		if (r->old) {
			weir_store_drop(r->old);
			atomic_long_dec(&v->pages);
		}
		kfree(r);
	}
	w->records = NULL;
	put_write(w);
}

static void forget_list(struct weir_volatile *v, struct list_head *list, bool may_sleep)
{
	struct weir_write *w, *next;

	list_for_each_entry_safe(w, next, list, node) {
		list_del(&w->node);
		forget_write(v, w);
		if (may_sleep)
			cond_resched();
	}
}

/*
 * May this write leave the list? If there is no room it is destaged, unless it is under
 * way. Caller holds v->lock.
 */
static bool may_leave(struct weir_volatile *v, struct weir_write *w, bool full)
{
	const struct weir_view view = weir_volatile_now(v);

	if (!weir_write_is_done(w))
		return false;
	if (weir_fate_durable(&view, &w->life))
		return true;
	if (!full || atomic64_read(v->clock) < 0)
		return false;
	w->life.destaged = atomic64_inc_return(v->clock) & S64_MAX;
	atomic_long_inc(&v->destaged);
	return true;
}

/*
 * Forget some of what is durable, and see to it that there is room; while somebody walks
 * the lists it has to wait for the next write.
 */
static void forget_some(struct weir_volatile *v, bool force)
{
	struct weir_write *w, *next;
	unsigned int left = FORGET_AT_ONCE;
	LIST_HEAD(gone);

	spin_lock(&v->lock);
	list_for_each_entry_safe(w, next, &v->writes, node) {
		bool full = force || v->nr > v->limit;

		if (v->walked)
			break;
		if (!may_leave(v, w, full)) {
			if (!full)
				break;
			continue;
		}
		v->nr -= w->counted;
		list_move_tail(&w->node, v->keep ? &v->kept : &gone);
		if (!--left)
			break;
	}
	spin_unlock(&v->lock);
	forget_list(v, &gone, false);
}

/* Writing */

struct weir_write *weir_volatile_begin(struct weir_volatile *v, u64 sector, bool fua,
				       bool atomic, bool may_sleep)
{
	struct weir_write *w = kzalloc(sizeof(*w), record_gfp(may_sleep));

	if (!w)
		return NULL;
	w->life.sector = sector;
	w->life.fua = fua;
	w->life.atomic = atomic;
	refcount_set(&w->refs, 2);
	forget_some(v, false);
	spin_lock(&v->lock);
	w->life.began = atomic64_inc_return(v->clock);
	list_add_tail(&w->node, &v->writes);
	spin_unlock(&v->lock);
	return w;
}

/* What is to be put into one page */
struct part {
	u64 index;
	u32 offset;
	u32 len;
	weir_fill_fn *fill;
	void *from;
	bool may_sleep;
};

static void fill_part(const struct part *p, void *page)
{
	if (p->fill)
		p->fill(p->from, page + p->offset, p->len);
	else
		memset(page + p->offset, 0, p->len);
}

/* Around the part, the page is as it was. */
static void keep_rest(const struct part *p, void *to, const void *old)
{
	const u32 end = p->offset + p->len;

	if (p->len == PAGE_SIZE)
		return;
	if (!old) {
		memset(to, 0, p->offset);
		memset(to + end, 0, PAGE_SIZE - end);
		return;
	}
	memcpy(to, old, p->offset);
	memcpy(to + end, old + end, PAGE_SIZE - end);
}

/* Memory is short: nobody can go back further than to now. */
static void forget_kept(struct weir_volatile *v)
{
	LIST_HEAD(gone);

	spin_lock(&v->lock);
	list_splice_init(&v->kept, &gone);
	WRITE_ONCE(v->earliest, weir_volatile_clock(v));
	spin_unlock(&v->lock);
	forget_list(v, &gone, true);
}

static void *new_page(struct weir_volatile *v, bool may_sleep)
{
	void *page = weir_store_new_page(v->store, may_sleep);

	if (page || !may_sleep)
		return page;
	mutex_lock(&v->walking);
	forget_some(v, true);
	forget_kept(v);
	mutex_unlock(&v->walking);
	return weir_store_new_page(v->store, may_sleep);
}

/* Change a page in place: a reader who is at it reads again. @from: NULL: zeroes */
static void overwrite(struct weir_store_slot *slot, u32 offset, const void *from, u32 len)
{
	const u32 seq = weir_store_lock(slot);

	if (from)
		memcpy(weir_page_in(slot) + offset, from, len);
	else
		memset(weir_page_in(slot) + offset, 0, len);
	weir_store_unlock(slot, seq, true);
}

/* There is no page to be had: write in place, if there is one. */
static int put_spare(struct weir_volatile *v, struct weir_store_slot *slot, const struct part *p)
{
	struct weir_bucket *b = weir_bucket_of(v, p->index);
	DECLARE_BITMAP(sectors, SECTORS);
	bool there;

	if (!p->may_sleep)
		return -ENOMEM;
	mark_sectors(sectors, p->offset, p->len);
	mutex_lock(&v->spare_lock);
	fill_part(p, v->spare);
	spin_lock(&b->lock);
	there = weir_page_in(slot);
	if (there) {
		overwrite(slot, p->offset, v->spare + p->offset, p->len);
		untracked(v, b, p->index, sectors);
	}
	spin_unlock(&b->lock);
	mutex_unlock(&v->spare_lock);
	return there ? 0 : -ENOSPC;
}

/* Put a filled page in the place of the one there is. @r: NULL: with no way back */
static void replace_page(struct weir_volatile *v, struct weir_store_slot *slot,
			 const struct part *p, void *page, struct weir_record *r)
{
	struct weir_bucket *b = weir_bucket_of(v, p->index);
	DECLARE_BITMAP(sectors, SECTORS);
	void *old;

	spin_lock(&b->lock);
	old = weir_page_in(slot);
	keep_rest(p, page, old);
	weir_store_swap(v->store, slot, page);
	if (r) {
		link_record(v, b, r, old);
	} else {
		mark_sectors(sectors, p->offset, p->len);
		untracked(v, b, p->index, sectors);
	}
	spin_unlock(&b->lock);
	if (!r && old)
		weir_store_drop(old);
}

/* @ready: of an atomic write, the record of this part, and of those after it; else NULL */
static int put_part(struct weir_volatile *v, struct weir_write *w, const struct part *p,
		    struct weir_record **ready)
{
	struct weir_store_slot *slot = weir_store_make_slot(v->store, p->index, p->may_sleep);
	struct weir_record *r = *ready;
	void *page;

	if (!slot)
		return -ENOMEM;
	if (unlikely(r)) {
		*ready = r->next;
		page = r->old;
	} else {
		page = new_page(v, p->may_sleep);
		if (!page)
			return put_spare(v, slot, p);
		r = new_record(w, p->index, p->offset, p->len, p->may_sleep);
		if (!r && !p->may_sleep) {
			weir_store_drop(page);
			return -ENOMEM;
		}
	}
	fill_part(p, page);
	replace_page(v, slot, p, page, r);
	return 0;
}

/*
 * A record and a page for a part of an atomic write, which the record has until then.
 * Return: an ERR_PTR if there is no memory
 */
static struct weir_record *prepare_part(struct weir_volatile *v, struct weir_write *w,
					const struct part *p)
{
	struct weir_record *r;
	void *page;

	if (!weir_store_make_slot(v->store, p->index, p->may_sleep))
		return ERR_PTR(-ENOMEM);
	page = new_page(v, p->may_sleep);
	if (!page)
		return ERR_PTR(p->may_sleep ? -ENOSPC : -ENOMEM);
	r = new_record(w, p->index, p->offset, p->len, p->may_sleep);
	if (!r) {
		weir_store_drop(page);
		return ERR_PTR(-ENOMEM);
	}
	r->old = page;
	return r;
}

static void drop_prepared(struct weir_record *ready)
{
	struct weir_record *next;

	for (; ready; ready = next) {
		next = ready->next;
		weir_store_drop(ready->old);
		kfree(ready);
	}
}

static void set_part(struct part *p, u64 pos, u64 len)
{
	p->index = pos >> PAGE_SHIFT;
	p->offset = offset_in_page(pos);
	p->len = weir_store_piece(pos, len);
}

/* For all parts, in order. Return: as weir_volatile_put(); @ready is NULL on an error */
static int prepare(struct weir_volatile *v, struct weir_write *w, u64 pos, u64 len,
		   struct part p, struct weir_record **ready)
{
	struct weir_record *r, **last = ready;

	for (; len; pos += p.len, len -= p.len) {
		set_part(&p, pos, len);
		r = prepare_part(v, w, &p);
		if (IS_ERR(r)) {
			drop_prepared(*ready);
			*ready = NULL;
			return PTR_ERR(r);
		}
		*last = r;
		last = &r->next;
		if (p.may_sleep)
			cond_resched();
	}
	return 0;
}

/* What a write now holds counts against the limit. */
static void count_pages(struct weir_volatile *v, struct weir_write *w)
{
	if (!w || w->nr == w->counted)
		return;
	spin_lock(&v->lock);
	v->nr += w->nr - w->counted;
	spin_unlock(&v->lock);
	w->counted = w->nr;
}

int weir_volatile_put(struct weir_volatile *v, struct weir_write *w, u64 pos, u64 len,
		      weir_fill_fn *fill, void *from, bool may_sleep)
{
	struct part p = { .fill = fill, .from = from, .may_sleep = may_sleep };
	struct weir_record *ready = NULL;
	int err = 0;

	if (w && w->life.atomic)
		err = prepare(v, w, pos, len, p, &ready);
	for (; len && !err; pos += p.len, len -= p.len) {
		set_part(&p, pos, len);
		err = put_part(v, w, &p, &ready);
		if (may_sleep)
			cond_resched();
	}
	count_pages(v, w);
	return err;
}

/*
 * Is there nothing to discard? A page that is not there, because an earlier write that
 * may be lost has taken it away, is something.
 */
static bool is_hole(struct weir_volatile *v, u64 index)
{
	struct weir_bucket *b = weir_bucket_of(v, index);
	bool hole = !rcu_access_pointer(weir_store_slot_at(v->store, index)->page);
	struct weir_record *r;

	if (!hole)
		return false;
	spin_lock(&b->lock);
	hlist_for_each_entry(r, &b->records, node)
		hole &= r->index != index;
	spin_unlock(&b->lock);
	return hole;
}

/* Take a whole page out of the store. */
static int take_out(struct weir_volatile *v, struct weir_write *w, struct weir_store_slot *slot,
		    u64 index, bool may_sleep)
{
	struct weir_record *r = new_record(w, index, 0, PAGE_SIZE, may_sleep);
	struct weir_bucket *b = weir_bucket_of(v, index);
	DECLARE_BITMAP(sectors, SECTORS);
	void *old;

	if (!r && !may_sleep)
		return -ENOMEM;
	spin_lock(&b->lock);
	old = weir_store_swap(v->store, slot, NULL);
	if (r) {
		link_record(v, b, r, old);
	} else {
		mark_sectors(sectors, 0, PAGE_SIZE);
		untracked(v, b, index, sectors);
	}
	spin_unlock(&b->lock);
	if (!r && old)
		weir_store_drop(old);
	return 0;
}

/* Where the table ends that has, or would have, a page. */
static u64 after_leaf(u64 index)
{
	return ((index | (WEIR_STORE_SLOTS - 1)) + 1) << PAGE_SHIFT;
}

int weir_volatile_discard(struct weir_volatile *v, struct weir_write *w, u64 pos, u64 len,
			  bool may_sleep)
{
	const u64 end = pos + len;
	int err = 0;

	while (pos < end && !err) {
		const u64 index = pos >> PAGE_SHIFT;
		u32 part = weir_store_piece(pos, end - pos);
		struct weir_store_slot *slot = weir_store_slot_at(v->store, index);

		if (weir_store_leaf_at(v->store, index) == &weir_store_no_leaf) {
			pos = after_leaf(index);
			continue;
		}
		if (is_hole(v, index))
			err = 0;
		else if (part == PAGE_SIZE)
			err = take_out(v, w, slot, index, may_sleep);
		else
			err = weir_volatile_put(v, w, pos, part, NULL, NULL, may_sleep);
		pos += part;
		if (may_sleep)
			cond_resched();
	}
	count_pages(v, w);
	return err;
}

/* Overwrite a part of a page, and of all it was. Caller holds the bucket's lock. */
static void erase_part(struct weir_volatile *v, struct weir_bucket *b, u64 index, u32 offset,
		       u32 len)
{
	struct weir_store_slot *slot = weir_store_slot_at(v->store, index);
	DECLARE_BITMAP(sectors, SECTORS);
	struct weir_record *r;

	hlist_for_each_entry(r, &b->records, node)
		if (r->index == index && r->old)
			memset(r->old + offset, 0, len);
	if (weir_page_in(slot))
		overwrite(slot, offset, NULL, len);
	mark_sectors(sectors, offset, len);
	untracked(v, b, index, sectors);
}

void weir_volatile_erase(struct weir_volatile *v, u64 pos, u64 len, bool may_sleep)
{
	const u64 end = pos + len;

	while (pos < end) {
		const u64 index = pos >> PAGE_SHIFT;
		struct weir_bucket *b = weir_bucket_of(v, index);
		u32 part = weir_store_piece(pos, end - pos);

		/* Where there is no table there never was a page, nor a record of one. */
		if (weir_store_leaf_at(v->store, index) == &weir_store_no_leaf) {
			pos = after_leaf(index);
			continue;
		}
		spin_lock(&b->lock);
		erase_part(v, b, index, offset_in_page(pos), part);
		spin_unlock(&b->lock);
		pos += part;
		if (may_sleep)
			cond_resched();
	}
}

/* Completion */

s64 weir_volatile_done(struct weir_volatile *v, struct weir_write *w)
{
	s64 event = atomic64_inc_return(v->clock);

	if (w) {
		/* Pairs with weir_write_is_done(). */
		smp_store_release(&w->life.done, event);
		put_write(w);
	}
	return event;
}

void weir_volatile_flushed(struct weir_volatile *v, u64 covers)
{
	if (covers > v->flushed)
		WRITE_ONCE(v->flushed, covers);
}

struct weir_view weir_volatile_now(const struct weir_volatile *v)
{
	return (struct weir_view){ .flushed = READ_ONCE(v->flushed), .at = weir_volatile_clock(v) };
}

/* Keeping the way back */

void weir_volatile_keep(struct weir_volatile *v, bool keep)
{
	LIST_HEAD(gone);

	mutex_lock(&v->walking);
	spin_lock(&v->lock);
	if (keep && !v->keep++)
		WRITE_ONCE(v->earliest, weir_volatile_clock(v));
	else if (!keep && !--v->keep)
		list_splice_init(&v->kept, &gone);
	spin_unlock(&v->lock);
	mutex_unlock(&v->walking);
	forget_list(v, &gone, true);
}

u64 weir_volatile_earliest(const struct weir_volatile *v)
{
	return READ_ONCE(v->earliest);
}

/* Coming and going */

struct weir_volatile *weir_volatile_new(struct weir_store *s, atomic64_t *clock, u64 bytes,
					u32 block_bytes)
{
	const u64 pages = max_t(u64, bytes >> PAGE_SHIFT, 1);
	const u32 bits = clamp_t(u32, ilog2(pages), 6, 16);
	struct weir_volatile *v;
	u32 i;

	v = kvzalloc(struct_size(v, bucket, 1UL << bits), GFP_KERNEL);
	if (!v)
		return NULL;
	v->scratch = kmalloc(PAGE_SIZE, GFP_KERNEL);
	v->spare = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!v->scratch || !v->spare) {
		kfree(v->scratch);
		kfree(v->spare);
		kvfree(v);
		return NULL;
	}
	v->store = s;
	v->clock = clock;
	v->limit = pages;
	v->block = block_bytes / SECTOR_BYTES;
	v->bits = bits;
	spin_lock_init(&v->lock);
	INIT_LIST_HEAD(&v->writes);
	INIT_LIST_HEAD(&v->kept);
	mutex_init(&v->walking);
	mutex_init(&v->going_back);
	mutex_init(&v->spare_lock);
	for (i = 0; i < 1U << bits; i++)
		spin_lock_init(&v->bucket[i].lock);
	return v;
}

void weir_volatile_forget(struct weir_volatile *v)
{
	mutex_lock(&v->going_back);
	mutex_lock(&v->walking);
	forget_list(v, &v->kept, true);
	forget_list(v, &v->writes, true);
	v->nr = 0;
	WRITE_ONCE(v->earliest, weir_volatile_clock(v));
	mutex_unlock(&v->walking);
	mutex_unlock(&v->going_back);
}

void weir_volatile_free(struct weir_volatile *v)
{
	if (!v)
		return;
	weir_volatile_forget(v);
	WARN_ON_ONCE(atomic_long_read(&v->pages));
	mutex_destroy(&v->going_back);
	mutex_destroy(&v->walking);
	mutex_destroy(&v->spare_lock);
	kfree(v->scratch);
	kfree(v->spare);
	kvfree(v);
}

void weir_volatile_stats(const struct weir_volatile *v, struct weir_volatile_stats *s)
{
	s->flushed = READ_ONCE(v->flushed);
	s->pages = atomic_long_read(&v->pages);
	s->destaged = atomic_long_read(&v->destaged);
	s->untracked = atomic_long_read(&v->untracked);
}
