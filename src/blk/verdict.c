// SPDX-License-Identifier: GPL-2.0
/*
 * Which requests may be done. Bad sectors change under I/O: a change makes a new
 * array (fault/bad.c) and replaces the old one, which requests may still be reading
 * under RCU.
 */
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "config/config.h"
#include "fault/bad.h"

#include "disk.h"
#include "hctx.h"
#include "verdict.h"

/* What configfs takes from an attribute, whatever the size of a page */
#define BAD_TEXT_MAX 4096

/* Bad sectors, and what it takes to free them behind a reader's back */
struct weir_bad_sectors {
	struct rcu_head rcu;
	struct weir_bad bad;
};

static bool touches_bad(struct weir_disk *wd, u64 first, u64 nr_sectors)
{
	struct weir_bad_sectors *b;
	bool is_bad;

	rcu_read_lock();
	b = rcu_dereference(wd->bad);
	is_bad = b && weir_bad_hit(&b->bad, first, first + nr_sectors - 1);
	rcu_read_unlock();
	return is_bad;
}

int weir_verdict(struct weir_disk *wd, const struct request *rq)
{
	if (wd->set.read_only && op_is_write(req_op(rq)))
		return -EIO;
	if (blk_rq_sectors(rq) &&
	    touches_bad(wd, blk_rq_pos(rq), blk_rq_sectors(rq)))
		return -EIO;
	return 0;
}

int weir_disk_mark(struct weir_disk *wd, u64 first, u64 last, bool is_bad)
{
	struct weir_bad_sectors *old, *new;
	u32 nr;

	old = rcu_dereference_protected(wd->bad, lockdep_is_held(&weir_config_mutex));
	nr = old ? old->bad.nr : 0;
	new = kvmalloc(struct_size(new, bad.range, nr + 1), GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	if (is_bad)
		weir_bad_add(old ? &old->bad : NULL, first, last, &new->bad);
	else
		weir_bad_remove(old ? &old->bad : NULL, first, last, &new->bad);
	nr = new->bad.nr;
	if (nr > WEIR_BAD_MAX || !nr) {
		kvfree(new);
		new = NULL;
	}
	if (nr > WEIR_BAD_MAX)
		return -ENOSPC;

	rcu_assign_pointer(wd->bad, new);
	WRITE_ONCE(wd->check, wd->set.read_only || new);
	if (wd->disk)
		weir_queues_check(wd);
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

	b = rcu_dereference_protected(wd->bad, lockdep_is_held(&weir_config_mutex));
	for (i = 0; b && i < b->bad.nr; i++) {
		const struct weir_bad_range *r = &b->bad.range[i];
		int more = scnprintf(line, sizeof(line), "%llu %llu\n", r->first,
				     r->last - r->first + 1);

		if (len + more >= BAD_TEXT_MAX)
			break;
		memcpy(page + len, line, more + 1);
		len += more;
	}
	return len;
}
