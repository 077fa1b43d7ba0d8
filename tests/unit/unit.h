/* SPDX-License-Identifier: GPL-2.0 */
/* Each test_*.c offers one table of tests; main.c runs them all. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

extern const struct CMUnitTest due_tests[];
extern const size_t nr_due_tests;
extern const struct CMUnitTest settings_tests[];
extern const size_t nr_settings_tests;
extern const struct CMUnitTest bad_tests[];
extern const size_t nr_bad_tests;
extern const struct CMUnitTest store_tests[];
extern const size_t nr_store_tests;
extern const struct CMUnitTest volatile_tests[];
extern const size_t nr_volatile_tests;
extern const struct CMUnitTest fate_tests[];
extern const size_t nr_fate_tests;
extern const struct CMUnitTest rule_tests[];
extern const size_t nr_rule_tests;
extern const struct CMUnitTest cost_tests[];
extern const size_t nr_cost_tests;
extern const struct CMUnitTest rate_tests[];
extern const size_t nr_rate_tests;
extern const struct CMUnitTest window_tests[];
extern const size_t nr_window_tests;
extern const struct CMUnitTest writeback_tests[];
extern const size_t nr_writeback_tests;
extern const struct CMUnitTest latency_tests[];
extern const size_t nr_latency_tests;
extern const struct CMUnitTest share_tests[];
extern const size_t nr_share_tests;
extern const struct CMUnitTest order_tests[];
extern const size_t nr_order_tests;
extern const struct CMUnitTest media_tests[];
extern const size_t nr_media_tests;
extern const struct CMUnitTest flash_tests[];
extern const size_t nr_flash_tests;
extern const struct CMUnitTest hdd_tests[];
extern const size_t nr_hdd_tests;
extern const struct CMUnitTest ftl_tests[];
extern const size_t nr_ftl_tests;
extern const struct CMUnitTest map_tests[];
extern const size_t nr_map_tests;
extern const struct CMUnitTest dist_tests[];
extern const size_t nr_dist_tests;
extern const struct CMUnitTest arm_tests[];
extern const size_t nr_arm_tests;
extern const struct CMUnitTest network_tests[];
extern const size_t nr_network_tests;
extern const struct CMUnitTest profile_tests[];
extern const size_t nr_profile_tests;
extern const struct CMUnitTest hist_tests[];
extern const size_t nr_hist_tests;

/* The table of docs/profiles.md. */
void profile_figures(void);

/* The media model through a plan: model_log.c. Return: an exit status. */
int model_log(const char *path, unsigned int repeat);

#endif
