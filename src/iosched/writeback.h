/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many background writes may be in flight while somebody reads or waits
 * for a write. Pure: compiled into the module and into tests/unit. One caller
 * at a time; depth may be read by others meanwhile.
 */
#ifndef WEIR_WRITEBACK_H
#define WEIR_WRITEBACK_H

#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/types.h>

/**
 * struct weir_writeback_sample - what happened during one monitoring window
 * @reads: reads completed
 * @syncs: synchronous writes completed
 * @read_lat_ns: device time of the read of rank weir_writeback_rank(@reads)
 * @sync_lat_ns: the same of the synchronous writes
 * @read_target_ns: what is wanted of that read, 0: do not care
 * @sync_target_ns: and of that write
 * @writes: background writes were completed, in flight or waiting
 */
struct weir_writeback_sample {
	u32 reads;
	u32 syncs;
	u64 read_lat_ns;
	u64 sync_lat_ns;
	u64 read_target_ns;
	u64 sync_target_ns;
	bool writes;
};

/**
 * struct weir_writeback - the law's state
 * @step: how often the depth has been halved
 * @depth: the background writes allowed in flight, 1 at least
 * @max_depth: the same with nobody else there
 * @contended_step: the step when reads or synchronous writes were last there
 * @alone: windows since then
 * @idle: windows without background writes, up to the next step up
 * @tried: steps that the last verdict took, and nobody knows yet whether they help
 * @excess: how far above its target the latency was before, 1/256
 * @pause: windows in which no step down is taken
 * @patience: where @pause starts the next time
 */
struct weir_writeback {
	int step;
	u32 depth;
	u32 max_depth;
	int contended_step;
	u32 alone;
	u32 idle;
	int tried;
	u64 excess;
	u32 pause;
	u32 patience;
};

/*
 * Which of @count latencies, counted from the shortest as 1, speaks for all:
 * the shortest of up to three, the one a quarter of the way up among more.
 * wbt takes the shortest always. On a device of many dies some read always
 * finds an idle one, so the shortest of thousands shows no queue; and the tail
 * has causes (garbage collection, retries) that throttling does not cure.
 */
static inline u32 weir_writeback_rank(u32 count)
{
	return 1 + count / 4;
}

void weir_writeback_init(struct weir_writeback *wb, u32 max_depth);

/* The device's depth has changed; 0 counts as 1. */
void weir_writeback_depth_set(struct weir_writeback *wb, u32 max_depth);

/* At the end of a monitoring window. The next one lasts weir_writeback_window_ns(). */
void weir_writeback_update(struct weir_writeback *wb,
			   const struct weir_writeback_sample *s);

u64 weir_writeback_window_ns(const struct weir_writeback *wb);

#endif
