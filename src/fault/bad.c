// SPDX-License-Identifier: GPL-2.0
/* See bad.h. */
#include <linux/kernel.h>

#include "bad.h"

u32 weir_bad_find(const struct weir_bad *b, u64 sector)
{
	u32 low = 0, high = b->nr;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (b->range[middle].last < sector)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void append(struct weir_bad *to, u64 first, u64 last)
{
	to->range[to->nr].first = first;
	to->range[to->nr].last = last;
	to->nr++;
}

void weir_bad_add(const struct weir_bad *old, u64 first, u64 last, struct weir_bad *to)
{
	const u32 nr = old ? old->nr : 0;
	u32 i;

	to->nr = 0;
	for (i = 0; i < nr && old->range[i].last + 1 < first; i++)
		append(to, old->range[i].first, old->range[i].last);
	/* What overlaps it or touches it becomes part of it. */
	for (; i < nr && old->range[i].first <= last + 1; i++) {
		if (old->range[i].first < first)
			first = old->range[i].first;
		if (old->range[i].last > last)
			last = old->range[i].last;
	}
	append(to, first, last);
	for (; i < nr; i++)
		append(to, old->range[i].first, old->range[i].last);
}

void weir_bad_remove(const struct weir_bad *old, u64 first, u64 last,
		     struct weir_bad *to)
{
	u32 i;

	to->nr = 0;
	for (i = 0; old && i < old->nr; i++) {
		const struct weir_bad_range *r = &old->range[i];

		if (r->last < first || r->first > last) {
			append(to, r->first, r->last);
			continue;
		}
		if (r->first < first)
			append(to, r->first, first - 1);
		if (r->last > last)
			append(to, last + 1, r->last);
	}
}
