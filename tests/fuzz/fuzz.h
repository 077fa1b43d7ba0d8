/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a fuzz target is made of. A target is one file: it makes a story of the bytes it
 * is given and states what must hold whatever they are. main.c or libFuzzer calls it.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold. If it does not, the input is a finding. */
#define HOLDS(condition)						\
	do {								\
		if (!(condition)) {					\
			fprintf(stderr, "%s:%d: does not hold: %s\n",	\
				__FILE__, __LINE__, #condition);	\
			abort();					\
		}							\
	} while (0)

/* An input, taken from its beginning; zeroes when there is nothing left. */
struct bytes {
	const uint8_t *at;
	size_t left;
};

static inline u64 take(struct bytes *b, u32 nr)
{
	u64 value = 0;

	for (; nr; nr--) {
		value = value << 8 | (b->left ? *b->at : 0);
		b->at += !!b->left;
		b->left -= !!b->left;
	}
	return value;
}

/* From 0 to @nr - 1; @nr: 1 to 65536 */
static inline u32 take_below(struct bytes *b, u32 nr)
{
	return take(b, nr > 256 ? 2 : 1) % nr;
}

/* From @low to @high, small and large magnitudes alike */
static inline u64 take_from(struct bytes *b, u64 low, u64 high)
{
	u32 nr = take_below(b, 10);
	u64 value = nr > 8 ? ~0ULL : take(b, nr), span = high - low;

	if (nr > 8)
		return high;
	return low + (span == ~0ULL ? value : value % (span + 1));
}

#endif
