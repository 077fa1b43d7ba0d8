/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A media model on the bench: closed loops of commands, and what came of them.
 * Every command that is decided is checked: once, not before it was submitted, and
 * its parts are its latency.
 */
#ifndef RIG_H
#define RIG_H

#include "media.h"

#define RIG_MAX 1024

struct rig {
	struct weir_media *m;
	u64 now;
	u64 done;	/* commands */
	u64 latency;	/* the sum of theirs */
	u64 parts[WEIR_MEDIA_NR_PARTS];
	struct weir_media_cmd cmd[RIG_MAX];
	bool busy[RIG_MAX];
};

/* Every number at its lowest, and a plain device: no time but the medium's own. */
struct weir_model rig_model(enum weir_media_kind kind);

void rig_open(struct rig *r, const struct weir_model *model, u64 capacity, u32 queues);
void rig_close(struct rig *r);
void rig_retune(struct rig *r, const struct weir_model *model);

/* Submit cmd[i], as it is filled in, at r->now. */
void rig_submit(struct rig *r, u32 i);
void rig_put(struct rig *r, u32 i, enum weir_media_op op, u64 sector, u64 sectors);

/* Go on to the next time at which anything happens; false: nothing will. */
bool rig_step(struct rig *r);

/* Until all that is under way is done. */
void rig_drain(struct rig *r);

/* One command alone. Return: its latency. */
u64 rig_one(struct rig *r, enum weir_media_op op, u64 sector, u64 sectors);

struct rig_load {
	enum weir_media_op op;
	u32 depth;
	u32 queue;
	u64 sectors;
	u64 area;	/* random within so many sectors; 0: in sequence from @from */
	u64 from;
	u64 count;
};

/* Keep depth commands, cmd[0] and following, under way. Return: the time it took. */
u64 rig_loop(struct rig *r, const struct rig_load *load);

u64 rig_random(void);

#endif
