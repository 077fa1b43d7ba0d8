// SPDX-License-Identifier: GPL-2.0
/*
 * The window law against simulated devices (sim.c), in closed loop: 256 clients
 * that always want more, and a reader with one request at a time. Does it find
 * the smallest window with the full rate, and soon; does a drain find the latency
 * without a queue; does it follow a device that changes and a load that goes; does
 * it meet a target; and does it stay within its bounds whatever it is told.
 */
#include <math.h>

#include "sim.h"
#include "unit.h"

#define DEEP 256

static struct sim sim;

/*
 * The device, and the smallest window, in requests, that gives 95 % of the rate
 * without any: measured by tests/unit/run --figures. A disk is kept busy by the
 * reader alone: one request. And the least share of the full rate that is to be had with
 * the window: of the last of the pools a size just below its 128 servers is kept, which
 * costs 3 %, and a drain is as long as six requests; the last of the bins has little more
 * clients than what it needs.
 */
static const struct {
	struct sim_device device;
	double smallest, least;
} devices[] = {
	{ { 1, false, false, 4000000 }, 1, 0.98 },
	{ { 1, false, true, 4000000 }, 1, 0.98 },
	{ { 8, false, false, 800000 }, 8, 0.98 },
	{ { 32, false, false, 3200000 }, 31, 0.98 },
	{ { 128, false, false, 12800000 }, 123, 0.96 },
	{ { 8, false, true, 800000 }, 8, 0.98 },
	{ { 32, false, true, 3200000 }, 31, 0.98 },
	{ { 128, false, true, 12800000 }, 123, 0.98 },
	{ { 8, true, false, 800000 }, 53, 0.95 },
	{ { 32, true, false, 3200000 }, 148, 0.95 },
	{ { 128, true, false, 12800000 }, 216, 0.95 },
	{ { 8, true, true, 800000 }, 80, 0.95 },
	{ { 32, true, true, 3200000 }, 176, 0.95 },
	{ { 128, true, true, 12800000 }, 228, 0.93 },
};

#define NR_DEVICES (sizeof(devices) / sizeof(*devices))

static const struct sim_device pool = { 8, false, false, 800000 };
static const struct sim_device noisy_pool = { 32, false, true, 3200000 };
static const struct sim_device dies = { 32, true, false, 3200000 };

struct mean {
	double rate;		/* requests per tenth */
	double window;		/* requests, geometric */
	double latency_ns;
	double reader_ns;
	unsigned int held;	/* tenths */
};

static double cost_of(unsigned int bytes)
{
	return sim.learn ? weir_cost_ns(&sim.cost, bytes) : sim.cost_ns;
}

static struct mean run(unsigned int tenths)
{
	struct mean m = { 0 };
	unsigned int i;

	for (i = 0; i < tenths; i++) {
		struct sim_tenth t = sim_tenth(&sim);
		double window = t.size / cost_of(sim.bulk_bytes);

		assert_in_range(sim.window.size, WEIR_WINDOW_MIN, WEIR_WINDOW_MAX);
		m.rate += t.requests;
		m.latency_ns += t.latency_ns;
		m.reader_ns += t.reader_ns;
		/* What nobody can fill is as good as what is filled. */
		m.window += log(window < sim.depth + 1 ? window : sim.depth + 1);
		m.held += t.held;
	}
	m.rate /= tenths;
	m.latency_ns /= tenths;
	m.reader_ns /= tenths;
	m.window = exp(m.window / tenths);
	return m;
}

/* The same device and clients, and no window */
static struct mean without(void)
{
	static struct sim open, keep;
	struct mean m;

	sim_init(&open, &sim.device, sim.depth);
	sim_freeze(&open, WEIR_WINDOW_MAX);
	open.bulk_bytes = sim.bulk_bytes;
	open.bulk_service_ns = sim.bulk_service_ns;
	keep = sim;
	sim = open;
	run(20);
	m = run(150);
	sim = keep;
	return m;
}

static void start(const struct sim_device *d)
{
	sim_init(&sim, d, DEEP);
}

static void flood(const struct sim_device *d)
{
	start(d);
	run(150);
}

static bool is_open(void)
{
	return sim.window.phase == WEIR_WINDOW_OPEN;
}

