// SPDX-License-Identifier: GPL-2.0
/*
 * Bad sectors beside a list of booleans: the same sectors are bad, and the ranges are
 * sorted and neither overlap nor touch. At either end of all sectors.
 */
#include "bad.h"
#include "fuzz.h"

#define SECTORS 200
#define STEPS 64

/* Memory for a list of ranges */
#define WORDS (1 + 2 * (WEIR_BAD_MAX + 1))

static void compare(const struct weir_bad *b, const bool *bad, u64 base)
{
	u32 i;

	for (i = 0; i < b->nr; i++) {
		HOLDS(b->range[i].first <= b->range[i].last);
		HOLDS(!i || b->range[i - 1].last + 1 < b->range[i].first);
	}
	for (i = 0; i < SECTORS; i++) {
		u32 at = weir_bad_find(b, base + i);

		HOLDS(at <= b->nr);
		HOLDS(at == b->nr || b->range[at].last >= base + i);
		HOLDS(!at || b->range[at - 1].last < base + i);
		HOLDS(bad[i] == (at < b->nr && b->range[at].first <= base + i));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static u64 memory[2][WORDS];
	struct weir_bad *old = (void *)memory[0], *new = (void *)memory[1], *gone;
	struct bytes b = { data, size };
	const u64 base = take_below(&b, 2) ? ~0ULL - SECTORS : 0;
	bool bad[SECTORS] = { false };
	u32 step;

	old->nr = 0;
	for (step = 0; step < STEPS && b.left; step++) {
		const u32 add = take_below(&b, 3), first = take_below(&b, SECTORS);
		const u32 last = first + take_below(&b, SECTORS - first);
		u32 i;

		if (add)
			weir_bad_add(old, base + first, base + last, new);
		else
			weir_bad_remove(old, base + first, base + last, new);
		HOLDS(new->nr <= old->nr + 1);
		gone = old;
		old = new;
		new = gone;
		for (i = first; i <= last; i++)
			bad[i] = add;
		compare(old, bad, base);
	}
	return 0;
}
