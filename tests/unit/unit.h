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
extern const struct CMUnitTest cost_tests[];
extern const size_t nr_cost_tests;
extern const struct CMUnitTest window_tests[];
extern const size_t nr_window_tests;
extern const struct CMUnitTest writeback_tests[];
extern const size_t nr_writeback_tests;
extern const struct CMUnitTest latency_tests[];
extern const size_t nr_latency_tests;

#endif
