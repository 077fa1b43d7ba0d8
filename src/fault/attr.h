/* SPDX-License-Identifier: GPL-2.0 */
/*
 * null_blk's way to ask for faults: probability, interval, space and times, as in
 * the kernel's fault injection (Documentation/fault-injection/fault-injection.rst).
 * The arithmetic is the kernel's; the random numbers have a seed, so that the same
 * requests are hit in each run.
 *
 * Pure: compiled into the module and into tests/unit. The owner provides the
 * locking.
 */
#ifndef WEIR_ATTR_H
#define WEIR_ATTR_H

#include <linux/types.h>

/**
 * struct weir_fault_attr - how often something fails
 * @probability: in percent; 0: never
 * @interval: only each so manieth try may fail
 * @times: so many failures at most; -1: no limit
 * @space: one less than so many tries come first, which do not fail
 * @verbose: kept, as the next two; nothing depends on them
 * @ratelimit_ms: in ms
 * @ratelimit_burst: messages
 * @count: tries that @interval has counted
 * @drawn: random numbers so far
 */
struct weir_fault_attr {
	s64 probability;
	s64 interval;
	s64 times;
	s64 space;
	s64 verbose;
	s64 ratelimit_ms;
	s64 ratelimit_burst;
	s64 count;
	u64 drawn;
};

/* The kernel's default: never, but once if probability is set. Any context. */
void weir_fault_attr_init(struct weir_fault_attr *a);

/**
 * weir_fault_attr_parse() - "INTERVAL,PROBABILITY,SPACE,TIMES", as null_blk's parameters
 * @text: ends with NUL; a newline before it is refused
 * @a: set on success
 *
 * Called by config/fault_attrs.c.
 *
 * Return: false if @text is something else, or a number is out of range.
 */
bool weir_fault_attr_parse(const char *text, struct weir_fault_attr *a);

/**
 * weir_fault_attr_fails() - one try
 *
 * Called by blk/inject.c under its lock.
 *
 * Return: true if it shall fail.
 */
bool weir_fault_attr_fails(struct weir_fault_attr *a);

#endif
