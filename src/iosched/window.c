// SPDX-License-Identifier: GPL-2.0
/*
 * The smallest window with which the device still gives its full rate.
 *
 * - Costs are unloaded device times, so rate = costs served / time is the number of
 *   requests the device works on at once, and rate x latency is the sum of costs in
 *   flight (Little, "A Proof for the Queuing Formula L = lambda W", Operations Research
 *   9(3), 1961). Without any queue that is rate x unloaded latency: what BBR calls the
 *   bandwidth-delay product (Cardwell et al., "BBR: Congestion-Based Congestion
 *   Control", ACM Queue 14(5), 2016).
 * - OPEN: one flow alone gains nothing from a window, nor does anybody from one that
 *   is wider than what is in flight. With two flows, and three requests in flight where
 *   one would do, the window closes.
 * - DRAIN: a queue that was never shorter looks like a part of the device. So before
 *   the window closes, and not again within DRAIN_EVERY_NS, one request at a time is
 *   let through, until at least DRAIN_REQUESTS have shown the latency without a queue
 *   (BBR's ProbeRTT), for 10 ms at most. So is it every DRAIN_EVERY_NS of a search. A disk
 *   with an arm has no such latency.
 * - SEARCH: it begins with FIRST times the product, as a device whose dies are hit at
 *   random needs a multiple of it. While the rate is within the tolerance of the full
 *   one, the size is multiplied by SHRINK; when it is not, by GROW (or by 2, when much
 *   is missing), and then there is a pause of `patience` decisions, twice as long after
 *   each step down that was one too many, PATIENCE_MAX at most. After that a smaller
 *   size is tried again.
 * - Growing twice without a gain: the device is not what it was. What it gives now is
 *   its full rate, and the size is what it was before. A rate above the full one is
 *   the new full one.
 * - The tolerance is 2 % and 1.5 / sqrt(requests): a rate counted from n exponentially
 *   distributed service times is uncertain by 1 / sqrt(n).
 * - It opens when only one flow is left, or nobody was held back for QUIET_NS.
 * - With a target nothing is searched for: size x target / latency, by a factor of two
 *   at most in a decision (Little's law again, at a rate that stays).
 */
#include <linux/math64.h>

#include "window.h"

#define RATE_SHIFT 16
#define RATE_MAX BIT_ULL(29)		/* 8192 requests at once */
#define NS_MAX BIT_ULL(34)		/* 17 s: times RATE_MAX it still fits */
#define SERVED_MAX BIT_ULL(46)		/* shifted by RATE_SHIFT it still fits */

#define MSEC 1000000ULL
#define FIRST 4
#define DECIDE_REQUESTS 2048		/* a decision takes so many, */
#define DECIDE_NS (200 * MSEC)		/* or so long */
#define PLAIN_REQUESTS 128		/* much is missing: so many */
#define CLOSE_REQUESTS 64
#define DRAIN_EVERY_NS (10000 * MSEC)
#define DRAIN_REQUESTS 8
#define DRAIN_MOST_NS (10 * MSEC)
#define QUIET_NS (200 * MSEC)
#define PATIENCE_MIN 4
#define PATIENCE_MAX 64
#define FRUITLESS 2
#define TOLERANCE_ONE 1024U
#define TOLERANCE 20			/* 2 % */
#define NOISE 1536U			/* 1.5, over the root of the requests */

/* What the sums since the last decision amount to. */
struct seen {
	u64 latency_ns;
	u64 unloaded_ns;
	u64 rate;
	u32 tolerance;
};

static u64 min_of(u64 a, u64 b)
{
	return a < b ? a : b;
}

static u64 max_of(u64 a, u64 b)
{
	return a > b ? a : b;
}

/* rate x time: a sum of costs */
static u64 times(u64 rate, u64 ns)
{
	return (min_of(ns, NS_MAX) * min_of(rate, RATE_MAX)) >> RATE_SHIFT;
}

static u64 part(u64 rate, u32 share)
{
	return min_of(rate, RATE_MAX) * share / TOLERANCE_ONE;
}

static void clear(struct weir_window *w)
{
	w->ns = 0;
	w->served = 0;
	w->requests = 0;
	w->latency = 0;
	w->unloaded = 0;
	w->weight = 0;
}

static void add(struct weir_window *w, const struct weir_window_sample *s)
{
	w->ns += min_of(s->interval_ns, NS_MAX);
	w->served = min_of(w->served + min_of(s->served_ns, SERVED_MAX), SERVED_MAX);
	w->requests += s->requests;
	if (!s->latency_ns || !s->unloaded_ns)
		return;
	w->latency += min_of(s->latency_ns, NS_MAX) * min_of(s->requests, 1024);
	w->unloaded += min_of(s->unloaded_ns, NS_MAX) * min_of(s->requests, 1024);
	w->weight += min_of(s->requests, 1024);
}

