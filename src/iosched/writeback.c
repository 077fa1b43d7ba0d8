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

/* Steps to go: down is positive. */
static int verdict(u32 count, u64 lat_ns, u64 target_ns)
{
	if (!count || !target_ns)
		return -1;
	if (lat_ns > target_ns)
		return lat_ns / FAR_ABOVE > target_ns ? 2 : 1;
	return lat_ns > target_ns - target_ns / 4 ? 0 : -1;
}

void weir_writeback_update(struct weir_writeback *wb,
			   const struct weir_writeback_sample *s)
{
	int read, sync;

	if (!s->writes) {
		if (++wb->idle < PATIENCE_IDLE)
			return;
		wb->idle = 0;
		if (wb->contended_step)
			wb->contended_step--;
		set_step(wb, wb->step - 1);
		return;
	}
	wb->idle = 0;
	if (!s->reads && !s->syncs) {
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
	read = verdict(s->reads, s->read_lat_ns, s->read_target_ns);
	sync = verdict(s->syncs, s->sync_lat_ns, s->sync_target_ns);
	set_step(wb, wb->step + (read > sync ? read : sync));
	wb->contended_step = wb->step;
}

u64 weir_writeback_window_ns(const struct weir_writeback *wb)
{
	/* int_sqrt() of 256 times the number: sixteen times the root */
	u64 ns = div_u64(WINDOW_NS * 16, int_sqrt(((unsigned long)wb->step + 1) << 8));

	return ns > WINDOW_MIN_NS ? ns : WINDOW_MIN_NS;
}
