/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A seeded generator: the same seed gives the same numbers, on any machine.
 *
 * SplitMix64: a counter that goes up by the golden ratio, put through a mixing
 * function (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
 * Generators", OOPSLA 2014; its constants from Vigna's public-domain version).
 *
 * Pure: compiled into the module and into tests/unit. The owner provides the
 * locking.
 */
#ifndef WEIR_RANDOM_H
#define WEIR_RANDOM_H

#include <linux/types.h>

struct weir_random {
	u64 state;
};

/** weir_random_seed() - begin anew */
static inline void weir_random_seed(struct weir_random *r, u64 seed)
{
	r->state = seed;
}

/** weir_random_next() - 64 random bits */
static inline u64 weir_random_next(struct weir_random *r)
{
	u64 z;

	r->state += 0x9e3779b97f4a7c15ULL;
	z = r->state;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

#endif
