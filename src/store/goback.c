// SPDX-License-Identifier: GPL-2.0
/*
 * Going back by the records of volatile.c: in place, when the power is gone, or into
 * another store, when somebody wants to see what would be left. A page at a time is put
 * together in the scratch page, block by block: from the newest write of a block to the
 * one that stays (fault/fate.h).
 */
#include <linux/kernel.h>
#include <linux/sched.h>

#include "record.h"
#include "volatile.h"

static void survey_write(const struct weir_write *w, const struct weir_view *view, u64 nth,
			 struct weir_survey *found)
{
	const struct weir_record *r;

	if (!weir_write_is_done(w) || w->life.began > view->at ||
	    weir_fate_durable(view, &w->life))
		return;
	for (r = w->records; r; r = r->next)
		if (found->pieces++ == nth) {
			found->began = w->life.began;
			found->sector = r->index * SECTORS + find_first_bit(r->sectors, SECTORS);
		}
}

/* What follows in a list that only grows. */
static struct list_head *next_in(struct weir_volatile *v, const struct list_head *at)
{
	struct list_head *next;

	spin_lock(&v->lock);
	next = at->next;
	spin_unlock(&v->lock);
	return next;
}

static void survey_list(struct weir_volatile *v, struct list_head *list,
			const struct weir_view *view, u64 nth, struct weir_survey *found)
{
	struct list_head *at;

	for (at = next_in(v, list); at != list; at = next_in(v, at)) {
		const struct weir_write *w = list_entry(at, struct weir_write, node);

		/* Writers add to that list all the time, in this order. */
		if (list == &v->writes && w->life.began > view->at)
			break;
		survey_write(w, view, nth, found);
		cond_resched();
	}
}

static void set_walked(struct weir_volatile *v, bool walked)
{
	spin_lock(&v->lock);
	v->walked = walked;
	spin_unlock(&v->lock);
}

void weir_volatile_survey(struct weir_volatile *v, const struct weir_view *view, u64 nth,
			  struct weir_survey *found)
{
	*found = (struct weir_survey){ 0 };
	mutex_lock(&v->walking);
	set_walked(v, true);
	/* What is kept began before what is not durable yet. */
	survey_list(v, &v->kept, view, nth, found);
	survey_list(v, &v->writes, view, nth, found);
	set_walked(v, false);
	mutex_unlock(&v->walking);
}

/* How one looks back at a page; @begun: under I/O, at this event; 0: there is none */
struct look {
	struct weir_volatile *v;
	const struct weir_fate_plan *plan;
	const struct weir_view *view;
	weir_fate_fn *tell;
	void *to;
	u64 begun;
};

/* A block, or a page's share of one, in its page */
struct verdict {
	void *page;
	enum weir_fate fate;
	u64 write;
};

/*
 * Was a write done when the look began? If not, pages that were looked at earlier may lack
 * it. The answer stays, or it would be another one for the next page: its number is there
 * a moment before it can be seen.
 */
static bool was_done(const struct look *l, struct weir_write *w)
{
	if (w->asked != l->begun) {
		w->asked = l->begun;
		w->was_done = weir_write_is_done(w) && w->life.done <= l->begun;
	}
	return w->was_done;
}

/* As weir_fate_step(); but an atomic write that is under way is not in an image. */
static enum weir_step step_of(const struct look *l, struct weir_write *w, u64 sector)
{
	const enum weir_step step = weir_fate_step(l->plan, l->view, &w->life, sector);

	if (step == WEIR_STEP_LATER || !w->life.atomic || !l->begun || was_done(l, w))
		return step;
	return WEIR_STEP_LOST;
}

/*
 * From the newest write of a block to the one that stays. Caller holds the bucket's
 * lock. Nothing was to be decided if fate is WEIR_NR_FATES.
 */
