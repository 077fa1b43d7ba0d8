// SPDX-License-Identifier: GPL-2.0
/*
 * The window law against simulated devices (sim.c), in closed loop: 256 clients
 * that always want more, and a reader with one request at a time. Does it find
 * the smallest window with the full rate, from either end; does it follow a
 * device that changes and a load that goes; does it meet a target; and does it
 * stay within its bounds whatever it is told.
 */
#include <math.h>

#include "sim.h"
#include "unit.h"

#define DEEP 256

static struct sim sim;

/*
 * The device, and the smallest window, in requests, that gives 95 % of the rate
 * without any: measured by tests/unit/run --figures. A disk is kept busy by the
 * reader alone: one request.
 */
static const struct {
	struct sim_device device;
	double smallest;
} devices[] = {
	{ { 1, false, false, 4000000 }, 1 },
	{ { 1, false, true, 4000000 }, 1 },
	{ { 8, false, false, 800000 }, 8 },
	{ { 32, false, false, 3200000 }, 31 },
	{ { 128, false, false, 12800000 }, 122 },
	{ { 8, false, true, 800000 }, 8 },
	{ { 32, false, true, 3200000 }, 31 },
	{ { 128, false, true, 12800000 }, 122 },
	{ { 8, true, false, 800000 }, 52 },
	{ { 32, true, false, 3200000 }, 145 },
	{ { 128, true, false, 12800000 }, 220 },
	{ { 8, true, true, 800000 }, 84 },
	{ { 32, true, true, 3200000 }, 170 },
	{ { 128, true, true, 12800000 }, 229 },
};

#define NR_DEVICES (sizeof(devices) / sizeof(*devices))

struct mean {
	double rate;		/* requests per tick */
	double window;		/* requests, geometric */
	double latency_ns;
	unsigned int held;	/* ticks */
};

static struct mean run(unsigned int ticks)
{
	struct mean m = { 0 };
	unsigned int i;

	for (i = 0; i < ticks; i++) {
		struct sim_tick t = sim_tick(&sim);
		double cost = sim.learn ? weir_cost_ns(&sim.cost, 4096) : sim.cost_ns;
		double window = t.size / cost;

		assert_in_range(t.size, WEIR_WINDOW_MIN, WEIR_WINDOW_MAX);
		m.rate += t.requests;
		m.latency_ns += t.latency_ns;
		/* What nobody can fill is as good as what is filled. */
		m.window += log(window < sim.depth + 1 ? window : sim.depth + 1);
		m.held += t.held;
	}
	m.rate /= ticks;
	m.latency_ns /= ticks;
	m.window = exp(m.window / ticks);
	return m;
}

static double full_rate(const struct sim_device *d)
{
	static struct sim open;

	sim_init(&open, d, DEEP);
	open.frozen = true;
	sim_rate(&open, 20);
	return sim_rate(&open, 150);
}

static void settle_on(unsigned int i, bool floor, bool learn)
{
	const struct sim_device *d = &devices[i].device;
	double full = full_rate(d), rate = 0, window = 0;
	struct mean m;
	unsigned int ticks;

	sim_init(&sim, d, DEEP);
	sim.learn = learn;
	if (floor)
		sim.window.size = WEIR_WINDOW_MIN;

	/* First it gets there, within 20 s of ten updates each... */
	for (ticks = 0; ticks < 200; ticks += 20) {
		m = run(20);
		if (m.rate > 0.93 * full && m.window < 3 * devices[i].smallest)
			break;
	}
	if (ticks == 200)
		print_error("%u servers, %s, %s: not settled: rate %.0f of %.0f, window %.1f\n",
			    d->servers, d->bins ? "bins" : "pool", floor ? "floor" : "open",
			    m.rate, full, m.window);
	assert_true(ticks < 200);

	/* ... then it stays. */
	run(100);
	m = run(400);
	rate = m.rate / full;
	window = m.window / devices[i].smallest;
	if (rate < 0.92 || window > 2.75)
		print_error("%u servers, %s, %s: rate %.3f, window x %.2f\n", d->servers,
			    d->bins ? "bins" : "pool", floor ? "floor" : "open", rate, window);
	assert_true(rate >= 0.92);
	assert_true(window <= 2.75);
}

static void settles_from_wide_open(void **state)
{
	unsigned int i;

	for (i = 0; i < NR_DEVICES; i++)
		settle_on(i, false, false);
}

static void settles_from_the_floor(void **state)
{
	unsigned int i;

	for (i = 0; i < NR_DEVICES; i++)
		settle_on(i, true, false);
}

/* With costs learned meanwhile: the first latencies they see are those of a flood. */
static void settles_with_learned_costs(void **state)
{
	unsigned int i;

	for (i = 0; i < NR_DEVICES; i++)
		settle_on(i, false, true);
}

static void flood(const struct sim_device *d)
{
	sim_init(&sim, d, DEEP);
	sim.learn = true;
	run(150);
}

