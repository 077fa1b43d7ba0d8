// SPDX-License-Identifier: GPL-2.0
/*
 * The smallest window with which the device still gives its full rate.
 *
 * - Costs are unloaded device times, so the rate, costs served / time, is the
 *   number of requests the device works on at once, and rate x latency is the
 *   sum of costs in flight (Little, "A Proof for the Queuing Formula L = lambda
 *   W", Operations Research 9(3), 1961). With no queue anywhere that is rate x
 *   unloaded latency: what BBR calls the bandwidth-delay product (Cardwell et
 *   al., "BBR: Congestion-Based Congestion Control", ACM Queue 14(5), 2016). A
 *   device whose dies are hit at random needs a multiple of it, which depends on
 *   their number and cannot be known: so the product only makes the search
 *   quick, and it is the rate that says where it ends.
 * - OPEN: the window is in nobody's way, so it shows no backlog. What shows is
 *   latency: above 1.5 x unloaded with two requests or more in flight, the
 *   search begins. So it does, now and then, with four in flight and no such
 *   sign: a queue that was never shorter is taken for part of the device.
 * - DOWN: as long as the rate stays within the tolerance of the full one, the
 *   window shrinks. At first in long strides: to what was found the last time,
 *   or to four times the product, by a factor of eight at most; by half where
 *   latency does not tell; then by 1/sqrt(2) a step. When the rate is lost, it
 *   goes back to the size before, or, when that is far, UP.
 * - UP: one step up, by two or by sqrt(2), whichever the missing part of the
 *   rate suggests. More than the full rate: that is the full rate now, go on.
 *   As much as the full rate: DOWN again from here, in small steps, not as far
 *   as what was just found to lose. Two steps that bring nothing: the device is
 *   not what it was, and what it gives now is its full rate.
 * - HOLD: every so often a step up or down is tried, in turn; mostly down while
 *   there is a long queue. The pause doubles from 4 decisions to 32 while
 *   nothing comes of it. A rate that is lost is followed UP at once, and a ratio
 *   of latency to unloaded latency that moved by half is looked into at once.
 * - The tolerance is 2 % and 1.5 / sqrt(requests): a rate counted from n
 *   exponentially distributed service times is uncertain by 1 / sqrt(n). A
 *   decision takes 32 requests, and 4096 or a second unless twice the tolerance
 *   is exceeded; to say that something was lost or gained takes twice that.
 * - After a change, what is in flight still is what the size before let in: one
 *   latency passes unjudged.
 * - No backlog eight times in a row: whoever made it is gone. The window doubles
 *   at each update until it is wide open. What was found is remembered. A search
 *   that found nothing to shrink is not repeated so soon.
 * - With an explicit target nothing is searched for: the size is multiplied by
 *   target / latency (Little's law again, at a rate that stays), between a
 *   quarter and two. A step down that cost four times as much of the rate as it
 *   took off the latency is undone, and so is one that leaves less than a quarter
 *   of the full rate: what the device takes without a queue is not to be had by
 *   throttling.
 * - Without foreground requests there is nobody's latency to look after, and
 *   nothing is decided.
 */
#include <linux/math64.h>

#include "window.h"

#define RATE_SHIFT 16
#define RATE_MAX BIT(29)	/* 8192 requests at once */
#define NS_MAX BIT_ULL(34)	/* 17 s: times RATE_MAX it still fits */
#define SERVED_MAX BIT_ULL(46)	/* shifted by RATE_SHIFT it still fits */
#define RATIO_ONE 256U

#define MIN_REQUESTS 32
#define OPEN_REQUESTS 256
#define ENOUGH_REQUESTS 4096
#define FULL_REQUESTS 8192	/* the full rate is averaged over so many */
#define ENOUGH_NS 1000000000ULL
#define WEIGHT_MAX 1024		/* one update's latency counts so much at most */
#define SKIP_MAX_NS 2000000000ULL

#define TOLERANCE_ONE 1024U
#define TOLERANCE 20		/* 2 % */
#define NOISE 1536U		/* 1.5, over the root of the requests */

