// SPDX-License-Identifier: GPL-2.0
/* Rate caps: the rate, the credit, its return, and the line. */
#include <linux/kernel.h>
#include <math.h>

#include "model.h"
#include "network.h"
#include "random.h"
#include "unit.h"

#define SECOND 1000000000ULL
#define KIB 1024ULL
#define MIB (1024 * KIB)

static struct weir_network net;

static void make(struct weir_model m)
{
	if (!m.speed)
		m.speed = 1;
	memset(&net, 0x5a, sizeof(net));
	weir_network_init(&net, &m);
}

/* When the last of @nr begins, all of them there at @now_ns. */
static u64 many(u32 nr, u64 bytes, u64 now_ns)
{
	u64 last = 0;

	while (nr--)
		last = weir_network_admit(&net, bytes, now_ns);
	return last;
}

static void about(double have, double want, double share)
{
	if (fabs(have - want) > want * share)
		fail_msg("%.1f, not %.1f", have, want);
}

static void no_cap(void **state)
{
	make((struct weir_model){ 0 });
	assert_int_equal(many(100000, MIB, 5), 5);
}

static void sustained_ios(void **state)
{
	make((struct weir_model){ .cap_iops = 3000 });
	assert_int_equal(weir_network_admit(&net, 4096, 7), 7);
	/* 333333 ns and a third: exact over a long time. */
	about(many(300000, 4096, 7), 100 * SECOND, 0.0000001);
	/* The size does not matter. */
	about(many(3000, MIB, 7), 101 * SECOND, 0.0000001);
}

static void sustained_bytes(void **state)
{
	make((struct weir_model){ .cap_mbps = 125 });
	many(1, 1000 * KIB, 0);
	about(many(1250, 1000 * KIB, 0), 10.24 * SECOND, 0.0001);
	make((struct weir_model){ .cap_mbps = 7 });
	many(1, 4096, 0);
	about(many(17090, 4096, 0), 10 * SECOND, 0.0001);
}

/* The credit goes at once, comes back at the sustained rate, and not beyond. */
static void credit(void **state)
{
	make((struct weir_model){ .cap_iops = 100, .burst_ios = 1000 });
	assert_int_equal(many(1001, 4096, 0), 0);
	about(weir_network_admit(&net, 4096, 0), SECOND / 100, 0.001);
	about(many(99, 4096, 0), SECOND, 0.001);

	/* 5 seconds later, 500 are there again; and all of them after an hour. */
	assert_int_equal(many(500, 4096, 6 * SECOND), 6 * SECOND);
	assert_true(many(2, 4096, 6 * SECOND) > 6 * SECOND);
	assert_int_equal(many(1001, 4096, 3600 * SECOND), 3600 * SECOND);
	assert_true(weir_network_admit(&net, 4096, 3600 * SECOND) > 3600 * SECOND);
}

/* As a volume of 100 GB of the older kind: 300 I/Os/s, 3000 while it lasts. */
static void bursts_have_a_rate(void **state)
{
	u64 now = 0;
	u32 n = 0;

	make((struct weir_model){
		.cap_iops = 300, .burst_iops = 3000, .burst_ios = 5400000 });
	/* What is spent above what comes back: 5400000 / (3000 - 300) = 2000 s. */
	while (now < 2000 * SECOND) {
		now = weir_network_admit(&net, 16 * KIB, now);
		if (++n == 3000)
			about(now, SECOND, 0.001);
	}
	about(n, 6000000, 0.001);
	for (n = 0; now < 2100 * SECOND; n++)
		now = weir_network_admit(&net, 16 * KIB, now);
	about(n, 30000, 0.01);
}

static void bursts_of_bytes(void **state)
{
	make((struct weir_model){
		.cap_mbps = 40, .burst_mbps = 500, .burst_mib = 1000 });
	/* 1000 MiB of credit at 460 MB/s net: 2.2795 s, 1139.8 MB. */
	about(many(1139, 1000000, 0), 1138 / 500.0 * SECOND, 0.001);
	about(many(400, 1000000, 0), 2.2795 * SECOND + 399 / 40.0 * SECOND, 0.005);
}

static void large_ones_count_more(void **state)
{
	make((struct weir_model){ .cap_iops = 1000, .cap_io_kib = 256 });
	many(1, 4096, 0);
	about(many(1000, 256 * KIB, 0), SECOND, 0.000001);
	about(many(1000, 256 * KIB + 512, 0), 3 * SECOND, 0.001);
	about(many(250, MIB, 0), 4 * SECOND, 0.001);
}

