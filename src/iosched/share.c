// SPDX-License-Identifier: GPL-2.0
/*
 * Weights of groups in a tree, as io.weight shares:
 *
 * - A group that has an active flow, itself or below, is active. The others do
 *   not count: what they leave is shared by the rest (work is conserved).
 * - The root has the whole disk. What a group has is shared among its active
 *   child groups by their weights. block/blk-iocost.c calls the outcome hweight.
 * - The flows of a group share what the group has by their own weights.
 * - A group with both flows and active child groups: all of its flows together
 *   count as one more child of the default weight, 100, however many they are.
 *   With cgroup2 that is the root, and a moment while processes are moved.
 *   (iocost counts them to the root, bfq each on its own.)
 *
 * Sums are not kept from one round to the next: the first flow that is added to a
 * group in a round clears what was left of an older one. A flow costs one step
 * for each level until a group that is active already, and its part one division
 * for each level.
 */
#include <linux/bits.h>
#include <linux/math64.h>

#include "share.h"

/*
 * Parts are computed in units of 1/2^32. One more factor of 32 bits still fits in
 * 64: a flow's weight may be any, and a group's is at most 10000. The sums of the
 * weights are 64 bits for as many flows as memory holds.
 */
#define ALL BIT_ULL(32)
#define SCALE (ALL / WEIR_SHARE_ALL)

/* The group's sums are of this round from here on. True: they were not. */
static bool begin(struct weir_share *group, u64 round)
{
	if (group->round == round)
		return false;
	group->round = round;
	group->flows = 0;
	group->groups = 0;
	/* A weight that changes meanwhile must not differ from the sum it is in. */
	group->counted = READ_ONCE(group->weight);
	return true;
}

void weir_share_add(struct weir_share *group, u64 round, u32 weight)
{
	bool first = begin(group, round);

	group->flows += weight;
	while (first && group->parent) {
		struct weir_share *parent = group->parent;

		first = begin(parent, round);
		parent->groups += group->counted;
		group = parent;
	}
}

static u64 part_of(u64 whole, u32 weight, u64 among)
{
	return div64_u64(whole * weight, max_t(u64, among, weight));
}

u32 weir_share_part(const struct weir_share *group, u64 round, u32 weight)
{
	u64 part;

	if (group->round != round || !weight)
		return 1;
	part = part_of(ALL, weight, group->flows);
	if (group->groups)
		part = part_of(part, WEIR_WEIGHT_DEFAULT,
			       group->groups + WEIR_WEIGHT_DEFAULT);
	for (; group->parent; group = group->parent) {
		const struct weir_share *parent = group->parent;
		u64 among = parent->groups;

		if (parent->flows)
			among += WEIR_WEIGHT_DEFAULT;
		part = part_of(part, group->counted, among);
	}
	return max_t(u64, part / SCALE, 1);
}