static struct verdict decide(const struct look *l, struct weir_bucket *b, u64 index, u32 bit,
			     void *current_page)
{
	struct verdict found = { .page = current_page, .fate = WEIR_NR_FATES };
	const u64 sector = round_down(index * SECTORS + bit, (u64)l->v->block);
	struct weir_record *r;

	hlist_for_each_entry(r, &b->records, node) {
		enum weir_step step;

		if (r->index != index || !test_bit(bit, r->sectors))
			continue;
		step = step_of(l, r->write, sector);
		if (step == WEIR_STEP_DURABLE)
			break;
		if (step == WEIR_STEP_KEPT) {
			found.fate = found.fate == WEIR_NR_FATES ? WEIR_FATE_NEW :
								   WEIR_FATE_BETWEEN;
			found.write = r->write->life.began;
			break;
		}
		if (step == WEIR_STEP_LOST) {
			found.fate = WEIR_FATE_OLD;
			found.write = r->write->life.began;
		}
		found.page = r->old;
	}
	return found;
}

static void make_garbage(const struct look *l, u64 sector, u64 *to)
{
	u32 i;

	for (i = 0; i < SECTOR_BYTES / sizeof(*to); i++)
		to[i] = weir_fate_garbage(l->plan, sector, i);
}

/*
 * Has a page been a hole through all that may be lost? Then nothing was ever written that
 * could be damaged. Caller holds the bucket's lock.
 */
static bool was_always_hole(struct weir_bucket *b, u64 index, void *current_page)
{
	struct weir_record *r;

	if (current_page)
		return false;
	hlist_for_each_entry(r, &b->records, node)
		if (r->index == index && r->old)
			return false;
	return true;
}

/* What @found says, sector by sector, into the scratch page. */
static void put_together(const struct look *l, u64 index, u32 bit, u32 sectors, bool hole,
			 struct verdict *found)
{
	const u64 sector = index * SECTORS + bit;
	const u32 len = sectors * SECTOR_BYTES;
	void *to = l->v->scratch + bit * SECTOR_BYTES;
	u32 i;

	if (found->fate == WEIR_FATE_OLD && !hole)
		found->fate = weir_fate_damage(l->plan, round_down(sector, (u64)l->v->block));
	if (found->fate == WEIR_FATE_GARBAGE)
		for (i = 0; i < sectors; i++)
			make_garbage(l, sector + i, to + i * SECTOR_BYTES);
	else if (!found->page || found->fate == WEIR_FATE_ZEROES)
		memset(to, 0, len);
	else
		memcpy(to, found->page + bit * SECTOR_BYTES, len);
	if (found->fate != WEIR_NR_FATES && l->tell)
		l->tell(l->to, sector, sectors, found->fate, found->write);
}

/*
 * Put a page together in the scratch page. Caller holds the bucket's lock.
 * Return: false if there is nothing in it.
 */
static bool look_at(const struct look *l, struct weir_bucket *b, u64 index,
		    void *current_page)
{
	const u32 sectors = min_t(u32, l->v->block, SECTORS);
	const bool hole = was_always_hole(b, index, current_page);
	bool there = false;
	u32 bit;

	for (bit = 0; bit < SECTORS; bit += sectors) {
		struct verdict found = decide(l, b, index, bit, current_page);

		put_together(l, index, bit, sectors, hole, &found);
		there |= found.page || found.fate == WEIR_FATE_GARBAGE;
	}
	return there;
}

/* A page that can be written to: that of the store, or one it had. */
static void *page_to_settle(struct weir_volatile *v, struct weir_bucket *b, u64 index,
			    struct weir_store_slot *slot)
{
	void *page = weir_page_in(slot);
	struct weir_record *r;

	if (page)
		return page;
	hlist_for_each_entry(r, &b->records, node) {
		if (r->index != index || !r->old)
			continue;
		page = r->old;
		r->old = NULL;
		atomic_long_dec(&v->pages);
		weir_store_swap(v->store, slot, page);
		return page;
	}
	return NULL;
}

