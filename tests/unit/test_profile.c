// SPDX-License-Identifier: GPL-2.0
/*
 * Profiles: each drives the whole model, and must give what is published about the
 * drive that it is named for (docs/profiles.md).
 */
#include <linux/kernel.h>
#include <math.h>
#include <stdio.h>

#include "complaint.h"
#include "profile.h"
#include "rig.h"
#include "unit.h"

#define GIB 0x40000000ULL
#define TOLERANCE 0.15

/*
 * struct figures - what a drive is known for; 0: nothing is published
 * @read_us: mean latency of a random read of 4 KiB, alone
 * @write_us: of a write
 * @read_iops: random reads of 4 KiB a second, at depth
 * @read_mbps: in sequence, 128 KiB, 8 at a time
 * @write_mbps: the same, once the cache is full
 */
struct figures {
	double read_us;
	double write_us;
	double read_iops;
	double read_mbps;
	double write_mbps;
};

static const struct published {
	const char *name;
	u64 capacity;
	u32 depth;
	struct figures want;
} published[] = {
	{ "hdd", 3726 * GIB, 32, { 8200 + 4170, 0, 0, 171, 171 } },
	{ "sata-ssd", 8 * GIB, 32, { 1e6 / 13000, 1e6 / 36000, 98000, 560, 530 } },
	{ "nvme-tlc", 8 * GIB, 512, { 1e6 / 22000, 1e6 / 60000, 1000000, 7000, 2000 } },
	{ "nvme-qlc", 8 * GIB, 256, { 0, 0, 150000, 1800, 100 } },
	/* What else is published of these two is of one-bit cells, or of a part of the disk. */
	{ "nvme-nodram", 8 * GIB, 512, { 0, 0, 0, 5150, 0 } },
	{ "nvme-cheap", 8 * GIB, 256, { 0, 0, 0, 0, 0 } },
	{ "nvme-dc", 8 * GIB, 512, { 85, 50, 400000, 3000, 1050 } },
	{ "optane", 8 * GIB, 16, { 8.9, 10, 550000, 2400, 2000 } },
	{ "cloud", 8 * GIB, 64, { 0, 0, 3000, 131, 131 } },
};

static struct rig r;

static double mbps(u64 commands, u64 ns)
{
	return commands * 131072.0 / ns * 1000;
}

static struct figures measure(const struct published *p)
{
	const struct weir_model *model = &weir_profile_find(p->name)->model;
	struct rig_load load = { .op = WEIR_MEDIA_READ, .sectors = 8, .depth = 1,
				 .area = p->capacity / 512, .count = 2000 };
	struct figures f;

	rig_open(&r, model, p->capacity, 4);
	f.read_us = rig_loop(&r, &load) / 1e3 / load.count;
	load.op = WEIR_MEDIA_WRITE;
	f.write_us = rig_loop(&r, &load) / 1e3 / load.count;
	rig_close(&r);

	rig_open(&r, model, p->capacity, 4);
	load.op = WEIR_MEDIA_READ;
	load.depth = p->depth;
	load.count = 20000;
	f.read_iops = load.count * 1e9 / rig_loop(&r, &load);
	rig_close(&r);

	rig_open(&r, model, p->capacity, 4);
	load = (struct rig_load){ .op = WEIR_MEDIA_READ, .sectors = 256, .depth = 8,
				  .count = 4000 };
	f.read_mbps = mbps(load.count, rig_loop(&r, &load));
	/* What fills the cache does not count. */
	load.op = WEIR_MEDIA_WRITE;
	load.from = load.count * load.sectors;
	rig_loop(&r, &load);
	load.from += load.count * load.sectors;
	f.write_mbps = mbps(load.count, rig_loop(&r, &load));
	rig_close(&r);
	return f;
}

static void about(const char *name, const char *what, double have, double want)
{
	if (want && fabs(have - want) > TOLERANCE * want)
		fail_msg("%s: %s: %.1f, not %.1f", name, what, have, want);
}

static void they_are_what_is_published(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(published) / sizeof(*published); i++) {
		const struct published *p = &published[i];
		struct figures f = measure(p);

		about(p->name, "QD1 read, us", f.read_us, p->want.read_us);
		about(p->name, "QD1 write, us", f.write_us, p->want.write_us);
		about(p->name, "random reads/s", f.read_iops, p->want.read_iops);
		about(p->name, "sequential read, MB/s", f.read_mbps, p->want.read_mbps);
		about(p->name, "sequential write, MB/s", f.write_mbps, p->want.write_mbps);
	}
}

static void print_figure(double have, double want)
{
	int places = have < 100;

	if (want)
		printf(" %.*f (%.*f) |", places, have, places, want);
	else
		printf(" %.*f |", places, have);
}

void profile_figures(void)
{
	size_t i;

	printf("| profile | QD1 read, us | QD1 write, us | random reads/s | at QD |");
	puts(" sequential read, MB/s | sequential write, MB/s |");
	puts("|---|---|---|---|---|---|---|");
	for (i = 0; i < sizeof(published) / sizeof(*published); i++) {
		const struct published *p = &published[i];
		struct figures f = measure(p);

		printf("| `%s` |", p->name);
		print_figure(f.read_us, p->want.read_us);
		print_figure(f.write_us, p->want.write_us);
		print_figure(f.read_iops, p->want.read_iops);
		printf(" %u |", p->depth);
		print_figure(f.read_mbps, p->want.read_mbps);
		print_figure(f.write_mbps, p->want.write_mbps);
		putchar('\n');
	}
}

static void all_pass_the_checks(void **state)
{
	u32 i, op;

	for (i = 0; i < nr_weir_profiles; i++) {
		const struct weir_profile *p = &weir_profiles[i];
		struct weir_complaint why = { 0 };

		if (!weir_model_check(&p->model, &why))
			fail_msg("%s: %s=%lld, not %s", p->name, why.name,
				 (long long)why.value, why.want);
		for (op = 0; op < WEIR_MODEL_NR_OPS; op++)
			assert_true(weir_dist_check(&p->model.dist[op], &why));
		/* A cache that a loss of power empties is what flushes are for. */
		assert_int_equal(p->write_cache, p->model.cache_mib && !p->model.plp);
		assert_int_equal(p->rotational, p->model.kind == WEIR_KIND_DISK);
	}
	assert_string_equal(weir_profiles[0].name, "none");
	assert_int_equal(weir_profiles[0].model.kind, WEIR_KIND_NONE);
}

static void found_by_name(void **state)
{
	static const char *const bad[] = {
		"", "\n", "NVME-TLC", "nvme", "nvme-tlc ", "nvme-tlc\n\n", " hdd", "hd",
		"hddx", "none,hdd",
	};
	char names[128] = "";
	size_t i;

	for (i = 0; i < nr_weir_profiles; i++) {
		char line[32];

		assert_ptr_equal(weir_profile_find(weir_profiles[i].name),
				 &weir_profiles[i]);
		snprintf(line, sizeof(line), "%s\n", weir_profiles[i].name);
		assert_ptr_equal(weir_profile_find(line), &weir_profiles[i]);
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
			 i ? ", " : "", weir_profiles[i].name);
	}
	assert_string_equal(names, weir_profile_names);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_null(weir_profile_find(bad[i]));
}

const struct CMUnitTest profile_tests[] = {
	cmocka_unit_test(all_pass_the_checks),
	cmocka_unit_test(found_by_name),
	cmocka_unit_test(they_are_what_is_published),
};

const size_t nr_profile_tests = sizeof(profile_tests) / sizeof(*profile_tests);
