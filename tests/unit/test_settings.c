// SPDX-License-Identifier: GPL-2.0
/* Settings: what is refused and named, what is chosen, what stays untouched. */
#include "complaint.h"
#include "settings.h"
#include "unit.h"

static const struct weir_machine machine = {
	.cpus = 4, .nodes = 1, .ram_mib = 1000,
};

static struct weir_settings plain(void)
{
	return (struct weir_settings){
		.nr_devices = 1, .gb = 4, .bs = 512, .hw_queue_depth = 64,
		.home_node = -1, .queue_mode = 2, .irqmode = 1,
		.completion_nsec = -1, .memory_backed = 1,
	};
}

static void choices(void **state)
{
	struct weir_settings s = plain();
	struct weir_complaint why;

	assert_true(weir_settings_resolve(&s, &machine, &why));
	assert_int_equal(s.submit_queues, 4);
	assert_int_equal(s.poll_queues, 0);
	assert_int_equal(s.memory_limit, 500);
	assert_int_equal(s.completion_nsec, 0);
}

static void timer_waits_by_default(void **state)
{
	struct weir_settings s = plain();
	struct weir_complaint why;

	s.irqmode = WEIR_IRQ_TIMER;
	assert_true(weir_settings_resolve(&s, &machine, &why));
	assert_int_equal(s.completion_nsec, WEIR_DEFAULT_COMPLETION_NSEC);

	s.completion_nsec = 0;
	assert_true(weir_settings_resolve(&s, &machine, &why));
	assert_int_equal(s.completion_nsec, 0);
}

static void queues_are_cut_to_the_cpus(void **state)
{
	struct weir_settings s = plain();
	struct weir_complaint why;

	s.submit_queues = 100;
	s.poll_queues = 5;
	assert_true(weir_settings_resolve(&s, &machine, &why));
	assert_int_equal(s.submit_queues, 4);
	assert_int_equal(s.poll_queues, 4);

	s = plain();
	s.submit_queues = 3;
	s.use_per_node_hctx = 1;
	assert_true(weir_settings_resolve(&s, &machine, &why));
	assert_int_equal(s.submit_queues, 1);
}

static void nodes_without_cpus_have_no_queue(void **state)
{
	const struct weir_machine two = { .cpus = 1, .nodes = 2, .ram_mib = 1000 };
	struct weir_settings s = plain();
	struct weir_complaint why;

	s.use_per_node_hctx = 1;
	assert_true(weir_settings_resolve(&s, &two, &why));
	assert_int_equal(s.submit_queues, 1);
}

static void size_is_gb_unless_given(void **state)
{
	struct weir_settings s = plain();
	struct weir_complaint why;

	assert_true(weir_settings_resolve(&s, &machine, &why));
	assert_int_equal(s.size, 4096);

	s = plain();
	s.size = 17;
	assert_true(weir_settings_resolve(&s, &machine, &why));
	assert_int_equal(s.size, 17);
}

static void a_cache_size_is_a_write_cache(void **state)
{
	struct weir_settings s = plain();
	struct weir_complaint why;

	s.cache_size = 10;
	assert_true(weir_settings_resolve(&s, &machine, &why));
	assert_int_equal(s.write_cache, 1);
	assert_int_equal(s.cache_size, 10);

	s = plain();
	s.cache_size = 10;
	s.memory_backed = 0;
	assert_true(weir_settings_resolve(&s, &machine, &why));
	assert_int_equal(s.write_cache, 0);
	assert_int_equal(s.cache_size, 0);
}

static void tiny_machine_still_has_a_limit(void **state)
{
	const struct weir_machine tiny = { .cpus = 1, .nodes = 1, .ram_mib = 1 };
	struct weir_settings s = plain();
	struct weir_complaint why;

	assert_true(weir_settings_resolve(&s, &tiny, &why));
	assert_int_equal(s.memory_limit, 1);
}

static void refused(struct weir_settings s, const char *name, s64 value)
{
	struct weir_settings before = s;
	struct weir_complaint why = { 0 };

	assert_false(weir_settings_resolve(&s, &machine, &why));
	assert_string_equal(why.name, name);
	assert_int_equal(why.value, value);
	assert_non_null(why.want);
	assert_memory_equal(&s, &before, sizeof(s));
}

static void refusals(void **state)
{
	struct weir_settings s = plain();

	s.bs = 1000;
	refused(s, "bs", 1000);

	s = plain();
	s.bs = 8192;
	s.max_sectors = 8;
	refused(s, "max_sectors", 8);

	s = plain();
	s.atomic_kib = 12;
	refused(s, "atomic_kib", 12);

	s = plain();
	s.bs = 4096;
	s.atomic_kib = 2;
	refused(s, "atomic_kib", 2);

	s = plain();
	s.queue_mode = 1;
	refused(s, "queue_mode", 1);

	s = plain();
	s.physical_block_size = 256;
	refused(s, "physical_block_size", 256);

	s = plain();
	s.bs = 4096;
	s.physical_block_size = 512;
	refused(s, "physical_block_size", 512);

	s = plain();
	s.physical_block_size = 4096;
	s.io_min = 512;
	refused(s, "io_min", 512);

	s = plain();
	s.io_opt = 1000;
	refused(s, "io_opt", 1000);

	s = plain();
	s.discard_granularity = 1536;
	refused(s, "discard_granularity", 1536);

	s = plain();
	s.zoned = 1;
	refused(s, "zoned", 1);

	s = plain();
	s.memory_limit = 1001;
	refused(s, "memory_limit", 1001);
}

static void null_blks_old_queue_mode_is_the_new_one(void **state)
{
	struct weir_settings s = plain();
	struct weir_complaint why;

	s.queue_mode = 0;
	assert_true(weir_settings_resolve(&s, &machine, &why));
	assert_int_equal(s.queue_mode, 2);
}

static void sizes_are_told_as_asked(void **state)
{
	struct weir_settings s = plain();
	struct weir_complaint why;

	assert_true(weir_settings_resolve(&s, &machine, &why));
	assert_int_equal(s.physical_block_size, 512);
	s = plain();
	s.physical_block_size = 4096;
	s.io_min = 12288;
	s.io_opt = 1048576;
	s.discard_granularity = 65536;
	assert_true(weir_settings_resolve(&s, &machine, &why));
	assert_int_equal(s.physical_block_size, 4096);
	assert_int_equal(s.io_min, 12288);
}

/* One value to the left of each refusal is fine. */
static void limits_are_inclusive(void **state)
{
	struct weir_settings s = plain();
	struct weir_complaint why;

	s.bs = 4096;
	s.max_sectors = 8;
	s.atomic_kib = 4;
	s.home_node = 0;
	s.memory_limit = 1000;
	assert_true(weir_settings_resolve(&s, &machine, &why));
	assert_int_equal(s.memory_limit, 1000);
}

const struct CMUnitTest settings_tests[] = {
	cmocka_unit_test(choices),
	cmocka_unit_test(timer_waits_by_default),
	cmocka_unit_test(queues_are_cut_to_the_cpus),
	cmocka_unit_test(nodes_without_cpus_have_no_queue),
	cmocka_unit_test(size_is_gb_unless_given),
	cmocka_unit_test(a_cache_size_is_a_write_cache),
	cmocka_unit_test(tiny_machine_still_has_a_limit),
	cmocka_unit_test(refusals),
	cmocka_unit_test(null_blks_old_queue_mode_is_the_new_one),
	cmocka_unit_test(sizes_are_told_as_asked),
	cmocka_unit_test(limits_are_inclusive),
};

const size_t nr_settings_tests = sizeof(settings_tests) / sizeof(*settings_tests);
