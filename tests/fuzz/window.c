// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever is measured, the window stays within its bounds; and it opens when nobody is
 * there.
 */
#include "cost.h"
#include "fuzz.h"
#include "window.h"

static void check(const struct weir_window *w)
{
	HOLDS(w->size >= WEIR_WINDOW_MIN && w->size <= WEIR_WINDOW_MAX);
	HOLDS(weir_window_ns(w) >= 1 && weir_window_ns(w) <= WEIR_WINDOW_MAX);
	HOLDS(w->phase <= WEIR_WINDOW_SEARCH);
	HOLDS(w->way <= WEIR_WINDOW_MORE);
	HOLDS(w->phase != WEIR_WINDOW_OPEN || w->way == WEIR_WINDOW_KEEP);
	HOLDS(w->full >= 1 && w->full <= WEIR_RATE_MAX);
	HOLDS(w->pause <= 32 && w->patience >= 4 && w->patience <= 32);
}

static struct weir_window_sample any_sample(struct bytes *b)
{
	const u32 flags = take(b, 1);

	return (struct weir_window_sample){
		.interval_ns = flags & 1 ? 5000000 : take_from(b, 0, ~0ULL),
		.work = take_from(b, 0, ~0ULL),
		.served_ns = take_from(b, 0, ~0ULL),
		.requests = flags & 2 ? 3000 : take_from(b, 0, ~0U),
		.latency_ns = take_from(b, 0, ~0ULL),
		.unloaded_ns = flags & 4 ? 80000 : take_from(b, 0, ~0ULL),
		.flows = flags >> 3 & 3,
		.backlog = flags & 0x20,
		.disturbed = (flags & 0xc0) == 0xc0,
	};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_window_sample s;
	struct bytes b = { data, size };
	struct weir_window w;
	u64 target_ns = 0;
	bool arm = take_below(&b, 2);

	weir_window_init(&w, take_from(&b, WEIR_COST_MIN_NS, WEIR_COST_MAX_NS));
	while (b.left) {
		switch (take_below(&b, 16)) {
		case 0:
			target_ns = take_from(&b, 0, ~0ULL);
			break;
		case 1:
			weir_window_rescale(&w, take_from(&b, 0, ~0ULL), take_from(&b, 0, ~0ULL));
			break;
		default:
			s = any_sample(&b);
			weir_window_update(&w, &s, target_ns, arm);
		}
		check(&w);
	}
	s = (struct weir_window_sample){ .interval_ns = 5000000 };
	weir_window_update(&w, &s, 0, arm);
	HOLDS(w.phase == WEIR_WINDOW_OPEN);
	check(&w);
	return 0;
}
