// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim.h"

#define NONE (~0U)
#define BYTES 4096
#define OVERHEAD 16384		/* weir_work() */

/* Those of src/iosched/tick.c and flow.c */
#define TICK_REQUESTS 512
#define TICK_MIN_NS 10000000ULL
#define TICK_MAX_NS 100000000ULL
#define TICK_DRAIN_NS 5000000ULL
#define FLOWS_NS 20000000ULL
#define LEARN_NS 100000000ULL
#define ACTIVE_NS 200000000ULL

u64 sim_random(u64 *seed)
{
	/* xorshift64*, Vigna 2016 */
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return (*seed * 0x2545f4914f6cdd1dULL) >> 16;
}

void sim_init(struct sim *s, const struct sim_device *device, unsigned int depth)
{
	u32 i;

	memset(s, 0, sizeof(*s));
	s->device = *device;
	s->depth = depth;
	s->reader = true;
	s->learn = true;
	s->cost_ns = device->service_ns;
	s->bulk_bytes = BYTES;
	s->seed = 0x9e3779b97f4a7c15ULL;
	weir_cost_init(&s->cost, false);
	weir_window_init(&s->window, weir_cost_ns(&s->cost, BYTES));
	s->period_ns = TICK_MAX_NS;
	s->timed_every = 1;
	for (i = 0; i < SIM_REQUESTS; i++)
		s->request[i].next = i + 1 < SIM_REQUESTS ? i + 1 : NONE;
	for (i = 0; i < SIM_SERVERS; i++) {
		s->queue[i].head = NONE;
		s->serving[i] = NONE;
	}
}

void sim_freeze(struct sim *s, u64 size)
{
	s->frozen = true;
	s->learn = false;
	s->window.size = size;
	s->window.phase = size < WEIR_WINDOW_MAX ? WEIR_WINDOW_SEARCH : WEIR_WINDOW_OPEN;
}

static void done_push(struct sim *s, struct sim_done d)
{
	unsigned int i = s->nr_done++;

	for (; i && s->done[(i - 1) / 2].at_ns > d.at_ns; i = (i - 1) / 2)
		s->done[i] = s->done[(i - 1) / 2];
	s->done[i] = d;
}

static struct sim_done done_pop(struct sim *s)
{
	struct sim_done first = s->done[0], last = s->done[--s->nr_done];
	unsigned int i = 0, child;

	while ((child = 2 * i + 1) < s->nr_done) {
		if (child + 1 < s->nr_done &&
		    s->done[child + 1].at_ns < s->done[child].at_ns)
			child++;
		if (s->done[child].at_ns >= last.at_ns)
			break;
		s->done[i] = s->done[child];
		i = child;
	}
	s->done[i] = last;
	return first;
}

static void serve(struct sim *s, u32 server, u32 index)
{
	double ns = s->device.service_ns;

	if (!s->request[index].reader && s->bulk_service_ns)
		ns = s->bulk_service_ns;
	if (s->device.exponential)
		ns *= -log((sim_random(&s->seed) % 1000000 + 1) / 1000000.0);
	s->serving[server] = index;
	done_push(s, (struct sim_done){ s->now_ns + 1 + (u64)ns, server });
}

static void enqueue(struct sim *s, u32 index)
{
	u32 server = 0;
	struct sim_queue *q = &s->queue[0];

	if (s->device.bins) {
		server = sim_random(&s->seed) % s->device.servers;
		q = &s->queue[server];
	} else {
		while (server + 1 < s->device.servers && s->serving[server] != NONE)
			server++;
	}
	if (s->serving[server] == NONE) {
		serve(s, server, index);
		return;
	}
	s->request[index].next = NONE;
	if (q->head == NONE)
		q->head = index;
	else
		s->request[q->tail].next = index;
	q->tail = index;
}

static u32 cost_of(const struct sim *s, bool reader)
{
	return s->learn ? weir_cost_ns(&s->cost, reader ? BYTES : s->bulk_bytes) : s->cost_ns;
}

static bool fits(const struct sim *s, u32 cost)
{
	return s->window.phase == WEIR_WINDOW_OPEN || !s->charged ||
	       s->charged + cost <= weir_window_ns(&s->window);
}

