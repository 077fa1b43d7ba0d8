// SPDX-License-Identifier: GPL-2.0
/* Background writes: the depth is 1 to all there is, and its window 10 to 100 ms. */
#include "fuzz.h"
#include "writeback.h"

static void check(const struct weir_writeback *wb, u32 max_depth)
{
	const u64 ns = weir_writeback_window_ns(wb);

	HOLDS(wb->max_depth == max_depth + !max_depth);
	HOLDS(wb->depth >= 1 && wb->depth <= wb->max_depth);
	HOLDS(wb->step >= 0 && wb->step < 32);
	HOLDS(wb->depth == wb->max_depth >> wb->step);
	HOLDS(wb->contended_step >= 0 && wb->max_depth >> wb->contended_step >= 1);
	HOLDS(wb->pause <= wb->patience || !wb->patience);
	HOLDS(ns >= 10000000 && ns <= 100000000);
}

static struct weir_writeback_sample any_sample(struct bytes *b)
{
	const u32 flags = take(b, 1);

	return (struct weir_writeback_sample){
		.reads = flags & 1 ? take_from(b, 0, ~0U) : 0,
		.syncs = flags & 2 ? take_from(b, 0, ~0U) : 0,
		.read_lat_ns = take_from(b, 0, ~0ULL),
		.sync_lat_ns = take_from(b, 0, ~0ULL),
		.read_target_ns = flags & 4 ? take_from(b, 0, ~0ULL) : 2000000,
		.sync_target_ns = flags & 8 ? take_from(b, 0, ~0ULL) : 10000000,
		.writes = flags & 0x70,
	};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct weir_writeback_sample alone = { .writes = true };
	struct weir_writeback_sample s;
	struct bytes b = { data, size };
	u32 max_depth = take_from(&b, 0, ~0U), i;
	struct weir_writeback wb;

	weir_writeback_init(&wb, max_depth);
	check(&wb, max_depth);
	HOLDS(wb.depth == wb.max_depth);
	while (b.left) {
		if (take_below(&b, 16)) {
			s = any_sample(&b);
			weir_writeback_update(&wb, &s);
		} else {
			max_depth = take_from(&b, 0, ~0U);
			weir_writeback_depth_set(&wb, max_depth);
		}
		check(&wb, max_depth);
	}
	/* Alone for long enough, they have it all. */
	for (i = 0; i < 9; i++)
		weir_writeback_update(&wb, &alone);
	HOLDS(wb.depth == wb.max_depth);
	return 0;
}