static void assert_least(const char *what, unsigned int i, double is, double least)
{
	if (is < least)
		print_error("device %u: %s: %.3f, not %.3f\n", i, what, is, least);
	assert_true(is >= least);
}

static void assert_most(const char *what, unsigned int i, double is, double most)
{
	if (is > most)
		print_error("device %u: %s: %.3f, not %.3f\n", i, what, is, most);
	assert_true(is <= most);
}

/*
 * From the first request on, with costs learned meanwhile: the first latencies they see
 * are those of a flood. All of the first minute counts, drains and tries included.
 */
static void keeps_the_rate_with_a_small_window(void **state)
{
	unsigned int i;

	for (i = 0; i < NR_DEVICES; i++) {
		bool bins = devices[i].device.bins;
		struct mean none, first, then;

		start(&devices[i].device);
		none = without();
		first = run(150);
		then = run(450);
		assert_least("rate", i, (first.rate + 3 * then.rate) / 4 / none.rate,
			     devices[i].least);
		assert_most("window", i, then.window / devices[i].smallest, 2.75);
		/* The reader's gain: with a pool there is none left. */
		assert_most("reader", i, then.reader_ns / devices[i].device.service_ns,
			    bins ? 1.05 * none.reader_ns / devices[i].device.service_ns : 2.5);
	}
}

static void settle_after(unsigned int i, unsigned int tenths)
{
	struct mean m;

	run(tenths);
	m = run(300);
	assert_least("rate", i, m.rate / without().rate, devices[i].least - 0.04);
	assert_most("window", i, m.window / devices[i].smallest, 2.75);
}

/* The unit of costs does not matter: four times too high, or too low, and never learned. */
static void costs_may_be_wrong(void **state)
{
	unsigned int i;

	for (i = 0; i < NR_DEVICES; i++) {
		start(&devices[i].device);
		sim.learn = false;
		sim.cost_ns = devices[i].device.service_ns * (i & 1 ? 4 : 1) / (i & 1 ? 1 : 4);
		settle_after(i, 100);
	}
}

/* What happens to be in the law's mind is no more than where it starts. */
static void recovers_from_a_wrong_size(void **state)
{
	unsigned int i;

	for (i = 0; i < NR_DEVICES; i++) {
		flood(&devices[i].device);
		sim.window.size = i & 1 ? WEIR_WINDOW_MIN : sim.window.size * 16;
		settle_after(i, 150);
	}
}

static void recovers_from_a_wrong_rate(void **state)
{
	unsigned int i;

	for (i = 0; i < NR_DEVICES; i++) {
		flood(&devices[i].device);
		sim.window.full = i & 1 ? sim.window.full / 2 : sim.window.full * 2;
		settle_after(i, 150);
	}
}

static void lets_a_lone_flow_alone(void **state)
{
	unsigned int i;

	for (i = 0; i < NR_DEVICES; i++) {
		start(&devices[i].device);
		sim.depth = 0;
		assert_int_equal(run(100).held, 0);
		assert_true(is_open());
		start(&devices[i].device);
		sim.reader = false;
		assert_int_equal(run(100).held, 0);
		assert_true(is_open());
	}
}

/* Half as many clients as servers: no queue, next to no throttling. */
static void lets_a_moderate_load_alone(void **state)
{
	static const struct sim_device d[] = {
		{ 32, false, false, 3200000 }, { 32, false, true, 3200000 },
		{ 32, true, false, 3200000 }, { 32, true, true, 3200000 },
	};
	unsigned int i;

	for (i = 0; i < 4; i++) {
		sim_init(&sim, &d[i], 15);
		assert_least("rate", i, run(600).rate / without().rate, i ? 0.94 : 0.98);
	}
}

/* Within a quarter of a second it is closed, and has its first size soon after. */
static void closes_soon(void **state)
{
	unsigned int i;

	for (i = 0; i < NR_DEVICES; i++) {
		const struct sim_device *d = &devices[i].device;
		u64 flood_ns = d->service_ns / d->servers * DEEP, end;

		start(d);
		sim.reader = false;
		run(13);
		assert_true(is_open());
		sim.reader = true;
		for (end = sim.now_ns + 250000000; sim.now_ns < end;)
			sim_some(&sim, 1000000);
		assert_false(is_open());
		/* Until the flood is gone, which has several queues to wait in. */
		end = sim.now_ns + flood_ns * (d->bins ? 5 : 1) + 6 * d->service_ns;
		while (sim.now_ns < end)
			sim_some(&sim, 1000000);
		assert_true(sim.window.phase == WEIR_WINDOW_SEARCH || is_open());
	}
}