static void issue(struct sim *s, bool reader)
{
	u32 index = s->free;
	struct sim_request *r = &s->request[index];

	s->free = r->next;
	r->at_ns = s->now_ns;
	r->wanted_ns = s->reader_since_ns;
	r->reader = reader;
	r->cost = cost_of(s, reader);
	r->charge = s->window.phase == WEIR_WINDOW_OPEN ? 0 : r->cost;
	r->timed = !s->until_timed;
	s->until_timed = r->timed ? s->timed_every - 1 : s->until_timed - 1;
	s->charged += r->charge;
	if (reader)
		s->reader_out = true;
	else
		s->bulk++;
	enqueue(s, index);
}

static u64 start_of(const struct sim *s, bool reader)
{
	return s->finish[reader] > s->vtime ? s->finish[reader] : s->vtime;
}

/* Who has the earlier virtual start goes first. Return: whether somebody was held back. */
static bool dispatch(struct sim *s)
{
	for (;;) {
		bool reader = s->reader && !s->reader_out, bulk = s->bulk < s->depth;

		if (!reader && !bulk)
			return false;
		if (reader && bulk)
			reader = start_of(s, true) <= start_of(s, false);
		if (!fits(s, cost_of(s, reader)))
			return true;
		s->vtime = start_of(s, reader);
		s->finish[reader] = s->vtime + cost_of(s, reader);
		issue(s, reader);
	}
}

static void count_flows(struct sim *s)
{
	if (s->depth || s->bulk)
		s->bulk_seen_ns = s->now_ns + ACTIVE_NS;
	if (s->reader || s->reader_out)
		s->reader_seen_ns = s->now_ns + ACTIVE_NS;
	if (s->now_ns - s->flows_ns < FLOWS_NS)
		return;
	s->flows_ns = s->now_ns;
	s->flows = (s->bulk_seen_ns > s->now_ns) + (s->reader_seen_ns > s->now_ns);
}

static void learn(struct sim *s, bool drained)
{
	u64 before = weir_cost_sum(&s->cost, s->since_learned);

	weir_cost_learn(&s->cost, s->since_learned, drained);
	weir_window_rescale(&s->window, before,
			    weir_cost_sum(&s->cost, s->since_learned));
	memset(s->since_learned, 0, sizeof(s->since_learned));
	s->learned_ns = s->now_ns;
}

static void decide(struct sim *s)
{
	const struct sim_count *c = &s->count;
	struct weir_window_sample sample = {
		.interval_ns = s->now_ns - s->last_tick_ns,
		.work = c->work,
		.served_ns = c->served_ns,
		.requests = c->done,
		.latency_ns = c->timed ? c->latency_ns / c->timed : 0,
		.unloaded_ns = c->timed ? c->expected_ns / c->timed : 0,
		.flows = s->flows,
		.backlog = s->backlog,
		.disturbed = s->disturbed,
	};

	s->backlog = false;
	weir_window_update(&s->window, &sample, s->target_ns, s->arm);
}

static void add_samples(struct sim *s)
{
	unsigned int i;

	for (i = 0; i < WEIR_COST_SIZES; i++) {
		struct weir_cost_sample *to = &s->since_learned[i], *more = &s->count.cost[i];

		if (!to->count || (more->count && more->min_ns < to->min_ns))
			to->min_ns = more->min_ns;
		to->count += more->count;
		to->sum_ns += more->sum_ns;
	}
}

/* As in src/iosched/tick.c. What was sent before a drain is learned before it. */
static void tick(struct sim *s)
{
	u64 ns = s->now_ns - s->last_tick_ns;
	bool drained = weir_window_is_drained(&s->window);
	u32 done = s->count.done;

	if (s->window.phase == WEIR_WINDOW_DRAIN)
		s->drain_ns += ns;
	if (drained && !s->was_drained)
		memset(s->since_learned, 0, sizeof(s->since_learned));
	s->was_drained = drained;
	add_samples(s);
	decide(s);
	if (s->learn && (drained != weir_window_is_drained(&s->window) ||
			 s->now_ns - s->learned_ns >= LEARN_NS))
		learn(s, drained && s->window.phase != WEIR_WINDOW_DRAIN);
	s->timed_every = done > 4096 ? 17 : done > 1024 ? 7 : done > 256 ? 3 : 1;
	s->period_ns = ns * TICK_REQUESTS / (done ? done : 1);
	if (s->period_ns < TICK_MIN_NS)
		s->period_ns = TICK_MIN_NS;
	if (s->period_ns > TICK_MAX_NS)
		s->period_ns = TICK_MAX_NS;
	if (s->window.phase == WEIR_WINDOW_DRAIN)
		s->period_ns = TICK_DRAIN_NS;
	memset(&s->count, 0, sizeof(s->count));
	s->last_tick_ns = s->now_ns;
}