#define QUIET_UPDATES 8
#define QUIET_UPDATES_UP 24	/* a larger one is being tried: no wonder */
#define CURIOUS_DEPTH 4		/* requests in flight */
#define CURIOUS_AFTER 256	/* decisions, the first time CURIOUS_FIRST */
#define CURIOUS_FIRST 8
#define PATIENCE_MIN 4
#define PATIENCE_MAX 32
#define NO_QUEUE (RATIO_ONE * 3 / 2)	/* latency / unloaded: hardly any queue */
#define DEEP 4			/* there is one for sure, */
#define VERY_DEEP 16		/* a long one */
#define TARGET_SHARE 4		/* of the full rate is what a target may not cost */
#define FRUITLESS 2		/* doublings without a gain */

/* What the sums since the last decision amount to. */
struct seen {
	u64 latency_ns;
	u64 unloaded_ns;
	u64 in_flight;
	u32 rate;
	u32 tolerance;
	bool enough;
	bool certain;
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
static u64 times(u32 rate, u64 ns)
{
	return (min_of(ns, NS_MAX) * rate) >> RATE_SHIFT;
}

static u32 rate_of(const struct weir_window_sample *s)
{
	return min_of(div64_u64(min_of(s->served_ns, SERVED_MAX) << RATE_SHIFT,
				 s->interval_ns), RATE_MAX);
}

/* A share of a rate, in TOLERANCE_ONEth. */
static u32 part(u32 rate, u32 share)
{
	return min_of(((u64)rate * share) / TOLERANCE_ONE, RATE_MAX);
}

static void clear(struct weir_window *w)
{
	w->ns = 0;
	w->served = 0;
	w->requests = 0;
	w->latency = 0;
	w->unloaded = 0;
	w->weight = 0;
	w->backlog = false;
}

static void add(struct weir_window *w, const struct weir_window_sample *s)
{
	u64 weight = min_of(s->requests, WEIGHT_MAX);

	w->ns += min_of(s->interval_ns, NS_MAX);
	w->served = min_of(w->served + min_of(s->served_ns, SERVED_MAX), SERVED_MAX);
	w->requests += s->requests;
	w->backlog |= s->backlog;
	if (!s->latency_ns || !s->unloaded_ns)
		return;
	w->latency += min_of(s->latency_ns, NS_MAX) * weight;
	w->unloaded += min_of(s->unloaded_ns, NS_MAX) * weight;
	w->weight += weight;
}

static struct seen look(const struct weir_window *w)
{
	struct seen now = {
		.rate = min_of(div64_u64(w->served << RATE_SHIFT, w->ns), RATE_MAX),
		.enough = w->requests >= ENOUGH_REQUESTS || w->ns >= ENOUGH_NS,
		.certain = w->requests >= 2 * ENOUGH_REQUESTS || w->ns >= 2 * ENOUGH_NS,
	};