static struct seen look(const struct weir_window *w)
{
	struct seen now = {
		.rate = div64_u64(w->served << RATE_SHIFT, w->ns),
		.tolerance = TOLERANCE + NOISE /
			     (u32)int_sqrt(min_of(w->requests + !w->requests, BIT(30))),
	};

	now.rate = max_of(min_of(now.rate, RATE_MAX), 1);
	if (w->weight) {
		now.latency_ns = div64_u64(w->latency, w->weight);
		now.unloaded_ns = div64_u64(w->unloaded, w->weight);
	}
	return now;
}

static void resize(struct weir_window *w, u64 size, const struct seen *now)
{
	/* One average request, and some room because no two cost the same. */
	u64 least = max_of(now->unloaded_ns + now->unloaded_ns / 8, WEIR_WINDOW_MIN);

	w->size = min_of(max_of(size, least), WEIR_WINDOW_MAX);
	w->wait_ns = min_of(now->latency_ns, 10 * DECIDE_NS);
}

static void begin_search(struct weir_window *w, u64 size, const struct seen *now)
{
	w->phase = WEIR_WINDOW_SEARCH;
	w->bad = 0;
	w->grown = 0;
	w->shrunk = false;
	w->patience = PATIENCE_MIN;
	w->pause = 0;
	w->quiet_ns = 0;
	resize(w, size, now);
}

static void drain(struct weir_window *w, const struct seen *now)
{
	w->resume = w->phase == WEIR_WINDOW_SEARCH;
	w->phase = WEIR_WINDOW_DRAIN;
	/* What was sent before has to go. */
	w->wait_ns = min_of(now->latency_ns + now->latency_ns / 2, DRAIN_MOST_NS);
}

/* Is there more in flight than is of use, with somebody to gain from less? */
static bool decide_open(struct weir_window *w, const struct seen *now, bool arm)
{
	u64 product = times(now->rate, now->unloaded_ns);

	if (w->requests < CLOSE_REQUESTS && w->ns < DECIDE_NS)
		return false;
	if (!now->unloaded_ns ||
	    times(now->rate, now->latency_ns) < 3 * now->unloaded_ns)
		return true;
	w->full = now->rate;
	if (!arm && w->drained_ns >= DRAIN_EVERY_NS) {
		drain(w, now);
		return true;
	}
	if (now->latency_ns > now->unloaded_ns + now->unloaded_ns / 2)
		begin_search(w, FIRST * product, now);
	return true;
}

static bool decide_drain(struct weir_window *w, const struct seen *now)
{
	if (w->requests < DRAIN_REQUESTS && w->ns < DRAIN_MOST_NS)
		return false;
	w->drained_ns = 0;
	/* Costs are what was seen just now (cost.c), and the full rate is in these. */
	if (w->resume)
		w->phase = WEIR_WINDOW_SEARCH;
	else
		begin_search(w, FIRST * times(w->full, now->latency_ns), now);
	return true;
}

static void grow(struct weir_window *w, const struct seen *now, bool plain)
{
	if (w->shrunk && !w->grown)
		w->patience = min_of(w->patience * 2, PATIENCE_MAX);
	else if (!w->grown)
		w->patience = PATIENCE_MIN;
	w->pause = w->patience;
	w->shrunk = false;
	w->bad = max_of(w->bad, w->size);
	if (!w->grown || now->rate > part(w->base, TOLERANCE_ONE + now->tolerance)) {
		if (!w->grown)
			w->before = w->size;
		w->base = now->rate;
		w->grown = 1;
	} else if (++w->grown > FRUITLESS) {
		w->full = now->rate;
		w->bad = 0;
		w->grown = 0;
		resize(w, w->before, now);
		return;
	}
	resize(w, plain ? w->size * 2 : w->size + w->size / 2 - w->size / 16, now);
}

static void shrink(struct weir_window *w, const struct seen *now)
{
	u64 size = w->size - w->size / 4 - w->size / 16;

	w->grown = 0;
	if (w->pause) {
		w->pause--;
		return;
	}
	if (w->bad && size <= w->bad + w->bad / 8) {
		w->bad = 0;
		w->pause = w->patience;
		return;
	}
	if (w->shrunk)
		w->patience = PATIENCE_MIN;
	w->shrunk = true;
	resize(w, size, now);
}

