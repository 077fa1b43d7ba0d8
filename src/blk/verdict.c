// SPDX-License-Identifier: GPL-2.0
/*
 * What may change while requests are under way: how many hardware queues there
 * are, and which sectors are bad.
 */
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "compat/blk.h"
#include "fault/bad.h"
#include "disk.h"

/* What configfs takes from an attribute, whatever the size of a page */
#define BAD_TEXT_MAX 4096

/* Bad sectors, and what it takes to free them behind a reader's back */
struct weir_bad_sectors {
	struct rcu_head rcu;
	struct weir_bad bad;
};

int weir_disk_set_queues(struct weir_disk *wd, const struct weir_settings *s)
{
	struct weir_tags *tags = wd->tags;
	const int nr = s->submit_queues + s->poll_queues;
	int err = 0;

	lockdep_assert_held(&weir_config_mutex);
	if (tags->submit_queues == s->submit_queues &&
	    tags->poll_queues == s->poll_queues)
		return 0;
	if (tags->owner != wd) {
		pr_err("%s: the queues of a shared tag set cannot change\n", wd->name);
		return -EINVAL;
	}
	tags->old_submit_queues = tags->submit_queues;
	tags->old_poll_queues = tags->poll_queues;
	tags->submit_queues = s->submit_queues;
	tags->poll_queues = s->poll_queues;
	tags->mapped = false;
	weir_update_nr_hw_queues(&tags->set, wd->disk->queue, nr);
	if (!tags->mapped || tags->set.nr_hw_queues != nr) {
		/* It may have given up before it asked for a map. */
		tags->submit_queues = tags->old_submit_queues;
		tags->poll_queues = tags->old_poll_queues;
		err = -ENOMEM;
	}
	WRITE_ONCE(wd->set.submit_queues, tags->submit_queues);
	WRITE_ONCE(wd->set.poll_queues, tags->poll_queues);
	if (err)
		pr_err("%s: no memory for %d hardware queues\n", wd->name, nr);
	return err;
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

/* The disk is on its way out. */
void weir_disk_forget_bad(struct weir_disk *wd)
{
	kvfree(rcu_access_pointer(wd->bad));
}

bool weir_disk_is_bad(struct weir_disk *wd, u64 first, u64 nr_sectors)
{
	struct weir_bad_sectors *b;
	bool is_bad;

	rcu_read_lock();
	b = rcu_dereference(wd->bad);
	is_bad = b && weir_bad_hit(&b->bad, first, first + nr_sectors - 1);
	rcu_read_unlock();
	return is_bad;
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
