// SPDX-License-Identifier: GPL-2.0
/*
 * Which requests may be done. Bad sectors change under I/O: a change makes a new
 * array (fault/bad.c) and replaces the old one, which requests may still be reading
 * under RCU.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "config/config.h"
#include "fault/bad.h"

#include "cut.h"
#include "disk.h"
#include "hctx.h"
#include "inject.h"
#include "verdict.h"

/* What configfs takes from an attribute, whatever the size of a page */
#define BAD_TEXT_MAX 4096

/**
 * struct weir_bad_sectors - bad sectors, and what it takes to free them behind a
 *                           reader's back
 * @rcu: frees them
 * @met: bit by range, with badblocks_once: a request has met it, and it is good again
 * @bad: the ranges
 */
struct weir_bad_sectors {
	struct rcu_head rcu;
	DECLARE_BITMAP(met, WEIR_BAD_MAX);
	struct weir_bad bad;
};

/*
 * The first bad range that a request meets. With badblocks_once it is the only one:
 * of all requests at once, one has it.
 */
static bool meets_bad(struct weir_disk *wd, u64 first, u64 nr_sectors, u64 *bad_first)
{
	const u64 last = first + nr_sectors - 1;
	struct weir_bad_sectors *b;
	bool is_bad = false;
	u32 i = 0;

	rcu_read_lock();
	b = rcu_dereference(wd->bad);
	if (b)
		i = weir_bad_find(&b->bad, first);
	for (; b && !is_bad && i < b->bad.nr && b->bad.range[i].first <= last; i++) {
		is_bad = !wd->set.badblocks_once || !test_and_set_bit(i, b->met);
		*bad_first = max(first, b->bad.range[i].first);
	}
	rcu_read_unlock();
	return is_bad;
}

/* How much of a read or write comes before its first bad block */
static u32 before_bad(const struct weir_disk *wd, const struct request *rq, u64 bad_first)
{
	u64 first = blk_rq_pos(rq), block = wd->set.bs >> SECTOR_SHIFT;

	if (!wd->set.badblocks_partial_io)
		return 0;
	return (round_down(bad_first, block) - first) << SECTOR_SHIFT;
}

/* A discard may have several ranges, anywhere on the disk. */
static bool discard_meets_bad(struct weir_disk *wd, struct request *rq)
{
	struct bio *bio;
	u64 bad_first;

	__rq_for_each_bio(bio, rq)
		if (bio_sectors(bio) &&
		    meets_bad(wd, bio->bi_iter.bi_sector, bio_sectors(bio), &bad_first))
			return true;
	return false;
}

void weir_verdict_update(struct weir_disk *wd)
{
	bool check = wd->set.read_only || rcu_access_pointer(wd->bad) || READ_ONCE(wd->gone) ||
		     weir_cut_on(&wd->cut) || weir_inject_any(wd);

	WRITE_ONCE(wd->check, check);
	if (wd->disk)
		weir_queues_check(wd);
}

int weir_verdict(struct weir_disk *wd, struct request *rq, u32 *good_bytes)
{
	u64 bad_first;

	if (READ_ONCE(wd->gone))
		return -EIO;
	if (weir_cut_on(&wd->cut) && weir_cut_take(wd, rq))
		return -EIO;
	if (wd->set.read_only && op_is_write(req_op(rq)))
		return -EIO;
	if (req_op(rq) == REQ_OP_DISCARD)
		return discard_meets_bad(wd, rq) ? -EIO : 0;
	if (!blk_rq_sectors(rq) ||
	    !meets_bad(wd, blk_rq_pos(rq), blk_rq_sectors(rq), &bad_first))
		return 0;
	if (req_op(rq) == REQ_OP_READ || req_op(rq) == REQ_OP_WRITE)
		*good_bytes = before_bad(wd, rq, bad_first);
	return -EIO;
}

/* The bad sectors as they are, without ranges that are good again; NULL if none. */
static struct weir_bad_sectors *still_bad(struct weir_disk *wd)
{
	struct weir_bad_sectors *b, *left;
	u32 i;

	b = rcu_dereference_protected(wd->bad, lockdep_is_held(&wd->mutex));
	left = kvzalloc(struct_size(left, bad.range, b ? b->bad.nr : 0), GFP_KERNEL);
	if (!left)
		return NULL;
	for (i = 0; b && i < b->bad.nr; i++)
		if (!test_bit(i, b->met))
			left->bad.range[left->bad.nr++] = b->bad.range[i];
	return left;
}

int weir_disk_mark(struct weir_disk *wd, u64 first, u64 last, bool is_bad)
{
	struct weir_bad_sectors *left, *old, *new;
	u32 nr;

	left = still_bad(wd);
	if (!left)
		return -ENOMEM;
	new = kvzalloc(struct_size(new, bad.range, left->bad.nr + 1), GFP_KERNEL);
	if (!new) {
		kvfree(left);
		return -ENOMEM;
	}
	if (is_bad)
		weir_bad_add(&left->bad, first, last, &new->bad);
	else
		weir_bad_remove(&left->bad, first, last, &new->bad);
	kvfree(left);
	nr = new->bad.nr;
	if (nr > WEIR_BAD_MAX || !nr) {
		kvfree(new);
		new = NULL;
	}
	if (nr > WEIR_BAD_MAX)
		return -ENOSPC;

	old = rcu_replace_pointer(wd->bad, new, lockdep_is_held(&wd->mutex));
	weir_verdict_update(wd);
	if (old)
		kvfree_rcu(old, rcu);
	return 0;
}

void weir_disk_forget_bad(struct weir_disk *wd)
{
	kvfree(rcu_access_pointer(wd->bad));
}

ssize_t weir_disk_show_bad(struct weir_disk *wd, char *page)
{
	struct weir_bad_sectors *b;
	char line[48];
	ssize_t len = 0;
	u32 i;

	b = rcu_dereference_protected(wd->bad, lockdep_is_held(&wd->mutex));
	for (i = 0; b && i < b->bad.nr; i++) {
		const struct weir_bad_range *r = &b->bad.range[i];
		int more;

		if (test_bit(i, b->met))
			continue;
		more = scnprintf(line, sizeof(line), "%llu %llu\n", r->first,
				 r->last - r->first + 1);

		if (len + more >= BAD_TEXT_MAX)
			break;
		memcpy(page + len, line, more + 1);
		len += more;
	}
	return len;
}
