// SPDX-License-Identifier: GPL-2.0
/* All unit tests as one group, so that the output is one TAP stream. */
#include "sim.h"
#include "unit.h"

#define MAX_TESTS 256

int main(int argc, char **argv)
{
	struct CMUnitTest tests[MAX_TESTS];
	size_t n = 0;

	if (argc > 1 && !strcmp(argv[1], "--figures")) {
		sim_figures();
		return 0;
	}

	memcpy(tests + n, due_tests, nr_due_tests * sizeof(*tests));
	n += nr_due_tests;
	memcpy(tests + n, settings_tests, nr_settings_tests * sizeof(*tests));
	n += nr_settings_tests;
	memcpy(tests + n, cost_tests, nr_cost_tests * sizeof(*tests));
	n += nr_cost_tests;
	memcpy(tests + n, window_tests, nr_window_tests * sizeof(*tests));
	n += nr_window_tests;
	memcpy(tests + n, writeback_tests, nr_writeback_tests * sizeof(*tests));
	n += nr_writeback_tests;
	memcpy(tests + n, latency_tests, nr_latency_tests * sizeof(*tests));
	n += nr_latency_tests;
	return _cmocka_run_group_tests("unit", tests, n, NULL, NULL);
}