static bool decide_search(struct weir_window *w, const struct seen *now, bool arm)
{
	bool enough = w->requests >= DECIDE_REQUESTS || w->ns >= DECIDE_NS;
	bool plain = now->rate < part(w->full, TOLERANCE_ONE - 2 * now->tolerance);

	if (!enough && (!plain || w->requests < PLAIN_REQUESTS))
		return false;
	if (now->rate > part(w->full, TOLERANCE_ONE + now->tolerance))
		w->full = now->rate;
	if (!arm && w->drained_ns >= DRAIN_EVERY_NS)
		drain(w, now);
	else if (now->rate < part(w->full, TOLERANCE_ONE - now->tolerance))
		grow(w, now, plain);
	else
		shrink(w, now);
	return true;
}

/* size x target / latency, between half and twice the size */
static bool decide_target(struct weir_window *w, const struct seen *now, u64 target_ns)
{
	u64 latency = min_of(now->latency_ns, NS_MAX) >> 10, size;

	if (w->requests < PLAIN_REQUESTS && w->ns < DECIDE_NS)
		return false;
	if (w->phase != WEIR_WINDOW_SEARCH)
		begin_search(w, 2 * times(now->rate, now->latency_ns), now);
	size = div64_u64(w->size * (min_of(target_ns, NS_MAX) >> 10), latency + !latency);
	resize(w, min_of(max_of(size, w->size / 2), w->size * 2), now);
	return true;
}

/* Nobody is in need of it. */
static bool is_idle(struct weir_window *w, const struct weir_window_sample *s)
{
	if (s->backlog)
		w->quiet_ns = 0;
	else
		w->quiet_ns += min_of(s->interval_ns, NS_MAX);
	if (s->flows >= 2 && (w->phase != WEIR_WINDOW_SEARCH || w->quiet_ns < QUIET_NS))
		return false;
	w->phase = WEIR_WINDOW_OPEN;
	w->wait_ns = 0;
	clear(w);
	return true;
}

void weir_window_init(struct weir_window *w, u64 small_ns)
{
	*w = (struct weir_window){
		.size = 32 * small_ns,
		.drained_ns = DRAIN_EVERY_NS,
		.patience = PATIENCE_MIN,
	};
}

void weir_window_update(struct weir_window *w, const struct weir_window_sample *s,
			u64 target_ns, bool arm)
{
	struct seen now;
	bool done;

	if (!s->interval_ns)
		return;
	w->drained_ns = min_of(w->drained_ns + s->interval_ns, DRAIN_EVERY_NS);
	if (!target_ns && is_idle(w, s))
		return;
	if (w->wait_ns || (s->disturbed && w->phase == WEIR_WINDOW_SEARCH)) {
		w->wait_ns -= min_of(w->wait_ns, s->interval_ns);
		clear(w);
		return;
	}
	add(w, s);
	/* What was not held back says nothing about the window. */
	if (w->phase == WEIR_WINDOW_SEARCH && !s->backlog) {
		clear(w);
		return;
	}
	now = look(w);
	if (!w->weight)
		return;
	if (target_ns)
		done = decide_target(w, &now, target_ns);
	else if (w->phase == WEIR_WINDOW_OPEN)
		done = decide_open(w, &now, arm);
	else if (w->phase == WEIR_WINDOW_DRAIN)
		done = decide_drain(w, &now);
	else
		done = decide_search(w, &now, arm);
	if (done)
		clear(w);
}

static u64 scaled(u64 size, u64 after, u64 before)
{
	u64 whole = div64_u64(size, before);

	/* In two parts, for the sake of the bits: after and before have 20. */
	return min_of(whole, BIT_ULL(43)) * after +
	       div64_u64((size - whole * before) * after, before);
}

void weir_window_rescale(struct weir_window *w, u64 before, u64 after)
{
	while ((before | after) >> 20) {
		before >>= 1;
		after >>= 1;
	}
	if (!before || !after || before == after)
		return;
	w->full = min_of(scaled(w->full, after, before), RATE_MAX);
	w->base = min_of(scaled(w->base, after, before), RATE_MAX);
	w->bad = min_of(scaled(w->bad, after, before), WEIR_WINDOW_MAX);
	w->before = min_of(scaled(w->before, after, before), WEIR_WINDOW_MAX);
	w->served = min_of(scaled(w->served, after, before), SERVED_MAX);
	w->size = min_of(max_of(scaled(w->size, after, before), WEIR_WINDOW_MIN),
			 WEIR_WINDOW_MAX);
}