/*
 * Readers that were always there: they have never seen the device without a queue.
 * Where service times vary, it takes many requests to know their mean.
 */
static void drain_finds_the_latency(void **state)
{
	unsigned int i, drained = 0;

	for (i = 0; i < NR_DEVICES; i++) {
		const struct sim_device *d = &devices[i].device;
		double factor = d->exponential ? 3 : 1.3;

		start(d);
		run(30);
		drained += sim.cost.drained;
		assert_most("cost", i, cost_of(4096), factor * d->service_ns);
		assert_least("cost", i, cost_of(4096), d->service_ns / factor);
		run(170);
		assert_most("cost", i, cost_of(4096), factor * d->service_ns);
	}
	assert_true(drained >= NR_DEVICES - 1);
}

/* One latency until the flood is gone, and 10 ms; updates are 5 ms apart. */
static void drain_is_short(void **state)
{
	unsigned int i;

	for (i = 2; i < 7; i++) {
		const struct sim_device *d = &devices[i].device;
		u64 flood_ns = d->service_ns / d->servers * DEEP;
		/* The last of them takes several times the mean. */
		u64 tail_ns = d->exponential ? 8 * d->service_ns : 0;

		start(d);
		run(50);
		assert_most("first drain", i, sim.drain_ns,
			    flood_ns + 10e6 + 2 * 5e6 + tail_ns + 7 * d->service_ns);
		/* 10 s after the first one, which began within 0.3 s, and when nothing is tried. */
		run(48);
		sim.drain_ns = 0;
		run(30);
		assert_true(sim.drain_ns > 0);
		assert_most("drain", i, sim.drain_ns, 10e6 + 2 * 5e6 + tail_ns + 7 * d->service_ns);
	}
}

static void search_goes_on_after_a_drain(void **state)
{
	unsigned int i, drains = 0;
	u64 size;

	flood(&pool);
	for (i = 0; i < 12000; i++) {
		size = sim.window.size;
		sim_some(&sim, 1000000);
		if (sim.window.phase != WEIR_WINDOW_DRAIN)
			continue;
		while (sim.window.phase == WEIR_WINDOW_DRAIN)
			sim_some(&sim, 1000000);
		drains++;
		assert_true(sim.window.size > size * 0.9 && sim.window.size < size * 1.1);
		run(90);
	}
	assert_true(drains >= 1);
}

/* Levels above keep four requests in flight: no latency to be had, and no time lost. */
static void drain_may_be_in_vain(void **state)
{
	struct weir_window_sample s = {
		.interval_ns = 10000000, .work = 10000000, .served_ns = 80000000, .requests = 500,
		.latency_ns = 2000000, .unloaded_ns = 100000, .flows = 2, .backlog = true,
	};
	struct weir_window w;
	unsigned int i;

	weir_window_init(&w, 100000);
	for (i = 0; i < 30 && w.phase == WEIR_WINDOW_OPEN; i++)
		weir_window_update(&w, &s, 0, false);
	assert_int_equal(w.phase, WEIR_WINDOW_DRAIN);
	s.interval_ns = 5000000;
	s.requests = 200;
	s.latency_ns = 100000;
	for (i = 0; i < 11; i++) {
		assert_false(weir_window_is_drained(&w));
		weir_window_update(&w, &s, 0, false);
	}
	assert_int_equal(w.phase, WEIR_WINDOW_SEARCH);
}

/* With an arm there are no drains, and a window all the same. */
static void an_arm_is_not_drained(void **state)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct mean m;

		start(&devices[i].device);
		sim.arm = true;
		run(150);
		m = run(300);
		assert_true(sim.drain_ns == 0);
		assert_least("rate", i, m.rate / without().rate, 0.98);
		assert_most("window", i, m.window, 5);
	}
}

static void opens_when_the_load_is_gone(void **state)
{
	unsigned int i;

	for (i = 2; i < 8; i++) {
		flood(&devices[i].device);
		assert_false(is_open());
		sim.depth = 0;
		run(5);
		assert_true(is_open());
	}
}

