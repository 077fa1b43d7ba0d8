/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What carries one transfer at a time, a flash channel or the host's bus, and how
 * long a transfer takes there.
 *
 * Pure: compiled into the module and into tests/unit. The owner provides the
 * locking.
 */
#ifndef WEIR_LINE_H
#define WEIR_LINE_H

#include <linux/types.h>

struct weir_media;
struct weir_media_cmd;

/**
 * struct weir_rate - time per sector
 * @per_sector: in 2^-16 ns, without the speed; 0: no limit
 */
struct weir_rate {
	u64 per_sector;
};

#define WEIR_LINE_MAX 12

/**
 * struct weir_line - what carries one transfer at a time: a channel, or the bus
 * @nr: of @busy
 * @busy: when it is taken, in order of time
 *
 * Who comes later but is ready earlier finds the gaps between. Of more than
 * WEIR_LINE_MAX pieces, those that are closest become one.
 */
struct weir_line {
	u32 nr;
	struct {
		u64 start;
		u64 end;
	} busy[WEIR_LINE_MAX + 1];
};

/* @mbps: in 10^6 bytes a second; 0: no limit */
struct weir_rate weir_rate(s64 mbps);

/* Return: what @sectors take, in ns, with the speed of @m. */
u64 weir_rate_ns(const struct weir_media *m, struct weir_rate rate, u64 sectors);

/**
 * weir_line_take() - reserve a channel or the bus
 * @ready_ns: not before
 * @ns: for so long; 0 reserves nothing
 * @now_ns: what ended by then is forgotten
 *
 * Return: when it begins, @ready_ns or later.
 */
u64 weir_line_take(struct weir_line *l, u64 ready_ns, u64 ns, u64 now_ns);

/**
 * weir_media_bus() - bytes of a command move over the host's bus
 * @c: the wait is added to its part_ns
 * @ready_ns: not before
 *
 * Return: when they have.
 */
u64 weir_media_bus(struct weir_media *m, struct weir_media_cmd *c, u64 ready_ns);

#endif
