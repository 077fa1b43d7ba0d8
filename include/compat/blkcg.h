/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the block layer keeps of a cgroup, and the declarations no header has.
 *
 * blkcg-btf.h is made by scripts/elevator from the BTF of the kernel built for,
 * as elevator-btf.h is, and compared with it in the same way. It defines
 * WEIR_HAVE_GROUPS if that kernel has all that is needed here.
 *
 * Only data of a cgroup as such is used (blkcg_policy_data), none of a cgroup and
 * a disk (blkg_policy_data). The former has the same callbacks from 6.1 to 7.3, no
 * disk is frozen for it, and it is freed under the mutex under which a policy is
 * unregistered. The latter outlives blkcg_deactivate_policy() on 6.1 where a cgroup
 * was removed with I/O in flight: if the policy's module is gone when the last bio
 * is, the kernel calls pd_free_fn of a policy that is NULL.
 */
#ifndef WEIR_COMPAT_BLKCG_H
#define WEIR_COMPAT_BLKCG_H

#include <linux/bio.h>
#include <linux/blk-mq.h>
#include <linux/cgroup.h>
#include <linux/llist.h>
#include <linux/percpu-refcount.h>
#include <linux/radix-tree.h>
#include <linux/refcount.h>
#include <linux/seq_file.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>

#include "blkcg-btf.h"

#ifdef WEIR_HAVE_GROUPS

/* The policy's data of a cgroup. NULL: the policy is not registered. */
static inline struct blkcg_policy_data *
weir_blkcg_data(const struct blkcg *blkcg, const struct blkcg_policy *policy)
{
	return blkcg->cpd[policy->plid];
}

/* The same of the cgroup with this state of the io controller. */
static inline struct blkcg_policy_data *
weir_css_data(const struct cgroup_subsys_state *css,
	      const struct blkcg_policy *policy)
{
	return weir_blkcg_data(container_of(css, struct blkcg, css), policy);
}

/*
 * The cgroup a bio is charged to, NULL if none. It is where the bio's blkg is,
 * which holds a reference on it; the bio, until it is completed, on the blkg.
 */
static inline const struct blkcg *weir_bio_blkcg(const struct bio *bio)
{
	return bio->bi_blkg ? bio->bi_blkg->blkcg : NULL;
}

/* Is a bio, or NULL, charged to another cgroup than the root? */
static inline bool weir_bio_is_grouped(const struct bio *bio)
{
	return bio && bio->bi_blkg && bio->bi_blkg->parent;
}

#else

static inline bool weir_bio_is_grouped(const struct bio *bio)
{
	return false;
}

#endif

#endif