static void is_back_at_once_with_the_load(void **state)
{
	struct mean m;

	flood(&pool);
	sim.depth = 0;
	run(60);
	sim.depth = DEEP;
	run(20);
	m = run(50);
	assert_true(m.rate > 0.97 * without().rate);
	assert_true(m.window < 3 * 8);
}

/* Four tenths of each second, from nothing: as much gets done in them as ever. */
static void serves_bursts(void **state)
{
	unsigned int kind, i;

	for (kind = 0; kind < 2; kind++) {
		double rate = 0, full;

		start(kind ? &dies : &noisy_pool);
		full = without().rate;
		for (i = 0; i < 900; i++) {
			struct sim_tenth t;

			sim.depth = i % 10 < 4 ? DEEP : 0;
			t = sim_tenth(&sim);
			if (i >= 300 && i % 10 > 0 && sim.depth)
				rate += t.requests / 180.0;
		}
		assert_least("rate", kind, rate / full, 0.92);
	}
}

static void change_to(u64 service_ns, unsigned int servers, double smallest)
{
	struct mean m;

	sim.device.service_ns = service_ns;
	sim.device.servers = servers;
	run(150);
	m = run(200);
	assert_least("rate", servers, m.rate / without().rate, 0.95);
	assert_most("window", servers, m.window / smallest, 2.75);
}

static void follows_the_speed(void **state)
{
	const struct sim_device disk = { 1, false, true, 2000000 };

	flood(&pool);
	change_to(3200000, 8, 8);
	change_to(800000, 8, 8);
	flood(&disk);
	change_to(8000000, 1, 1);
	change_to(2000000, 1, 1);
}

static void follows_the_parallelism(void **state)
{
	flood(&noisy_pool);
	change_to(3200000, 8, 8);
	change_to(3200000, 32, 31);
	flood(&pool);
	change_to(800000, 32, 31);
	change_to(800000, 2, 2);
}

/*
 * Clients with large requests, few in a second and a hundred times as long as the
 * reader's: 6,700 MB/s from eight servers, and 800 from one.
 */
static void finds_the_window_of_large_requests(void **state)
{
	static const struct {
		struct sim_device device;
		u64 bulk_ns;
	} large[] = {
		{ { 8, false, false, 80000 }, 1194000 },
		{ { 8, false, true, 80000 }, 1194000 },
		{ { 1, false, false, 100000 }, 1250000 },
	};
	unsigned int i;

	for (i = 0; i < 3; i++) {
		struct mean none, m;

		sim_init(&sim, &large[i].device, DEEP);
		sim.bulk_bytes = 1 << 20;
		sim.bulk_service_ns = large[i].bulk_ns;
		none = without();
		run(100);
		m = run(300);
		/* The reader has many more of the requests, and next to nothing of the time. */
		assert_most("window", i, m.window, 2.75 * large[i].device.servers);
		assert_most("reader", i, m.reader_ns, none.reader_ns / 8);
		assert_most("small cost", i, cost_of(4096), 3 * large[i].device.service_ns);
		assert_least("small cost", i, cost_of(4096), large[i].device.service_ns / 3.0);
	}
}

/*
 * What the clients ask for is not what it was two seconds ago, and takes twice or half as
 * long: costs know nothing of it, and the full rate in costs changes each time.
 */
static void bears_a_changing_mix(void **state)
{
	double rate = 0, window = 0;
	unsigned int i;

	flood(&pool);
	for (i = 0; i < 30; i++) {
		struct mean m;

		sim.bulk_service_ns = i & 1 ? 1600000 : 800000;
		m = run(20);
		rate += m.rate / (i & 1 ? 500 : 1000) / 30;
		window += log(m.window) / 30;
	}
	assert_least("rate", 0, rate, 0.97);
	assert_most("window", 0, exp(window), 2.75 * 8);
}

static void meets_a_target(void **state)
{
	static const u64 targets[] = { 1600000, 6400000, 3200000 };
	unsigned int i;

	flood(&pool);
	for (i = 0; i < 3; i++) {
		struct mean m;

		sim.target_ns = targets[i];
		run(40);
		m = run(100);
		assert_most("latency", i, m.latency_ns / targets[i], 1.1);
		assert_least("latency", i, m.latency_ns / targets[i], 0.75);
		assert_least("rate", i, m.rate, 0.95 * 1000);
	}
	/* More than the whole queue takes: nobody is held back. */
	sim.target_ns = 1000000000;
	run(200);
	assert_int_equal(run(20).held, 0);
	/* And back to the smallest. */
	sim.target_ns = 0;
	run(100);
	assert_true(run(100).window < 24);
}

