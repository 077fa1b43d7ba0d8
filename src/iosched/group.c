// SPDX-License-Identifier: GPL-2.0
/*
 * Control groups and their file io.weir.weight.
 *
 * A group is what the block layer keeps for this policy with each cgroup that has
 * the io controller: struct blkcg_policy_data, one for all disks. It needs no
 * activation for a disk, so attaching the elevator and cgroups that come and go do
 * not meet. What keeps a group:
 *
 * - a bio: it holds its blkg until it is completed, the blkg its blkcg (a css),
 *   and the blkcg its data;
 * - a flow of the elevator: it holds its group's css until its place is another's
 *   or the elevator is detached (flow.c);
 * - a child group: a css holds its parent until after its own data is freed;
 * - RCU: a css is freed by queue_rcu_work(), a grace period after its last
 *   reference, and its data with it. So says every kernel from 6.1 to 7.3;
 * - the file: a reader or writer holds the css, and removing the files, which is
 *   first in unregistering, waits for them. A file that is still open then says
 *   ENODEV.
 *
 * Unregistering frees the groups of all cgroups, dead ones too, under the mutex
 * under which a css frees its own. Nobody has a bio then that asks for one: the
 * elevator is gone.
 *
 * Sums of a round are in the groups, which all disks share: one round at a time.
 * A round is short (some 20 ns a flow and level, 1024 flows at most) and ten a
 * second for a busy disk.
 */
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "group.h"
#include "share.h"

/* Who has the round: its number, the groups' sums and their links. */
static DEFINE_SPINLOCK(round_lock);
static u64 round;

/* The root's, whether there are groups or not. Its weight has no siblings. */
static struct weir_share root = { .weight = WEIR_WEIGHT_DEFAULT };

#ifdef WEIR_HAVE_GROUPS

struct weir_group {
	struct blkcg_policy_data data;	/* first: the block layer's */
	struct weir_share share;
};

static struct blkcg_policy policy;
/* Set before there is any elevator, cleared when there is none any more. */
static bool registered __read_mostly;

static struct weir_group *group_of_data(struct blkcg_policy_data *data)
{
	return data ? container_of(data, struct weir_group, data) : NULL;
}

static struct weir_group *group_of_css(const struct cgroup_subsys_state *css)
{
	return group_of_data(weir_css_data(css, &policy));
}

/* The group above, NULL if that is the root or this one is. */
static struct weir_group *above(const struct weir_group *group)
{
	const struct cgroup_subsys_state *css = group->data.blkcg->css.parent;

	return css && css->parent ? group_of_css(css) : NULL;
}

/*
 * A group's place in the tree, with a link from it to each group above. Links are
 * made when first asked for: a group is allocated before it has a parent.
 */
static struct weir_share *share_of(struct weir_group *group)
{
	struct weir_share *share;

	if (!group)
		return &root;
	share = &group->share;
	/* One that has a link has them all the way up, and keeps them. */
	while (group && !group->share.parent) {
		struct weir_group *parent = above(group);

		group->share.parent = parent ? &parent->share : &root;
		group = parent;
	}
	return share;
}

struct weir_group *weir_group_of_bio(const struct bio *bio)
{
	if (!registered)
		return NULL;
	return group_of_data(weir_blkcg_data(weir_bio_blkcg(bio), &policy));
}

void weir_group_get(struct weir_group *group)
{
	if (group)
		css_get(&group->data.blkcg->css);
}

void weir_group_put(struct weir_group *group)
{
	if (group)
		css_put(&group->data.blkcg->css);
}

bool weir_group_is_removed(struct weir_group *group)
{
	return css_is_dying(&group->data.blkcg->css);
}

static struct blkcg_policy_data *alloc_data(gfp_t gfp)
{
	struct weir_group *group = kzalloc(sizeof(*group), gfp);

	if (!group)
		return NULL;
	group->share.weight = WEIR_WEIGHT_DEFAULT;
	return &group->data;
}

static void free_data(struct blkcg_policy_data *data)
{
	kfree(group_of_data(data));
}

static int weight_show(struct seq_file *file, void *unused)
{
	struct weir_group *group = group_of_css(seq_css(file));

	seq_printf(file, "default %u\n", READ_ONCE(group->share.weight));
	return 0;
}

/*
 * "N" or "default N". -EINVAL if it is no whole number, -ERANGE if it is not one
 * from 1 to 10000; nothing is changed then.
 */
static ssize_t weight_write(struct kernfs_open_file *file, char *text,
			    size_t length, loff_t offset)
{
	struct weir_group *group = group_of_css(of_css(file));
	const char *number = strim(text);
	u32 weight;
	int err;

	if (str_has_prefix(number, "default "))
		number = skip_spaces(number + strlen("default "));
	err = kstrtou32(number, 10, &weight);
	if (!err && (weight < WEIR_WEIGHT_MIN || weight > WEIR_WEIGHT_MAX))
		err = -ERANGE;
	if (err) {
		/* A cgroup's owner need not be root. */
		pr_err_ratelimited("io.weir.weight is '%*pE': want a whole number from %d to %d, or default and one\n",
				   (int)strnlen(number, 32), number,
				   WEIR_WEIGHT_MIN, WEIR_WEIGHT_MAX);
		return err;
	}
	WRITE_ONCE(group->share.weight, weight);
	return length;
}

/* With cgroup2 only, where the io controller is enabled. */
static struct cftype files[] = {
	{
		.name = "weir.weight",
		.flags = CFTYPE_NOT_ON_ROOT,
		.seq_show = weight_show,
		.write = weight_write,
	},
	{}
};

static struct blkcg_policy policy = {
	.dfl_cftypes = files,
	.cpd_alloc_fn = alloc_data,
	.cpd_free_fn = free_data,
};

void weir_group_register(void)
{
	int err = blkcg_policy_register(&policy);

	if (err)
		pr_warn("no io.weir.weight, all cgroups are as one: the kernel takes no more policies for block I/O (error %d)\n",
			err);
	registered = !err;
}

void weir_group_unregister(void)
{
	if (registered)
		blkcg_policy_unregister(&policy);
	registered = false;
}

#else

static struct weir_share *share_of(struct weir_group *group)
{
	return &root;
}

#endif

void weir_group_begin(void)
	__acquires(&round_lock)
{
	spin_lock(&round_lock);
	round++;
}

void weir_group_add(struct weir_group *group, u32 weight)
{
	lockdep_assert_held(&round_lock);
	weir_share_add(share_of(group), round, weight);
}

u32 weir_group_share(struct weir_group *group, u32 weight)
{
	lockdep_assert_held(&round_lock);
	return weir_share_part(share_of(group), round, weight);
}

void weir_group_end(void)
	__releases(&round_lock)
{
	spin_unlock(&round_lock);
}