/* Both caps; the tighter one holds, and nobody overtakes. */
static void both_caps_in_one_line(void **state)
{
	struct weir_random r;
	u64 last = 0, now = 0, ios = 0, bytes = 0;
	u32 i;

	make((struct weir_model){ .cap_iops = 3000, .cap_mbps = 125 });
	about(many(1250, 100 * 1000, 0), SECOND, 0.01);
	make((struct weir_model){ .cap_iops = 3000, .cap_mbps = 125 });
	about(many(3000, 4096, 0), SECOND, 0.01);

	make((struct weir_model){ .cap_iops = 3000, .cap_mbps = 125 });
	weir_random_seed(&r, 1);
	for (i = 0; i < 200000; i++) {
		u64 size = 512 << (weir_random_next(&r) % 12), begin;

		/* The clock may seem to go back a little. */
		begin = weir_network_admit(&net, size, now - (now > 1000 ? i % 1000 : 0));
		assert_true(begin >= last && begin + 1000 >= now);
		/* Never more than the caps allow since the beginning. */
		assert_true(ios <= begin / 1e9 * 3000 + 1);
		assert_true(bytes <= begin / 1e9 * 125e6 + 1024 * 1024);
		ios++;
		bytes += size;
		last = begin;
		if (!(i % 16))
			now += weir_random_next(&r) % (SECOND / 50);
	}
}

static void without_data_it_is_no_concern(void **state)
{
	make((struct weir_model){ .cap_iops = 1 });
	many(10, 4096, 0);
	assert_int_equal(weir_network_admit(&net, 0, 3), 3);
}

static void speed_stretches_time(void **state)
{
	make((struct weir_model){ .cap_iops = 3000, .cap_mbps = 125, .speed = 100 });
	many(1, 4096, 0);
	about(many(3000, 4096, 0), 100 * SECOND, 0.0001);
	about(many(1250, 100 * 1000, 0), 200 * SECOND, 0.005);
}

static void other_caps_same_debts(void **state)
{
	struct weir_model m = { .speed = 1, .cap_iops = 100, .burst_ios = 50 };

	make(m);
	many(51, 4096, 0);
	m.cap_iops = 1000;
	weir_network_retune(&net, &m);
	/* 500 ms of debt, less the 50 ms that the credit is now worth. */
	about(weir_network_admit(&net, 4096, 0), 0.46 * SECOND, 0.01);

	m.cap_iops = 0;
	weir_network_retune(&net, &m);
	assert_int_equal(many(1000, MIB, SECOND), SECOND);
}

/* The greatest and smallest numbers there are: no overflow, no time travel. */
static void extremes(void **state)
{
	static const struct weir_model m[] = {
		{ .speed = 10000, .cap_iops = 1, .burst_ios = 1000000000, .cap_io_kib = 1,
		  .cap_mbps = 1, .burst_mib = 1073741824, .burst_iops = 1, .burst_mbps = 1 },
		{ .speed = 1, .cap_iops = 100000000, .burst_ios = 1000000000, .cap_io_kib = 1,
		  .cap_mbps = 1000000, .burst_mib = 1073741824, .burst_iops = 100000000,
		  .burst_mbps = 1000000 },
	};
	size_t i;
	u32 n;

	for (i = 0; i < 2; i++) {
		u64 last = 0;

		make(m[i]);
		for (n = 0; n < 3; n++) {
			u64 begin = weir_network_admit(&net, 0xffffffff, SECOND);

			assert_true(begin >= last && begin < 1ULL << 63);
			last = begin;
		}
	}
	/* Three times 4 Mi I/Os of 1 KiB at 10 ns each. */
	about(many(1, 512, 0) - SECOND, 3 * 41943040, 0.001);
}

const struct CMUnitTest network_tests[] = {
	cmocka_unit_test(no_cap),
	cmocka_unit_test(sustained_ios),
	cmocka_unit_test(sustained_bytes),
	cmocka_unit_test(credit),
	cmocka_unit_test(bursts_have_a_rate),
	cmocka_unit_test(bursts_of_bytes),
	cmocka_unit_test(large_ones_count_more),
	cmocka_unit_test(both_caps_in_one_line),
	cmocka_unit_test(without_data_it_is_no_concern),
	cmocka_unit_test(speed_stretches_time),
	cmocka_unit_test(other_caps_same_debts),
	cmocka_unit_test(extremes),
};

const size_t nr_network_tests = sizeof(network_tests) / sizeof(*network_tests);
