/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much may be in flight: the device window, a bound on the sum of costs
 * (cost.h) that the device has been given and has not completed. Pure: compiled
 * into the module and into tests/unit. One caller at a time.
 */
#ifndef WEIR_WINDOW_H
#define WEIR_WINDOW_H

#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/types.h>

#include "rate.h"

#define WEIR_WINDOW_MAX BIT_ULL(40)	/* 18 minutes of device time */
#define WEIR_WINDOW_MIN 2000ULL		/* a few of the cheapest requests */

/**
 * struct weir_window_sample - what happened since the last update
 * @interval_ns: for how long
 * @served_ns: the costs of the requests completed
 * @requests: their number
 * @latency_ns: mean device time of those that somebody waits for; 0: none was timed
 * @unloaded_ns: the mean of their costs; 0 if none
 * @flows: active flows
 * @backlog: somebody was held back by the window
 * @disturbed: and somebody for another reason: the rate says nothing
 */
struct weir_window_sample {
	u64 interval_ns;
	u64 work;
	u64 served_ns;
	u32 requests;
	u64 latency_ns;
	u64 unloaded_ns;
	u32 flows;
	bool backlog;
	bool disturbed;
};

enum weir_window_phase {
	WEIR_WINDOW_OPEN,	/* in nobody's way */
	WEIR_WINDOW_DRAIN,	/* one request at a time: what is the latency without a queue? */
	WEIR_WINDOW_SEARCH,	/* closed, and the best size is looked for */
};

/* What is being tried with the size in a search */
enum weir_window_try {
	WEIR_WINDOW_KEEP,	/* nothing */
	WEIR_WINDOW_LESS,
	WEIR_WINDOW_MORE,
};

/**
 * struct weir_window - the law's state
 * @size: the window in ns, also while it is open; see weir_window_ns()
 * @phase: enum weir_window_phase
 * @full: the device's full rate (rate.h), fixed point
 * @way: enum weir_window_try
 * @next: what is tried next
 * @before: the size before it; when a window closes, what was in flight
 * @base: the rate before it
 * @pause: decisions to go until the next try
 * @patience: where @pause starts the next time
 * @drained: in a drain: what was sent before is gone
 * @loaded_ns: the latency before the drain
 * @drained_ns: time since the last drain
 * @resume: the search goes on after the drain, with the same size
 * @latency_ns: since the last update
 * @wait_ns: what is in flight was sent under another window: not judged so long; in a
 *	drain: how long it lasts at most
 * @quiet_ns: time without backlog
 * @sum: since the last decision
 */
struct weir_window {
	u64 size;
	u32 phase;
	u64 full;
	u32 way;
	u32 next;
	u64 before;
	u64 base;
	u32 pause;
	u32 patience;
	bool drained;
	u64 loaded_ns;
	u64 drained_ns;
	bool resume;
	u64 latency_ns;
	u64 wait_ns;
	u64 quiet_ns;
	struct weir_rate_sum sum;
};

/** weir_window_init() - open. @small_ns: the cost of a small read */
void weir_window_init(struct weir_window *w, u64 small_ns);

/**
 * weir_window_update() - once each tick (5 to 100 ms)
 * @w: the window
 * @s: what happened since the last call
 * @target_ns: the device latency wanted of foreground requests; 0: as little as
 *	the full rate allows
 * @arm: the device has an arm, and no latency without a queue worth the name
 */
void weir_window_update(struct weir_window *w, const struct weir_window_sample *s,
			u64 target_ns, bool arm);

/* Is what has been completed since the last update the latency without a queue? */
static inline bool weir_window_is_drained(const struct weir_window *w)
{
	return w->phase == WEIR_WINDOW_DRAIN && w->drained;
}

/* The bound, ns: while it is drained one request, whatever that costs. */
static inline u64 weir_window_ns(const struct weir_window *w)
{
	return w->phase == WEIR_WINDOW_DRAIN ? 1 : w->size;
}

/**
 * weir_window_rescale() - the unit has changed
 * @w: the window
 * @before: what some requests would have cost a moment ago
 * @after: what the same requests cost now
 *
 * When costs have been learned anew, before the next update: what the window remembers
 * is in terms of the costs before. weir_cost_sum() tells both.
 */
void weir_window_rescale(struct weir_window *w, u64 before, u64 after);

#endif
