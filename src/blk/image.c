// SPDX-License-Identifier: GPL-2.0
/* See image.h for what this is, and store/volatile.h for how one goes back. */
#include <linux/bits.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "store/volatile.h"

#include "cut.h"
#include "disk.h"
#include "image.h"
#include "loss.h"
#include "verdict.h"

/*
 * Marked are moments with so many writes since the flush, as bits; and then each time so
 * many more, for who never flushes.
 */
#define MARKED_WRITES (BIT(0) | BIT(1) | BIT(2) | BIT(4))
#define MARKED_LAST 4
#define MARKED_EVERY 32

int weir_image_history(struct weir_disk *wd, bool on)
{
	struct weir_cut *cut = &wd->cut;
	struct weir_mark *new = NULL, *old;

	lockdep_assert_held(&wd->mutex);
	if (on && !cut->cache) {
		pr_err("%s: history=1: not without a cache (cache_size, write_cache and memory_backed not 0)\n",
		       wd->name);
		return -EINVAL;
	}
	if (on) {
		new = kvmalloc_array(WEIR_MARKS_MAX, sizeof(*new), GFP_KERNEL);
		if (!new)
			return -ENOMEM;
	}
	spin_lock_irq(&cut->lock);
	old = cut->marks.mark;
	cut->marks = (struct weir_marks){ .since_flush = MARKED_LAST };
	WRITE_ONCE(cut->marks.mark, new);
	spin_unlock_irq(&cut->lock);
	kvfree(old);
	if (!!new != !!old)
		weir_volatile_keep(cut->cache, on);
	return 0;
}

static void mark(struct weir_cut *cut)
{
	struct weir_marks *m = &cut->marks;

	if (m->nr == WEIR_MARKS_MAX) {
		m->lost++;
		return;
	}
	m->mark[m->nr].view = weir_volatile_now(cut->cache);
	m->mark[m->nr].writes = m->since_flush;
	m->nr++;
}

void weir_image_flushed(struct weir_cut *cut)
{
	if (!cut->marks.mark)
		return;
	cut->marks.since_flush = 0;
	mark(cut);
}

void weir_image_written(struct weir_cut *cut)
{
	struct weir_marks *m = &cut->marks;

	if (!m->mark)
		return;
	m->since_flush++;
	if (m->since_flush <= MARKED_LAST ? MARKED_WRITES & BIT(m->since_flush) :
					    !(m->since_flush % MARKED_EVERY))
		mark(cut);
}

void weir_image_forget(struct weir_cut *cut)
{
	spin_lock_irq(&cut->lock);
	cut->marks.nr = 0;
	cut->marks.since_flush = MARKED_LAST;
	spin_unlock_irq(&cut->lock);
}

/* The moment of a mark. Return: false if there is none. */
static bool find_view(struct weir_cut *cut, u32 number, struct weir_view *view)
{
	bool found = true;

	spin_lock_irq(&cut->lock);
	if (number == WEIR_MARK_NOW)
		*view = weir_volatile_now(cut->cache);
	else if (number < cut->marks.nr)
		*view = cut->marks.mark[number].view;
	else
		found = false;
	spin_unlock_irq(&cut->lock);
	return found;
}

static int refuse(const struct weir_disk *wd, const char *why, int err)
{
	pr_err("%s: snapshot: %s\n", wd->name, why);
	return err;
}

/* Empty, as long as @wd, and all of it can be read. */
static int make_empty(struct weir_disk *wd, struct weir_disk *into)
{
	int err = weir_disk_mark(into, 0, U64_MAX - 1, false);

	if (err)
		return err;
	weir_store_free(&into->store);
	memset(&into->store, 0, sizeof(into->store));
	return weir_store_resize(&into->store, (u64)wd->set.size << 20, wd->set.bs,
				 wd->set.home_node);
}

static int take(struct weir_disk *wd, u32 number, const struct weir_view *view,
		struct weir_disk *into)
{
	struct weir_cut *cut = &wd->cut;
	struct weir_fate_plan plan;
	struct weir_fate_list *list;
	int err;

	err = make_empty(wd, into);
	if (err)
		return err;
	list = weir_loss_plan(wd, view, number, &plan);
	err = weir_volatile_image(cut->cache, &plan, view, &into->store,
				  list ? weir_loss_tell : NULL, list);
	/* Before a cut may replace it. */
	if (!err)
		err = weir_loss_mark_errors(list, into);
	weir_loss_keep_snapshot(cut, list);
	if (err == -ESTALE)
		refuse(wd, "it cannot be gone back so far: there was no memory for it", err);
	return err;
}

int weir_image_take(struct weir_disk *wd, u32 number, struct weir_disk *into)
{
	struct weir_cut *cut = &wd->cut;
	struct weir_view view;
	int err;

	lockdep_assert_held(&wd->mutex);
	if (!cut->cache)
		return refuse(wd, "there is no cache (cache_size)", -EINVAL);
	if (into->disk)
		return refuse(wd, "the other disk's power is not 0", -EBUSY);
	if (weir_cut_is_dead(cut))
		return refuse(wd, "its power is cut", -ENODEV);
	weir_volatile_keep(cut->cache, true);
	if (find_view(cut, number, &view))
		err = take(wd, number, &view, into);
	else
		err = refuse(wd, "there is no such mark", -EINVAL);
	weir_volatile_keep(cut->cache, false);
	return err;
}