static void settle_page(const struct look *l, u64 index)
{
	struct weir_volatile *v = l->v;
	struct weir_bucket *b = weir_bucket_of(v, index);
	/* There is a record, so there is a table. */
	struct weir_store_slot *slot = weir_store_slot_at(v->store, index);
	struct weir_record *r;
	void *page;

	spin_lock(&b->lock);
	look_at(l, b, index, weir_page_in(slot));
	page = page_to_settle(v, b, index, slot);
	if (page)
		memcpy(page, v->scratch, PAGE_SIZE);
	hlist_for_each_entry(r, &b->records, node)
		if (r->index == index)
			r->settled = true;
	spin_unlock(&b->lock);
}

static void settle_list(const struct look *l, struct list_head *list)
{
	struct weir_record *r;
	struct weir_write *w;

	list_for_each_entry(w, list, node) {
		for (r = w->records; r; r = r->next)
			if (!r->settled)
				settle_page(l, r->index);
		cond_resched();
	}
}

void weir_volatile_settle(struct weir_volatile *v, const struct weir_fate_plan *plan,
			  const struct weir_view *view, weir_fate_fn *tell, void *to)
{
	const struct look l = { .v = v, .plan = plan, .view = view, .tell = tell, .to = to };

	mutex_lock(&v->going_back);
	mutex_lock(&v->walking);
	/* Without requests the lists stay as they are. */
	settle_list(&l, &v->kept);
	settle_list(&l, &v->writes);
	mutex_unlock(&v->walking);
	mutex_unlock(&v->going_back);
	weir_volatile_forget(v);
}

/* Put together a page of an image. Return: false if there is nothing in it. */
static bool image_page(const struct look *l, u64 index)
{
	struct weir_bucket *b = weir_bucket_of(l->v, index);
	struct weir_store_slot *slot = weir_store_slot_at(l->v->store, index);
	bool there = false;

	spin_lock(&b->lock);
	if (weir_page_in(slot) || !hlist_empty(&b->records))
		there = look_at(l, b, index, weir_page_in(slot));
	spin_unlock(&b->lock);
	return there;
}

/* Copy the scratch page to a store that nobody uses. */
static int copy_out(const struct look *l, struct weir_store *into, u64 index)
{
	struct weir_store_slot *slot = weir_store_make_slot(into, index, true);
	void *page;

	if (!slot)
		return -ENOMEM;
	page = weir_store_new_page(into, true);
	if (!page)
		return -ENOSPC;
	memcpy(page, l->v->scratch, PAGE_SIZE);
	weir_store_swap(into, slot, page);
	return 0;
}

static int image_all(const struct look *l, struct weir_store *into)
{
	struct weir_store *s = l->v->store;
	const u64 end = (u64)s->nr_top << (WEIR_STORE_SLOT_SHIFT + WEIR_STORE_LEAF_SHIFT);
	u64 index = 0;
	int err = 0;

	while (index < end && !err) {
		if (weir_store_leaf_at(s, index) == &weir_store_no_leaf) {
			index = (index | (WEIR_STORE_SLOTS - 1)) + 1;
			continue;
		}
		if (image_page(l, index))
			err = copy_out(l, into, index);
		index++;
		cond_resched();
	}
	return err;
}

int weir_volatile_image(struct weir_volatile *v, const struct weir_fate_plan *plan,
			const struct weir_view *view, struct weir_store *into,
			weir_fate_fn *tell, void *to)
{
	struct look l = { .v = v, .plan = plan, .view = view, .tell = tell, .to = to };
	int err;

	mutex_lock(&v->going_back);
	l.begun = weir_volatile_clock(v);
	err = image_all(&l, into);
	if (!err && view->at < weir_volatile_earliest(v))
		err = -ESTALE;
	mutex_unlock(&v->going_back);
	return err;
}
