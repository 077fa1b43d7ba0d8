// SPDX-License-Identifier: GPL-2.0
/* All unit tests as one group, so that the output is one TAP stream. */
#include <stdlib.h>

#include "sim.h"
#include "unit.h"

#define MAX_TESTS 512

int main(int argc, char **argv)
{
	struct CMUnitTest tests[MAX_TESTS];
	size_t n = 0;

	if (argc > 1 && !strcmp(argv[1], "--figures")) {
		sim_figures();
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "--profiles")) {
		profile_figures();
		return 0;
	}
	if (argc > 3 && !strcmp(argv[1], "--model"))
		return model_log(argv[2], atoi(argv[3]));

	memcpy(tests + n, due_tests, nr_due_tests * sizeof(*tests));
	n += nr_due_tests;
	memcpy(tests + n, settings_tests, nr_settings_tests * sizeof(*tests));
	n += nr_settings_tests;
	memcpy(tests + n, bad_tests, nr_bad_tests * sizeof(*tests));
	n += nr_bad_tests;
	memcpy(tests + n, fate_tests, nr_fate_tests * sizeof(*tests));
	n += nr_fate_tests;
	memcpy(tests + n, store_tests, nr_store_tests * sizeof(*tests));
	n += nr_store_tests;
	memcpy(tests + n, volatile_tests, nr_volatile_tests * sizeof(*tests));
	n += nr_volatile_tests;
	memcpy(tests + n, rule_tests, nr_rule_tests * sizeof(*tests));
	n += nr_rule_tests;
	memcpy(tests + n, cost_tests, nr_cost_tests * sizeof(*tests));
	n += nr_cost_tests;
	memcpy(tests + n, rate_tests, nr_rate_tests * sizeof(*tests));
	n += nr_rate_tests;
	memcpy(tests + n, window_tests, nr_window_tests * sizeof(*tests));
	n += nr_window_tests;
	memcpy(tests + n, writeback_tests, nr_writeback_tests * sizeof(*tests));
	n += nr_writeback_tests;
	memcpy(tests + n, latency_tests, nr_latency_tests * sizeof(*tests));
	n += nr_latency_tests;
	memcpy(tests + n, share_tests, nr_share_tests * sizeof(*tests));
	n += nr_share_tests;
	memcpy(tests + n, order_tests, nr_order_tests * sizeof(*tests));
	n += nr_order_tests;
	memcpy(tests + n, media_tests, nr_media_tests * sizeof(*tests));
	n += nr_media_tests;
	memcpy(tests + n, flash_tests, nr_flash_tests * sizeof(*tests));
	n += nr_flash_tests;
	memcpy(tests + n, hdd_tests, nr_hdd_tests * sizeof(*tests));
	n += nr_hdd_tests;
	memcpy(tests + n, ftl_tests, nr_ftl_tests * sizeof(*tests));
	n += nr_ftl_tests;
	memcpy(tests + n, map_tests, nr_map_tests * sizeof(*tests));
	n += nr_map_tests;
	memcpy(tests + n, dist_tests, nr_dist_tests * sizeof(*tests));
	n += nr_dist_tests;
	memcpy(tests + n, arm_tests, nr_arm_tests * sizeof(*tests));
	n += nr_arm_tests;
	memcpy(tests + n, network_tests, nr_network_tests * sizeof(*tests));
	n += nr_network_tests;
	memcpy(tests + n, profile_tests, nr_profile_tests * sizeof(*tests));
	n += nr_profile_tests;
	memcpy(tests + n, hist_tests, nr_hist_tests * sizeof(*tests));
	n += nr_hist_tests;
	return _cmocka_run_group_tests("unit", tests, n, NULL, NULL);
}
