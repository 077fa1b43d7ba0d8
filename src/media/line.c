// SPDX-License-Identifier: GPL-2.0
/*
 * Channels and the bus. Reservations are kept as pieces of time, in order; who is
 * ready early finds a gap among them.
 *
 * With single_queue the bus carries one direction at a time, as SATA's does, else
 * both, as PCI Express does.
 */
#include <linux/kernel.h>
#include <linux/math64.h>

#include "medium.h"

#define RATE_SHIFT 16

struct weir_rate weir_rate(s64 mbps)
{
	struct weir_rate rate = { 0 };

	if (mbps)
		rate.per_sector = div_u64((512ULL * 1000) << RATE_SHIFT, mbps);
	return rate;
}

u64 weir_rate_ns(const struct weir_media *m, struct weir_rate rate, u64 sectors)
{
	return weir_scaled(m, min(sectors, WEIR_MAX_SECTORS) * rate.per_sector >> RATE_SHIFT);
}

static void line_remove(struct weir_line *l, u32 at, u32 nr)
{
	l->nr -= nr;
	for (; at < l->nr; at++)
		l->busy[at] = l->busy[at + nr];
}

/* The two with the smallest gap between them become one. */
static void line_join_closest(struct weir_line *l)
{
	u64 least = WEIR_NEVER;
	u32 i, best = 1;

	for (i = 1; i < l->nr; i++) {
		u64 gap = l->busy[i].start - l->busy[i - 1].end;

		if (gap < least) {
			least = gap;
			best = i;
		}
	}
	l->busy[best - 1].end = l->busy[best].end;
	line_remove(l, best, 1);
}

u64 weir_line_take(struct weir_line *l, u64 ready_ns, u64 ns, u64 now_ns)
{
	u64 start = ready_ns;
	u32 i, past = 0;

	if (!ns)
		return ready_ns;
	while (past < l->nr && l->busy[past].end <= now_ns)
		past++;
	if (past)
		line_remove(l, 0, past);

	for (i = 0; i < l->nr && start + ns > l->busy[i].start; i++)
		start = max(start, l->busy[i].end);
	if (i && l->busy[i - 1].end == start) {
		l->busy[i - 1].end += ns;
	} else {
		u32 k;

		for (k = l->nr++; k > i; k--)
			l->busy[k] = l->busy[k - 1];
		l->busy[i].start = start;
		l->busy[i].end = start + ns;
		if (l->nr > WEIR_LINE_MAX)
			line_join_closest(l);
	}
	return start;
}

u64 weir_media_bus(struct weir_media *m, struct weir_media_cmd *c, u64 ready_ns)
{
	struct weir_line *bus = &m->bus[c->op == WEIR_MEDIA_WRITE && !m->model.single_queue];
	u64 ns = weir_rate_ns(m, m->bus_rate, c->sectors);
	u64 start = weir_line_take(bus, ready_ns, ns, m->now_ns);

	c->part_ns[WEIR_PART_CHANNEL] += start - ready_ns;
	return start + ns;
}
