/* SPDX-License-Identifier: GPL-2.0 */
/* What a power cut takes: a plan before, a list after. */
#ifndef WEIR_LOSS_H
#define WEIR_LOSS_H

#include <linux/types.h>

#include "fault/fate.h"

struct weir_cut;
struct weir_disk;

/* A run of blocks with one fate, in one write */
struct weir_fate_entry {
	u64 sector;
	u64 write;
	u32 sectors;
	enum weir_fate fate;
};

/**
 * struct weir_fate_list - what became of the blocks that were volatile at a moment
 * @plan: the adversary's
 * @view: the moment
 * @seed: what the plan was made from
 * @number: likewise
 * @nr: entries, by sector
 * @room: for as many
 * @cut_short: there were more
 * @entry: they
 */
struct weir_fate_list {
	struct weir_fate_plan plan;
	struct weir_view view;
	u64 seed;
	u64 number;
	u32 nr;
	u32 room;
	bool cut_short;
	struct weir_fate_entry entry[];
};

/**
 * weir_loss_plan() - what the adversary is up to
 * @number: of the cut; with the seed, it makes the plan
 * @plan: filled in
 *
 * Called by cut.c and image.c for a disk with a cache. May sleep.
 *
 * Return: an empty list with room for what he does; NULL, with a message, if there is
 * no memory for it: there is a plan, but no list then.
 */
struct weir_fate_list *weir_loss_plan(struct weir_disk *wd, const struct weir_view *view,
				      u64 number, struct weir_fate_plan *plan);

/* weir_fate_fn, for a list. Blocks that go on with one fate are one entry. */
void weir_loss_tell(void *to, u64 sector, u32 sectors, enum weir_fate fate, u64 write);

/* Sort it, and put it in the place of the one there was. @list: may be NULL */
void weir_loss_keep(struct weir_cut *cut, struct weir_fate_list *list);

/*
 * The same for a snapshot's: if the power has been cut meanwhile, the list is freed, and the
 * cut's stays.
 */
void weir_loss_keep_snapshot(struct weir_cut *cut, struct weir_fate_list *list);

/**
 * weir_loss_mark_errors() - what is to be unreadable becomes bad sectors
 * @list: may be NULL; nobody may change it meanwhile
 * @wd: the disk that has the sectors
 *
 * Called with the disk's mutex held. Return: 0, or as weir_disk_mark(), with a message.
 */
int weir_loss_mark_errors(const struct weir_fate_list *list, struct weir_disk *wd);

#endif