/* What the device takes with no queue at all cannot be helped by throttling. */
static void survives_an_impossible_target(void **state)
{
	unsigned int i;

	for (i = 2; i < NR_DEVICES; i++) {
		flood(&devices[i].device);
		sim.target_ns = 10000;
		run(40);
		assert_least("rate", i, run(300).rate / without().rate, 0.2);
	}
}

/* A flood of long queues behind 100 servers' worth of cost */
static const struct weir_window_sample flooded = {
	.interval_ns = SIM_TENTH_NS,
	.work = 20 << 20,
	.served_ns = SIM_TENTH_NS,
	.requests = 1000,
	.latency_ns = 10000000,
	.unloaded_ns = 100000,
	.flows = 2,
	.backlog = true,
};

/* Nobody's latency to look after: background writes may flood. */
static void needs_foreground_requests(void **state)
{
	struct weir_window_sample writes = flooded;
	struct weir_window w;
	int i;

	writes.latency_ns = 0;
	writes.unloaded_ns = 0;
	weir_window_init(&w, 100000);
	for (i = 0; i < 100; i++)
		weir_window_update(&w, &writes, 0, false);
	assert_int_equal(w.phase, WEIR_WINDOW_OPEN);
	weir_window_update(&w, &flooded, 0, false);
	assert_int_equal(w.phase, WEIR_WINDOW_DRAIN);
}

/* Who is held back for somebody above says nothing about the window. */
static void is_not_disturbed(void **state)
{
	u64 size;

	flood(&pool);
	run(20);
	size = sim.window.size;
	sim.disturbed = true;
	run(80);
	assert_true(sim.window.size > size * 0.6 && sim.window.size < size * 2.1);
}

/* A search of two seconds, in which work or costs depend on the size: where it ends */
static u64 size_found(bool work_depends, bool costs_depend)
{
	const u64 size = 50000000;
	struct weir_window_sample s = flooded;
	struct weir_window w;
	int i;

	weir_window_init(&w, 100000);
	w.phase = WEIR_WINDOW_SEARCH;
	w.next = WEIR_WINDOW_LESS;
	w.size = size;
	w.drained_ns = 0;
	s.requests = 20000;
	for (i = 0; i < 20; i++) {
		u64 percent = w.size < size ? w.size / (size / 100) : 100;

		s.work = flooded.work / 100 * (work_depends ? percent : 100);
		s.served_ns = flooded.served_ns / 100 * (costs_depend ? percent : 100);
		weir_window_update(&w, &s, 0, false);
	}
	return w.size * 100 / size;
}

/* Costs are latencies: that less of them is served with a smaller window says nothing. */
static void judges_work_and_not_costs(void **state)
{
	assert_in_range(size_found(false, true), 1, 40);
	assert_in_range(size_found(true, false), 65, 200);
}

/* Requests in flight have costs in the unit of before: they are not counted, if it matters. */
static void waits_after_another_scale(void **state)
{
	struct weir_window w;

	weir_window_init(&w, 1000);
	w.latency_ns = 5000;
	weir_window_rescale(&w, 1600, 1700);
	weir_window_rescale(&w, 1700, 1600);
	assert_int_equal(w.wait_ns, 0);
	weir_window_rescale(&w, 1600, 1701);
	assert_int_equal(w.wait_ns, 5000);
	w.wait_ns = 6000;
	weir_window_rescale(&w, 1701, 1600);
	assert_int_equal(w.wait_ns, 6000);
}

