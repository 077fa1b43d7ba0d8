// SPDX-License-Identifier: GPL-2.0
/*
 * Background writes get what reads and synchronous writes leave.
 *
 * - One step halves the depth: depth = max_depth >> step, 1 at least. Step 0 is
 *   no limit beyond the queue's own. The idea and the halving are those of
 *   Linux's writeback throttling (block/blk-wbt.c).
 * - At the end of each monitoring window the latency of reads is held against
 *   their target, and that of synchronous writes against theirs. Either one
 *   above: a step down, two when it is above four times the target.
 * - Both below three quarters: a step back up. In between nothing changes; wbt,
 *   without such a band, goes to and fro between two steps.
 * - A step down was in vain if the latency still is above its target, and neither an
 *   eighth of it is gone nor half of what was above the target: it is not the writes that
 *   make it long. The step is taken back, and none is tried for 2 windows, twice as many
 *   each time it was in vain again, 64 at most.
 * - The window is 100 ms / sqrt(step + 1). CoDel (RFC 8289, 5.3) drops at
 *   intervals shrinking as 1/sqrt(count), since the rate of many TCP flows
 *   falls with the square root of the drops; wbt took it over to look the more
 *   often the worse it is.
 * - Background writes alone for two windows: the step halves each window, and
 *   after a few the depth is whole. When somebody is back, the step returns at
 *   once to what it was with company, and goes on from there.
 * - No background writes: latency is not theirs to mend, nothing changes, but
 *   every fifth such window in a row takes a step back, as wbt does when it
 *   does not know.
 */
#include <linux/bitops.h>
#include <linux/math64.h>

#include "writeback.h"

#define WINDOW_NS 100000000ULL
#define WINDOW_MIN_NS 10000000ULL
#define PATIENCE_ALONE 2	/* windows */
#define PATIENCE_IDLE 5
#define FAR_ABOVE 4		/* times the target: two steps */
#define PATIENCE_VAIN_MIN 2
#define PATIENCE_VAIN_MAX 64
#define EXCESS_ONE 256

/* From this step on the depth is 1. */
static int last_step(const struct weir_writeback *wb)
{
	return fls(wb->max_depth) - 1;
}

static void set_step(struct weir_writeback *wb, int step)
{
	if (step < 0)
		step = 0;
	if (step > last_step(wb))
		step = last_step(wb);
	wb->step = step;
	WRITE_ONCE(wb->depth, wb->max_depth >> step);
}

void weir_writeback_init(struct weir_writeback *wb, u32 max_depth)
{
	*wb = (struct weir_writeback){ 0 };
	weir_writeback_depth_set(wb, max_depth);
}

void weir_writeback_depth_set(struct weir_writeback *wb, u32 max_depth)
{
	wb->max_depth = max_depth ? max_depth : 1;
	set_step(wb, wb->step);
	if (wb->contended_step > last_step(wb))
		wb->contended_step = last_step(wb);
}

/* A latency over its target, in 1/256; 0 if there is nothing to compare. */
static u64 excess_of(u32 count, u64 lat_ns, u64 target_ns)
{
	/* 4.6 hours, to fit when it is multiplied */
	const u64 most = 1ULL << 44;

	if (!count || !target_ns)
		return 0;
	return div64_u64((lat_ns < most ? lat_ns : most) * EXCESS_ONE, target_ns);
}

/* Steps to go for the worse of the two: down is positive. */
static int verdict(u64 excess)
{
	if (excess > FAR_ABOVE * EXCESS_ONE)
		return 2;
	if (excess > EXCESS_ONE)
		return 1;
	return excess >= EXCESS_ONE * 3 / 4 ? 0 : -1;
}

/* Was the last step down of no use? Then it is taken back. */
static bool was_in_vain(struct weir_writeback *wb, u64 excess)
{
	int tried = wb->tried;

	wb->tried = 0;
	if (!tried)
		return false;
	if (excess < wb->excess - wb->excess / 8 ||
	    excess < wb->excess - (wb->excess - EXCESS_ONE) / 2) {
		wb->patience = 0;
		return false;
	}
	set_step(wb, wb->step - tried);
	wb->patience = wb->patience ? wb->patience * 2 : PATIENCE_VAIN_MIN;
	if (wb->patience > PATIENCE_VAIN_MAX)
		wb->patience = PATIENCE_VAIN_MAX;
	wb->pause = wb->patience;
	return true;
}

/* With reads or synchronous writes beside the background writes */
static void decide(struct weir_writeback *wb, u64 excess)
{
	int steps = verdict(excess), before = wb->step;

	if (was_in_vain(wb, excess))
		return;
	if (steps > 0 && wb->pause) {
		wb->pause--;
		return;
	}
	set_step(wb, wb->step + steps);
	if (wb->step > before) {
		wb->tried = wb->step - before;
		wb->excess = excess;
	}
}

void weir_writeback_update(struct weir_writeback *wb,
			   const struct weir_writeback_sample *s)
{
	u64 read, sync;

	if (!s->writes) {
		if (++wb->idle < PATIENCE_IDLE)
			return;
		wb->idle = 0;
		wb->tried = 0;
		if (wb->contended_step)
			wb->contended_step--;
		set_step(wb, wb->step - 1);
		return;
	}
	wb->idle = 0;
	if (!s->reads && !s->syncs) {
		wb->tried = 0;
		if (wb->alone < PATIENCE_ALONE)
			wb->alone++;
		else
			set_step(wb, wb->step / 2);
		return;
	}
	wb->alone = 0;
	/* What was measured just now was measured at another depth: no verdict. */
	if (wb->step < wb->contended_step) {
		set_step(wb, wb->contended_step);
		return;
	}
	read = excess_of(s->reads, s->read_lat_ns, s->read_target_ns);
	sync = excess_of(s->syncs, s->sync_lat_ns, s->sync_target_ns);
	decide(wb, read > sync ? read : sync);
	wb->contended_step = wb->step;
}

u64 weir_writeback_window_ns(const struct weir_writeback *wb)
{
	/* int_sqrt() of 256 times the number: sixteen times the root */
	u64 ns = div_u64(WINDOW_NS * 16, int_sqrt(((unsigned long)wb->step + 1) << 8));

	return ns > WINDOW_MIN_NS ? ns : WINDOW_MIN_NS;
}
