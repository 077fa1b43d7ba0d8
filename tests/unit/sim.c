// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim.h"

#define NONE (~0U)
#define BYTES 4096

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
	s->cost_ns = device->service_ns;
	s->seed = 0x9e3779b97f4a7c15ULL;
	weir_window_init(&s->window);
	weir_cost_init(&s->cost, false);
	for (i = 0; i < SIM_REQUESTS; i++)
		s->request[i].next = i + 1 < SIM_REQUESTS ? i + 1 : NONE;
	for (i = 0; i < SIM_SERVERS; i++) {
		s->queue[i].head = NONE;
		s->serving[i] = NONE;
	}
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

static void issue(struct sim *s, bool reader)
{
	u32 index = s->free;
	struct sim_request *r = &s->request[index];

	s->free = r->next;
	r->at_ns = s->now_ns;
	r->reader = reader;
	r->cost = s->learn ? weir_cost_ns(&s->cost, BYTES) : s->cost_ns;
	r->charge = r->cost < s->window.size ? r->cost : s->window.size;
	s->in_flight += r->charge;
	if (reader)
		s->reader_out = true;
	else
		s->bulk++;
	enqueue(s, index);
}

/* Return: whether somebody was held back. */
static bool dispatch(struct sim *s)
{
	if (s->reader && !s->reader_out)
		issue(s, true);
	while (s->bulk < s->depth) {
		u64 charge = s->learn ? weir_cost_ns(&s->cost, BYTES) : s->cost_ns;

		if (charge > s->window.size)
			charge = s->window.size;
		if (s->in_flight && s->in_flight + charge > s->window.size)
			return true;
		issue(s, false);
	}
	return false;
}

struct sim_tick sim_tick(struct sim *s)
{
	struct weir_cost_sample cost[WEIR_COST_SIZES] = { { 0 } };
	struct weir_window_sample sample = { .interval_ns = SIM_TICK_NS };
	u64 end_ns = s->now_ns + SIM_TICK_NS, weight = 0, readers = 0, reader_ns = 0;
	struct sim_tick tick = { 0 };

	tick.held |= dispatch(s);
	while (s->nr_done && s->done[0].at_ns <= end_ns) {
		struct sim_done d = done_pop(s);
		u32 index = s->serving[d.server];
		struct sim_request *r = &s->request[index];
		struct sim_queue *q = &s->queue[s->device.bins ? d.server : 0];
		u64 lat_ns;

		s->now_ns = d.at_ns;
		lat_ns = d.at_ns - r->at_ns;
		sample.requests++;
		sample.served_ns += r->cost;
		sample.latency_ns += lat_ns;
		weight += r->cost;
		cost[weir_cost_bucket(BYTES)].sum_ns += lat_ns;
		if (!cost[weir_cost_bucket(BYTES)].count++ ||
		    lat_ns < cost[weir_cost_bucket(BYTES)].min_ns)
			cost[weir_cost_bucket(BYTES)].min_ns = lat_ns;
		s->in_flight -= r->charge;
		if (r->reader) {
			s->reader_out = false;
			readers++;
			reader_ns += lat_ns;
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
		tick.held |= dispatch(s);
	}
	s->now_ns = end_ns;
	if (sample.requests) {
		sample.latency_ns /= sample.requests;
		sample.unloaded_ns = weight / sample.requests;
	}
	sample.backlog = tick.held;
	if (!s->frozen)
		weir_window_update(&s->window, &sample, s->target_ns);
	if (s->learn) {
		u64 before = weir_cost_sum(&s->cost, cost);

		weir_cost_learn(&s->cost, cost);
		weir_window_rescale(&s->window, before, weir_cost_sum(&s->cost, cost));
	}
	tick.requests = sample.requests;
	tick.latency_ns = sample.latency_ns;
	tick.reader_ns = readers ? reader_ns / readers : 0;
	tick.size = s->window.size;
	return tick;
}

double sim_rate(struct sim *s, unsigned int ticks)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < ticks; i++)
		sum += sim_tick(s).requests;
	return sum / ticks;
}