static void count(struct sim *s, const struct sim_request *r)
{
	u32 bytes = r->reader ? BYTES : s->bulk_bytes;
	struct weir_cost_sample *sample = &s->count.cost[weir_cost_bucket(bytes)];
	u64 ns = s->now_ns - r->at_ns;

	s->count.done++;
	s->count.work += bytes + OVERHEAD;
	s->count.served_ns += r->cost;
	if (!r->timed)
		return;
	s->count.timed++;
	s->count.latency_ns += ns;
	s->count.expected_ns += r->cost;
	if (!sample->count++ || ns < sample->min_ns)
		sample->min_ns = ns < ~0U ? ns : ~0U;
	sample->sum_ns += ns;
}

/* The next completion, and what follows from it. */
static void complete(struct sim *s, struct sim_tenth *tenth)
{
	struct sim_done d = done_pop(s);
	u32 index = s->serving[d.server];
	struct sim_request *r = &s->request[index];
	struct sim_queue *q = &s->queue[s->device.bins ? d.server : 0];

	s->now_ns = d.at_ns;
	count(s, r);
	tenth->requests++;
	tenth->latency_ns += d.at_ns - r->at_ns;
	s->charged -= r->charge;
	if (r->reader) {
		u64 ns = d.at_ns - r->wanted_ns;

		s->reader_out = false;
		s->reader_since_ns = d.at_ns;
		s->reader_hist.bucket[weir_latency_bucket(ns)]++;
	} else {
		s->bulk--;
	}
	r->next = s->free;
	s->free = index;
	s->serving[d.server] = NONE;
	/* A server that is one too many since the device shrank stops. */
	if (q->head != NONE && (s->device.bins || d.server < s->device.servers)) {
		u32 next = q->head;

		q->head = s->request[next].next;
		serve(s, d.server, next);
	}
}

struct sim_tenth sim_some(struct sim *s, u64 ns)
{
	u64 end_ns = s->now_ns + ns, readers = 0, reader_ns = 0;
	struct sim_tenth tenth = { 0 };
	bool held;

	held = dispatch(s);
	while (s->nr_done && s->done[0].at_ns <= end_ns) {
		u64 since = s->reader_since_ns;

		complete(s, &tenth);
		if (s->reader_since_ns != since) {
			readers++;
			reader_ns += s->reader_since_ns - since;
		}
		s->backlog |= held;
		count_flows(s);
		if (!s->frozen && s->now_ns - s->last_tick_ns >= s->period_ns)
			tick(s);
		held = dispatch(s);
		s->backlog |= held;
		tenth.held |= held;
	}
	s->now_ns = end_ns;
	if (!s->reader)
		s->reader_since_ns = end_ns;
	if (tenth.requests)
		tenth.latency_ns /= tenth.requests;
	tenth.reader_ns = readers ? reader_ns / readers : 0;
	tenth.size = s->window.phase == WEIR_WINDOW_OPEN ? WEIR_WINDOW_MAX : s->window.size;
	return tenth;
}

struct sim_tenth sim_tenth(struct sim *s)
{
	return sim_some(s, SIM_TENTH_NS);
}

double sim_rate(struct sim *s, unsigned int tenths)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < tenths; i++)
		sum += sim_tenth(s).requests;
	return sum / tenths;
}

/* What follows makes the table of docs/elevator-laws.md. */

#define FIGURE_DEPTH 256
#define FIGURE_TENTHS 600
#define SETTLED_TENTHS 150

static struct sim figure;

/* The rate with room for so many requests, once the first of them are through. */
static double rate_with(const struct sim_device *d, double requests)
{
	u64 per_tenth = SIM_TENTH_NS * d->servers / d->service_ns;

	sim_init(&figure, d, FIGURE_DEPTH);
	sim_freeze(&figure, requests * d->service_ns);
	sim_rate(&figure, 20);
	return sim_rate(&figure, 100000 / per_tenth + 10);
}