	now.rate += !now.rate;
	now.tolerance = TOLERANCE + NOISE /
			(u32)int_sqrt(min_of(w->requests, BIT(30)));
	if (w->weight) {
		now.latency_ns = div64_u64(w->latency, w->weight);
		now.unloaded_ns = div64_u64(w->unloaded, w->weight);
	}
	now.latency_ns += !now.latency_ns;
	now.unloaded_ns += !now.unloaded_ns;
	now.in_flight = times(now.rate, now.latency_ns);
	return now;
}

/* One average request, and some room because no two cost the same. */
static u64 smallest(const struct seen *now)
{
	return max_of(now->unloaded_ns + now->unloaded_ns / 8, WEIR_WINDOW_MIN);
}

/* Twice as much, and as many requests again if that is one. */
static u64 doubled(u64 size, const struct seen *now)
{
	return size * 2 + now->unloaded_ns / 8;
}

static void resize(struct weir_window *w, u64 size, const struct seen *now)
{
	size = min_of(max_of(size, smallest(now)), WEIR_WINDOW_MAX);
	WRITE_ONCE(w->size, size);
	w->skip_ns = min_of(now->latency_ns, SKIP_MAX_NS);
}

static void hold(struct weir_window *w, u64 size, const struct seen *now)
{
	resize(w, size, now);
	w->good = w->size;
	w->hold_ratio = 0;
	w->wait = w->patience;
	w->phase = WEIR_WINDOW_HOLD;
}

static void found_nothing(struct weir_window *w)
{
	w->patience = min_of(w->patience * 2, PATIENCE_MAX);
}

static void set_full(struct weir_window *w, u32 rate)
{
	w->full_rate = rate;
	w->full_requests = min_of(w->requests, FULL_REQUESTS);
}

/* One more measurement of the full rate: what counts is how many requests it has. */
static void average_full(struct weir_window *w, u32 rate)
{
	u32 weight = min_of(w->requests, FULL_REQUESTS);
	s64 change = (s64)rate - w->full_rate;

	w->full_requests = min_of(w->full_requests + weight, FULL_REQUESTS);
	change = change < 0 ? -(s64)div_u64(-change * weight, w->full_requests) :
			      (s64)div_u64(change * weight, w->full_requests);
	w->full_rate += change;
}

static u64 root_half(u64 size)
{
	return size - size / 4 - size / 16 + size / 64;
}

static u64 half_up(u64 size)
{
	return size + size / 2 - size / 16;
}

/* Below the full rate by more than the tolerance? */
static bool falls_short(const struct weir_window *w, u32 rate, const struct seen *now)
{
	return rate < part(w->full_rate, TOLERANCE_ONE - now->tolerance);
}

static bool inflated(u64 latency_ns, u64 unloaded_ns)
{
	return latency_ns > unloaded_ns + unloaded_ns / 2;
}

/* The next smaller size to try; the same size again when there is none. */
static u64 smaller(const struct weir_window *w, u64 size, const struct seen *now)
{
	u64 product = times(now->rate, now->unloaded_ns) * 4;
	u64 next = root_half(size);

	if (w->coarse && product < next)
		next = max_of(product, size / 8);
	else if (now->latency_ns / VERY_DEEP > now->unloaded_ns ||
		 (w->coarse && !inflated(now->latency_ns, now->unloaded_ns)))
		next = size / 2;
	next = max_of(next, smallest(now));
	return next < size && next > w->bad + w->bad / 8 ? next : size;
}

static void go_up(struct weir_window *w, u64 size, const struct seen *now)
{
	w->good = w->size;
	w->base_rate = now->rate;
	w->fruitless = 0;
	w->coarse = false;
	w->phase = WEIR_WINDOW_UP;
	resize(w, size, now);
}

/* The full rate is missed: twice as much, or half a step when it is near. */
static void go_back_up(struct weir_window *w, const struct seen *now)
{
	bool near = now->rate > part(w->full_rate, TOLERANCE_ONE - 2 * now->tolerance);

	go_up(w, near ? half_up(w->size) : doubled(w->size, now), now);
}

static void go_down(struct weir_window *w, const struct seen *now)
{
	u64 next = smaller(w, w->size, now);

	if (next == w->size) {
		hold(w, w->size, now);
		return;
	}
	w->good = w->size;
	w->base_rate = now->rate;
	w->phase = WEIR_WINDOW_DOWN;
	resize(w, next, now);
}

static bool decide_open(struct weir_window *w, const struct seen *now)
{
	u64 next;

	if (w->requests < OPEN_REQUESTS && !now->enough)
		return false;
	if (w->wait) {
		w->wait--;
		return true;
	}
	if (now->in_flight < now->unloaded_ns * 2)
		return true;
	/*
	 * A queue that never was shorter is part of what is taken for the
	 * unloaded latency: only trying tells (BBR's ProbeRTT has the same cause).
	 */
	if (!inflated(now->latency_ns, now->unloaded_ns) &&
	    (now->in_flight < now->unloaded_ns * CURIOUS_DEPTH ||
	     ++w->curiosity < CURIOUS_AFTER))
		return true;
	w->curiosity = 0;
	set_full(w, now->rate);
	w->base_rate = now->rate;
	w->bad = 0;
	w->coarse = true;
	next = smaller(w, now->in_flight, now);
	if (w->good && w->good < next)
		next = w->good;
	w->good = now->in_flight;
	w->offered = now->in_flight;
	w->phase = WEIR_WINDOW_DOWN;
	resize(w, next, now);
	return true;
}

static bool decide_down(struct weir_window *w, const struct seen *now)
{
	bool lost = falls_short(w, now->rate, now);
	bool deep = now->latency_ns / DEEP > now->unloaded_ns;
	bool plain = lost ?
		now->rate < part(w->full_rate, TOLERANCE_ONE - 2 * now->tolerance) :
		deep && w->coarse;

	if (!plain && (!now->enough || (lost && !now->certain)))
		return false;
	if (!lost) {
		if (now->rate > part(w->full_rate, TOLERANCE_ONE + 2 * now->tolerance))
			set_full(w, now->rate);
		else if (w->coarse && deep)
			average_full(w, now->rate);
		w->patience = PATIENCE_MIN;
		go_down(w, now);
		return true;
	}
	w->bad = w->size;
	w->coarse = false;
	if (root_half(w->good) > w->size + w->size / 8) {
		go_back_up(w, now);
	} else {
		found_nothing(w);
		hold(w, w->good, now);
	}
	return true;
}

static bool decide_up(struct weir_window *w, const struct seen *now)
{
	bool gain = now->rate > part(w->base_rate, TOLERANCE_ONE + now->tolerance);
	bool plain = now->rate > part(w->base_rate, TOLERANCE_ONE + 2 * now->tolerance);

	if (!plain && (!now->enough || (gain && !now->certain)))
		return false;
	if (now->rate > part(w->full_rate, TOLERANCE_ONE + now->tolerance)) {
		/* More than there has been yet. */
		set_full(w, now->rate);
		w->patience = PATIENCE_MIN;
		go_up(w, doubled(w->size, now), now);
	} else if (now->latency_ns < now->unloaded_ns + now->unloaded_ns / 4 &&
		   w->backlog) {
		/* Nothing waits in the device: more costs nobody anything. */
		resize(w, doubled(w->size, now), now);
	} else if (!falls_short(w, w->base_rate, now)) {
		/* A probe: nothing was amiss. */
		if (!gain)
			found_nothing(w);
		hold(w, gain ? w->size : w->good, now);
	} else if (!falls_short(w, now->rate, now)) {
		w->patience = PATIENCE_MIN;
		go_down(w, now);
	} else if (gain) {
		w->bad = max_of(w->bad, w->good);
		go_back_up(w, now);
	} else if (++w->fruitless < FRUITLESS) {
		resize(w, doubled(w->size, now), now);
	} else {
		/* The device is not what it was. */
		set_full(w, max_of(now->rate, w->base_rate));
		w->bad = 0;
		hold(w, w->good, now);
		w->wait = 0;
	}
	return true;
}

static bool decide_hold(struct weir_window *w, const struct seen *now)
{
	u32 ratio = min_of(div64_u64(now->latency_ns * RATIO_ONE, now->unloaded_ns),
			    BIT(30));
	bool plain = now->rate < part(w->full_rate, TOLERANCE_ONE - 2 * now->tolerance);
	bool up;

	if (!plain && !now->enough)
		return false;
	w->base_rate += ((s64)now->rate - w->base_rate) / 4;
	if (plain || falls_short(w, w->base_rate, now)) {
		w->bad = w->size;
		w->patience = PATIENCE_MIN;
		go_back_up(w, now);
		return true;
	}
	if (now->rate > part(w->full_rate, TOLERANCE_ONE + 2 * now->tolerance))
		set_full(w, now->rate);
	if (!w->hold_ratio)
		w->hold_ratio = ratio;
	if (ratio / 3 > w->hold_ratio / 2 || w->hold_ratio / 3 > ratio / 2) {
		up = ratio < w->hold_ratio;
		w->patience = PATIENCE_MIN;
		w->wait = 0;
	} else {
		up = w->probes % (ratio > VERY_DEEP * RATIO_ONE ? 4 : 2) == 1;
	}
	if (ratio < NO_QUEUE && w->wait > PATIENCE_MIN)
		w->wait = PATIENCE_MIN;
	if (w->wait) {
		/* Where each takes a second, half as many will do. */
		w->wait -= min_of(w->wait, w->ns < ENOUGH_NS ? 1 : 2);
		return true;
	}
	w->bad = 0;
	w->probes++;
	if (up)
		go_up(w, ratio < NO_QUEUE ? half_up(w->size) : doubled(w->size, now), now);
	else
		go_down(w, now);
	return true;
}

/* size x target / latency, between a quarter of the size and twice as much */
static u64 proportional(u64 size, u64 target_ns, u64 latency_ns)
{
	u64 next;

	/* The product has to fit: what is lost is less than a part in a thousand. */
	while (target_ns >> 20 || latency_ns >> 20) {
		target_ns >>= 1;
		latency_ns >>= 1;
	}
	next = div64_u64(size * target_ns, latency_ns + !latency_ns);
	return min_of(max_of(next, size / 4), size * 2);
}

/*
 * Was the last step down worth it? Not if it took four times as much of the rate
 * as of the latency: there was next to no queue to shorten. Nor if a quarter of
 * the full rate is not left.
 */
static bool in_vain(const struct weir_window *w, const struct seen *now)
{
	/* Rescaling may have made nothing of either. */
	u64 base_rate = max_of(w->base_rate, 1), base_ns = max_of(w->base_ns, 1);
	u64 rate_lost = w->base_rate > now->rate ? w->base_rate - now->rate : 0;
	u64 saved = w->base_ns > now->latency_ns ? w->base_ns - now->latency_ns : 0;

	if (now->rate < w->full_rate / TARGET_SHARE)
		return true;
	return div64_u64(rate_lost * RATIO_ONE, base_rate) >
	       4 * div64_u64(saved * RATIO_ONE, base_ns) + now->tolerance / 4;
}

static bool decide_target(struct weir_window *w, const struct seen *now, u64 target_ns)
{
	u64 size = min_of(w->size, now->in_flight * 2);

	target_ns = min_of(target_ns, NS_MAX);
	if (!now->enough && w->phase == WEIR_WINDOW_DOWN &&
	    now->latency_ns / DEEP < target_ns)
		return false;
	if (now->rate > w->full_rate)
		set_full(w, now->rate);
	else
		w->full_rate -= (w->full_rate - now->rate) / 256;
	if (now->latency_ns > target_ns) {
		if (w->phase == WEIR_WINDOW_DOWN && in_vain(w, now)) {
			found_nothing(w);
			w->wait = w->patience;
			w->phase = WEIR_WINDOW_HOLD;
			resize(w, w->good, now);
		} else if (w->wait) {
			w->wait--;
		} else {
			w->phase = WEIR_WINDOW_DOWN;
			w->good = size;
			w->base_rate = now->rate;
			w->base_ns = now->latency_ns;
			resize(w, proportional(size, target_ns, now->latency_ns), now);
		}
	} else {
		w->patience = PATIENCE_MIN;
		w->wait = 0;
		if (w->phase == WEIR_WINDOW_OPEN)
			return true;
		w->phase = WEIR_WINDOW_HOLD;
		if (now->latency_ns < target_ns - target_ns / 8)
			resize(w, proportional(w->size, target_ns, now->latency_ns), now);
	}
	return true;
}

/* What was measured for one purpose is of no use for the other. */
static void change_purpose(struct weir_window *w, bool target)
{
	w->target = target;
	w->patience = PATIENCE_MIN;
	w->wait = 0;
	w->bad = 0;
	w->full_rate = 0;
	w->base_rate = 0;
	w->hold_ratio = 0;
	w->curiosity = CURIOUS_AFTER - CURIOUS_FIRST;
	if (w->phase == WEIR_WINDOW_OPEN)
		return;
	w->good = w->size;
	w->phase = WEIR_WINDOW_HOLD;
	clear(w);
}

static bool decide(struct weir_window *w, const struct seen *now, u64 target_ns)
{
	if (target_ns)
		return decide_target(w, now, target_ns);
	switch (w->phase) {
	case WEIR_WINDOW_OPEN:
		return decide_open(w, now);
	case WEIR_WINDOW_DOWN:
		return decide_down(w, now);
	case WEIR_WINDOW_UP:
		return decide_up(w, now);
	default:
		return decide_hold(w, now);
	}
}

/*
 * A search that ended with a window larger than what had been in flight in its
 * absence found that there is nothing to shrink: not again so soon.
 */
static void reopen(struct weir_window *w)
{
	if (w->size > w->offered - w->offered / 4)
		w->reluctance = max_of(PATIENCE_MIN,
				       min_of(w->reluctance * 2, PATIENCE_MAX));
	else
		w->reluctance = 0;
	w->wait = w->reluctance;
	w->phase = WEIR_WINDOW_OPEN;
	w->skip_ns = 0;
	clear(w);
}

/* Return: false if this update is not to be judged. */
static bool still_needed(struct weir_window *w, const struct weir_window_sample *s)
{
	if (w->phase == WEIR_WINDOW_OPEN && w->size < WEIR_WINDOW_MAX && s->backlog) {
		/* Somebody is back before it was wide open. */
		clear(w);
		if (w->good && w->good < w->size) {
			WRITE_ONCE(w->size, max_of(w->good, WEIR_WINDOW_MIN));
			w->phase = WEIR_WINDOW_HOLD;
			w->wait = w->patience;
		} else {
			w->good = w->size;
			w->base_rate = 0;
			w->phase = WEIR_WINDOW_UP;
		}
		return false;
	}
	w->quiet = s->backlog ? 0 : w->quiet + 1;
	if (s->backlog || w->size == WEIR_WINDOW_MAX)
		return true;
	if (w->phase == WEIR_WINDOW_OPEN ||
	    w->quiet >= (w->phase == WEIR_WINDOW_UP ? QUIET_UPDATES_UP : QUIET_UPDATES)) {
		if (w->phase != WEIR_WINDOW_OPEN)
			reopen(w);
		WRITE_ONCE(w->size, min_of(w->size * 2, WEIR_WINDOW_MAX));
		return true;
	}
	/*
	 * The rate is what was asked for, not what the window allows. When a
	 * larger one is tried, that may be because it is large enough: but then
	 * the rate is not lower than before.
	 */
	if (w->phase == WEIR_WINDOW_UP)
		return rate_of(s) > w->base_rate - w->base_rate / 4;
	clear(w);
	return false;
}

/*
 * What the full rate is taken from must have been like that all the time: two
 * updates in a row of much the same rate.
 */
static bool stays_hot(struct weir_window *w, const struct weir_window_sample *s)
{
	u32 rate = rate_of(s);
	bool same = rate > w->last_rate - w->last_rate / 4 &&
		    rate < w->last_rate + w->last_rate / 4;

	w->last_rate = rate;
	if (!same)
		clear(w);
	return same;
}

void weir_window_init(struct weir_window *w)
{
	*w = (struct weir_window){
		.size = WEIR_WINDOW_MAX,
		.patience = PATIENCE_MIN,
		.curiosity = CURIOUS_AFTER - CURIOUS_FIRST,
	};
}

void weir_window_update(struct weir_window *w, const struct weir_window_sample *s,
			u64 target_ns)
{
	struct seen now;

	if (w->target != !!target_ns)
		change_purpose(w, target_ns);
	if (!s->interval_ns || !still_needed(w, s))
		return;
	if (w->skip_ns > s->interval_ns / 8) {
		w->skip_ns -= min_of(w->skip_ns, s->interval_ns);
		return;
	}
	w->skip_ns = 0;
	if (w->phase == WEIR_WINDOW_OPEN && !target_ns && !stays_hot(w, s))
		return;
	add(w, s);
	if (w->requests < MIN_REQUESTS)
		return;
	now = look(w);
	if (!w->weight || decide(w, &now, target_ns))
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
	u64 size;

	while ((before | after) >> 20) {
		before >>= 1;
		after >>= 1;
	}
	if (!before || !after || before == after)
		return;
	w->good = min_of(scaled(w->good, after, before), WEIR_WINDOW_MAX);
	w->bad = min_of(scaled(w->bad, after, before), WEIR_WINDOW_MAX);
	w->full_rate = min_of(scaled(w->full_rate, after, before), RATE_MAX);
	w->offered = min_of(scaled(w->offered, after, before), WEIR_WINDOW_MAX);
	w->base_rate = min_of(scaled(w->base_rate, after, before), RATE_MAX);
	w->hold_ratio = min_of(scaled(w->hold_ratio, before, after), BIT(30));
	w->served = min_of(scaled(w->served, after, before), SERVED_MAX);
	if (w->size == WEIR_WINDOW_MAX)
		return;
	size = max_of(scaled(w->size, after, before), WEIR_WINDOW_MIN);
	WRITE_ONCE(w->size, min_of(size, WEIR_WINDOW_MAX));
}
