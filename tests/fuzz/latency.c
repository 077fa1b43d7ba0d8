// SPDX-License-Identifier: GPL-2.0
/*
 * A histogram encloses what it was given: the bound of a rank is not below the latency of
 * that rank, and at most an eighth above it.
 */
#include <linux/bits.h>

#include "fuzz.h"
#include "latency.h"

#define LATENCIES 128
#define LAST_NS BIT_ULL(37)	/* the last bucket holds all that is longer */

static int compare(const void *a, const void *b)
{
	const u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct weir_latency h;
	struct bytes b = { data, size };
	u64 ns[LATENCIES];
	u32 nr, i;

	memset(&h, 0, sizeof(h));
	for (nr = 0; b.left && nr < LATENCIES; nr++) {
		ns[nr] = take_from(&b, 0, ~0ULL);
		h.bucket[weir_latency_bucket(ns[nr])]++;
	}
	qsort(ns, nr, sizeof(*ns), compare);
	HOLDS(weir_latency_count(&h) == nr);
	for (i = 0; i < nr; i++) {
		const u64 bound = weir_latency_of_rank(&h, i + 1);

		HOLDS(bound);
		HOLDS(ns[i] >= LAST_NS || bound > ns[i]);
		HOLDS(ns[i] >= LAST_NS || bound <= ns[i] + ns[i] / 8 + (1 << WEIR_LATENCY_UNIT));
	}
	HOLDS(!weir_latency_of_rank(&h, nr + 1));
	return 0;
}
