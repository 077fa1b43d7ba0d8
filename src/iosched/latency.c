// SPDX-License-Identifier: GPL-2.0
/* What a latency histogram says. */
#include "latency.h"

u64 weir_latency_count(const struct weir_latency *h)
{
	u64 count = 0;
	unsigned int i;

	for (i = 0; i < WEIR_LATENCY_BUCKETS; i++)
		count += h->bucket[i];
	return count;
}

u64 weir_latency_of_rank(const struct weir_latency *h, u64 rank)
{
	u64 count = 0;
	unsigned int i;

	for (i = 0; i < WEIR_LATENCY_BUCKETS; i++) {
		count += h->bucket[i];
		if (count >= rank)
			return weir_latency_bound(i);
	}
	return 0;
}