/* What follows makes the table of docs/elevator-laws.md. */

#define FIGURE_DEPTH 256
#define FIGURE_TICKS 900
#define SETTLED_TICKS 20

static struct sim figure;

/* The rate with room for so many requests, once the first of them are through. */
static double rate_with(const struct sim_device *d, double requests)
{
	u64 per_tick = SIM_TICK_NS * d->servers / d->service_ns;

	sim_init(&figure, d, FIGURE_DEPTH);
	figure.frozen = true;
	figure.window.size = requests * d->service_ns;
	sim_rate(&figure, 20);
	return sim_rate(&figure, 100000 / per_tick + 10);
}

/* How long the reader waits while nobody is held back, in service times. */
static double open_reader(const struct sim_device *d)
{
	double sum = 0;
	int i, n = 0;

	sim_init(&figure, d, FIGURE_DEPTH);
	figure.frozen = true;
	sim_rate(&figure, 20);
	for (i = 0; i < 200; i++) {
		u64 ns = sim_tick(&figure).reader_ns;

		sum += ns;
		n += !!ns;
	}
	return sum / n / d->service_ns;
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

static void figure_row(const struct sim_device *d, double smallest, double full, bool floor)
{
	double window[FIGURE_TICKS], rate[FIGURE_TICKS], sum_rate = 0, sum_window = 0;
	double reader = 0;
	int i, j, settled = -1, half = FIGURE_TICKS / 2;

	sim_init(&figure, d, FIGURE_DEPTH);
	figure.learn = true;
	if (floor)
		figure.window.size = WEIR_WINDOW_MIN;
	for (i = 0; i < FIGURE_TICKS; i++) {
		struct sim_tick t = sim_tick(&figure);

		window[i] = (double)t.size / weir_cost_ns(&figure.cost, BYTES);
		if (window[i] > FIGURE_DEPTH + 1)
			window[i] = FIGURE_DEPTH + 1;
		rate[i] = t.requests;
		if (i < half)
			continue;
		sum_rate += rate[i];
		sum_window += log(window[i]);
		reader += t.reader_ns;
	}
	for (i = 0; settled < 0 && i + SETTLED_TICKS <= FIGURE_TICKS; i++) {
		double r = 0, w = 0;

		for (j = i; j < i + SETTLED_TICKS; j++) {
			r += rate[j];
			w += log(window[j]);
		}
		if (r / SETTLED_TICKS > 0.93 * full &&
		    exp(w / SETTLED_TICKS) < 2.5 * smallest)
			settled = i;
	}
	printf("| %u | %s | %s | %.3g | %s | %.3g | %.1f %% | %d | %.1f | %.0f |\n",
	       d->servers,
	       d->bins ? "one each, at random" : "one for all",
	       d->exponential ? "exponential" : "constant", smallest,
	       floor ? "the floor" : "wide open", exp(sum_window / half),
	       100 * sum_rate / half / full, settled,
	       reader / half / d->service_ns, open_reader(d));
}

void sim_figures(void)
{
	static const unsigned int servers[] = { 1, 8, 32, 128 };
	static const char *const columns[] = {
		"servers", "queues", "service times", "smallest", "from", "found",
		"rate", "ticks", "reader", "without",
	};
	unsigned int kind, i, floor;

	for (i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		printf("| %s ", columns[i]);
	printf("|\n|---|---|---|---|---|---|---|---|---|---|\n");
	for (kind = 0; kind < 4; kind++) {
		for (i = 0; i < 4; i++) {
			struct sim_device d = {
				.servers = servers[i],
				.bins = kind >= 2,
				.exponential = kind & 1,
				.service_ns = i ? servers[i] * 100000ULL : 4000000,
			};
			double full, smallest;

			if (d.bins && d.servers == 1)
				continue;
			full = rate_with(&d, 1000000);
			smallest = smallest_window(&d, full);
			for (floor = 0; floor < 2; floor++)
				figure_row(&d, smallest, full, floor);
		}
	}
}
