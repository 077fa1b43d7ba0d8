/* SPDX-License-Identifier: GPL-2.0 */
/* Control groups: to be filled in (group.c). */
#ifndef WEIR_GROUP_H
#define WEIR_GROUP_H

#include <linux/types.h>

struct bio;
struct weir_group;
struct weir_group_round { u64 weight; };

static inline struct weir_group *weir_group_of(struct bio *bio) { return NULL; }
static inline void weir_group_begin(struct weir_group_round *round) { round->weight = 0; }
static inline void weir_group_add(struct weir_group_round *round, struct weir_group *group, u32 weight)
{
	round->weight += weight;
}
static inline u32 weir_group_share(struct weir_group_round *round, struct weir_group *group, u32 weight)
{
	u32 share = 65536ULL * weight / (u32)round->weight;

	return share ? share : 1;
}
#endif