static void lets_a_lone_reader_alone(void **state)
{
	unsigned int i;

	for (i = 0; i < NR_DEVICES; i++) {
		sim_init(&sim, &devices[i].device, 0);
		sim.learn = true;
		assert_int_equal(run(100).held, 0);
		assert_true(sim.window.size == WEIR_WINDOW_MAX);
	}
}

/* Half as many clients as servers: no queue, next to no throttling. */
static void lets_a_moderate_load_alone(void **state)
{
	const struct sim_device d = { 32, false, false, 3200000 };
	double full;

	sim_init(&sim, &d, 15);
	sim.frozen = true;
	full = run(50).rate;
	sim_init(&sim, &d, 15);
	sim.learn = true;
	assert_true(run(300).rate > 0.98 * full);
}

static void opens_when_the_load_is_gone(void **state)
{
	unsigned int i;

	for (i = 2; i < 8; i++) {
		flood(&devices[i].device);
		sim.depth = 0;
		run(60);
		assert_true(sim.window.size == WEIR_WINDOW_MAX);
	}
}

/* Idle altogether: updates without a single request. */
static void opens_when_idle(void **state)
{
	struct weir_window_sample nothing = { .interval_ns = SIM_TICK_NS };
	struct weir_window w;
	int i;

	weir_window_init(&w);
	w.size = WEIR_WINDOW_MIN;
	for (i = 0; i < 40; i++)
		weir_window_update(&w, &nothing, 0);
	assert_true(w.size == WEIR_WINDOW_MAX);
}

static void is_back_at_once_with_the_load(void **state)
{
	const struct sim_device d = { 8, false, false, 800000 };
	struct mean m;

	flood(&d);
	sim.depth = 0;
	run(60);
	sim.depth = DEEP;
	run(20);
	m = run(50);
	assert_true(m.rate > 0.93 * full_rate(&d));
	assert_true(m.window < 3 * 8);
}

/* Four tenths of each second, from nothing: as much gets done in them as ever. */
static void serves_bursts(void **state)
{
	const struct sim_device pool = { 32, false, true, 3200000 };
	const struct sim_device bins = { 32, true, true, 3200000 };
	unsigned int kind, i;

	for (kind = 0; kind < 2; kind++) {
		const struct sim_device *d = kind ? &bins : &pool;
		double full = full_rate(d), rate = 0;

		sim_init(&sim, d, 0);
		sim.learn = true;
		for (i = 0; i < 900; i++) {
			struct sim_tick t;

			sim.depth = i % 10 < 4 ? DEEP : 0;
			t = sim_tick(&sim);
			if (i >= 300 && i % 10 > 0 && sim.depth)
				rate += t.requests / 180.0;
		}
		if (rate < 0.85 * full)
			print_error("rate %.0f of %.0f\n", rate, full);
		assert_true(rate > 0.85 * full);
	}
}

static void change_to(u64 service_ns, unsigned int servers, double smallest)
{
	struct mean m;
	double full;

	sim.device.service_ns = service_ns;
	sim.device.servers = servers;
	full = full_rate(&sim.device);
	run(150);
	m = run(200);
	if (m.rate < 0.9 * full || m.window > 3 * smallest)
		print_error("%u servers of %llu ns: rate %.0f of %.0f, window %.1f\n",
			    servers, service_ns, m.rate, full, m.window);
	assert_true(m.rate > 0.9 * full);
	assert_true(m.window < 3 * smallest);
}

static void follows_the_speed(void **state)
{
	const struct sim_device d = { 8, false, false, 800000 };
	const struct sim_device disk = { 1, false, true, 2000000 };

	flood(&d);
	change_to(3200000, 8, 8);
	change_to(800000, 8, 8);
	flood(&disk);
	change_to(8000000, 1, 1);
	change_to(2000000, 1, 1);
}

static void follows_the_parallelism(void **state)
{
	const struct sim_device d = { 32, false, true, 3200000 };

	flood(&d);
	change_to(3200000, 8, 8);
	change_to(3200000, 32, 31);
}

static void meets_a_target(void **state)
{
	const struct sim_device d = { 8, false, false, 800000 };
	static const u64 targets[] = { 1600000, 6400000, 3200000 };
	unsigned int i;

	flood(&d);
	for (i = 0; i < 3; i++) {
		struct mean m;

		sim.target_ns = targets[i];
		run(40);
		m = run(100);
		assert_true(m.latency_ns < 1.1 * targets[i]);
		assert_true(m.latency_ns > 0.75 * targets[i]);
		assert_true(m.rate > 0.95 * 1000);
	}
	/*
	 * More than the whole queue takes: nobody is held back, so long that the
	 * queue is taken for the device.
	 */
	sim.target_ns = 1000000000;
	run(200);
	assert_true(sim.window.size == WEIR_WINDOW_MAX);
	/* And back to the smallest. */
	sim.target_ns = 0;
	run(100);
	assert_true(run(100).window < 24);
}

