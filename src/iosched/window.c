// SPDX-License-Identifier: GPL-2.0
/*
 * The smallest window with which the device still gives its full rate.
 *
 * - Costs served per time x latency is the sum of costs in flight. Without any queue, at
 *   the same rate, that is rate x unloaded latency: what BBR calls the bandwidth-delay
 *   product (Cardwell et al., "BBR: Congestion-Based Congestion Control", ACM Queue 14(5),
 *   2016).
 * - OPEN: one flow alone gains nothing from a window, nor does anybody from one that
 *   is wider than what is in flight. With two flows, three requests in flight, and a
 *   latency of 1.5 times the unloaded one, the window closes.
 * - DRAIN: a queue that was never shorter looks like a part of the device. So when the
 *   window is about to close, and every DRAIN_EVERY_NS from then on, one request at a
 *   time is let through (BBR's ProbeRTT). When what was sent before is gone, which
 *   Little's law tells, DRAIN_REQUESTS show the latency without a queue, or DRAIN_FEW
 *   that take longer than DRAIN_NS. A disk with an arm has no such latency.
 * - SEARCH: it begins with FIRST times the product, as a device whose dies are hit at
 *   random needs a multiple of it, and with less than what was in flight. After a pause
 *   another size is tried: a smaller one (LESS), which is kept if the rate is as good,
 *   and a larger one (MORE), which shows what the full rate is now, and is kept if the
 *   size before lost some of that. What is kept is tried once more at once. What is not
 *   is followed by a pause of `patience` decisions, twice as many each time. When the
 *   rate is lost MORE is tried at once; when it is above the full one, as soon as it
 *   stays what it is.
 * - So each size is compared with its double: errors do not add up.
 * - It opens when only one flow is left, or nobody was held back for QUIET_NS. After
 *   the latter it stays open for a pause.
 * - With a target nothing is searched for: size x target / latency, by a factor of two
 *   at most in a decision (Little's law again, at a rate that stays). Less than 1.5
 *   times the unloaded latency is not to be had by shortening a queue.
 */
#include <linux/math64.h>

#include "window.h"

#define MSEC 1000000ULL
#define FIRST 4
#define DRAIN_EVERY_NS (10000 * MSEC)
#define DRAIN_NS (10 * MSEC)
#define DRAIN_REQUESTS 8
#define DRAIN_FEW 4			/* enough after DRAIN_NS */
#define WAIT_MAX_NS (2000 * MSEC)
#define QUIET_NS (300 * MSEC)		/* longer than a flow stays active */
#define PATIENCE_MIN 4U
#define PATIENCE_MAX 32U

static void clear(struct weir_window *w)
{
	w->sum = (struct weir_rate_sum){ 0 };
}

static void add(struct weir_window *w, const struct weir_window_sample *s)
{
	weir_rate_add(&w->sum, s->interval_ns, s->work, s->requests);
	weir_rate_add_costs(&w->sum, s->requests, s->served_ns, s->latency_ns, s->unloaded_ns);
}

static void resize(struct weir_window *w, u64 size, const struct weir_rate *now)
{
	/* One average request, and some room because no two cost the same. */
	u64 least = max(now->unloaded_ns + now->unloaded_ns / 8, WEIR_WINDOW_MIN);

	w->size = min(max(size, least), WEIR_WINDOW_MAX);
	w->wait_ns = w->latency_ns;
}

static void try_size(struct weir_window *w, enum weir_window_try way, const struct weir_rate *now)
{
	w->way = way;
	w->before = w->size;
	w->base = now->per_ns;
	resize(w, way == WEIR_WINDOW_MORE ? w->size * 2 : w->size / 16 * 11, now);
}

static void pause(struct weir_window *w)
{
	w->pause = w->patience;
	w->patience = min(w->patience * 2, PATIENCE_MAX);
}

static void open(struct weir_window *w)
{
	/* The size that is remembered is not one too small. */
	if (w->way != WEIR_WINDOW_KEEP)
		w->size = max(w->size, w->before);
	w->way = WEIR_WINDOW_KEEP;
	w->phase = WEIR_WINDOW_OPEN;
	w->pause = 0;
	/* A load begins in the middle of a tick: the first is not judged. */
	w->wait_ns = 1;
	clear(w);
}

/* flight: what is in flight without a window, ns */
static void begin_search(struct weir_window *w, u64 flight, const struct weir_rate *now)
{
	w->phase = WEIR_WINDOW_SEARCH;
	w->next = WEIR_WINDOW_LESS;
	w->pause = 0;
	resize(w, min(w->size, flight - flight / 8), now);
}