static double smallest_window(const struct sim_device *d, double full)
{
	double low = 1, high = FIGURE_DEPTH + 1;

	if (rate_with(d, low) >= 0.95 * full)
		return low;
	while (high / low > 1.02) {
		double middle = sqrt(high * low);

		if (rate_with(d, middle) >= 0.95 * full)
			high = middle;
		else
			low = middle;
	}
	return high;
}

/* How long the reader waits: mean, median and 99th percentile, in service times */
struct waits {
	double mean, half, most;
};

/* Over so many tenths of a second from here. window: requests, on average */
static struct waits figure_waits(unsigned int tenths, double *window)
{
	double sum = 0, logs = 0, service_ns = figure.device.service_ns;
	struct waits w;
	unsigned int i, n = 0;
	u64 count;

	memset(&figure.reader_hist, 0, sizeof(figure.reader_hist));
	for (i = 0; i < tenths; i++) {
		struct sim_tenth t = sim_tenth(&figure);
		double size = t.size / (double)weir_cost_ns(&figure.cost, BYTES);

		/* Not every tenth has a read that is complete. */
		sum += t.reader_ns;
		n += !!t.reader_ns;
		logs += log(size < FIGURE_DEPTH + 1 ? size : FIGURE_DEPTH + 1);
	}
	count = weir_latency_count(&figure.reader_hist);
	w.mean = sum / (n + !n) / service_ns;
	w.half = weir_latency_of_rank(&figure.reader_hist, count / 2 + 1) / service_ns;
	w.most = weir_latency_of_rank(&figure.reader_hist, count - count / 100) / service_ns;
	*window = exp(logs / tenths);
	return w;
}

/* Simulated ms until there is a size, from the first request on */
static int first_size(const struct sim_device *d)
{
	int ms = 0;

	sim_init(&figure, d, FIGURE_DEPTH);
	while (figure.window.phase != WEIR_WINDOW_SEARCH && ms < 5000) {
		sim_some(&figure, 1000000);
		ms++;
	}
	return ms;
}

static void figure_row(const struct sim_device *d, double smallest, double full)
{
	struct waits without, with;
	double window, rate;
	int first = first_size(d);

	sim_init(&figure, d, FIGURE_DEPTH);
	rate = sim_rate(&figure, FIGURE_TENTHS);
	sim_init(&figure, d, FIGURE_DEPTH);
	sim_freeze(&figure, WEIR_WINDOW_MAX);
	sim_rate(&figure, 20);
	without = figure_waits(300, &window);
	sim_init(&figure, d, FIGURE_DEPTH);
	sim_rate(&figure, SETTLED_TENTHS);
	with = figure_waits(FIGURE_TENTHS - SETTLED_TENTHS, &window);
	printf("| %u | %s | %s | %.3g | %.3g | %.1f %% | %d |",
	       d->servers, d->bins ? "one each, at random" : "one for all",
	       d->exponential ? "exponential" : "constant", smallest, window,
	       100 * rate / full, first);
	printf(" %.1f, %.1f, %.0f | %.0f, %.0f, %.0f |\n", with.mean, with.half, with.most,
	       without.mean, without.half, without.most);
}

void sim_figures(void)
{
	static const unsigned int servers[] = { 1, 8, 32, 128 };
	static const char *const columns[] = {
		"servers", "queues", "service times", "smallest", "found", "rate", "first",
		"reader", "without",
	};
	unsigned int kind, i;

	for (i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		printf("| %s ", columns[i]);
	printf("|\n|---|---|---|---|---|---|---|---|---|\n");
	for (kind = 0; kind < 4; kind++) {
		for (i = 0; i < 4; i++) {
			struct sim_device d = {
				.servers = servers[i],
				.bins = kind >= 2,
				.exponential = kind & 1,
				.service_ns = i ? servers[i] * 100000ULL : 4000000,
			};
			double full;

			if (d.bins && d.servers == 1)
				continue;
			full = rate_with(&d, 1000000);
			figure_row(&d, smallest_window(&d, full), full);
		}
	}
}