static void rescales(void **state)
{
	struct weir_window w;

	weir_window_init(&w, 100000);
	w.phase = WEIR_WINDOW_SEARCH;
	w.before = 3000000;
	w.size = 500000000;
	weir_window_rescale(&w, 10, 20);
	assert_true(w.size == 1000000000);
	assert_true(w.before == 6000000);
	weir_window_rescale(&w, 0, 20);
	weir_window_rescale(&w, 20, 0);
	assert_true(w.size == 1000000000);
	weir_window_rescale(&w, 4, 3);
	assert_true(w.size == 750000000);
	weir_window_rescale(&w, 300000000000ULL, 400000000000ULL);
	assert_in_range(w.size, 999990000, 1000010000);
	weir_window_rescale(&w, 1 << 19, 1);
	assert_true(w.size == WEIR_WINDOW_MIN);
	weir_window_rescale(&w, 1, 1 << 19);
	assert_in_range(w.size, WEIR_WINDOW_MIN << 18, WEIR_WINDOW_MIN << 19);
	weir_window_rescale(&w, 1, 1 << 19);
	weir_window_rescale(&w, 1, 1 << 19);
	assert_true(w.size == WEIR_WINDOW_MAX);
}

/* A number of any magnitude, often none at all. */
static u64 any(u64 *seed)
{
	u64 r = sim_random(seed);

	return r & 7 ? (~0ULL ^ sim_random(seed)) >> ((r >> 3) % 64) : 0;
}

static void stays_within_bounds(void **state)
{
	u64 seed, random, target;
	int i;

	for (seed = 1; seed <= 200; seed++) {
		struct weir_window_sample s;
		struct weir_window w;

		random = seed * 0x9e3779b97f4a7c15ULL;
		weir_window_init(&w, WEIR_COST_MIN_NS + any(&random) % 50000000);
		target = 0;
		for (i = 0; i < 3000; i++) {
			s = (struct weir_window_sample){
				.interval_ns = any(&random),
				.work = any(&random),
				.served_ns = any(&random),
				.requests = any(&random),
				.latency_ns = any(&random),
				.unloaded_ns = any(&random),
				.flows = sim_random(&random) % 8,
				.backlog = sim_random(&random) % 8,
				.disturbed = !(sim_random(&random) % 8),
			};
			if (!(sim_random(&random) % 50))
				target = any(&random);
			weir_window_update(&w, &s, target, seed & 1);
			assert_in_range(w.size, WEIR_WINDOW_MIN, WEIR_WINDOW_MAX);
			assert_true(weir_window_ns(&w) >= 1);
			if (sim_random(&random) % 20)
				continue;
			weir_window_rescale(&w, any(&random), any(&random));
			assert_in_range(w.size, WEIR_WINDOW_MIN, WEIR_WINDOW_MAX);
		}
		/* Whatever it has been through: when nobody is there, it opens. */
		s = (struct weir_window_sample){ .interval_ns = SIM_TENTH_NS };
		weir_window_update(&w, &s, 0, false);
		assert_int_equal(w.phase, WEIR_WINDOW_OPEN);
	}
}

const struct CMUnitTest window_tests[] = {
	cmocka_unit_test(keeps_the_rate_with_a_small_window),
	cmocka_unit_test(costs_may_be_wrong),
	cmocka_unit_test(recovers_from_a_wrong_size),
	cmocka_unit_test(recovers_from_a_wrong_rate),
	cmocka_unit_test(lets_a_lone_flow_alone),
	cmocka_unit_test(lets_a_moderate_load_alone),
	cmocka_unit_test(closes_soon),
	cmocka_unit_test(drain_finds_the_latency),
	cmocka_unit_test(drain_is_short),
	cmocka_unit_test(search_goes_on_after_a_drain),
	cmocka_unit_test(drain_may_be_in_vain),
	cmocka_unit_test(an_arm_is_not_drained),
	cmocka_unit_test(opens_when_the_load_is_gone),
	cmocka_unit_test(is_back_at_once_with_the_load),
	cmocka_unit_test(serves_bursts),
	cmocka_unit_test(follows_the_speed),
	cmocka_unit_test(follows_the_parallelism),
	cmocka_unit_test(finds_the_window_of_large_requests),
	cmocka_unit_test(bears_a_changing_mix),
	cmocka_unit_test(meets_a_target),
	cmocka_unit_test(survives_an_impossible_target),
	cmocka_unit_test(needs_foreground_requests),
	cmocka_unit_test(is_not_disturbed),
	cmocka_unit_test(judges_work_and_not_costs),
	cmocka_unit_test(waits_after_another_scale),
	cmocka_unit_test(rescales),
	cmocka_unit_test(stays_within_bounds),
};

const size_t nr_window_tests = sizeof(window_tests) / sizeof(*window_tests);
