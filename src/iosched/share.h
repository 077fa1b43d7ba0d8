/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A flow's part of the disk in a tree of weighted groups. Pure: compiled into
 * the module and into tests/unit. share.c has the rules.
 */
#ifndef WEIR_SHARE_H
#define WEIR_SHARE_H

#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/types.h>

/* The whole disk; parts are counted in it. */
#define WEIR_SHARE_ALL 65536

/* The weights a group can have (those of io.weight), and has at first. */
#define WEIR_WEIGHT_MIN 1
#define WEIR_WEIGHT_MAX 10000
#define WEIR_WEIGHT_DEFAULT 100

/**
 * struct weir_share - a group in the tree
 * @parent: the group above, NULL for the root
 * @weight: against its siblings; may be written by others at any time
 * @round: the round in which the members below were last begun anew
 * @counted: @weight as it was added to the parent's @groups
 * @flows: the sum of the weights of the group's own flows
 * @groups: the sum of @counted of the child groups in which there are flows
 *
 * Zeroed memory is a group with no flows; the owner sets @parent and @weight.
 * All but @weight belongs to whoever has the round.
 */
struct weir_share {
	struct weir_share *parent;
	u32 weight;
	u64 round;
	u32 counted;
	u64 flows;
	u64 groups;
};

/**
 * weir_share_add() - an active flow of a group takes part in a round
 * @group: whose flow it is
 * @round: the round's number, another one than in any round before, not 0
 * @weight: the flow's, against the other flows of the group
 *
 * All flows of a round are added before the first is asked for its part.
 */
void weir_share_add(struct weir_share *group, u64 round, u32 weight);

/**
 * weir_share_part() - what part of the disk is a flow's
 * @group: as added
 * @round: as added
 * @weight: as added
 *
 * Return: 1 to WEIR_SHARE_ALL. The parts of all flows of a round make
 * WEIR_SHARE_ALL together, up to rounding: down, but never to 0. A flow that was
 * not added, or has no weight, gets 1.
 */
u32 weir_share_part(const struct weir_share *group, u64 round, u32 weight);

#endif
