// SPDX-License-Identifier: GPL-2.0
/*
 * What a power cut takes: the adversary's plan, from the settings and from what is
 * volatile, and the list of what has become of it.
 */
#include <linux/blkdev.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "store/volatile.h"

#include "disk.h"
#include "loss.h"
#include "verdict.h"

static struct weir_fate_list *new_list(u64 pieces)
{
	/* A piece is in one page, and has at most so many fates. */
	const u64 room = min_t(u64, pieces * PAGE_SECTORS, SZ_1M);
	struct weir_fate_list *list;

	list = kvzalloc(struct_size(list, entry, room), GFP_KERNEL | __GFP_NOWARN);
	if (list)
		list->room = room;
	return list;
}

void weir_loss_tell(void *to, u64 sector, u32 sectors, enum weir_fate fate, u64 write)
{
	struct weir_fate_list *list = to;
	struct weir_fate_entry *e = list->entry + list->nr - 1;

	if (list->nr && e->sector + e->sectors == sector && e->fate == fate && e->write == write) {
		e->sectors += sectors;
		return;
	}
	if (list->nr == list->room) {
		list->cut_short = true;
		return;
	}
	list->entry[list->nr++] = (struct weir_fate_entry){
		.sector = sector, .sectors = sectors, .fate = fate, .write = write,
	};
}

static int by_sector(const void *a, const void *b)
{
	const struct weir_fate_entry *x = a, *y = b;

	if (x->sector != y->sector)
		return x->sector < y->sector ? -1 : 1;
	return 0;
}

/* Pages were settled one by one: what goes on in the next is one entry, too. */
static void tidy(struct weir_fate_list *list)
{
	const u32 nr = list->nr;
	u32 i;

	sort(list->entry, nr, sizeof(list->entry[0]), by_sector, NULL);
	list->nr = 0;
	for (i = 0; i < nr; i++) {
		const struct weir_fate_entry e = list->entry[i];

		weir_loss_tell(list, e.sector, e.sectors, e.fate, e.write);
	}
}

void weir_loss_keep(struct weir_cut *cut, struct weir_fate_list *list)
{
	if (list)
		tidy(list);
	mutex_lock(&cut->list_lock);
	swap(cut->list, list);
	mutex_unlock(&cut->list_lock);
	kvfree(list);
}

void weir_loss_keep_snapshot(struct weir_cut *cut, struct weir_fate_list *list)
{
	if (list)
		tidy(list);
	mutex_lock(&cut->list_lock);
	/* Else the cut has still to come, and replaces this one. */
	if (!weir_cut_is_dead(cut))
		swap(cut->list, list);
	mutex_unlock(&cut->list_lock);
	kvfree(list);
}

struct weir_fate_list *weir_loss_plan(struct weir_disk *wd, const struct weir_view *view,
				      u64 number, struct weir_fate_plan *plan)
{
	const struct weir_settings *s = &wd->set;
	const u64 seed = READ_ONCE(s->cut_seed);
	struct weir_survey found;
	struct weir_fate_list *list;

	weir_fate_init(plan, seed, number, READ_ONCE(s->cut_mode));
	plan->first = READ_ONCE(s->cut_first);
	plan->last = READ_ONCE(s->cut_last);
	plan->damage = READ_ONCE(s->cut_damage);
	weir_volatile_survey(wd->cut.cache, view, 0, &found);
	if (found.pieces) {
		weir_volatile_survey(wd->cut.cache, view,
				     weir_fate_target(plan, found.pieces), &found);
		weir_fate_aim(plan, found.sector, found.began);
	}
	list = new_list(found.pieces);
	if (!list) {
		pr_warn("%s: no memory for the list of what the power cut takes\n", wd->name);
		return NULL;
	}
	list->plan = *plan;
	list->view = *view;
	list->seed = seed;
	list->number = number;
	return list;
}

int weir_loss_mark_errors(const struct weir_fate_list *list, struct weir_disk *wd)
{
	int err = 0;
	u32 i;

	for (i = 0; list && i < list->nr && !err; i++) {
		const struct weir_fate_entry *e = &list->entry[i];

		if (e->fate == WEIR_FATE_ERROR)
			err = weir_disk_mark(wd, e->sector, e->sector + e->sectors - 1, true);
	}
	if (err)
		pr_warn("%s: not every sector that is to be unreadable is: error %d\n",
			wd->name, err);
	return err;
}
