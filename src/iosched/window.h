/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much may be in flight: the device window, a bound on the sum of costs
 * (cost.h) that the device has been given and has not completed. Pure: compiled
 * into the module and into tests/unit. One caller at a time; size may be read by
 * others meanwhile (READ_ONCE).
 *
 * A request larger than the whole window must still pass: who charges, charges
 * min(cost, size).
 */
#ifndef WEIR_WINDOW_H
#define WEIR_WINDOW_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/types.h>

/*
 * Wide open: 18 minutes of device time. Nobody is ever held back by it, and the
 * sum of what is in flight stays far from overflow.
 */
#define WEIR_WINDOW_MAX BIT_ULL(40)

/*
 * The floor: a few requests of the cheapest kind (WEIR_COST_MIN_NS each). It is
 * low because a window of one request must be possible on any device; the
 * law itself never goes below one average request.
 */
#define WEIR_WINDOW_MIN 2000ULL

/**
 * struct weir_window_sample - what happened since the last update
 * @interval_ns: for how long
 * @served_ns: the costs of the requests completed
 * @requests: their number
 * @latency_ns: mean device time of foreground requests, weighted by cost; 0 if
 *	there were none
 * @unloaded_ns: the mean of their costs, with the same weights; 0 if none
 * @backlog: somebody was held back by the window
 */
struct weir_window_sample {
	u64 interval_ns;
	u64 served_ns;
	u32 requests;
	u64 latency_ns;
	u64 unloaded_ns;
	bool backlog;
};

enum weir_window_phase {
	WEIR_WINDOW_OPEN,	/* not in anybody's way */
	WEIR_WINDOW_DOWN,	/* is less enough? */
	WEIR_WINDOW_UP,		/* does more help? */
	WEIR_WINDOW_HOLD,	/* found */
};

/**
 * struct weir_window - the law's state
 * @size: the window; the only member others may read
 * @good: the smallest size known to keep the rate, 0: none yet
 * @bad: the largest size known to lose some of it, 0: none
 * @offered: in flight when it was wide open and the search began
 * @base_ns: latency at @good, against which an explicit target's steps are judged
 * @full_rate: the device's full rate (fixed point, see window.c)
 * @full_requests: how many requests it was averaged over
 * @base_rate: the rate at @good, against which growth is judged
 * @hold_ratio: latency / unloaded when @good was found (fixed point)
 * @ns, @served, @requests, @latency, @unloaded: summed up since the last decision
 * @weight: what the two latencies are weighted with
 * @skip_ns: what is in flight was issued under another window: wait so long
 * @backlog: somebody was held back since the last decision
 * @quiet: updates in a row without backlog
 * @wait: decisions to go until the next probe
 * @patience: where @wait starts the next time
 * @phase: enum weir_window_phase
 * @fruitless: doublings in a row that did not help
 * @probes: made so far, for their turn
 * @reluctance: decisions to let pass before the next search
 * @target: an explicit target was given the last time
 * @curiosity: decisions with requests in flight and no sign of a queue
 * @last_rate: of the last update while it was wide open
 * @coarse: the first search since it was open: long strides
 */
struct weir_window {
	u64 size;
	u64 good;
	u64 bad;
	u64 offered;
	u64 base_ns;
	u32 full_rate;
	u32 full_requests;
	u32 base_rate;
	u32 hold_ratio;
	u64 ns;
	u64 served;
	u64 requests;
	u64 latency;
	u64 unloaded;
	u64 weight;
	u64 skip_ns;
	bool backlog;
	u32 quiet;
	u32 wait;
	u32 patience;
	u32 phase;
	u32 fruitless;
	u32 reluctance;
	u32 curiosity;
	u32 last_rate;
	bool target;
	u32 probes;
	bool coarse;
};

/* Starts wide open. */
void weir_window_init(struct weir_window *w);

/**
 * weir_window_update() - once each tick (about 100 ms)
 * @w: the window
 * @s: what happened since the last call
 * @target_ns: the device latency wanted of foreground requests; 0: as little as
 *	the full rate allows
 */
void weir_window_update(struct weir_window *w, const struct weir_window_sample *s,
			u64 target_ns);

/**
 * weir_window_rescale() - the unit has changed
 * @w: the window
 * @before: what some requests would have cost a moment ago
 * @after: what the same requests cost now
 *
 * To be called when costs have been learned anew, before the next update: what
 * the window remembers is in terms of the costs before, and a rate that rose
 * only because costs did must not look like a gain. weir_cost_sum() tells both.
 */
void weir_window_rescale(struct weir_window *w, u64 before, u64 after);

#endif