static void begin_drain(struct weir_window *w, const struct weir_rate *now)
{
	w->loaded_ns = now->latency_ns;
	w->resume = w->phase == WEIR_WINDOW_SEARCH;
	w->phase = WEIR_WINDOW_DRAIN;
	w->drained = false;
	w->drained_ns = 0;
	/* At most: the longest of many queues is several times the mean. */
	w->wait_ns = min(6 * w->latency_ns + 4 * DRAIN_NS, WAIT_MAX_NS);
}

/*
 * The search begins or goes on. product: rate x latency without a queue, which is to what
 * was in flight as that latency is to the one then. It is in the costs of before, which
 * are about to become what was seen here (cost.c).
 */
static void end_drain(struct weir_window *w, u64 product, const struct weir_rate *now)
{
	clear(w);
	if (w->resume) {
		w->phase = WEIR_WINDOW_SEARCH;
		w->wait_ns = w->latency_ns;
		return;
	}
	resize(w, FIRST * product, now);
	if (w->before < product + product / 2)
		open(w);
	else
		begin_search(w, w->before, now);
}

/*
 * What was sent before is gone when the sum of latencies is that of one request at a time,
 * and one of a level above. If something of it was still there after that, all over again.
 */
static void decide_drain(struct weir_window *w, const struct weir_window_sample *s)
{
	u64 sum = min(s->latency_ns, WAIT_MAX_NS) * min(s->requests, 1U << 20);
	bool drained = sum && sum <= 2 * min(s->interval_ns, WAIT_MAX_NS);
	struct weir_rate now = { .latency_ns = s->latency_ns };

	w->wait_ns -= min(w->wait_ns, s->interval_ns);
	if (!drained || !w->drained)
		clear(w);
	else
		add(w, s);
	w->drained = drained;
	if (w->sum.weight &&
	    w->sum.requests >= (w->sum.ns < DRAIN_NS ? DRAIN_REQUESTS : DRAIN_FEW)) {
		now = weir_rate_of(&w->sum);
		end_drain(w, weir_rate_scaled(w->before, w->loaded_ns, now.latency_ns), &now);
	} else if (!w->wait_ns) {
		w->drained = false;
		end_drain(w, w->before / FIRST, &now);	/* in vain */
	}
}

/* Is there more in flight than is of use, with somebody to gain from less? */
static bool decide_open(struct weir_window *w, const struct weir_rate *now, bool arm)
{
	bool due = w->drained_ns >= DRAIN_EVERY_NS;
	u64 flight = now->flight_ns;

	if (!weir_rate_is_enough(&w->sum))
		return false;
	if (flight < 3 * now->unloaded_ns)
		return true;
	w->full = now->per_ns;
	w->before = flight;
	if (due && !arm) {
		begin_drain(w, now);
	} else if (due) {
		w->drained_ns = 0;
		resize(w, FIRST * weir_rate_scaled(flight, now->latency_ns, now->unloaded_ns),
		       now);
		begin_search(w, flight, now);
	} else if (w->pause) {
		w->pause--;
	} else if (now->latency_ns > now->unloaded_ns + now->unloaded_ns / 2) {
		begin_search(w, flight, now);
	}
	return true;
}

static void decide_try(struct weir_window *w, const struct weir_rate *now, bool keep)
{
	if (keep) {
		if (w->way == WEIR_WINDOW_LESS)
			w->patience = PATIENCE_MIN;
		try_size(w, w->way, now);
		return;
	}
	w->next = w->way == WEIR_WINDOW_MORE ? WEIR_WINDOW_LESS : WEIR_WINDOW_MORE;
	w->way = WEIR_WINDOW_KEEP;
	pause(w);
	resize(w, w->before, now);
}

static bool decide_search(struct weir_window *w, const struct weir_rate *now, bool arm)
{
	u64 above = w->full * (WEIR_RATE_ONE + WEIR_RATE_TOLERANCE + 2 * now->noise);
	bool more = w->way == WEIR_WINDOW_MORE, lost;
	enum weir_rate_verdict verdict =
		weir_rate_judge(&w->sum, now->noise, more ? w->base : now->per_ns,
				more ? now->per_ns : w->full);

	if (verdict == WEIR_RATE_UNSURE)
		return false;
	lost = verdict == WEIR_RATE_LOST;
	if (more)
		w->full = lost ? now->per_ns : (w->full + now->per_ns) / 2;
	if (w->way != WEIR_WINDOW_KEEP) {
		decide_try(w, now, lost == more);
	} else if (lost) {
		w->full = now->per_ns;
		try_size(w, WEIR_WINDOW_MORE, now);
	} else if (now->per_ns * WEIR_RATE_ONE > above) {
		/* By how much is known the next time. */
		w->full = now->per_ns;
		w->next = WEIR_WINDOW_MORE;
		w->pause = 0;
	} else if (!arm && w->drained_ns >= DRAIN_EVERY_NS) {
		begin_drain(w, now);
	} else if (w->pause) {
		w->pause--;
	} else {
		try_size(w, w->next, now);
	}
	return true;
}