/* What the device takes with no queue at all cannot be helped by throttling. */
static void survives_an_impossible_target(void **state)
{
	const struct sim_device pool = { 8, false, false, 800000 };
	const struct sim_device bins = { 32, true, true, 3200000 };

	flood(&pool);
	sim.target_ns = 100000;
	run(40);
	assert_true(run(200).rate > 0.2 * full_rate(&pool));
	flood(&bins);
	sim.target_ns = 100000;
	run(40);
	assert_true(run(200).rate > 0.15 * full_rate(&bins));
}

/* A flood of long queues behind 100 servers' worth of cost. */
static const struct weir_window_sample flooded = {
	.interval_ns = SIM_TICK_NS,
	.served_ns = SIM_TICK_NS,
	.requests = 1000,
	.latency_ns = 10000000,
	.unloaded_ns = 100000,
};

static void waits_for_enough_requests(void **state)
{
	struct weir_window_sample few = flooded;
	struct weir_window w;
	int i;

	weir_window_init(&w);
	few.requests = 1;
	for (i = 0; i < 31; i++)
		weir_window_update(&w, &few, 0);
	assert_true(w.size == WEIR_WINDOW_MAX);
	for (i = 0; i < 5; i++)
		weir_window_update(&w, &few, 0);
	assert_true(w.size < WEIR_WINDOW_MAX);
}

/* Nobody's latency to look after: background writes may flood. */
static void needs_foreground_requests(void **state)
{
	struct weir_window_sample writes = flooded;
	struct weir_window w;
	int i;

	writes.latency_ns = 0;
	writes.unloaded_ns = 0;
	weir_window_init(&w);
	for (i = 0; i < 100; i++)
		weir_window_update(&w, &writes, 0);
	assert_true(w.size == WEIR_WINDOW_MAX);
	weir_window_update(&w, &flooded, 0);
	weir_window_update(&w, &flooded, 0);
	assert_true(w.size < WEIR_WINDOW_MAX);
}

/* Shrinking goes by an eighth of what is in flight at most, not to nothing. */
static void shrinks_by_bounded_strides(void **state)
{
	struct weir_window w;

	weir_window_init(&w);
	weir_window_update(&w, &flooded, 0);
	weir_window_update(&w, &flooded, 0);
	/* 1 served at once, for 10 ms each: 10 ms in flight */
	assert_in_range(w.size, 1200000, 1300000);
}

static void rescales(void **state)
{
	struct weir_window w;

	weir_window_init(&w);
	w.good = 3000000;
	weir_window_rescale(&w, 10, 20);
	assert_true(w.size == WEIR_WINDOW_MAX);
	assert_true(w.good == 6000000);
	w.size = 1000000000;
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
		weir_window_init(&w);
		target = 0;
		for (i = 0; i < 3000; i++) {
			s = (struct weir_window_sample){
				.interval_ns = any(&random),
				.served_ns = any(&random),
				.requests = any(&random),
				.latency_ns = any(&random),
				.unloaded_ns = any(&random),
				.backlog = any(&random) & 1,
			};
			if (!(sim_random(&random) % 50))
				target = any(&random);
			weir_window_update(&w, &s, target);
			assert_in_range(w.size, WEIR_WINDOW_MIN, WEIR_WINDOW_MAX);
			if (sim_random(&random) % 20)
				continue;
			weir_window_rescale(&w, any(&random), any(&random));
			assert_in_range(w.size, WEIR_WINDOW_MIN, WEIR_WINDOW_MAX);
		}
		/* Whatever it has been through: when nobody is there, it opens. */
		s = (struct weir_window_sample){ .interval_ns = SIM_TICK_NS };
		for (i = 0; i < 70; i++)
			weir_window_update(&w, &s, 0);
		assert_true(w.size == WEIR_WINDOW_MAX);
	}
}

const struct CMUnitTest window_tests[] = {
	cmocka_unit_test(settles_from_wide_open),
	cmocka_unit_test(settles_from_the_floor),
	cmocka_unit_test(settles_with_learned_costs),
	cmocka_unit_test(lets_a_lone_reader_alone),
	cmocka_unit_test(lets_a_moderate_load_alone),
	cmocka_unit_test(opens_when_the_load_is_gone),
	cmocka_unit_test(opens_when_idle),
	cmocka_unit_test(is_back_at_once_with_the_load),
	cmocka_unit_test(serves_bursts),
	cmocka_unit_test(follows_the_speed),
	cmocka_unit_test(follows_the_parallelism),
	cmocka_unit_test(meets_a_target),
	cmocka_unit_test(survives_an_impossible_target),
	cmocka_unit_test(waits_for_enough_requests),
	cmocka_unit_test(needs_foreground_requests),
	cmocka_unit_test(shrinks_by_bounded_strides),
	cmocka_unit_test(rescales),
	cmocka_unit_test(stays_within_bounds),
};

const size_t nr_window_tests = sizeof(window_tests) / sizeof(*window_tests);
