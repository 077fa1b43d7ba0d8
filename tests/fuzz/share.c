// SPDX-License-Identifier: GPL-2.0
/* Any tree of groups, any flows: the parts make up the disk, none is nothing. */
#include "fuzz.h"
#include "share.h"

#define GROUPS 12
#define FLOWS 24

struct flow {
	u32 group;
	u32 weight;
};

static u32 any_flows(struct bytes *b, struct flow *flow)
{
	u32 nr = 1 + take_below(b, FLOWS), i;

	for (i = 0; i < nr; i++) {
		flow[i].group = take_below(b, GROUPS);
		flow[i].weight = take_from(b, 1, ~0U);
	}
	return nr;
}

static void check_round(struct weir_share *group, u64 round, struct bytes *b)
{
	struct flow flow[FLOWS];
	u32 nr = any_flows(b, flow), i, j;
	u64 sum = 0, part[FLOWS];

	for (i = 0; i < nr; i++)
		weir_share_add(&group[flow[i].group], round, flow[i].weight);
	for (i = 0; i < nr; i++) {
		part[i] = weir_share_part(&group[flow[i].group], round, flow[i].weight);
		HOLDS(part[i] >= 1 && part[i] <= WEIR_SHARE_ALL);
		sum += part[i];
	}
	/* Rounded down, but not to 0 */
	HOLDS(sum <= WEIR_SHARE_ALL + nr && sum + 2 * nr >= WEIR_SHARE_ALL);
	for (i = 0; i < nr; i++)
		for (j = 0; j < nr; j++)
			if (flow[i].group == flow[j].group)
				HOLDS(flow[i].weight > flow[j].weight || part[i] <= part[j]);
	HOLDS(weir_share_part(&group[flow[0].group], round + 1, 100) == 1);
	HOLDS(weir_share_part(&group[flow[0].group], round, 0) == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_share group[GROUPS] = { 0 };
	struct bytes b = { data, size };
	u64 round = 0;
	u32 i;

	for (i = 0; i < GROUPS; i++) {
		group[i].parent = i ? &group[take_below(&b, i)] : NULL;
		group[i].weight = take_from(&b, WEIR_WEIGHT_MIN, WEIR_WEIGHT_MAX);
	}
	while (b.left) {
		check_round(group, ++round, &b);
		group[take_below(&b, GROUPS)].weight =
			take_from(&b, WEIR_WEIGHT_MIN, WEIR_WEIGHT_MAX);
	}
	return 0;
}