/* size x target / latency, between half and twice the size */
static bool decide_target(struct weir_window *w, const struct weir_rate *now, u64 target_ns,
			  bool arm)
{
	u64 latency = min(now->latency_ns, WEIR_RATE_NS_MAX) >> 10, size;
	u64 least = arm ? 0 : now->unloaded_ns + now->unloaded_ns / 2;

	if (!weir_rate_is_enough(&w->sum))
		return false;
	w->full = now->per_ns;
	w->way = WEIR_WINDOW_KEEP;
	if (w->phase == WEIR_WINDOW_OPEN)
		resize(w, now->flight_ns, now);
	w->phase = WEIR_WINDOW_SEARCH;
	if (!arm && w->drained_ns >= DRAIN_EVERY_NS) {
		begin_drain(w, now);
		return true;
	}
	target_ns = clamp_t(u64, target_ns, least, WEIR_RATE_NS_MAX);
	size = div64_u64(w->size * (target_ns >> 10), latency + !latency);
	resize(w, clamp_t(u64, size, w->size / 2, w->size * 2), now);
	return true;
}

/* Is nobody in need of it? */
static bool is_idle(struct weir_window *w, const struct weir_window_sample *s)
{
	bool held = s->backlog || w->way == WEIR_WINDOW_MORE;

	if (held || w->phase != WEIR_WINDOW_SEARCH)
		w->quiet_ns = 0;
	else
		w->quiet_ns += min(s->interval_ns, QUIET_NS);
	return s->flows < 2 || w->quiet_ns >= QUIET_NS;
}

void weir_window_init(struct weir_window *w, u64 small_ns)
{
	*w = (struct weir_window){
		.size = 32 * small_ns,
		.full = 1,
		.drained_ns = DRAIN_EVERY_NS,
		.patience = PATIENCE_MIN,
	};
}

void weir_window_update(struct weir_window *w, const struct weir_window_sample *s,
			u64 target_ns, bool arm)
{
	bool search, done;
	struct weir_rate now;

	if (!s->interval_ns)
		return;
	w->drained_ns = min(w->drained_ns + min(s->interval_ns, DRAIN_EVERY_NS), DRAIN_EVERY_NS);
	w->latency_ns = min(s->latency_ns, WAIT_MAX_NS);
	if (!target_ns && is_idle(w, s)) {
		open(w);
		if (s->flows >= 2)
			pause(w);
		return;
	}
	if (w->phase == WEIR_WINDOW_DRAIN) {
		decide_drain(w, s);
		return;
	}
	search = w->phase == WEIR_WINDOW_SEARCH;
	/* Sent under another window, not held back, or not by the window: says nothing. */
	if (w->wait_ns ||
	    (search && (s->disturbed || (!s->backlog && w->way != WEIR_WINDOW_MORE))))
		clear(w);
	else
		add(w, s);
	w->wait_ns -= min(w->wait_ns, s->interval_ns);
	if (!w->sum.weight)
		return;
	now = weir_rate_of(&w->sum);
	if (target_ns)
		done = decide_target(w, &now, target_ns, arm);
	else
		done = search ? decide_search(w, &now, arm) : decide_open(w, &now, arm);
	if (done)
		clear(w);
}

void weir_window_rescale(struct weir_window *w, u64 before, u64 after)
{
	if (!before || !after || before == after)
		return;
	/* What is in flight has its costs of before. */
	if (w->phase != WEIR_WINDOW_DRAIN &&
	    max(before, after) - min(before, after) > min(before, after) / 16)
		w->wait_ns = max(w->wait_ns, w->latency_ns);
	w->before = min(weir_rate_scaled(w->before, before, after), WEIR_WINDOW_MAX);
	w->size = clamp_t(u64, weir_rate_scaled(w->size, before, after), WEIR_WINDOW_MIN,
			  WEIR_WINDOW_MAX);
	weir_rate_rescale(&w->sum, before, after);
}
