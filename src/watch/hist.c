// SPDX-License-Identifier: GPL-2.0
/* What a histogram of times says. */
#include <linux/compiler.h>
#include <linux/math64.h>

#include "hist.h"

/* How far a bucket's times are shifted to make its number */
static unsigned int shift_of(unsigned int bucket)
{
	unsigned int octave = bucket >> WEIR_HIST_SUB;

	return octave ? octave - 1 : 0;
}

u64 weir_hist_low_ns(unsigned int bucket)
{
	unsigned int shift = shift_of(bucket);

	return (u64)(bucket - (shift << WEIR_HIST_SUB)) << shift;
}

u64 weir_hist_width_ns(unsigned int bucket)
{
	return 1ULL << shift_of(bucket);
}

void weir_hist_merge(struct weir_hist *to, const struct weir_hist *from)
{
	unsigned int i;

	to->sum_ns += READ_ONCE(from->sum_ns);
	for (i = 0; i < WEIR_HIST_BUCKETS; i++)
		to->bucket[i] += READ_ONCE(from->bucket[i]);
}

void weir_hist_subtract(struct weir_hist *h, const struct weir_hist *earlier)
{
	unsigned int i;

	h->sum_ns -= earlier->sum_ns;
	for (i = 0; i < WEIR_HIST_BUCKETS; i++)
		h->bucket[i] -= earlier->bucket[i];
}

u64 weir_hist_count(const struct weir_hist *h)
{
	u64 count = 0;
	unsigned int i;

	for (i = 0; i < WEIR_HIST_BUCKETS; i++)
		count += h->bucket[i];
	return count;
}

u64 weir_hist_mean_ns(const struct weir_hist *h)
{
	u64 count = weir_hist_count(h);

	return count ? div64_u64(h->sum_ns, count) : 0;
}

/* count * permyriad / 10000, rounded up, where the product may not fit in u64 */
static u64 rank_of(u64 count, u32 permyriad)
{
	u64 whole = div_u64(count, 10000);
	u32 rest = (u32)(count - whole * 10000);

	return whole * permyriad + div_u64((u64)rest * permyriad + 9999, 10000);
}

u64 weir_hist_percentile_ns(const struct weir_hist *h, u32 permyriad)
{
	u64 rank = rank_of(weir_hist_count(h), permyriad);
	u64 below = 0;
	unsigned int i;

	if (!rank)
		rank = 1;
	for (i = 0; i < WEIR_HIST_BUCKETS; i++) {
		below += h->bucket[i];
		if (below >= rank)
			return weir_hist_low_ns(i) + weir_hist_width_ns(i) / 2;
	}
	return 0;
}
